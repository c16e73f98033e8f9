from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from sikka.webhooks.addresses import AddressRules, ForbiddenAddressError
from sikka.webhooks.client import Reply, WebhookClient
from sikka.webhooks.resolver import CheckedResolver

LOCAL = AddressRules(allow_private_addresses=True, allow_http=True)
STRICT_HTTP = AddressRules(allow_http=True)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FixedResolver(AbstractResolver):
    """Answers the next of its lists of addresses at each question; the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.questions.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise OSError(None, "no such name")
        return [
            ResolveResult(
                hostname=host, host=each, port=port, family=family, proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in found
        ]  # fmt: skip

    async def close(self) -> None:
        return


@asynccontextmanager
async def raw_server(handler: Handler) -> AsyncIterator[int]:
    """A server that speaks as the handler says, on a free port."""
    ends: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(writer)
        await handler(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in ends:
            writer.close()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def merchant(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/hooks", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def read_request(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def test_headers_and_body_arrive_as_they_were_signed() -> None:
    received: list[tuple[dict[str, str], bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        received.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    async with merchant(handle) as port, WebhookClient(LOCAL) as client:
        url = f"http://127.0.0.1:{port}/hooks"
        body = '{"a": "₹"}'.encode()
        assert await client.post(url, {"webhook-id": "evt_1"}, body) == Reply(204, None)
    ((headers, seen),) = received
    assert seen == body
    assert headers["webhook-id"] == "evt_1"
    assert headers["Content-Type"] == "application/json"
    assert "Cookie" not in headers


async def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.path)
        raise web.HTTPTemporaryRedirect("/hooks")

    async with merchant(handle) as port, WebhookClient(LOCAL) as client:
        assert await client.post(f"http://127.0.0.1:{port}/hooks", {}, b"{}") == Reply(307, None)
    assert seen == ["/hooks"]


async def test_cookies_of_a_merchant_are_not_kept() -> None:
    cookies: list[str | None] = []

    async def handle(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        response = web.Response()
        response.set_cookie("a", "b")
        return response

    async with merchant(handle) as port, WebhookClient(LOCAL) as client:
        for _ in range(2):
            await client.post(f"http://127.0.0.1:{port}/hooks", {}, b"{}")
    assert cookies == [None, None]


async def test_a_merchant_that_never_answers_is_a_timeout() -> None:
    released = asyncio.Event()

    async def handle(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await released.wait()

    async with raw_server(handle) as port, WebhookClient(LOCAL, timeout_s=0.1) as client:
        assert await client.post(f"http://127.0.0.1:{port}/", {}, b"{}") == Reply(None, "timeout")
        released.set()


async def test_a_merchant_that_drips_its_headers_is_a_timeout() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000):
            writer.write(b"x-%d: y\r\n" % number)
            await asyncio.sleep(0.01)

    async with raw_server(handle) as port, WebhookClient(LOCAL, timeout_s=0.15) as client:
        assert await client.post(f"http://127.0.0.1:{port}/", {}, b"{}") == Reply(None, "timeout")


async def test_a_merchant_that_drips_its_body_holds_nothing_up() -> None:
    closed = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        await writer.drain()
        while await reader.read(64):
            continue
        closed.set()

    async with raw_server(handle) as port, WebhookClient(LOCAL, timeout_s=5) as client:
        assert await client.post(f"http://127.0.0.1:{port}/", {}, b"{}") == Reply(200, None)
        async with asyncio.timeout(5):
            await closed.wait()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "connection"),
        (b"nonsense\r\n\r\n", "protocol"),
        (b"HTTP/1.1 999999 What\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", "protocol"),
    ],
)
async def test_an_answer_that_is_none_is_an_error_of_the_connection_or_protocol(
    answer: bytes, error: str
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        writer.close()

    async with raw_server(handle) as port, WebhookClient(LOCAL, timeout_s=5) as client:
        reply = await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert reply.status_code is None
    assert reply.error in {error, "connection"}


async def test_a_refused_connection_is_an_error_of_the_connection() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        async with WebhookClient(LOCAL) as client:
            reply = await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert reply == Reply(None, "connection")


async def test_a_server_without_a_trusted_certificate_is_an_error_of_tls() -> None:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with raw_server(handle) as port, WebhookClient(LOCAL, timeout_s=5) as client:
        reply = await client.post(f"https://127.0.0.1:{port}/", {}, b"{}")
    assert reply == Reply(None, "tls")
    assert ssl.HAS_SNI


async def test_a_name_that_does_not_resolve_is_an_error_of_dns() -> None:
    async with WebhookClient(LOCAL, resolver=FixedResolver([])) as client:
        assert await client.post("http://shop.example/", {}, b"{}") == Reply(None, "dns")


async def test_a_name_that_resolves_to_a_private_address_is_never_connected_to() -> None:
    reached = asyncio.Event()

    async def handle(_request: web.Request) -> web.Response:
        reached.set()
        return web.Response()

    resolver = FixedResolver(["127.0.0.1"])
    async with merchant(handle) as port, WebhookClient(STRICT_HTTP, resolver=resolver) as client:
        reply = await client.post(f"http://shop.example:{port}/hooks", {}, b"{}")
    assert reply == Reply(None, "address_forbidden")
    assert not reached.is_set()


async def test_a_literal_private_address_is_never_connected_to() -> None:
    async with WebhookClient(STRICT_HTTP) as client:
        reply = await client.post("http://127.0.0.1:1/", {}, b"{}")
    assert reply == Reply(None, "address_forbidden")


async def test_one_forbidden_address_among_several_refuses_the_host() -> None:
    resolver = CheckedResolver(STRICT_HTTP, FixedResolver(["93.184.216.34", "10.0.0.1"]))
    with pytest.raises(ForbiddenAddressError):
        await resolver.resolve("shop.example")


async def test_a_host_is_resolved_once_and_connected_to_where_that_led() -> None:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response()

    # The second answer is what an attacker's name server says once the check is over.
    resolver = FixedResolver(["127.0.0.1"], ["10.255.255.1"])
    async with merchant(handle) as port, WebhookClient(LOCAL, resolver=resolver) as client:
        reply = await client.post(f"http://shop.example:{port}/hooks", {}, b"{}")
    assert reply == Reply(200, None)
    assert resolver.questions == ["shop.example"]


async def test_a_client_outside_its_block_is_a_bug_and_says_so() -> None:
    with pytest.raises(RuntimeError, match="outside"):
        await WebhookClient(LOCAL).post("http://shop.example/", {}, b"{}")
