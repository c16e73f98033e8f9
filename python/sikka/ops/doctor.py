"""The doctor: looks at one thing after the other, and says what is wrong and what to do next."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from sikka.domain.errors import SikkaError, UnprocessableRequest
from sikka.domain.fraud.model import FraudModel, check_schema
from sikka.settings import Npci, Settings
from sikka_core import KeyFormatError, SigningKey, VerifyingKey

REDIS_FLOOR = (7, 0)
EXPIRES_SOON = timedelta(days=30)
CLOCK_WARN_S = 1.0
CLOCK_FAIL_S = 5.0
ANSWER_TIMEOUT_S = 5.0


class Level(StrEnum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing the doctor has looked at. `remedy` says what to do next, where something is."""

    level: Level
    subject: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.level:<4}  {self.subject}: {self.detail}{remedy}"


def ok(subject: str, detail: str) -> Line:
    """A line that says that all is well."""
    return Line(Level.OK, subject, detail)


def warn(subject: str, detail: str, remedy: str) -> Line:
    """A line about what works, and should be different."""
    return Line(Level.WARN, subject, detail, remedy)


def fail(subject: str, detail: str, remedy: str) -> Line:
    """A line about what does not work."""
    return Line(Level.FAIL, subject, detail, remedy)


def configuration(settings: Settings) -> Iterable[Line]:
    """What the settings say about themselves, beyond what loading them has checked."""
    if settings.secrets.master_key is None:
        yield fail(
            "secrets.master_key",
            "is missing: no API key can be checked and no webhook signed",
            "set SIKKA__SECRETS__MASTER_KEY to what `sikka keys master` prints, and keep it",
        )
    else:
        yield ok("secrets.master_key", "is set")
    if settings.upi.npci is None and not settings.upi.sponsors:
        yield warn(
            "upi", "no rail is configured: no payment can be taken", "set upi.npci or upi.sponsors"
        )
    if settings.webhooks.allow_private_addresses:
        yield warn(
            "webhooks.allow_private_addresses",
            "merchants can make the gateway call its own network",
            "set it to false where merchants are not trusted",
        )
    if settings.database.is_sqlite and settings.server.workers > 1:
        yield warn(
            "server.workers",
            "several processes write to one SQLite file by turns",
            "use MariaDB where more than one process is wanted",
        )


