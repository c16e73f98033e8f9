"""What the judgement of a payment costs: one model, two, three, and the reasons.

Run as `python -m benches models`. The vector is there already; what is timed is
`sikka.fraud.models.active.ActiveModels.judge`, and the reasons as whoever tells them looks at them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import xgboost

import sikka_core
from benches.measure import alternate, as_report, print_table, print_targets
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.fraud.models.active import ActiveModels
from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.distribution import Distribution
from sikka.fraud.models.document import ModelDocument, Period, Reference, TrainingData
from sikka.ops.metrics import Metrics

SECONDS_PER_CASE = 2.0
ROUNDS = 200
ROWS = 10_000
TREES = 300
AT = datetime(2026, 11, 23, tzinfo=UTC)
PAYMENT_ID = "pay_01KAR3Q9R0000000000000000A"
PLACES = {ModelState.CHAMPION: 0, ModelState.CHALLENGER: 30, ModelState.SHADOW: 0}


def vectors() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Numbers in the form of vectors; a tenth is missing."""
    draw = np.random.default_rng(4)
    rows = draw.normal(size=(ROWS, len(sikka_core.FEATURE_NAMES))).astype(np.float32)
    rows[draw.random(rows.shape) < 0.1] = np.nan
    return rows


def trained(rows: np.ndarray[Any, np.dtype[np.float32]], seed: int) -> sikka_core.Model:
    """A model of 300 trees of depth 6. What it learnt is of no matter here."""
    known = np.nan_to_num(rows)
    noise = np.random.default_rng(seed).normal(size=len(rows))
    labels = known[:, 0] + known[:, 3] * known[:, 5] + noise > 1.5
    names = list(sikka_core.FEATURE_NAMES)
    matrix = xgboost.DMatrix(rows, labels, feature_names=names)
    # One thread waits for nobody on a machine that is shared.
    parameters = {"objective": "binary:logistic", "max_depth": 6, "nthread": 1}
    booster = xgboost.train(parameters, matrix, TREES)
    saved = bytes(booster.save_raw("ubj"))
    return sikka_core.Model.from_xgboost(saved, schema_version=sikka_core.SCHEMA_VERSION)


def registered(trees: sikka_core.Model, state: ModelState) -> FraudModel:
    """The model as the registry holds it."""
    names, points = sikka_core.FEATURE_NAMES, tuple(float(point) for point in range(-16, 16))
    everything = Distribution((), (1.0, 0.0))
    periods = [Period(day, day + 1, 1, 0) for day in range(3)]
    document = ModelDocument(
        version=state.value,
        checksum=trees.checksum,
        schema_version=sikka_core.SCHEMA_VERSION,
        features=names,
        data=TrainingData("0" * 64, "INR", 3, 0, 3, 0, 0, *periods),
        settings={},
        calibration=Calibration("isotonic", points, points),
        gain={},
        metrics={},
        reference=Reference(dict.fromkeys(names, everything), everything),
        limits=(),
    )
    return FraudModel(
        id=f"mdl_{state}",
        bucket=0,
        version=state.value,
        checksum=trees.checksum,
        schema_version=sikka_core.SCHEMA_VERSION,
        training_data_hash="0" * 64,
        document=msgspec.json.decode(document.to_json()),
        state=state,
        share_percent=PLACES[state],
        created_by="bench",
        created_at=AT,
        updated_at=AT,
        promoted_by=None,
        promoted_at=None,
        revision=1,
    )


async def in_force(models: dict[ModelState, sikka_core.Model]) -> ActiveModels:
    """Models in these places."""
    rows = [registered(trees, state) for state, trees in models.items()]
    files = {row.id: trees.to_bytes() for row, trees in zip(rows, models.values(), strict=True)}

    async def read(id: str) -> bytes:
        return files[id]

    return await ActiveModels().with_models(rows, read, Metrics())


def run(report: dict[str, Any]) -> None:
    """Time every case, print the table and put the figures into `report["models"]`."""
    rows = vectors()
    vector = memoryview(rows[0]).toreadonly()
    trees = {state: trained(rows, seed) for seed, state in enumerate(PLACES)}
    places = list(PLACES)
    one, two, three = (
        asyncio.run(in_force({state: trees[state] for state in places[:count]}))
        for count in (1, 2, 3)
    )

    def judge(models: ActiveModels, *, reasons: bool = False) -> Callable[[], object]:
        def call() -> object:
            judgement = models.judge(PAYMENT_ID, vector)
            return judgement and len(judgement.top) if reasons else judgement

        return call

    timings = alternate(
        {
            "champion": judge(one),
            "champion and challenger": judge(two),
            "champion, challenger and shadow": judge(three),
            "champion with three reasons": judge(one, reasons=True),
        },
        SECONDS_PER_CASE,
        ROUNDS,
    )
    title = f"a payment judged by {TREES} trees x 6 each"
    print_table(title, timings, "champion")
    targets = {"champion_us_at_most_10": timings["champion"].median_s * 1e6}
    print_targets(targets)
    report["models"] = {title: as_report(timings), "ratios": targets}


if __name__ == "__main__":
    run({})
