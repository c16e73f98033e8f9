from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sikka.domain.errors import InvalidRequest, NotFound, SikkaError, UnprocessableRequest
from sikka.domain.fraud.model import CONTENT_BYTES_MAX, FraudModelFile, ModelPackage, ModelState
from sikka.flows.fraud.models import challenge, install, promote, register, rollback
from sikka.fraud.models.document import JSON_BYTES_MAX
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import one
from sikka.ports import Page
from sikka_core import FEATURE_NAMES, Model
from tests.integration.flows.fraud.desk import Desk, body
from tests.integration.flows.fraud.house import PolicyHouse, policy_house
from tests.unit.fraud.models.made import packed, stump

CHAMPION, CHALLENGER, SHADOW = ModelState.CHAMPION, ModelState.CHALLENGER, ModelState.SHADOW


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[PolicyHouse]:
    async with policy_house(database_url) as house:
        yield house


@pytest.fixture
def desk(house: PolicyHouse) -> Desk:
    return Desk(house)


async def test_a_model_is_registered_with_its_file_and_does_nothing_yet(
    house: PolicyHouse, desk: Desk
) -> None:
    package = packed("v1")
    status, view = body(await register(house.parts, package, desk.caller()))
    assert (status, view["version"], view["state"]) == (201, "v1", "registered")
    assert view["metrics"]["average_precision"] == 0.7
    assert (view["created_by"], view["promoted_at"]) == ("key_1", None)
    model = await desk.model("v1")
    assert (model.document, model.checksum) == (package.document, package.checksum)
    where = MAPPINGS[FraudModelFile].table.c.id == model.id
    stored = await one(house.database, MAPPINGS[FraudModelFile], where)
    assert stored == FraudModelFile(model.id, package.content)
    assert await house.parts.fraud_models.in_force() == {}
    (line,) = await desk.trail()
    assert (line.action, line.user_id, line.status) == (
        "fraud_model.registered", "key_1", "registered",
    )  # fmt: skip
    assert line.metadata == {"version": "v1", "checksum": package.checksum, "revision": 2}


async def test_the_same_model_again_is_no_change_and_other_content_is_refused(
    house: PolicyHouse, desk: Desk
) -> None:
    _, first = body(await register(house.parts, packed("v1"), desk.caller()))
    assert body(await register(house.parts, packed("v1"), desk.caller())) == (200, first)
    for other in (
        packed("v1", stump(bound=7.0)),
        packed("v1", metrics={"average_precision": 0.99}),
    ):
        with pytest.raises(SikkaError) as refused:
            await register(house.parts, other, desk.caller())
        assert (refused.value.code, refused.value.param) == ("model_version_taken", "version")
    assert await house.parts.fraud_policy.revision() == 2


def spoilt(package: ModelPackage, how: str) -> ModelPackage:
    match how:
        case "cut short":
            return replace(package, content=package.content[:-1])
        case "no model":
            return replace(package, content=b"a poem")
        case "another model":
            return replace(package, content=stump(bound=7.0).to_bytes())
        case "too long":
            return replace(package, content=bytes(CONTENT_BYTES_MAX + 1))
        case "another schema":
            return packed("v1", stump(schema_version=999))
        case "another schema inside":
            return _with(package, stump(schema_version=999))
        case "no schema":
            return _with(package, stump(schema_version=None))
        case "features in another order":
            return packed("v1", stump(feature_names=FEATURE_NAMES[::-1]))
        case "features without names":
            return _with(package, stump(feature_names=None))
    raise AssertionError(how)


def _with(package: ModelPackage, trees: Model) -> ModelPackage:
    return replace(package, content=trees.to_bytes(), checksum=trees.checksum)


