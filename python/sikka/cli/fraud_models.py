"""`sikka fraud models`: which models there are, and which of them decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import click
import msgspec

from sikka.bootstrap import House
from sikka.cli.exits import CommandFailed
from sikka.cli.operator import operator, run_with_house
from sikka.cli.output import json_option, show, show_all
from sikka.cli.shipped_model import install_shipped, said_of
from sikka.domain.fraud.model import FraudModel
from sikka.domain.fraud.model_views import (
    FraudModelView,
    fraud_model_view,
    whole_fraud_model_view,
)
from sikka.flows.fraud import models as fraud_models
from sikka.flows.parts import Answer, Caller, Parts
from sikka.fraud.models.package import read_package
from sikka.ports import Page

COLUMNS = (
    "version", "state", "share", "schema", "average_precision", "recall", "promoted_by",
    "promoted_at",
)  # fmt: skip
RECALL = "recall_at_fpr_0.1_percent"


class ModelLine(msgspec.Struct, frozen=True):
    """A model in the table. `recall` is at a false positive rate of 0.1 %."""

    version: str
    state: str
    share: str | None
    schema: int
    average_precision: str | None
    recall: str | None
    promoted_by: str | None
    promoted_at: datetime | None


@click.group()
def models() -> None:
    r"""Register models, and say which of them decides.

    One model is champion and decides. A challenger decides a share of the payments, chosen by a
    hash of their ids; one in shadow judges all of them and decides none. Every assessment keeps
    what each of them said. A change reaches every process within two seconds, without a restart.

    \b
    Examples:
      sikka fraud models list
      sikka fraud models register model
      sikka fraud models challenge upi-2027-01 --percent 5
      sikka fraud models promote upi-2027-01
      sikka fraud models rollback
    """


@models.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@click.pass_context
def list_(context: click.Context, limit: int, as_json: bool) -> None:
    r"""List the models, newest first.

    AVERAGE_PRECISION and RECALL (at a false positive rate of 0.1 %) are those of the test period
    in training.

    \b
    Example:
      sikka fraud models list
    """

    async def work(house: House) -> None:
        rows = (await house.parts.fraud_models.models(Page(limit)))[:limit]
        shown = [fraud_model_view(row) if as_json else _line(row) for row in rows]
        show_all(shown, COLUMNS, as_json=as_json)

    run_with_house(context, work)


@models.command("show")
@click.argument("version")
@click.pass_context
def show_(context: click.Context, version: str) -> None:
    r"""Print a model with its whole document, as JSON.

    \b
    Example:
      sikka fraud models show upi-2027-01
    """

    async def work(house: House) -> None:
        model = await house.parts.fraud_models.model(version)
        if model is None:
            raise CommandFailed(f"there is no model {version}; see sikka fraud models list")
        show(whole_fraud_model_view(model), as_json=True)

    run_with_house(context, work)


@models.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@json_option
@click.pass_context
def register(context: click.Context, folder: Path, as_json: bool) -> None:
    r"""Take a model from the folder that `sikka fraud train` wrote.

    It is refused when it was trained on other features than this program computes, or when its
    version is that of a model of other content. It does nothing until it is promoted, challenges
    or is put in shadow.

    \b
    Example:
      sikka fraud models register model
    """
    try:
        package = read_package(folder)
    except FileNotFoundError as error:
        raise CommandFailed(f"{error.filename} is not there; is {folder} a model?") from None

    async def step(parts: Parts, caller: Caller) -> Answer:
        return await fraud_models.register(parts, package, caller)

    _run(context, "register", step, as_json=as_json)


@models.command()
@click.pass_context
def install(context: click.Context) -> None:
    r"""Register the model that comes with the gateway, and promote it if there is no other.

    `sikka migrate` registers it, and promotes it in a house that has taken no payment yet.

    \b
    Example:
      sikka fraud models install
    """

    async def work(house: House) -> None:
        model = await install_shipped(house.parts, house.database, promoted=True)
        if model is None:
            print("nothing was installed: the model is there already, or none is shipped")
        else:
            print(said_of(model))

    run_with_house(context, work)


@models.command()
@click.argument("version")
@json_option
@click.pass_context
def promote(context: click.Context, version: str, as_json: bool) -> None:
    r"""Let a model decide; the champion before it retires.

    \b
    Example:
      sikka fraud models promote upi-2027-01
    """

    async def step(parts: Parts, caller: Caller) -> Answer:
        return await fraud_models.promote(parts, version, caller)

    _run(context, "promote", step, as_json=as_json)


@models.command()
@click.argument("version")
@click.option(
    "--percent", type=click.IntRange(1, 100), required=True, help="Of the payments, 1 to 100."
)
@json_option
@click.pass_context
def challenge(context: click.Context, version: str, percent: int, as_json: bool) -> None:
    r"""Let a model decide a share of the payments; the challenger before it retires.

    Said again with another share, the share changes; one that grows keeps its payments.

    \b
    Example:
      sikka fraud models challenge upi-2027-01 --percent 5
    """

    async def step(parts: Parts, caller: Caller) -> Answer:
        return await fraud_models.challenge(parts, version, percent, caller)

    _run(context, "challenge", step, as_json=as_json)


@models.command()
@click.argument("version")
@json_option
@click.pass_context
def shadow(context: click.Context, version: str, as_json: bool) -> None:
    r"""Let a model judge every payment and decide none; the one before it retires.

    \b
    Example:
      sikka fraud models shadow upi-2027-01
    """

    async def step(parts: Parts, caller: Caller) -> Answer:
        return await fraud_models.shadow(parts, version, caller)

    _run(context, "shadow", step, as_json=as_json)


@models.command()
@click.argument("version")
@json_option
@click.pass_context
def retire(context: click.Context, version: str, as_json: bool) -> None:
    r"""Let a model do nothing any more. Without a champion the rules decide alone.

    \b
    Example:
      sikka fraud models retire upi-2027-01
    """

    async def step(parts: Parts, caller: Caller) -> Answer:
        return await fraud_models.retire(parts, version, caller)

    _run(context, "retire", step, as_json=as_json)


@models.command()
@click.option("--from", "version", metavar="VERSION", help="Only if this is the champion.")
@json_option
@click.pass_context
def rollback(context: click.Context, version: str | None, as_json: bool) -> None:
    r"""Make the champion before the present one champion again.

    The present one retires. The next rollback goes further back, so that two people who see the
    same alarm name what they roll back from.

    \b
    Examples:
      sikka fraud models rollback
      sikka fraud models rollback --from upi-2027-01
    """

    async def step(parts: Parts, caller: Caller) -> Answer:
        if version is None:
            return await fraud_models.rollback(parts, caller)
        return await fraud_models.rollback_from(parts, version, caller)

    _run(context, "rollback", step, as_json=as_json)


def _run(
    context: click.Context,
    command: str,
    step: Callable[[Parts, Caller], Awaitable[Answer]],
    *,
    as_json: bool,
) -> None:
    """Take a step in the registry and show the model that came of it."""

    async def work(house: House) -> None:
        answer = await step(house.parts, operator(f"fraud models {command}"))
        show(msgspec.json.decode(answer.body, type=FraudModelView), as_json=as_json)

    run_with_house(context, work)


def _line(model: FraudModel) -> ModelLine:
    metrics = model.document.get("metrics", {})
    return ModelLine(
        version=model.version,
        state=model.state,
        share=f"{model.share_percent} %" if model.share_percent else None,
        schema=model.schema_version,
        average_precision=_figure(metrics.get("average_precision")),
        recall=_figure(metrics.get(RECALL)),
        promoted_by=model.promoted_by,
        promoted_at=model.promoted_at,
    )


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
