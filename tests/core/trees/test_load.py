"""What is no model that the core can score is refused by name, and nothing else happens."""

from __future__ import annotations

import contextlib
import copy
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import Model, ModelError

SAVED = Path(__file__).parent / "saved" / "3.2.0"
TREES = ("learner", "gradient_booster", "model", "trees")
ABSENT = object()

Path_ = tuple[str | int, ...]


def document(name: str) -> dict[str, Any]:
    return json.loads((SAVED / f"{name}.json").read_text())


def changed(whole: Any, path: Path_, value: Any) -> bytes:
    """The document as JSON, with another value in one place, or without what stands there."""
    whole = copy.deepcopy(whole)
    inner = whole
    for step in path[:-1]:
        inner = inner[step]
    if value is ABSENT:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(whole).encode()


def places(inner: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place in a document, but of a list the first and the last item only."""
    if isinstance(inner, dict):
        steps: list[str | int] = list(inner)
    elif isinstance(inner, list) and inner:
        steps = sorted({0, len(inner) - 1})
    else:
        return
    for step in steps:
        yield (*path, step)
        yield from places(inner[step], (*path, step))


def refused_or_scored(data: bytes) -> str:
    """Load: a model must then score; an error must be the one and must say what is wrong."""
    try:
        model = Model.from_xgboost(data)
    except ModelError as error:
        return str(error) or "no message"
    row = [1.0] * model.feature_count
    assert isinstance(model.margin(row), float)
    # Covers that are no weights are no reason not to score.
    with contextlib.suppress(ModelError):
        assert len(model.contributions(row)) == len(row) + 1
    return ""


# Kinds that are not supported --------------------------------------------------------------------


def train(**parameters: Any) -> bytes:
    rows = np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)
    labels = np.arange(60) % 3 if parameters.get("num_class") else rows[:, 0]
    if parameters.pop("targets", 1) > 1:
        labels = rows[:, :2]
    common = {"max_depth": 2, "nthread": 1, "verbosity": 0}
    model = xgboost.train({**common, **parameters}, xgboost.DMatrix(rows, labels), 2)
    return bytes(model.save_raw("ubj"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"objective": "multi:softprob", "num_class": 3}, "multi:softprob"),
        ({"objective": "multi:softmax", "num_class": 3}, "multi:softmax"),
        ({"booster": "gblinear"}, "gblinear"),
        ({"targets": 2}, "one output"),
        ({"targets": 2, "multi_strategy": "multi_output_tree"}, "one output"),
        ({"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.8]}, "one output"),
    ],
)
def test_a_model_of_another_kind_is_refused_by_name(
    parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        Model.from_xgboost(train(**parameters))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("learner", "objective", "name"), "rank:somehow", "rank:somehow"),
        (("learner", "gradient_booster", "name"), "gbforest", "gbtree"),
        (("learner", "gradient_booster", "name"), "gblinear", "gblinear"),
        (("learner", "learner_model_param", "num_class"), "3", "one output"),
        (("learner", "learner_model_param", "num_target"), "2", "one output"),
        (("learner", "learner_model_param", "base_score"), "[1E-1,2E-1]", "base_score"),
        (("learner", "learner_model_param", "base_score"), "[nan]", "base_score"),
        (("learner", "learner_model_param", "num_feature"), "0", "feature_count"),
        (("learner", "learner_model_param", "num_feature"), str(2**40), "num_feature"),
        (("learner", "learner_model_param", "num_feature"), str(2**31), "feature_count"),
        ((*TREES, 0, "tree_param", "size_leaf_vector"), "2", "vector leaves"),
        ((*TREES, 0, "left_children", 0), 0, "cycle"),
        ((*TREES, 0, "right_children", 0), 1, "two parents"),
        ((*TREES, 0, "left_children", 0), 99, "outside"),
        ((*TREES, 0, "left_children", 0), -2, "outside"),
        ((*TREES, 0, "right_children", 0), -1, "outside"),
        ((*TREES, 0, "split_indices", 0), 4, "feature"),
        ((*TREES, 0, "split_indices", 0), -1, "feature"),
        ((*TREES, 0, "split_conditions", 0), None, "split_conditions"),
        ((*TREES, 0, "split_conditions", 0), "NaN", "split_conditions"),
        ((*TREES, 0, "split_conditions", 0), float("nan"), "not a number"),
        ((*TREES, 0, "default_left"), [1], "lengths"),
        ((*TREES, 0, "left_children"), [], "lengths"),
        ((*TREES, 0, "split_type", 0), 1, "categor"),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused_by_name(
    path: Path_, value: Any, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        Model.from_xgboost(changed(document("logistic"), path, value))


@pytest.mark.parametrize("name", ["logistic", "dart", "sets", "stopped"])
def test_each_field_broken_in_turn_is_refused_or_not_used(name: str) -> None:
    whole = document(name)
    values = [ABSENT, None, True, "x", -7, 2**70, 1e300, float("nan"), float("inf"), [], {}, [[1]]]
    messages = {
        path: [refused_or_scored(changed(whole, path, value)) for value in values]
        for path in places(whole)
    }
    needed = [path for path, said in messages.items() if said[0]]
    assert ("learner",) in needed
    assert ("learner", "objective", "name") in needed
    assert len(needed) > 30


def test_nothing_that_is_needed_may_be_absent() -> None:
    whole = document("sets")
    tree = (*TREES, 0)
    for path in (
        ("learner",),
        ("learner", "objective"),
        ("learner", "objective", "name"),
        ("learner", "learner_model_param"),
        ("learner", "learner_model_param", "base_score"),
        ("learner", "learner_model_param", "num_feature"),
        ("learner", "gradient_booster"),
        ("learner", "gradient_booster", "name"),
        TREES,
        *((*tree, name) for name in ("left_children", "right_children", "split_indices")),
        *((*tree, name) for name in ("split_conditions", "default_left", "sum_hessian")),
        *((*tree, name) for name in ("categories", "categories_nodes", "categories_sizes")),
    ):
        with pytest.raises(ModelError, match=f'"{path[-1]}"'):
            Model.from_xgboost(changed(whole, path, ABSENT))


@pytest.mark.parametrize(
    ("field", "place", "value"),
    [
        ("categories", 0, -1),
        ("categories", 0, 2**24),
        ("categories", 0, 1.5),
        ("categories_nodes", 0, 99),
        ("categories_nodes", 0, -1),
        ("categories_segments", 0, 10**6),
        ("categories_segments", 0, -1),
        ("categories_sizes", 0, 10**6),
        ("categories_sizes", 0, 2**63 - 1),
        ("categories_sizes", 0, -1),
    ],
)
def test_categories_out_of_range_are_refused(field: str, place: int, value: float) -> None:
    data = changed(document("sets"), (*TREES, 0, field, place), value)
    with pytest.raises(ModelError, match="categor"):
        Model.from_xgboost(data)


@pytest.mark.parametrize("iterations", [7, 2**40])
def test_more_iterations_than_there_are_is_refused(iterations: int) -> None:
    data = (SAVED / "logistic.ubj").read_bytes()
    with pytest.raises(ModelError, match="iterations"):
        Model.from_xgboost(data, iterations=iterations)


# Bytes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic.json", "logistic.ubj", "sets.ubj"])
def test_a_model_that_is_cut_short_is_refused(name: str) -> None:
    data = (SAVED / name).read_bytes()
    for end in range(len(data)):
        with pytest.raises(ModelError):
            Model.from_xgboost(data[:end])


def test_what_follows_a_document_is_refused() -> None:
    data = (SAVED / "logistic.json").read_bytes()
    assert Model.from_xgboost(data + b"\n").tree_count == 4
    with pytest.raises(ModelError):
        Model.from_xgboost(data + b"{}")


@pytest.mark.parametrize("name", ["logistic.json", "sets.json", "logistic.ubj", "sets.ubj"])
@given(st.data())
def test_a_changed_byte_is_refused_or_gives_a_model(name: str, data: st.DataObject) -> None:
    octets = bytearray((SAVED / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place] = data.draw(st.integers(0, 255))
    refused_or_scored(bytes(octets))


@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b'{"', b"{L", b"SIKKTREE", b"binf"]))
def test_any_bytes_are_refused(data: bytes, start: bytes) -> None:
    for load in (Model.from_xgboost, Model.from_bytes):
        with pytest.raises(ModelError):
            load(start + data)


def deep(levels: int) -> list[bytes]:
    return [
        b"[" * levels,
        b'{"learner":' * levels,
        b"{" + b"L" + struct.pack(">q", 1) + b"a" + b"[" * levels,
    ]


def lying(count: int) -> Iterator[bytes]:
    """Documents in UBJ whose first array says that it has more items than bytes follow."""
    key = b"{L" + struct.pack(">q", 7) + b"version"
    for kind in (b"d", b"l", b"L", b"U"):
        yield key + b"[$" + kind + b"#L" + struct.pack(">q", count)
    yield key + b"[#L" + struct.pack(">q", count)
    yield key + b"SL" + struct.pack(">q", count)
    yield b"{L" + struct.pack(">q", count)


def test_deep_nesting_is_refused() -> None:
    for data in deep(200_000):
        with pytest.raises(ModelError):
            Model.from_xgboost(data)


@pytest.mark.parametrize("count", [1000, 2**31, 2**40, 2**62, 2**63 - 1, -1, -(2**63)])
def test_a_length_beyond_the_end_is_refused_before_memory_is_asked_for(count: int) -> None:
    for data in lying(count):
        with pytest.raises(ModelError):
            Model.from_xgboost(data)


def test_a_tree_that_is_too_deep_is_refused() -> None:
    whole = document("one_node")
    depth = 5000
    count = 2 * depth + 1
    tree = whole["learner"]["gradient_booster"]["model"]["trees"][0]
    inner = [node % 2 == 0 and node < count - 1 for node in range(count)]
    tree |= {
        "left_children": [node + 1 if inner[node] else -1 for node in range(count)],
        "right_children": [node + 2 if inner[node] else -1 for node in range(count)],
        **{name: [0] * count for name in ("split_indices", "default_left", "split_type")},
        **{name: [0.5] * count for name in ("split_conditions", "sum_hessian")},
    }
    with pytest.raises(ModelError, match="deep"):
        Model.from_xgboost(json.dumps(whole).encode())


@pytest.mark.parametrize("load", [Model.from_xgboost, Model.from_bytes])
def test_only_bytes_are_read(load: Callable[[Any], Model]) -> None:
    for data in ("{}", 7, None):
        with pytest.raises(TypeError):
            load(data)
