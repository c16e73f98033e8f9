from __future__ import annotations

from datetime import timedelta

from sikka.domain.payment import Status
from tests.unit.fraud.monitoring.made import DELAY, NOW, label_of, monitored


def test_every_model_that_was_asked_has_its_score() -> None:
    payment = monitored(
        challenger_version="m-2",
        challenger_score_millionths=200_000,
        shadow=[
            {"rule": "night", "decision": "REVIEW"},
            {"model": "m-3", "score_millionths": 300_000},
        ],
    )
    assert payment.versions() == {"m-1", "m-2", "m-3"}
    scores = {version: payment.score(version) for version in ("m-1", "m-2", "m-3", "m-4")}
    assert scores == {"m-1": 0.1, "m-2": 0.2, "m-3": 0.3, "m-4": None}
    rules = monitored(model_version="rules-2", model_score_millionths=None)
    assert rules.score("rules-2") == 0.1


def test_the_truth_is_what_labels_say_or_silence_after_the_delay() -> None:
    payment = monitored(created_at=NOW - timedelta(days=10))
    assert payment.truth(NOW, DELAY) is None
    assert payment.truth(NOW, timedelta(days=10)) is False
    failed = monitored(created_at=NOW - timedelta(days=90), status=Status.FAILED)
    assert failed.truth(NOW, DELAY) is None
    label = label_of(failed.payment_id, NOW, fraud=True)
    assert monitored(status=Status.FAILED, labels=[label]).truth(NOW, DELAY) is True
