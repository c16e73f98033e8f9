"""Somebody who works on the registry of models, and what there is to see of it."""

from __future__ import annotations

from itertools import count
from typing import Any

from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.records import AuditRecord
from sikka.flows.fraud import models as fraud_models
from sikka.flows.parts import Answer, Caller, Parts
from sikka.ports import Page
from sikka_core import bucket_of
from tests.integration.flows.fraud.house import PolicyHouse
from tests.integration.flows.world import shown
from tests.unit.fraud.models.made import packed

_NAMES = count(1)


class Desk:
    """Works at one gateway, each time under a new key."""

    def __init__(self, house: PolicyHouse, parts: Parts | None = None) -> None:
        self.house = house
        self.parts = parts or house.parts
        self._name = next(_NAMES)
        self._keys: list[str] = []

    def caller(self) -> Caller:
        self._keys.append(f"desk-{self._name}-{len(self._keys)}")
        return self.house.caller(self._keys[-1])

    async def register(self, *versions: str) -> None:
        for version in versions:
            await fraud_models.register(self.parts, packed(version), self.caller())

    async def promote(self, version: str) -> dict[str, Any]:
        return shown(await fraud_models.promote(self.parts, version, self.caller()))

    async def challenge(self, version: str, percent: int = 10) -> dict[str, Any]:
        return shown(await fraud_models.challenge(self.parts, version, percent, self.caller()))

    async def shadow(self, version: str) -> dict[str, Any]:
        return shown(await fraud_models.shadow(self.parts, version, self.caller()))

    async def retire(self, version: str) -> dict[str, Any]:
        return shown(await fraud_models.retire(self.parts, version, self.caller()))

    async def rollback(self) -> dict[str, Any]:
        return shown(await fraud_models.rollback(self.parts, self.caller()))

    async def rollback_from(self, version: str) -> dict[str, Any]:
        return shown(await fraud_models.rollback_from(self.parts, version, self.caller()))

    async def model(self, version: str) -> FraudModel:
        model = await self.parts.fraud_models.model(version)
        assert model is not None
        return model

    async def standing(self) -> dict[str, str]:
        """The state of every model, by version."""
        models = await self.parts.fraud_models.models(Page(100))
        return {model.version: str(model.state) for model in models}

    async def in_place(self, state: ModelState) -> str | None:
        """The version of the model that has a place, if one has."""
        found = (await self.parts.fraud_models.in_force()).get(state)
        return found and found.version

    async def trail(self) -> list[AuditRecord]:
        """What was written down of all that was done at this desk, oldest first."""
        merchant_id = self.house.merchant.id
        buckets = {bucket_of(merchant_id, key) for key in self._keys}
        lines: list[AuditRecord] = []
        for bucket in buckets:
            lines += await self.house.reader.audit(Page(1_000), bucket=bucket)
        ours = [line for line in lines if line.action.startswith("fraud_model.")]
        return sorted(ours, key=lambda line: int(line.metadata["revision"]))


def body(answer: Answer) -> tuple[int, dict[str, Any]]:
    """Status and content."""
    return answer.status, shown(answer)
