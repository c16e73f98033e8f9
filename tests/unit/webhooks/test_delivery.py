from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from sikka.domain.change import Change
from sikka.domain.delivery import DeliveryStatus, WebhookAttempt
from sikka.domain.errors import CommitUnknown, Rejected, Unavailable
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import AuditRecord
from sikka.webhooks.client import Reply
from sikka.webhooks.lanes import Limits
from sikka.webhooks.schedule import RETRY_DELAYS_S
from sikka.webhooks.secrets import SecretBox, shown
from tests.unit.webhooks.world import NOW, SECRET, World, always

URL = "https://shop.example/hooks"
SLOW = "https://slow.example/hooks"


async def relayed(world: World, events: int = 1) -> None:
    for _ in range(events):
        world.event()
    await world.fan_out()


async def test_a_delivery_carries_the_stored_body_and_the_three_headers() -> None:
    world = World()
    world.endpoint()
    event = world.event()
    await world.fan_out()
    assert await world.deliver() == 1
    (post,) = world.poster.posts
    assert post.body == event.body.encode()
    assert post.headers["webhook-id"] == event.id
    assert post.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    now = world.clock.now
    assert json.loads(post.body)["id"] == event.id
    assert world.delivery(event).status is DeliveryStatus.DELIVERED
    assert world.delivery(event).updated_at == now()


async def test_a_signature_verifies_with_the_reference_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    await world.deliver()
    (post,) = world.poster.posts
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", _StandingTime)
    Webhook(shown(SECRET)).verify(post.body, dict(post.headers))


class _StandingTime:
    @staticmethod
    def now(tz: object) -> object:
        assert tz is not None
        return NOW

    @staticmethod
    def fromtimestamp(timestamp: float, tz: object) -> object:
        return type(NOW).fromtimestamp(timestamp, tz)  # type: ignore[arg-type]


async def test_during_a_rotation_both_secrets_sign_and_after_it_only_the_new_one() -> None:
    world = World()
    endpoint = world.endpoint()
    world.journal.put(
        replace(
            endpoint,
            sealed_secret=world.box.seal(b"n" * 32, endpoint.id),
            sealed_previous_secret=endpoint.sealed_secret,
            previous_secret_until=NOW + timedelta(hours=24),
        )
    )
    await relayed(world)
    await world.deliver()
    world.clock.forward(86_400)
    await relayed(world)
    await world.deliver()
    during, after = (each.headers["webhook-signature"].split() for each in world.poster.posts)
    assert len(during) == 2
    assert len(set(during)) == 2
    assert len(after) == 1


@pytest.mark.parametrize("status_code", [200, 201, 204, 299])
async def test_every_2xx_is_success(status_code: int) -> None:
    world = World()
    world.endpoint()
    world.poster.answers[URL] = always(status_code)
    await relayed(world)
    await world.deliver()
    (delivery,) = world.deliveries()
    assert delivery.status is DeliveryStatus.DELIVERED
    assert delivery.next_attempt_at is None
    assert (delivery.last_status_code, delivery.last_error) == (status_code, None)


@pytest.mark.parametrize("status_code", [100, 301, 302, 307, 400, 401, 404, 429, 500, 503])
async def test_everything_else_is_tried_again(status_code: int) -> None:
    world = World()
    world.endpoint()
    world.poster.answers[URL] = always(status_code)
    await relayed(world)
    await world.deliver()
    (delivery,) = world.deliveries()
    assert delivery.status is DeliveryStatus.PENDING
    assert delivery.next_attempt_at == NOW + timedelta(seconds=5)
    assert (delivery.last_status_code, delivery.last_error) == (status_code, "status")


async def test_the_schedule_is_kept_and_ends_in_exhaustion() -> None:
    world = World()
    endpoint = world.endpoint()
    world.poster.answers[URL] = lambda _: Reply(None, "timeout")
    await relayed(world)
    for number, delay_s in enumerate(RETRY_DELAYS_S):
        world.clock.forward(delay_s - 1) if delay_s else None
        assert await world.deliver() == (0 if delay_s else 1)
        if delay_s:
            world.clock.forward(1)
            assert await world.deliver() == 1
        assert world.deliveries()[0].attempts == number + 1
    (delivery,) = world.deliveries()
    assert delivery.status is DeliveryStatus.EXHAUSTED
    assert [each.attempt for each in world.attempts()] == list(range(1, 11))
    assert {each.error for each in world.attempts()} == {"timeout"}
    stored = world.journal.rows[WebhookEndpoint, endpoint.id]
    assert (stored.enabled, stored.disabled_reason) == (False, "exhausted")
    (audit,) = world.journal.all(AuditRecord)
    assert audit.action == "webhook_endpoint.disabled"


async def test_an_endpoint_that_takes_younger_events_is_not_disabled_by_a_poisoned_one() -> None:
    world = World()
    endpoint = world.endpoint()
    poisoned = world.event()
    world.poster.answers[URL] = lambda post: Reply(
        500 if post.headers["webhook-id"] == poisoned.id else 200, None
    )
    await world.fan_out()
    for delay_s in RETRY_DELAYS_S:
        world.clock.forward(delay_s)
        await relayed(world)
        await world.deliver()
    assert world.delivery(poisoned).status is DeliveryStatus.EXHAUSTED
    assert world.journal.rows[WebhookEndpoint, endpoint.id].enabled


