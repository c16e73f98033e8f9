from __future__ import annotations

import copy
import itertools
import pickle

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import (
    KeyFormatError,
    MalformedError,
    SealError,
    SealingKey,
    rewrap,
    seal,
    sealed_key_id,
    unseal,
)

SECRET = bytes(range(32))
OTHER_SECRET = bytes(range(32, 64))
KEY = SealingKey("vault-2027", SECRET)
OTHER_KEY = SealingKey("vault-2028", OTHER_SECRET)
WORDS = "the sealed bytes do not open"

key_ids = st.from_regex(r"[A-Za-z0-9._\-]{1,64}", fullmatch=True)
secrets = st.binary(min_size=32, max_size=32)


def opened_by_judge(secret: bytes, sealed: bytes, associated_data: bytes) -> bytes:
    """Open the documented form with another library."""
    assert sealed[:5] == b"SKSL\x01"
    header, rest = sealed[: 6 + sealed[5]], sealed[6 + sealed[5] :]
    data_key = AESGCM(secret).decrypt(rest[:12], rest[12:60], header)
    return AESGCM(data_key).decrypt(rest[60:72], rest[72:], sealed[:5] + associated_data)


def sealed_by_judge(key_id: str, secret: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    header = b"SKSL\x01" + bytes([len(key_id)]) + key_id.encode()
    wrap_nonce, nonce, data_key = b"wrap nonce..", b"pay nonce...", b"d" * 32
    wrapped = AESGCM(secret).encrypt(wrap_nonce, data_key, header)
    payload = AESGCM(data_key).encrypt(nonce, plaintext, b"SKSL\x01" + associated_data)
    return header + wrap_nonce + wrapped + nonce + payload


@given(key_ids, secrets, st.binary(max_size=300), st.binary(max_size=50))
def test_another_library_opens_what_was_sealed(
    key_id: str, secret: bytes, plaintext: bytes, associated_data: bytes
) -> None:
    sealed = seal(SealingKey(key_id, secret), plaintext, associated_data)
    assert opened_by_judge(secret, sealed, associated_data) == plaintext
    assert len(sealed) == 94 + len(key_id) + len(plaintext)


@given(key_ids, secrets, st.binary(max_size=300), st.binary(max_size=50))
def test_what_another_library_sealed_is_opened(
    key_id: str, secret: bytes, plaintext: bytes, associated_data: bytes
) -> None:
    sealed = sealed_by_judge(key_id, secret, plaintext, associated_data)
    assert sealed_key_id(sealed) == key_id
    assert unseal(SealingKey(key_id, secret), sealed, associated_data) == plaintext


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 2**20 + 1])
def test_a_payload_of_any_length_comes_back(length: int) -> None:
    plaintext = b"x" * length
    assert unseal(KEY, seal(KEY, plaintext, b"row"), b"row") == plaintext


def test_nothing_is_ever_sealed_alike() -> None:
    sealed = [seal(KEY, b"same", b"row") for _ in range(100)]
    for part in (slice(16, 28), slice(28, 76), slice(76, 88), slice(88, None)):
        assert len({one[part] for one in sealed}) == 100


# What does not open ----------------------------------------------------------------------------


def refused(sealed: bytes, associated_data: bytes = b"row") -> None:
    for act in (
        lambda: unseal([KEY, OTHER_KEY], sealed, associated_data),
        lambda: unseal(KEY, sealed, associated_data),
    ):
        with pytest.raises(SealError) as caught:
            act()
        assert str(caught.value) == WORDS
        assert caught.value.__cause__ is None


def test_every_flipped_bit_is_refused() -> None:
    sealed = seal(KEY, b"payload", b"row")
    for place, bit in itertools.product(range(len(sealed)), range(8)):
        changed = bytearray(sealed)
        changed[place] ^= 1 << bit
        refused(bytes(changed))


def test_every_truncation_and_every_addition_is_refused() -> None:
    sealed = seal(KEY, b"payload", b"row")
    for length in range(len(sealed)):
        refused(sealed[:length])
        refused(sealed[length + 1 :])
        refused(sealed[:length] + b"\0" + sealed[length:])
    refused(sealed + b"\0")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    for sealed in (data, b"SKSL\x01" + data, b"SKSL\x01\x0avault-2027" + data):
        refused(sealed)


