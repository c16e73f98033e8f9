"""Where Redis is, and as whom it is talked to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from redis.asyncio import ConnectionPool, SSLConnection, UnixDomainSocketConnection

P = TypeVar("P", bound=asyncio.Protocol)


class Address:
    """The address of a Redis, read from a URL as the client library reads it.

    Args:
        url: `redis://`, `rediss://` (TLS; its options, such as `ssl_ca_certs`, in the query) or
            `unix://`, with user, password and number of the database.

    Raises:
        ValueError: it is none of these.
    """

    def __init__(self, url: str) -> None:
        pool = ConnectionPool.from_url(url)
        # It is only read: it knows the defaults and makes sense of what TLS needs.
        self._described = pool.make_connection()  # type: ignore[no-untyped-call]

    async def connect(self, protocol: Callable[[], P]) -> P:
        """Connect, and speak that protocol.

        Raises:
            OSError: nobody answers, or TLS fails.
        """
        loop, described = asyncio.get_running_loop(), self._described
        if isinstance(described, UnixDomainSocketConnection):
            _, connection = await loop.create_unix_connection(protocol, described.path)
        else:
            secure = described.ssl_context.get() if isinstance(described, SSLConnection) else None
            host, port = described.host, int(described.port)
            _, connection = await loop.create_connection(protocol, host, port, ssl=secure)
        return connection

    def greeting(self) -> list[tuple[str | int, ...]]:
        """The commands that come first on a new connection."""
        described = self._described
        commands: list[tuple[str | int, ...]] = []
        if described.password is not None:
            names = (described.username,) if described.username else ()
            commands.append(("AUTH", *names, described.password))
        if described.db:
            commands.append(("SELECT", described.db))
        return commands