async def test_410_disables_the_endpoint_and_what_waits_for_it_is_discarded() -> None:
    world = World()
    endpoint = world.endpoint()
    world.poster.answers[URL] = always(410)
    first, second = (world.event(world.payment(), sequence=1) for _ in range(2))
    await world.fan_out()
    world.journal.put(replace(world.delivery(second), next_attempt_at=NOW + timedelta(seconds=60)))
    await world.deliver()
    stored = world.journal.rows[WebhookEndpoint, endpoint.id]
    assert (stored.enabled, stored.disabled_reason) == (False, "gone")
    assert world.delivery(first).status is DeliveryStatus.DISCARDED
    world.clock.forward(60)
    await world.deliver()
    assert world.delivery(second).status is DeliveryStatus.DISCARDED
    assert len(world.poster.posts) == 1


async def test_events_of_a_payment_arrive_in_order_even_when_the_first_fails_for_a_while() -> None:
    world = World()
    world.endpoint()
    payment_id = world.payment()
    events = [world.event(payment_id, sequence) for sequence in (1, 2, 3)]
    answers = iter([500, 500, 200, 200, 200])
    world.poster.answers[URL] = lambda _: Reply(next(answers), None)
    await world.fan_out()
    await world.deliver()
    world.clock.forward(5)
    await world.deliver()
    assert world.poster.ids() == [events[0].id] * 2
    world.clock.forward(300)
    await world.deliver()
    assert world.poster.ids() == [events[0].id] * 3 + [events[1].id, events[2].id]


async def test_a_failing_payment_holds_up_no_other_payment_of_the_endpoint() -> None:
    world = World()
    world.endpoint()
    poisoned = world.event()
    world.poster.answers[URL] = lambda post: Reply(
        500 if post.headers["webhook-id"] == poisoned.id else 200, None
    )
    others = [world.event() for _ in range(20)]
    await world.fan_out()
    await world.deliver()
    assert all(world.delivery(event).status is DeliveryStatus.DELIVERED for event in others)
    assert world.delivery(poisoned).status is DeliveryStatus.PENDING


async def test_what_follows_an_exhausted_event_is_delivered_then() -> None:
    world = World()
    world.endpoint()
    payment_id = world.payment()
    first, second = world.event(payment_id, 1), world.event(payment_id, 2)
    await world.fan_out()
    world.journal.put(replace(world.delivery(first), attempts=9))
    answers = iter([500, 200])
    world.poster.answers[URL] = lambda _: Reply(next(answers), None)
    # Another payment's success keeps the endpoint enabled.
    world.journal.put(
        replace(
            world.delivery(first),
            id="whd_other",
            payment_id="pay_other",
            status=DeliveryStatus.DELIVERED,
            next_attempt_at=None,
            event_id="evt_other",
        )
    )
    await world.deliver()
    assert world.poster.ids() == [first.id, second.id]
    assert world.delivery(first).status is DeliveryStatus.EXHAUSTED
    assert world.delivery(second).status is DeliveryStatus.DELIVERED


async def test_a_slow_merchant_takes_only_its_share_and_starves_nobody() -> None:
    world = World(Limits(total=32, per_endpoint=4))
    world.endpoint(SLOW)
    await relayed(world, 100)
    world.poster.held[SLOW] = asyncio.Event()
    assert await world.start() == 4
    world.endpoint(URL)
    fast = [world.event() for _ in range(30)]
    await world.fan_out()
    for _ in range(60):
        await world.start()
        await asyncio.sleep(0)
    assert set(world.poster.ids(URL)) == {event.id for event in fast}
    assert world.poster.most_at_once[SLOW] == 4
    world.poster.held[SLOW].set()
    await world.deliver()
    assert len(world.poster.ids(SLOW)) == 130


async def test_an_endpoint_whose_last_attempt_failed_gets_a_single_slot() -> None:
    world = World(Limits(total=32, per_endpoint=4, per_failing_endpoint=1))
    world.endpoint(SLOW)
    world.poster.answers[SLOW] = always(500)
    await relayed(world, 4)
    await world.deliver()
    world.poster.held[SLOW] = asyncio.Event()
    world.clock.forward(6)
    assert await world.start() == 1
    assert await world.start() == 0
    world.poster.held[SLOW].set()
    await world.deliverer.settle()


async def test_a_delivery_on_its_way_is_not_started_again() -> None:
    world = World()
    world.endpoint()
    world.poster.held[URL] = asyncio.Event()
    await relayed(world)
    assert [await world.start(), await world.start()] == [1, 0]
    assert world.deliverer.busy(range(256))
    assert not world.deliverer.busy(range(256, 512))
    world.poster.held[URL].set()
    await world.deliver()
    assert len(world.poster.posts) == 1


