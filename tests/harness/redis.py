"""A private Redis: its own port, nothing on disk, a numbered database for every test."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING

from tests.harness.process import ServerError, find_binary
from tests.harness.server import PrivateServer

if TYPE_CHECKING:
    from pathlib import Path

DATABASES = 1024


class Redis(PrivateServer):
    """One Redis server. Use `Redis.start(directory)`; always `stop()` it in the end."""

    start_timeout_s = 20.0

    def __init__(self, directory: Path, options: tuple[str, ...] = ()) -> None:
        super().__init__(directory)
        self._options = options
        self._numbers = itertools.count(0)

    @classmethod
    def start(cls, directory: Path, *options: str) -> Redis:
        """A new, empty server, ready for connections.

        `options` are added to the server's command line, for example "--cluster-enabled", "yes".
        Raises ServerError when it does not come up.
        """
        directory.mkdir(parents=True, exist_ok=True)
        server = cls(directory, options)
        server._begin()
        return server

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
            *self._options,
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