def test_a_wrong_key_an_unknown_key_and_no_key_are_refused_alike() -> None:
    sealed = seal(KEY, b"payload", b"row")
    for keys in (
        SealingKey("vault-2027", OTHER_SECRET),
        SealingKey("other", SECRET),
        [OTHER_KEY],
        [],
    ):
        with pytest.raises(SealError, match=f"^{WORDS}$"):
            unseal(keys, sealed, b"row")
        with pytest.raises(SealError, match=f"^{WORDS}$"):
            rewrap(keys, OTHER_KEY, sealed)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_other_associated_data_is_refused(sealed_with: bytes, opened_with: bytes) -> None:
    sealed = seal(KEY, b"payload", sealed_with)
    if sealed_with == opened_with:
        assert unseal(KEY, sealed, opened_with) == b"payload"
    else:
        refused(sealed, opened_with)


def test_parts_of_two_payloads_cannot_be_put_together() -> None:
    one, other = seal(KEY, b"payload", b"row"), seal(KEY, b"another", b"row")
    refused(one[:76] + other[76:])
    refused(one[:28] + other[28:])


def test_the_wrapped_key_is_bound_to_the_key_id() -> None:
    sealed = seal(SealingKey("a", SECRET), b"payload", b"row")
    renamed = sealed.replace(b"\x01\x01a", b"\x01\x01b", 1)
    assert sealed_key_id(renamed) == "b"
    with pytest.raises(SealError):
        unseal(SealingKey("b", SECRET), renamed, b"row")


# Wrapping again --------------------------------------------------------------------------------


@given(key_ids, secrets, st.binary(max_size=100))
def test_rewrapping_leaves_the_payload_as_it_is(
    key_id: str, secret: bytes, plaintext: bytes
) -> None:
    sealed = seal(KEY, plaintext, b"row")
    rewrapped = rewrap([OTHER_KEY, KEY], SealingKey(key_id, secret), sealed)
    assert rewrapped[66 + len(key_id) :] == sealed[66 + len("vault-2027") :]
    assert sealed_key_id(rewrapped) == key_id
    assert unseal(SealingKey(key_id, secret), rewrapped, b"row") == plaintext
    assert opened_by_judge(secret, rewrapped, b"row") == plaintext


def test_a_key_that_was_replaced_does_not_open() -> None:
    rewrapped = rewrap(KEY, OTHER_KEY, seal(KEY, b"payload", b"row"))
    with pytest.raises(SealError):
        unseal(KEY, rewrapped, b"row")


def test_rewrapping_does_not_open_the_payload_and_does_not_mend_it() -> None:
    sealed = seal(KEY, b"payload", b"row")
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    refused(rewrap(KEY, OTHER_KEY, broken))


# Keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_id", ["", "a" * 65, "a b", "é", "a/b", "a\n", "a\0"])
def test_a_bad_key_id_is_refused(key_id: str) -> None:
    with pytest.raises(KeyFormatError, match=r"^sealing key id must be 1 to 64"):
        SealingKey(key_id, SECRET)


def test_a_key_id_that_is_no_text_is_refused() -> None:
    with pytest.raises(MalformedError):
        SealingKey("\udcff", SECRET)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(KeyFormatError, match=r"^sealing key must hold 32 bytes$"):
        SealingKey("vault", b"k" * length)


def test_a_key_reveals_its_id_only_and_does_not_travel() -> None:
    assert repr(KEY) == "<SealingKey vault-2027>"
    assert KEY.key_id == "vault-2027"
    assert [name for name in dir(KEY) if not name.startswith("_")] == ["key_id"]
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            carry(KEY)


def test_the_id_of_what_is_not_sealed_is_refused() -> None:
    for data in (b"", b"SKSL\x01", b"SKSL\x02" + seal(KEY, b"", b"")[5:], b"x" * 200):
        with pytest.raises(SealError, match=f"^{WORDS}$"):
            sealed_key_id(data)
