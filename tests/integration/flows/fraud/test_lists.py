from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sikka.domain.errors import InvalidRequest, NotFound
from sikka.domain.fraud.policy import FraudListEntry, ListField, ListKind
from sikka.flows.fraud.lists import EntryOrder, add_entries, add_entry, remove_entry
from sikka.flows.parts import Answer
from sikka.ports import Page
from sikka_core import new_id
from tests.integration.flows.fraud.house import PolicyHouse, policy_house
from tests.integration.flows.world import START, shown

BAD_VPA = EntryOrder(ListKind.BLOCK, ListField.VPA, "Thief@SimBank", "stolen phone")


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[PolicyHouse]:
    async with policy_house(database_url) as house:
        yield house


async def added(house: PolicyHouse, key: str, order: EntryOrder = BAD_VPA) -> Answer:
    return await add_entry(house.parts, house.merchant.id, order, house.caller(key))


async def there(house: PolicyHouse, **filters: Any) -> list[FraudListEntry]:
    return list(
        await house.parts.fraud_policy.list_entries(house.merchant.id, Page(100), **filters)
    )


async def audited(house: PolicyHouse) -> list[tuple[str, dict[str, Any]]]:
    records = await house.reader.audit(Page(100), merchant_id=house.merchant.id)
    by_revision = sorted(records, key=lambda each: each.metadata["revision"])
    return [(each.action, dict(each.metadata)) for each in by_revision]


async def test_a_value_is_kept_in_normal_form_with_who_put_it_there_and_why(
    house: PolicyHouse,
) -> None:
    answer = await added(house, "a")
    assert answer.status == 201
    (entry,) = await there(house)
    assert (entry.value, entry.reason, entry.created_by) == (
        "thief@simbank",
        "stolen phone",
        "key_1",
    )
    assert (entry.id, entry.revision, entry.merchant_id) == (
        shown(answer)["id"],
        2,
        house.merchant.id,
    )
    ((action, metadata),) = await audited(house)
    assert (action, metadata["entry_id"]) == ("fraud_list.added", entry.id)
    assert "thief" not in str(metadata)


async def test_a_value_that_is_there_already_is_changed_and_not_doubled(
    house: PolicyHouse,
) -> None:
    first = shown(await added(house, "a"))
    until = START + timedelta(days=7)
    changed = replace(BAD_VPA, value="thief@simbank", reason="again", expires_at=until)
    answer = await added(house, "b", changed)
    assert answer.status == 200
    (entry,) = await there(house)
    assert (entry.id, entry.reason, entry.expires_at) == (first["id"], "again", until)
    (_, (action, metadata)) = await audited(house)
    assert action == "fraud_list.changed"
    assert (metadata["from_reason"], metadata["reason"]) == ("stolen phone", "again")
    assert (metadata["from_expires_at"], metadata["expires_at"]) == (None, until.isoformat())
    assert (await added(house, "c", changed)).status == 200
    assert await house.parts.fraud_policy.revision() == 3


async def test_lists_merchants_and_fields_are_apart(house: PolicyHouse) -> None:
    for place, order in enumerate(
        (
            BAD_VPA,
            replace(BAD_VPA, kind=ListKind.ALLOW),
            replace(BAD_VPA, field=ListField.DEVICE),
        )
    ):
        assert (await added(house, f"k{place}", order)).status == 201
    for_all = await add_entry(house.parts, None, BAD_VPA, house.caller("all"))
    assert (for_all.status, shown(for_all)["merchant_id"]) == (201, None)
    assert len(await there(house)) == 3
    assert len(await house.parts.fraud_policy.list_entries(None, Page(10))) == 1
    assert len(await there(house, kind=ListKind.BLOCK)) == 2
    assert len(await there(house, field=ListField.VPA, value="thief@simbank")) == 2


