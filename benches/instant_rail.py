"""A switch for load: acknowledges at once and, if asked, answers collects with signed successes.

It does not parse, check or remember. The faithful rail is `sikka_sim`; here the rail must not be
what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from sikka_core import SigningKey, new_message_id, sign_message

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_API = re.compile(rb"POST [^ ]*/upi/([A-Za-z]+)/")
_MESSAGE = re.compile(rb'msgId="([^"]+)"')
_TRANSACTION = re.compile(rb'<Txn [^>]*?\bid="([^"]+)"')
_AMOUNT = re.compile(rb'<Amount [^>]*?value="([^"]+)"')
_ADDRESS = re.compile(rb'<(Payer|Payee) [^>]*?addr="([^"]+)"')
_REFERENCE = re.compile(rb'custRef="([^"]+)"')

RESPONSE_REF = {
    "seqNum": "1",
    "settCurrency": "INR",
    "approvalNum": "123456",
    "respCode": "00",
    "regName": "Asha",
    "acNum": "XXXXXX1234",
    "IFSC": "SIMB0000001",
    "code": "0000",
    "accType": "SAVINGS",
}


class Callbacks:
    """Sends answers to the gateway over a few connections that stay open."""

    def __init__(self, key: SigningKey, host: str, port: int, connections: int) -> None:
        self._key = key
        self._host, self._port = host, port
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._send()) for _ in range(connections)]

    def answer(self, request: bytes) -> None:
        """Queue the success of a collect."""
        self._waiting.put_nowait(request)

    async def _send(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        while True:
            transaction_id, body = self._success(await self._waiting.get())
            head = (
                f"POST /upi/RespPay/2.0/urn:txnid:{transaction_id} HTTP/1.1\r\n"
                f"Host: {self._host}:{self._port}\r\nContent-Type: application/xml\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(answer)
            if length:
                await reader.readexactly(int(length[1]))

    def _success(self, request: bytes) -> tuple[str, bytes]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        transaction_id = _found(_TRANSACTION, request)
        amount = _found(_AMOUNT, request)
        parties = {kind.decode(): address.decode() for kind, address in _ADDRESS.findall(request)}
        refs = [
            (
                "Ref",
                {
                    **RESPONSE_REF,
                    "type": kind.upper(),
                    "addr": parties[kind],
                    "settAmount": amount,
                    "orgAmount": amount,
                },
                (),
            )
            for kind in ("Payer", "Payee")
        ]
        reference = _found(_REFERENCE, request)
        transaction = {
            "id": transaction_id,
            "note": "Order",
            "ts": now,
            "type": "COLLECT",
            "custRef": reference,
        }
        result = {"reqMsgId": _found(_MESSAGE, request), "result": "SUCCESS", "errCode": ""}
        head = {"ver": "2.0", "ts": now, "orgId": "NPCI", "msgId": new_message_id("NPC")}
        body = sign_message(
            self._key,
            "RespPay",
            [("Head", head, ()), ("Txn", transaction, ()), ("Resp", result, refs)],
        )
        return transaction_id, body


def _found(pattern: re.Pattern[bytes], request: bytes) -> str:
    match = pattern.search(request)
    return match[1].decode() if match else ""


class Rail(asyncio.Protocol):
    """One connection of the gateway; requests come one after the other."""

    def __init__(self, callbacks: Callbacks | None) -> None:
        self._callbacks = callbacks
        self._buffer = b""
        self._requests: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, end)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < size:
                return
            request, self._buffer = self._buffer[:size], self._buffer[size:]
            self._acknowledge(request)

    def _acknowledge(self, request: bytes) -> None:
        api = _found(_API, request)
        body = (
            f'<upi:Ack xmlns:upi="http://npci.org/upi/schema/" api="{api}" '
            f'reqMsgId="{_found(_MESSAGE, request)}" ts="2026-11-23T10:00:00+05:30"/>'
        ).encode()
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)  # type: ignore[attr-defined]
        if self._callbacks is not None and api == "ReqPay":
            self._callbacks.answer(request)


async def serve(port_file: Path, key: SigningKey, gateway_port: int | None) -> None:
    """Listen on a free port, write it to `port_file`, and answer until the process ends.

    With `gateway_port`, call the gateway back there from the first request on.
    """
    loop = asyncio.get_running_loop()
    callbacks: list[Callbacks] = []

    def connection() -> Rail:
        if gateway_port is not None and not callbacks:
            callbacks.append(Callbacks(key, "127.0.0.1", gateway_port, 16))
        return Rail(callbacks[0] if callbacks else None)

    server = await loop.create_server(connection, "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(port_file.write_text, port)
    await server.serve_forever()


def main() -> None:
    """Run the rail as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True, help="PEM the answers are signed with")
    parser.add_argument("--gateway-port", type=int, help="call the gateway back at this port")
    options = parser.parse_args()
    key = SigningKey.from_pem(options.key.read_bytes())
    uvloop.run(serve(options.port_file, key, options.gateway_port))


if __name__ == "__main__":
    main()
