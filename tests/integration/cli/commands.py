"""The command line in a process of its own, in an empty folder, with settings of its own."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sikka_sim.keys import new_key_pair

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
TIMEOUT_S = 60.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What `--json` has printed."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that goes on, and what it has said so far, on both streams."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def until_said(self, pattern: str) -> str:
        """Wait until it has said something; answers the pattern's first group, or all of it."""
        deadline = time.monotonic() + TIMEOUT_S
        while (found := re.search(pattern, self.said)) is None:
            assert self._process.poll() is None, (
                f"ended with {self._process.returncode}: {self.said}"
            )
            assert time.monotonic() < deadline, f"never said {pattern}: {self.said}"
            time.sleep(POLL_S)
        return found[1] if found.groups() else found[0]

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and answer the exit code."""
        self._process.send_signal(number)
        return self._process.wait(TIMEOUT_S)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs `sikka` in a folder."""

    directory: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        ended = subprocess.run(
            self._command(arguments),
            cwd=self.directory,
            env=self._environ(),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """Start a command that goes on; it is killed at the end if it still does."""
        log = self.directory / "said.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command(arguments),
                cwd=self.directory,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running = Running(process, log)
        try:
            yield running
        finally:
            running.kill()

    def _environ(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("SIKKA_")}
        return {**ours, "PYTHONUNBUFFERED": "1", **self.environ}

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "sikka", *arguments]


def configured(directory: Path, database_url: str, redis_url: str | None = None) -> Commands:
    """Commands with a whole configuration in `sikka.yaml`; the switch in it does not exist."""
    ours, theirs = new_key_pair("gateway"), new_key_pair("switch")
    signing = directory / "signing.pem"
    signing.touch(mode=0o600)
    signing.write_bytes(ours.private_pem)
    (directory / "own.crt").write_bytes(ours.certificate_pem)
    (directory / "npci.crt").write_bytes(theirs.certificate_pem)
    settings: dict[str, Any] = {
        "server": {"port": 0, "shutdown_timeout_s": 2.0},
        "database": {"url": database_url},
        "upi": {
            "npci": {
                "url": "http://127.0.0.1:9",
                "org_id": "159999",
                "psp_prefix": "SKA",
                "signing_key": "signing.pem",
                "certificate": "own.crt",
                "peers": {"NPCI": [{"certificate": "npci.crt"}]},
            }
        },
        "logging": {"format": "plain"},
    }
    if redis_url is not None:
        settings["redis"] = {"url": redis_url}
    (directory / "sikka.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    environ = {"SIKKA_CONFIG": "sikka.yaml", "SIKKA__SECRETS__MASTER_KEY": MASTER_KEY}
    return Commands(directory, environ)
