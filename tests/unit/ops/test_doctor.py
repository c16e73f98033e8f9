"""The doctor's lines: what is well, what should be different, what does not work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sikka.domain.errors import RailUnavailable
from sikka.domain.fraud.model import ModelState
from sikka.ops import doctor
from sikka.ops.doctor import Level, Line
from sikka.settings import (
    Database,
    Npci,
    Peer,
    Secret,
    Secrets,
    Server,
    Settings,
    Upi,
    Webhooks,
)
from sikka_core import SCHEMA_VERSION
from tests.unit.fraud.models.made import row

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(
    key: rsa.RSAPrivateKey, until: datetime, since: datetime = NOW - timedelta(days=10)
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, since, until)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def npci(tmp_path: Path, private_key: rsa.RSAPrivateKey) -> Npci:
    signing = tmp_path / "signing.pem"
    signing.touch(mode=0o600)
    signing.write_bytes(private_pem(private_key))
    long = certificate(private_key, NOW + timedelta(days=100))
    (tmp_path / "own.crt").write_bytes(long)
    (tmp_path / "npci.crt").write_bytes(long)
    return Npci(
        url="https://switch.example",
        org_id="159999",
        psp_prefix="SKA",
        signing_key=signing,
        certificate=tmp_path / "own.crt",
        peers={"NPCI": (Peer(tmp_path / "npci.crt"),)},
    )


def shown(lines: Iterable[Line]) -> str:
    return "\n".join(map(str, lines))


def levels(lines: Iterable[Line]) -> list[Level]:
    return [line.level for line in lines]


def test_a_line_says_level_subject_detail_and_remedy() -> None:
    line = doctor.fail("redis", "cannot be reached", "start it")
    assert str(line) == "FAIL  redis: cannot be reached; start it"
    assert str(doctor.ok("redis", "answers")) == "OK    redis: answers"


def test_a_missing_master_key_and_a_missing_rail_are_told() -> None:
    lines = list(doctor.configuration(Settings()))
    assert levels(lines) == [Level.FAIL, Level.WARN]
    assert "sikka keys master" in lines[0].remedy
    assert lines[1].subject == "upi"


def test_risky_settings_are_warned_about(npci: Npci) -> None:
    settings = Settings(
        server=Server(workers=4),
        webhooks=Webhooks(allow_private_addresses=True),
        upi=Upi(npci=npci),
        secrets=Secrets(master_key=Secret("A" * 43 + "=")),
    )
    lines = list(doctor.configuration(settings))
    assert levels(lines) == [Level.OK, Level.WARN, Level.WARN]
    url = Secret("mysql+asyncmy://sikka@db/sikka")
    on_mariadb = Settings(server=Server(workers=4), database=Database(url=url))
    assert "server.workers" not in shown(doctor.configuration(on_mariadb))


def test_good_keys_are_well(npci: Npci) -> None:
    lines = list(doctor.keys(npci, NOW))
    assert set(levels(lines)) == {Level.OK}, shown(lines)
    assert "own.crt is valid for 100 days" in shown(lines)
    assert "belongs to the signing key" in shown(lines)


def test_a_key_that_others_can_read_is_warned_about(npci: Npci) -> None:
    npci.signing_key.chmod(0o644)
    lines = list(doctor.keys(npci, NOW))
    assert lines[0].level is Level.WARN
    assert lines[0].remedy.startswith("chmod 600")


def test_a_signing_key_that_is_missing_or_no_key_fails(npci: Npci) -> None:
    npci.signing_key.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
    assert next(iter(doctor.keys(npci, NOW))).level is Level.FAIL
    npci.signing_key.unlink()
    first = next(iter(doctor.keys(npci, NOW)))
    assert first.level is Level.FAIL
    assert "No such file" in first.detail


def test_a_certificate_of_another_key_fails(npci: Npci) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert npci.certificate is not None
    npci.certificate.write_bytes(certificate(other, NOW + timedelta(days=100)))
    lines = [line for line in doctor.keys(npci, NOW) if line.level is Level.FAIL]
    assert [line.subject for line in lines] == ["upi.npci.certificate"]
    assert "another key" in lines[0].detail


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (31, Level.OK, "31 days"),
        (29, Level.WARN, "expires in 29 days"),
        (-1, Level.FAIL, "expired"),
    ],
)
def test_the_end_of_a_pinned_certificate_is_told_in_time(
    npci: Npci, private_key: rsa.RSAPrivateKey, days: int, level: Level, words: str
) -> None:
    pinned = npci.peers["NPCI"][0].certificate
    until = NOW + timedelta(days=days)
    pinned.write_bytes(certificate(private_key, until, NOW - timedelta(days=50)))
    line = list(doctor.keys(npci, NOW))[-1]
    assert line.level is level
    assert words in line.detail


def test_an_expired_certificate_beside_a_valid_one_is_a_warning(
    npci: Npci, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    old = tmp_path / "old.crt"
    old.write_bytes(certificate(private_key, NOW - timedelta(days=1)))
    peers = {"NPCI": (Peer(old), npci.peers["NPCI"][0])}
    rotated = Npci(
        url=npci.url, org_id="1", psp_prefix="SKA", signing_key=npci.signing_key, peers=peers
    )
    assert levels(doctor.keys(rotated, NOW)) == [Level.OK, Level.WARN, Level.OK]


def test_a_pinned_file_that_is_unusable_or_not_valid_yet_is_told(
    npci: Npci, private_key: rsa.RSAPrivateKey
) -> None:
    pinned = npci.peers["NPCI"][0].certificate
    later = certificate(private_key, NOW + timedelta(days=9), NOW + timedelta(days=1))
    pinned.write_bytes(later)
    assert "not valid yet" in list(doctor.keys(npci, NOW))[-1].detail
    pinned.write_bytes(b"no pem")
    assert list(doctor.keys(npci, NOW))[-1].level is Level.FAIL
    pinned.unlink()
    assert list(doctor.keys(npci, NOW))[-1].level is Level.FAIL


def test_a_bare_public_key_has_no_end(npci: Npci, private_key: rsa.RSAPrivateKey) -> None:
    npci.peers["NPCI"][0].certificate.write_bytes(
        private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    assert "it has no end" in list(doctor.keys(npci, NOW))[-1].detail


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.2, Level.OK), (-1.5, Level.WARN), (4.9, Level.WARN), (-5.0, Level.FAIL), (90, Level.FAIL)],
)
def test_a_clock_that_is_off_is_told(seconds: float, level: Level) -> None:
    assert doctor.clock_difference(NOW + timedelta(seconds=seconds), NOW).level is level


def test_a_schema_that_is_behind_fails() -> None:
    assert doctor.schema("0001", "0001").level is Level.OK
    behind = doctor.schema(None, "0001")
    assert behind.level is Level.FAIL
    assert str(behind) == "FAIL  schema: at nothing, needs 0001; run sikka migrate"


def test_a_fraud_model_that_does_not_decide_is_told() -> None:
    made, _ = row("v1", ModelState.CHAMPION)
    line = doctor.fraud_model(made)
    assert (line.level, line.detail) == (
        Level.OK,
        f"{made.version} decides, beside rules and lists",
    )
    none = doctor.fraud_model(None)
    assert (none.level, "rules and lists alone decide" in none.detail) == (Level.WARN, True)
    old = doctor.fraud_model(replace(made, schema_version=SCHEMA_VERSION - 1))
    assert old.level is Level.FAIL
    assert f"trained on version {SCHEMA_VERSION - 1} of the features" in old.detail
    assert "promote" in old.remedy


def test_no_worker_is_a_warning() -> None:
    assert doctor.workers(2).level is Level.OK
    assert doctor.workers(0).level is Level.WARN


async def test_a_rail_that_is_silent_is_a_warning() -> None:
    async def silent() -> None:
        raise RailUnavailable(message="no heartbeat: timeout")

    async def well() -> None:
        return

    assert (await doctor.rail("npci", silent)).level is Level.WARN
    assert (await doctor.rail("npci", well)).level is Level.OK
