"""What is certain after each fault of the way to the switch, over real sockets."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.rails.transport import (
    ANSWER_BYTES_MAX,
    Answered,
    NotSent,
    Transport,
    TransportConfig,
    Unknown,
    mutual_tls,
)
from sikka_sim.keys import KeyPair
from tests.integration.rails.gateway import Gateway, key_store
from tests.unit.rails.samples import merchant, now, payment, upi

ACK = (
    '<upi:Ack xmlns:upi="http://npci.org/upi/schema/" api="{api}" reqMsgId="{msg_id}" ts="t"{err}/>'
)

Behaviour = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def sockets(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Listen on any free port, which it yields; every connection has ended afterwards."""
    handling: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        try:
            await handle(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling)
        await server.wait_closed()


class Peer:
    """A server that does to a request whatever a test wants."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.received = asyncio.Event()
        self._behaviour = behaviour

    def listening(self, tls: ssl.SSLContext | None = None) -> AbstractAsyncContextManager[int]:
        return sockets(self._handle, tls)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            body = await reader.readexactly(int(length[1]))
            self.requests.append(body)
            self.received.set()
            await self._behaviour(body, reader, writer)


def ack(body: bytes, **changed: str) -> bytes:
    msg_id = re.search(rb'msgId="([A-Z0-9]+)"', body)
    assert msg_id is not None
    facts = {"api": "ReqPay", "msg_id": msg_id[1].decode(), "err": ""} | changed
    return ACK.format(**facts).encode()


def answer(status: str, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def answering(status: str, make: Callable[[bytes], bytes], headers: str = "") -> Behaviour:
    async def behave(
        body: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(answer(status, make(body), headers))
        await writer.drain()

    return behave


async def silent(_body: bytes, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def half_an_answer(
    body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(answer("200 OK", ack(body))[:-20])
    await writer.drain()
    await reader.read()


async def cut_short(
    body: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(answer("200 OK", ack(body))[:-20])
    await writer.drain()
    writer.close()


async def reset(_body: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def closed(_body: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def no_http(
    _body: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"\x15\x03\x01\x00\x02\x02\x50 this is not HTTP\r\n\r\n")
    await writer.drain()


def refusing(code: str) -> Callable[[bytes], bytes]:
    return lambda body: ack(body, err=f' err="{code}"')


FAULTS: dict[str, tuple[Behaviour, OutcomeKind, str | None]] = {
    "acknowledged": (answering("200 OK", ack), OutcomeKind.PENDING, None),
    "accepted": (answering("202 Accepted", ack), OutcomeKind.PENDING, None),
    "refused": (answering("200 OK", refusing("H02")), OutcomeKind.DECLINED, "rail_rejected"),
    "refused with 400": (
        answering("400 Bad Request", refusing("U16")),
        OutcomeKind.DECLINED,
        "risk_declined",
    ),
    "known already": (answering("200 OK", refusing("U01")), OutcomeKind.AMBIGUOUS, None),
    "does not know itself": (answering("200 OK", refusing("U08")), OutcomeKind.AMBIGUOUS, None),
    "refused with 500": (
        answering("500 Internal Server Error", refusing("U16")),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "acknowledged with 500": (
        answering("500 Internal Server Error", ack),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "acknowledged with 400": (answering("400 Bad Request", ack), OutcomeKind.AMBIGUOUS, None),
    "unavailable": (
        answering("503 Service Unavailable", lambda _: b""),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "a proxy's page": (
        answering("403 Forbidden", lambda _: b"<html></html>"),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "garbage": (answering("200 OK", lambda _: b"<html><body>OK"), OutcomeKind.AMBIGUOUS, None),
    "nothing": (answering("200 OK", lambda _: b""), OutcomeKind.AMBIGUOUS, None),
    "an Ack without its code": (
        answering("200 OK", lambda body: ack(body).replace(b"/>", b"><errorMessages/></upi:Ack>")),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "another message's Ack": (
        answering("200 OK", lambda body: ack(body, msg_id="SKA1")),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "another API's Ack": (
        answering("200 OK", lambda body: ack(body, api="ReqHbt")),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "too long": (
        answering("200 OK", lambda body: ack(body) + b" " * ANSWER_BYTES_MAX),
        OutcomeKind.AMBIGUOUS,
        None,
    ),
    "silence": (silent, OutcomeKind.AMBIGUOUS, None),
    "silence in the answer": (half_an_answer, OutcomeKind.AMBIGUOUS, None),
    "cut in the answer": (cut_short, OutcomeKind.AMBIGUOUS, None),
    "reset": (reset, OutcomeKind.AMBIGUOUS, None),
    "closed": (closed, OutcomeKind.AMBIGUOUS, None),
    "no HTTP": (no_http, OutcomeKind.AMBIGUOUS, None),
}


async def collected(url: str, keys: KeyPair, directory: Path, **transport: object) -> Outcome:
    """Send one collect request to a URL."""
    store = key_store(directory, keys.private_pem, {"NPCI": [keys.certificate_pem]})
    patience = {"answer_timeout_s": 0.4, "connect_timeout_s": 0.3} | transport
    config = TransportConfig(url, **patience)  # type: ignore[arg-type]
    gateway = Gateway(url, store, transport=config)
    await gateway.rail.open()
    try:
        ours = payment(now())
        return await gateway.rail.collect(ours, upi(ours), merchant(), now())
    finally:
        await gateway.rail.close()


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_after_the_request_has_left_only_the_switch_knows(
    our_keys: KeyPair, tmp_path: Path, fault: str
) -> None:
    behaviour, kind, failure_code = FAULTS[fault]
    peer = Peer(behaviour)
    async with peer.listening() as port:
        told = await collected(f"http://127.0.0.1:{port}", our_keys, tmp_path)
    assert (told.kind, told.failure_code) == (kind, failure_code)
    assert told.msg_id is not None
    assert len(peer.requests) == 1


async def test_a_refused_connection_is_not_sent(our_keys: KeyPair, tmp_path: Path) -> None:
    async with Peer(silent).listening() as port:
        pass
    told = await collected(f"http://127.0.0.1:{port}", our_keys, tmp_path)
    assert (told.kind, told.failure_code) == (OutcomeKind.NOT_SENT, "rail_unavailable")
    assert told.msg_id is None


async def test_an_unknown_name_is_not_sent(our_keys: KeyPair, tmp_path: Path) -> None:
    told = await collected(
        "http://switch.invalid", our_keys, tmp_path, connect_timeout_s=5.0, answer_timeout_s=5.0
    )
    assert told.kind is OutcomeKind.NOT_SENT


async def test_a_peer_without_tls_is_not_sent(our_keys: KeyPair, tmp_path: Path) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(16)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()

    async with sockets(shout) as port:
        told = await collected(
            f"https://127.0.0.1:{port}",
            our_keys,
            tmp_path,
            connect_timeout_s=5.0,
            answer_timeout_s=5.0,
        )
    assert told.kind is OutcomeKind.NOT_SENT


async def test_a_certificate_that_nobody_vouches_for_is_not_sent(
    our_keys: KeyPair, tmp_path: Path
) -> None:
    peer = Peer(answering("200 OK", ack))
    async with peer.listening(_server_tls(our_keys, tmp_path)) as port:
        told = await collected(
            f"https://127.0.0.1:{port}",
            our_keys,
            tmp_path,
            connect_timeout_s=5.0,
            answer_timeout_s=5.0,
        )
    assert told.kind is OutcomeKind.NOT_SENT
    assert peer.requests == []


async def test_a_tls_handshake_that_hangs_is_not_sent(our_keys: KeyPair, tmp_path: Path) -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with sockets(hang) as port:
        told = await collected(
            f"https://127.0.0.1:{port}", our_keys, tmp_path, connect_timeout_s=0.2
        )
    assert told.kind is OutcomeKind.NOT_SENT


async def test_a_request_that_found_no_place_in_the_pool_is_not_sent() -> None:
    peer = Peer(silent)
    async with peer.listening() as port:
        transport = Transport(
            TransportConfig(
                f"http://127.0.0.1:{port}",
                connections_max=1,
                connect_timeout_s=0.2,
                answer_timeout_s=0.6,
            )
        )
        await transport.open()
        first, second = await asyncio.gather(
            transport.post("/", b'<a msgId="1"/>', {}), transport.post("/", b"<b/>", {})
        )
        await transport.close()
    assert isinstance(first, Unknown)
    assert isinstance(second, NotSent)
    assert len(peer.requests) == 1


async def test_a_connection_that_dies_while_it_was_kept_is_not_tried_again() -> None:
    answers = iter([answering("200 OK", lambda _: b"kept"), closed])

    async def keep_and_close(
        body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await next(answers)(body, reader, writer)

    peer = Peer(keep_and_close)
    async with peer.listening() as port:
        transport = Transport(TransportConfig(f"http://127.0.0.1:{port}"))
        await transport.open()
        first = await transport.post("/", b"<a/>", {})
        second = await transport.post("/", b"<b/>", {})
        await transport.close()
    assert first == Answered(200, b"kept")
    assert isinstance(second, Unknown)
    assert peer.requests == [b"<a/>", b"<b/>"]
    assert peer.connections == 1


async def test_a_redirect_is_not_followed() -> None:
    elsewhere = Peer(answering("200 OK", lambda _: b"taken"))
    async with elsewhere.listening() as port:
        headers = f"Location: http://127.0.0.1:{port}/\r\n"
        peer = Peer(answering("307 Temporary Redirect", lambda _: b"", headers))
        async with peer.listening() as first:
            transport = Transport(TransportConfig(f"http://127.0.0.1:{first}"))
            await transport.open()
            told = await transport.post("/", b"<a/>", {})
            await transport.close()
    assert told == Answered(307, b"")
    assert elsewhere.requests == []


async def test_an_open_circuit_sends_nothing() -> None:
    peer = Peer(closed)
    async with peer.listening() as port:
        transport = Transport(
            TransportConfig(f"http://127.0.0.1:{port}", breaker_failures=2, breaker_open_s=60.0)
        )
        await transport.open()
        told = [await transport.post("/", b"<a/>", {}) for _ in range(3)]
        await transport.close()
    assert [type(each) for each in told] == [Unknown, Unknown, NotSent]
    assert len(peer.requests) == 2


async def test_a_call_that_is_given_up_leaves_the_circuit_as_it_was() -> None:
    peer = Peer(silent)
    async with peer.listening() as port:
        transport = Transport(TransportConfig(f"http://127.0.0.1:{port}", breaker_failures=1))
        await transport.open()
        given_up = asyncio.create_task(transport.post("/", b"<a/>", {}))
        await asyncio.wait_for(peer.received.wait(), 5)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert not transport.breaker.is_open
        await transport.close()


async def test_a_transport_is_opened_before_use() -> None:
    transport = Transport(TransportConfig("http://127.0.0.1:1"))
    with pytest.raises(RuntimeError, match="open"):
        await transport.post("/", b"", {})
    await transport.close()


async def test_mutual_tls_trusts_one_authority_and_shows_a_certificate(
    our_keys: KeyPair, tmp_path: Path
) -> None:
    server_tls = _server_tls(our_keys, tmp_path)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(tmp_path / "tls.pem")
    shown = mutual_tls(tmp_path / "tls.pem", tmp_path / "tls.pem", tmp_path / "tls.key")
    shown.check_hostname = False
    peer = Peer(answering("200 OK", lambda _: b"taken"))
    async with peer.listening(server_tls) as port:
        transport = Transport(TransportConfig(f"https://127.0.0.1:{port}"), shown)
        await transport.open()
        told = await transport.post("/", b"<a/>", {})
        await transport.close()
    assert told == Answered(200, b"taken")


def _server_tls(keys: KeyPair, directory: Path) -> ssl.SSLContext:
    (directory / "tls.pem").write_bytes(keys.certificate_pem)
    (directory / "tls.key").write_bytes(keys.private_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "tls.pem", directory / "tls.key")
    return context