async def sqlite(engine: AsyncEngine) -> Iterable[Line]:
    """How the SQLite file is kept. Raises SQLAlchemyError when it cannot be read."""
    async with engine.connect() as connection:
        mode = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
        sound = (await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one()
    if mode != "wal":
        return [fail("database", f"journal_mode is {mode}", "run PRAGMA journal_mode = WAL on it")]
    if sound != "ok":
        return [fail("database", f"the file is damaged: {sound}", "restore it from a backup")]
    return [ok("database", "SQLite, write-ahead log, sound")]


async def mariadb(engine: AsyncEngine) -> Iterable[Line]:
    """How the server is set up. Raises SQLAlchemyError when it cannot be asked."""
    query = (
        "SELECT VERSION(), @@SESSION.sql_mode, @@GLOBAL.innodb_flush_log_at_trx_commit,"
        " @@GLOBAL.read_only, @@GLOBAL.max_allowed_packet, UTC_TIMESTAMP(6)"
    )
    async with engine.connect() as connection:
        asked_at = datetime.now(UTC)
        row = (await connection.execute(text(query))).one()
        answered_at = datetime.now(UTC)
    version, mode, flush, read_only, packet, now = row
    lines = [ok("database", f"answers, {version}")]
    if "STRICT_TRANS_TABLES" not in mode and "STRICT_ALL_TABLES" not in mode:
        lines.append(
            fail("database", "is not strict about values", "add STRICT_TRANS_TABLES to sql_mode")
        )
    if int(flush) != 1:
        lines.append(
            fail(
                "database",
                "a power cut may lose acknowledged payments",
                "set innodb_flush_log_at_trx_commit = 1",
            )
        )
    if int(read_only):
        lines.append(fail("database", "is read-only", "point database.url at the primary"))
    if int(packet) < 16 * 1024 * 1024:
        lines.append(
            warn("database", f"max_allowed_packet is {packet} bytes", "set at least 16 MiB")
        )
    between = asked_at + (answered_at - asked_at) / 2
    lines.append(clock_difference(now.replace(tzinfo=UTC), between))
    return lines


def clock_difference(database_now: datetime, local_now: datetime) -> Line:
    """How far the database's clock is from this machine's."""
    difference_s = (database_now - local_now).total_seconds()
    detail = f"the database is {difference_s:+.3f} s from this machine"
    remedy = "keep both machines on NTP"
    if abs(difference_s) >= CLOCK_FAIL_S:
        return fail("clock", detail, remedy)
    if abs(difference_s) >= CLOCK_WARN_S:
        return warn("clock", detail, remedy)
    return ok("clock", detail)


def schema(current: str | None, head: str) -> Line:
    """Whether the database has this program's schema."""
    if current == head:
        return ok("schema", f"at {head}")
    return fail("schema", f"at {current or 'nothing'}, needs {head}", "run sikka migrate")


async def database(engine: AsyncEngine) -> Iterable[Line]:
    """Whether the database answers, and how it is set up."""
    ask = sqlite if engine.dialect.name == "sqlite" else mariadb
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await ask(engine)
    except TimeoutError:
        return [_away("database", f"no answer within {ANSWER_TIMEOUT_S:g} s", "database.url")]
    except (SQLAlchemyError, OSError) as error:
        return [_away("database", _first_line(error), "database.url")]


async def redis(url: str) -> Iterable[Line]:
    """Whether Redis answers and is young enough."""
    client = Redis.from_url(url, socket_timeout=ANSWER_TIMEOUT_S)
    try:
        server = await client.info("server")
        memory = await client.info("memory")
    except (RedisError, OSError) as error:
        return [_away("redis", _first_line(error), "redis.url")]
    finally:
        await client.aclose()
    version = str(server["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < REDIS_FLOOR:
        return [fail("redis", f"is {version}", "7.0 or later is needed")]
    lines = [ok("redis", f"answers, {version}")]
    if memory.get("maxmemory_policy") not in (None, "noeviction", "volatile-ttl", "volatile-lru"):
        policy = memory["maxmemory_policy"]
        lines.append(warn("redis", f"maxmemory-policy is {policy}", "set noeviction"))
    return lines


def keys(npci: Npci, now: datetime) -> Iterable[Line]:
    """Our signing key and certificate, and the pinned ones: parsable, matching, valid for long."""
    ours = _signing_key(npci.signing_key)
    if isinstance(ours, Line):
        yield ours
    else:
        yield from _private(npci.signing_key)
        if npci.certificate is not None:
            yield from _own_certificate(npci.certificate, ours.verifying_key(), now)
    for organisation, peers in npci.peers.items():
        lines = [
            _certificate(f"upi.npci.peers.{organisation}", peer.certificate, now, peer.not_after)
            for peer in peers
        ]
        # Of several certificates one may have run out: that is what a rotation looks like.
        valid = any(line.level is not Level.FAIL for line in lines)
        for line in lines:
            if valid and line.level is Level.FAIL:
                yield warn(line.subject, line.detail, "remove it from the settings")
            else:
                yield line


async def rail(name: str, heartbeat: Callable[[], Awaitable[None]]) -> Line:
    """Whether the rail acknowledges a heartbeat."""
    try:
        await heartbeat()
    except SikkaError as error:
        return warn(f"rail {name}", str(error), f"check upi.{name}.url and the network")
    return ok(f"rail {name}", "acknowledged a heartbeat")


def fraud_model(champion: FraudModel | None) -> Line:
    """Whether a model decides about fraud, and can."""
    subject = "fraud model"
    if champion is None:
        return warn(
            subject,
            "none is champion: rules and lists alone decide",
            "see sikka fraud models list, and promote one",
        )
    try:
        check_schema(champion.schema_version)
    except UnprocessableRequest as error:
        return fail(
            subject,
            f"{champion.version} is champion and cannot be used, so rules and lists alone decide:"
            f" {error}",
            "train and register one anew, or promote the one that comes with the gateway",
        )
    return ok(subject, f"{champion.version} decides, beside rules and lists")


def workers(live: int) -> Line:
    """Whether anybody does the background duties."""
    if live == 0:
        return warn("workers", "none is running: no webhook goes out", "start sikka worker")
    return ok("workers", f"{live} running")


def _signing_key(path: Path) -> SigningKey | Line:
    subject, remedy = "upi.npci.signing_key", "give a PEM file with an RSA key of 2048 bits or more"
    try:
        return SigningKey.from_pem(path.read_bytes())
    except OSError as error:
        return fail(subject, f"{path}: {error.strerror}", remedy)
    except KeyFormatError as error:
        return fail(subject, f"{path}: {error}", remedy)


def _private(path: Path) -> Iterable[Line]:
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield warn("upi.npci.signing_key", f"others can read {path}", f"chmod 600 {path}")
    else:
        yield ok("upi.npci.signing_key", "can be used, and read by its owner alone")


def _own_certificate(path: Path, ours: VerifyingKey, now: datetime) -> Iterable[Line]:
    line = _certificate("upi.npci.certificate", path, now, None)
    yield line
    if line.level is Level.FAIL:
        return
    if VerifyingKey.from_pem(path.read_bytes()).fingerprint() == ours.fingerprint():
        yield ok("upi.npci.certificate", "belongs to the signing key")
    else:
        yield fail(
            "upi.npci.certificate",
            "is of another key than upi.npci.signing_key",
            "give the switch the certificate of the key that signs",
        )


def _certificate(subject: str, path: Path, now: datetime, until: datetime | None) -> Line:
    remedy = "get the next one and put it beside this one"
    try:
        pem = path.read_bytes()
        VerifyingKey.from_pem(pem)
        if b"BEGIN CERTIFICATE" in pem:
            certificate = x509.load_pem_x509_certificate(pem)
            if certificate.not_valid_before_utc > now:
                return warn(subject, f"{path.name} is not valid yet", "check the dates")
            until = until or certificate.not_valid_after_utc
    except OSError as error:
        return fail(subject, f"{path}: {error.strerror}", "give the file of a certificate")
    except ValueError as error:
        return fail(subject, f"{path}: {error}", "give a PEM certificate with an RSA key")
    if until is None:
        return ok(subject, f"{path.name} can be used; it has no end")
    days = (until - now).days
    if until <= now:
        return fail(subject, f"{path.name} expired on {until:%Y-%m-%d}", remedy)
    if until - now < EXPIRES_SOON:
        return warn(subject, f"{path.name} expires in {days} days", remedy)
    return ok(subject, f"{path.name} is valid for {days} days")


def _away(subject: str, why: str, setting: str) -> Line:
    return fail(subject, f"cannot be reached: {why}", f"check {setting} and that it runs")


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return (str(origin).splitlines() or [type(origin).__name__])[0]
