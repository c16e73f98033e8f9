"""Whoever is at a held payment at the same moment, in whichever process: one of them wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sikka.domain.errors import IdempotencyKeyInUse, UnprocessableRequest
from sikka.domain.payment import Stage
from sikka.domain.review import ReviewStatus
from sikka.flows.claim import claim, note
from sikka.flows.expire import expire
from sikka.flows.parts import Answer
from sikka.flows.review import approve, decline
from tests.integration.flows.world import PENDING, FlowWorld

ROUNDS = 4
LOST = {"review_claimed", "review_decided"}


async def contest(*calls: Awaitable[Answer | None]) -> list[object]:
    """The answers, and for those who lost the code that they were told."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    told: list[object] = []
    for result in results:
        if isinstance(result, UnprocessableRequest):
            told.append(result.code)
        elif isinstance(result, BaseException):
            raise result
        else:
            told.append(result)
    return told


@pytest.fixture(params=range(ROUNDS))
async def held(request: pytest.FixtureRequest, proved: FlowWorld) -> str:
    """A held payment, once more each time; the customer's rail takes whatever is sent."""
    proved.rail.says.extend([PENDING] * 4)
    return await proved.hold(f"order-{request.param}")


def deciding(
    world: FlowWorld, call: Callable[..., Awaitable[Answer]], id: str, who: str
) -> Awaitable[Answer]:
    return call(world.parts, id, world.analyst(id, call.__name__, f"{who}-d"), reviewer=who)


async def test_of_many_who_claim_one_has_it(proved: FlowWorld, rival: FlowWorld, held: str) -> None:
    told = await contest(
        *(
            claim(world.parts, held, world.analyst(held, "claim", f"{who}-c"), who)
            for who, world in zip("abcdefgh", [proved, rival] * 4, strict=True)
        )
    )
    assert sorted(map(str, told)).count("review_claimed") == 7
    holder = (await proved.case(held)).review.claim_at(proved.clock.now())
    assert holder is not None
    assert isinstance(told["abcdefgh".index(str(holder.by))], Answer)


async def test_of_many_who_decide_one_does(proved: FlowWorld, rival: FlowWorld, held: str) -> None:
    told = await contest(
        deciding(proved, approve, held, "a"),
        deciding(rival, decline, held, "b"),
        deciding(rival, approve, held, "c"),
        deciding(proved, decline, held, "d"),
    )
    assert told.count("review_decided") == 3
    state, review = await proved.state(held), (await proved.case(held)).review
    assert isinstance(told["abcd".index(str(review.decider))], Answer)
    sent = [what for what, _ in proved.rail.sent]
    if review.status is ReviewStatus.APPROVED:
        assert (state.payment.stage, sent) == (Stage.SUBMITTED, ["collect"])
    else:
        assert (state.payment.stage, sent) == (Stage.CANCELLED, [])


async def test_a_claim_and_a_decision_of_others_exclude_each_other(
    proved: FlowWorld, rival: FlowWorld, held: str
) -> None:
    told = await contest(
        deciding(proved, decline, held, "asha"),
        claim(rival.parts, held, rival.analyst(held, "claim", "ravi-c"), "ravi"),
    )
    review = (await proved.case(held)).review
    if review.status is ReviewStatus.DECLINED:
        assert told[1] == "review_decided"
    else:
        assert told[0] == "review_claimed"
        assert str(review.claim_reviewer) == "ravi"


async def test_a_person_and_the_clock_exclude_each_other(
    proved: FlowWorld, rival: FlowWorld, held: str
) -> None:
    proved.clock.move(proved.parts.review_policy.timeout_s)
    state = await proved.state(held)
    told = await contest(
        expire(rival.parts, state),
        deciding(proved, approve, held, "asha"),
        expire(proved.parts, state),
        deciding(rival, decline, held, "ravi"),
    )
    review = (await proved.case(held)).review
    lost = 2 if review.status is ReviewStatus.EXPIRED else 1
    assert [each for each in told if each in LOST] == ["review_decided"] * lost
    stages = {
        ReviewStatus.EXPIRED: Stage.EXPIRED,
        ReviewStatus.APPROVED: Stage.SUBMITTED,
        ReviewStatus.DECLINED: Stage.CANCELLED,
    }
    assert (await proved.state(held)).payment.stage is stages[review.status]


async def test_notes_that_are_written_at_once_all_stay(
    proved: FlowWorld, rival: FlowWorld, held: str
) -> None:
    await contest(
        *(
            note(world.parts, held, world.analyst(held, "note", f"n-{number}"), "asha", str(number))
            for number, world in enumerate([proved, rival] * 3)
        ),
        deciding(rival, decline, held, "ravi"),
    )
    notes = (await proved.parts.reviews.notes([held]))[held]
    assert sorted(each.text for each in notes) == ["0", "1", "2", "3", "4", "5"]
    review = (await proved.case(held)).review
    assert (review.status, review.notes_made) == (ReviewStatus.DECLINED, 6)


async def test_a_decision_that_is_sent_twice_at_once_is_one(
    proved: FlowWorld, rival: FlowWorld, held: str
) -> None:
    async def once(world: FlowWorld) -> Answer | None:
        try:
            return await deciding(world, approve, held, "asha")
        except IdempotencyKeyInUse:
            return None

    told = await contest(*(once(world) for world in [proved, rival] * 3))
    bodies = {each.body for each in told if isinstance(each, Answer)}
    assert len(bodies) == 1
    assert LOST.isdisjoint(map(str, told))
    assert [what for what, _ in proved.rail.sent] == ["collect"]
