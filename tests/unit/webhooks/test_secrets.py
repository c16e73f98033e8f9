from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import ConfigurationError
from sikka.webhooks.secrets import SecretBox, new_secret, shown
from sikka_core import webhook_secret_bytes

BOX = SecretBox(b"k" * 32)
ENDPOINT = "whe_01"


def test_a_secret_is_shown_as_standard_webhooks_writes_it() -> None:
    secret = new_secret()
    assert len(secret) == 32
    assert webhook_secret_bytes(shown(secret)) == secret
    assert new_secret() != secret


def test_a_sealed_secret_opens_again_and_shows_nothing_of_it() -> None:
    secret = new_secret()
    sealed = BOX.seal(secret, ENDPOINT)
    assert BOX.open(sealed, ENDPOINT) == secret
    assert secret not in sealed
    assert BOX.seal(secret, ENDPOINT) != sealed


def test_a_secret_moved_to_another_endpoint_does_not_open() -> None:
    sealed = BOX.seal(new_secret(), ENDPOINT)
    with pytest.raises(ConfigurationError, match="whe_02"):
        BOX.open(sealed, "whe_02")


def test_another_master_key_does_not_open() -> None:
    sealed = BOX.seal(new_secret(), ENDPOINT)
    with pytest.raises(ConfigurationError, match="master_key"):
        SecretBox(b"x" * 32).open(sealed, ENDPOINT)


@given(st.integers(0, 60), st.integers(1, 255))
def test_every_altered_byte_is_noticed(place: int, difference: int) -> None:
    sealed = bytearray(BOX.seal(b"s" * 32, ENDPOINT))
    sealed[place] ^= difference
    with pytest.raises(ConfigurationError):
        BOX.open(bytes(sealed), ENDPOINT)


@given(st.binary(max_size=80))
def test_arbitrary_bytes_do_not_open(sealed: bytes) -> None:
    with pytest.raises(ConfigurationError):
        BOX.open(sealed, ENDPOINT)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        SecretBox(b"short")
