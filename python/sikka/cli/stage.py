"""The demo's stage: keys, settings, and the simulated world around a real gateway."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from sikka import bootstrap
from sikka.bootstrap import edges
from sikka.bootstrap.registrar import registrar
from sikka.cli.shipped_model import install_shipped
from sikka.journal import migrate
from sikka.ports import Observer
from sikka.settings import Settings
from sikka_sim.keys import KeyPair, new_key_pair
from sikka_sim.world import World, WorldConfig, WorldKeys

ORGANISATION = "159999"
PSP_PREFIX = "SKA"
HANDLE = "sikka"
PREFERRED_PORT = 8080

# Simulated customers and banks take a twentieth of their time, and so does the patience with
# which the gateway asks about what it was not told.
TIME_SCALE = 0.05
POLICY = {
    "check_delays_s": [3.0, 10.0, 30.0, 60.0],
    "send_window_s": 2.0,
    "check_interval_s": 30.0,
    "expiry_grace_s": 5.0,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs while the demo does, and the file of its settings."""

    house: bootstrap.House
    gateway: edges.Gateway
    world: World
    settings_path: Path


@asynccontextmanager
async def stage(directory: Path, port: int | None, observe: Observer) -> AsyncIterator[Stage]:
    """Set everything up in one process, and take it down again.

    Args:
        directory: holds keys and database; what is there from an earlier demo is used again.
        port: of the API; 8080 if it is free, else any, when None.
        observe: hears what happens.

    Raises:
        OSError: the port is taken, or the directory cannot be written.
    """
    ours = _key_pair(directory, "gateway", "Sikka demo gateway")
    keys = WorldKeys(
        _key_pair(directory, "switch", "NPCI simulated switch"),
        _key_pair(directory, "nobody", "nobody"),
    )
    async with AsyncExitStack() as stack:
        world = await World.start(WorldConfig(time_scale=TIME_SCALE, keys=keys))
        stack.push_async_callback(world.stop)
        world.register_organisation(ORGANISATION, ours.certificate_pem, (HANDLE,))
        path = _write_settings(directory, port, world.npci_url)
        settings = Settings.load(path, {})
        await migrate.upgrade(settings.database.url.reveal())
        async with registrar(settings) as at:
            await install_shipped(at.parts, at.database)
        house = await stack.enter_async_context(bootstrap.house(settings, observe))
        await stack.enter_async_context(edges.worker(settings, on=house))
        gateway = await stack.enter_async_context(_gateway(settings, house, port))
        world.set_gateway(gateway.url)
        yield Stage(house, gateway, world, path)


def _write_settings(directory: Path, port: int | None, npci_url: str) -> Path:
    """Write the demo's settings as an operator would; answers the path of the file."""
    settings = {
        "server": {"port": PREFERRED_PORT if port is None else port, "shutdown_timeout_s": 2.0},
        "database": {"url": f"sqlite+aiosqlite:///{directory / 'sikka.db'}"},
        "upi": {
            "npci": {
                "url": npci_url,
                "org_id": ORGANISATION,
                "psp_prefix": PSP_PREFIX,
                "signing_key": "gateway.key.pem",
                "certificate": "gateway.certificate.pem",
                "peers": {"NPCI": [{"certificate": "switch.certificate.pem"}]},
            }
        },
        "webhooks": {"allow_private_addresses": True, "timeout_s": 5.0},
        "policy": POLICY,
        "worker": {"interval_s": 0.1},
        "secrets": {"master_key": _master_key(directory)},
        "logging": {"level": "WARNING", "format": "plain"},
    }
    path = directory / "sikka.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return path


def _key_pair(directory: Path, name: str, common_name: str) -> KeyPair:
    """The key pair of that name in the directory; made when it is not there."""
    private, certificate = directory / f"{name}.key.pem", directory / f"{name}.certificate.pem"
    if not (private.exists() and certificate.exists()):
        pair = new_key_pair(common_name)
        private.touch(mode=0o600)
        private.write_bytes(pair.private_pem)
        certificate.write_bytes(pair.certificate_pem)
    return KeyPair(private.read_bytes(), certificate.read_bytes())


def _master_key(directory: Path) -> str:
    path = directory / "master.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.b64encode(secrets.token_bytes(32)).decode(), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


@asynccontextmanager
async def _gateway(
    settings: Settings, house: bootstrap.House, port: int | None
) -> AsyncIterator[edges.Gateway]:
    """The API on its port; on any free one when the preferred port turns out to be taken."""
    async with AsyncExitStack() as stack:
        try:
            gateway = await stack.enter_async_context(edges.gateway(settings, on=house))
        except OSError:
            if port is not None:
                raise
            elsewhere = replace(settings, server=replace(settings.server, port=0))
            gateway = await stack.enter_async_context(edges.gateway(elsewhere, on=house))
        yield gateway
