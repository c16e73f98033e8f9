"""From labels to what is held to be true of a payment, and when that changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sikka.domain.fraud.label import TRUTHFUL, FraudLabel
from sikka.domain.payment import Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is held to be true of a payment from a moment on.

    Args:
        key: unlike that of any other verdict; the payment's id for its first one.
        at: since when the gateway holds it.
        fraud: whether the payment was fraud.
        label_id: the label that brought it; None when nobody disputed the payment in time.
    """

    key: str
    at: datetime
    fraud: bool
    label_id: str | None


def matures_at(status: Status, created_at: datetime, delay: timedelta) -> datetime | None:
    """When a payment that nobody disputed counts as genuine; None for never.

    Only what was paid can be disputed. Nobody ever complains about a payment that was refused or
    given up, so silence says nothing about it.
    """
    return created_at + delay if status is Status.SUCCESS else None


def verdicts_of(
    payment_id: str, matures: datetime | None, labels: Iterable[FraudLabel]
) -> Sequence[Verdict]:
    """Every change of what is held to be true of a payment, in the order of time.

    A label that says what is held already changes nothing, so that a merchant's report and the
    chargeback after it are one fraud. Labels by reviewers are opinions and are left out.

    Args:
        payment_id: of the payment.
        matures: what `matures_at` says; the verdict of that moment is told also when it has not
            come yet.
        labels: of the payment, in any order.
    """
    told: list[Verdict] = []
    best: FraudLabel | None = None
    for label in sorted((each for each in labels if each.source in TRUTHFUL), key=_arrival):
        if not told and matures is not None and label.created_at > matures:
            told.append(Verdict(payment_id, matures, False, None))
        best = label if best is None else max(best, label, key=_authority)
        if not told or best.fraud is not told[-1].fraud:
            key = f"{payment_id}/{label.id}" if told else payment_id
            told.append(Verdict(key, label.created_at, best.fraud, label.id))
    if not told and matures is not None:
        told.append(Verdict(payment_id, matures, False, None))
    return told


def truth_of(verdicts: Sequence[Verdict], now: datetime) -> bool | None:
    """Whether the payment counts as fraud at a moment; None while nothing is known of it."""
    known = [verdict.fraud for verdict in verdicts if verdict.at <= now]
    return known[-1] if known else None


def _arrival(label: FraudLabel) -> tuple[datetime, str]:
    return (label.created_at, label.id)


def _authority(label: FraudLabel) -> tuple[datetime, datetime, str]:
    return (label.known_at, label.created_at, label.id)
