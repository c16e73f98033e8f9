from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sikka.domain.delivery import DELETED, DeliveryStatus, WebhookDelivery
from sikka.domain.errors import (
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    SikkaError,
    UnprocessableRequest,
)
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import AuditRecord, IdempotencyRecord
from sikka.webhooks.addresses import AddressRules
from sikka.webhooks.endpoints import ENDPOINTS_MAX, Endpoints
from sikka_core import new_id, webhook_secret_bytes
from sikka_sim.merchant.app import Merchant
from tests.integration.webhooks.world import Stage, shown
from tests.unit.webhooks.test_client import FixedResolver

URL = "https://127.0.0.1/hooks"


async def test_a_new_endpoint_shows_its_secret_once(stage: Stage) -> None:
    caller = stage.caller()
    first = await stage.endpoints.create(caller, url=URL, event_types=["payment.*"])
    again = await stage.endpoints.create(caller, url=URL, event_types=["payment.*"])
    assert (first.status, first.replayed) == (201, False)
    assert (again.status, again.replayed) == (201, True)
    body, replayed = shown(first), shown(again)
    assert len(webhook_secret_bytes(body["secret"])) == 32
    assert replayed["secret"] is None
    assert {**body, "secret": None} == replayed
    assert (body["url"], body["event_types"], body["enabled"]) == (URL, ["payment.*"], True)
    (stored,) = await stage.all(WebhookEndpoint)
    assert stage.box.open(stored.sealed_secret, stored.id) == webhook_secret_bytes(body["secret"])


async def test_the_secret_is_in_no_row_in_the_clear(stage: Stage) -> None:
    _, secret = await stage.register(URL)
    raw = webhook_secret_bytes(secret)
    for kind in (WebhookEndpoint, AuditRecord, IdempotencyRecord):
        for row in await stage.all(kind):
            assert secret not in repr(row)
            assert repr(raw)[2:-1] not in repr(row)


async def test_two_at_once_with_one_key_make_one_endpoint(stage: Stage) -> None:
    caller = stage.caller()
    answers = await asyncio.gather(
        *(stage.endpoints.create(caller, url=URL, event_types=["*"]) for _ in range(5))
    )
    assert len(await stage.all(WebhookEndpoint)) == 1
    assert len({shown(answer)["id"] for answer in answers}) == 1
    assert sum(shown(answer)["secret"] is not None for answer in answers) == 1


async def test_a_key_used_for_another_request_is_refused(stage: Stage) -> None:
    caller = stage.caller("one")
    await stage.endpoints.create(caller, url=URL, event_types=["*"])
    other = replace(caller, claim=replace(caller.claim, request_hash="another"))
    with pytest.raises(IdempotencyMismatch):
        await stage.endpoints.create(other, url=URL, event_types=["*"])


