"""Who has a held payment in hand, and what of it is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sikka.domain.errors import UnprocessableRequest
from sikka.flows.claim import claim, note, release
from sikka.flows.review import decline
from tests.integration.flows.world import FlowWorld, shown


async def claimed(world: FlowWorld, id: str, key: str, reviewer: str | None) -> object:
    return shown(await claim(world.parts, id, world.analyst(id, "claim", key), reviewer))["claim"]


async def test_a_claim_keeps_others_away_until_it_runs_out(proved: FlowWorld) -> None:
    id = await proved.hold()
    taken = await claimed(proved, id, "c-1", "asha")
    until = proved.clock.now() + timedelta(seconds=proved.parts.review_policy.claim_s)
    assert taken == {
        "by": {"key_id": "key_1", "name": "asha"},
        "until": until.isoformat().replace("+00:00", "Z"),
    }
    proved.clock.move(proved.parts.review_policy.claim_s - 1)
    with pytest.raises(UnprocessableRequest) as refused:
        await claimed(proved, id, "c-2", "ravi")
    assert refused.value.code == "review_claimed"
    assert until.isoformat(timespec="seconds") in refused.value.message
    proved.clock.move(1)
    assert (await claimed(proved, id, "c-3", "ravi")) is not None
    with pytest.raises(UnprocessableRequest, match="ravi has the payment in hand"):
        await decline(proved.parts, id, proved.analyst(id, "decline", "d-1"), reviewer="asha")


async def test_whoever_has_it_in_hand_may_keep_it_longer(proved: FlowWorld) -> None:
    id = await proved.hold()
    await claimed(proved, id, "c-1", "asha")
    proved.clock.move(600)
    await claimed(proved, id, "c-2", "asha")
    proved.clock.move(600)
    with pytest.raises(UnprocessableRequest):
        await claimed(proved, id, "c-3", None)
    await release(proved.parts, id, proved.analyst(id, "release", "x-1"), "asha")
    await claimed(proved, id, "c-4", None)


async def test_claims_and_notes_are_no_steps_of_the_payment_and_are_audited(
    proved: FlowWorld,
) -> None:
    id = await proved.hold()
    proved.clock.move(1)
    await claimed(proved, id, "c-1", "asha")
    proved.clock.move(1)
    await note(proved.parts, id, proved.analyst(id, "note", "n-1"), "asha", "rang twice")
    proved.clock.move(1)
    await release(proved.parts, id, proved.analyst(id, "release", "x-1"), "asha")
    await release(proved.parts, id, proved.analyst(id, "release", "x-2"), "asha")
    assert (await proved.state(id)).payment.version == 1
    lines = [each for each in await proved.trail(id) if each.action.startswith("review.")]
    assert [each.action for each in lines] == ["review.claimed", "review.noted", "review.released"]
    assert {(each.user_id, each.metadata["reviewer"]) for each in lines} == {("key_1", "asha")}
    # What was said stays out of the trail, which is for ever.
    assert "rang" not in str([each.metadata for each in lines])


async def test_a_call_that_is_sent_again_is_answered_the_same(proved: FlowWorld) -> None:
    id = await proved.hold()
    first = await claim(proved.parts, id, proved.analyst(id, "claim", "c-1"), "asha")
    proved.clock.move(60)
    again = await claim(proved.parts, id, proved.analyst(id, "claim", "c-1"), "asha")
    assert (again.body, again.replayed) == (first.body, True)
    caller = proved.analyst(id, "note", "n-1")
    written = await note(proved.parts, id, caller, None, "once")
    assert (await note(proved.parts, id, caller, None, "once")).body == written.body
    assert len((await proved.parts.reviews.notes([id]))[id]) == 1
