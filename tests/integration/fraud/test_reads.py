from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import Change
from sikka.domain.fraud import Decision, Device
from sikka.domain.fraud_policy import FraudListEntry, ListField, ListKind
from sikka.domain.payment import Flow, Payment, UpiTransaction
from sikka.fraud.config import FraudConfig
from sikka.fraud.engine import RuleEngine
from sikka.journal.fraud_reads import SqlFraudReads
from sikka_core import new_id
from tests.integration.webhooks.world import Stage, stage_on
from tests.unit.domain.records import payment as a_payment
from tests.unit.fraud.requests import request


def paid(stage: Stage, age_s: float, **values: object) -> tuple[Payment, UpiTransaction]:
    at = stage.clock.now() - timedelta(seconds=age_s)
    now_ms = int(at.timestamp() * 1000)
    payment = a_payment(
        id=new_id("pay", 7, now_ms),
        merchant_id=stage.merchant_id,
        created_at=at,
        updated_at=at,
        **values,
    )
    upi = UpiTransaction(
        id=new_id("upi", 7, now_ms),
        bucket=7,
        payment_id=payment.id,
        rail="npci",
        flow=Flow.COLLECT,
        payer_vpa="asha@simbank",
        payee_vpa="teahouse@sikka",
        npci_txn_id=payment.id,
        link=None,
        msg_id=None,
        rrn=None,
        bank_ref_id=None,
        approval_code=None,
        response_code=None,
        status_message=None,
        outcome=None,
        checks_made=0,
        next_check_at=None,
        created_at=at,
        updated_at=at,
    )
    return payment, upi


async def test_the_payments_of_the_last_day_come_back_oldest_first(database_url: str) -> None:
    async with stage_on(database_url) as stage:
        reads = SqlFraudReads(stage.database)
        rows = [paid(stage, age_s) for age_s in (90_000, 3_600, 60, 5)]
        for pair in rows:
            await stage.journal.commit(Change(7, pair))
        since = stage.clock.now() - timedelta(days=1)
        found = await reads.recent(since, 10)
        assert [each.payment_id for each in found] == [payment.id for payment, _ in rows[1:]]
        assert found[0].instrument == "asha@simbank"
        assert (found[0].at, found[0].device) == (rows[1][0].created_at, Device())
        assert (found[0].livemode, found[0].amount_minor) == (False, 129_900)
        newest = await reads.recent(since, 2)
        assert [each.payment_id for each in newest] == [payment.id for payment, _ in rows[2:]]


async def test_a_restarted_engine_knows_what_was_paid_and_who_is_blocked(
    database_url: str,
) -> None:
    async with stage_on(database_url) as stage:
        reads = SqlFraudReads(stage.database)
        for age_s in (30, 20, 10):
            await stage.journal.commit(Change(7, paid(stage, age_s)))
        entry = FraudListEntry(
            new_id("fle", 7, 0), 7, None, ListKind.BLOCK, ListField.DEVICE, "stolen", None, "key",
            stage.clock.now(), revision=2,
        )  # fmt: skip
        await stage.journal.commit(Change(7, (entry,)))
        assert await reads.list_entries() == [entry]
        engine = RuleEngine(FraudConfig(user_payments_per_10_min=3), stage.clock, reads)
        assert await engine.warm(reads) == 3
        mine = request(merchant_id=stage.merchant_id, device=Device(), at=stage.clock.now())
        fourth = await engine.assess(mine)
        assert fourth.violations == ("velocity_user_10m",)
        stolen = replace(mine, user_id="other", device=Device("stolen"), attempt="2")
        blocked = await engine.assess(stolen)
        assert (blocked.decision, blocked.features_stale) == (Decision.DECLINE, False)
        assert "block_list_device" in blocked.violations
        await engine.close()
