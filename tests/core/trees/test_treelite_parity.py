"""Models of LightGBM and scikit-learn reach the leaves that their own libraries reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightgbm
import numpy as np
import pytest
import treelite
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from sklearn import ensemble
from treelite import gtil, model_builder

from sikka_core import Model, ModelError, from_lightgbm, from_treelite

ROWS = 400
FLOAT32_MAX = float(np.finfo(np.float32).max)
STRANGE = [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-45, -1e-45, FLOAT32_MAX, -FLOAT32_MAX]
CATEGORIES = [-1.0, 0.0, 11.0, 12.0, 1000.0, 2.5, np.nan, 5.0, 2.0**31]


def training(*, missing: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Rows of five features, the last one a category of 0..11, and numbers that lean on all."""
    draw = np.random.default_rng(12)
    rows = draw.normal(size=(ROWS, 5))
    rows[:, 1] = np.round(rows[:, 1] * 3) / 3
    rows[:, 2] *= 1e6
    rows[:, 4] = draw.integers(0, 12, ROWS)
    signal = rows[:, 0] + rows[:, 1] - rows[:, 2] / 1e6 + 2 * np.isin(rows[:, 4], [1, 4, 7])
    if missing:
        rows[draw.random(rows.shape) < 0.15] = np.nan
    return rows, signal + draw.normal(size=ROWS) / 2


def asked(model: treelite.Model, rows: np.ndarray) -> np.ndarray:
    """float32 rows: those of training, strange ones, and ones at and around every threshold."""
    draw = np.random.default_rng(13)
    near = rows[draw.integers(0, len(rows), 3000)].astype(np.float32)
    for feature in range(rows.shape[1]):
        thresholds = np.concatenate(list(thresholds_of(model, feature)))
        with np.errstate(over="ignore", under="ignore"):
            values = thresholds.astype(np.float32)
            around = [values, *(np.nextafter(values, np.float32(end)) for end in (-np.inf, np.inf))]
        if values.size:
            near[:, feature] = np.resize(draw.permutation(np.concatenate(around)), len(near))
    strange = near[:300].copy()
    strange[:, draw.integers(0, 4)] = np.resize(STRANGE, 300)
    strange[:, 4] = np.resize(CATEGORIES, 300)
    return np.concatenate([rows.astype(np.float32), near, strange])


def thresholds_of(model: treelite.Model, feature: int) -> Iterator[np.ndarray]:
    """The thresholds by which each tree compares a feature."""
    for tree in map(model.get_tree_accessor, range(model.num_tree)):
        compares = (tree.get_field("cmp") > 0) & (tree.get_field("split_index") == feature)
        yield tree.get_field("threshold")[compares]


def known(rows: np.ndarray) -> np.ndarray:
    """The rows, without what scikit-learn's classic trees do not take."""
    return np.nan_to_num(rows, nan=0.5, posinf=FLOAT32_MAX, neginf=-FLOAT32_MAX)


def leaves(model: treelite.Model, rows: np.ndarray) -> np.ndarray:
    """The place of the leaf that each row reaches in each tree, by way of our own import.

    Every leaf of a copy gets its place as its value, in one tree after the other.
    """
    copy = treelite.Model.deserialize_bytes(model.serialize_bytes())
    header = copy.get_header_accessor()
    header.set_field("base_scores", np.zeros(1))
    header.set_field("average_tree_output", np.zeros(1, np.uint8))
    header.set_field("postprocessor", "identity")
    trees = [copy.get_tree_accessor(number) for number in range(copy.num_tree)]
    sizes = [int(tree.get_field("num_nodes")[0]) for tree in trees]
    for tree, size in zip(trees, sizes, strict=True):
        tree.set_field("leaf_value", np.zeros(size))
    columns = []
    for tree, size in zip(trees, sizes, strict=True):
        tree.set_field("leaf_value", np.arange(size, dtype=np.float64))
        columns.append(np.asarray(from_treelite(copy).score_many(rows)).astype(int))
        tree.set_field("leaf_value", np.zeros(size))
    return np.stack(columns, axis=1)


