"""Everything that is stored about one payment, and what of it must not be so.

The checks are the invariants of one payment, numbered as in the list of what must hold whatever
fails. They look at the data alone: no clock, no database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sikka.domain.ledger import Direction
from sikka.domain.outcome import OutcomeKind
from sikka.domain.payment import (
    BIRTHS,
    TRANSITIONS,
    Payment,
    PaymentMethod,
    Stage,
    State,
    Status,
    UpiTransaction,
)
from sikka.domain.records import EventType
from sikka.domain.refund import Refund, RefundOrigin, RefundStatus
from sikka.domain.review import Review, ReviewStatus

_EVENTS = frozenset(EventType)

# The transactions that make money of a payment the merchant's.
_CAPTURES = frozenset({"capture", "deemed_confirmed"})


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold. The text names ids and nothing secret."""

    invariant: int
    text: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """What the checks need of a line of the audit trail."""

    action: str
    status: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the checks need of a ledger entry."""

    direction: str
    amount_minor: int


@dataclass(slots=True)
class Booking:
    """What the checks need of a ledger transaction."""

    id: str
    kind: str
    currency: str
    refund_id: str | None
    entries: list[Entry] = field(default_factory=list)

    def total(self, direction: Direction) -> int:
        """The sum of one side, minor units."""
        return sum(entry.amount_minor for entry in self.entries if entry.direction == direction)


@dataclass(slots=True)
class Case:
    """One payment with all that belongs to it, read at one moment."""

    payment: Payment
    upi: list[UpiTransaction] = field(default_factory=list)
    assessments: int = 0
    event_sequences: list[int] = field(default_factory=list)
    audit: list[AuditLine] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    review: Review | None = None
    bookings: list[Booking] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """Every invariant of this payment that does not hold."""
        found: list[Finding] = []
        for number, check in (
            (1, self._incomplete),
            (2, self._unbalanced),
            (3, self._overspent),
            (5, self._strayed),
            (6, self._untold),
            (9, self._moved_for_nothing),
        ):
            found += [Finding(number, f"{self.payment.id}: {text}") for text in check()]
        return found

    def _incomplete(self) -> Iterator[str]:
        if self.payment.payment_method is PaymentMethod.UPI and len(self.upi) != 1:
            yield f"has {len(self.upi)} UPI transactions instead of one"
        if self.assessments != 1:
            yield f"has {self.assessments} fraud assessments instead of one"
        if not self.audit:
            yield "has no line in the audit trail"

    def _unbalanced(self) -> Iterator[str]:
        for booking in self.bookings:
            debits, credits = booking.total(Direction.DEBIT), booking.total(Direction.CREDIT)
            if debits != credits or not debits:
                yield f"{booking.id}: debits {debits} differ from credits {credits}"
            if booking.currency != self.payment.currency:
                yield f"{booking.id} is in another currency"

    def _overspent(self) -> Iterator[str]:
        payment = self.payment
        if not 0 <= payment.refunded_minor <= payment.captured_minor <= payment.amount_minor:
            yield "refunded <= captured <= authorized does not hold"
        approved = sum(each.outcome == OutcomeKind.APPROVED for each in self.upi)
        if approved > 1:
            yield f"has {approved} approved attempts"
        asked = sum(
            refund.amount_minor
            for refund in self.refunds
            if refund.origin is RefundOrigin.MERCHANT and refund.status is not RefundStatus.FAILED
        )
        if asked != payment.refunded_minor:
            yield f"refunds add up to {asked} and not to {payment.refunded_minor}"
        captures = [each for each in self.bookings if each.kind in _CAPTURES]
        booked = sum(each.total(Direction.DEBIT) for each in captures)
        if booked != payment.captured_minor or len(captures) > 1:
            yield (
                f"{payment.captured_minor} is captured and {booked} booked "
                f"in {len(captures)} transactions"
            )
        yield from self._refund_bookings()

    def _refund_bookings(self) -> Iterator[str]:
        booked = Counter((each.refund_id, each.kind) for each in self.bookings if each.refund_id)
        for refund in self.refunds:
            reversed_ = int(refund.status is RefundStatus.FAILED)
            if booked[refund.id, "refund"] != 1 or booked[refund.id, "refund_failed"] != reversed_:
                yield f"{refund.id} ({refund.status}) is not booked as it should be"

    def _strayed(self) -> Iterator[str]:
        steps = [_state(line) for line in self.audit if line.action in _EVENTS]
        if len(steps) != self.payment.version:
            yield f"is at version {self.payment.version} after {len(steps)} recorded steps"
        for before, after in zip([None, *steps], steps, strict=False):
            if not _is_legal(before, after):
                yield f"went from {_words(before)} to {_words(after)}"
        if steps and steps[-1] != self.payment.state:
            yield f"is {_words(self.payment.state)} and was recorded as {_words(steps[-1])}"
        yield from self._misjudged()

    def _misjudged(self) -> Iterator[str]:
        held = self.payment.stage is Stage.IN_REVIEW
        status = self.review.status if self.review else None
        if held and status is not ReviewStatus.WAITING:
            yield f"is held and its review is {status or 'not there'}"
        elif not held and status is ReviewStatus.WAITING:
            yield f"is {_words(self.payment.state)} and its review still waits"

    def _untold(self) -> Iterator[str]:
        expected = range(1, self.payment.version + 1)
        if self.event_sequences != list(expected):
            yield f"has events {self.event_sequences} for version {self.payment.version}"

    def _moved_for_nothing(self) -> Iterator[str]:
        if self.payment.stage in (Stage.DECLINED, Stage.CANCELLED) and self._earned():
            yield f"is {self.payment.stage} and booked as income of the merchant"

    def _earned(self) -> Sequence[Booking]:
        return [each for each in self.bookings if each.kind in _CAPTURES]


def _state(line: AuditLine) -> State | None:
    status, _, stage = line.status.partition("/")
    try:
        return (Status(status), Stage(stage))
    except ValueError:
        return None


def _is_legal(before: State | None, after: State | None) -> bool:
    if after is None:
        return False
    if before is None:
        return after in BIRTHS
    return after == before or after in TRANSITIONS[before]


def _words(state: State | None) -> str:
    return "/".join(state) if state else "nothing known"
