"""A private MariaDB: its own data folder, its own port, durable as in production."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

from tests.harness.process import ServerError, find_binary
from tests.harness.server import PrivateServer

if TYPE_CHECKING:
    from pathlib import Path

COMMAND_TIMEOUT_S = 60.0
SOCKET_PATH_BYTES_MAX = 107


class MariaDb(PrivateServer):
    """One MariaDB server. Use `MariaDb.start(directory)`; always `stop()` it in the end."""

    start_timeout_s = 60.0

    def __init__(self, directory: Path, options: tuple[str, ...] = ()) -> None:
        super().__init__(directory)
        self._data = directory / "data"
        self._socket = directory / "mariadb.sock"
        self._options = options
        self._names = itertools.count(1)
        if len(os.fsencode(self._socket)) > SOCKET_PATH_BYTES_MAX:
            raise ServerError(f"directory {directory} is too long for a socket's path")

    @classmethod
    def start(cls, directory: Path, *options: str) -> MariaDb:
        """A new server with an empty data folder below `directory`, ready for connections.

        `options` are added to the server's command line, for example
        "--innodb-buffer-pool-size=1G". Raises ServerError when it does not come up.
        """
        server = cls(directory, options)
        server._install()
        server._begin()
        return server

    def url(self, database: str) -> str:
        """The SQLAlchemy address of `database` on this server."""
        return f"mysql+asyncmy://root@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def create_database(self) -> str:
        """Creates an empty database and answers its name."""
        name = f"sikka_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Drops the database `name`; raises ServerError when a session still holds a lock."""
        self.execute(f"SET STATEMENT lock_wait_timeout=10 FOR DROP DATABASE {name}")

    def execute(self, statement: str) -> str:
        """Runs one SQL statement as root and answers its rows, tabs between the columns.

        Raises ServerError with the server's message when the statement fails.
        """
        arguments = [
            find_binary("mariadb", "mysql"),
            "--no-defaults",
            "--user=root",
            f"--socket={self._socket}",
            "--batch",
            "--skip-column-names",
            f"--execute={statement}",
        ]
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False
        )
        if done.returncode != 0:
            raise ServerError(done.stderr.strip())
        return done.stdout

    def _install(self) -> None:
        if self._data.exists():
            shutil.rmtree(self._data)
        self._directory.mkdir(parents=True, exist_ok=True)
        arguments = [
            find_binary("mariadb-install-db", "mysql_install_db"),
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            f"--datadir={self._data}",
            # A server that starts deletes the temporary tables of others that share the folder.
            f"--tmpdir={self._directory}",
            *self._user(),
        ]
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False
        )
        if done.returncode != 0:
            raise ServerError(f"mariadb-install-db failed: {done.stdout}{done.stderr}")

    def _arguments(self) -> list[str]:
        return [
            find_binary("mariadbd", "mysqld"),
            "--no-defaults",
            *self._user(),
            f"--datadir={self._data}",
            f"--socket={self._socket}",
            f"--pid-file={self._directory / 'mariadb.pid'}",
            f"--tmpdir={self._directory}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            # Not UTC, so that whoever lets the server choose a time is found out.
            "--default-time-zone=+05:30",
            "--innodb-flush-log-at-trx-commit=1",
            "--innodb-buffer-pool-size=128M",
            "--innodb-log-file-size=64M",
            "--max-connections=400",
            "--skip-log-bin",
            *self._options,
        ]

    @staticmethod
    def _user() -> list[str]:
        # MariaDB refuses to run as root unless it is told to.
        return ["--user=root"] if os.geteuid() == 0 else []

    def _answers(self) -> bool:
        """Whether the server speaks first, with the handshake of protocol version 10."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                packet = connection.recv(5)
        except OSError:
            return False
        return len(packet) == 5 and packet[4] == 10
