"""Keeps the worker processes of a server alive, and ends them together."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sikka.cli.exits import Exit
from sikka.ops.metrics import MULTIPROCESS_DIRECTORY, forget_process

# The worker's end of the line to its supervisor: it says `READY`, and ends when the line does.
LINE_VARIABLE = "SIKKA_SUPERVISOR_LINE"
READY = b"r"

SETTLED_AFTER_S = 5.0
RESTART_DELAY_S_MAX = 5.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Slot:
    """One place for a worker, and who holds it now."""

    number: int
    process: asyncio.subprocess.Process | None = None
    ready: bool = False


class Supervisor:
    """Starts processes that listen on the same port, replaces those that die, stops all at the end.

    A worker that ends by a configuration error ends the server: another would end the same way. A
    supervisor that is killed takes its workers along, because their line to it closes.

    Args:
        command: what a worker is.
        workers: how many.
        environ: their environment.
        grace_s: how long a worker may take to finish what it has begun, once told to stop.
        on_ready: called once, when all of them have said that they are ready.
    """

    def __init__(
        self,
        command: Sequence[str],
        workers: int,
        environ: Mapping[str, str],
        grace_s: float,
        on_ready: Callable[[], None],
    ) -> None:
        self._command = tuple(command)
        self._slots = [_Slot(number) for number in range(workers)]
        self._environ = dict(environ)
        self._grace_s = grace_s
        self._on_ready = on_ready
        self._stop = asyncio.Event()
        self._code = Exit.DONE
        self._announced = False

    async def run(self) -> Exit:
        """Supervise until a signal or a worker's configuration error ends it; return the code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._forward, signal.SIGHUP)
        with tempfile.TemporaryDirectory(prefix="sikka-metrics-") as directory:
            self._environ[MULTIPROCESS_DIRECTORY] = directory
            keepers = [asyncio.create_task(self._keep(slot, directory)) for slot in self._slots]
            await self._stop.wait()
            self._forward(signal.SIGTERM)
            _, late = await asyncio.wait(keepers, timeout=self._grace_s)
            if late:
                log.error("%d workers did not stop within %g s", len(late), self._grace_s)
                self._forward(signal.SIGKILL)
            await asyncio.gather(*keepers)
        return self._code

    def _forward(self, number: signal.Signals) -> None:
        for slot in self._slots:
            if slot.process is not None:
                with suppress(ProcessLookupError):
                    slot.process.send_signal(number)

    async def _keep(self, slot: _Slot, directory: str) -> None:
        delay_s = 0.0
        while not self._stop.is_set():
            began = time.monotonic()
            code = await self._live(slot, directory)
            if self._stop.is_set():
                return
            if code == Exit.WRONG:
                self._code = Exit.WRONG
                self._stop.set()
                return
            settled = time.monotonic() - began > SETTLED_AFTER_S
            delay_s = 0.0 if settled else min(max(delay_s * 2, 0.1), RESTART_DELAY_S_MAX)
            log.error("worker %d ended with %d; another follows", slot.number, code)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._stop.wait()

    async def _live(self, slot: _Slot, directory: str) -> int:
        """One process from its start to its end; returns its exit code."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            descriptor = theirs.fileno()
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env={**self._environ, LINE_VARIABLE: str(descriptor)},
                pass_fds=(descriptor,),
            )
            theirs.close()
            slot.process = process
            if self._stop.is_set():
                process.terminate()
            loop.add_reader(ours, self._heard, slot, ours)
            try:
                return await process.wait()
            finally:
                loop.remove_reader(ours)
                slot.process = None
                slot.ready = False
                forget_process(process.pid, directory)

    def _heard(self, slot: _Slot, line: socket.socket) -> None:
        try:
            heard = line.recv(16)
        except (BlockingIOError, ConnectionResetError):
            return
        if not heard:
            asyncio.get_running_loop().remove_reader(line)
            return
        slot.ready = True
        if not self._announced and all(each.ready for each in self._slots):
            self._announced = True
            self._on_ready()


class Line:
    """A worker's line to its supervisor.

    Args:
        descriptor: the value of `LINE_VARIABLE`.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)

    def ready(self) -> None:
        """Say that this worker takes requests."""
        with suppress(ConnectionError, BlockingIOError):
            self._socket.send(READY)

    def when_lost(self, stop: Callable[[], None]) -> None:
        """Call `stop` when the supervisor is no more."""
        loop = asyncio.get_running_loop()

        def heard() -> None:
            with suppress(BlockingIOError, ConnectionResetError):
                if self._socket.recv(16):
                    return
            loop.remove_reader(self._socket)
            stop()

        loop.add_reader(self._socket, heard)

    def close(self) -> None:
        """Hang up."""
        with suppress(RuntimeError):
            asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
