"""Bodies that are too large, too deep, cut short, packed or mislabelled are refused whole."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import orders
from tests.e2e.client import Client
from tests.e2e.configuration import Place
from tests.e2e.conftest import place_of
from tests.e2e.house import House

LIMIT = 64 * 1024
JSON = {"Content-Type": "application/json", "Idempotency-Key": "key-1"}


def order(description: str = "x") -> bytes:
    return json.dumps(orders.collect("asha@simbank", description=description)).encode()


BODIES = {
    "one byte too many": (b" " * (LIMIT + 1 - len(order())) + order(), {}, 413),
    "a megabyte": (b"[" * (1024 * 1024), {}, 413),
    "deep lists": (b"[" * 30_000 + b"]" * 30_000, {}, 400),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, {}, 400),
    "deep metadata": (
        order()[:-1] + b', "device": ' + b'{"ip":' * 9_000 + b"1" + b"}" * 9_001, {}, 400,
    ),
    "a number without end": (b'{"amount": ' + b"9" * 60_000 + b"}", {}, 400),
    "not UTF-8": (order("Order").replace(b"Order", b"\xff\xfe"), {}, 400),
    "cut short": (order()[:-1], {}, 400),
    "twice": (order() + order(), {}, 400),
    "nothing": (b"", {}, 400),
    "null": (b"null", {}, 400),
    "a packed bomb": (
        gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}, 413,
    ),
    "a deflated bomb": (
        zlib.compress(b" " * 50_000_000), {"Content-Encoding": "deflate"}, 413,
    ),
    "packed badly": (b"\x1f\x8b" + b"x" * 20, {"Content-Encoding": "gzip"}, 400),
    "a form": (b"amount=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "XML": (b"<x/>", {"Content-Type": "application/xml"}, 415),
    "no type": (order(), {"Content-Type": ""}, 415),
}  # fmt: skip


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """SQLite alone: what is refused here never comes to a database."""
    with place_of("sqlite", tmp_path, request) as place:
        yield place


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body_is_refused_and_changes_nothing(house: House, name: str) -> None:
    body, headers, status = BODIES[name]
    reply = await house.client.send("POST", "/v1/payments", body, {**JSON, **headers})
    assert reply.status == status, (reply.status, reply.body[:300])
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert await house.archive.count("payments") == 0
    # The key was not used up: a good request under it is a payment.
    good = await house.client.send("POST", "/v1/payments", order(), JSON)
    assert good.status == 201


async def test_a_body_of_exactly_the_limit_is_taken(house: House) -> None:
    body = b" " * (LIMIT - len(order())) + order()
    assert (await house.client.send("POST", "/v1/payments", body, JSON)).status == 201


async def test_a_client_that_sends_slowly_and_leaves_changes_nothing(house: House) -> None:
    host, port = house.gateway.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/payments HTTP/1.1\r\nHost: {host}\r\nContent-Length: 500\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: key-2\r\n"
        f"Authorization: Bearer {house.tenant.secret}\r\n\r\n"
    )
    writer.write(head.encode() + order()[:100])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await house.client.send("GET", "/healthz")).status == 200
    assert await house.archive.count("payments") == 0


@pytest.mark.parametrize(
    "request_head",
    [
        "GET /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6",
        "GET /v1/payments HTTP/1.1\r\nHost: x\r\nX: " + "a" * 70_000,
        "GET /v1/payments HTTP/9.9\r\nHost: x",
    ],
    ids=["two lengths", "two content lengths", "a long header", "another HTTP"],
)
async def test_a_request_that_can_be_read_in_two_ways_is_not_read(
    house: House, request_head: str
) -> None:
    host, port = house.gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{request_head}\r\n\r\n0\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.readline(), 10.0)
    assert answer.split()[1] == b"400"
    writer.close()
    await writer.wait_closed()


async def test_every_refusal_has_the_shape_of_the_catalogue(house: House) -> None:
    async with Client(house.gateway.url, house.tenant.secret) as client:
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("PUT", "/v1/payments", 405),
            ("GET", "/v1/payments/pay_x", 404),
            ("GET", "/v1/payments?limit=0", 400),
        ):
            reply = await client.send(method, path)
            assert reply.status == status
            error = reply.json["error"]
            assert set(error) == {
                "type", "code", "message", "param", "decline_code", "payment_id", "source",
                "step", "reason", "doc_url", "request_id",
            }  # fmt: skip
            assert error["request_id"] == reply.headers["Request-Id"]
            assert error["doc_url"].startswith("/docs#")