@pytest.mark.parametrize(
    ("how", "code", "param"),
    [
        ("cut short", "model_invalid", "content"),
        ("no model", "model_invalid", "content"),
        ("another model", "model_invalid", "checksum"),
        ("too long", "model_invalid", "content"),
        ("another schema", "model_schema_mismatch", "schema_version"),
        ("another schema inside", "model_schema_mismatch", "schema_version"),
        ("no schema", "model_schema_mismatch", "schema_version"),
        ("features in another order", "model_schema_mismatch", "features"),
        ("features without names", "model_schema_mismatch", "features"),
    ],
)
async def test_what_is_not_a_model_for_this_program_is_refused_by_name(
    house: PolicyHouse, desk: Desk, how: str, code: str, param: str
) -> None:
    bad = spoilt(packed("v1"), how)
    for attempt in (register(house.parts, bad, desk.caller()), installed(house, desk, bad)):
        with pytest.raises(InvalidRequest) as refused:
            await attempt
        assert (refused.value.code, refused.value.param) == (code, param)
    assert await house.parts.fraud_models.models(Page(1)) == []
    assert await house.parts.fraud_policy.revision() == 1


async def installed(house: PolicyHouse, desk: Desk, package: ModelPackage) -> Any:
    return await install(house.parts, package, desk.caller(), promoted=True)


def many_stumps(count: int) -> Model:
    """A model of many trees."""
    return stump(
        tree_sizes=array("i", [3] * count),
        left=array("i", [1, -1, -1] * count),
        right=array("i", [2, -1, -1] * count),
        feature=array("i", [0] * (3 * count)),
        threshold=array("f", [value for at in range(count) for value in (at, 0, 0)]),
        default_left=array("B", [0] * (3 * count)),
        value=array("f", [0.0, -1.0, 1.0] * count),
        cover=array("f", [10.0, 5.0, 5.0] * count),
    )


async def test_the_largest_model_and_document_fit_the_database(
    house: PolicyHouse, desk: Desk
) -> None:
    bytes_per_tree = (len(many_stumps(2_000).to_bytes()) - len(stump().to_bytes())) / 1_999
    trees = many_stumps(int(CONTENT_BYTES_MAX / bytes_per_tree) - 100)
    package = packed("v1", trees, limits=("x" * (JSON_BYTES_MAX - 20_000),))
    assert CONTENT_BYTES_MAX * 0.99 < len(package.content) <= CONTENT_BYTES_MAX
    await register(house.parts, package, desk.caller())
    model = await desk.model("v1")
    assert model.document == package.document
    where = MAPPINGS[FraudModelFile].table.c.id == model.id
    stored = await one(house.database, MAPPINGS[FraudModelFile], where)
    assert stored == FraudModelFile(model.id, package.content)


async def test_a_promoted_model_is_champion_and_the_one_before_retires(
    house: PolicyHouse, desk: Desk
) -> None:
    await desk.register("v1", "v2")
    view = await desk.promote("v1")
    assert (view["state"], view["promoted_by"]) == ("champion", "key_1")
    house.clock.move(60.0)
    await desk.promote("v2")
    assert await desk.standing() == {"v1": "retired", "v2": "champion"}
    one_, two = await desk.model("v1"), await desk.model("v2")
    assert two.promoted_at == house.clock.now() == two.updated_at == one_.updated_at
    assert one_.promoted_at == house.clock.now() - timedelta(seconds=60)
    assert one_.revision == two.revision == await house.parts.fraud_policy.revision()
    line = (await desk.trail())[-1]
    assert (line.action, line.status) == ("fraud_model.promoted", "champion")
    assert line.metadata == {
        "version": "v2", "from": "registered", "to": "champion", "retired": "v1",
        "revision": two.revision,
    }  # fmt: skip
    assert house.heard[-1][0] == "fraud_model.promoted"


async def test_what_is_so_already_is_no_change(house: PolicyHouse, desk: Desk) -> None:
    await desk.register("v1", "v2", "v3")
    await desk.promote("v1")
    await desk.challenge("v2", 20)
    await desk.shadow("v3")
    revision = await house.parts.fraud_policy.revision()
    assert (await desk.promote("v1"))["state"] == "champion"
    assert (await desk.challenge("v2", 20))["share_percent"] == 20
    assert (await desk.shadow("v3"))["state"] == "shadow"
    await desk.retire("v3")
    assert (await desk.retire("v3"))["state"] == "retired"
    assert await house.parts.fraud_policy.revision() == revision + 1