def assert_same_partition(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Rows share a leaf here where they share one there, whatever a leaf is called."""
    for mine, other in zip(ours.T, theirs.T, strict=True):
        pairs = np.unique(np.stack([mine, other]), axis=1)
        assert pairs.shape[1] == len(np.unique(mine)) == len(np.unique(other))


def rounding_of(model: treelite.Model, scale: float = 1.0) -> float:
    """The most by which float32 leaves and sums in float32 can move a margin."""
    largest = [
        np.abs(np.nan_to_num(tree.get_field("leaf_value"))).max()
        for tree in map(model.get_tree_accessor, range(model.num_tree))
    ]
    base = float(np.abs(model.get_header_accessor().get_field("base_scores")).max())
    return float((sum(largest) + base) * scale * (len(largest) + 2) * 2.0**-24)


# LightGBM ----------------------------------------------------------------------------------------

LIGHTGBM: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary"},
    "binary with another slope": {"objective": "binary", "sigmoid": 2.0},
    "regression": {"objective": "regression"},
    "absolute error": {"objective": "l1"},
    "quantile": {"objective": "quantile", "alpha": 0.8},
    "poisson": {"objective": "poisson"},
    "nothing is missing": {"objective": "binary", "use_missing": False},
    "deep and unbalanced": {"objective": "binary", "num_leaves": 120, "min_data_in_leaf": 1},
    "forest": {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    "dart": {"objective": "binary", "boosting": "dart", "drop_rate": 0.5},
    "one leaf": {"objective": "regression", "min_data_in_leaf": 300},
    "few bins": {"objective": "binary", "max_bin": 4},
    "ranking": {"objective": "lambdarank"},
}


def train_lightgbm(*, categorical: bool = False, missing: bool = True, **some: Any) -> Any:
    rows, labels = training(missing=missing)
    objective = some.get("objective")
    if objective in {"binary", "lambdarank"}:
        labels = (labels > 0).astype(float)
    elif objective == "poisson":
        labels = np.abs(labels)
    elif objective == "multiclass":
        labels = (labels > 0).astype(float) + (labels > 1)
    data = lightgbm.Dataset(
        rows,
        labels,
        categorical_feature=[4] if categorical else [],
        group=[20] * (ROWS // 20) if objective == "lambdarank" else None,
    )
    common = {"num_leaves": 15, "min_data_per_group": 5, "cat_smooth": 1.0, "min_data_in_leaf": 5}
    quiet = {"verbosity": -1, "num_threads": 1, "seed": 3}
    return lightgbm.train({**common, **quiet, **some}, data, 12)


@pytest.mark.parametrize("categorical", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", LIGHTGBM)
def test_lightgbm_reaches_the_same_leaves(name: str, missing: bool, categorical: bool) -> None:
    booster = train_lightgbm(categorical=categorical, missing=missing, **LIGHTGBM[name])
    read = treelite.frontend.from_lightgbm(booster)
    rows = asked(read, training(missing=missing)[0])
    # What LightGBM takes for zero is parted by treelite, and kept together by from_lightgbm.
    plain = np.where(np.abs(rows) <= 2e-35, 0, rows)
    ours = leaves(read, plain)
    assert np.array_equal(ours, gtil.predict_leaf(read, plain.astype(np.float64)))
    assert_same_partition(ours, booster.predict(plain, pred_leaf=True).reshape(ours.shape))
    model = from_lightgbm(booster)
    slope = LIGHTGBM[name].get("sigmoid", 1.0)
    margins = np.asarray(model.score_many(rows, margin=True))
    # LightGBM adds the trees of a forest up in its raw score, and takes their mean in its score.
    mean = 1 / booster.num_trees() if name == "forest" else 1.0
    theirs = booster.predict(rows, raw_score=True) * slope * mean
    bound = rounding_of(read, slope)
    assert np.abs(margins - theirs).max() <= bound
    outputs = booster.predict(rows)
    # The links are the identity, exp and less steep ones.
    assert (np.abs(model.score_many(rows) - outputs) <= 2 * bound * (1 + np.abs(outputs))).all()


def test_the_names_of_lightgbm_come_along() -> None:
    model = from_lightgbm(train_lightgbm(objective="binary"), schema_version=3)
    assert model.feature_names == ("Column_0", "Column_1", "Column_2", "Column_3", "Column_4")
    assert model.schema_version == 3


def test_a_lightgbm_model_whose_zeros_are_missing_is_refused() -> None:
    booster = train_lightgbm(objective="binary", zero_as_missing=True)
    with pytest.raises(ModelError, match="zero_as_missing"):
        from_lightgbm(booster)


def test_linear_trees_of_lightgbm_are_refused() -> None:
    booster = train_lightgbm(objective="regression", linear_tree=True, missing=False)
    with pytest.raises(ModelError, match="linear trees"):
        from_lightgbm(booster)


def test_several_classes_of_lightgbm_are_refused() -> None:
    booster = train_lightgbm(objective="multiclass", num_class=3)
    with pytest.raises(ModelError, match="several outputs"):
        from_lightgbm(booster)


# scikit-learn ------------------------------------------------------------------------------------

CLASSIC: dict[str, Any] = {
    "gradient boosting, two classes": ensemble.GradientBoostingClassifier(n_estimators=15),
    "gradient boosting, regression": ensemble.GradientBoostingRegressor(
        n_estimators=15, max_depth=6, loss="huber"
    ),
    "random forest, regression": ensemble.RandomForestRegressor(n_estimators=9, max_depth=9),
    "extra trees, regression": ensemble.ExtraTreesRegressor(n_estimators=9, max_depth=5),
}
SHARES: dict[str, Any] = {
    "random forest": ensemble.RandomForestClassifier(n_estimators=15, max_depth=7),
    "extra trees": ensemble.ExtraTreesClassifier(n_estimators=15, max_depth=7),
}


def fitted(estimator: Any, *, missing: bool) -> tuple[Any, np.ndarray]:
    rows, labels = training(missing=missing)
    if hasattr(estimator, "predict_proba"):
        labels = (labels > 0).astype(int)
    estimator.set_params(random_state=4)
    return estimator.fit(rows, labels), rows


@pytest.mark.parametrize("name", CLASSIC)
def test_scikit_learn_reaches_the_same_leaves(name: str) -> None:
    estimator, rows = fitted(CLASSIC[name], missing=False)
    read = treelite.sklearn.import_model(estimator)
    rows = known(asked(read, rows))
    ours = leaves(read, rows)
    assert np.array_equal(ours, gtil.predict_leaf(read, rows.astype(np.float64)))
    # treelite keeps the places that scikit-learn gives the nodes.
    assert np.array_equal(ours, estimator.apply(rows).reshape(ours.shape))
    model = from_treelite(read)
    classifies = hasattr(estimator, "predict_proba")
    theirs = estimator.decision_function(rows) if classifies else estimator.predict(rows)
    margins = np.asarray(model.score_many(rows, margin=True))
    assert np.abs(margins - theirs).max() <= rounding_of(read)
    if classifies:
        scores = np.asarray(model.score_many(rows))
        assert scores == pytest.approx(estimator.predict_proba(rows)[:, 1], rel=1e-5)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", SHARES)
def test_a_forest_of_two_classes_gives_the_share_of_the_second(name: str, missing: bool) -> None:
    estimator, rows = fitted(SHARES[name], missing=missing)
    read = treelite.sklearn.import_model(estimator)
    rows = asked(read, rows)
    # scikit-learn takes missing values where some were missing in training, and infinity never.
    rows = np.where(np.isinf(rows), 0, rows) if missing else known(rows)
    model = from_treelite(read, feature_names=list("abcde"))
    assert (model.link, model.feature_names) == ("identity", tuple("abcde"))
    theirs = estimator.predict_proba(rows)[:, 1]
    assert np.abs(np.asarray(model.score_many(rows)) - theirs).max() < 1e-6


@pytest.mark.parametrize("categorical", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", ["classifier", "regressor", "poisson"])
def test_histogram_boosting_gives_the_same_margins(
    kind: str, missing: bool, categorical: bool
) -> None:
    options = {"max_iter": 12, "categorical_features": [4] if categorical else None}
    if kind == "classifier":
        estimator: Any = ensemble.HistGradientBoostingClassifier(**options)
    else:
        loss = "squared_error" if kind == "regressor" else "poisson"
        estimator = ensemble.HistGradientBoostingRegressor(loss=loss, **options)
    rows, labels = training(missing=missing)
    # treelite does not read a missing category of scikit-learn's.
    rows[:, 4] = np.nan_to_num(rows[:, 4])
    labels = {"classifier": labels > 0, "regressor": labels, "poisson": np.abs(labels)}[kind]
    estimator.set_params(random_state=4).fit(rows, labels)
    read = treelite.sklearn.import_model(estimator)
    rows = asked(read, rows)
    if categorical:
        # scikit-learn takes a category that it does not know for a missing one.
        rows = rows[np.isin(rows[:, 4], range(12))]
    assert np.array_equal(leaves(read, rows), gtil.predict_leaf(read, rows.astype(np.float64)))
    margins = np.asarray(from_treelite(read).score_many(rows, margin=True))
    theirs = estimator._raw_predict(rows).ravel()
    assert np.abs(margins - theirs).max() <= rounding_of(read)


def test_a_split_of_missing_against_all_others_keeps_infinity_with_the_others() -> None:
    rows = np.full((200, 1), np.nan)
    rows[::2, 0] = np.random.default_rng(2).normal(size=100)
    labels = np.isnan(rows[:, 0]).astype(float)
    estimator = ensemble.HistGradientBoostingRegressor(max_iter=1, max_leaf_nodes=2)
    read = treelite.sklearn.import_model(estimator.fit(rows, labels))
    assert np.isposinf(read.get_tree_accessor(0).get_field("threshold")[0])
    model = from_treelite(read)
    asked_for = np.array([[np.inf], [-np.inf], [0.0], [np.nan]], np.float32)
    theirs = estimator.predict(asked_for)
    assert theirs[0] == theirs[1] == theirs[2] != theirs[3]
    assert np.asarray(model.score_many(asked_for)) == pytest.approx(theirs, rel=1e-6)


def test_an_isolation_forest_gives_its_anomaly_score() -> None:
    rows, _ = training(missing=False)
    forest = ensemble.IsolationForest(n_estimators=30, max_samples=64, random_state=4).fit(rows)
    read = treelite.sklearn.import_model(forest)
    rows = known(asked(read, rows))
    model = from_treelite(read)
    assert model.link == "exponential"
    scores = np.asarray(model.score_many(rows))
    assert scores == pytest.approx(-forest.score_samples(rows), rel=1e-5)


def test_several_classes_of_a_forest_are_refused() -> None:
    rows, labels = training(missing=False)
    forest = ensemble.RandomForestClassifier(n_estimators=2, max_depth=2)
    forest.fit(rows, (labels > 0).astype(int) + (labels > 1))
    with pytest.raises(ModelError, match="several outputs"):
        from_treelite(treelite.sklearn.import_model(forest))


# treelite itself ---------------------------------------------------------------------------------


def stump(
    operator: str, threshold: float, *, left: float = 1.0, right: float = 2.0, kind: str = "float64"
) -> treelite.Model:
    """One split: `x operator threshold` goes left, missing goes left."""
    builder = model_builder.ModelBuilder(
        threshold_type=kind,
        leaf_output_type=kind,
        metadata=model_builder.Metadata(
            num_feature=1,
            task_type="kRegressor",
            average_tree_output=False,
            num_target=1,
            num_class=[1],
            leaf_vector_shape=(1, 1),
        ),
        tree_annotation=model_builder.TreeAnnotation(num_tree=1, target_id=[0], class_id=[0]),
        postprocessor=model_builder.PostProcessorFunc(name="identity"),
        base_scores=[0.0],
    )
    builder.start_tree()
    builder.start_node(0)
    builder.numerical_test(
        0, threshold, default_left=True, opname=operator, left_child_key=1, right_child_key=2
    )
    builder.end_node()
    for key, value in ((1, left), (2, right)):
        builder.start_node(key)
        builder.leaf(value)
        builder.end_node()
    builder.end_tree()
    return builder.commit()


def compares(x: float, operator: str, threshold: float) -> bool:
    return {
        "<": x < threshold, "<=": x <= threshold, ">": x > threshold, ">=": x >= threshold
    }[operator]  # fmt: skip


doubles = st.floats(allow_nan=False)


@given(doubles, st.sampled_from(["<", "<=", ">", ">="]), st.floats(allow_nan=False, width=32))
def test_a_double_threshold_parts_float32_as_it_does(
    threshold: float, operator: str, other: float
) -> None:
    model = from_treelite(stump(operator, threshold))
    with np.errstate(over="ignore", under="ignore"):
        near = np.float32(threshold)
        around = [near, *(np.nextafter(near, np.float32(end)) for end in (-np.inf, np.inf))]
    for x in [*around, np.float32(other), *map(np.float32, (np.inf, -np.inf, 0.0, -0.0))]:
        expected = 1.0 if compares(float(x), operator, threshold) else 2.0
        assert model.margin([float(x)]) == expected, float(x)
    assert model.margin([np.nan]) == 1.0


def test_a_checkpoint_gives_the_same_model(tmp_path: Any) -> None:
    read = treelite.frontend.from_lightgbm(train_lightgbm(objective="binary", categorical=True))
    read.serialize(tmp_path / "checkpoint")
    again = treelite.Model.deserialize(tmp_path / "checkpoint")
    assert from_treelite(again).to_bytes() == from_treelite(read).to_bytes()


@pytest.mark.parametrize("objective", ["binary:logistic", "count:poisson", "binary:hinge"])
def test_xgboost_by_way_of_treelite_is_xgboost(objective: str) -> None:
    rows, labels = training()
    data = xgboost.DMatrix(rows, (labels > 0).astype(np.float32))
    booster = xgboost.train({"objective": objective, "max_depth": 4, "nthread": 1}, data, 20)
    directly = Model.from_xgboost(bytes(booster.save_raw("ubj")))
    model = from_treelite(treelite.frontend.from_xgboost(booster))
    assert model.base_margin == pytest.approx(directly.base_margin, abs=1e-7)
    margins = np.asarray(model.score_many(rows, margin=True))
    assert margins == pytest.approx(np.asarray(directly.score_many(rows, margin=True)), abs=1e-5)
    assert model.contributions(rows[0]) == pytest.approx(directly.contributions(rows[0]), abs=1e-5)


def test_a_model_without_counts_counts_every_leaf_once() -> None:
    model = from_treelite(stump("<", 5.0, left=3.0, right=7.0))
    assert model.contributions([1.0]) == pytest.approx([-2.0, 5.0])


@pytest.mark.parametrize("name", ["signed_square", "logarithm_one_plus_exp", "softmax"])
def test_a_postprocessor_that_is_not_mapped_is_refused_by_name(name: str) -> None:
    read = stump("<", 1.0)
    read.get_header_accessor().set_field("postprocessor", name)
    with pytest.raises(ModelError, match=f"the postprocessor {name} is not supported"):
        from_treelite(read)


def test_a_split_that_compares_for_equality_is_refused() -> None:
    with pytest.raises(ModelError, match="compares in another way"):
        from_treelite(stump("==", 1.0))


def test_only_models_of_treelite_are_taken() -> None:
    with pytest.raises(TypeError, match=r"treelite\.Model"):
        from_treelite(object())  # type: ignore[arg-type]
