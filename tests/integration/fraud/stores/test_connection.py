"""A reply is its command's or nobody's, whatever the other side sends."""

from __future__ import annotations

import asyncio
import socketserver
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop

from sikka.fraud.stores.connection import RedisConnection, Refused
from sikka.fraud.stores.port import FeaturesUnavailable
from tests.integration.fraud.stores.made import UNHURRIED_S

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Connect = Callable[[Script], Awaitable[RedisConnection]]

PING = ("PING",)
# How a client says it.
PING_BYTES = len(b"*1\r\n$4\r\nPING\r\n")


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connects to a server that follows a script."""
    servers, connections = [], []

    async def connect(script: Script) -> RedisConnection:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await script(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                return
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        host, port = server.sockets[0].getsockname()
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(RedisConnection, host, port)
        connections.append(connection)
        return connection

    yield connect
    for connection in connections:
        connection.end("the test is over")
    for server in servers:
        server.close()


async def test_replies_belong_to_commands_in_their_order(connect: Connect) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3 * PING_BYTES)
        # Cut in the middle, several in one piece.
        writer.write(b":1\r\n-ERR no\r\n$3\r\nab")
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(b"c\r\n")
        await reader.read()

    connection = await connect(script)
    one, two, three = await asyncio.gather(
        *(connection.call(PING, UNHURRIED_S) for _ in range(3)), return_exceptions=True
    )
    assert (one, three) == (1, b"abc")
    assert isinstance(two, Refused)
    assert str(two) == "ERR no"


async def test_while_a_reply_is_late_no_command_is_taken_and_then_it_is_dropped(
    connect: Connect,
) -> None:
    go_on = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(PING_BYTES)
        await go_on.wait()
        writer.write(b"+late\r\n")
        await reader.readexactly(PING_BYTES)
        writer.write(b"+its own\r\n")
        await reader.read()

    connection = await connect(script)
    with pytest.raises(FeaturesUnavailable, match="more than 10 ms"):
        await connection.call(PING, 0.01)
    with pytest.raises(FeaturesUnavailable, match="Redis is late"):
        await connection.call(PING, UNHURRIED_S)
    go_on.set()
    async with asyncio.timeout(UNHURRIED_S):
        while True:
            try:
                reply = await connection.call(PING, UNHURRIED_S)
            except FeaturesUnavailable:
                await asyncio.sleep(0.001)
            else:
                break
    assert reply == b"its own"


async def test_a_reply_that_never_comes_ends_the_connection(connect: Connect) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    connection = await connect(script)
    with pytest.raises(FeaturesUnavailable, match="more than 1 ms"):
        await connection.call(PING, 0.001)
    assert await asyncio.wait_for(connection.ended, UNHURRIED_S) == "Redis does not answer"
    with pytest.raises(FeaturesUnavailable, match="does not answer"):
        await connection.call(PING, UNHURRIED_S)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"+mine\r\n+nobody's\r\n", "nobody asked for"),
        (b"what is this\r\n", "no reply"),
        (b"$5\r\nab", "closed the connection"),
        (b"", "closed the connection"),
    ],
)
async def test_what_does_not_belong_ends_the_connection_and_all_that_is_under_way(
    connect: Connect, sent: bytes, reason: str
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(PING_BYTES)
        writer.write(sent)

    connection = await connect(script)
    (outcome,) = await asyncio.gather(connection.call(PING, UNHURRIED_S), return_exceptions=True)
    assert outcome == b"mine" or reason in str(outcome)
    assert reason in await asyncio.wait_for(connection.ended, UNHURRIED_S)
    with pytest.raises(FeaturesUnavailable, match=reason):
        await connection.call(PING, UNHURRIED_S)


async def test_a_reply_to_a_caller_that_gave_up_is_dropped(connect: Connect) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2 * PING_BYTES)
        writer.write(b"+first\r\n+second\r\n")
        await reader.read()

    connection = await connect(script)
    first = asyncio.create_task(connection.call(PING, UNHURRIED_S))
    await asyncio.sleep(0)
    first.cancel()
    assert await connection.call(PING, UNHURRIED_S) == b"second"


class Unhurried(socketserver.BaseRequestHandler):
    """Answers from a thread of its own: LATER after 10 ms, anything else at once."""

    def handle(self) -> None:
        while data := self.request.recv(1_024):
            time.sleep(0.01 if b"LATER" in data else 0.0)
            self.request.sendall(b"+there\r\n")


class Blocker(asyncio.Protocol):
    """Lets the event loop stand still when it hears anything."""

    def data_received(self, data: bytes) -> None:
        time.sleep(0.06)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_that_was_busy_does_not_blame_redis(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def busy(host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(RedisConnection, host, port)
        other, _ = await loop.create_connection(Blocker, host, port)
        try:
            for _ in range(10):
                other.write(b"NOW")
                # The answer is there after 10 ms; the loop reads it when 30 ms are long over.
                assert await connection.call(("LATER",), 0.03) == b"there"
        finally:
            other.abort()
            connection.end("the test is over")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Unhurried) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                runner.run(busy(*server.server_address))
        finally:
            server.shutdown()
            serving.join()
