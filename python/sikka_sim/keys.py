"""RSA keys and self-signed certificates for the parties of the simulated world."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_KEY_BITS = 2048
_VALIDITY = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, both PEM."""

    private_pem: bytes = field(repr=False)
    certificate_pem: bytes


def generate_key_pair(common_name: str) -> tuple[bytes, bytes]:
    """Make an RSA-2048 key and a self-signed certificate for it.

    Args:
        common_name: the certificate's subject and issuer.

    Returns:
        The private key (PKCS#8, unencrypted) and the certificate, both PEM.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALIDITY)
        .sign(key, hashes.SHA256())
    )
    private_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private_pem, certificate.public_bytes(serialization.Encoding.PEM)


def new_key_pair(common_name: str) -> KeyPair:
    """Like `generate_key_pair`, as one object."""
    return KeyPair(*generate_key_pair(common_name))


def public_numbers(certificate_pem: bytes) -> rsa.RSAPublicNumbers:
    """The modulus and exponent of a certificate.

    Raises:
        ValueError: not a PEM certificate, or its key is not RSA.
    """
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the certificate's key must be RSA")  # noqa: TRY004 - a wrong value
    return key.public_numbers()
