from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import (
    KeyFormatError,
    KeyRing,
    MalformedError,
    SignatureError,
    SigningKey,
    VerifyingKey,
)
from tests.core.keys import certificate_pem, key_pair, private_pem


@given(st.binary(max_size=500))
def test_signatures_are_those_of_another_library(message: bytes) -> None:
    pair = key_pair("switch")
    signature = pair.signing.sign(message)
    assert signature == pair.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
    pair.verifying.verify(message, signature)
    pair.signing.verifying_key().verify(message, signature)


@pytest.mark.parametrize("key_size_bits", [2048, 3072, 4096])
def test_larger_keys_are_taken(key_size_bits: int) -> None:
    pair = key_pair("large", key_size_bits)
    signature = pair.signing.sign(b"message")
    assert len(signature) == key_size_bits // 8
    pair.verifying.verify(b"message", signature)


@given(st.binary(max_size=64), st.integers(0, 255), st.integers(0, 7))
def test_a_changed_bit_is_refused(message: bytes, place: int, bit: int) -> None:
    pair = key_pair("switch")
    signature = bytearray(pair.signing.sign(message))
    signature[place] ^= 1 << bit
    with pytest.raises(SignatureError):
        pair.verifying.verify(message, bytes(signature))


@given(st.binary(max_size=300))
def test_any_bytes_as_a_signature_are_refused(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        key_pair("switch").verifying.verify(b"message", signature)


def test_another_key_or_scheme_is_refused() -> None:
    pair, other = key_pair("switch"), key_pair("other")
    with pytest.raises(SignatureError):
        pair.verifying.verify(b"message", other.signing.sign(b"message"))
    with pytest.raises(InvalidSignature):
        other.private.public_key().verify(
            pair.signing.sign(b"message"), b"message", padding.PKCS1v15(), hashes.SHA256()
        )
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    for signature in (
        pair.private.sign(b"message", scheme, hashes.SHA256()),
        pair.private.sign(b"message", padding.PKCS1v15(), hashes.SHA512()),
    ):
        with pytest.raises(SignatureError):
            pair.verifying.verify(b"message", signature)


def test_both_private_forms_give_the_same_key() -> None:
    pair = key_pair("switch")
    traditional = private_pem(pair.private, serialization.PrivateFormat.TraditionalOpenSSL)
    assert b"BEGIN RSA PRIVATE KEY" in traditional
    assert SigningKey.from_pem(traditional).sign(b"m") == pair.signing.sign(b"m")


def test_a_certificate_gives_its_key() -> None:
    pair = key_pair("switch")
    key = VerifyingKey.from_pem(certificate_pem(pair.private))
    key.verify(b"message", pair.signing.sign(b"message"))
    assert key.fingerprint() == pair.verifying.fingerprint()


def test_a_fingerprint_is_a_hash_of_the_public_key() -> None:
    pair = key_pair("switch")
    spki = pair.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert pair.verifying.fingerprint() == hashlib.sha256(spki).hexdigest()
    assert pair.signing.verifying_key().fingerprint() == pair.verifying.fingerprint()


def unusable_private_pems() -> list[bytes]:
    pair = key_pair("switch")
    encrypted = pair.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    others = (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate())
    forms = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
    return [
        b"",
        b"no key",
        encrypted,
        pair.public_pem,
        pair.private_pem[:-100],
        *(private_pem(key_pair("short", 1024).private, form) for form in forms),
        *(
            other.private_bytes(serialization.Encoding.PEM, forms[0], serialization.NoEncryption())
            for other in others
        ),
    ]


@pytest.mark.parametrize("number", range(9))
def test_a_private_key_of_another_kind_is_refused(number: int) -> None:
    with pytest.raises(KeyFormatError):
        SigningKey.from_pem(unusable_private_pems()[number])


def test_every_unusable_private_key_is_tried() -> None:
    assert len(unusable_private_pems()) == 9


def unusable_public_pems() -> list[bytes]:
    pair = key_pair("switch")
    elliptic = ec.generate_private_key(ec.SECP256R1())
    certificate = certificate_pem(pair.private)
    return [
        b"",
        b"no key",
        pair.private_pem,
        pair.public_pem[:-60],
        certificate[:200] + certificate[-30:],
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        key_pair("short", 1024).public_pem,
        certificate_pem(key_pair("short", 1024).private),
        elliptic.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    ]


@pytest.mark.parametrize("number", range(9))
def test_a_public_key_of_another_kind_is_refused(number: int) -> None:
    with pytest.raises(KeyFormatError):
        VerifyingKey.from_pem(unusable_public_pems()[number])


def test_every_unusable_public_key_is_tried() -> None:
    assert len(unusable_public_pems()) == 9


@given(st.binary(max_size=200))
def test_any_bytes_as_a_key_are_refused(octets: bytes) -> None:
    for read in (SigningKey.from_pem, VerifyingKey.from_pem):
        with pytest.raises(KeyFormatError):
            read(octets)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_a_damaged_certificate_never_breaks_the_reader(place: int, octets: bytes) -> None:
    pem = certificate_pem(key_pair("switch").private)
    begin = place % len(pem)
    try:
        key = VerifyingKey.from_pem(pem[:begin] + octets + pem[begin + len(octets) :])
    except KeyFormatError:
        return
    # The damage hit what is not judged, such as the issuer's signature.
    assert len(key.fingerprint()) == 64


def test_a_key_reveals_nothing() -> None:
    pair = key_pair("switch")
    assert repr(pair.signing) == "<SigningKey>"
    assert repr(pair.verifying) == f"<VerifyingKey {pair.verifying.fingerprint()}>"
    assert {name for name in dir(pair.signing) if not name.startswith("_")} == {
        "from_pem",
        "sign",
        "verifying_key",
    }


def test_a_key_of_1024_bits_cannot_be_pinned() -> None:
    with pytest.raises(KeyFormatError, match="2048"):
        VerifyingKey.from_pem(certificate_pem(key_pair("short", 1024).private))


def test_a_key_ring_refuses_nonsense() -> None:
    key = key_pair("switch").verifying
    with pytest.raises(MalformedError, match="org_id"):
        KeyRing([("", key, 0, 1)])
    with pytest.raises(MalformedError, match="not_after_s"):
        KeyRing([("400011", key, 2, 1)])
    with pytest.raises(TypeError):
        KeyRing([("400011", "key", 0, 1)])  # type: ignore[list-item]
