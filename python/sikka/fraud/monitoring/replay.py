"""Computes the features of stored payments again, each at its own moment, by the same core."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.verdict import Verdict
from sikka.fraud.monitoring.reach import REACHES, Owner
from sikka_core import FEATURE_NAMES, FeatureStore

INDIA_OFFSET_S = 19_800
# Nothing is forgotten for want of room: each payment brings at most one entity of a kind, and
# shards fill unevenly.
ROOM = 4_096


@dataclass(frozen=True, slots=True)
class Past:
    """As much of the past as was read.

    Args:
        payments: in any order, each once.
        begins_at: since when all payments are among them; None for ever.
        whole_users: the customers (`AssessedPayment.user`) all of whose payments are among them.
    """

    payments: Sequence[AssessedPayment]
    begins_at: datetime | None
    whole_users: frozenset[str]

    def tells(self, payment: AssessedPayment, feature: str) -> bool:
        """Whether it is enough to compute a feature of one of its payments.

        A feature of nobody who takes part in the payment is missing, and tells nothing.
        """
        reach = REACHES[feature]
        there = [owner for owner in reach.owners if _OWNERS[owner](payment) is not None]
        return bool(there) and all(self._reaches(payment, owner, reach.seconds) for owner in there)

    def _reaches(self, payment: AssessedPayment, owner: Owner, seconds: float) -> bool:
        if self.begins_at is None or (owner is Owner.USER and payment.user in self.whole_users):
            return True
        return (payment.created_at - self.begins_at).total_seconds() >= seconds


_OWNERS: Mapping[Owner, Callable[[AssessedPayment], str | None]] = {
    Owner.PAYMENT: lambda payment: payment.payment_id,
    Owner.USER: lambda payment: payment.user,
    Owner.INSTRUMENT: lambda payment: payment.instrument,
    Owner.DEVICE: lambda payment: payment.device_fingerprint,
    Owner.IP: lambda payment: payment.ip_address,
    Owner.MERCHANT: lambda payment: payment.merchant_id,
}


def replayed_vectors(
    past: Past, wanted: Collection[str], delay: timedelta, utc_offset_s: int = INDIA_OFFSET_S
) -> dict[str, Mapping[str, float]]:
    """Play payments and verdicts in the order of time, and return the vectors of some payments.

    A verdict is seen by the payments after its moment. Each currency of each mode has a memory of
    its own, as in the feature stores.

    Args:
        past: the payments and their labels.
        wanted: the ids of the payments whose vectors are returned.
        delay: after which silence means that a payment was genuine.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC.

    Returns:
        Vectors by payment id, each by the names of `sikka_core.SCHEMA`; NaN is what is missing.
    """
    memories: dict[tuple[bool, str], FeatureStore] = {}
    room = 2 * len(past.payments) + ROOM
    vectors: dict[str, Mapping[str, float]] = {}
    for payment, verdict in _happenings(past.payments, delay):
        place = (payment.livemode, payment.currency)
        if place not in memories:
            memories[place] = FeatureStore(entities_max=room, utc_offset_s=utc_offset_s)
        memory = memories[place]
        if verdict is not None:
            _label(memory, payment, verdict)
            continue
        vector = _observe(memory, payment)
        if payment.payment_id in wanted:
            vectors[payment.payment_id] = dict(zip(FEATURE_NAMES, vector.tolist(), strict=True))
    return vectors


def _happenings(
    payments: Sequence[AssessedPayment], delay: timedelta
) -> Iterator[tuple[AssessedPayment, Verdict | None]]:
    """Payments, and verdicts on them, by the millisecond; payments come first."""
    happened: list[tuple[int, int, str, AssessedPayment, Verdict | None]] = []
    for payment in payments:
        made_ms = milliseconds(payment.created_at)
        happened.append((made_ms, 0, payment.payment_id, payment, None))
        happened += [
            (milliseconds(verdict.at), 1, verdict.key, payment, verdict)
            for verdict in payment.verdicts(delay)
        ]
    happened.sort(key=lambda each: each[:3])
    for *_, payment, verdict in happened:
        yield payment, verdict


def _observe(memory: FeatureStore, payment: AssessedPayment) -> memoryview:
    return memory.observe(
        payment.payment_id,
        milliseconds(payment.created_at),
        payment.amount_minor,
        user=payment.user,
        instrument=payment.instrument,
        device=payment.device_fingerprint,
        ip=payment.ip_address,
        merchant=payment.merchant_id,
        latitude=payment.latitude,
        longitude=payment.longitude,
    )


def _label(memory: FeatureStore, payment: AssessedPayment, verdict: Verdict) -> None:
    memory.label(
        verdict.key,
        milliseconds(verdict.at),
        verdict.fraud,
        user=payment.user,
        instrument=payment.instrument,
        device=payment.device_fingerprint,
        ip=payment.ip_address,
        merchant=payment.merchant_id,
    )


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1_000)
