"""RSA keys in the forms that the core and the judges read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sikka_core import KeyRing, SigningKey, VerifyingKey

ORG_ID = "400011"
NOW_S = 1_800_000_000


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One key pair, as PEM and as the peer library knows it."""

    private: rsa.RSAPrivateKey
    private_pem: bytes
    public_pem: bytes

    @property
    def signing(self) -> SigningKey:
        return SigningKey.from_pem(self.private_pem)

    @property
    def verifying(self) -> VerifyingKey:
        return VerifyingKey.from_pem(self.public_pem)

    @property
    def ring(self) -> KeyRing:
        """The key, pinned for ORG_ID around NOW_S."""
        return KeyRing([(ORG_ID, self.verifying, NOW_S - 60, NOW_S + 60)])


@cache
def key_pair(name: str, key_size_bits: int = 2048) -> KeyPair:
    """The key pair of a name, made when first asked for."""
    del name  # It only tells the pairs apart.
    private = rsa.generate_private_key(public_exponent=65537, key_size=key_size_bits)
    return KeyPair(
        private,
        private_pem(private),
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def private_pem(
    private: rsa.RSAPrivateKey,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> bytes:
    """An unencrypted PEM of a private key."""
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def certificate_pem(private: rsa.RSAPrivateKey) -> bytes:
    """A self-signed certificate of a key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "UPI switch")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=365))
    )
    certificate = builder.sign(private, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)
