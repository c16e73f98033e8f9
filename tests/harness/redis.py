"""A private Redis: its own port, nothing on disk, a numbered database for every test."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING

from tests.harness.process import ServerError, ServerProcess, find_binary, free_port

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_S = 20.0
START_ATTEMPTS = 3
DATABASES = 1024


class Redis:
    """One Redis server. Use `Redis.start(directory)`; always `stop()` it in the end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count(0)
        self._process: ServerProcess | None = None
        self.port = 0

    @classmethod
    def start(cls, directory: Path) -> Redis:
        """A new, empty server, ready for connections; raises ServerError when it fails."""
        directory.mkdir(parents=True, exist_ok=True)
        server = cls(directory)
        for attempt in range(1, START_ATTEMPTS + 1):
            server.port = free_port()
            try:
                server.restart()
            except ServerError:
                if attempt == START_ATTEMPTS:
                    raise
            else:
                break
        return server

    @property
    def process(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("this Redis was never started")
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def restart(self) -> None:
        """Starts the server again, empty, on the same port; stops it first when it runs."""
        self.stop()
        self._process = ServerProcess(self._arguments(), self._directory / "server.log")
        self._process.wait_until(self._answers, START_TIMEOUT_S)

    def stop(self) -> None:
        """Ends the server; does nothing when it is not running."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Ends the server at once; `restart()` brings it back with nothing in it."""
        self.process.kill()

    def pause(self) -> None:
        """Freezes the server: connections stay open and nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        """Lets a paused server go on."""
        self.process.resume()

    def url(self, number: int = 0) -> str:
        """The address of database `number` on this server."""
        return f"redis://127.0.0.1:{self.port}/{number}"

    def create_database(self) -> int:
        """Empties the next numbered database and answers its number."""
        number = next(self._numbers) % DATABASES
        self._command(f"SELECT {number}", "FLUSHDB")
        return number

    def flush(self) -> None:
        """Empties every database, as an operator's FLUSHALL would."""
        self._command("FLUSHALL")

    def _arguments(self) -> list[str]:
        return [
            find_binary("redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self._directory),
            "--databases",
            str(DATABASES),
            "--save",
            "",
            "--appendonly",
            "no",
        ]

    def _answers(self) -> bool:
        try:
            self._command("PING")
        except (OSError, ServerError):
            return False
        return True

    def _command(self, *commands: str) -> None:
        """Sends inline commands over one connection; raises ServerError when one is refused."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5.0) as connection:
            replies = connection.makefile("rb")
            for command in commands:
                connection.sendall(f"{command}\r\n".encode())
                reply = replies.readline().decode().strip()
                if not reply.startswith("+"):
                    raise ServerError(f"redis answered {command} with {reply or 'nothing'}")