async def test_what_breaks_a_rule_is_refused_and_nothing_is_kept(house: PolicyHouse) -> None:
    for order, param in (
        (replace(BAD_VPA, value="thief"), "value"),
        (replace(BAD_VPA, expires_at=START), "expires_at"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await added(house, "a", order)
        assert caught.value.param == param
    with pytest.raises(NotFound):
        await add_entry(house.parts, new_id("mer", 1, 0), BAD_VPA, house.caller("a"))
    assert await house.parts.fraud_policy.revision() == 1


async def test_a_value_is_taken_off_and_may_come_back(house: PolicyHouse) -> None:
    entry_id = shown(await added(house, "a"))["id"]
    off = await remove_entry(house.parts, entry_id, house.caller("b"))
    assert shown(off)["removed_at"] is not None
    assert await there(house) == []
    (gone,) = await there(house, removed=True)
    assert gone.id == entry_id
    again = await remove_entry(house.parts, entry_id, house.caller("c"))
    assert again.body == off.body
    assert shown(await added(house, "d"))["id"] != entry_id
    actions = [action for action, _ in await audited(house)]
    assert actions == ["fraud_list.added", "fraud_list.removed", "fraud_list.added"]
    with pytest.raises(NotFound):
        await remove_entry(house.parts, new_id("lst", 1, 0), house.caller("e"))


async def test_a_late_repetition_puts_nothing_back(house: PolicyHouse) -> None:
    entry_id = shown(await added(house, "a"))["id"]
    unchanged = await added(house, "b")
    await remove_entry(house.parts, entry_id, house.caller("c"))
    late = await added(house, "b")
    assert (late.body, late.replayed) == (unchanged.body, True)
    assert await there(house) == []


def many(count: int) -> list[EntryOrder]:
    return [replace(BAD_VPA, value=f"thief.{n}@simbank") for n in range(count)]


async def test_many_values_are_put_there_at_once(house: PolicyHouse) -> None:
    await added(house, "a", replace(BAD_VPA, value="thief.1@simbank", reason="before"))
    await added(house, "b", replace(BAD_VPA, value="thief.2@simbank"))
    answer = await add_entries(house.parts, house.merchant.id, many(2_000), house.caller("c"))
    assert answer.status == 201
    counts = {"added": 1_998, "changed": 1, "unchanged": 1}
    assert shown(answer) == {"object": "fraud_list_bulk", **counts}
    assert await house.parts.fraud_policy.revision() == 4
    values = [each.value for each in many(2_000)]
    stored = await house.parts.fraud_policy.entries_of(house.merchant.id, ListField.VPA, values)
    assert {each.value for each in stored} == set(values)
    assert {each.reason for each in stored} == {"stolen phone"}
    ((_, _), (_, _), (action, metadata)) = await audited(house)
    assert (action, metadata) == ("fraud_list.bulk_added", {**counts, "revision": 4})
    again = await add_entries(house.parts, house.merchant.id, many(2_000), house.caller("d"))
    assert shown(again) == {"object": "fraud_list_bulk", "added": 0, "changed": 0,
                            "unchanged": 2_000}  # fmt: skip
    assert await house.parts.fraud_policy.revision() == 4


async def test_of_many_values_one_that_is_wrong_keeps_all_out(house: PolicyHouse) -> None:
    for wrong, param in (
        (replace(BAD_VPA, value="thief"), "entries[3].value"),
        (replace(BAD_VPA, value="THIEF.1@simbank"), "entries[3].value"),
        (replace(BAD_VPA, expires_at=START), "entries[3].expires_at"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await add_entries(house.parts, house.merchant.id, [*many(3), wrong], house.caller("a"))
        assert caught.value.param == param
    assert await there(house) == []


async def test_a_value_that_many_put_there_at_once_stands_there_once(house: PolicyHouse) -> None:
    answers = await asyncio.gather(
        *(
            add_entry(house.gateways[n % 2], house.merchant.id, BAD_VPA, house.caller(f"k{n}"))
            for n in range(10)
        )
    )
    assert sorted(each.status for each in answers) == [200] * 9 + [201]
    assert len(await there(house)) == 1