@pytest.mark.parametrize(
    ("url", "event_types", "param"),
    [
        ("ftp://shop.example/", ["*"], "url"),
        ("https://169.254.169.254/", ["*"], "url"),
        (URL, [], "event_types"),
        (URL, ["payment.paid"], "event_types"),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(
    stage: Stage, url: str, event_types: list[str], param: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await stage.endpoints.create(stage.caller(), url=url, event_types=event_types)
    assert refused.value.param == param
    for kind in (WebhookEndpoint, AuditRecord, IdempotencyRecord):
        assert await stage.all(kind) == []


async def test_a_name_that_leads_inside_is_refused_and_one_that_leads_nowhere_is_not(
    stage: Stage,
) -> None:
    def endpoints(*addresses: str) -> Endpoints:
        resolver = FixedResolver(list(addresses))
        return Endpoints(stage.parts, stage.outbox, AddressRules(), stage.box, resolver=resolver)

    for addresses in (["10.0.0.8"], ["93.184.216.34", "127.0.0.1"], ["::ffff:169.254.169.254"]):
        with pytest.raises(InvalidRequest) as refused:
            await endpoints(*addresses).create(
                stage.caller(), url="https://shop.example/", event_types=["*"]
            )
        assert refused.value.code == "url_invalid"
    for addresses in ([], ["93.184.216.34"]):
        answer = await endpoints(*addresses).create(
            stage.caller(), url="https://shop.example/", event_types=["*"]
        )
        assert answer.status == 201


async def test_an_update_changes_what_is_given_and_leaves_the_rest(stage: Stage) -> None:
    endpoint_id, _ = await stage.register(URL, description="first")
    answer = await stage.endpoints.update(
        stage.caller(), endpoint_id, event_types=["refund.*"], enabled=False
    )
    body = shown(answer)
    assert (answer.status, body["url"], body["description"]) == (200, URL, "first")
    assert (body["event_types"], body["enabled"]) == (["refund.*"], False)
    assert (body["disabled_reason"], body["secret"]) == ("merchant", None)
    enabled = await stage.endpoints.update(
        stage.caller(), endpoint_id, url=f"{URL}/2", enabled=True, description=None
    )
    body = shown(enabled)
    assert body["url"] == f"{URL}/2"
    assert (body["enabled"], body["disabled_reason"], body["description"]) == (True, None, None)
    (stored,) = await stage.all(WebhookEndpoint)
    assert stored.version == 3


async def test_every_call_leaves_an_audit_record(stage: Stage) -> None:
    endpoint_id, _ = await stage.register(URL)
    await stage.endpoints.update(stage.caller(), endpoint_id, enabled=False)
    await stage.endpoints.rotate_secret(stage.caller(), endpoint_id)
    await stage.endpoints.delete(stage.caller(), endpoint_id)
    actions = [each.action for each in await stage.all(AuditRecord)]
    assert sorted(actions) == [
        "webhook_endpoint.created",
        "webhook_endpoint.deleted",
        "webhook_endpoint.secret_rotated",
        "webhook_endpoint.updated",
    ]


async def test_a_rotated_secret_is_shown_once(stage: Stage) -> None:
    endpoint_id, old = await stage.register(URL)
    caller = stage.caller()
    first = shown(await stage.endpoints.rotate_secret(caller, endpoint_id))
    again = shown(await stage.endpoints.rotate_secret(caller, endpoint_id))
    assert first["secret"] not in (None, old)
    assert again["secret"] is None
    (stored,) = await stage.all(WebhookEndpoint)
    assert stored.sealed_previous_secret is not None
    previous = stage.box.open(stored.sealed_previous_secret, stored.id)
    assert previous == webhook_secret_bytes(old)


async def test_a_deleted_endpoint_is_gone_its_secrets_too_and_what_waited_is_discarded(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    endpoint_id, _ = await stage.register(url)
    (event,) = await stage.happen()
    await stage.fan_out()
    answer = await stage.endpoints.delete(stage.caller(), endpoint_id)
    assert shown(answer) == {"object": "webhook_endpoint", "id": endpoint_id, "deleted": True}
    (stored,) = await stage.all(WebhookEndpoint)
    assert (stored.enabled, stored.disabled_reason, stored.sealed_secret) == (False, DELETED, b"")
    await stage.deliver()
    assert (await stage.delivery(event)).status is DeliveryStatus.DISCARDED
    assert merchant.received == []
    for call in (stage.endpoints.rotate_secret, stage.endpoints.delete, stage.endpoints.update):
        with pytest.raises(NotFound):
            await call(stage.caller(), endpoint_id)


async def test_endpoints_and_events_of_others_do_not_exist(stage: Stage) -> None:
    endpoint_id, _ = await stage.register(URL)
    (event,) = await stage.happen()
    stranger = new_id("mer", 9, 0)
    for caller in (stage.caller(merchant_id=stranger), stage.caller(livemode=True)):
        with pytest.raises(NotFound):
            await stage.endpoints.update(caller, endpoint_id, enabled=False)
        with pytest.raises(NotFound):
            await stage.endpoints.replay(caller, event.id)
    with pytest.raises(NotFound):
        await stage.endpoints.replay(stage.caller(), "evt_unknown")


async def test_an_event_is_delivered_again_on_demand(
    stage: Stage, merchant: Merchant, url: str
) -> None:
    endpoint_id, secret = await stage.register(url)
    merchant.set_secrets(secret)
    (event,) = await stage.happen()
    await stage.deliver()
    caller = stage.caller()
    first = await stage.endpoints.replay(caller, event.id)
    again = await stage.endpoints.replay(caller, event.id)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    (delivery,) = shown(first)["deliveries"]
    assert (delivery["event_id"], delivery["status"]) == (event.id, "pending")
    await stage.deliver()
    assert [each.id for each in merchant.accepted()] == [event.id, event.id]
    named = await stage.endpoints.replay(stage.caller(), event.id, endpoint_id)
    assert len(shown(named)["deliveries"]) == 1
    assert len(await stage.all(WebhookDelivery)) == 3


async def test_an_event_that_nobody_takes_is_not_replayed(stage: Stage) -> None:
    (event,) = await stage.happen()
    with pytest.raises(UnprocessableRequest):
        await stage.endpoints.replay(stage.caller(), event.id)
    endpoint_id, _ = await stage.register(URL)
    await stage.endpoints.update(stage.caller(), endpoint_id, enabled=False)
    with pytest.raises(UnprocessableRequest):
        await stage.endpoints.replay(stage.caller(), event.id, endpoint_id)


async def test_a_merchant_has_a_bounded_number_of_endpoints(stage: Stage) -> None:
    for _ in range(ENDPOINTS_MAX):
        await stage.register(URL)
    with pytest.raises(UnprocessableRequest):
        await stage.register(URL)
    live = await stage.endpoints.create(stage.caller(livemode=True), url=URL, event_types=["*"])
    assert live.status == 201


async def test_two_updates_at_once_do_not_lose_one_another(stage: Stage) -> None:
    endpoint_id, _ = await stage.register(URL)
    results = await asyncio.gather(
        stage.endpoints.update(stage.caller(), endpoint_id, description="a"),
        stage.endpoints.update(stage.caller(), endpoint_id, event_types=["refund.*"]),
        return_exceptions=True,
    )
    failed = [each for each in results if isinstance(each, BaseException)]
    (stored,) = await stage.all(WebhookEndpoint)
    assert stored.version == 3 - len(failed)
    assert all(isinstance(each, SikkaError) and each.code == "conflict" for each in failed)
