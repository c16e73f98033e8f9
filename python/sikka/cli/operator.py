"""The operator at the command line, as the flows see a caller."""

from __future__ import annotations

import asyncio
import gc
import getpass
import hashlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import click
import uvloop

from sikka import bootstrap
from sikka.cli.main import settings_of
from sikka.domain.records import Actor
from sikka.flows.parts import Caller, IdempotencyClaim
from sikka.ops import logging
from sikka.settings import Settings
from sikka_core import new_id

Result = TypeVar("Result")

# The operator acts for the house itself, not for a merchant.
HOUSE = "operator"


def operator(action: str) -> Caller:
    """The person at this terminal, about to do something once.

    Args:
        action: the command, as the audit trail calls it (`merchants create`).
    """
    key = f"cli-{secrets.token_hex(16)}"
    request_id = new_id("req", secrets.randbits(12), time.time_ns() // 1_000_000)
    claim = IdempotencyClaim(key, f"CLI {action}", hashlib.sha256(key.encode()).hexdigest())
    return Caller(HOUSE, True, Actor(f"cli:{_who()}"), claim, request_id)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[bootstrap.House]:
    """The house of the settings, for a command that reads and writes and serves nothing."""
    async with bootstrap.house(settings) as house:
        yield house


def run_with_house(
    context: click.Context, work: Callable[[bootstrap.House], Awaitable[None]]
) -> None:
    """Run work on the house that the command line names; logs are plain and from WARNING up."""
    settings = settings_of(context)
    logging.configure("WARNING", "plain")

    async def run() -> None:
        async with opened(settings) as house:
            await work(house)

    run_loop(run())


def run_loop(work: Awaitable[Result]) -> Result:
    """Run on a new uvloop, to the end."""

    async def await_it() -> Result:
        return await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(await_it())


def keep_from_collector() -> None:
    """Spare the garbage collector what was made at the start and lives as long as the process.

    Under load a request makes thousands of objects that reference counting frees by itself; with
    the defaults a tenth of the time goes into looking at all of the program for cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _who() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:60]
