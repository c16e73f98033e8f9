"""A model of one stump on the schema's features, and its document."""

from __future__ import annotations

from array import array

from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.distribution import Distribution
from sikka.fraud.models.document import ModelDocument, Period, Reference, TrainingData
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model


def made_model(threshold: float = 100.0) -> Model:
    return Model.from_nodes(
        tree_sizes=array("i", [3]),
        left=array("i", [1, -1, -1]),
        right=array("i", [2, -1, -1]),
        feature=array("i", [0, 0, 0]),
        threshold=array("f", [threshold, 0, 0]),
        default_left=array("B", [1, 0, 0]),
        value=array("f", [0, -2.0, 2.0]),
        cover=array("f", [10, 9, 1]),
        feature_count=len(FEATURE_NAMES),
        base_margin=0.0,
        link="logistic",
        feature_names=FEATURE_NAMES,
        schema_version=SCHEMA_VERSION,
    )


def made_document(model: Model | None = None) -> ModelDocument:
    half = Distribution((1.5,), (0.5, 0.25, 0.25))
    return ModelDocument(
        version="upi-2027-01",
        checksum=(model or made_model()).checksum,
        schema_version=SCHEMA_VERSION,
        features=FEATURE_NAMES,
        data=TrainingData(
            hash="ab" * 32,
            currency="INR",
            payments=1_000,
            from_ms=0,
            until_ms=1_000,
            label_delay_ms=10,
            utc_offset_s=19_800,
            train=Period(0, 500, 400, 8),
            validation=Period(510, 700, 150, 3),
            test=Period(710, 1_000, 200, 4),
        ),
        settings={
            "max_depth": 5,
            "learning_rate": 0.1,
            "tree_method": "hist",
            "features": ("amount", "user_gap_s"),
            "monotone": {},
        },
        calibration=Calibration("platt", (-10.0, 10.0), (-9.0, 9.5)),
        gain={"amount": 0.75, "user_gap_s": 0.25},
        metrics={"auc": 0.875, "average_precision": 0.7},
        reference=Reference(dict.fromkeys(FEATURE_NAMES, half), half),
        limits=("It knows amounts in INR only.",),
    )
