"""The world starts, stops, runs as a process of its own, and gets out of the way of a bench."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from sikka_sim import SCRIPTS, KeyPair, World, generate_key_pair
from sikka_sim.__main__ import key_pair_in
from sikka_sim.npci.parse import parse
from sikka_sim.npci.xmldsig import SignatureRefused, VerifyingKey
from sikka_sim.scripts import script_of, table
from tests.sim.conftest import running
from tests.sim.psp import Psp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sikka_sim import WorldConfig

PYTHON = Path(__file__).parents[2] / "python"


def test_every_script_is_in_the_printed_table() -> None:
    lines = table().splitlines()
    assert [line.split()[0] for line in lines] == list(SCRIPTS)


@pytest.mark.parametrize(
    ("vpa", "name"),
    [
        ("declined@simbank", "declined"),
        ("DECLINED@SimBank", "declined"),
        ("declined.42@simbank", "declined"),
        ("declined@sikka", "asha"),
        ("anybody@simbank", "asha"),
    ],
)
def test_an_address_follows_the_script_of_its_name(vpa: str, name: str) -> None:
    assert script_of(vpa).name == name


async def test_two_worlds_do_not_meet(config: WorldConfig) -> None:
    first, second = await World.start(config), await World.start(config)
    urls = {w.npci_url for w in (first, second)} | {w.sponsor_url for w in (first, second)}
    assert len(urls) == 4
    await first.stop()
    await second.stop()


async def test_a_taken_port_is_an_error_and_leaves_nothing_running(config: WorldConfig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            await World.start(replace(config, merchant_port=port))


async def test_only_rsa_certificates_are_registered(config: WorldConfig) -> None:
    world = await World.start(config)
    with pytest.raises(ValueError, match="PEM"):
        world.register_organisation("400011", b"not a certificate")
    await world.stop()


async def test_an_instant_world_decides_at_once_and_tells(
    config: WorldConfig, psp_keys: KeyPair
) -> None:
    async with running(replace(config, instant=True), psp_keys) as (world, psp):
        transaction_id, _ = await psp.collect("asha@simbank")
        await psp.next("RespPay", transaction_id)
        assert world.npci.record.messages() == []


async def test_a_world_without_callbacks_only_acknowledges(
    config: WorldConfig, psp_keys: KeyPair
) -> None:
    async with running(replace(config, instant=True, callbacks=False), psp_keys) as (world, psp):
        transaction_id, reply = await psp.collect("asha@simbank")
        assert reply.codes == []
        assert (await world.npci.record.decided(transaction_id)).answers == []
        assert psp.arrived == []


async def test_a_handle_belongs_to_the_organisation_that_serves_it(
    config: WorldConfig, psp_keys: KeyPair, stranger_keys: KeyPair
) -> None:
    async with running(config, psp_keys) as (world, _):
        world.register_organisation("400012", stranger_keys.certificate_pem, ("other",))
        participants = world.npci.participants
        served = participants.psp_of("shop@OTHER")
        assert served is not None
        assert served.org_id == "400012"
        assert participants.psp_of("shop@sikka") is None
        world.register_organisation("400011", psp_keys.certificate_pem, ("sikka",))
        served = participants.psp_of("shop@sikka")
        assert served is not None
        assert served.org_id == "400011"


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sikka_sim",
        "--directory",
        str(tmp_path),
        "--time-scale",
        "0.004",
        cwd=PYTHON,
        stdout=asyncio.subprocess.PIPE,
    )
    yield started
    if started.returncode is None:
        started.kill()
        await started.wait()


def described(directory: Path) -> tuple[dict[str, str], KeyPair, bytes]:
    description = json.loads((directory / "world.json").read_text())
    keys = KeyPair(
        Path(description["gateway_key"]).read_bytes(),
        Path(description["gateway_certificate"]).read_bytes(),
    )
    return description, keys, Path(description["switch_certificate"]).read_bytes()


async def test_the_world_runs_as_a_process(
    process: asyncio.subprocess.Process, tmp_path: Path
) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        await process.stdout.readuntil(b"\nready\n")
    description, keys, switch_certificate = described(tmp_path)
    async with aiohttp.ClientSession() as session:
        psp = Psp(description["npci_url"], keys, switch_certificate, session)
        transaction_id, reply = await psp.collect("asha@simbank")
        assert reply.codes == []
        async with session.get(f"{psp.npci_url}/sim/transactions/{transaction_id}") as response:
            assert (await response.json())["id"] == transaction_id
    process.send_signal(signal.SIGTERM)
    out, _ = await process.communicate()
    assert out.startswith(b"stopped ")
    assert process.returncode == 0


def test_a_generated_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = key_pair_in(tmp_path, "switch", "switch")
    assert (tmp_path / "switch.key.pem").stat().st_mode & 0o077 == 0
    assert key_pair_in(tmp_path, "switch", "switch") == first


def test_a_generated_pair_signs_and_verifies() -> None:
    private_pem, certificate_pem = generate_key_pair("somebody")
    assert private_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(SignatureRefused, match="one Signature"):
        VerifyingKey(certificate_pem).verify(parse(b"<a/>"))


async def test_many_payments_at_once_all_end(config: WorldConfig, psp_keys: KeyPair) -> None:
    async with running(replace(config, instant=True), psp_keys) as (world, psp):
        started = time.monotonic()
        await asyncio.gather(*(psp.collect("asha@simbank") for _ in range(200)))
        await world.npci.record.until(
            lambda: sum(bool(t.answers) for t in world.npci.record) == 200
        )
        assert time.monotonic() - started < 20
        totals = world.npci.record.totals()
        assert (totals["SUCCESS"], totals["credited"]) == (200, 200 * 129900)
        assert len({t.rrn for t in world.npci.record}) == 200
