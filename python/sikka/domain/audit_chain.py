"""The chain of the audit trail: every line carries the hash of the line before it.

Each bucket has a chain of its own. A line's hash is the SHA-256 of the previous hash, its place
and its content in one canonical form, so a line that is changed, removed, added or moved
disagrees with what follows it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC

import msgspec

from sikka.domain.records import AuditRecord

# What the first line of a chain names as the hash before it.
GENESIS_HASH = "0" * 64

_encode = msgspec.json.Encoder(order="sorted").encode


def canonical(record: AuditRecord, sequence: int, previous_hash: str) -> bytes:
    """What is hashed of a line: compact JSON with sorted keys, times in UTC to the microsecond.

    Args:
        record: the line's content.
        sequence: its place in its bucket's chain, from 1.
        previous_hash: the hash of the line before it, or `GENESIS_HASH`.
    """
    return _encode(
        {
            "action": record.action,
            "bucket": record.bucket,
            "id": record.id,
            "ip_address": record.ip_address,
            "merchant_id": record.merchant_id,
            "metadata": record.metadata,
            "payment_id": record.payment_id,
            "previous_hash": previous_hash,
            "sequence": sequence,
            "status": record.status,
            "timestamp": record.timestamp.astimezone(UTC).isoformat(timespec="microseconds"),
            "user_agent": record.user_agent,
            "user_id": record.user_id,
        }
    )


def hash_of(record: AuditRecord, sequence: int, previous_hash: str) -> str:
    """The SHA-256 of `canonical`, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical(record, sequence, previous_hash)).hexdigest()
