"""The secret of an API key: its form, and the keyed hash that is stored instead of it."""

from __future__ import annotations

import hashlib
import hmac
import secrets

LIVE_PREFIX = "sk_live_"
TEST_PREFIX = "sk_test_"

PEPPER_MINIMUM_BYTES = 16

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 40


def new_secret(*, livemode: bool) -> str:
    """Return a new secret: the prefix of its mode and 40 random characters (238 bits)."""
    prefix = LIVE_PREFIX if livemode else TEST_PREFIX
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))


def has_form(secret: str) -> bool:
    """Whether a text looks like a secret of ours; says nothing about its being known."""
    return (
        len(secret) == len(LIVE_PREFIX) + _RANDOM_LENGTH
        and secret.startswith((LIVE_PREFIX, TEST_PREFIX))
        and secret.isascii()
        and secret[len(LIVE_PREFIX) :].isalnum()
    )


def is_live(secret: str) -> bool:
    """Whether the secret claims to be of the live mode."""
    return secret.startswith(LIVE_PREFIX)


def secret_hash(pepper: bytes, secret: str) -> str:
    """Return HMAC-SHA256 of the secret under the pepper, as hex: what `ApiKey.secret_hash` holds.

    Raises:
        ValueError: when the pepper is too short.
    """
    if len(pepper) < PEPPER_MINIMUM_BYTES:
        raise ValueError(f"the API key pepper must be at least {PEPPER_MINIMUM_BYTES} bytes")
    return hmac.digest(pepper, secret.encode("ascii"), hashlib.sha256).hex()


def hint_of(secret: str) -> str:
    """Return the last four characters, by which a person recognises a key."""
    return secret[-4:]
