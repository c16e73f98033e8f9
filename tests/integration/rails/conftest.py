"""The simulated switch, and a gateway that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sikka_sim.keys import KeyPair, new_key_pair
from sikka_sim.world import World, WorldConfig, WorldKeys
from tests.integration.rails.gateway import ORG_ID, Gateway, key_store


@pytest.fixture(scope="session")
def world_keys() -> WorldKeys:
    return WorldKeys.generate()


@pytest.fixture(scope="session")
def our_keys() -> KeyPair:
    return new_key_pair("gateway")


@pytest.fixture
async def world(world_keys: WorldKeys) -> AsyncIterator[World]:
    world = await World.start(WorldConfig(time_scale=0.002, keys=world_keys))
    yield world
    await world.stop()
    assert world.errors() == []


@pytest.fixture
async def gateway(
    world: World, world_keys: WorldKeys, our_keys: KeyPair, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """A gateway on the simulated switch, each knowing the other's key."""
    keys = key_store(tmp_path, our_keys.private_pem, {"NPCI": [world_keys.switch.certificate_pem]})
    gateway = Gateway(world.npci_url, keys)
    world.register_organisation(ORG_ID, our_keys.certificate_pem)
    async with gateway.running() as url:
        world.set_gateway(url)
        yield gateway
