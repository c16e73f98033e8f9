"""One connection to Redis, on which many commands are under way at a time.

Why not the client library's: there a command has a connection to itself, is given up when it was
the event loop that was late, and costs three times as much processor time. What it takes to be sure
that no reply is ever taken for another's is this file; hiredis reads and writes the protocol.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, TypeAlias, cast

import hiredis

from sikka.fraud.stores.port import FeaturesUnavailable

Word: TypeAlias = str | bytes | int

_NOTHING = object()
# An event loop that was busy finds timers due before it has read what arrived meanwhile. After so
# many turns it has read it, so that only Redis is blamed for what Redis is late with.
_TURNS = 3
# How long a reply that is late is waited for before the connection is given up.
_PATIENCE_S = 0.1


class Refused(FeaturesUnavailable):
    """Redis answered with an error. The message is that of Redis."""


class RedisConnection(asyncio.Protocol):
    """Commands and their replies: the n-th reply is that of the n-th command.

    Nobody waits for a reply that is late, but its place is kept: while one is outstanding no
    command is taken, and when it comes it is dropped. When it does not come, and with the first
    reply that is unreadable or not asked for, the connection ends, and with it whatever is under
    way on it; `ended` tells why. It is made within an event loop.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[str] = self.loop.create_future()
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._replies: deque[asyncio.Future[Any]] = deque()
        self._late: set[asyncio.Future[Any]] = set()
        self._transport: asyncio.WriteTransport | None = None
        self._reason = ""

    async def call(self, words: tuple[Word, ...], timeout_s: float) -> Any:
        """Send a command and return its reply.

        Raises:
            Refused: Redis answers with an error.
            FeaturesUnavailable: the reply does not come in time, one before it is late, or the
                connection has ended.
        """
        if self._transport is None or self._reason or self._late:
            raise FeaturesUnavailable(self._reason or "Redis is late")
        reply = self.loop.create_future()
        self._replies.append(reply)
        self._transport.write(hiredis.pack_command(words))  # type: ignore[arg-type] # of any length
        timer = self.loop.call_later(timeout_s, self._expire, reply, timeout_s, _TURNS)
        try:
            return await reply
        finally:
            timer.cancel()

    def end(self, reason: str) -> None:
        """End the connection at once, and everything that is under way on it."""
        if self._reason:
            return
        self._reason = reason
        if self._transport is not None:
            self._transport.abort()
        for reply in self._replies:
            if not reply.done():
                reply.set_exception(FeaturesUnavailable(reason))
        self._replies.clear()
        if not self.ended.done():
            self.ended.set_result(reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of it.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while not self._reason and (value := self._reader.gets()) is not _NOTHING:
                self._answer(value)
        except hiredis.ProtocolError:
            self.end("Redis sent what is no reply")

    def connection_lost(self, error: Exception | None) -> None:
        self.end(f"Redis closed the connection{f': {error}' if error else ''}")

    def _answer(self, value: Any) -> None:
        if not self._replies:
            self.end("Redis sent a reply that nobody asked for")
            return
        reply = self._replies.popleft()
        if reply.done():
            self._late.discard(reply)
        elif isinstance(value, hiredis.ReplyError):
            reply.set_exception(Refused(str(value)))
        else:
            reply.set_result(value)

    def _expire(self, reply: asyncio.Future[Any], timeout_s: float, turns: int) -> None:
        if reply.done():
            return
        if turns:
            self.loop.call_soon(self._expire, reply, timeout_s, turns - 1)
            return
        self._late.add(reply)
        reply.set_exception(FeaturesUnavailable(f"Redis took more than {timeout_s * 1_000:g} ms"))
        self.loop.call_later(_PATIENCE_S, self._give_up, reply)

    def _give_up(self, reply: asyncio.Future[Any]) -> None:
        if reply in self._late:
            self.end("Redis does not answer")
