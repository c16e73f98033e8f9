"""Models from flat arrays, and the rows that they take."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest

from sikka_core import MalformedError, Model, ModelError


def arrays(**changes: Any) -> dict[str, Any]:
    """A split at 1.0 with the leaves -1 and 2, with some arguments changed."""
    whole: dict[str, Any] = {
        "tree_sizes": array("i", [3]),
        "left": array("i", [1, -1, -1]),
        "right": array("i", [2, -1, -1]),
        "feature": array("i", [0, 0, 0]),
        "threshold": array("f", [1.0, 0.0, 0.0]),
        "default_left": array("B", [1, 0, 0]),
        "value": array("f", [0.0, -1.0, 2.0]),
        "cover": array("f", [4.0, 3.0, 1.0]),
        "feature_count": 1,
        "base_margin": 0.5,
        "link": "identity",
    }
    return whole | changes


def test_flat_arrays_make_a_model() -> None:
    model = Model.from_nodes(**arrays())
    assert [model.score([x]) for x in (0.0, 1.0, float("nan"))] == [-0.5, 2.5, -0.5]
    assert model.contributions([0.0]) == pytest.approx([-0.75, 0.25])


@pytest.mark.parametrize("right", [True, False])
def test_listed_categories_go_to_the_side_that_is_said(right: bool) -> None:
    model = Model.from_nodes(**arrays(categories=[(0, right, [2, 40])]))
    listed, others = (2.5, -0.5) if right else (-0.5, 2.5)
    assert {model.score([x]) for x in (2.0, 2.9, 40.0)} == {listed}
    assert {model.score([x]) for x in (-1.0, -0.1, 0.0, 3.0, 41.0, 1e30)} == {others}
    assert model.score([float("nan")]) == -0.5


def test_no_categories_at_all_keep_all_values_on_one_side() -> None:
    model = Model.from_nodes(**arrays(categories=[(0, True, [])], default_left=array("B", [0] * 3)))
    assert {model.score([x]) for x in (0.0, 7.0, -1e30, float("inf"), float("-inf"))} == {-0.5}
    assert model.score([float("nan")]) == 2.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tree_sizes": array("i", [2])}, "tree_sizes"),
        ({"tree_sizes": array("i", [4, -1])}, "tree_sizes"),
        ({"tree_sizes": array("i", [3, 0])}, "no nodes"),
        ({"right": array("i", [2, -1])}, "right"),
        ({"threshold": array("f", [1.0])}, "threshold"),
        ({"left": array("i", [0, -1, -1])}, "cycle"),
        ({"left": array("i", [2, -1, -1])}, "two parents"),
        ({"left": array("i", [3, -1, -1])}, "outside"),
        ({"left": array("i", [-1, -1, -1])}, "one child"),
        ({"feature": array("i", [1, 0, 0])}, "feature"),
        ({"feature": array("i", [-1, 0, 0])}, "feature"),
        ({"threshold": array("f", [float("nan"), 0, 0])}, "threshold"),
        ({"value": array("f", [0, float("nan"), 0])}, "leaf"),
        ({"cover": array("f", [1.0, 1.0])}, "cover"),
        ({"feature_count": 0}, "feature_count"),
        ({"feature_count": 2**40}, "feature_count"),
        ({"base_margin": float("nan")}, "base_margin"),
        ({"link": "softmax"}, "link"),
        ({"feature_names": ["a", "b"]}, "feature_names"),
        ({"schema_version": 0}, "schema_version"),
        ({"categories": [(3, True, [1])]}, "categories"),
        ({"categories": [(0, True, [1]), (0, True, [2])]}, "twice"),
        ({"categories": [(0, True, [-1])]}, "category"),
        ({"categories": [(0, True, [2**24])]}, "category"),
    ],
)
def test_flat_arrays_that_break_a_rule_are_refused_by_name(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        Model.from_nodes(**arrays(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"left": array("q", [1, -1, -1])},
        {"threshold": array("d", [1.0, 0.0, 0.0])},
        {"default_left": array("i", [1, 0, 0])},
        {"value": [0.0, -1.0, 2.0]},
    ],
)
def test_arrays_of_another_type_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Model.from_nodes(**arrays(**changes))


# Rows --------------------------------------------------------------------------------------------


def test_rows_of_another_shape_are_refused() -> None:
    model = Model.from_nodes(**arrays(feature_count=2))
    for row in ([1.0], [1.0] * 3, np.zeros((1, 2), np.float32), np.zeros(3)):
        with pytest.raises(MalformedError):
            model.score(row)
    for matrix in (np.zeros((3, 1)), np.zeros(2), np.zeros((2, 2, 2))):
        with pytest.raises(MalformedError):
            model.score_many(matrix)


def test_rows_of_another_type_are_refused() -> None:
    model = Model.from_nodes(**arrays())
    for row in (["x"], [None], "x", 7, np.zeros(1, int), np.zeros(1, np.float16)):
        with pytest.raises(TypeError):
            model.score(row)
    for matrix in (np.zeros((2, 1), int), [[1.0]], None):
        with pytest.raises(TypeError):
            model.score_many(matrix)


def test_answers_are_written_where_they_are_wanted() -> None:
    model = Model.from_nodes(**arrays())
    out = np.full(3, 7, np.float32)
    assert model.score_many(np.array([[0.0], [1.0], [np.nan]]), out) is out
    assert out.tolist() == [-0.5, 2.5, -0.5]
    assert np.asarray(model.score_many(np.zeros((0, 1)))).shape == (0,)


def test_a_place_for_the_answers_that_does_not_fit_is_refused_and_left_alone() -> None:
    model = Model.from_nodes(**arrays())
    rows = np.zeros((3, 1), np.float32)
    frozen = np.full(3, 7, np.float32)
    frozen.flags.writeable = False
    for out in (np.full(2, 7, np.float32), np.full((3, 1), 7, np.float32)):
        with pytest.raises(MalformedError):
            model.score_many(rows, out)
        assert (out == 7).all()
    for out in (np.full(3, 7.0), np.full(6, 7, np.float32)[::2], frozen, [0.0] * 3):
        with pytest.raises((TypeError, BufferError, MalformedError)):
            model.score_many(rows, out)
        assert (np.asarray(out) != -0.5).all()
