"""Redis behind TLS, behind a user's password, behind a socket of the file system."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis as Client

from sikka.fraud.stores.port import FeaturesUnavailable
from tests.harness.process import free_port
from tests.harness.redis import Redis
from tests.integration.fraud.stores.made import payment, read, redis_store


def certified(folder: Path) -> tuple[Path, Path]:
    """A key, and a certificate of this machine signed with itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "redis of a test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "redis.key", folder / "redis.pem"
    paths[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return paths


class Doors:
    """The addresses of one server."""

    def __init__(self, server: Redis, tls_port: int, certificate: Path, socket: Path) -> None:
        self.plain = server.url()
        self.secure = f"rediss://127.0.0.1:{tls_port}/0"
        self.trusted = f"{self.secure}?ssl_ca_certs={certificate}"
        self.socket = f"unix://{socket}?db=0"


@pytest.fixture(scope="module")
def doors(server_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    key, certificate = certified(tmp_path_factory.mktemp("tls"))
    socket, tls_port = server_directory / "redis.sock", free_port()
    options = {
        "--tls-port": str(tls_port),
        "--tls-key-file": str(key),
        "--tls-cert-file": str(certificate),
        "--tls-ca-cert-file": str(certificate),
        "--tls-auth-clients": "no",
        "--unixsocket": str(socket),
    }
    words = [word for option in options.items() for word in option]
    server = Redis.start(server_directory / "doors", *words)
    yield Doors(server, tls_port, certificate, socket)
    server.stop()


async def test_payments_are_counted_through_every_door(doors: Doors) -> None:
    for number, url in enumerate((doors.plain, doors.trusted, doors.socket), 1):
        async with redis_store(url) as store:
            vector = (await store.observe(payment(number))).vector
            assert vector[0] == payment(number).amount_minor


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(doors: Doors) -> None:
    async with redis_store(doors.secure) as store:
        with pytest.raises(FeaturesUnavailable, match=r"(?i)certificate"):
            await store.observe(payment(1))


async def test_a_user_needs_no_more_than_the_docstring_says(doors: Doors) -> None:
    client: Client = Client.from_url(doors.plain)
    await client.execute_command(
        "ACL", "SETUSER", "features", "on", ">secret", "~{sikka:*", "-@all", "+fcall",
        "+function|load", "+get", "+mget", "+set", "+del", "+exists", "+pexpire", "+hexists",
        "+hmget", "+hset", "+hsetnx",
    )  # fmt: skip
    async with redis_store(doors.plain.replace("://", "://features:secret@")) as store:
        await store.warm(read([payment(8)]))
        assert not (await store.observe(payment(9))).stale
    await client.execute_command("ACL", "DELUSER", "features")
    await client.aclose()
