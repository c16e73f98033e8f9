"""Webhooks over real HTTP: an endpoint that is away, dripping, gone, rotated, asked again."""

from __future__ import annotations

from typing import Any

import pytest

from sikka_sim import Behaviour
from tests.e2e import orders
from tests.e2e.house import House, listen, until


async def paid(house: House) -> str:
    """A payment that was captured; its id."""
    payment = await house.pay(orders.collect("asha@simbank"))
    await house.ended(payment["id"])
    id: str = payment["id"]
    return id


async def endpoint_of(house: House) -> dict[str, Any]:
    """The merchant's only endpoint."""
    (endpoint,) = await house.client.all("/v1/webhook_endpoints")
    return endpoint


async def deliveries(house: House) -> list[dict[str, Any]]:
    """Everything that was ever on its way to the endpoint."""
    endpoint = await endpoint_of(house)
    return await house.client.all(f"/v1/webhook_endpoints/{endpoint['id']}/deliveries")


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour("down", 3),
        Behaviour("error", 3, 500),
        Behaviour("error", 2, 302),
    ],
    ids=["down", "500", "redirect"],
)
async def test_an_endpoint_that_fails_gets_every_event_in_order_once_it_is_back(
    house: House, behaviour: Behaviour
) -> None:
    house.world.merchant.behave(behaviour)
    id = await paid(house)
    await house.quiet()
    assert house.webhooks(id) == await house.events(id)
    failed = [each for each in house.world.merchant.received if each.status // 100 != 2]
    assert len(failed) == behaviour.times
    # The event that failed blocked those behind it: nothing overtook it.
    assert {each.payload["sequence"] for each in failed if each.payload} == {1}


async def test_an_endpoint_that_drips_its_answer_holds_nothing_up(house: House) -> None:
    house.world.merchant.behave(Behaviour("drip", delay_s=5.0))
    id = await paid(house)
    await house.quiet(timeout_s=4.0)
    assert house.webhooks(id) == await house.events(id)


async def test_an_endpoint_that_is_gone_is_disabled_and_left_alone(house: House) -> None:
    house.world.merchant.behave(Behaviour("gone", 1))
    await paid(house)

    async def disabled() -> bool:
        return not (await endpoint_of(house))["enabled"]

    await until(disabled, "the endpoint is disabled")
    assert (await endpoint_of(house))["disabled_reason"] == "gone"
    await house.quiet()
    assert len(house.world.merchant.received) == 1
    assert {each["status"] for each in await deliveries(house)} == {"discarded"}


async def test_an_endpoint_that_stays_away_is_disabled_after_the_last_attempt(
    house: House,
) -> None:
    house.world.merchant.behave(Behaviour("error"))
    await paid(house)

    async def disabled() -> bool:
        return not (await endpoint_of(house))["enabled"]

    await until(disabled, "the endpoint is disabled")
    assert (await endpoint_of(house))["disabled_reason"] == "exhausted"
    attempts = max(each["attempts"] for each in await deliveries(house))
    assert attempts == len(house.settings.webhooks.retry_delays_s)


async def test_during_a_rotation_both_secrets_sign(house: House) -> None:
    endpoint = await endpoint_of(house)
    rotated = await house.client.post(f"/v1/webhook_endpoints/{endpoint['id']}/rotate_secret")
    assert rotated.status == 200
    assert rotated.json["secret"].startswith("whsec_")
    # The merchant still knows the old secret only.
    old = await paid(house)
    await house.quiet()
    assert house.webhooks(old) == await house.events(old)
    house.world.merchant.set_secrets(rotated.json["secret"])
    new = await paid(house)
    await house.quiet()
    assert house.webhooks(new) == await house.events(new)


async def test_a_foreign_secret_verifies_nothing(house: House) -> None:
    house.world.merchant.set_secrets("whsec_" + "QUJD" * 8)
    await paid(house)
    await house.world.merchant.until(lambda: bool(house.world.merchant.received))
    assert house.world.merchant.accepted() == []


async def test_an_event_is_delivered_again_on_demand_byte_for_byte(house: House) -> None:
    id = await paid(house)
    await house.quiet()
    first = house.webhooks(id)
    event = (await house.events(id))[-1]
    reply = await house.client.post(f"/v1/events/{event['id']}/replay")
    assert reply.status == 201
    await house.quiet()
    assert house.webhooks(id) == [*first, event]
    ids = [each.id for each in house.world.merchant.accepted()]
    assert ids.count(event["id"]) == 2


async def test_an_endpoint_hears_only_what_it_subscribed_to(house: House) -> None:
    endpoint = await endpoint_of(house)
    changed = await house.client.post(
        f"/v1/webhook_endpoints/{endpoint['id']}", {"event_types": ["payment.succeeded"]}
    )
    assert changed.status == 200
    id = await paid(house)
    await house.quiet()
    assert [each["type"] for each in house.webhooks(id)] == ["payment.succeeded"]


async def test_a_deleted_endpoint_hears_nothing_and_another_takes_over(house: House) -> None:
    endpoint = await endpoint_of(house)
    deleted = await house.client.send("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}")
    assert deleted.status == 200
    await paid(house)
    await house.quiet()
    assert house.world.merchant.received == []
    await listen(house.client, house.world)
    id = await paid(house)
    await house.quiet()
    assert house.webhooks(id) == await house.events(id)
