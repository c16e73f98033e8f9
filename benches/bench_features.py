"""What remembering a payment costs in the process, from raw fields to the vector.

Run as `python -m benches features`. One payment updates and reads four entities: a user, a
merchant, an instrument and a device. Beside it, what a model adds, with reasons and without.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xgboost

import sikka_core
from benches.measure import alternate, as_report, print_table, print_targets

SECONDS_PER_CASE = 2.0
ROUNDS = 200
USERS = 5_000
MERCHANTS = 50
# Payments are made beforehand and used in turn; a new number in the id makes each a new one.
PREPARED = 20_000
START_S = 1_800_000_000


def numbers() -> Iterator[tuple[int, int, int]]:
    """The number of a payment, of its user and of its merchant; users come in no order."""
    for number in itertools.count():
        yield number, number * 7_919 % USERS, number % MERCHANTS


def native(act: Callable[..., object]) -> Callable[[], object]:
    """One more payment through a method that takes raw fields."""
    texts = [(f"user_{n}", f"user{n}@simbank", f"device-{n}") for n in range(USERS)]
    merchants = [f"mer_{n}" for n in range(MERCHANTS)]
    stream = numbers()

    def next_payment() -> object:
        number, user_number, merchant = next(stream)
        user, instrument, device = texts[user_number]
        return act(
            f"pay_{number}",
            (START_S + number) * 1_000,
            10_000 + number % 1_000,
            user=user,
            instrument=instrument,
            device=device,
            merchant=merchants[merchant],
        )

    return next_payment


def trained_model() -> sikka_core.Model:
    """A model of 100 trees on the schema's vectors. What it learnt is of no matter here."""
    store = sikka_core.FeatureStore()
    payment = native(store.observe)
    vectors = np.array([payment() for _ in range(PREPARED)])
    draw = np.random.default_rng(4)
    labels = vectors[:, 0] + draw.normal(size=len(vectors)) * 300 > 10_900
    parameters = {"objective": "binary:logistic", "max_depth": 6, "min_child_weight": 0}
    booster = xgboost.train(parameters, xgboost.DMatrix(vectors, labels), 100)
    saved = bytes(booster.save_raw("ubj"))
    return sikka_core.Model.from_xgboost(saved, schema_version=sikka_core.SCHEMA_VERSION)


def run(report: dict[str, Any]) -> None:
    """Time every case, print the table and put the figures into `report["features"]`."""
    store, judged = sikka_core.FeatureStore(), sikka_core.FeatureStore()
    model = trained_model()
    cases: dict[str, Callable[[], object]] = {
        "sikka_core, observe": native(store.observe),
        "sikka_core, assess without reasons": native(
            lambda *fields, **names: judged.assess(model, *fields, **names, top=0)
        ),
        "sikka_core, assess with three reasons": native(
            lambda *fields, **names: judged.assess(model, *fields, **names, top=3)
        ),
    }
    for case in cases.values():
        for _ in range(2 * USERS):
            case()
    timings = alternate(cases, SECONDS_PER_CASE, ROUNDS)
    title = "a payment of four entities, remembered and read"
    print_table(title, timings, "sikka_core, observe")
    # The bar of two microseconds is for the store itself: `bench_crate` measures it without Python.
    ratios = {"observe_us": timings["sikka_core, observe"].median_s * 1e6}
    print_targets(ratios)
    report["features"] = {title: as_report(timings), "ratios": ratios}


if __name__ == "__main__":
    run({})
