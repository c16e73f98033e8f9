"""The simulated world, in front of a PSP that the tests write themselves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from sikka_sim import KeyPair, Timing, World, WorldConfig, WorldKeys, new_key_pair
from tests.sim.psp import ORG_ID, Psp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TIME_SCALE = 0.004


@pytest.fixture(scope="session")
def world_keys() -> WorldKeys:
    return WorldKeys.generate()


@pytest.fixture(scope="session")
def psp_keys() -> KeyPair:
    return new_key_pair("test PSP")


@pytest.fixture(scope="session")
def stranger_keys() -> KeyPair:
    return new_key_pair("stranger")


@pytest.fixture
def config(world_keys: WorldKeys) -> WorldConfig:
    # The PSP of the tests answers at once or not at all.
    timing = Timing(consent_s=1.0)
    return WorldConfig(time_scale=TIME_SCALE, keys=world_keys, timing=timing)


@asynccontextmanager
async def running(config: WorldConfig, keys: KeyPair) -> AsyncIterator[tuple[World, Psp]]:
    """A world and a PSP that know each other, until the block ends."""
    world = await World.start(config)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        psp = Psp(world.npci_url, keys, world.keys.switch.certificate_pem, session)
        runner = web.AppRunner(psp.application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        psp.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        world.register_organisation(ORG_ID, keys.certificate_pem)
        world.set_gateway(psp.url)
        try:
            yield world, psp
        finally:
            # What the PSP is still sending arrives while the world stands.
            while pending := [task for task in psp.tasks if not task.done()]:
                await asyncio.wait(pending)
            await world.stop()
            await runner.cleanup()
        await asyncio.gather(*psp.tasks)
    assert world.errors() == []


@pytest.fixture
async def rail(config: WorldConfig, psp_keys: KeyPair) -> AsyncIterator[tuple[World, Psp]]:
    async with running(config, psp_keys) as both:
        yield both


@pytest.fixture
def world(rail: tuple[World, Psp]) -> World:
    return rail[0]


@pytest.fixture
def psp(rail: tuple[World, Psp]) -> Psp:
    return rail[1]


@pytest.fixture
def unverified(config: WorldConfig) -> WorldConfig:
    return replace(config, verify=False, instant=True)
