"""Writes a report: one page with everything in it, and its charts beside it."""

from __future__ import annotations

from pathlib import Path

from sikka.fraud.models.document import ModelDocument
from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.report import page, sections
from sikka.fraud.training.report.costs import cost_chart
from sikka.fraud.training.report.curves import (
    calibration_chart,
    precision_recall_chart,
    roc_chart,
    score_chart,
)
from sikka.fraud.training.report.influence import importance_chart, mean_contributions
from sikka.fraud.training.rules_effect import rules_effect
from sikka.fraud.training.thresholds import Costs
from sikka_core import Model

PAGE = "report.html"


def write_report(
    folder: Path,
    model: Model,
    document: ModelDocument,
    evaluation: Evaluation,
    *,
    costs: Costs,
    threshold: float,
) -> Path:
    """Write `report.html` and the PNG files of its charts; equal evaluations give equal bytes.

    Args:
        folder: where to; it is made if it is not there, and files of these names are replaced.
        model: the model.
        document: its card.
        evaluation: how it did.
        costs: of reviews and of refused good payments.
        threshold: the probability from which on the model flags payments beside the rules.

    Returns:
        The page.

    Raises:
        OSError: the folder cannot be written.
    """
    currency = document.data.currency
    contributions = mean_contributions(model, evaluation.vectors)
    pictures = {
        "precision_recall": (
            precision_recall_chart(evaluation),
            "Precision over recall, at every threshold.",
        ),
        "roc": (roc_chart(evaluation), "Recall over the false positive rate, where it matters."),
        "calibration": (
            calibration_chart(evaluation),
            "What the model tells beside what happened; on the dotted line the two are equal.",
        ),
        "scores": (score_chart(evaluation), "How frauds and good payments are scored."),
        "costs": (
            cost_chart(evaluation.scored, costs, currency),
            "What missed frauds, reviews and refused good payments cost together.",
        ),
        "features": (
            importance_chart(document, contributions),
            "The features that move scores most, and what they gained in training.",
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (png, _) in pictures.items():
        (folder / f"{name}.png").write_bytes(png)
    body = [
        *sections.opening(document, evaluation),
        page.charts([(png, text, name == "features") for name, (png, text) in pictures.items()]),
        *sections.metrics_section(evaluation),
        *sections.thresholds_section(evaluation, costs, currency),
        *sections.rules_section(rules_effect(evaluation.scored, threshold), threshold, currency),
        *sections.data_section(document, evaluation),
        *sections.model_section(document),
    ]
    written = folder / PAGE
    written.write_text(page.document(f"Model {document.version}", body), encoding="utf-8")
    return written
