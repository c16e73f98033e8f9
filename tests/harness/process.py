"""One server process of a test: started, waited for, paused, killed and stopped by its id."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

POLL_INTERVAL_S = 0.02


class ServerError(RuntimeError):
    """A server could not be started or stopped; the message ends with its last log lines."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_binary(*names: str) -> str:
    """The path of the first of `names` that is installed.

    Raises ServerError, naming the Debian package's command, when none is.
    """
    for name in names:
        for path in (None, "/usr/sbin:/usr/local/sbin:/usr/local/bin"):
            if found := shutil.which(name, path=path):
                return found
    raise ServerError(f"{names[0]} is not installed: run `make test`, which installs it")


class ServerProcess:
    """A server that dies with the process that started it, even when that one is killed."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [find_binary("setpriv"), "--pdeathsig", "KILL", "--", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until(self, is_ready: Callable[[], bool], timeout_s: float) -> None:
        """Returns once `is_ready` answers true.

        Raises ServerError when the process ends or `timeout_s` passes before that.
        """
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if not self.is_running:
                raise ServerError(f"ended with {self._process.returncode}: {self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"not ready after {timeout_s} s: {self.log_tail()}")
            time.sleep(POLL_INTERVAL_S)

    def stop(self, timeout_s: float = 30.0) -> None:
        """Asks the server to end and waits; kills it when it does not end in time."""
        if not self.is_running:
            return
        self.resume()
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the server at once, as a power cut would, and waits until it is gone."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Freezes the server: connections stay open and nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a paused server go on."""
        self._process.send_signal(signal.SIGCONT)

    def log_tail(self, line_count: int = 20) -> str:
        """The last lines that the server wrote."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-line_count:])
