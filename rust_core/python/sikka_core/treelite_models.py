"""Models of other libraries, by way of treelite, which reads nearly all of them.

treelite and numpy are imported when they are needed: scoring needs neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from sikka_core._native import Model, ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import treelite

    Floats: TypeAlias = npt.NDArray[np.float32]
    Doubles: TypeAlias = npt.NDArray[np.float64]
    Integers: TypeAlias = npt.NDArray[np.int32]
    Flags: TypeAlias = npt.NDArray[np.bool_]

Link: TypeAlias = Literal["identity", "logistic", "exponential", "hinge"]

# The words of treelite's model specification (version 4, "node_type" and "cmp").
_CATEGORICAL = 2
_COMPARED_EARLY = {"<": 2, ">=": 5}
_COMPARED_LATE = {"<=": 3, ">": 4}
_SWAPPED = [_COMPARED_LATE[">"], _COMPARED_EARLY[">="]]
_OPERATORS = [*_COMPARED_EARLY.values(), *_COMPARED_LATE.values()]

# The bits of LightGBM's decision_type; two of them say what is missing: nothing, zero or NaN.
_LIGHTGBM_CATEGORICAL = 1
_LIGHTGBM_DEFAULT_LEFT = 2
_LIGHTGBM_MISSING = 12
_LIGHTGBM_ZERO = 4
# The size up to which LightGBM takes a number for zero: 1e-35 as float32.
_ZERO_MAXIMUM = 1.0000000180025095e-35


class _Output(NamedTuple):
    """How the output follows from the leaves: link(base_margin + the sum of the leaves)."""

    link: Link
    # What a leaf, or the mean of the leaves, is multiplied by.
    scale: float
    base_margin: float
    # The column of a leaf's vector that is the output, or None where a leaf is a number.
    column: int | None


def from_treelite(
    model: treelite.Model,
    *,
    feature_names: Sequence[str] | None = None,
    schema_version: int | None = None,
) -> Model:
    """Take over a model with one output that treelite has read, whatever library trained it.

    `feature_names` and `schema_version` are kept with the model; treelite keeps no names.

    What is promised: every float32 row reaches the same leaf of every tree as in treelite, missing
    and infinite values included; float64 input is cast to float32 first. A margin is the sum of
    float32 leaves in the order of the trees, where treelite may add doubles, so that it differs by
    the rounding of that sum. What treelite itself reads otherwise than the library which trained
    the model stays so; for LightGBM use `from_lightgbm`, which refuses such models.

    Forests that average are taken over with each leaf divided by the number of trees. Two classes
    with a share of each in every leaf (scikit-learn's forests) give the share of the second class;
    an isolation forest gives its anomaly score between 0 and 1. A model without counts of rows
    gets contributions as if each leaf had been reached equally often.

    Raises ModelError when the model has several outputs, vectors in its leaves, a postprocessor
    other than identity, sigmoid, exponential, hinge and those of such forests, or splits that
    compare in another way than <, <=, > and >=; TypeError when it is no treelite.Model.
    """
    import treelite  # noqa: PLC0415 - Scoring does without it.

    if not isinstance(model, treelite.Model):
        raise TypeError("model must be a treelite.Model")
    import numpy as np  # noqa: PLC0415 - The same.

    header = model.get_header_accessor()
    output = _output(header, model.num_tree)
    trees = [_Tree(model.get_tree_accessor(number), output) for number in range(model.num_tree)]
    sizes = np.array([tree.size for tree in trees], np.int32)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return Model.from_nodes(
        tree_sizes=sizes.data,
        left=_joined([tree.left for tree in trees], np.int32),
        right=_joined([tree.right for tree in trees], np.int32),
        feature=_joined([tree.feature for tree in trees], np.int32),
        threshold=_joined([tree.threshold for tree in trees], np.float32),
        default_left=_joined([tree.default_left for tree in trees], np.uint8),
        value=_joined([tree.value for tree in trees], np.float32),
        cover=_joined([tree.cover for tree in trees], np.float32),
        categories=[
            (int(start) + node, listed_goes_right, listed)
            for start, tree in zip(starts, trees, strict=False)
            for node, listed_goes_right, listed in tree.categories
        ],
        feature_count=model.num_feature,
        base_margin=output.base_margin,
        link=output.link,
        feature_names=feature_names,
        schema_version=schema_version,
    )


def from_lightgbm(booster: Any, *, schema_version: int | None = None) -> Model:
    """Take over a LightGBM Booster with one output, with the promise of `from_treelite`.

    The names of its features come along, and numbers of at most 1e-35 in size count as zero, as in
    LightGBM. A category is a whole number of at least 0; LightGBM takes a value between -1 and 0
    for category 0, this model for none.

    Raises ModelError as from_treelite does, and when the model was trained with zero_as_missing
    and zero goes elsewhere than its size says, or with linear_tree: treelite reads such a model
    without a word, and gives it another meaning.
    """
    import treelite  # noqa: PLC0415 - Scoring does without it.

    _refuse_what_treelite_drops(booster.model_to_string())
    read = treelite.frontend.from_lightgbm(booster)
    _keep_zeros_together(read)
    return from_treelite(read, feature_names=booster.feature_name(), schema_version=schema_version)


def _refuse_what_treelite_drops(text: str) -> None:
    """Look through LightGBM's own text of a model, which has one line for each field of a tree."""
    thresholds: list[str] = []
    for line in text.splitlines():
        field, _, value = line.partition("=")
        if line == "is_linear=1":
            raise ModelError("linear trees of LightGBM are not supported")
        if field == "threshold":
            thresholds = value.split()
        elif field == "decision_type":
            pairs = zip(value.split(), thresholds, strict=True)
            if any(_zero_is_apart(int(bits), float(threshold)) for bits, threshold in pairs):
                raise ModelError("zero_as_missing of LightGBM is not supported")


def _zero_is_apart(decision: int, threshold: float) -> bool:
    """Whether zero goes elsewhere than `<=` says, by the bits of LightGBM's decision_type."""
    if decision & _LIGHTGBM_CATEGORICAL or decision & _LIGHTGBM_MISSING != _LIGHTGBM_ZERO:
        return False
    return (threshold >= 0) != bool(decision & _LIGHTGBM_DEFAULT_LEFT)


def _keep_zeros_together(model: treelite.Model) -> None:
    """Move thresholds among the numbers that LightGBM takes for zero to where these end.

    It reads each of them as zero, and then compares: all of them go where zero goes.
    """
    import numpy as np  # noqa: PLC0415 - Scoring does without it.

    below = float(np.nextafter(np.float32(-_ZERO_MAXIMUM), np.float32(-np.inf)))
    for tree in map(model.get_tree_accessor, range(model.num_tree)):
        thresholds = tree.get_field("threshold")
        among_zeros = np.abs(thresholds) <= _ZERO_MAXIMUM
        ends = np.where(thresholds < 0, below, _ZERO_MAXIMUM)
        tree.set_field("threshold", np.where(among_zeros, ends, thresholds))


def _output(header: treelite.model.HeaderAccessor, tree_count: int) -> _Output:
    def number(name: str) -> float:
        return float(header.get_field(name)[0])

    target_count, class_count = int(number("num_target")), int(number("num_class"))
    shape = tuple(int(length) for length in header.get_field("leaf_vector_shape"))
    postprocessor = str(header.get_field("postprocessor"))
    share_of_classes = postprocessor == "identity_multiclass" and shape == (1, 2)
    if target_count != 1 or class_count != (2 if share_of_classes else 1):
        raise ModelError("models with several outputs are not supported")
    if shape != (1, 1) and not share_of_classes:
        raise ModelError("models with vectors in their leaves are not supported")
    mean = 1 / tree_count if number("average_tree_output") and tree_count else 1.0
    # Where the postprocessor multiplies a margin first, the leaves are multiplied instead.
    supported: dict[str, tuple[Link, float]] = {
        "identity": ("identity", 1.0),
        "identity_multiclass": ("identity", 1.0),
        "sigmoid": ("logistic", number("sigmoid_alpha")),
        "exponential": ("exponential", 1.0),
        "hinge": ("hinge", 1.0),
        # An isolation forest: 2 ** (-depth / ratio_c).
        "exponential_standard_ratio": ("exponential", -math.log(2) / number("ratio_c")),
    }
    if postprocessor not in supported:
        raise ModelError(f"the postprocessor {postprocessor} is not supported")
    link, scale = supported[postprocessor]
    column = 1 if share_of_classes else None
    base_margin = float(header.get_field("base_scores")[column or 0]) * scale
    return _Output(link, scale * mean, base_margin, column)


class _Tree:
    """The nodes of one tree in the form of Model.from_nodes."""

    def __init__(self, accessor: treelite.model.TreeAccessor, output: _Output) -> None:
        import numpy as np  # noqa: PLC0415 - Scoring does without it.

        self._accessor = accessor
        self.size = int(self._field("num_nodes")[0])
        left, right = self._field("cleft"), self._field("cright")
        is_leaf = left == -1
        is_categorical = self._field("node_type") == _CATEGORICAL
        operator = np.where(is_leaf | is_categorical, _COMPARED_EARLY["<"], self._field("cmp"))
        if not np.isin(operator, _OPERATORS).all():
            raise ModelError("a split compares in another way than <, <=, > and >=")
        # x > t and x >= t are x <= t and x < t with the children the other way round.
        swapped = np.isin(operator, _SWAPPED)
        self.left = np.where(swapped, right, left)
        self.right = np.where(swapped, left, right)
        self.default_left = self._field("default_left") ^ swapped
        self.feature = np.where(is_leaf, 0, self._field("split_index"))
        late = np.isin(operator, list(_COMPARED_LATE.values()))
        thresholds = self._field("threshold").astype(np.float64)
        self.threshold = _thresholds(thresholds, late)
        self.value = self._values(is_leaf, output)
        self.cover = self._covers(is_leaf)
        self.categories = list(self._categories(is_categorical))
        # No float32 threshold has infinity below it: `x <= inf` is "not one of no categories".
        always = late & np.isposinf(thresholds) & ~is_leaf
        self.categories += [(int(node), True, []) for node in np.flatnonzero(always)]

    def _field(self, name: str) -> npt.NDArray[Any]:
        return self._accessor.get_field(name)

    def _values(self, is_leaf: Flags, output: _Output) -> Floats:
        import numpy as np  # noqa: PLC0415 - Scoring does without it.

        if output.column is None:
            values = self._field("leaf_value").astype(np.float64)
        else:
            vectors, begins = self._field("leaf_vector"), self._field("leaf_vector_begin")
            values = np.zeros(self.size)
            values[is_leaf] = vectors[begins[is_leaf].astype(np.int64) + output.column]
        # Unused values of inner nodes must not overflow on the way.
        return (np.where(is_leaf, values, 0.0) * output.scale).astype(np.float32)

    def _covers(self, is_leaf: Flags) -> Floats:
        """How much of the training data reached each node, by the best count that is there."""
        import numpy as np  # noqa: PLC0415 - Scoring does without it.

        for name in ("sum_hess", "data_count"):
            present = self._field(f"{name}_present")
            if present.size == self.size and present.all():
                return self._field(name).astype(np.float32)
        counts = is_leaf.astype(np.float64)
        parents = np.full(self.size, -1)
        inner = np.flatnonzero(~is_leaf)
        parents[self.left[inner]] = parents[self.right[inner]] = inner
        # Each step lifts every leaf by one level; the steps are as many as the tree is deep.
        places = parents[is_leaf]
        while (places := places[places >= 0]).size:
            np.add.at(counts, places, 1)
            places = parents[places]
        return counts.astype(np.float32)

    def _categories(self, is_categorical: Flags) -> Iterator[tuple[int, bool, list[int]]]:
        import numpy as np  # noqa: PLC0415 - Scoring does without it.

        for node in np.flatnonzero(is_categorical):
            begin = int(self._field("category_list_begin")[node])
            end = int(self._field("category_list_end")[node])
            listed_goes_right = bool(self._field("category_list_right_child")[node])
            yield int(node), listed_goes_right, self._field("category_list")[begin:end].tolist()


def _thresholds(thresholds: Doubles, late: Flags) -> Floats:
    """The float32 thresholds with which `x < threshold` means what the doubles t mean.

    For every float32 x it answers as `x <= t` where `late` is set, and as `x < t` elsewhere.
    `x <= t` holds up to the last float32 that is not above t, so the threshold is the one after
    it. `x < t` holds up to the last float32 below t, so the threshold is the first one not below.
    """
    import numpy as np  # noqa: PLC0415 - Scoring does without it.

    # Doubles beyond float32, its infinities and its smallest numbers are meant.
    with np.errstate(over="ignore", under="ignore"):
        nearest = thresholds.astype(np.float32)
        down, up = np.float32(-np.inf), np.float32(np.inf)
        last = np.where(nearest > thresholds, np.nextafter(nearest, down), nearest)
        first = np.where(nearest < thresholds, np.nextafter(nearest, up), nearest)
        return np.where(late, np.nextafter(last, up), first)


def _joined(parts: Sequence[npt.NDArray[Any]], kind: type[Any]) -> memoryview:
    import numpy as np  # noqa: PLC0415 - Scoring does without it.

    return np.concatenate([np.empty(0, kind), *parts]).astype(kind).data
