"""A gateway as it runs in production, with its database and an instant rail, for load."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.harness.mariadb import MariaDb
from tests.harness.process import free_port

REPOSITORY = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
READY_TIMEOUT_S = 60.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw, and what each process spent meanwhile; CPU in seconds.

    `lag_s` is how long after the last answer the last payment had its outcome (whole lifecycle).
    """

    payments: int
    duration_s: float
    refused: int
    failed: int
    p50_ms: float
    p99_ms: float
    cpu_s: Mapping[str, float]
    lag_s: float

    @property
    def rate(self) -> float:
        """Payments a second."""
        return self.payments / self.duration_s

    @property
    def ended_rate(self) -> float:
        """Payments a second, counted until the last of them had its outcome."""
        return self.payments / (self.duration_s + self.lag_s)

    def cpu_us(self, process: str) -> float:
        """CPU of a process for one payment, microseconds."""
        return self.cpu_s[process] * 1e6 / max(self.payments, 1)


def _key_pair(directory: Path, name: str) -> None:
    """Write `name`.key and `name`.pem, a key and a certificate signed with itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (directory / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (directory / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


class Stack:
    """The processes of one bench; use `running`."""

    def __init__(self, directory: Path, database: MariaDb, *, workers: int) -> None:
        self.directory = directory
        self.database = database
        self.workers = workers
        self.port = free_port()
        self.key = ""
        self._schema = ""
        self._callbacks = False
        self.rail: subprocess.Popen[bytes]
        self.gateway: subprocess.Popen[bytes]

    def start(self, *, callbacks: bool) -> None:
        """Bring everything up; return when the gateway is ready."""
        self._callbacks = callbacks
        for name in ("gateway", "switch"):
            _key_pair(self.directory, name)
        port_file = self.directory / "rail.port"
        arguments = ["--port-file", str(port_file), "--key", str(self.directory / "switch.key")]
        if callbacks:
            arguments += ["--gateway-port", str(self.port)]
        self.rail = self._spawn(sys.executable, "-m", "benches.instant_rail", *arguments)
        _wait(lambda: port_file.exists() and port_file.read_text() != "")
        self._configure(int(port_file.read_text()))
        self._sikka("migrate")
        merchant = json.loads(
            self._sikka(
                "merchants",
                "create",
                "--json",
                "--name",
                "Tea House",
                "--vpa",
                "teahouse@sikka",
                "--account",
                "001122334455",
                "--ifsc",
                "SIKK0000001",
                "--category",
                "5812",
                "--fee-basis-points",
                "100",
            )
        )
        made = json.loads(self._sikka("keys", "create", "--json", merchant["id"]))
        self.key = made["secret"]
        self.gateway = self._spawn(
            str(BIN / "sikka"),
            "--config",
            str(self.directory / "sikka.json"),
            "serve",
            "--workers",
            str(self.workers),
        )
        _wait(self._ready)

    def stop(self) -> None:
        """End what was started."""
        for process in (getattr(self, "gateway", None), getattr(self, "rail", None)):
            if process is not None:
                process.terminate()
                process.wait(30)

    def _configure(self, rail_port: int) -> None:
        name = self._schema = self.database.create_database()
        peer = [{"certificate": str(self.directory / "switch.pem")}]
        settings = {
            "server": {"port": self.port},
            "database": {"url": self.database.url(name)},
            "upi": {
                "npci": {
                    "url": f"http://127.0.0.1:{rail_port}",
                    "org_id": "400011",
                    "psp_prefix": "SKA",
                    "signing_key": str(self.directory / "gateway.key"),
                    "peers": {"NPCI": peer},
                }
            },
            "rate_limit": {"enabled": False},
            "secrets": {"master_key": base64.b64encode(os.urandom(32)).decode()},
            "logging": {"level": "WARNING"},
        }
        (self.directory / "sikka.json").write_text(json.dumps(settings))

    def _spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.directory / f"{Path(arguments[-1]).name}.log").open("wb")
        return subprocess.Popen(arguments, cwd=REPOSITORY, stdout=log, stderr=log)

    def _sikka(self, *arguments: str) -> str:
        command = [str(BIN / "sikka"), "--config", str(self.directory / "sikka.json"), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments[0]} failed: {done.stderr}")
        return done.stdout

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/readyz", timeout=2
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def load(self, run: str, connections: int, duration_s: int) -> Load:
        """Let wrk create payments; return what came of it."""
        processes = {
            "gateway": self.gateway.pid,
            "database": self.database.process.pid,
            "rail": self.rail.pid,
        }
        before = {name: cpu_s(pid) for name, pid in processes.items()}
        command = [
            "wrk",
            "--threads",
            "1",
            "--connections",
            str(connections),
            "--duration",
            f"{duration_s}s",
            "--timeout",
            "10s",
            "--script",
            "benches/payments.lua",
            f"http://127.0.0.1:{self.port}",
            "--",
            run,
        ]
        output = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "SIKKA_BENCH_KEY": self.key},
        ).stdout
        result: dict[str, Any] = json.loads(output.split("RESULT ")[1])
        ended_s = time.monotonic()
        if self._callbacks:
            _wait(lambda: self._pending() == 0)
        lag_s = time.monotonic() - ended_s
        spent = {name: cpu_s(pid) - before[name] for name, pid in processes.items()}
        return Load(
            result["requests"],
            result["duration_s"],
            result["refused"],
            result["failed"],
            result["p50_ms"],
            result["p99_ms"],
            spent,
            lag_s,
        )

    def _pending(self) -> int:
        query = f"SELECT COUNT(*) FROM {self._schema}.payments WHERE status = 'PENDING'"
        return int(self.database.execute(query))


def cpu_s(pid: int) -> float:
    """CPU time of a process and of the processes it has started, seconds."""
    parents: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.name))
        times[int(entry.name)] = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    total, family = 0.0, [pid]
    while family:
        each = family.pop()
        total += times.get(each, 0.0)
        family.extend(parents.get(each, []))
    return total


def _wait(condition: Any) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the stack did not come up")
        time.sleep(0.05)


@contextmanager
def running(*, workers: int, callbacks: bool) -> Iterator[Stack]:
    """A stack on a private MariaDB that commits durably."""
    with tempfile.TemporaryDirectory(prefix="sikka-bench-") as name:
        directory = Path(name)
        database = MariaDb.start(directory / "mariadb", "--innodb-buffer-pool-size=1G")
        stack = Stack(directory, database, workers=workers)
        try:
            stack.start(callbacks=callbacks)
            yield stack
        finally:
            stack.stop()
            database.stop()
