from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.fraud.verdict import Verdict, matures_at, truth_of, verdicts_of
from sikka.domain.payment import Status

PAID = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
DELAY = timedelta(days=30)
MATURE = PAID + DELAY
NEVER = PAID + timedelta(days=3650)


def day(number: float) -> datetime:
    return PAID + timedelta(days=number)


def label(id: str, created: float, *, fraud: bool, known: float | None = None) -> FraudLabel:
    known_at = day(created if known is None else known)
    return FraudLabel(
        id, 7, "pay_1", "mer_1", fraud, LabelSource.API, None, known_at, "key", day(created), True
    )


def test_silence_makes_a_paid_payment_genuine_after_the_delay() -> None:
    verdicts = verdicts_of("pay_1", MATURE, [])
    assert verdicts == [Verdict("pay_1", MATURE, False, None)]
    assert truth_of(verdicts, day(29.9)) is None
    assert truth_of(verdicts, MATURE) is False


@pytest.mark.parametrize("status", [Status.FAILED, Status.EXPIRED, Status.PENDING])
def test_silence_says_nothing_of_a_payment_that_was_not_paid(status: Status) -> None:
    assert matures_at(status, PAID, DELAY) is None
    assert matures_at(Status.SUCCESS, PAID, DELAY) == MATURE
    assert verdicts_of("pay_1", None, []) == []
    assert truth_of([], NEVER) is None


def test_a_label_counts_from_when_it_arrived_and_not_from_when_it_was_known() -> None:
    verdicts = verdicts_of("pay_1", MATURE, [label("a", 5, fraud=True, known=2)])
    assert verdicts == [Verdict("pay_1", day(5), True, "a")]


def test_a_report_and_the_chargeback_after_it_are_one_fraud() -> None:
    labels = [label("a", 5, fraud=True), label("b", 12, fraud=True)]
    assert verdicts_of("pay_1", MATURE, labels) == [Verdict("pay_1", day(5), True, "a")]


def test_a_fraud_that_becomes_known_after_the_delay_is_a_second_verdict() -> None:
    verdicts = verdicts_of("pay_1", MATURE, [label("a", 45, fraud=True)])
    assert verdicts == [
        Verdict("pay_1", MATURE, False, None),
        Verdict("pay_1/a", day(45), True, "a"),
    ]


def test_what_became_known_last_outweighs_what_arrived_last() -> None:
    labels = [label("a", 5, fraud=True, known=4), label("b", 6, fraud=False, known=3)]
    assert [each.fraud for each in verdicts_of("pay_1", MATURE, labels)] == [True]
    won = replace(labels[1], known_at=day(5))
    assert [each.key for each in verdicts_of("pay_1", None, [labels[0], won])] == [
        "pay_1",
        "pay_1/b",
    ]


def test_the_word_of_a_reviewer_is_an_opinion() -> None:
    opinion = replace(label("a", 1, fraud=True), source=LabelSource.REVIEW)
    assert verdicts_of("pay_1", None, [opinion]) == []


@st.composite
def labels_of(draw: st.DrawFn) -> list[FraudLabel]:
    days = draw(st.lists(st.integers(1, 60), max_size=6))
    return [
        label(str(n), at, fraud=draw(st.booleans()), known=at - draw(st.integers(0, 5)) / 6)
        for n, at in enumerate(days)
    ]


@given(labels_of(), st.sampled_from([None, MATURE]), st.randoms())
def test_verdicts_alternate_in_time_under_keys_of_their_own_in_any_order_of_labels(
    labels: list[FraudLabel], matures: datetime | None, chance: object
) -> None:
    verdicts = verdicts_of("pay_1", matures, labels)
    shuffled = labels[:]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdicts_of("pay_1", matures, shuffled) == verdicts
    assert len({each.key for each in verdicts}) == len(verdicts)
    assert [each.at for each in verdicts] == sorted(each.at for each in verdicts)
    assert all(one.fraud is not other.fraud for one, other in pairwise(verdicts))
    if labels:
        best = max(labels, key=lambda each: (each.known_at, each.created_at, each.id))
        assert truth_of(verdicts, NEVER) is best.fraud


@given(labels_of(), st.sampled_from([None, MATURE]))
def test_what_arrives_later_never_changes_what_was_held_before(
    labels: list[FraudLabel], matures: datetime | None
) -> None:
    verdicts = verdicts_of("pay_1", matures, labels)
    for now in (day(0.5), day(10), day(29), day(31), day(61)):
        arrived = [each for each in labels if each.created_at <= now]
        past = [each for each in verdicts_of("pay_1", matures, arrived) if each.at <= now]
        assert past == [each for each in verdicts if each.at <= now]
