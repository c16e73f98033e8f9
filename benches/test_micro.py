"""The calls of the core that others make millions of times, each by itself.

`make bench` runs them and keeps the figures; `pytest benches/test_micro.py --benchmark-compare`
shows what a change did to them. Peers are not here: their turns must alternate with ours, which
`benches.measure` does and a test by itself cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xgboost

import sikka_core
from benches.bench_core import COLLECT, NOW_S, Keys
from benches.tree_peers import DEPTH, bench_rows, training_data

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.fixture(scope="module")
def model() -> sikka_core.Model:
    rows, labels = training_data()
    parameters = {"objective": "binary:logistic", "max_depth": DEPTH, "min_child_weight": 0}
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, labels), 100)
    return sikka_core.Model.from_xgboost(bytes(booster.save_raw("ubj")))


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.mark.parametrize("form", ["float32", "float64", "list"])
def test_score_one_row(benchmark: BenchmarkFixture, model: sikka_core.Model, form: str) -> None:
    row: Any = bench_rows(1)[0]
    row = row.tolist() if form == "list" else row.astype(form)
    assert 0 < benchmark(model.score, row) < 1


@pytest.mark.parametrize("count", [1, 16, 256, 4096])
def test_score_many_rows(benchmark: BenchmarkFixture, model: sikka_core.Model, count: int) -> None:
    rows, out = bench_rows(count), np.empty(count, np.float32)
    assert benchmark(model.score_many, rows, out) is out


def test_contributions_of_one_row(benchmark: BenchmarkFixture, model: sikka_core.Model) -> None:
    row = bench_rows(1)[0]
    assert len(benchmark(model.contributions, row)) == len(row) + 1


def test_load_own_form(benchmark: BenchmarkFixture, model: sikka_core.Model) -> None:
    data = model.to_bytes()
    assert benchmark(sikka_core.Model.from_bytes, data).tree_count == 100


def test_sign_message(benchmark: BenchmarkFixture, keys: Keys) -> None:
    assert benchmark(sikka_core.sign_message, keys.signing, "ReqPay", COLLECT)


def test_verify_message(benchmark: BenchmarkFixture, keys: Keys) -> None:
    message = sikka_core.sign_message(keys.signing, "ReqPay", COLLECT)
    assert benchmark(sikka_core.verify_message, message, keys.ring, NOW_S).root == "ReqPay"


def test_verify_a_webhook(benchmark: BenchmarkFixture) -> None:
    secret, body = b"k" * 32, b"b" * 256
    signature = sikka_core.hmac_sha256_hex(secret, body)
    assert benchmark(sikka_core.hmac_sha256_hex_verify, [secret], signature, body) is None
