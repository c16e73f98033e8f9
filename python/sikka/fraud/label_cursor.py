"""The position of the label feed, kept in Redis beside the memory that it is of."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sikka.fraud.label_feed import Position
from sikka.fraud.stores.port import FeaturesUnavailable

_log = logging.getLogger(__name__)


class RedisCursor:
    """A `Cursor` whose position is flushed, kept and put back with the memory in the same Redis.

    Args:
        redis: a client.
        key: where; in the namespace of the memory.
        timeout_s: how long Redis may take.
    """

    def __init__(self, redis: Redis, key: str, timeout_s: float = 1.0) -> None:
        self._redis = redis
        self._key = key
        self._timeout_s = timeout_s

    async def load(self) -> Position | None:
        """See `Cursor`. What is no position counts as none, and is reported in the log."""
        try:
            async with asyncio.timeout(self._timeout_s):
                value = await self._redis.get(self._key)
        except (RedisError, OSError, TimeoutError) as error:
            raise FeaturesUnavailable(type(error).__name__) from error
        return None if value is None else _position(value)

    async def save(self, position: Position) -> None:
        """See `Cursor`."""
        labelled = position.labelled.astimezone(UTC).isoformat(timespec="microseconds")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.set(self._key, f"{labelled} {position.matured}")
        except (RedisError, OSError, TimeoutError) as error:
            raise FeaturesUnavailable(type(error).__name__) from error


def _position(value: bytes | str) -> Position | None:
    text = value if isinstance(value, str) else value.decode(errors="replace")
    labelled, _, matured = text.partition(" ")
    try:
        at = datetime.fromisoformat(labelled)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not matured.startswith("pay_"):
        _log.error("the position of the labels is no position; labels go on from now")
        return None
    return Position(at, matured)
