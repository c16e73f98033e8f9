from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sikka.domain.errors import IdempotencyMismatch, NotFound
from sikka.domain.fraud.policy import FraudThresholds
from sikka.flows.fraud.policy import PolicyStep, Revision, revise
from sikka.flows.parts import Answer, Caller, Parts
from sikka.ports import Page
from tests.integration.flows.fraud.house import PolicyHouse, policy_house

Build = Any


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[PolicyHouse]:
    async with policy_house(database_url) as house:
        yield house


def adds(house: PolicyHouse, id: str) -> Build:
    """A change that gives `id` thresholds, and answers with the revision that it makes."""

    async def build(revision: Revision) -> PolicyStep:
        row = FraudThresholds(
            id=id,
            review_score_hundredths=50,
            decline_score_hundredths=90,
            review_amount_minor=None,
            decline_amount_minor=None,
            updated_by="key_1",
            updated_at=revision.at,
            revision=revision.number,
        )
        return PolicyStep(
            action="fraud_thresholds.set",
            status="set",
            merchant_id=house.merchant.id,
            metadata={"id": id},
            answer=Answer(201, f"{id} at {revision.number}".encode()),
            inserts=(row,),
        )

    return build


async def revised(parts: Parts, caller: Caller, build: Build) -> Answer:
    return await revise(parts, caller, build)


async def test_a_change_is_one_revision_with_its_row_and_its_audit_record(
    house: PolicyHouse,
) -> None:
    before = await house.parts.fraud_policy.revision()
    answer = await revised(house.parts, house.caller("a"), adds(house, "one"))
    assert answer == Answer(201, f"one at {before + 1}".encode())
    assert await house.parts.fraud_policy.revision() == before + 1
    (record,) = await house.reader.audit(Page(10), merchant_id=house.merchant.id)
    assert (record.action, record.user_id) == ("fraud_thresholds.set", "key_1")
    assert record.metadata == {"id": "one", "revision": before + 1}
    told = {"merchant_id": house.merchant.id, "revision": before + 1}
    assert house.heard == [("fraud_thresholds.set", told)]


async def test_the_same_request_again_is_answered_the_same_and_changes_nothing(
    house: PolicyHouse,
) -> None:
    first = await revised(house.parts, house.caller("a"), adds(house, "one"))
    again = await revised(house.gateways[1], house.caller("a"), adds(house, "two"))
    assert (again.body, again.replayed) == (first.body, True)
    assert await house.parts.fraud_policy.revision() == 2
    with pytest.raises(IdempotencyMismatch):
        await revised(house.parts, house.caller("a", "other"), adds(house, "one"))


async def test_changes_at_the_same_moment_are_made_one_after_the_other(
    house: PolicyHouse,
) -> None:
    answers = await asyncio.gather(
        *(
            revised(house.gateways[n % 2], house.caller(f"k{n}"), adds(house, f"id{n}"))
            for n in range(24)
        )
    )
    numbers = sorted(int(answer.body.split()[-1]) for answer in answers)
    assert numbers == list(range(2, 26))
    assert await house.parts.fraud_policy.revision() == 25


async def test_the_same_request_at_the_same_moment_is_carried_out_once(
    house: PolicyHouse,
) -> None:
    answers = await asyncio.gather(
        *(revised(house.gateways[n % 2], house.caller("a"), adds(house, "one")) for n in range(8))
    )
    assert {answer.body for answer in answers} == {b"one at 2"}
    assert sum(not answer.replayed for answer in answers) == 1
    assert await house.parts.fraud_policy.revision() == 2


async def test_what_cannot_be_decided_changes_nothing_and_keeps_the_key_free(
    house: PolicyHouse,
) -> None:
    async def build(revision: Revision) -> PolicyStep:
        raise NotFound(param=f"at {revision.number}")

    with pytest.raises(NotFound):
        await revised(house.parts, house.caller("a"), build)
    assert await house.parts.fraud_policy.revision() == 1
    assert not (await revised(house.parts, house.caller("a"), adds(house, "one"))).replayed


async def test_an_answer_without_a_change_is_kept_under_the_key_and_makes_no_revision(
    house: PolicyHouse,
) -> None:
    async def build(revision: Revision) -> Answer:
        return Answer(200, f"as at {revision.number - 1}".encode())

    assert (await revised(house.parts, house.caller("a"), build)).body == b"as at 1"
    assert await house.parts.fraud_policy.revision() == 1
    assert house.heard == []
    late = await revised(house.parts, house.caller("a"), adds(house, "one"))
    assert (late.body, late.replayed) == (b"as at 1", True)
    assert await house.parts.fraud_policy.revision() == 1


async def test_a_loser_that_finds_the_state_changed_by_its_own_twin_is_answered_as_the_twin(
    house: PolicyHouse,
) -> None:
    taken = asyncio.Event()

    async def late(revision: Revision) -> PolicyStep:
        await taken.wait()
        raise NotFound(param=f"at {revision.number}")

    waiting = asyncio.create_task(revised(house.gateways[1], house.caller("a"), late))
    first = await revised(house.parts, house.caller("a"), adds(house, "one"))
    taken.set()
    assert (await waiting).body == first.body
