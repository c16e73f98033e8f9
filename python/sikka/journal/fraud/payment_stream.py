"""Recorded payments as the stream that a training reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.verdict import Verdict
from sikka.journal.fraud.payment_history import SqlPaymentHistory


@dataclass(frozen=True, slots=True)
class SqlPaymentStream:
    """Live payments of one currency. See `sikka.fraud.training.stored.StoredPayments`.

    A label is what is held to be true of a payment when the reading begins, and since when
    (`sikka.domain.fraud.verdict`): the memory of features learnt it at that very moment. A payment
    of which nothing is known has none.

    Args:
        history: where to read.
        since, until: which payments, by the time at which they were made.
        currency: of all payments.
        label_delay: how long after a payment nobody complains any more.
        now: when the reading begins.
        livemode: whether live payments are read, or test ones.
    """

    history: SqlPaymentHistory
    since: datetime
    until: datetime
    currency: str
    label_delay: timedelta
    now: datetime
    livemode: bool = True

    async def chunks(self) -> AsyncIterator[Mapping[str, Sequence[object]]]:
        async for chunk in self.history.chunks(self.since, self.until):
            rows = [
                each
                for each in chunk
                if each.currency == self.currency and each.livemode is self.livemode
            ]
            if rows:
                yield self._columns(rows)

    def _columns(self, rows: Sequence[AssessedPayment]) -> dict[str, Sequence[object]]:
        verdicts = [self._held(each) for each in rows]
        return {
            "payment_id": [each.payment_id for each in rows],
            "time_ms": [_milliseconds(each.created_at) for each in rows],
            "amount_minor": [each.amount_minor for each in rows],
            "currency": [each.currency for each in rows],
            "payment_method": [str(each.payment_method) for each in rows],
            "user": [each.user for each in rows],
            "instrument": [each.instrument for each in rows],
            "device": [each.device_fingerprint for each in rows],
            "ip": [each.ip_address for each in rows],
            "merchant": [each.merchant_id for each in rows],
            "latitude": [each.latitude for each in rows],
            "longitude": [each.longitude for each in rows],
            "fraud": [None if held is None else held.fraud for held in verdicts],
            "known_ms": [None if held is None else _milliseconds(held.at) for held in verdicts],
        }

    def _held(self, payment: AssessedPayment) -> Verdict | None:
        """The verdict that is in force when the reading begins."""
        past = [each for each in payment.verdicts(self.label_delay) if each.at <= self.now]
        return past[-1] if past else None


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000)
