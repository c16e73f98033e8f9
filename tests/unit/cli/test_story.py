"""The storyteller: a line a step, and no step forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from sikka.cli.story import STEPS, Story
from sikka.domain.ledger import Account, Chart, Direction, LedgerTransaction, Posting

CAPTURE = LedgerTransaction(
    "ltx_1",
    0,
    "pay_1",
    None,
    "capture",
    None,
    (
        Posting(Account(Chart.RECEIVABLE, "npci", "INR", False), Direction.DEBIT, 129_900),
        Posting(Account(Chart.MERCHANT_PAYABLE, "mer_1", "INR", False), Direction.CREDIT, 129_900),
    ),
    datetime(2026, 1, 1, tzinfo=UTC),
)
MOVED: dict[str, Any] = {"payment_id": "pay_1", "amount_minor": 129_900, "postings": ()}


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now_s = 10.0
        self.story = Story(self.lines.append, lambda: self.now_s)


@pytest.fixture
def said() -> Said:
    return Said()


def tell_everything(story: Story) -> None:
    story(
        "fraud.assessed",
        risk_level="LOW",
        risk_score_hundredths=12,
        decision="APPROVE",
        latency_us=80,
    )
    story("payment.created", status="PENDING", stage="created", **MOVED)
    story("rail.sent", api="ReqPay", rail="npci")
    story("rail.acknowledged", api="ReqPay", rail="npci")
    story("rail.verified", api="RespPay", rail="npci", org_id="NPCI")
    facts = {**MOVED, "postings": (CAPTURE,)}
    story("payment.succeeded", status="SUCCESS", stage="captured", **facts)
    story("webhook.delivered", event_id="evt_1", status_code=200)
    story.tell("received", "received")


async def test_every_step_is_told_with_its_time(said: Said) -> None:
    said.story.begin()
    said.now_s += 0.042
    tell_everything(said.story)
    await said.story.complete(1.0)
    assert said.lines[0] == "     42 ms  scored       LOW (0.12) -> APPROVE, in 80 us"
    assert any("debit       1299.00 receivable/npci/INR/test" in line for line in said.lines)
    assert any("created      pay_1 ₹1299.00" in line for line in said.lines)


async def test_what_is_missing_is_named_when_the_time_is_up(said: Said) -> None:
    said.story("rail.sent", api="ReqPay", rail="npci")
    with pytest.raises(TimeoutError):
        await said.story.complete(0.01)
    assert said.story.missing() == [step for step in STEPS if step != "sent"]


async def test_waiting_ends_with_the_last_step(said: Said) -> None:
    waiting = asyncio.create_task(said.story.complete(5.0))
    await asyncio.sleep(0)
    tell_everything(said.story)
    await waiting
    assert said.story.missing() == []


def test_a_new_beginning_forgets_the_steps(said: Said) -> None:
    tell_everything(said.story)
    said.story.begin()
    assert said.story.missing() == list(STEPS)


def test_other_messages_are_told_and_are_no_step_of_the_payment(said: Said) -> None:
    said.story("rail.sent", api="ReqChkTxn", rail="npci")
    said.story("rail.acknowledged", api="ReqChkTxn", rail="npci")
    said.story("rail.verified", api="RespChkTxn", org_id="NPCI")
    assert len(said.lines) == 3
    assert said.story.missing() == list(STEPS)


def test_heartbeats_and_what_nobody_tells_stay_out(said: Said) -> None:
    said.story("rail.sent", api="ReqHbt", rail="npci")
    said.story("rail.verified", api="RespHbt", org_id="NPCI")
    said.story("journal.group", changes=1)
    said.story("payment.unanswered", payment_id="pay_1")
    assert said.lines == []


def test_what_goes_wrong_is_told(said: Said) -> None:
    said.story("rail.refused", api="ReqPay", rail="npci", code="U90")
    said.story("rail.ambiguous", api="ReqPay", rail="npci", reason="timeout")
    said.story("rail.rejected", api="RespPay", reason="U55")
    said.story("webhook.failed", event_id="evt_1", error="timeout")
    said.story("payment.integrity_failure", payment_id="pay_1", differs="amount")
    said.story("payment.contradiction", payment_id="pay_1")
    told = " ".join(said.lines)
    for word in ("U90", "poller", "U55", "undelivered", "another amount", "contradicts"):
        assert word in told
