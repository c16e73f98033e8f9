"""Webhook secrets: made here, shown once, sealed at rest with AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sikka.domain.errors import ConfigurationError

SECRET_BYTES = 32

# The first byte of a sealed secret says how it was sealed.
_VERSION = b"\x01"
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + _NONCE_BYTES


def new_secret() -> bytes:
    """32 fresh random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """The secret as its merchant sees it, the one time: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(secret).decode()


class SecretBox:
    """Seals secrets under one key. The endpoint's id is authenticated with each.

    A sealed secret that is moved to another endpoint's row does therefore not open there.

    Args:
        key: 32 bytes, derived from the master key for this purpose alone.

    Raises:
        ConfigurationError: the key has another length.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != SECRET_BYTES:
            raise ConfigurationError(message="the key of webhook secrets must have 32 bytes")
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, endpoint_id: str) -> bytes:
        """Return version, nonce, ciphertext and tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, endpoint_id.encode())

    def open(self, sealed: bytes, endpoint_id: str) -> bytes:
        """Return the secret.

        Raises:
            ConfigurationError: it was sealed under another key, for another endpoint, or altered.
        """
        nonce, sealed_text = sealed[1:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        try:
            if sealed[:1] == _VERSION:
                return self._cipher.decrypt(nonce, sealed_text, endpoint_id.encode())
        except (InvalidTag, ValueError):
            pass
        raise ConfigurationError(
            message=f"secrets.master_key: does not open the secret of {endpoint_id}",
            param="secrets.master_key",
        )
