from __future__ import annotations

from typing import Any

import pytest

from sikka.domain.fraud.assessment import Decision
from sikka.domain.merchant import Scope
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed

ANALYST = (Scope.REVIEWS,)


async def held(client: Client, world: World, headers: dict[str, str]) -> dict[str, Any]:
    world.fraud.decision = Decision.REVIEW
    response = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    payment: dict[str, Any] = await response.json()
    assert payment["stage"] == "in_review"
    return payment


async def got(client: Client, path: str, headers: dict[str, str]) -> dict[str, Any]:
    response = await client.get(path, headers=headers)
    assert response.status == 200, await response.text()
    body: dict[str, Any] = await response.json()
    return body


async def posted(
    client: Client, path: str, headers: dict[str, str], body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    response = await client.post(path, json=body, headers=keyed(headers))
    return response.status, await response.json()


async def listed(client: Client, headers: dict[str, str], query: str = "") -> list[str]:
    return [each["id"] for each in (await got(client, f"/v1/reviews{query}", headers))["data"]]


@pytest.fixture
async def case(client: Client, world: World) -> tuple[str, dict[str, str]]:
    """The path of a held payment's review, and the headers of an analyst."""
    merchant = world.new_merchant()
    payment = await held(client, world, world.headers(merchant=merchant))
    return f"/v1/reviews/{payment['id']}", world.headers(*ANALYST, merchant=merchant)


async def test_a_review_has_what_a_person_needs_to_decide(
    client: Client, case: tuple[str, dict[str, str]]
) -> None:
    path, analyst = case
    (listed_review,) = (await got(client, "/v1/reviews", analyst))["data"]
    review = await got(client, path, analyst)
    assert (review["object"], review["id"], review["state"]) == (
        "review",
        path.rpartition("/")[2],
        "open",
    )
    payment = review["payment"]
    assert (payment["amount"], payment["upi"]["vpa"]) == (129_900, "asha@simbank")
    assert payment["fraud"]["risk_level"] == "VERY_LOW"
    assert payment["assessment"]["features"] == {"amount": 129_900}
    assert (review["reasons"], review["claim"], review["decision"]) == (["none"], None, None)
    assert review["due_at"] == payment["expires_at"]
    # The list leaves the features out.
    del payment["assessment"]
    assert listed_review == review


@pytest.mark.parametrize(
    ("decision", "stage", "state"),
    [("approve", "submitted", "approved"), ("decline", "cancelled", "declined")],
)
async def test_a_person_decides_about_a_payment_that_waits(
    client: Client, case: tuple[str, dict[str, str]], decision: str, stage: str, state: str
) -> None:
    path, analyst = case
    own, body = keyed(analyst), {"note": "known", "reviewer": "asha"}
    response = await client.post(f"{path}/{decision}", json=body, headers=own)
    assert response.status in (200, 201)
    assert (await response.json())["stage"] == stage
    again = await client.post(f"{path}/{decision}", json=body, headers=own)
    assert await again.read() == await response.read()
    assert await listed(client, analyst) == []
    review = await got(client, path, analyst)
    assert (review["state"], review["decision"]["by"]["name"]) == (state, "asha")
    assert [(each["text"], each["by"]["name"]) for each in review["notes"]] == [("known", "asha")]
    assert await listed(client, analyst, f"?state={state}") == [review["id"]]
    status, late = await posted(client, f"{path}/decline", analyst, {"reviewer": "ravi"})
    assert (status, late["error"]["code"]) == (409, "review_decided")
    assert f"was {state} by asha at " in late["error"]["message"]


async def test_a_payment_in_hand_is_kept_from_everybody_else(
    client: Client, case: tuple[str, dict[str, str]]
) -> None:
    path, analyst = case
    status, claimed = await posted(client, f"{path}/claim", analyst, {"reviewer": "asha"})
    assert (status, claimed["state"], claimed["claim"]["by"]["name"]) == (200, "claimed", "asha")
    for call in ("claim", "release", "approve", "decline"):
        for body in ({"reviewer": "ravi"}, None):
            status, refused = await posted(client, f"{path}/{call}", analyst, body)
            assert (status, refused["error"]["code"]) == (409, "review_claimed")
            until = claimed["claim"]["until"][:19]
            assert f"asha has the payment in hand until {until}" in refused["error"]["message"]
    status, renewed = await posted(client, f"{path}/claim", analyst, {"reviewer": "asha"})
    assert (status, renewed["claim"]["until"] > claimed["claim"]["until"]) == (200, True)
    status, _ = await posted(client, f"{path}/approve", analyst, {"reviewer": "asha"})
    assert status == 201


async def test_a_payment_that_is_given_back_is_anybodys(
    client: Client, case: tuple[str, dict[str, str]]
) -> None:
    path, analyst = case
    await posted(client, f"{path}/claim", analyst, {"reviewer": "asha"})
    status, review = await posted(client, f"{path}/release", analyst, {"reviewer": "asha"})
    assert (status, review["state"], review["claim"]) == (200, "open", None)
    status, review = await posted(client, f"{path}/release", analyst, {"reviewer": "ravi"})
    assert (status, review["state"]) == (200, "open")
    assert (await posted(client, f"{path}/claim", analyst))[0] == 200


async def test_the_queue_tells_the_sorts_of_waiting_apart(
    client: Client, world: World, case: tuple[str, dict[str, str]]
) -> None:
    path, analyst = case
    id = path.rpartition("/")[2]

    async def shown() -> dict[str, bool]:
        queries = ("waiting", "open", "claimed", "mine", "mine&reviewer=asha", "declined")
        return {each: await listed(client, analyst, f"?state={each}") == [id] for each in queries}

    unclaimed = await shown()
    assert [each for each, found in unclaimed.items() if found] == ["waiting", "open"]
    await posted(client, f"{path}/claim", analyst, {"reviewer": "asha"})
    by_asha = await shown()
    assert [each for each, found in by_asha.items() if found] == [
        "waiting",
        "claimed",
        "mine&reviewer=asha",
    ]
    await posted(client, f"{path}/release", analyst, {"reviewer": "asha"})
    await posted(client, f"{path}/claim", analyst)
    by_key = await shown()
    assert [each for each, found in by_key.items() if found] == ["waiting", "claimed", "mine"]
    assert await listed(client, analyst, "?risk_level=VERY_LOW&order=newest") == [id]
    assert await listed(client, analyst, "?risk_level=HIGH") == []


async def test_notes_stay_with_who_and_when(
    client: Client, case: tuple[str, dict[str, str]]
) -> None:
    path, analyst = case
    own, body = keyed(analyst), {"text": "rang twice — कोई नहीं", "reviewer": "asha"}
    first = await client.post(f"{path}/note", json=body, headers=own)
    assert first.status == 201
    note = await first.json()
    assert (note["text"], note["by"]["name"]) == (body["text"], "asha")
    assert (await client.post(f"{path}/note", json=body, headers=own)).headers[
        "Idempotent-Replayed"
    ] == "true"
    await posted(client, f"{path}/decline", analyst)
    status, later = await posted(client, f"{path}/note", analyst, {"text": "it was fraud"})
    assert (status, later["by"]["name"]) == (201, None)
    assert (await got(client, path, analyst))["notes"] == [note, later]


async def test_a_review_takes_a_hundred_notes_and_a_last_word(
    client: Client, case: tuple[str, dict[str, str]]
) -> None:
    path, analyst = case
    for number in range(100):
        status, _ = await posted(client, f"{path}/note", analyst, {"text": str(number)})
        assert status == 201
    status, refused = await posted(client, f"{path}/note", analyst, {"text": "one more"})
    assert (status, refused["error"]["code"]) == (422, "state_invalid")
    assert (await posted(client, f"{path}/decline", analyst, {"note": "enough"}))[0] == 200
    assert len((await got(client, path, analyst))["notes"]) == 101


@pytest.mark.parametrize("reviewer", ["", " asha", "asha ", "a\tb", "asha\n", "x" * 65])
async def test_a_reviewers_name_is_refused_that_could_be_mistaken_for_another(
    client: Client, case: tuple[str, dict[str, str]], reviewer: str
) -> None:
    path, analyst = case
    for call in ("claim", "release", "approve", "decline"):
        status, refused = await posted(client, f"{path}/{call}", analyst, {"reviewer": reviewer})
        assert (status, refused["error"]["param"]) == (400, "reviewer")
    assert (await got(client, path, analyst))["state"] == "open"


async def test_nobody_decides_for_another_merchant_or_without_the_scope(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    shop = world.headers(Scope.PAYMENTS, Scope.REFUNDS, Scope.READ, merchant=merchant)
    payment = await held(client, world, shop)
    path = f"/v1/reviews/{payment['id']}"
    stranger = world.headers(*ANALYST)
    assert (await client.get(path, headers=stranger)).status == 404
    assert await listed(client, stranger) == []
    for call in ("claim", "release", "approve", "decline"):
        assert (await posted(client, f"{path}/{call}", stranger))[0] == 404
        assert (await posted(client, f"{path}/{call}", shop))[0] == 403
    assert (await posted(client, f"{path}/note", shop, {"text": "hi"}))[0] == 403
    analyst = world.headers(*ANALYST, merchant=merchant)
    assert (await posted(client, "/v1/payments", analyst, collect()))[0] == 403
    assert await got(client, f"/v1/payments/{payment['id']}", analyst) == payment


async def test_a_payment_that_was_never_held_has_no_review(client: Client, world: World) -> None:
    headers = world.headers(Scope.PAYMENTS, Scope.REVIEWS)
    _, payment = await posted(client, "/v1/payments", headers, collect())
    path = f"/v1/reviews/{payment['id']}"
    assert (await client.get(path, headers=headers)).status == 404
    assert (await posted(client, f"{path}/approve", headers))[0] == 404


async def test_an_assessment_is_read_by_its_payment(client: Client, world: World) -> None:
    headers = world.headers()
    payment = await held(client, world, headers)
    url = f"/v1/fraud/assessments/{payment['id']}"
    body = await (await client.get(url, headers=headers)).json()
    assert (body["payment_id"], body["decision"]) == (payment["id"], "REVIEW")
    assert body["risk_score"] == "0.04"
    assert body["explanation"][0].startswith("The payment was held for a person: a very low risk")
    assert (await client.get(url, headers=world.headers())).status == 404
