"""Which payments a challenger decides."""

from __future__ import annotations

from hashlib import sha256

_PERCENT_MAX = 100
_HASH_BYTES = 8
_HASHES = 1 << (8 * _HASH_BYTES)


class Share:
    """A share of all payments, chosen by a hash of their ids.

    The hash is the first 64 bits of SHA-256 over "sikka challenger", a zero byte, the challenger's
    version, a zero byte and the id, all in UTF-8. So the choice is the same in every process and at
    every repetition; it is independent of the bucket in the id and of the shares of other
    challengers; and a share that grows keeps the payments that it had.

    Args:
        version: the challenger's.
        percent: 0 to 100.

    Raises:
        ValueError: `percent` is out of its range.
    """

    __slots__ = ("_begun", "_bound")

    def __init__(self, version: str, percent: int) -> None:
        if not 0 <= percent <= _PERCENT_MAX:
            raise ValueError("percent must be 0 to 100")
        self._begun = sha256(b"sikka challenger\0" + version.encode() + b"\0")
        self._bound = _HASHES * percent // _PERCENT_MAX

    def has(self, key: str) -> bool:
        """Whether the payment with this id is in the share."""
        hash_ = self._begun.copy()
        hash_.update(key.encode())
        return int.from_bytes(hash_.digest()[:_HASH_BYTES], "big") < self._bound
