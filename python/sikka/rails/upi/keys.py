"""Our signing key and the pinned keys of the others, from files, changeable without a stop."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from sikka.domain.errors import ConfigurationError
from sikka_core import KeyFormatError, KeyRing, SigningKey, VerifyingKey

# The dates of a bare public key that was given none: 1970 to 9999.
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A certificate or public key file of another organisation.

    A date that is given replaces the certificate's own; a bare public key without dates is
    always valid. Dates are aware.
    """

    path: Path
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class PeerKey:
    """One pinned key as it was read."""

    org_id: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Everything that belongs together; replaced as a whole."""

    digest: str
    signing_key: SigningKey
    ring: KeyRing
    peers: tuple[PeerKey, ...]


class KeyStore:
    """The keys of one rail.

    `reload` reads the files again and swaps all keys at once, so that a message is signed and
    verified under one consistent set. A file that cannot be used leaves the old set in force.

    Args:
        signing_key: our private key, PEM (PKCS#8 or PKCS#1), unencrypted.
        peers: organisation id -> its pinned keys, the present one and, in a rotation, the next.

    Raises:
        ConfigurationError: a file is missing or cannot be used; names the file.
    """

    def __init__(self, signing_key: Path, peers: Mapping[str, Sequence[PinnedKey]]) -> None:
        self._path = signing_key
        self._pinned = {org_id: tuple(keys) for org_id, keys in peers.items()}
        self._loaded = self._load()

    @property
    def signing_key(self) -> SigningKey:
        """Ours."""
        return self._loaded.signing_key

    @property
    def ring(self) -> KeyRing:
        """Theirs."""
        return self._loaded.ring

    @property
    def peers(self) -> tuple[PeerKey, ...]:
        """What is pinned, with dates, for health checks."""
        return self._loaded.peers

    def reload(self) -> bool:
        """Read the files again; return whether anything changed.

        Raises:
            ConfigurationError: a file is missing or cannot be used; the old keys stay.
        """
        fresh = self._load()
        changed = fresh.digest != self._loaded.digest
        if changed:
            self._loaded = fresh
        return changed

    def _load(self) -> _Loaded:
        digest = hashlib.sha256()
        private = _read(self._path)
        digest.update(hashlib.sha256(private).digest())
        try:
            signing_key = SigningKey.from_pem(private)
        except KeyFormatError as error:
            raise _unusable(self._path, str(error)) from error
        entries = []
        peers = []
        for org_id, pinned_keys in self._pinned.items():
            for pinned in pinned_keys:
                pem = _read(pinned.path)
                digest.update(hashlib.sha256(pem).digest())
                key, since, until = _verifying(pinned, pem)
                entries.append((org_id, key, int(since.timestamp()), int(until.timestamp())))
                peers.append(PeerKey(org_id, key.fingerprint(), since, until))
        return _Loaded(digest.hexdigest(), signing_key, KeyRing(entries), tuple(peers))


def _verifying(pinned: PinnedKey, pem: bytes) -> tuple[VerifyingKey, datetime, datetime]:
    try:
        key = VerifyingKey.from_pem(pem)
        since, until = _dates(pem)
    except ValueError as error:
        raise _unusable(pinned.path, str(error)) from error
    since = pinned.not_before or since
    until = pinned.not_after or until
    if until < since:
        raise _unusable(pinned.path, "not_after lies before not_before")
    return key, since, until


def _dates(pem: bytes) -> tuple[datetime, datetime]:
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        return _ALWAYS
    certificate = x509.load_pem_x509_certificate(pem)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or "cannot be read") from error


def _unusable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(message=f"key file {path}: {why}", param=str(path))
