from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sikka.domain.errors import NotFound, Unavailable
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.fraud.models.active import ActiveModels
from sikka.fraud.models.judgement import Judgement
from sikka.fraud.models.share import Share
from sikka_core import FEATURE_NAMES, Model
from tests.unit.fraud.models.made import HALF, document, row, stump

CHAMPION, CHALLENGER = ModelState.CHAMPION, ModelState.CHALLENGER
SHADOW, RETIRED = ModelState.SHADOW, ModelState.RETIRED
LIKELY = HALF.probability(2.0)
UNLIKELY = HALF.probability(-2.0)
IDS = [f"pay_{number}" for number in range(400)]


def vector(**values: float) -> memoryview:
    """A vector of zeros but for what is named."""
    return memoryview(array("f", [values.get(name, 0.0) for name in FEATURE_NAMES])).toreadonly()


HIGH, LOW = vector(amount=200_000.0), vector(amount=1_000.0)


class Registry:
    """Models and their files, and what the observer heard."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def row(self, version: str, state: ModelState, revision: int = 2, **values: Any) -> FraudModel:
        made, content = row(version, state, revision, **values)
        self.files.setdefault(made.id, content)
        return made

    async def read(self, id: str) -> bytes:
        self.reads.append(id)
        if id not in self.files:
            raise NotFound(message=f"there are no trees of model {id}")
        return self.files[id]

    def observe(self, what: str, /, **facts: Any) -> None:
        self.heard.append((what, facts))

    async def after(self, models: ActiveModels, *changed: FraudModel) -> ActiveModels:
        return await models.with_models(changed, self.read, self.observe)


@pytest.fixture
def registry() -> Registry:
    return Registry()


def judged(models: ActiveModels, key: str = "pay_1", row: memoryview = HIGH) -> Judgement:
    judgement = models.judge(key, row)
    assert judgement is not None
    return judgement


def deciders(models: ActiveModels) -> list[str | None]:
    return [judged(models, id).version for id in IDS]


async def test_without_a_model_nobody_judges(registry: Registry) -> None:
    assert ActiveModels().judge("pay_1", HIGH) is None
    idle = [registry.row("v1", ModelState.REGISTERED), registry.row("v2", RETIRED)]
    assert (await registry.after(ActiveModels(), *idle)).judge("pay_1", HIGH) is None
    assert registry.reads == []


async def test_the_champion_judges_by_its_calibrated_margin(registry: Registry) -> None:
    models = await registry.after(ActiveModels(), registry.row("v1", CHAMPION))
    high, low = judged(models), judged(models, row=LOW)
    assert (high.version, high.probability) == ("v1", LIKELY)
    assert (low.version, low.probability) == ("v1", UNLIKELY)
    assert (high.challenger_version, high.shadow_version) == (None, None)


async def test_the_reasons_are_what_moved_the_deciding_model(registry: Registry) -> None:
    models = await registry.after(ActiveModels(), registry.row("v1", CHAMPION))
    ((name, share),) = judged(models).top
    shares = stump().contributions(HIGH)
    assert (name, share) == ("amount", shares[FEATURE_NAMES.index("amount")])
    ((name, share),) = judged(models, row=LOW).top
    assert (name, share < 0) == ("amount", True)


def forest(features: Sequence[str], **values: Any) -> Model:
    """One stump a feature, each stronger than the one before."""
    count = len(features)
    return stump(
        tree_sizes=array("i", [3] * count),
        left=array("i", [1, -1, -1] * count),
        right=array("i", [2, -1, -1] * count),
        feature=array("i", [n for f in features for n in (FEATURE_NAMES.index(f), 0, 0)]),
        threshold=array("f", [1.0, 0.0, 0.0] * count),
        default_left=array("B", [0, 0, 0] * count),
        cover=array("f", [10.0, 5.0, 5.0] * count),
        **{"value": array("f", [n for at in range(count) for n in (0, -1 - at, 1 + at)]), **values},
    )


async def test_the_three_strongest_reasons_come_first(registry: Registry) -> None:
    features = FEATURE_NAMES[10:15]
    made = registry.row("v1", CHAMPION, model=forest(features))
    models = await registry.after(ActiveModels(), made)
    top = judged(models, row=vector(**dict.fromkeys(features, 2.0))).top
    assert [name for name, _ in top] == list(reversed(features))[:3]
    assert [share for _, share in top] == pytest.approx([5.0, 4.0, 3.0])


async def test_a_model_without_reasons_judges_all_the_same(registry: Registry) -> None:
    model = stump(cover=array("f", [-1.0, 9.0, 1.0]))
    models = await registry.after(ActiveModels(), registry.row("v1", CHAMPION, model=model))
    assert (judged(models).probability, tuple(judged(models).top)) == (LIKELY, ())


async def test_a_margin_that_is_no_number_is_no_opinion(registry: Registry) -> None:
    model = forest(["amount", "user_age_s"], value=array("f", [0, 1, math.inf, 0, 1, -math.inf]))
    models = await registry.after(ActiveModels(), registry.row("v1", CHAMPION, model=model))
    assert judged(models, row=vector(amount=9.0, user_age_s=9.0)).probability is None
    assert judged(models, row=vector()).probability == LIKELY


async def test_a_challenger_decides_its_share_and_both_are_recorded(registry: Registry) -> None:
    other = stump(bound=500_000.0)
    models = await registry.after(
        ActiveModels(),
        registry.row("v1", CHAMPION),
        registry.row("v2", CHALLENGER, share_percent=30, model=other),
    )
    share = Share("v2", 30)
    for id in IDS:
        judgement = judged(models, id)
        by_champion = ("v1", LIKELY), ("v2", UNLIKELY)
        decider, beside = by_champion[::-1] if share.has(id) else by_champion
        assert (judgement.version, judgement.probability) == decider
        assert (judgement.challenger_version, judgement.challenger_probability) == beside
    assert set(deciders(models)) == {"v1", "v2"}


async def test_the_reasons_are_those_of_the_challenger_where_it_decides(
    registry: Registry,
) -> None:
    models = await registry.after(
        ActiveModels(),
        registry.row("v1", CHAMPION),
        registry.row("v2", CHALLENGER, share_percent=100, model=stump("user_count_10m", 3.0)),
    )
    ((name, _),) = judged(models, row=vector(amount=200_000.0, user_count_10m=9.0)).top
    assert name == "user_count_10m"


async def test_one_in_shadow_is_asked_beside_and_never_decides(registry: Registry) -> None:
    shadow = registry.row("v3", SHADOW, model=stump(bound=500_000.0))
    alone = await registry.after(ActiveModels(), shadow)
    judgement = judged(alone)
    assert (judgement.version, judgement.probability, tuple(judgement.top)) == (None, None, ())
    assert (judgement.shadow_version, judgement.shadow_probability) == ("v3", UNLIKELY)
    both = await registry.after(alone, registry.row("v1", CHAMPION))
    assert set(deciders(both)) == {"v1"}
    assert judged(both).shadow_probability == UNLIKELY


async def test_a_challenger_of_nobody_decides_nothing(registry: Registry) -> None:
    made = registry.row("v2", CHALLENGER, share_percent=100)
    assert (await registry.after(ActiveModels(), made)).judge("pay_1", HIGH) is None


async def test_what_changes_is_followed_and_files_are_read_once(registry: Registry) -> None:
    one, two = registry.row("v1", CHAMPION), registry.row("v2", CHALLENGER, share_percent=50)
    first = await registry.after(ActiveModels(), one, two)
    promoted = await registry.after(
        first,
        replace(two, state=CHAMPION, share_percent=0, revision=3),
        replace(one, state=RETIRED, revision=3),
    )
    assert set(deciders(promoted)) == {"v2"}
    assert judged(promoted).challenger_version is None
    back = await registry.after(
        promoted,
        replace(one, state=CHAMPION, revision=4),
        replace(two, state=RETIRED, share_percent=0, revision=4),
    )
    assert set(deciders(back)) == {"v1"}
    off = await registry.after(back, replace(one, state=RETIRED, revision=5))
    assert off.judge("pay_1", HIGH) is None
    # It was no longer held when it came back.
    assert registry.reads == ["mdl_v1", "mdl_v2", "mdl_v1"]
    # The ones before are as they were.
    assert set(deciders(first)) == {"v1", "v2"}


async def test_another_share_needs_no_file(registry: Registry) -> None:
    one, two = registry.row("v1", CHAMPION), registry.row("v2", CHALLENGER, share_percent=1)
    models = await registry.after(ActiveModels(), one, two)
    models = await registry.after(models, replace(two, share_percent=100, revision=3))
    assert set(deciders(models)) == {"v2"}
    assert len(registry.reads) == 2


def spoilt(registry: Registry, version: str, state: ModelState, how: str) -> FraudModel:
    made = registry.row(version, state, revision=3)
    content = registry.files[made.id]
    match how:
        case "cut short":
            registry.files[made.id] = content[:-7]
        case "of another model":
            registry.files[made.id] = stump(bound=7.0).to_bytes()
        case "of another schema":
            model = stump(schema_version=999)
            registry.files[made.id] = model.to_bytes()
            told = document(version, model)
            return replace(made, checksum=model.checksum, document=_plain(told))
        case "of other features":
            model = stump(feature_names=FEATURE_NAMES[::-1])
            registry.files[made.id] = model.to_bytes()
            told = document(version, model)
            return replace(made, checksum=model.checksum, document=_plain(told))
        case "gone":
            del registry.files[made.id]
        case "without a calibration":
            kept = {name: value for name, value in made.document.items() if name != "calibration"}
            return replace(made, document=kept)
    return made


def _plain(told: Any) -> Any:
    return msgspec.json.decode(told.to_json())


HOW = (
    "cut short", "of another model", "of another schema", "of other features",
    "gone", "without a calibration",
)  # fmt: skip


@pytest.mark.parametrize("how", HOW)
async def test_a_champion_that_cannot_be_loaded_leaves_the_one_before_in_force(
    registry: Registry, how: str
) -> None:
    one = registry.row("v1", CHAMPION)
    models = await registry.after(ActiveModels(), one)
    bad = spoilt(registry, "v2", CHAMPION, how)
    after = await registry.after(models, bad, replace(one, state=RETIRED, revision=3))
    assert set(deciders(after)) == {"v1"}
    ((what, facts),) = registry.heard
    assert (what, facts["version"], facts["place"]) == ("fraud.model_refused", "v2", CHAMPION)
    assert facts["error"]
    # Another change does not try it again, and a rollback needs nothing to be read.
    shadow = registry.row("v3", SHADOW, revision=4)
    later = await registry.after(after, shadow)
    assert set(deciders(later)) == {"v1"}
    assert len(registry.heard) == 1
    back = await registry.after(
        later, replace(one, state=CHAMPION, revision=5), replace(bad, state=RETIRED, revision=5)
    )
    assert set(deciders(back)) == {"v1"}
    assert registry.reads.count("mdl_v1") == registry.reads.count("mdl_v2") == 1


@pytest.mark.parametrize("how", HOW)
async def test_where_nobody_was_before_the_rules_are_alone(registry: Registry, how: str) -> None:
    models = await registry.after(ActiveModels(), spoilt(registry, "v1", CHAMPION, how))
    assert models.judge("pay_1", HIGH) is None
    assert [what for what, _ in registry.heard] == ["fraud.model_refused"]


@pytest.mark.parametrize("state", [CHALLENGER, SHADOW])
async def test_who_only_stands_beside_and_cannot_be_loaded_leaves_its_place_empty(
    registry: Registry, state: ModelState
) -> None:
    one, two = registry.row("v1", CHAMPION), registry.row("v2", state, share_percent=50)
    models = await registry.after(ActiveModels(), one, two)
    bad = replace(spoilt(registry, "v3", state, "cut short"), share_percent=100)
    after = await registry.after(models, bad, replace(two, state=RETIRED, revision=3))
    assert set(deciders(after)) == {"v1"}
    assert (judged(after).challenger_version, judged(after).shadow_version) == (None, None)


async def test_a_file_that_cannot_be_read_now_is_asked_for_again(registry: Registry) -> None:
    async def away(id: str) -> bytes:
        raise Unavailable(message=id)

    one, two = registry.row("v1", CHAMPION), registry.row("v2", CHAMPION, revision=3)
    models = await registry.after(ActiveModels(), one)
    with pytest.raises(Unavailable):
        await models.with_models([two], away, registry.observe)
    assert set(deciders(models)) == {"v1"}
    assert registry.heard == []
    after = await registry.after(models, two, replace(one, state=RETIRED, revision=3))
    assert set(deciders(after)) == {"v2"}


async def test_of_two_in_one_place_the_later_counts(registry: Registry) -> None:
    # As a process sees it that reads while the champion changes.
    two, one = registry.row("v2", CHAMPION, revision=3), registry.row("v1", CHAMPION)
    assert set(deciders(await registry.after(ActiveModels(), two, one))) == {"v2"}
