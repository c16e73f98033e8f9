from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sikka.domain.errors import InvalidRequest, NotFound
from sikka.flows.fraud.thresholds import ThresholdsOrder, set_thresholds
from sikka.flows.parts import Answer
from sikka.ports import Page
from sikka_core import new_id
from tests.integration.flows.fraud.house import PolicyHouse, policy_house
from tests.integration.flows.world import shown

ORDER = ThresholdsOrder(55, 90, 1_000_000, None)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[PolicyHouse]:
    async with policy_house(database_url) as house:
        yield house


async def given(house: PolicyHouse, key: str, order: ThresholdsOrder = ORDER) -> Answer:
    return await set_thresholds(house.parts, house.merchant.id, order, house.caller(key))


async def test_a_merchant_has_none_until_it_is_given_its_own(house: PolicyHouse) -> None:
    assert await house.parts.fraud_policy.thresholds(house.merchant.id) is None
    answer = await given(house, "a")
    assert shown(answer) | {"updated_at": None} == {
        "object": "fraud_thresholds",
        "merchant_id": house.merchant.id,
        "review_score": "0.55",
        "decline_score": "0.90",
        "review_amount": 1_000_000,
        "decline_amount": None,
        "updated_by": "key_1",
        "updated_at": None,
    }
    stored = await house.parts.fraud_policy.thresholds(house.merchant.id)
    assert stored is not None
    assert (stored.review_amount_minor, stored.revision) == (1_000_000, 2)


async def test_a_change_says_what_it_was_and_what_it_is(house: PolicyHouse) -> None:
    await given(house, "a")
    await given(house, "b", replace(ORDER, decline_score_hundredths=101))
    await given(house, "c", replace(ORDER, decline_score_hundredths=101))
    records = await house.reader.audit(Page(10), merchant_id=house.merchant.id)
    first, second = sorted(
        (dict(each.metadata) for each in records), key=lambda each: each["revision"]
    )
    assert first["from"] is None
    assert second["from"] == first["to"]
    assert second["to"]["decline_score_hundredths"] == 101
    assert await house.parts.fraud_policy.revision() == 3


async def test_nobody_is_refused_from_less_on_than_reviewed(house: PolicyHouse) -> None:
    wrong: dict[str, Any] = {
        "decline_score": replace(ORDER, decline_score_hundredths=54),
        "decline_amount": replace(ORDER, decline_amount_minor=999_999),
    }
    for param, order in wrong.items():
        with pytest.raises(InvalidRequest) as caught:
            await given(house, "a", order)
        assert caught.value.param == param
    with pytest.raises(NotFound):
        await set_thresholds(house.parts, new_id("mer", 1, 0), ORDER, house.caller("b"))
    assert await house.parts.fraud_policy.revision() == 1


async def test_whoever_sets_them_at_once_comes_one_after_the_other(house: PolicyHouse) -> None:
    orders = [replace(ORDER, review_score_hundredths=n) for n in range(8)]
    await asyncio.gather(
        *(
            set_thresholds(house.gateways[n % 2], house.merchant.id, order, house.caller(f"k{n}"))
            for n, order in enumerate(orders)
        )
    )
    assert await house.parts.fraud_policy.revision() == 9
    records = await house.reader.audit(Page(10), merchant_id=house.merchant.id)
    steps = {each.metadata["revision"]: each.metadata for each in records}
    for number in range(3, 10):
        assert steps[number]["from"] == steps[number - 1]["to"]
