"""The models in force, in this process: who judges a payment, and what the others would say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import isnan
from typing import overload

from sikka.domain.errors import InvalidRequest, NotFound, SikkaError
from sikka.domain.fraud.model import FraudModel, ModelState, trees_of
from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.judgement import Judgement
from sikka.fraud.models.package import document_of
from sikka.fraud.models.share import Share
from sikka.ports import Observer
from sikka_core import FEATURE_NAMES, Model, ModelError

_log = logging.getLogger(__name__)

ReadFile = Callable[[str], Awaitable[bytes]]

_PLACES = (ModelState.CHAMPION, ModelState.CHALLENGER, ModelState.SHADOW)
# How many features a judgement names as what moved it.
TOP = 3


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready to judge."""

    id: str
    version: str
    trees: Model
    calibration: Calibration

    def probability(self, vector: memoryview) -> float | None:
        """The calibrated chance of fraud of a payment with this vector, 0 to 1.

        None of a model whose leaves add up to no number, which no training makes.
        """
        margin = self.trees.margin(vector)
        return None if isnan(margin) else self.calibration.probability(margin)


def load(model: FraudModel, content: bytes) -> LoadedModel:
    """Read a model of the registry from its file.

    Raises:
        InvalidRequest: file, document and schema do not fit each other or this program.
    """
    document = document_of(model)
    trees = trees_of(
        content,
        checksum=model.checksum,
        schema_version=document.schema_version,
        features=document.features,
    )
    document.check(trees)
    return LoadedModel(model.id, model.version, trees, document.calibration)


class Top(Sequence[tuple[str, float]]):
    """The features that moved a model's margin most, computed when they are looked at.

    Contributions cost some fifty times what a score does, and most payments need no reasons. What
    moved nothing is left out; of a model that has no contributions, none is told.
    """

    __slots__ = ("_found", "_trees", "_vector")

    def __init__(self, trees: Model, vector: memoryview) -> None:
        self._trees = trees
        self._vector = vector
        self._found: Sequence[tuple[str, float]] | None = None

    @overload
    def __getitem__(self, at: int) -> tuple[str, float]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[tuple[str, float]]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, float] | Sequence[tuple[str, float]]:
        return self._top()[at]

    def __len__(self) -> int:
        return len(self._top())

    def _top(self) -> Sequence[tuple[str, float]]:
        if self._found is None:
            self._found = _strongest(self._trees, self._vector)
        return self._found


def _strongest(trees: Model, vector: memoryview) -> Sequence[tuple[str, float]]:
    try:
        shares = trees.contributions(vector)
    except ModelError:
        # A payment is not to fail because the reasons are unknown.
        return ()
    # The margin of no features comes last and is nobody's.
    moved = ((name, share) for name, share in zip(FEATURE_NAMES, shares, strict=False) if share)
    return tuple(nlargest(TOP, moved, key=lambda named: abs(named[1])))


class ActiveModels:
    """A `Judge`: the champion, the challenger and the one in shadow. It does not change.

    `ActiveModels()` has none; `with_models` makes the next ones. A champion that cannot be loaded
    here leaves the one before it in force; a challenger or one in shadow that cannot be loaded
    leaves its place empty.
    """

    def __init__(self) -> None:
        self._rows: Mapping[str, FraudModel] = {}
        self._loaded: Mapping[ModelState, LoadedModel] = {}
        self._refused: frozenset[str] = frozenset()
        self._champion: LoadedModel | None = None
        self._challenger: LoadedModel | None = None
        self._shadow: LoadedModel | None = None
        self._share = Share("", 0)

    def judge(self, key: str, vector: memoryview) -> Judgement | None:
        """See `Judge`. The key is the payment's id; see `Share` for how it is hashed."""
        decider, beside, shadow = self._champion, self._challenger, self._shadow
        if decider is None:
            # A challenger of nobody decides nothing.
            beside = None
            if shadow is None:
                return None
        elif beside is not None and self._share.has(key):
            decider, beside = beside, decider
        version, probability = _said(decider, vector)
        top = () if decider is None else Top(decider.trees, vector)
        return Judgement(version, probability, top, *_said(beside, vector), *_said(shadow, vector))

    async def with_models(
        self, changed: Iterable[FraudModel], read_file: ReadFile, observe: Observer
    ) -> ActiveModels:
        """The models in force after some of the registry have changed.

        Args:
            changed: those that changed, as they stand in the registry; the others stand as before.
            read_file: answers the file of a model by its id.
            observe: hears `fraud.model_refused` (version, place, error) for a model that has a
                place and cannot be loaded. It hears so once: neither the model nor this program
                ever changes.

        Raises:
            Exception: what `read_file` raises, but for NotFound, which is a refusal. These models
                stay as they are.
        """
        rows = {**self._rows, **{model.id: model for model in changed}}
        rows = {id: model for id, model in rows.items() if model.state in _PLACES}
        known = {model.id: model for model in self._loaded.values()}
        refused = set(self._refused)
        loaded: dict[ModelState, LoadedModel] = {}
        # Of two that have one place, as a read between two changes may show them, the later.
        for row in sorted(rows.values(), key=lambda each: each.revision):
            if row.id not in known and row.id not in refused:
                try:
                    content = await read_file(row.id)
                    # Without the GIL for the most part, so that payments go on meanwhile.
                    known[row.id] = await asyncio.to_thread(load, row, content)
                except (InvalidRequest, NotFound) as error:
                    refused.add(row.id)
                    _tell(row, error, observe)
            if row.id in known:
                loaded[row.state] = known[row.id]
            elif row.state is ModelState.CHAMPION and self._champion is not None:
                loaded[row.state] = self._champion
        return self._next(rows, loaded, frozenset(refused))

    def _next(
        self,
        rows: Mapping[str, FraudModel],
        loaded: Mapping[ModelState, LoadedModel],
        refused: frozenset[str],
    ) -> ActiveModels:
        following = ActiveModels()
        following._rows, following._loaded, following._refused = rows, loaded, refused
        following._champion = loaded.get(ModelState.CHAMPION)
        following._shadow = loaded.get(ModelState.SHADOW)
        challenger = loaded.get(ModelState.CHALLENGER)
        if challenger is not None:
            following._challenger = challenger
            following._share = Share(challenger.version, rows[challenger.id].share_percent)
        return following


def _said(model: LoadedModel | None, vector: memoryview) -> tuple[str | None, float | None]:
    return (None, None) if model is None else (model.version, model.probability(vector))


def _tell(row: FraudModel, error: SikkaError, observe: Observer) -> None:
    _log.error("model %s does not serve as %s: %s", row.version, row.state, error)
    observe("fraud.model_refused", version=row.version, place=row.state, error=str(error))
