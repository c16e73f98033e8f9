from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sikka.domain.change import Amend, Change
from sikka.domain.delivery import DeliveryStatus, WebhookAttempt, WebhookDelivery
from sikka.domain.errors import Unavailable
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import AuditRecord, Event, EventType
from sikka_sim.merchant.app import Behaviour, Merchant
from tests.integration.webhooks.world import ALL, ROTATION_OVERLAP_S, Stage, shop, shown


async def test_a_committed_event_reaches_the_merchant_signed_and_unchanged(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    (event,) = await stage.happen()
    await stage.deliver()
    (received,) = merchant.accepted()
    assert received.id == event.id
    assert received.payload == {"id": event.id, "type": "payment.created", "note": "₹1,299"}
    delivery = await stage.delivery(event)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 1)
    (attempt,) = await stage.all(WebhookAttempt)
    assert (attempt.delivery_id, attempt.attempt, attempt.status_code) == (delivery.id, 1, 200)
    (stored,) = await stage.all(Event)
    assert stored.relayed


async def test_a_merchant_that_fails_is_tried_again_until_it_accepts(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(Behaviour("error", times=2, status=500))
    (event,) = await stage.happen()
    await stage.deliver()
    stage.clock.forward(5)
    await stage.deliver()
    assert (await stage.delivery(event)).attempts == 2
    # The five minutes to the third attempt would make the judge's clock differ too much.
    await _due_now(stage, event)
    await stage.deliver()
    assert [each.status for each in merchant.received] == [500, 500, 200]
    assert {each.id for each in merchant.received} == {event.id}
    attempts = sorted(await stage.all(WebhookAttempt), key=lambda each: each.attempt)
    assert [(each.attempt, each.status_code, each.error) for each in attempts] == [
        (1, 500, "status"), (2, 500, "status"), (3, 200, None),
    ]  # fmt: skip


async def _due_now(stage: Stage, event: Event) -> None:
    delivery = await stage.delivery(event)
    due = {"next_attempt_at": stage.clock.now()}
    amend = Amend(WebhookDelivery, delivery.id, {"version": delivery.version}, due)
    await stage.journal.commit(Change(delivery.bucket, (), (amend,)))


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour("down", times=1), "connection"),
        (Behaviour("slow", times=1, delay_s=0.8), "timeout"),
    ],
)
async def test_a_merchant_that_is_down_or_slow_is_tried_again(
    stage: Stage, merchant: Merchant, url: str, behaviour: Behaviour, error: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(behaviour)
    (event,) = await stage.happen()
    await stage.deliver()
    delivery = await stage.delivery(event)
    assert (delivery.status, delivery.last_error) == (DeliveryStatus.PENDING, error)
    stage.clock.forward(5)
    await stage.deliver()
    assert (await stage.delivery(event)).status is DeliveryStatus.DELIVERED


async def test_a_merchant_that_drips_its_answer_has_taken_the_delivery(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(Behaviour("drip", times=1, delay_s=0.8))
    (event,) = await stage.happen()
    await stage.deliver()
    assert (await stage.delivery(event)).status is DeliveryStatus.DELIVERED


async def test_410_disables_the_endpoint_for_good(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    endpoint_id, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(Behaviour("gone"))
    await stage.happen()
    await stage.deliver()
    endpoint = await stage.outbox.endpoint(endpoint_id)
    assert endpoint is not None
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
    actions = {each.action for each in await stage.all(AuditRecord)}
    assert "webhook_endpoint.disabled" in actions
    await stage.happen()
    await stage.deliver()
    assert len(merchant.received) == 1


async def test_events_of_one_payment_arrive_in_order_and_others_do_not_wait(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(Behaviour("error", times=1))
    first = stage.event()
    later = [
        stage.event(first.payment_id, 2, EventType.PAYMENT_SUBMITTED),
        stage.event(first.payment_id, 3, EventType.PAYMENT_SUCCEEDED),
    ]
    await stage.commit(first, *later)
    await stage.deliver()
    assert [each.id for each in merchant.received] == [first.id]
    others = await stage.happen(20)
    await stage.deliver()
    assert {each.id for each in merchant.accepted()} == {each.id for each in others}
    stage.clock.forward(5)
    await stage.deliver()
    ids = [each.id for each in merchant.accepted()][len(others) :]
    assert ids == [first.id, *(each.id for each in later)]


async def test_both_secrets_sign_during_a_rotation_and_the_old_one_ends(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    endpoint_id, old = await stage.register(url)
    rotated = await stage.endpoints.rotate_secret(stage.caller(), endpoint_id)
    new = shown(rotated)["secret"]
    assert new != old
    for secret in (old, new):
        merchant.set_secrets(secret)
        await stage.happen()
        await stage.deliver()
    assert len(merchant.accepted()) == 2
    stage.clock.forward(ROTATION_OVERLAP_S)
    merchant.set_secrets(new)
    await stage.happen()
    await stage.deliver()
    assert len(merchant.accepted()) == 3
    merchant.set_secrets(old)
    (event,) = await stage.happen()
    await stage.deliver()
    assert len(merchant.accepted()) == 3
    assert (await stage.delivery(event)).last_status_code == 401


async def test_a_process_that_dies_between_delivery_and_mark_is_followed_by_a_second_delivery(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    (event,) = await stage.happen()
    await stage.fan_out()
    dying = stage.new_deliverer(_Dead())
    assert await dying.deliver(ALL, stage.guard, lambda: None) == 1
    await dying.settle()
    assert (await stage.delivery(event)).status is DeliveryStatus.PENDING
    await stage.deliver()
    assert [each.id for each in merchant.accepted()] == [event.id, event.id]
    assert (await stage.delivery(event)).status is DeliveryStatus.DELIVERED
    assert len(await stage.all(WebhookAttempt)) == 1


class _Dead:
    async def commit(self, change: Change) -> None:
        raise Unavailable


async def test_a_worker_paused_past_its_lease_neither_relays_nor_marks(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    (event,) = await stage.happen()
    old = stage.lease
    assert old is not None
    stage.clock.forward(3_601)
    await stage.leases.acquire([old.name], "another", stage.clock.now(), 60, 1)
    assert await stage.fan_out() == 0
    assert await stage.all(WebhookDelivery) == []
    stage.lease = (await stage.leases.acquire(["lease"], "x", stage.clock.now(), 60, 1) or [old])[0]
    assert stage.lease is old
    (found,) = await stage.all(Event)
    assert (found.id, found.relayed) == (event.id, False)


async def test_a_delivery_begun_under_a_lease_that_is_lost_is_not_marked(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    _, secret = await stage.register(url)
    merchant.set_secrets(secret)
    merchant.behave(Behaviour("slow", times=1, delay_s=0.2))
    (event,) = await stage.happen()
    await stage.fan_out()
    await stage.deliverer.deliver(ALL, stage.guard, lambda: None)
    lease = stage.lease
    assert lease is not None
    await stage.leases.release(lease)
    await stage.hold()
    await stage.deliverer.settle()
    assert stage.heard("webhook.mark_conflict")
    assert (await stage.delivery(event)).attempts == 0
    await stage.deliver()
    assert [each.id for each in merchant.accepted()] == [event.id, event.id]


async def test_a_merchant_that_is_down_does_not_hold_up_another(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    async with shop() as (silent, silent_url):
        _, silent_secret = await stage.register(silent_url)
        silent.set_secrets(silent_secret)
        silent.behave(Behaviour("slow", delay_s=0.8))
        _, secret = await stage.register(url)
        merchant.set_secrets(secret)
        events = await stage.happen(30)
        await stage.fan_out()
        wake = asyncio.Event()
        async with asyncio.timeout(10):
            while len(merchant.accepted()) < len(events):
                wake.clear()
                await stage.deliverer.deliver(ALL, stage.guard, wake.set)
                await wake.wait()
        assert len(silent.accepted()) == 0
    await stage.deliverer.settle()


async def test_endpoints_of_another_merchant_or_mode_hear_nothing(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    await stage.endpoints.create(
        stage.caller(livemode=True), url=url, event_types=["*"], description=None
    )
    await stage.happen()
    await stage.deliver()
    assert merchant.received == []
    assert await stage.all(WebhookDelivery) == []


async def test_the_longest_due_comes_first_and_full_endpoints_are_left_out(
    stage: Stage, url: str
) -> None:
    endpoint_id, _ = await stage.register(url)
    events = await stage.happen(3)
    await stage.fan_out()
    now = stage.clock.now()
    due = await stage.outbox.due_deliveries(now, ALL, 10, ())
    assert {each.delivery.event_id for each in due} == {each.id for each in events}
    assert [each.body for each in due if each.delivery.event_id == events[0].id] == [events[0].body]
    times: list[Any] = [each.delivery.next_attempt_at for each in due]
    assert times == sorted(times)
    assert await stage.outbox.due_deliveries(now, ALL, 10, {endpoint_id}) == []
    assert await stage.outbox.due_deliveries(now, range(100, 200), 10, ()) == []
    assert len(await stage.outbox.due_deliveries(now, ALL, 2, ())) == 2
    (endpoint,) = await stage.all(WebhookEndpoint)
    assert due[0].endpoint == endpoint


async def test_all_events_of_a_payment_are_read_together_and_in_order(stage: Stage) -> None:
    first = stage.event()
    second = stage.event(first.payment_id, 2)
    third = stage.event(first.payment_id, 3)
    await stage.commit(third, first, second)
    found = await stage.outbox.unrelayed(ALL, 1)
    assert [each.id for each in found] == [first.id, second.id, third.id]
    assert await stage.outbox.unrelayed(range(6, 4096), 10) == []
