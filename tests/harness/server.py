"""A private server of a test run: a process on a port of its own, in a folder of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from tests.harness.process import ServerError, ServerProcess, free_port

if TYPE_CHECKING:
    from pathlib import Path

START_ATTEMPTS = 3


class PrivateServer(ABC):
    """Starts, ends, freezes and restarts one server; always `stop()` it in the end."""

    start_timeout_s: float

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: ServerProcess | None = None
        self.port = 0

    @abstractmethod
    def _arguments(self) -> list[str]:
        """The command line."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server takes connections."""

    def _begin(self) -> None:
        """Start on a free port; another one when somebody takes it meanwhile."""
        for attempt in range(1, START_ATTEMPTS + 1):
            self.port = free_port()
            try:
                self.restart()
            except ServerError:
                if attempt == START_ATTEMPTS:
                    raise
            else:
                break

    @property
    def process(self) -> ServerProcess:
        if self._process is None:
            raise ServerError(f"this {type(self).__name__} was never started")
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def restart(self) -> None:
        """Starts the server again on the same port; stops it first when it runs."""
        self.stop()
        self._process = ServerProcess(self._arguments(), self._directory / "server.log")
        self._process.wait_until(self._answers, self.start_timeout_s)

    def stop(self) -> None:
        """Ends the server in good order; does nothing when it is not running."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Ends the server at once, as a power cut would."""
        self.process.kill()

    def pause(self) -> None:
        """Freezes the server: connections stay open and nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        """Lets a paused server go on."""
        self.process.resume()
