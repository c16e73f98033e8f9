"""A TCP proxy before MariaDB that cuts the connection at a commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum

from sqlalchemy import make_url

# Length 7, packet 0, COM_QUERY.
COMMIT = b"\x07\x00\x00\x00\x03COMMIT"


class Cut(Enum):
    """What happens to the next commit."""

    NOTHING = "it passes"
    BEFORE = "the connection ends before the server sees it"
    ANSWER = "the server does it, and its answer is lost"
    HANG = "the server has it, and the connection ends while it is at it"


class Proxy:
    """Passes bytes on, and applies `cut` to the next commit, once."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self.cut = Cut.NOTHING
        self.is_open = True
        self.cuts = 0
        self._commits = 0
        self._came = asyncio.Condition()

    async def seen(self, count: int) -> None:
        """Return once that many commits have come by."""
        async with self._came:
            await self._came.wait_for(lambda: self._commits >= count)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen while the context is open; answers the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        above_reader, above_writer = await asyncio.open_connection(*self._server)
        ends = (writer, above_writer)
        self._writers.update(ends)
        answers = asyncio.create_task(self._pass(above_reader, writer))
        try:
            await self._pass_requests(reader, above_writer, above_reader, answers)
        finally:
            answers.cancel()
            for end in ends:
                end.transport.abort()
                self._writers.discard(end)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.transport.abort()

    async def _pass_requests(
        self,
        reader: asyncio.StreamReader,
        above: asyncio.StreamWriter,
        above_reader: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if data == COMMIT:
                    async with self._came:
                        self._commits += 1
                        self._came.notify_all()
                    cut, self.cut = self.cut, Cut.NOTHING
                    if cut is not Cut.NOTHING:
                        self.cuts += 1
                        await self._end(cut, above, above_reader, answers)
                        return
                above.write(data)
                await above.drain()

    async def _end(
        self,
        cut: Cut,
        above: asyncio.StreamWriter,
        above_reader: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        if cut is Cut.BEFORE:
            return
        answers.cancel()
        with suppress(asyncio.CancelledError):
            await answers
        above.write(COMMIT)
        await above.drain()
        if cut is Cut.ANSWER:
            await above_reader.read(65536)


def through(url: str, port: int) -> str:
    """The same database, reached at a port of this machine."""
    return make_url(url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
