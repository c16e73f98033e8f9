"""Grows the trees, and takes them over into the core only if it predicts their very bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xgboost
from numpy.typing import NDArray

from sikka.domain.errors import InvalidRequest, UnprocessableRequest
from sikka.fraud.training.settings import FitSettings
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model that has been grown.

    Args:
        model: in the core, bound to `SCHEMA_VERSION`.
        gain: feature -> its share of all that the splits gained; features of no split are left out.
    """

    model: Model
    gain: dict[str, float]


@dataclass(frozen=True, slots=True)
class Examples:
    """Payments with labels.

    Args:
        vectors: (n, len(FEATURE_NAMES)) float32, NaN for what is missing.
        frauds: (n,) bool.
    """

    vectors: NDArray[np.float32]
    frauds: NDArray[np.bool_]


def fit(train: Examples, settings: FitSettings, validation: Examples | None = None) -> Fitted:
    """Grow an ensemble; the same examples and settings give the same model to the byte.

    Args:
        train: what to learn from.
        settings: how.
        validation: what tells when to stop; None grows all trees of the settings.

    Returns:
        The model and how much each feature gained it.

    Raises:
        InvalidRequest: there are no frauds, or nothing but frauds, to learn from or to stop by.
        UnprocessableRequest: the core's margins are not XGBoost's to the bit.
    """
    _check(train, "training")
    booster = _grown(train, settings, validation)
    booster.set_attr(sikka_schema_version=str(SCHEMA_VERSION))
    model = Model.from_xgboost(booster.save_raw("ubj"))
    check_margins(model, booster, (validation or train).vectors)
    return Fitted(model, _gain(booster))


def check_margins(model: Model, booster: xgboost.Booster, vectors: NDArray[np.float32]) -> None:
    """Check that the core scores rows as XGBoost does.

    Args:
        model: what the core made of the booster.
        booster: of as many rounds as the model.
        vectors: (n, len(FEATURE_NAMES)) float32.

    Raises:
        UnprocessableRequest: a margin differs in a bit.
    """
    theirs = booster.predict(_matrix(vectors), output_margin=True)
    ours = np.asarray(model.score_many(np.ascontiguousarray(vectors), margin=True))
    different = np.flatnonzero(theirs.view(np.int32) != ours.view(np.int32))
    if len(different):
        row = int(different[0])
        raise UnprocessableRequest(
            message=f"{len(different)} of {len(ours)} margins are not XGBoost's (the first is"
            f" {ours[row]!r} and not {theirs[row]!r}); no model was made, report this as a bug"
        )


def _grown(train: Examples, settings: FitSettings, validation: Examples | None) -> xgboost.Booster:
    watched, callbacks = [], []
    if validation is not None and settings.early_stopping_rounds is not None:
        _check(validation, "validation")
        watched = [(_visible(validation, settings), "validation")]
        callbacks = [
            xgboost.callback.EarlyStopping(
                rounds=settings.early_stopping_rounds,
                maximize=settings.stop_by == "aucpr",
                save_best=True,
            )
        ]
    return xgboost.train(
        settings.parameters(),
        _visible(train, settings),
        settings.rounds_max,
        evals=watched,
        callbacks=callbacks,
        verbose_eval=False,
    )


def _visible(examples: Examples, settings: FitSettings) -> xgboost.DMatrix:
    """What the trees may see. A feature that is always missing is in no split."""
    vectors = examples.vectors
    if settings.features is not None:
        places = [FEATURE_NAMES.index(name) for name in settings.features]
        vectors = np.full_like(examples.vectors, np.nan)
        vectors[:, places] = examples.vectors[:, places]
    return _matrix(vectors, examples.frauds)


def _gain(booster: xgboost.Booster) -> dict[str, float]:
    gains = {
        name: float(gain)
        for name, gain in booster.get_score(importance_type="total_gain").items()
        if isinstance(gain, float)
    }
    total = sum(gains.values())
    return {name: gains[name] / total for name in FEATURE_NAMES if gains.get(name)}


def _matrix(
    vectors: NDArray[np.float32], frauds: NDArray[np.bool_] | None = None
) -> xgboost.DMatrix:
    return xgboost.DMatrix(vectors, frauds, feature_names=list(FEATURE_NAMES), nthread=1)


def _check(examples: Examples, period: str) -> None:
    frauds = int(examples.frauds.sum())
    if frauds in (0, len(examples.frauds)):
        raise InvalidRequest(
            message=f"the {period} period has {len(examples.frauds)} labelled payments and"
            f" {frauds} frauds; it needs both frauds and others: take a longer period",
            param="fraud",
        )
