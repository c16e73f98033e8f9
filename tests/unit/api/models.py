"""The registry of models in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.ports import Page


class Rows(Protocol):
    """Records by class, and pages of them."""

    def all(self, kind: type) -> list[Any]: ...

    def _page(self, kind: type, page: Page, **expect: Any) -> list[Any]: ...


class MemoryModels:
    """The reads of the registry over records in memory."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def model(self, version: str) -> FraudModel | None:
        return next((each for each in self._models() if each.version == version), None)

    async def models(self, page: Page) -> Sequence[FraudModel]:
        return self._rows._page(FraudModel, page)

    async def in_force(self) -> Mapping[ModelState, FraudModel]:
        idle = (ModelState.REGISTERED, ModelState.RETIRED)
        return {each.state: each for each in self._models() if each.state not in idle}

    async def champion_before(self, promoted_at: datetime | None) -> FraudModel | None:
        retired = [
            each
            for each in self._models()
            if each.state is ModelState.RETIRED
            and each.promoted_at is not None
            and (promoted_at is None or each.promoted_at < promoted_at)
        ]
        return max(retired, key=lambda each: str(each.promoted_at), default=None)

    def _models(self) -> list[FraudModel]:
        return self._rows.all(FraudModel)
