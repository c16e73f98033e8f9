from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import Change
from sikka.domain.delivery import DeliveryStatus, WebhookAttempt, WebhookDelivery
from sikka.domain.records import Event, IdempotencyRecord, IdempotencyStatus
from sikka.flows.parts import Answer
from sikka.flows.replay import completed
from sikka.journal.replies import SqlReplies
from sikka.webhooks.lanes import Limits
from sikka.worker.duties import duties_of
from sikka.worker.territory import lease_name
from sikka.worker.worker import Worker
from sikka_core import new_id
from sikka_sim.merchant.app import Behaviour, Merchant
from tests.integration.webhooks.world import ALL, Stage, until


def worker_on(stage: Stage, holder: str, lease_s: float = 15.0) -> Worker:
    deliverer = stage.new_deliverer(limits=Limits())
    duties = duties_of(
        stage.parts, stage.new_relay(), deliverer, stage.housekeeping, interval_s=0.05
    )
    return Worker(
        stage.leases,
        stage.housekeeping,
        duties,
        stage.clock,
        stage.observe,
        holder=holder,
        lease_s=lease_s,
    )


def spread(stage: Stage, count: int) -> list[Event]:
    """Events of payments all over the buckets."""
    return [stage.event(bucket=number * 4096 // count) for number in range(count)]


async def test_two_workers_at_once_deliver_each_event_once(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    async with AsyncExitStack() as stack:
        for holder in ("one", "two"):
            # A machine that stands still for longer than that makes one take over from the other.
            await stack.enter_async_context(worker_on(stage, holder, lease_s=8.0))
        await until(lambda: {8} == {each["held"] for each in stage.heard("worker.partitions")[-2:]})
        events = spread(stage, 120)
        await stage.commit(*events)
        await merchant.until(lambda: len(merchant.accepted()) >= len(events), 30)
    counts = Counter(each.id for each in merchant.accepted())
    assert counts == dict.fromkeys((each.id for each in events), 1)
    assert not stage.heard("webhook.mark_conflict")
    assert not stage.heard("webhook.mark_postponed")
    deliveries = await stage.all(WebhookDelivery)
    assert {each.status for each in deliveries} == {DeliveryStatus.DELIVERED}
    assert len(await stage.all(WebhookAttempt)) == len(events)


async def test_a_nudge_takes_an_event_to_the_merchant_at_once(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    async with worker_on(stage, "one") as worker:
        await until(lambda: bool(stage.heard("worker.partitions")))
        (event,) = await stage.happen()
        worker.nudge()
        await merchant.until(lambda: bool(merchant.accepted()))
    assert merchant.accepted()[0].id == event.id


async def test_a_stopping_worker_finishes_its_deliveries_and_leaves_no_lease(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(Behaviour("slow", delay_s=0.2))
    events = await stage.happen(4)
    async with worker_on(stage, "one"):
        await merchant.until(lambda: bool(merchant.received))
    assert {each.id for each in merchant.accepted()} == {each.id for each in events}
    assert {each.status for each in await stage.all(WebhookDelivery)} == {DeliveryStatus.DELIVERED}
    live = await stage.housekeeping.live_leases("", stage.clock.now())
    # The lease that this test itself holds is left.
    assert live == 1


async def test_a_worker_that_dies_is_inherited_from_and_nothing_is_lost(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    names = [lease_name(partition) for partition in range(16)]
    await stage.leases.acquire(names, "dead", stage.clock.now(), 10.0, 16)
    events = spread(stage, 16)
    await stage.commit(*events)
    async with worker_on(stage, "heir", lease_s=0.4):
        await until(lambda: len(stage.heard("worker.partitions")) > 1)
        assert merchant.received == []
        stage.clock.forward(10.0)
        await merchant.until(lambda: len(merchant.accepted()) == len(events), 20)
    assert {each.id for each in merchant.accepted()} == {each.id for each in events}


async def test_housekeeping_deletes_what_has_outlived_its_purpose_and_nothing_else(
    stage: Stage,
) -> None:
    now = stage.clock.now()
    old_at = now - timedelta(seconds=stage.parts.policy.retention_s + 60)
    record = completed(stage.parts, stage.caller("new"), 7, now, Answer(200, b"{}"))
    old = replace(record, id=new_id("idk", 7, 0), idempotency_key="old", created_at=old_at)
    assert record.status is IdempotencyStatus.COMPLETED
    await stage.journal.commit(Change(7, (record,)))
    await stage.journal.commit(Change(7, (old,)))
    replies = SqlReplies(stage.database)
    await replies.leave("old", {}, now - timedelta(seconds=1))
    await replies.leave("new", {}, now + timedelta(seconds=60))
    await stage.leases.acquire(["worker/gone"], "x", now - timedelta(days=2), 1.0, 1)
    await stage.leases.acquire(["worker/here"], "x", now, 60.0, 1)
    keeping, before = stage.housekeeping, now - timedelta(seconds=stage.parts.policy.retention_s)
    assert await keeping.delete_idempotency_keys(before, range(8, 4096), 10) == 0
    assert await keeping.delete_idempotency_keys(before, ALL, 10) == 1
    assert await keeping.delete_replies(now, 10) == 1
    assert await keeping.delete_leases("worker/", now - timedelta(days=1), 10) == 1
    (kept,) = await stage.all(IdempotencyRecord)
    assert kept == record
    assert await replies.take("new") == {}
    assert await keeping.live_leases("worker/", now) == 1


async def test_a_wildcard_in_a_prefix_is_no_wildcard(stage: Stage) -> None:
    await stage.leases.acquire(["worker/a"], "x", stage.clock.now(), 60.0, 1)
    assert await stage.housekeeping.live_leases("w%", stage.clock.now()) == 0
    assert await stage.housekeeping.live_leases("worker_", stage.clock.now()) == 0


async def test_workers_that_come_and_go_lose_no_event(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    events: list[Event] = []
    for number in range(4):
        async with AsyncExitStack() as stack:
            for name in "ab"[: number % 2 + 1]:
                holder = f"{name}-{number}"
                await stack.enter_async_context(worker_on(stage, holder, lease_s=1.0))
            fresh = spread(stage, 16)
            events += fresh
            await stage.commit(*fresh)
            await asyncio.sleep(0)
    async with worker_on(stage, "last", lease_s=1.0):
        await until(
            lambda: {each.id for each in merchant.accepted()} == {each.id for each in events}
        )
    assert {each.status for each in await stage.all(WebhookDelivery)} == {DeliveryStatus.DELIVERED}
