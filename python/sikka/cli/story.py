"""The demo's storyteller: an observer that says a line a step, as it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from sikka.domain.ledger import Direction, LedgerTransaction
from sikka.domain.money import Money

Facts = Mapping[str, Any]

# What one payment's way to the merchant is made of, in the order of the telling.
STEPS = (
    "scored",
    "created",
    "sent",
    "acknowledged",
    "verified",
    "succeeded",
    "booked",
    "delivered",
    "received",
)

# The pulse of the rail is no part of the story.
HEARTBEATS = frozenset({"ReqHbt", "RespHbt"})


class Story:
    """Tells what happens to payments, and remembers which steps have happened.

    Args:
        say: prints a line.
        monotonic: seconds that never jump.
    """

    def __init__(
        self, say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._monotonic = monotonic
        self._began_at = monotonic()
        self._seen: set[str] = set()
        self._changed = asyncio.Event()
        self._tells: dict[str, Callable[[Facts], None]] = {
            "fraud.assessed": self._scored,
            "payment.created": self._created,
            "rail.sent": self._sent,
            "rail.acknowledged": self._acknowledged,
            "rail.refused": self._refused,
            "rail.ambiguous": self._ambiguous,
            "rail.verified": self._verified,
            "rail.rejected": self._rejected,
            "payment.integrity_failure": self._differs,
            "payment.contradiction": self._contradicts,
            "webhook.delivered": self._delivered,
            "webhook.failed": self._failed,
        }

    def begin(self) -> None:
        """Count time from now, and steps anew."""
        self._began_at = self._monotonic()
        self._seen.clear()

    def tell(self, text: str, step: str | None = None) -> None:
        """Say a line with the time since the beginning; note the step it stands for."""
        elapsed_ms = (self._monotonic() - self._began_at) * 1_000
        self._say(f"{elapsed_ms:7.0f} ms  {text}")
        if step is not None:
            self._seen.add(step)
            self._changed.set()

    def missing(self) -> list[str]:
        """The steps that have not happened yet."""
        return [step for step in STEPS if step not in self._seen]

    async def complete(self, timeout_s: float) -> None:
        """Return when every step has happened.

        Raises:
            TimeoutError: some have not within the time.
        """
        async with asyncio.timeout(timeout_s):
            while self.missing():
                self._changed.clear()
                await self._changed.wait()

    def __call__(self, what: str, /, **facts: Any) -> None:
        """See `sikka.ports.Observer`."""
        if facts.get("api") in HEARTBEATS:
            return
        tells = self._tells.get(what)
        if tells is not None:
            tells(facts)
        elif what.startswith(("payment.", "refund.")) and "status" in facts:
            self._moved(what, facts)

    def _scored(self, facts: Facts) -> None:
        score = facts["risk_score_hundredths"] / 100
        self.tell(
            f"scored       {facts['risk_level']} ({score:.2f}) -> {facts['decision']},"
            f" in {facts['latency_us']} us",
            "scored",
        )

    def _created(self, facts: Facts) -> None:
        self.tell(f"created      {facts['payment_id']} {_rupees(facts)}, durable", "created")

    def _sent(self, facts: Facts) -> None:
        self.tell(f"signed       {facts['api']} and sent to {facts['rail']}", _step(facts, "sent"))

    def _acknowledged(self, facts: Facts) -> None:
        step = _step(facts, "acknowledged")
        self.tell(f"acknowledged {facts['api']} by {facts['rail']}", step)

    def _refused(self, facts: Facts) -> None:
        self.tell(f"refused      {facts['api']} by {facts['rail']}: {facts['code']}")

    def _ambiguous(self, facts: Facts) -> None:
        self.tell(f"unanswered   {facts['api']}: {facts['reason']}; the poller will ask")

    def _verified(self, facts: Facts) -> None:
        step = "verified" if facts["api"] == "RespPay" else None
        self.tell(f"verified     {facts['api']} under the pinned key of {facts['org_id']}", step)

    def _rejected(self, facts: Facts) -> None:
        self.tell(f"rejected     {facts['api']}: {facts['reason']}")

    def _differs(self, facts: Facts) -> None:
        self.tell(f"not applied  {facts['payment_id']}: another {facts['differs']} than ours")

    def _contradicts(self, facts: Facts) -> None:
        self.tell(f"not applied  {facts['payment_id']}: the rail contradicts what it said")

    def _delivered(self, facts: Facts) -> None:
        self.tell(
            f"delivered    webhook {facts['event_id']}, HTTP {facts['status_code']}", "delivered"
        )

    def _failed(self, facts: Facts) -> None:
        why = facts.get("error") or facts.get("status_code")
        self.tell(f"undelivered  webhook {facts['event_id']}: {why}")

    def _moved(self, what: str, facts: Facts) -> None:
        name = what.partition(".")[2]
        status, stage = facts["status"], facts["stage"]
        step = "succeeded" if what == "payment.succeeded" else None
        self.tell(f"{name:<12} {facts['payment_id']} is {status} ({stage})", step)
        for posting in facts.get("postings", ()):
            self._booked(posting)

    def _booked(self, transaction: LedgerTransaction) -> None:
        self.tell(f"booked       {transaction.kind}, in the same transaction:", "booked")
        for posting in transaction.postings:
            amount = Money(posting.amount_minor, posting.account.currency).major_text()
            side = "debit " if posting.direction is Direction.DEBIT else "credit"
            self._say(f"{'':12}{side} {amount:>12} {posting.account.id}")


def _rupees(facts: Facts) -> str:
    return f"₹{Money(facts['amount_minor'], 'INR').major_text()}"


def _step(facts: Facts, step: str) -> str | None:
    return step if facts["api"] == "ReqPay" else None
