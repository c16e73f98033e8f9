"""The gateway and its workers as processes of their own, to be stopped, frozen and killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.harness.process import ServerProcess

START_TIMEOUT_S = 30.0


class Program:
    """One program of ours that may be started again and again with the same port and log.

    Args:
        arguments: of the Python interpreter.
        log: where its output goes; every run adds to it.
        ready: what stands in the output once it is ready.
    """

    def __init__(self, arguments: Sequence[str], log: Path, ready: str) -> None:
        self.arguments = list(arguments)
        self.log = log
        self._ready = ready
        self._process: ServerProcess | None = None

    @property
    def process(self) -> ServerProcess:
        """The present run; RuntimeError when there never was one."""
        if self._process is None:
            raise RuntimeError("start it first")
        return self._process

    async def start(self, *more: str) -> None:
        """Start a run, with more arguments if given, and wait until it is ready.

        Raises:
            ServerError: it ended before, or took too long; the message ends with its log.
        """
        began = self.log.stat().st_size if self.log.exists() else 0
        # The child dies with the thread that forked it, so it is the main one; waiting blocks.
        self._process = ServerProcess([sys.executable, *self.arguments, *more], self.log)
        await asyncio.to_thread(self._process.wait_until, self._says(began), START_TIMEOUT_S)

    async def stop(self) -> None:
        """End the run in good order, if it is running."""
        if self._process is not None:
            await asyncio.to_thread(self._process.stop)

    def _says(self, began: int) -> Callable[[], bool]:
        def said() -> bool:
            with self.log.open("rb") as output:
                output.seek(began)
                return self._ready.encode() in output.read()

        return said


class Server(Program):
    """`sikka serve` on a port that stays the same from run to run."""

    def __init__(self, settings_path: Path, port: int, workers: int = 1) -> None:
        arguments = [
            "-m", "sikka", "--config", str(settings_path),
            "serve", "--port", str(port), "--workers", str(workers),
        ]  # fmt: skip
        ready = "sikka serves" if workers == 1 else f"by {workers} processes"
        super().__init__(arguments, settings_path.with_name("gateway.log"), ready)


async def run(settings_path: Path, *arguments: str) -> tuple[int, str]:
    """Run a command of `sikka` to its end; its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sikka", "--config", str(settings_path), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()
