"""What `sikka fraud train` and `evaluate` do, with progress on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from sikka.fraud.models.folder import read_model, write_model
from sikka.fraud.training.evaluate import evaluate
from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.files import read_stream
from sikka.fraud.training.report.write import write_report
from sikka.fraud.training.settings import USUAL
from sikka.fraud.training.stored import read_stored
from sikka.fraud.training.stream import PaymentStream
from sikka.fraud.training.thresholds import Costs
from sikka.fraud.training.train import Plan, train

__all__ = ["USUAL", "Costs", "Plan", "evaluate_on", "read_stored", "read_stream", "train_on"]

THRESHOLD = "threshold_at_fpr_0.1_percent"
DIGITS = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command shows at its end.

    Args:
        raw: every number as it is, for machines.
    """

    raw: Mapping[str, str | float]

    @property
    def rounded(self) -> dict[str, str]:
        """The same for people."""
        return {name: _text(value) for name, value in self.raw.items()}


def train_on(stream: PaymentStream, plan: Plan, output: Path, costs: Costs) -> Shown:
    """Train a model and put it into a folder with its report.

    Args:
        stream: the payments, wherever they come from.
        plan: what to train.
        output: the folder, which must hold no model.
        costs: for the report.

    Raises:
        SikkaError, OSError: as `train`, `write_report` and `write_model` do.
    """
    trained = train(stream, plan, progress())
    metrics = trained.document.metrics
    # The model comes last: a folder with a model has all the rest.
    page = write_report(
        output / "report",
        trained.model,
        trained.document,
        trained.test,
        costs=costs,
        threshold=metrics[THRESHOLD],
    )
    write_model(output, trained.model, trained.document)
    identity: dict[str, str | float] = {
        "version": trained.document.version,
        "checksum": trained.document.checksum,
        "trees": trained.model.tree_count,
    }
    return _shown(identity, trained.test, {"model": str(output), "report": str(page)})


def evaluate_on(
    stream: PaymentStream,
    folder: Path,
    report: Path,
    costs: Costs,
    *,
    threshold: float | None,
    label_delay_ms: int,
    from_ms: int | None,
) -> Shown:
    """Judge a model of a folder and write a report.

    Args:
        stream: the payments, wherever they come from.
        folder: of the model.
        report: the folder of the report.
        costs: for the report.
        threshold: from which probability on the model flags payments beside the rules; if None,
            the one at which it flagged one good payment in a thousand in its own test.
        label_delay_ms, from_ms: as `evaluate` takes them.

    Raises:
        SikkaError, OSError: as `read_model`, `evaluate` and `write_report` do.
    """
    model, document = read_model(folder)
    evaluation = evaluate(
        model, document, stream, progress(), label_delay_ms=label_delay_ms, from_ms=from_ms
    )
    if threshold is None:
        threshold = document.metrics[THRESHOLD]
    page = write_report(report, model, document, evaluation, costs=costs, threshold=threshold)
    identity = {"version": document.version, "checksum": document.checksum}
    return _shown(identity, evaluation, {"report": str(page)})


def progress() -> Callable[[str], None]:
    """Says what is being done on standard error, with the seconds since the beginning."""
    began_s = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began_s:7.1f} s  {text}", err=True)

    return say


def _shown(
    identity: Mapping[str, str | float], evaluation: Evaluation, paths: Mapping[str, str]
) -> Shown:
    counts = {"payments": evaluation.period.payments, "frauds": evaluation.period.frauds}
    return Shown({**identity, **evaluation.metrics, **counts, **paths})


def _text(value: str | float) -> str:
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else str(value)
