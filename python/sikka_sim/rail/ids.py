"""Identifiers that the rail makes, the same ones for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from hashlib import sha256

_PREFIX_LENGTH = 3


class Ids:
    """A source of identifiers.

    Message and transaction ids follow from the seed and from what they are for, not from the order
    in which concurrent transactions happen to ask.

    Args:
        seed: the world's seed.
        prefix: three characters of the participant, with which its ids begin.
    """

    def __init__(self, seed: int, prefix: str = "SIM") -> None:
        if len(prefix) != _PREFIX_LENGTH:
            raise ValueError("prefix must have three characters")
        self._seed = seed
        self._prefix = prefix
        self._asked: Counter[tuple[str, ...]] = Counter()
        self._last_rrn = 0

    def message_id(self, *purpose: str) -> str:
        """35 characters: the prefix and 32 hexadecimal digits, new at every call.

        Args:
            purpose: what it is for, such as the API and the transaction's id.
        """
        count = self._asked[purpose]
        self._asked[purpose] += 1
        text = "|".join((str(self._seed), *purpose, str(count)))
        return self._prefix + sha256(text.encode()).hexdigest()[:32].upper()

    def approval(self, transaction_id: str) -> str:
        """The bank's approval number of a transaction: six digits."""
        digest = sha256(f"{self._seed}|approval|{transaction_id}".encode()).digest()
        return f"{int.from_bytes(digest[:4], 'big') % 1_000_000:06d}"

    def rrn(self, now: datetime) -> str:
        """A new retrieval reference number: last digit of the year, day, hour and a counter."""
        hour = int(f"{now.year % 10}{now:%j%H}") * 1_000_000
        self._last_rrn = max(self._last_rrn + 1, hour + 1)
        return f"{self._last_rrn:012d}"
