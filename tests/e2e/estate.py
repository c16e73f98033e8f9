"""A gateway of processes on real servers, and the world around it in the test's own process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sikka.bootstrap import edges
from sikka.journal import migrate
from sikka.settings import Settings
from sikka_sim import World
from tests.e2e.archive import Archive
from tests.e2e.client import Client
from tests.e2e.configuration import Keys, Place, write_settings
from tests.e2e.house import DEADLINE_S, Tenant, listen, prove, settle_in, until, world_of
from tests.e2e.processes import Program, Server
from tests.harness.process import free_port


@dataclass(frozen=True, slots=True)
class Estate:
    """What a test has in hand; nothing of ours runs before `start`.

    Attributes:
        port: where the gateway is to listen, in every run.
    """

    place: Place
    world: World
    settings: Settings
    settings_path: Path
    tenant: Tenant
    client: Client
    archive: Archive
    port: int
    programs: list[Program]

    def worker(self) -> Program:
        """`sikka worker`, not started."""
        arguments = ["-m", "sikka", "--config", str(self.settings_path), "worker"]
        log = self.place.directory / f"worker-{len(self.programs)}.log"
        return self.keep(Program(arguments, log, "sikka works"))

    def server(self, workers: int = 1) -> Program:
        """`sikka serve`, not started."""
        return self.keep(Server(self.settings_path, self.port, workers))

    def keep(self, program: Program) -> Program:
        """Stop the program, too, when the test ends."""
        self.programs.append(program)
        return program

    async def quiet(self, timeout_s: float = DEADLINE_S) -> None:
        """Wait until no payment's outcome is awaited, and every webhook is delivered."""

        async def find() -> bool:
            waiting = await self.archive.number(
                "SELECT COUNT(*) FROM payments WHERE status = 'PENDING'"
                " AND stage NOT IN ('needs_attention', 'in_review', 'action_required')"
            )
            refunds = await self.archive.number(
                "SELECT COUNT(*) FROM refunds WHERE status = 'PENDING' AND NOT needs_attention"
            )
            return waiting + refunds + await self.archive.backlog() == 0

        await until(find, "nothing is on its way any more", timeout_s)
        await self.world.npci.tasks.idle(timeout_s)

    async def prove(self) -> None:
        """The data and the rail's record agree, and no invariant is broken."""
        await prove(self.place.database_url, self.archive, self.world)


@asynccontextmanager
async def estate_at(
    place: Place, keys: Keys, over: Mapping[str, Any] | None = None, **world_config: Any
) -> AsyncIterator[Estate]:
    """An estate with a merchant and its webhook endpoint, and no program of ours running yet."""
    await migrate.upgrade(place.database_url)
    async with AsyncExitStack() as stack:
        world = await world_of(keys, **world_config)
        stack.push_async_callback(world.stop)
        path = write_settings(place, keys, world, over)
        settings = Settings.load(path, os.environ)
        async with edges.gateway(settings) as gateway:
            tenant = await settle_in(gateway.house)
            async with Client(gateway.url, tenant.secret) as client:
                await listen(client, world)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        world.set_gateway(url)
        client = await stack.enter_async_context(Client(url, tenant.secret))
        archive = await stack.enter_async_context(Archive(place.database_url))
        programs: list[Program] = []
        try:
            yield Estate(place, world, settings, path, tenant, client, archive, port, programs)
        finally:
            for program in reversed(programs):
                await program.stop()
