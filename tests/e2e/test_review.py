"""A payment that is too large to pass by itself waits for a person, or for its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e import orders
from tests.e2e.client import Client
from tests.e2e.configuration import Keys, Place
from tests.e2e.house import House, house_at

LARGE = 5_000_000
HELD = {"fraud": {"review_amount_minor": LARGE}}


@pytest.fixture
async def house(place: Place, keys: Keys) -> AsyncIterator[House]:
    """A house in which a large amount is held."""
    async with house_at(place, keys, HELD) as house:
        yield house


@pytest.fixture
async def analyst(house: House) -> AsyncIterator[Client]:
    """Somebody who may review, and nothing else."""
    made = await house.admin.post(
        "/v1/api_keys", {"merchant_id": house.tenant.merchant_id, "scopes": ["reviews"]}
    )
    async with Client(house.gateway.url, made.json["secret"]) as client:
        yield client


async def held(house: House, vpa: str = "asha@simbank") -> str:
    """The id of a payment that is held."""
    payment = await house.pay(orders.collect(vpa, LARGE))
    assert (payment["status"], payment["stage"]) == ("PENDING", "in_review")
    assert payment["next_action"] is None
    return str(payment["id"])


async def told(house: House, id: str) -> list[str]:
    """What the merchant was told of a payment, after all is proved; sent at most once."""
    await house.quiet()
    await house.prove()
    payment = await house.payment(id)
    sent = house.world.npci.record.messages(payment["external_txn_id"], "ReqPay")
    assert len(sent) == (1 if "payment.reviewed" in await types(house, id) else 0)
    assert house.webhooks(id) == await house.events(id)
    return [each for each in await types(house, id) if each != "payment.submitted"]


async def types(house: House, id: str) -> list[str]:
    return [event["type"] for event in await house.events(id)]


async def test_a_held_payment_is_claimed_approved_and_paid(house: House, analyst: Client) -> None:
    id = await held(house)
    (waiting,) = await analyst.all("/v1/reviews")
    assert (waiting["id"], waiting["state"]) == (id, "open")
    assessment = await analyst.get(f"/v1/fraud/assessments/{id}")
    assert waiting["reasons"] == assessment["reasons"] != []
    claimed = await analyst.post(f"/v1/reviews/{id}/claim", {"reviewer": "asha"})
    assert (claimed.status, claimed.json["state"]) == (200, "claimed")
    noted = await analyst.post(
        f"/v1/reviews/{id}/note", {"reviewer": "asha", "text": "rang the customer"}
    )
    assert noted.status == 201
    refused = await analyst.post(f"/v1/reviews/{id}/approve", {"reviewer": "ravi"})
    assert (refused.status, refused.json["error"]["code"]) == (409, "review_claimed")
    done = await analyst.post(
        f"/v1/reviews/{id}/approve", {"reviewer": "asha", "note": "it is hers"}, "approve-1"
    )
    assert done.status == 201, done.body
    again = await analyst.post(
        f"/v1/reviews/{id}/approve", {"reviewer": "asha", "note": "it is hers"}, "approve-1"
    )
    assert (again.status, again.body) == (done.status, done.body)
    payment = await house.ended(id)
    assert (payment["status"], payment["captured_amount"]) == ("SUCCESS", LARGE)
    assert await told(house, id) == ["payment.in_review", "payment.reviewed", "payment.succeeded"]
    review = await analyst.get(f"/v1/reviews/{id}")
    assert (review["state"], review["decision"]["by"]["name"]) == ("approved", "asha")
    assert [each["text"] for each in review["notes"]] == ["rang the customer", "it is hers"]
    trail = await house.archive.actions(id)
    assert trail[:4] == ["payment.in_review", "review.claimed", "review.noted", "payment.reviewed"]
    assert (await analyst.post("/v1/payments", orders.collect("asha@simbank"))).status == 403


async def test_a_held_payment_that_is_declined_was_never_sent(
    house: House, analyst: Client
) -> None:
    id = await held(house)
    done = await analyst.post(f"/v1/reviews/{id}/decline", {"note": "stolen phone"})
    assert (done.status, done.json["stage"]) == (200, "cancelled")
    assert done.json["failure"]["code"] == "review_declined"
    assert await told(house, id) == ["payment.in_review", "payment.failed"]
    assert await house.bookings(id) == []
    assert await analyst.all("/v1/reviews") == []


async def test_a_held_code_cannot_be_scanned_before_it_is_approved(
    house: House, analyst: Client
) -> None:
    payment = await house.pay(orders.qr(LARGE))
    path = f"/v1/payments/{payment['id']}/qr"
    assert (await house.client.send("GET", path)).status == 422
    done = await analyst.post(f"/v1/reviews/{payment['id']}/approve")
    assert (done.status, done.json["stage"]) == (200, "action_required")
    assert (await house.client.send("GET", path)).status == 200


async def test_of_two_reviewers_at_once_one_wins(house: House, analyst: Client) -> None:
    ids = [await held(house, f"asha.{number}@simbank") for number in range(6)]

    async def both(id: str) -> list[tuple[int, dict[str, Any]]]:
        replies = await asyncio.gather(
            analyst.post(f"/v1/reviews/{id}/approve", {"reviewer": "asha"}),
            house.admin.post(f"/v1/reviews/{id}/decline", {"reviewer": "ravi"}),
        )
        return [(each.status, each.json) for each in replies]

    for id, (approval, refusal) in zip(ids, await asyncio.gather(*map(both, ids)), strict=True):
        won = "approved" if approval[0] == 201 else "declined"
        loser = refusal if won == "approved" else approval
        assert (loser[0], loser[1]["error"]["code"]) == (409, "review_decided")
        assert f"was {won} by " in loser[1]["error"]["message"]
        payment = await house.ended(id)
        assert payment["status"] == ("SUCCESS" if won == "approved" else "FAILED")
        assert (await analyst.get(f"/v1/reviews/{id}"))["state"] == won
    for id in ids:
        assert len(await told(house, id)) in (2, 3)


@pytest.mark.parametrize(
    ("action", "stage", "failure", "events"),
    [
        ("expire", "expired", "review_timed_out", ["payment.expired"]),
        ("approve", "captured", None, ["payment.reviewed", "payment.succeeded"]),
        ("decline", "cancelled", "review_declined", ["payment.failed"]),
    ],
)
async def test_time_decides_when_nobody_does(
    place: Place, keys: Keys, action: str, stage: str, failure: str | None, events: list[str]
) -> None:
    soon = {"review_timeout_s": 0.3, "review_timeout_action": action}
    async with house_at(place, keys, {"fraud": {**HELD["fraud"], **soon}}) as house:
        id = await held(house)
        payment = await house.reached(id, stage)
        assert (payment["failure"] or {"code": None})["code"] == failure
        review = await house.admin.get(f"/v1/reviews/{id}")
        assert review["state"] == {"expire": "expired", "approve": "approved"}.get(
            action, "declined"
        )
        assert review["decision"]["by"] is None
        assert await told(house, id) == ["payment.in_review", *events]
