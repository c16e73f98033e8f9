"""The way to the functions in Redis: kept open, watched, and closed to payments while it fails."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sikka.background import end
from sikka.fraud.stores.address import Address
from sikka.fraud.stores.connection import RedisConnection, Refused, Word
from sikka.fraud.stores.library import Library
from sikka.fraud.stores.port import FeaturesUnavailable

_log = logging.getLogger(__name__)

# Whoever answers so is the wrong one to ask, or is not ready: the address is to be asked again.
_ELSEWHERE = ("READONLY", "LOADING", "MASTERDOWN", "MOVED", "CLUSTERDOWN", "NOAUTH")
_PAUSE_MIN_S = 0.05
_PAUSE_MAX_S = 1.0
# A connection that lasted so long was no mistake; the next one is made at once.
_STEADY_S = 1.0


class Link:
    """Calls functions over one connection, and makes a new one when it ends.

    While there is none every call fails at once: no payment waits for what did not answer the
    payment before. One attempt at a time is made to get through, by asking for the state of a
    memory, which has to come in time as well and is refused wherever a payment would be.

    Args:
        address: where Redis is.
        library: the functions, which are loaded where they are missing.
        state_key: the key of the state that is asked for.
        timeout_s: how long an answer may take.
        connect_timeout_s: how long it may take to connect, and to load the functions then.
    """

    def __init__(
        self,
        address: Address,
        library: Library,
        state_key: str,
        *,
        timeout_s: float,
        connect_timeout_s: float = 1.0,
    ) -> None:
        self._address = address
        self._library = library
        self._state_key = state_key
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._connection: RedisConnection | None = None
        self._reason = "not opened"
        self._keeper: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()

    async def open(self) -> None:
        """Begin to keep a connection; return once the first attempt has succeeded or failed."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="features-link")
        await self._tried.wait()

    async def call(
        self, function: str, keys: list[str], *arguments: Word, timeout_s: float | None = None
    ) -> Any:
        """Call a function and return what it returns.

        Raises:
            FeaturesUnavailable: it does not answer in time, or with an error.
        """
        connection = self._connection
        if connection is None:
            raise FeaturesUnavailable(self._reason)
        words = ("FCALL", function, len(keys), *keys, *arguments)
        timeout_s = timeout_s or self._timeout_s
        try:
            return await self._function(connection, words, timeout_s, timeout_s)
        except Refused as error:
            reason = str(error)
            if reason.startswith(_ELSEWHERE):
                connection.end(reason)
            raise

    async def command(self, *words: Word, timeout_s: float) -> Any:
        """Send a plain command and return its reply. Raises as `call` does."""
        if self._connection is None:
            raise FeaturesUnavailable(self._reason)
        return await self._connection.call(words, timeout_s)

    async def close(self) -> None:
        """End the connection and make no new one."""
        if self._keeper is not None:
            await end(self._keeper)
            self._keeper, self._reason = None, "closed"

    async def _function(
        self,
        connection: RedisConnection,
        words: tuple[Word, ...],
        timeout_s: float,
        load_timeout_s: float,
    ) -> Any:
        try:
            return await connection.call(words, timeout_s)
        except Refused as error:
            if "Function not found" not in str(error):
                raise
        try:
            await connection.call(("FUNCTION", "LOAD", self._library.source), load_timeout_s)
        except Refused as error:
            # Whoever was first has loaded the very same.
            if "already exists" not in str(error):
                raise
        return await connection.call(words, timeout_s)

    async def _keep(self) -> None:
        pause_s = 0.0
        while True:
            try:
                connection = await self._connected()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may do.
                self._closed(f"Redis is away: {str(error) or type(error).__name__}")
                steady = False
            else:
                steady = await self._stay(connection)
            pause_s = 0.0 if steady else min(max(2 * pause_s, _PAUSE_MIN_S), _PAUSE_MAX_S)
            await asyncio.sleep(pause_s)

    async def _stay(self, connection: RedisConnection) -> bool:
        """Let payments in until the connection ends; return whether it was there for a while."""
        since_s = connection.loop.time()
        self._connection = connection
        self._tried.set()
        _log.info("the memory of the features is reached")
        try:
            self._closed(await connection.ended)
        finally:
            connection.end("closed")
            self._connection = None
        return connection.loop.time() - since_s > _STEADY_S

    def _closed(self, reason: str) -> None:
        if reason != self._reason:
            _log.warning("the memory of the features is not reached: %s", reason)
        self._reason = reason
        self._tried.set()

    async def _connected(self) -> RedisConnection:
        """A new connection that answers in time."""
        async with asyncio.timeout(self._connect_timeout_s):
            connection = await self._address.connect(RedisConnection)
        try:
            for words in self._address.greeting():
                await connection.call(words, self._connect_timeout_s)
            state = ("FCALL", self._library.state, 1, self._state_key)
            await self._function(connection, state, self._timeout_s, self._connect_timeout_s)
        except BaseException as error:
            connection.end(f"Redis is not ready: {error}")
            raise
        return connection
