from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sikka.domain.errors import ConfigurationError
from sikka.rails.upi.keys import KeyStore, PinnedKey
from sikka_core import SignatureError, sign_message, verify_message
from sikka_sim.keys import KeyPair, new_key_pair

NOW = datetime.now(UTC).replace(microsecond=0)
HEAD = ("Head", {"ver": "2.0", "ts": "t", "orgId": "NPCI", "msgId": "SIM1"}, ())


class Files:
    """A signing key and a pinned certificate on disk."""

    def __init__(self, directory: Path, ours: KeyPair, theirs: KeyPair) -> None:
        self.signing = directory / "signing.pem"
        self.pinned = directory / "switch.pem"
        self.signing.write_bytes(ours.private_pem)
        self.pinned.write_bytes(theirs.certificate_pem)

    def store(self, **dates: datetime | None) -> KeyStore:
        return KeyStore(self.signing, {"NPCI": [PinnedKey(self.pinned, **dates)]})


@pytest.fixture
def files(tmp_path: Path, our_keys: KeyPair, switch_keys: KeyPair) -> Files:
    return Files(tmp_path, our_keys, switch_keys)


def signed_by(keys: KeyPair, directory: Path) -> bytes:
    private = directory / "other.pem"
    private.write_bytes(keys.private_pem)
    return sign_message(KeyStore(private, {}).signing_key, "ReqHbt", [HEAD])


def public_pem(keys: KeyPair) -> bytes:
    certificate = x509.load_pem_x509_certificate(keys.certificate_pem)
    return certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def at(when: datetime) -> int:
    return int(when.timestamp())


def test_a_certificate_brings_its_own_dates(files: Files, switch_keys: KeyPair) -> None:
    certificate = x509.load_pem_x509_certificate(switch_keys.certificate_pem)
    (peer,) = files.store().peers
    assert peer.org_id == "NPCI"
    assert (peer.not_before, peer.not_after) == (
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
    assert len(peer.fingerprint) == 64


def test_a_key_is_believed_within_its_dates_only(
    files: Files, switch_keys: KeyPair, tmp_path: Path
) -> None:
    store = files.store(not_before=NOW, not_after=NOW + timedelta(hours=1))
    message = signed_by(switch_keys, tmp_path)
    assert verify_message(message, store.ring, at(NOW)).org_id == "NPCI"
    verify_message(message, store.ring, at(NOW + timedelta(hours=1)))
    for outside in (NOW - timedelta(seconds=1), NOW + timedelta(hours=1, seconds=1)):
        with pytest.raises(SignatureError):
            verify_message(message, store.ring, at(outside))


def test_a_bare_public_key_without_dates_is_always_valid(
    files: Files, switch_keys: KeyPair, tmp_path: Path
) -> None:
    files.pinned.write_bytes(public_pem(switch_keys))
    store = files.store()
    message = signed_by(switch_keys, tmp_path)
    for year in (1971, 2026, 2999):
        verify_message(message, store.ring, at(datetime(year, 1, 1, tzinfo=UTC)))


def test_reloading_unchanged_files_changes_nothing(files: Files) -> None:
    store = files.store()
    ring = store.ring
    assert store.reload() is False
    assert store.ring is ring


def test_a_rotation_needs_no_stop(files: Files, tmp_path: Path, switch_keys: KeyPair) -> None:
    store = files.store()
    following = new_key_pair("switch, next")
    message = signed_by(following, tmp_path)
    with pytest.raises(SignatureError):
        verify_message(message, store.ring, at(NOW))

    files.pinned.write_bytes(following.certificate_pem)
    before = store.signing_key
    assert store.reload() is True

    verify_message(message, store.ring, at(NOW))
    with pytest.raises(SignatureError):
        verify_message(signed_by(switch_keys, tmp_path), store.ring, at(NOW))
    assert store.signing_key is not before


def test_the_present_and_the_next_key_are_believed_side_by_side(
    files: Files, tmp_path: Path, switch_keys: KeyPair
) -> None:
    following = new_key_pair("switch, next")
    path = tmp_path / "next.pem"
    path.write_bytes(following.certificate_pem)
    store = KeyStore(files.signing, {"NPCI": [PinnedKey(files.pinned), PinnedKey(path)]})
    for keys in (switch_keys, following):
        verify_message(signed_by(keys, tmp_path), store.ring, at(NOW))
    assert len(store.peers) == 2


@pytest.mark.parametrize("name", ["signing", "pinned"])
@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END", None])
def test_a_file_that_cannot_be_used_is_named_and_the_old_keys_stay(
    files: Files, name: str, content: bytes | None
) -> None:
    store = files.store()
    ring = store.ring
    path: Path = getattr(files, name)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as failure:
        store.reload()
    assert failure.value.param == str(path)
    assert store.ring is ring


def test_dates_in_the_wrong_order_are_refused(files: Files) -> None:
    with pytest.raises(ConfigurationError, match="not_after lies before not_before"):
        files.store(not_before=NOW, not_after=NOW - timedelta(days=1))
