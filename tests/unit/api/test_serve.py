from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from sikka.api.serve import listening


def slow_app(
    entered: asyncio.Event, go_on: asyncio.Event, cleaned: asyncio.Event
) -> web.Application:
    async def handle(_request: web.Request) -> web.Response:
        entered.set()
        await go_on.wait()
        assert not cleaned.is_set()
        return web.Response(text="done")

    async def clean(_app: web.Application) -> None:
        cleaned.set()

    app = web.Application()
    app.router.add_get("/", handle)
    app.on_cleanup.append(clean)
    return app


async def test_a_request_on_its_way_is_finished_and_no_new_one_is_taken() -> None:
    entered, go_on, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()
    app = slow_app(entered, go_on, cleaned)
    leave, left = asyncio.Event(), asyncio.Event()
    where: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

    async def serve() -> None:
        async with listening(app, "127.0.0.1", 0) as address:
            where.set_result(address)
            await leave.wait()
        left.set()

    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        serving = asyncio.create_task(serve())
        host, port = await where
        request = asyncio.create_task(session.get(f"http://{host}:{port}/"))
        await entered.wait()
        leave.set()
        await refused(host, port)
        assert not left.is_set()
        go_on.set()
        response = await request
        assert (response.status, await response.text()) == (200, "done")
        await serving
    assert cleaned.is_set()


async def refused(host: str, port: int) -> None:
    """Returns once nobody listens there any more."""
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except ConnectionError:
            return
        writer.close()


async def test_what_is_not_http_is_refused_and_its_contents_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(web.Application(), "127.0.0.1", 0) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk_live_x\x00\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
    assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert [record.levelname for record in caplog.records if record.name == "sikka.api.http"] == [
        "INFO"
    ]
    assert "sk_live_x" not in caplog.text


async def test_several_processes_may_share_a_port() -> None:
    async with (
        listening(web.Application(), "127.0.0.1", 0, reuse_port=True) as (host, port),
        listening(web.Application(), host, port, reuse_port=True) as again,
    ):
        assert again == (host, port)


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use"):
            async with listening(web.Application(), "127.0.0.1", taken.getsockname()[1]):
                pass
