"""The model that comes with the gateway, for the registry."""

from __future__ import annotations

from sqlalchemy import select

from sikka.cli.operator import operator
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.flows.fraud.models import install
from sikka.flows.parts import Parts
from sikka.fraud.models.shipped import shipped_package
from sikka.journal.database import Database
from sikka.journal.tables import payments


async def install_shipped(
    parts: Parts, database: Database, *, promoted: bool | None = None
) -> FraudModel | None:
    """Register the shipped model, once.

    Args:
        promoted: whether it becomes champion where there is no other model; if None, in a house
            that has taken no payment yet. Where rules alone have decided so far, they go on until
            the operator says otherwise.

    Returns:
        The model as it was registered; None when the registry has its version, whatever became of
        it, or when none is shipped.

    Raises:
        Unavailable: the database cannot be reached.
    """
    package = shipped_package()
    if package is None:
        return None
    if promoted is None:
        promoted = not await database.rows(select(payments.c.id).limit(1))
    return await install(parts, package, operator("fraud models install"), promoted=promoted)


def said_of(model: FraudModel) -> str:
    """One line for the operator."""
    if model.state is ModelState.CHAMPION:
        return f"model {model.version} decides about fraud, beside the rules"
    return (
        f"model {model.version} is registered and decides nothing;"
        f" sikka fraud models promote {model.version} would let it"
    )
