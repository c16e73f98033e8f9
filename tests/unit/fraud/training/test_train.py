from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sikka.domain.errors import InvalidRequest, UnprocessableRequest
from sikka.fraud.models.document import ModelDocument
from sikka.fraud.training import train as module
from sikka.fraud.training.evaluate import evaluate
from sikka.fraud.training.metrics import KIND_RECALL
from sikka.fraud.training.settings import FitSettings
from sikka.fraud.training.stream import PaymentStream, data_hash
from sikka.fraud.training.train import Plan, Trained, train
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model
from tests.unit.fraud.training.payments import DAY_MS, DELAY_MS, START_MS, columns, stream

PLAN = Plan(
    "made-1",
    label_delay_ms=DELAY_MS,
    settings=FitSettings(rounds_max=25, early_stopping_rounds=10),
    look_ahead_sample=20,
)


def unheard(text: str) -> None:
    assert text


@pytest.fixture(scope="module")
def payments() -> PaymentStream:
    return stream(columns(payments=4_000))


@pytest.fixture(scope="module")
def trained(payments: PaymentStream) -> Trained:
    return train(payments, PLAN, unheard)


def test_the_same_payments_and_plan_make_the_same_model_and_document_to_the_byte(
    payments: PaymentStream, trained: Trained
) -> None:
    again = train(stream(columns(payments=4_000)), PLAN, unheard)
    assert again.model.to_bytes() == trained.model.to_bytes()
    assert again.document.to_json() == trained.document.to_json()


def test_a_document_tells_what_the_model_is_and_where_it_comes_from(
    payments: PaymentStream, trained: Trained
) -> None:
    document = trained.document
    document.check(trained.model)
    assert document.version == "made-1"
    assert document.schema_version == SCHEMA_VERSION
    assert document.features == FEATURE_NAMES
    data = document.data
    assert data.hash == data_hash(payments)
    assert (data.currency, data.payments) == ("INR", 4_000)
    assert data.validation.from_ms == data.train.until_ms + DELAY_MS
    assert data.test.from_ms == data.validation.until_ms + DELAY_MS
    assert document.settings["trees"] == trained.model.tree_count
    assert document.settings["rounds_max"] == 25
    assert set(document.reference.features) == set(FEATURE_NAMES)
    assert document.metrics["payments"] == data.test.payments == len(trained.test.scored)
    assert any("INR only" in limit for limit in document.limits)
    assert ModelDocument.from_json(document.to_json()) == document


def test_a_model_has_learnt_the_frauds_that_show(trained: Trained) -> None:
    metrics = trained.document.metrics
    assert metrics["average_precision"] > 10 * metrics["base_rate"]
    assert metrics[f"{KIND_RECALL}stolen_card"] > 0.5


def test_only_what_was_known_when_training_counted(payments: PaymentStream) -> None:
    # Frauds that are disputed after the moment of training were genuine for whoever trained then.
    train_until_ms = START_MS + 12 * DAY_MS
    late = np.full(len(payments), -1)
    of_train = (payments.time_ms < train_until_ms) & (payments.fraud == 1)
    late[of_train & (np.arange(len(payments)) % 2 == 0)] = train_until_ms + DELAY_MS
    plan = replace(PLAN, train_until_ms=train_until_ms)
    told = train(replace(payments, known_ms=late), plan, unheard).document.data.train
    whole = train(payments, plan, unheard).document.data.train
    assert told.payments == whole.payments
    assert whole.frauds == of_train.sum()
    assert told.frauds == (of_train & (late < 0)).sum() < whole.frauds


def test_a_leak_stops_the_training(
    payments: PaymentStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = module.replay

    def leaking(stream: PaymentStream, *, label_delay_ms: int, utc_offset_s: int) -> np.ndarray:
        vectors = honest(stream, label_delay_ms=label_delay_ms, utc_offset_s=utc_offset_s)
        vectors[:, 0] += stream.fraud
        return vectors

    monkeypatch.setattr(module, "replay", leaking)
    with pytest.raises(UnprocessableRequest, match="^row .*: amount is .* no model was made$"):
        train(payments, PLAN, unheard)


def test_a_stretch_without_frauds_is_told_apart(payments: PaymentStream) -> None:
    for begin, end, period in ((0, 16, "training"), (17, 24, "validation")):
        fraud = payments.fraud.copy()
        inside = (payments.time_ms >= START_MS + begin * DAY_MS) & (
            payments.time_ms < START_MS + end * DAY_MS
        )
        fraud[inside & (fraud == 1)] = 0
        with pytest.raises(InvalidRequest, match=f"^the {period} period has .* 0 frauds; it needs"):
            train(replace(payments, fraud=fraud), PLAN, unheard)


def test_few_frauds_to_calibrate_on_are_a_limit(trained: Trained) -> None:
    assert trained.document.calibration.method == "platt"
    assert any("frauds were there to calibrate on" in limit for limit in trained.document.limits)


def test_of_its_own_data_a_model_is_judged_on_what_it_was_tested_on(
    payments: PaymentStream, trained: Trained
) -> None:
    evaluation = evaluate(trained.model, trained.document, payments, unheard)
    assert evaluation.trained_on
    assert evaluation.period == trained.document.data.test
    assert evaluation.metrics == trained.document.metrics
    assert np.array_equal(evaluation.vectors, trained.test.vectors, equal_nan=True)


def test_other_payments_are_judged_whole_or_from_a_day_on(trained: Trained) -> None:
    other = stream(columns(seed=9, payments=2_000))
    whole = evaluate(trained.model, trained.document, other, unheard)
    assert not whole.trained_on
    assert whole.period.payments == (other.fraud >= 0).sum()
    assert whole.hash == data_hash(other)
    begin_ms = START_MS + 15 * DAY_MS
    later = evaluate(trained.model, trained.document, other, unheard, from_ms=begin_ms)
    assert later.period.from_ms == begin_ms
    assert later.period.payments == ((other.time_ms >= begin_ms) & (other.fraud >= 0)).sum()
    # What came before is remembered all the same.
    rows = len(later.vectors)
    assert np.array_equal(later.vectors, whole.vectors[-rows:], equal_nan=True)
    with pytest.raises(InvalidRequest, match="^no payment is left to judge: begin earlier$"):
        evaluate(trained.model, trained.document, other, unheard, from_ms=START_MS + 90 * DAY_MS)


def test_payments_of_another_currency_are_not_judged(trained: Trained) -> None:
    made = columns(payments=50)
    made["currency"] = ["USD"] * 50
    with pytest.raises(InvalidRequest, match="knows amounts in INR and the data has USD$"):
        evaluate(trained.model, trained.document, stream(made), unheard)


def test_a_model_of_another_schema_is_not_used(trained: Trained, payments: PaymentStream) -> None:
    fields = {name: getattr(trained.document, name) for name in trained.document.__struct_fields__}
    old = ModelDocument(**{**fields, "schema_version": SCHEMA_VERSION - 1})
    model: Model = trained.model
    with pytest.raises(
        InvalidRequest, match=rf"schema {SCHEMA_VERSION - 1} and .* train it again$"
    ):
        evaluate(model, old, payments, unheard)
