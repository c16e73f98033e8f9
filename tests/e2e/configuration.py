"""The settings of a gateway under test, written to files as an operator writes them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sikka_sim import KeyPair, World, WorldKeys, new_key_pair

ORG_ID = "400011"
PSP_PREFIX = "SKA"
SPONSOR = "simsponsor"
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()

# The network's etiquette in fast motion. The first check comes well after the longest time that
# a request takes to leave, as it does in the real policy.
POLICY: Mapping[str, Any] = {
    "collect_expiry_s": 60.0,
    "check_delays_s": [2.0, 2.5, 3.0],
    "check_interval_s": 0.5,
    "checks_until_s": 8.0,
    "expiry_grace_s": 0.2,
    "send_window_s": 1.5,
    "running_s": 2.0,
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the world and of the gateway; making them is slow, so a run makes them once."""

    world: WorldKeys
    gateway: KeyPair

    @classmethod
    def generate(cls) -> Keys:
        return cls(WorldKeys.generate(), new_key_pair("gateway"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway keeps its data: an empty database, and Redis or not."""

    name: str
    directory: Path
    database_url: str
    redis_url: str | None


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the sections of `over` laid over it."""
    result = dict(base)
    for name, value in over.items():
        present = result.get(name)
        if isinstance(present, Mapping) and isinstance(value, Mapping):
            result[name] = merged(present, value)
        else:
            result[name] = value
    return result


def write_settings(
    place: Place, keys: Keys, world: World, over: Mapping[str, Any] | None = None
) -> Path:
    """Write keys and settings into the place's directory; answers the path of the YAML file."""
    signing = place.directory / "gateway.key.pem"
    signing.touch(mode=0o600)
    signing.write_bytes(keys.gateway.private_pem)
    own = place.directory / "gateway.certificate.pem"
    own.write_bytes(keys.gateway.certificate_pem)
    pinned = place.directory / "switch.certificate.pem"
    pinned.write_bytes(keys.world.switch.certificate_pem)
    settings = merged(_settings(place, world, signing, own, pinned), over or {})
    path = place.directory / "sikka.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def _settings(place: Place, world: World, signing: Path, own: Path, pinned: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "server": {"host": "127.0.0.1", "port": 0, "shutdown_timeout_s": 5.0},
        "database": {"url": place.database_url},
        "upi": {
            "npci": {
                "url": world.npci_url,
                "org_id": ORG_ID,
                "psp_prefix": PSP_PREFIX,
                "signing_key": str(signing),
                "certificate": str(own),
                "peers": {"NPCI": [{"certificate": str(pinned)}]},
                "reply_timeout_s": 5.0,
                # Scripts that hang up would else open the circuit for their neighbours.
                "breaker_failures": 1000,
            },
            "sponsors": {
                SPONSOR: {
                    "url": world.sponsor_url,
                    "merchant_id": "SIM0001",
                    "psp_prefix": "SKB",
                    "secret": world.config.sponsor_secrets["SIM0001"],
                    "breaker_failures": 1000,
                }
            },
        },
        "webhooks": {
            "allow_private_addresses": True,
            "timeout_s": 2.0,
            "retry_delays_s": [0.0, 0.1, 0.2, 0.4, 0.8, 1.6],
        },
        "policy": dict(POLICY),
        "rate_limit": {"per_s": 5_000.0, "burst": 5_000},
        "worker": {"interval_s": 0.05, "lease_s": 4.0},
        "secrets": {"master_key": MASTER_KEY},
        "logging": {"level": "INFO", "format": "json"},
    }
    if place.redis_url is not None:
        settings["redis"] = {"url": place.redis_url}
    return settings
