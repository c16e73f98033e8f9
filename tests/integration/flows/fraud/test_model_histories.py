"""Whatever an operator does in whatever order, the registry stands as a plain list would."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sikka.domain.errors import UnprocessableRequest
from sikka.journal.migrate import upgrade
from tests.integration.flows.fraud.desk import Desk
from tests.integration.flows.fraud.house import policy_house

VERSIONS = ("v1", "v2", "v3", "v4")


class Refused(Exception):
    """The plain registry does not do that."""


@dataclass
class Plain:
    """The registry as a list of champions, in the order of their promotions, and who is beside."""

    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(VERSIONS, "registered"))
    champions: list[str] = field(default_factory=list)

    def _who(self, state: str) -> str | None:
        return next((version for version, its in self.states.items() if its == state), None)

    def _put(self, version: str, state: str) -> None:
        before = self._who(state)
        if before is not None:
            self.states[before] = "retired"
        self.states[version] = state

    def promote(self, version: str) -> None:
        if self.states[version] == "champion":
            return
        self._put(version, "champion")
        self.champions = [each for each in self.champions if each != version] + [version]

    def challenge(self, version: str) -> None:
        if self._who("champion") in (None, version):
            raise Refused
        self._put(version, "challenger")

    def shadow(self, version: str) -> None:
        if self.states[version] == "champion":
            raise Refused
        self._put(version, "shadow")

    def retire(self, version: str) -> None:
        if self.states[version] == "champion" and self._who("challenger") is not None:
            raise Refused
        self.states[version] = "retired"

    def rollback(self) -> None:
        present = self._who("champion")
        if present is None:
            raise Refused
        # Who stands beside the champion by now is not brought back over it.
        earlier = [each for each in self.champions if self.states[each] == "retired"]
        if not earlier:
            raise Refused
        self.champions.remove(present)
        self._put(earlier[-1], "champion")


STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["promote", "promote", "challenge", "shadow", "retire"]),
        st.sampled_from(VERSIONS),
    ),
    st.just(("rollback",)),
)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "sikka.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


async def replay(url: str, steps: list[tuple[str, ...]]) -> None:
    plain = Plain()
    async with policy_house(url, gateways=1) as house:
        desk = Desk(house)
        await desk.register(*VERSIONS)
        for name, *arguments in steps:
            assert await _taken(getattr(desk, name), arguments) == _done(
                getattr(plain, name), arguments
            ), (name, *arguments)
            assert await desk.standing() == plain.states


async def _taken(step: Callable[..., Any], arguments: list[str]) -> bool:
    try:
        await step(*arguments)
    except UnprocessableRequest:
        return False
    return True


def _done(step: Callable[..., None], arguments: list[str]) -> bool:
    try:
        step(*arguments)
    except Refused:
        return False
    return True


@given(steps=st.lists(STEPS, max_size=24))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_history_leaves_what_a_plain_list_would(
    steps: list[tuple[str, ...]], migrated: Path, tmp_path: Path
) -> None:
    path = shutil.copy(migrated, tmp_path / "sikka.db")
    asyncio.run(replay(f"sqlite+aiosqlite:///{path}", steps))