async def test_whoever_dies_between_delivery_and_mark_is_followed_by_one_who_delivers_again() -> (
    None
):
    world = World()
    world.endpoint()
    await relayed(world)
    world.journal.failures = [lambda _: Unavailable()]
    await world.start()
    await world.deliverer.settle()
    world.journal.failures = []
    world.deliverer = world.new_deliverer()
    await world.deliver()
    assert len(set(world.poster.ids())) == 1
    assert len(world.poster.posts) == 2
    assert world.deliveries()[0].status is DeliveryStatus.DELIVERED


async def test_a_mark_that_could_not_be_written_is_written_later_without_delivering_again() -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    world.journal.failures = [lambda _: Unavailable()]
    await world.start()
    await world.deliverer.settle()
    with pytest.raises(Unavailable):
        await world.start()
    world.journal.failures = []
    assert await world.deliver() == 0
    assert len(world.poster.posts) == 1
    assert world.deliveries()[0].status is DeliveryStatus.DELIVERED
    assert len(world.heard("webhook.delivered")) == 1


async def test_a_mark_whose_commit_was_lost_but_written_is_not_written_twice() -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    commit = world.journal.commit

    async def lost(change: Change) -> None:
        await commit(change)
        raise CommitUnknown

    world.journal.commit = lost  # type: ignore[method-assign]
    await world.start()
    await world.deliverer.settle()
    world.journal.commit = commit  # type: ignore[method-assign]
    assert await world.deliver() == 0
    assert len(world.journal.all(WebhookAttempt)) == 1
    assert world.deliveries()[0].attempts == 1


async def test_a_worker_that_was_paused_past_its_lease_marks_nothing() -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    world.poster.held[URL] = asyncio.Event()
    await world.start()
    paused = world.deliverer
    world.journal.lease(2)
    world.token = 2
    world.deliverer = world.new_deliverer()
    world.poster.answers[URL] = always(500)
    del_held = world.poster.held.pop(URL)
    await world.deliver()
    before = world.deliveries()[0]
    assert before.attempts == 1
    world.poster.answers[URL] = always(200)
    del_held.set()
    await paused.settle()
    assert world.deliveries()[0] == before
    assert len(world.attempts()) == 1
    assert world.heard("webhook.mark_conflict")


async def test_a_secret_that_cannot_be_opened_fails_the_attempt_and_stops_nobody() -> None:
    world = World()
    strange = world.endpoint(SLOW)
    sealed = SecretBox(b"x" * 32).seal(SECRET, strange.id)
    world.journal.put(replace(strange, sealed_secret=sealed))
    world.endpoint(URL)
    event = world.event()
    await world.fan_out()
    await world.deliver()
    assert world.poster.ids() == [event.id]
    errors = {each.endpoint_id: each.error for each in world.attempts()}
    assert errors[strange.id] == "secret_unreadable"
    assert len(world.heard("webhook.delivered")) == 1


async def test_what_is_abandoned_stays_due() -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    world.poster.held[URL] = asyncio.Event()
    await world.start()
    await world.deliverer.abandon()
    assert world.deliveries()[0].status is DeliveryStatus.PENDING
    world.poster.held.clear()
    assert await world.deliver() == 1


async def test_an_endpoint_edited_at_the_moment_of_its_410_is_disabled_by_the_next() -> None:
    world = World()
    endpoint = world.endpoint()
    world.poster.answers[URL] = always(410)
    await relayed(world)

    def edited(change: Change) -> Exception | None:
        if any(isinstance(row, AuditRecord) for row in change.inserts):
            world.journal.put(replace(endpoint, version=2))
            world.journal.failures = []
        return None

    world.journal.failures = [edited]
    await world.deliver()
    assert world.journal.rows[WebhookEndpoint, endpoint.id].enabled
    await relayed(world)
    await world.deliver()
    assert not world.journal.rows[WebhookEndpoint, endpoint.id].enabled


async def test_a_bug_of_ours_fails_the_attempt_and_stops_nobody() -> None:
    world = World()
    world.endpoint(SLOW)
    world.endpoint(URL)

    def broken(_: object) -> Reply:
        raise RuntimeError("boom")

    world.poster.answers[SLOW] = broken
    await relayed(world)
    await world.deliver()
    assert sorted(each.error or "" for each in world.attempts()) == ["", "internal_error"]
    assert len(world.heard("webhook.delivered")) == 1


async def test_a_mark_that_the_database_refuses_is_not_delivered_in_a_tight_loop() -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    world.journal.failures = [lambda _: Rejected()]
    assert await world.deliver() == 1
    assert len(world.poster.posts) == 1
    world.journal.failures = []
    world.clock.forward(1)
    assert await world.deliver() == 1
    assert world.deliveries()[0].status is DeliveryStatus.DELIVERED


async def test_a_mark_that_is_refused_when_it_is_written_again_is_given_up() -> None:
    world = World()
    world.endpoint()
    await relayed(world)
    world.journal.failures = [lambda _: Unavailable()]
    await world.start()
    await world.deliverer.settle()
    world.journal.failures = [lambda _: Rejected()]
    assert await world.start() == 0
    world.journal.failures = []
    world.clock.forward(1)
    assert await world.deliver() == 1
    assert world.deliveries()[0].status is DeliveryStatus.DELIVERED