async def test_a_challenger_has_a_share_and_there_is_one(desk: Desk) -> None:
    await desk.register("v1", "v2", "v3")
    with pytest.raises(UnprocessableRequest, match="there is no champion to challenge"):
        await desk.challenge("v2")
    await desk.promote("v1")
    with pytest.raises(UnprocessableRequest, match="v1 is the champion"):
        await desk.challenge("v1")
    assert (await desk.challenge("v2", 5))["share_percent"] == 5
    assert (await desk.challenge("v2", 50))["share_percent"] == 50
    line = (await desk.trail())[-1]
    assert (line.metadata["from"], line.metadata["to"]) == ("challenger 5 %", "challenger 50 %")
    await desk.challenge("v3", 1)
    assert await desk.standing() == {"v1": "champion", "v2": "retired", "v3": "challenger"}
    assert (await desk.model("v2")).share_percent == 0
    view = await desk.promote("v3")
    assert (view["state"], view["share_percent"]) == ("champion", 0)
    assert await desk.standing() == {"v1": "retired", "v2": "retired", "v3": "champion"}


@pytest.mark.parametrize("percent", [0, 101, -5])
async def test_a_share_that_is_none_is_refused(desk: Desk, percent: int) -> None:
    await desk.register("v1", "v2")
    await desk.promote("v1")
    with pytest.raises(InvalidRequest) as refused:
        await desk.challenge("v2", percent)
    assert (refused.value.code, refused.value.param) == ("parameter_invalid", "percent")


async def test_one_model_is_in_shadow_with_or_without_a_champion(desk: Desk) -> None:
    await desk.register("v1", "v2", "v3")
    await desk.shadow("v2")
    await desk.promote("v1")
    with pytest.raises(UnprocessableRequest, match="v1 is the champion"):
        await desk.shadow("v1")
    await desk.challenge("v2", 30)
    assert await desk.in_place(SHADOW) is None
    view = await desk.shadow("v2")
    assert (view["state"], view["share_percent"]) == ("shadow", 0)
    assert await desk.in_place(CHALLENGER) is None
    await desk.shadow("v3")
    assert await desk.standing() == {"v1": "champion", "v2": "retired", "v3": "shadow"}


async def test_a_champion_with_a_challenger_does_not_retire(desk: Desk) -> None:
    await desk.register("v1", "v2")
    await desk.promote("v1")
    await desk.challenge("v2")
    with pytest.raises(UnprocessableRequest, match="v2 challenges the champion"):
        await desk.retire("v1")
    await desk.retire("v2")
    await desk.retire("v1")
    assert await desk.standing() == {"v1": "retired", "v2": "retired"}
    with pytest.raises(UnprocessableRequest, match="the champion is nobody"):
        await desk.rollback()


async def test_a_rollback_brings_back_the_champion_before_and_the_next_goes_further(
    house: PolicyHouse, desk: Desk
) -> None:
    await desk.register("v1", "v2", "v3", "v4")
    # The clock stands still: the order of promotions is theirs all the same.
    for version in ("v1", "v2", "v3"):
        await desk.promote(version)
    assert (await desk.rollback())["version"] == "v2"
    assert await desk.standing() == {
        "v1": "retired", "v2": "champion", "v3": "retired", "v4": "registered",
    }  # fmt: skip
    line = (await desk.trail())[-1]
    assert line.action == "fraud_model.rolled_back"
    assert line.metadata == {
        "version": "v2", "from": "retired", "to": "champion", "retired": "v3",
        "revision": await house.parts.fraud_policy.revision(),
    }  # fmt: skip
    # What was rolled back from does not come back by a rollback.
    await desk.promote("v4")
    assert (await desk.rollback())["version"] == "v2"
    assert (await desk.rollback())["version"] == "v1"
    with pytest.raises(UnprocessableRequest, match="no model was champion before v1"):
        await desk.rollback()
    assert await desk.in_place(CHAMPION) == "v1"
    await desk.promote("v3")
    assert (await desk.rollback())["version"] == "v1"


