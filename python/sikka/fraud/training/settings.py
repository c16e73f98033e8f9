"""How the trees are grown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sikka.domain.errors import InvalidRequest
from sikka_core import FEATURE_NAMES


@dataclass(frozen=True, slots=True)
class FitSettings:
    """The settings of a training. The names are XGBoost's where it has them.

    Args:
        rounds_max: how many rounds at most, of a tree each.
        early_stopping_rounds: after so many trees that made nothing better in the validation period
            no more are grown, and those after the best are dropped; None grows all, whatever
            validation says.
        stop_by: what is to become better: "logloss", or "aucpr", the average precision, which
            among few frauds goes up and down by chance.
        num_parallel_tree: trees of a round, each on rows drawn for itself, that share its step:
            with `subsample` below 1 what chance draws for one is averaged away.
        learning_rate, max_depth, min_child_weight, subsample, colsample_bytree, reg_lambda,
        reg_alpha, gamma, max_delta_step, scale_pos_weight: as XGBoost documents them.
        tree_method: "hist" or "exact".
        max_bin: bins of a feature under "hist". With 256, XGBoost's default, what tells one fraud
            among hundred payments from the others falls into one bin with them.
        base_score: the probability before the first tree. XGBoost's own estimate costs as much.
        features: which features the trees may ask for; None for all. Those that say nothing here
            only cost precision: by chance some of them tell apart the frauds of the training. The
            model takes whole vectors all the same. Columns are drawn among all features, so a
            `colsample_bytree` below 1 may leave a tree none of these.
        monotone: feature -> 1 or -1: the margin never falls, or never rises, with it.
        seed: of the choice of rows and columns.
    """

    rounds_max: int = 400
    early_stopping_rounds: int | None = 40
    stop_by: Literal["logloss", "aucpr"] = "logloss"
    num_parallel_tree: int = 1
    learning_rate: float = 0.1
    max_depth: int = 5
    min_child_weight: float = 1.0
    subsample: float = 1.0
    colsample_bytree: float = 1.0
    reg_lambda: float = 1.0
    reg_alpha: float = 0.0
    gamma: float = 0.0
    max_delta_step: float = 0.0
    scale_pos_weight: float = 1.0
    tree_method: Literal["hist", "exact"] = "hist"
    max_bin: int = 4_096
    base_score: float = 0.5
    features: tuple[str, ...] | None = None
    monotone: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.features is not None:
            self._check_features(self.features)
        for name, way in self.monotone.items():
            if name not in FEATURE_NAMES:
                raise InvalidRequest(message=f"monotone: {name} is no feature", param="monotone")
            if way not in (-1, 1):
                raise InvalidRequest(message=f"monotone: {name} must be 1 or -1", param="monotone")

    @staticmethod
    def _check_features(features: tuple[str, ...]) -> None:
        if not features:
            raise InvalidRequest(message="features: must not be empty", param="features")
        for name in features:
            if name not in FEATURE_NAMES:
                raise InvalidRequest(message=f"features: {name} is no feature", param="features")

    def parameters(self) -> dict[str, Any]:
        """What XGBoost takes as parameters.

        One thread adds up gradients in one order: the same trees to the bit, everywhere.
        """
        given = asdict(self)
        for name in ("rounds_max", "early_stopping_rounds", "stop_by", "features", "monotone"):
            del given[name]
        if self.tree_method != "hist":
            del given["max_bin"]
        ways = tuple(self.monotone.get(name, 0) for name in FEATURE_NAMES)
        return {
            **given,
            "monotone_constraints": str(ways).replace(" ", ""),
            "objective": "binary:logistic",
            "eval_metric": self.stop_by,
            "nthread": 1,
        }


# What a training takes unless it is told otherwise. Trees that see half of the columns and four
# fifths of the rows, and leaves that need several payments, keep chance out where one payment in
# some hundreds is fraud. They were chosen on the validation period of a generated stream.
USUAL = FitSettings(
    rounds_max=500,
    min_child_weight=5.0,
    subsample=0.8,
    colsample_bytree=0.5,
    reg_lambda=5.0,
)
