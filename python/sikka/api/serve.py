"""Running an application on a port until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

KEEPALIVE_S = 75.0


_NOT_HTTP = (HttpProcessingError, web.RequestPayloadError)


class _WithoutContents(logging.Filter):
    """Leaves out what a client sent that was not HTTP: it may hold a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], _NOT_HTTP):
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


_LOG = logging.getLogger("sikka.api.http")
_LOG.addFilter(_WithoutContents())


@asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int,
    *,
    reuse_port: bool = False,
    drain_s: float = 30.0,
) -> AsyncIterator[tuple[str, int]]:
    """Serve an application while the context is open.

    On the way out no new connection is accepted, requests on their way are finished for up to
    `drain_s` seconds, and only then is the application cleaned up.

    Args:
        port: 0 for any that is free.
        reuse_port: whether several processes share the port.

    Yields:
        The address and port on which it listens.

    Raises:
        OSError: the port cannot be had.
    """
    # The access log is an observation of the door, so aiohttp writes none.
    runner = web.AppRunner(
        app,
        logger=_LOG,
        access_log=None,
        keepalive_timeout=KEEPALIVE_S,
        shutdown_timeout=drain_s,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_port=reuse_port or None, backlog=1024)
        await site.start()
        address, bound_port, *_ = runner.addresses[0]
        yield str(address), int(bound_port)
    finally:
        await runner.cleanup()