async def test_a_rollback_may_name_from_where(desk: Desk) -> None:
    await desk.register("v1", "v2", "v3")
    for version in ("v1", "v2", "v3"):
        await desk.promote(version)
    assert (await desk.rollback_from("v3"))["version"] == "v2"
    # Somebody else, who saw the same alarm.
    with pytest.raises(UnprocessableRequest, match="the champion is v2"):
        await desk.rollback_from("v3")
    assert await desk.in_place(CHAMPION) == "v2"


async def test_a_clock_that_is_late_does_not_change_who_was_before(
    house: PolicyHouse, desk: Desk
) -> None:
    await desk.register("v1", "v2", "v3")
    await desk.promote("v1")
    house.clock.move(-3_600.0)
    await desk.promote("v2")
    await desk.retire("v2")
    await desk.promote("v3")
    assert (await desk.rollback())["version"] == "v2"
    assert (await desk.rollback())["version"] == "v1"


async def test_a_model_that_is_not_there_is_named(desk: Desk) -> None:
    for step in (desk.promote, desk.shadow, desk.retire, desk.rollback_from):
        with pytest.raises(NotFound, match="there is no model v9"):
            await step("v9")


async def test_a_model_of_another_schema_comes_into_no_place(
    house: PolicyHouse, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.register("v1", "v2", "v3")
    await desk.promote("v1")
    await desk.promote("v2")
    # The program of tomorrow, on the registry of today.
    monkeypatch.setattr("sikka.domain.fraud.model.SCHEMA_VERSION", 999)
    for step in (desk.promote, desk.challenge, desk.shadow):
        with pytest.raises(UnprocessableRequest) as refused:
            await step("v3")
        assert refused.value.code == "model_schema_mismatch"
    with pytest.raises(UnprocessableRequest):
        await desk.rollback()
    await desk.retire("v3")
    assert await desk.standing() == {"v1": "retired", "v2": "champion", "v3": "retired"}


async def test_the_same_request_again_is_answered_the_same(house: PolicyHouse, desk: Desk) -> None:
    await desk.register("v1", "v2", "v3")
    for version in ("v1", "v2", "v3"):
        await desk.promote(version)
    caller = desk.caller()
    first = await rollback(house.parts, caller)
    again = await rollback(house.gateways[1], caller)
    assert (again.body, again.replayed) == (first.body, True)
    assert await desk.in_place(CHAMPION) == "v2"


async def test_what_is_shipped_decides_in_an_empty_registry_and_waits_in_another(
    house: PolicyHouse, desk: Desk
) -> None:
    made = await install(house.parts, packed("shipped"), desk.caller(), promoted=True)
    assert made is not None
    assert await desk.model("shipped") == made
    assert (made.state, made.promoted_by) == (CHAMPION, "key_1")
    newer = await install(house.parts, packed("newer"), desk.caller(), promoted=True)
    assert newer is not None
    assert (newer.state, newer.promoted_by) == (ModelState.REGISTERED, None)
    # What the operator did with it stays done.
    await desk.retire("shipped")
    assert await install(house.parts, packed("shipped"), desk.caller(), promoted=True) is None
    assert await desk.standing() == {"shipped": "retired", "newer": "registered"}
    lines = [(line.action, line.status) for line in await desk.trail()]
    assert ("fraud_model.installed", "champion") in lines
    assert ("fraud_model.installed", "registered") in lines


async def test_a_model_may_be_installed_without_a_say(house: PolicyHouse, desk: Desk) -> None:
    made = await install(house.parts, packed("shipped"), desk.caller(), promoted=False)
    assert made is not None
    assert await desk.standing() == {"shipped": "registered"}


async def test_of_many_that_are_installed_at_once_one_decides(house: PolicyHouse) -> None:
    desks = [Desk(house, house.gateways[number % 2]) for number in range(8)]
    made = await asyncio.gather(
        *(
            install(each.parts, packed(f"v{number}"), each.caller(), promoted=True)
            for number, each in enumerate(desks)
        )
    )
    assert all(each is not None for each in made)
    standing = Counter((await desks[0].standing()).values())
    assert standing == {"champion": 1, "registered": 7}


async def test_of_many_that_install_the_same_at_once_one_does(house: PolicyHouse) -> None:
    desks = [Desk(house, house.gateways[number % 2]) for number in range(8)]
    made = await asyncio.gather(
        *(install(each.parts, packed("shipped"), each.caller(), promoted=True) for each in desks)
    )
    assert sum(each is not None for each in made) == 1
    assert await desks[0].standing() == {"shipped": "champion"}


async def test_changes_at_the_same_moment_leave_one_in_every_place(house: PolicyHouse) -> None:
    first = Desk(house)
    versions = [f"v{number}" for number in range(6)]
    await first.register(*versions)
    await first.promote("v0")

    async def work(desk: Desk, version: str, number: int) -> None:
        steps = (desk.promote, desk.challenge, desk.shadow, desk.retire)
        for step in (*steps[number % 4 :], *steps[: number % 4]):
            try:
                await step(version)
            except UnprocessableRequest as refused:
                assert refused.code == "state_invalid"  # noqa: PT017 - most go well.
            await _at_most_one_in_every_place(first)

    desks = [Desk(house, house.gateways[number % 2]) for number in range(6)]
    await asyncio.gather(*(work(desk, f"v{number}", number) for number, desk in enumerate(desks)))
    # Two desks may write into one bucket, and then each sees the other's lines as well.
    trails = {line.id: line for desk in (first, *desks) for line in await desk.trail()}
    revisions = [line.metadata["revision"] for line in trails.values()]
    assert sorted(revisions) == list(range(2, 2 + len(revisions)))
    assert len(revisions) + 1 == await house.parts.fraud_policy.revision()


async def _at_most_one_in_every_place(desk: Desk) -> None:
    states = list((await desk.standing()).values())
    for state in (CHAMPION, CHALLENGER, SHADOW):
        assert states.count(state) <= 1


async def test_two_who_promote_at_once_are_both_heard_and_the_later_stays(
    house: PolicyHouse,
) -> None:
    desk, other = Desk(house), Desk(house, house.gateways[1])
    await desk.register("v1", "v2", "v3")
    await desk.promote("v1")
    await asyncio.gather(desk.promote("v2"), other.promote("v3"))
    champion = await desk.in_place(CHAMPION)
    before = {"v2": "v3", "v3": "v2"}[str(champion)]
    assert (await desk.rollback())["version"] == before
    assert (await desk.rollback())["version"] == "v1"


async def test_a_challenge_of_a_champion_that_goes_at_the_same_moment_fails_or_comes_first(
    house: PolicyHouse,
) -> None:
    desk, other = Desk(house), Desk(house, house.gateways[1])
    await desk.register("v1", "v2")
    await desk.promote("v1")
    ended = await asyncio.gather(
        challenge(desk.parts, "v2", 10, desk.caller()),
        other.retire("v1"),
        return_exceptions=True,
    )
    assert sum(isinstance(each, UnprocessableRequest) for each in ended) == 1
    in_force = set(await house.parts.fraud_models.in_force())
    assert in_force in (set(), {CHAMPION, CHALLENGER})


async def test_the_same_promotion_sent_twice_at_once_is_one(house: PolicyHouse) -> None:
    desk = Desk(house)
    await desk.register("v1")
    caller = desk.caller()
    answers = await asyncio.gather(
        *(promote(parts, "v1", caller) for parts in (*house.gateways, *house.gateways))
    )
    assert len({answer.body for answer in answers}) == 1
    assert await house.parts.fraud_policy.revision() == 3
