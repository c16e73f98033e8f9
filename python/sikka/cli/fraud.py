"""`sikka fraud`: train, evaluate, models, labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import click

from sikka.cli.exits import CommandFailed, Exit
from sikka.cli.fraud_labels import labels
from sikka.cli.fraud_models import models
from sikka.cli.output import json_option, show
from sikka.cli.recorded_payments import PaymentSource, payments_of
from sikka.fraud.models.document import VERSION_NAME
from sikka.fraud.models.folder import check_vacant, read_model
from sikka.fraud.monitoring.config import MonitoringConfig
from sikka_core import FEATURE_NAMES

Command = TypeVar("Command", bound=Callable[..., Any])

DAY_MS = 86_400_000
# The packages of the extra `training`, by the names under which they are imported.
PACKAGES = {"matplotlib", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "xgboost"}
LABEL_DELAY_DAYS = MonitoringConfig().label_delay_s / 86_400
DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def fraud() -> None:
    r"""Train models of fraud, judge them, say which of them decides, and what was fraud.

    \b
    Examples:
      sikka fraud train --data payments.parquet --output model --version upi-2027-01
      sikka fraud evaluate --model model --data february.parquet --report february
      sikka fraud models register model
      sikka fraud promote upi-2027-01
      sikka fraud train --data database --output model --version upi-2027-02
      sikka fraud labels import chargebacks.csv
    """


fraud.add_command(labels)
fraud.add_command(models)
for _frequent in ("promote", "rollback"):
    fraud.add_command(models.commands[_frequent])


def cost_options(command: Command) -> Command:
    """`--review-cost-minor` and `--refusal-cost-minor` for a command."""
    for name, default, help_ in (
        ("--refusal-cost-minor", 20_000, "Of a good payment that is refused, in minor units."),
        ("--review-cost-minor", 5_000, "Of a person who looks at a payment, in minor units."),
    ):
        kind = click.IntRange(0, 10**12)
        command = click.option(name, type=kind, default=default, show_default=True, help=help_)(
            command
        )
    return command


@fraud.command()
@click.option(
    "--data",
    type=PaymentSource(),
    required=True,
    help="A payment stream, .parquet or .csv; `database` for the gateway's own live payments.",
)
@click.option("--output", type=FOLDER, required=True, help="A folder for the model; see below.")
@click.option("--version", required=True, metavar="NAME", help="What the model is called.")
@click.option(
    "--label-delay-days",
    type=click.FloatRange(0, 3_650, min_open=True),
    default=LABEL_DELAY_DAYS,
    show_default=True,
    help="How long after a payment silence means that it was genuine, and when a label became"
    " known that does not say.",
)
@click.option("--train-from", type=DATE, help="UTC; the first payment if not given.")
@click.option("--train-until", type=DATE, help="UTC; leaves four tenths of the time if not given.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(FEATURE_NAMES),
    metavar="FEATURE",
    help="A feature that the trees must not ask for; may be given again.",
)
@cost_options
@json_option
@click.pass_context
def train(
    context: click.Context,
    data: Path | None,
    output: Path,
    version: str,
    label_delay_days: float,
    train_from: datetime | None,
    train_until: datetime | None,
    seed: int,
    without: tuple[str, ...],
    review_cost_minor: int,
    refusal_cost_minor: int,
    as_json: bool,
) -> None:
    r"""Make a model of recorded payments with labels, and judge it on the last of them.

    Writes model.bin, model.json and report/report.html into the folder. Training, calibration and
    judging each have their stretch of time, and between these is a gap in which labels become
    known. The same data and options make the same model, to the byte.

    \b
    Example:
      sikka fraud train --data payments.parquet --output model --version upi-2027-01
    """
    if not VERSION_NAME.fullmatch(version):
        raise click.BadParameter(
            'must be 1 to 64 of a-z, 0-9, ".", "_", "-", and begin with a letter or digit',
            param_hint="--version",
        )
    check_vacant(output)
    training = _training()
    shown = training.train_on(
        payments_of(context, training, data, timedelta(days=label_delay_days)),
        training.Plan(
            version=version,
            label_delay_ms=round(label_delay_days * DAY_MS),
            train_from_ms=_milliseconds(train_from),
            train_until_ms=_milliseconds(train_until),
            settings=replace(training.USUAL, seed=seed, features=_features(without)),
        ),
        output,
        training.Costs(review_cost_minor, refusal_cost_minor),
    )
    show(shown.raw if as_json else shown.rounded, as_json=as_json)


@fraud.command()
@click.option("--model", type=FOLDER, required=True, help="A folder that `train` has written.")
@click.option(
    "--data",
    type=PaymentSource(),
    required=True,
    help="A payment stream, .parquet or .csv; `database` for the gateway's own live payments.",
)
@click.option("--report", type=FOLDER, required=True, help="A folder for the report.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="The probability from which on payments are flagged beside rules; by default the one that"
    " flagged one good payment in a thousand when the model was trained.",
)
@click.option(
    "--label-delay-days",
    type=click.FloatRange(0, 3_650, min_open=True),
    help="As in training if not given.",
)
@click.option("--from", "judge_from", type=DATE, help="UTC; judge payments from then on only.")
@cost_options
@json_option
@click.pass_context
def evaluate(
    context: click.Context,
    model: Path,
    data: Path | None,
    report: Path,
    threshold: float | None,
    label_delay_days: float | None,
    judge_from: datetime | None,
    review_cost_minor: int,
    refusal_cost_minor: int,
    as_json: bool,
) -> None:
    r"""Judge a model on recorded payments with labels that it was not trained on.

    Writes report.html and its charts into the folder. Where the data has a column rules_decision,
    the report compares the model with the rules.

    \b
    Example:
      sikka fraud evaluate --model model --data february.parquet --report february
    """
    # What silence means must be the same where payments are read and where they are replayed.
    label_delay_ms = (
        read_model(model)[1].data.label_delay_ms
        if label_delay_days is None
        else round(label_delay_days * DAY_MS)
    )
    training = _training()
    shown = training.evaluate_on(
        payments_of(context, training, data, timedelta(milliseconds=label_delay_ms)),
        model,
        report,
        training.Costs(review_cost_minor, refusal_cost_minor),
        threshold=threshold,
        label_delay_ms=label_delay_ms,
        from_ms=_milliseconds(judge_from),
    )
    show(shown.raw if as_json else shown.rounded, as_json=as_json)


def _training() -> ModuleType:
    """What these commands do; it needs packages that no other command needs."""
    try:
        from sikka.cli import training  # noqa: PLC0415 - imported when it is needed, or never.
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in PACKAGES:
            raise
        raise CommandFailed(
            f"training needs packages that are not installed ({package} is not):"
            " pip install 'sikka[training]'",
            Exit.WRONG,
        ) from None
    return training


def _features(without: tuple[str, ...]) -> tuple[str, ...] | None:
    """The features that trees may ask for; None for all."""
    return tuple(name for name in FEATURE_NAMES if name not in without) if without else None


def _milliseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    milliseconds = round(moment.replace(tzinfo=UTC).timestamp() * 1_000)
    if milliseconds < 0:
        raise click.BadParameter("a date must not be before 1970")
    return milliseconds
