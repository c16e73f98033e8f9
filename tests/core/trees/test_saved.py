"""Models that three releases of XGBoost saved; `make_saved.py` made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sikka_core import Model

SAVED = Path(__file__).parent / "saved"
RELEASES = ["1.7.6", "2.1.4", "3.2.0"]
FILES = [
    pytest.param(path, id=f"{path.parent.name}-{path.name}")
    for release in RELEASES
    for path in sorted((SAVED / release).iterdir())
    if path.suffix in {".json", ".ubj"}
]
CATEGORICAL = {"sets", "one_hot"}


def told(path: Path, kind: str) -> np.ndarray:
    """What the release that saved the model said of the rows; or the rows themselves."""
    with np.load(path.parent / "predictions.npz") as predictions:
        return predictions[kind]


def rows_of(path: Path) -> np.ndarray:
    return told(path, "categories" if path.stem in CATEGORICAL else "rows")


def test_every_release_saved_every_kind_in_both_forms() -> None:
    names = [sorted(path.name for path in (SAVED / release).iterdir()) for release in RELEASES]
    assert names[0] == names[1] == names[2]
    assert len(FILES) == 3 * 23


@pytest.mark.parametrize("path", FILES)
def test_a_saved_model_gives_the_bits_of_the_release_that_saved_it(path: Path) -> None:
    model = Model.from_xgboost(path.read_bytes())
    rows = rows_of(path)
    margins = np.asarray(model.score_many(rows, margin=True))
    assert np.array_equal(
        margins.view(np.uint32), told(path, f"{path.stem}/margins").view(np.uint32)
    )
    outputs = np.asarray(model.score_many(rows)).view(np.int32).astype(np.int64)
    assert np.abs(outputs - told(path, f"{path.stem}/outputs").view(np.int32)).max() <= 1
    assert [model.margin(row) for row in rows] == margins.tolist()


@pytest.mark.parametrize("release", RELEASES)
def test_all_rounds_of_a_stopped_model_can_be_asked_for(release: str) -> None:
    path = SAVED / release / "stopped.ubj"
    stopped = Model.from_xgboost(path.read_bytes())
    # Two trees a round were trained until two rounds after the best one.
    whole = Model.from_xgboost(path.read_bytes(), iterations=stopped.tree_count // 2 + 2)
    assert whole.tree_count == stopped.tree_count + 4
    margins = np.asarray(whole.score_many(rows_of(path), margin=True))
    assert np.array_equal(margins, told(path, "stopped/all"))


@pytest.mark.parametrize("release", RELEASES)
def test_the_names_of_features_come_along(release: str) -> None:
    model = Model.from_xgboost((SAVED / release / "sets.json").read_bytes())
    assert model.feature_names == ("merchant", "amount", "device", "hour")
    assert Model.from_xgboost((SAVED / release / "deep.json").read_bytes()).feature_names is None


@pytest.mark.parametrize("release", RELEASES)
def test_trees_pruned_to_one_node_add_their_one_leaf(release: str) -> None:
    model = Model.from_xgboost((SAVED / release / "one_node.json").read_bytes())
    shares = model.contributions([1.0, 2.0, 3.0, 4.0])
    assert shares[:4] == [0.0] * 4
    assert np.float32(shares[4]) == pytest.approx(model.margin([0.0] * 4), rel=1e-6)
