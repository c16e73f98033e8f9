"""The registry of fraud models: which there are, and which of them decides.

At every moment there is at most one champion, one challenger and one model in shadow: a change is
decided from the models of the revision before it, and whoever takes a place retires the one that
had it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sikka.domain.change import amend
from sikka.domain.errors import NotFound, SikkaError, UnprocessableRequest
from sikka.domain.fraud.model import (
    FraudModel,
    FraudModelFile,
    ModelPackage,
    ModelState,
    check_schema,
    trees_of,
)
from sikka.domain.fraud.model_views import fraud_model_view
from sikka.domain.views import encode
from sikka.flows.fraud.policy import PolicyStep, Revision, revise
from sikka.flows.parts import Answer, Caller, Parts
from sikka.ports import Page

_Places = Mapping[ModelState, FraudModel]
_Place = Callable[[FraudModel, _Places, Revision], Awaitable["FraudModel | Answer"]]

_PERCENT_MAX = 100
_NOTHING_TO_DO = Answer(200, b"{}")


async def register(parts: Parts, package: ModelPackage, caller: Caller) -> Answer:
    """Take a model into the registry. It does nothing yet.

    Returns:
        201 with the model; 200 with the one that is there already, of the same content.

    Raises:
        InvalidRequest: `model_invalid`, the trees are no model, or not the document's.
        UnprocessableRequest: `model_schema_mismatch`, it was trained on other features.
        SikkaError: `model_version_taken`, the version is that of a model of other content. In all
            cases nothing was changed.
    """
    _check(package)

    async def build(revision: Revision) -> PolicyStep | Answer:
        there = await parts.fraud_models.model(package.version)
        if there is None:
            model = _new(package, caller, revision, ModelState.REGISTERED)
            return _added(model, package, "fraud_model.registered")
        if (there.checksum, there.document) == (package.checksum, package.document):
            return _unchanged(there)
        raise SikkaError("model_version_taken", param="version")

    return await revise(parts, caller, build)


async def install(
    parts: Parts, package: ModelPackage, caller: Caller, *, promoted: bool
) -> FraudModel | None:
    """Take the model that comes with the gateway into the registry, once.

    Args:
        promoted: whether it becomes champion at once where there is no other model. Where there
            is one, it is registered only: what decides is what the operator has chosen.

    Returns:
        The model as it was added; None when its version was there already, whatever became of it.

    Raises:
        InvalidRequest, UnprocessableRequest: as `register`.
    """
    _check(package)
    added: FraudModel | None = None

    async def build(revision: Revision) -> PolicyStep | Answer:
        nonlocal added
        added = None
        if await parts.fraud_models.model(package.version):
            return _NOTHING_TO_DO
        alone = not await parts.fraud_models.models(Page(1))
        state = ModelState.CHAMPION if promoted and alone else ModelState.REGISTERED
        added = _new(package, caller, revision, state)
        return _added(added, package, "fraud_model.installed")

    await revise(parts, caller, build)
    return added


async def promote(parts: Parts, version: str, caller: Caller) -> Answer:
    """Make a model champion; the champion before it retires.

    Returns:
        200 with the model, also when it is the champion already.

    Raises:
        NotFound: there is no such model.
        UnprocessableRequest: `model_schema_mismatch`, this program computes other features.
    """

    async def place(model: FraudModel, places: _Places, revision: Revision) -> FraudModel | Answer:
        if model.state is ModelState.CHAMPION:
            return _unchanged(model)
        return _crowned(model, caller, await _next_promotion_at(parts, places, revision.at))

    return await _moved(parts, version, caller, "fraud_model.promoted", place)


async def challenge(parts: Parts, version: str, share_percent: int, caller: Caller) -> Answer:
    """Let a model decide a share of the payments; the challenger before it retires.

    Args:
        share_percent: 1 to 100, of the payments.

    Returns:
        200 with the model.

    Raises:
        NotFound: there is no such model.
        UnprocessableRequest: as `promote`; or there is no champion, or the model is the champion.
        InvalidRequest: the share is out of its range.
    """
    if not 1 <= share_percent <= _PERCENT_MAX:
        raise UnprocessableRequest("parameter_invalid", "percent must be 1 to 100", param="percent")

    async def place(model: FraudModel, places: _Places, _: Revision) -> FraudModel | Answer:
        _refuse_champion(model)
        if ModelState.CHAMPION not in places:
            raise UnprocessableRequest(message="there is no champion to challenge; promote one")
        if (model.state, model.share_percent) == (ModelState.CHALLENGER, share_percent):
            return _unchanged(model)
        return replace(model, state=ModelState.CHALLENGER, share_percent=share_percent)

    return await _moved(parts, version, caller, "fraud_model.challenging", place)


async def shadow(parts: Parts, version: str, caller: Caller) -> Answer:
    """Let a model judge every payment and decide none; the one in shadow before it retires.

    Returns:
        200 with the model.

    Raises:
        NotFound: there is no such model.
        UnprocessableRequest: as `promote`; or the model is the champion.
    """

    async def place(model: FraudModel, _: _Places, __: Revision) -> FraudModel | Answer:
        _refuse_champion(model)
        if model.state is ModelState.SHADOW:
            return _unchanged(model)
        return replace(model, state=ModelState.SHADOW, share_percent=0)

    return await _moved(parts, version, caller, "fraud_model.shadowing", place)


async def retire(parts: Parts, version: str, caller: Caller) -> Answer:
    """Let a model do nothing any more. Without a champion the rules decide alone.

    Returns:
        200 with the model, also when it is retired already.

    Raises:
        NotFound: there is no such model.
        UnprocessableRequest: it is the champion of a challenger.
    """

    async def place(model: FraudModel, places: _Places, _: Revision) -> FraudModel | Answer:
        if model.state is ModelState.RETIRED:
            return _unchanged(model)
        challenger = places.get(ModelState.CHALLENGER)
        if model.state is ModelState.CHAMPION and challenger is not None:
            raise UnprocessableRequest(
                message=f"{challenger.version} challenges the champion; retire or promote it first"
            )
        return _retired(model)

    return await _moved(parts, version, caller, "fraud_model.retired", place, any_schema=True)


async def rollback(parts: Parts, caller: Caller) -> Answer:
    """Make the champion before the present one champion again, whichever that is.

    The present one retires and is not rolled back to: the next rollback goes further back.

    Returns:
        200 with the model that is champion again.

    Raises:
        UnprocessableRequest: there is no champion, or none before it; or as `promote`.
    """
    return await _rolled_back(parts, caller, None)


async def rollback_from(parts: Parts, version: str, caller: Caller) -> Answer:
    """Make the champion before this one champion again, if this one is champion.

    Of two people who see the same alarm one rolls back, and the other is told.

    Returns:
        200 with the model that is champion again.

    Raises:
        NotFound: there is no such model.
        UnprocessableRequest: it is not the champion; or as `rollback`.
    """
    return await _rolled_back(parts, caller, version)


async def _rolled_back(parts: Parts, caller: Caller, version: str | None) -> Answer:
    async def build(revision: Revision) -> PolicyStep:
        if version is not None:
            await _found(parts, version)
        present = (await parts.fraud_models.in_force()).get(ModelState.CHAMPION)
        if present is None or version not in (None, present.version):
            is_now = "nobody" if present is None else present.version
            raise UnprocessableRequest(message=f"the champion is {is_now}", param="version")
        before = await parts.fraud_models.champion_before(present.promoted_at)
        if before is None:
            raise UnprocessableRequest(message=f"no model was champion before {present.version}")
        check_schema(before.schema_version)
        back = _crowned(before, caller, _later(present.promoted_at, revision.at))
        left = replace(_retired(present), promoted_at=None, promoted_by=None)
        return _step("fraud_model.rolled_back", revision, before, back, (present, left))

    return await revise(parts, caller, build)


async def _moved(
    parts: Parts,
    version: str,
    caller: Caller,
    action: str,
    place: _Place,
    *,
    any_schema: bool = False,
) -> Answer:
    """Give a model another place; whoever had that place retires."""

    async def build(revision: Revision) -> PolicyStep | Answer:
        before = await _found(parts, version)
        if not any_schema:
            check_schema(before.schema_version)
        places = await parts.fraud_models.in_force()
        after = await place(before, places, revision)
        if isinstance(after, Answer):
            return after
        had = places.get(after.state)
        left = None if had is None or had.id == after.id else (had, _retired(had))
        return _step(action, revision, before, after, left)

    return await revise(parts, caller, build)


async def _found(parts: Parts, version: str) -> FraudModel:
    model = await parts.fraud_models.model(version)
    if model is None:
        raise NotFound(message=f"there is no model {version}", param="version")
    return model


def _step(
    action: str,
    revision: Revision,
    before: FraudModel,
    after: FraudModel,
    left: tuple[FraudModel, FraudModel] | None,
) -> PolicyStep:
    """The change of a model, and of the one that had its place, before and after."""
    changed = [(before, after), *([left] if left else [])]
    stamped = [
        (old, replace(new, updated_at=revision.at, revision=revision.number))
        for old, new in changed
    ]
    metadata: dict[str, Any] = {
        "version": before.version,
        "from": _standing(before),
        "to": _standing(after),
    }
    if left:
        metadata["retired"] = left[0].version
    return PolicyStep(
        action=action,
        status=after.state,
        merchant_id=None,
        metadata=metadata,
        answer=Answer(200, encode(fraud_model_view(stamped[0][1]))),
        amends=tuple(amend(old, new) for old, new in stamped),
    )


def _added(model: FraudModel, package: ModelPackage, action: str) -> PolicyStep:
    return PolicyStep(
        action=action,
        status=model.state,
        merchant_id=None,
        metadata={"version": model.version, "checksum": model.checksum},
        answer=Answer(201, encode(fraud_model_view(model))),
        inserts=(model, FraudModelFile(model.id, package.content)),
    )


def _new(
    package: ModelPackage, caller: Caller, revision: Revision, state: ModelState
) -> FraudModel:
    is_champion = state is ModelState.CHAMPION
    return FraudModel(
        id=revision.id("mdl"),
        bucket=revision.bucket,
        version=package.version,
        checksum=package.checksum,
        schema_version=package.schema_version,
        training_data_hash=package.training_data_hash,
        document=package.document,
        state=state,
        share_percent=0,
        created_by=caller.actor.user_id,
        created_at=revision.at,
        updated_at=revision.at,
        promoted_by=caller.actor.user_id if is_champion else None,
        promoted_at=revision.at if is_champion else None,
        revision=revision.number,
    )


def _check(package: ModelPackage) -> None:
    trees_of(
        package.content,
        checksum=package.checksum,
        schema_version=package.schema_version,
        features=package.features,
    )


def _crowned(model: FraudModel, caller: Caller, at: datetime) -> FraudModel:
    return replace(
        model,
        state=ModelState.CHAMPION,
        share_percent=0,
        promoted_by=caller.actor.user_id,
        promoted_at=at,
    )


def _retired(model: FraudModel) -> FraudModel:
    return replace(model, state=ModelState.RETIRED, share_percent=0)


async def _next_promotion_at(parts: Parts, places: _Places, now: datetime) -> datetime:
    """After the promotion of every champion before, also by a clock that is late."""
    latest = places.get(ModelState.CHAMPION) or await parts.fraud_models.champion_before(None)
    return _later(latest.promoted_at if latest else None, now)


def _later(before: datetime | None, now: datetime) -> datetime:
    return now if before is None else max(now, before + timedelta(microseconds=1))


def _refuse_champion(model: FraudModel) -> None:
    if model.state is ModelState.CHAMPION:
        raise UnprocessableRequest(
            message=f"{model.version} is the champion; promote another or retire it first"
        )


def _unchanged(model: FraudModel) -> Answer:
    return Answer(200, encode(fraud_model_view(model)))


def _standing(model: FraudModel) -> str:
    return f"{model.state} {model.share_percent} %" if model.share_percent else str(model.state)
