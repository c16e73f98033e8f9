from __future__ import annotations

import asyncio
import gzip
import json
import logging
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request

from sikka.api.app import build_app
from sikka.api.door import address_of, new_request_id
from sikka.api.limits import TokenBuckets
from sikka.api.parts import ApiLimits
from sikka.api.serve import listening
from sikka.domain.errors import CommitUnknown, Unavailable
from sikka.domain.merchant import Scope
from sikka.domain.payment import Payment
from sikka_core import is_id
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed


class Observed(list[tuple[str, dict[str, Any]]]):
    """Observations, and an event for the first of them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = asyncio.Event()

    def append(self, entry: tuple[str, dict[str, Any]], /) -> None:
        super().append(entry)
        self.seen.set()


async def error_of(response: Any) -> dict[str, Any]:
    body = await response.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert error["request_id"] == response.headers["Request-Id"]
    return error


async def test_every_answer_names_its_request(client: Client, world: World) -> None:
    headers = world.headers()
    for method, path in (("GET", "/healthz"), ("GET", "/v1/payments"), ("GET", "/nowhere")):
        response = await client.request(method, path, headers=headers)
        assert is_id(response.headers["Request-Id"], "req")


def test_request_ids_are_unique() -> None:
    assert len({new_request_id() for _ in range(1_000)}) == 1_000


async def test_no_answer_says_what_the_server_is_made_of(client: Client) -> None:
    for path in ("/healthz", "/nowhere"):
        assert (await client.get(path)).headers["Server"] == "sikka"


async def test_a_route_that_is_not_there_is_said_in_the_shape_of_errors(client: Client) -> None:
    response = await client.get("/v2/payments")
    assert response.status == 404
    assert (await error_of(response))["code"] == "route_missing"


async def test_a_method_that_a_route_does_not_take_names_those_it_takes(client: Client) -> None:
    response = await client.put("/v1/payments")
    assert response.status == 405
    assert response.headers["Allow"] == "GET,POST"
    assert (await error_of(response))["code"] == "method_not_allowed"
    response = await client.get("/v1/payments/batch")
    assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_no_key_is_401_with_the_scheme(client: Client) -> None:
    response = await client.get("/v1/payments")
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="sikka"'
    assert (await error_of(response))["type"] == "authentication_error"


async def test_a_scope_that_is_missing_is_403_and_nothing_happens(
    client: Client, world: World
) -> None:
    headers = keyed(world.headers(Scope.READ))
    response = await client.post("/v1/payments", json=collect(), headers=headers)
    assert response.status == 403
    assert (await error_of(response))["code"] == "scope_missing"
    assert world.memory.changes == []


async def test_too_many_requests_are_429_with_the_time_to_wait(world: World) -> None:
    world.rate_limiter = TokenBuckets(0.01, 2)
    merchant = world.new_merchant()
    headers = world.headers(merchant=merchant)
    other_mode = world.headers(merchant=merchant, livemode=True)
    async with world.client() as client:
        statuses = [(await client.get("/v1/payments", headers=headers)).status for _ in range(2)]
        response = await client.get("/v1/payments", headers=headers)
        error = await error_of(response)
        assert (await client.get("/v1/payments", headers=other_mode)).status == 200
    assert statuses == [200, 200]
    assert response.status == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 100
    assert error["type"] == "rate_limit_error"


async def test_the_version_is_the_merchants_unless_the_header_names_one(
    client: Client, world: World
) -> None:
    headers = world.headers()
    response = await client.get("/v1/payments", headers=headers)
    assert response.headers["Sikka-Version"] == "2026-11-01"
    response = await client.get("/v1/payments", headers={**headers, "Sikka-Version": "2020-01-01"})
    assert response.status == 400
    assert (await error_of(response))["code"] == "version_unsupported"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_invalid"),
        ("x" * 256, "idempotency_key_invalid"),
        ("schlüssel", "idempotency_key_invalid"),
        ("a\tb", "idempotency_key_invalid"),
    ],
)
async def test_a_post_needs_a_good_idempotency_key(
    client: Client, world: World, key: str | None, code: str
) -> None:
    headers = world.headers()
    if key is not None:
        headers["Idempotency-Key"] = key
    response = await client.post("/v1/payments", json=collect(), headers=headers)
    assert response.status == 400
    error = await error_of(response)
    assert (error["code"], error["param"]) == (code, "Idempotency-Key")
    assert world.memory.changes == []


@pytest.mark.parametrize("key", ["x", "x" * 255, " ~", "order 1042 / 7"])
async def test_a_good_idempotency_key_is_taken(client: Client, world: World, key: str) -> None:
    response = await client.post(
        "/v1/payments", json=collect(), headers=keyed(world.headers(), key)
    )
    assert response.status == 201


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON;charset=UTF8", 201),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_must_be_json(
    client: Client, world: World, content_type: str, status: int
) -> None:
    response = await client.post(
        "/v1/payments",
        data=json.dumps(collect()).encode(),
        headers={**keyed(world.headers()), "Content-Type": content_type},
    )
    assert response.status == status


async def test_a_body_that_is_needed_must_be_there(client: Client, world: World) -> None:
    response = await client.post("/v1/payments", headers=keyed(world.headers()))
    assert response.status == 400
    assert (await error_of(response))["code"] == "body_invalid"


async def test_a_body_is_bounded_however_it_is_sent(client: Client, world: World) -> None:
    limit = 64 * 1024
    body = json.dumps(collect(description="x" * limit)).encode()

    async def chunks() -> Any:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    sendings: list[tuple[Any, dict[str, str]]] = [
        (body, {}),
        (chunks(), {}),
        (gzip.compress(body), {"Content-Encoding": "gzip"}),
    ]
    for data, extra in sendings:
        response = await client.post(
            "/v1/payments",
            data=data,
            headers={**keyed(world.headers()), "Content-Type": "application/json", **extra},
        )
        assert response.status == 413
        assert (await error_of(response))["code"] == "body_too_large"
    assert world.memory.changes == []


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_body_that_is_not_in_its_coding_is_refused(
    world: World, coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        listening(build_app(world.parts()), "127.0.0.1", 0) as (host, port),
        ClientSession() as session,
    ):
        response = await session.post(
            f"http://{host}:{port}/v1/payments",
            data=b"\xffno such thing",
            headers={
                **keyed(world.headers()),
                "Content-Type": "application/json",
                "Content-Encoding": coding,
            },
        )
        assert response.status == 400
        assert (await error_of(response))["code"] == "body_invalid"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_body_that_breaks_off_has_no_effect_and_is_no_bug(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    headers = keyed(world.headers())
    lines = ["POST /v1/payments HTTP/1.1", "Host: a", "Content-Length: 500"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: application/json", "", json.dumps(collect())[:40]]
    world.observed = observed = Observed()
    async with listening(build_app(world.parts()), "127.0.0.1", 0) as (host, port):
        _, writer = await asyncio.open_connection(host, port)
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        writer.close()
        await asyncio.wait_for(observed.seen.wait(), 10)
    assert world.memory.changes == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_batch_may_be_larger(client: Client, world: World) -> None:
    items = [
        {"idempotency_key": f"k{n}", "payment": collect(description="x" * 250)} for n in range(300)
    ]
    body = json.dumps({"payments": items})
    assert len(body) > 64 * 1024
    response = await client.post(
        "/v1/payments/batch",
        data=body,
        headers={**keyed(world.headers()), "Content-Type": "application/json"},
    )
    assert response.status == 200


async def test_a_large_answer_is_compressed_for_who_takes_it(client: Client, world: World) -> None:
    plain = {"Accept-Encoding": "identity"}
    packed = {"Accept-Encoding": "gzip"}
    body = await (await client.get("/openapi.json", headers=plain)).read()
    response = await client.get("/openapi.json", headers=packed)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert await response.read() == body
    assert "Content-Encoding" not in (await client.get("/healthz", headers=packed)).headers


@pytest.mark.parametrize("failure", [Unavailable(), CommitUnknown()])
async def test_a_database_that_is_away_is_503_and_says_when_to_come_back(
    client: Client, world: World, failure: Exception
) -> None:
    world.memory.failure = failure
    response = await client.post("/v1/payments", json=collect(), headers=keyed(world.headers()))
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert (await error_of(response))["type"] == "api_error"


async def test_what_nobody_foresaw_is_500_logged_under_the_id_and_tells_nothing(
    client: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.memory.failure = RuntimeError("mysql://root:secret@db/sikka")
    with caplog.at_level(logging.ERROR, "sikka.api"):
        response = await client.post("/v1/payments", json=collect(), headers=keyed(world.headers()))
    assert response.status == 500
    text = await response.text()
    assert "secret" not in text
    assert (await error_of(response))["code"] == "internal_error"
    assert response.headers["Request-Id"] in caplog.text


async def test_a_host_that_is_not_ours_is_refused(world: World) -> None:
    world.limits = ApiLimits(allowed_hosts=frozenset({"api.shop.example"}))
    headers = world.headers()
    async with world.client() as client:
        for host, status in (
            ("api.shop.example", 200),
            ("api.shop.example:8080", 200),
            ("evil.example", 400),
        ):
            response = await client.get("/v1/payments", headers={**headers, "Host": host})
            assert response.status == status
        assert (await client.get("/healthz")).status == 200


async def test_every_request_is_observed_once(client: Client, world: World) -> None:
    await client.get("/v1/payments/pay_1", headers=world.headers())
    await client.get("/nowhere")
    seen = [facts for what, facts in world.observed if what == "api.request"]
    assert [(each["route"], each["method"], each["status"]) for each in seen] == [
        ("/v1/payments/{id}", "GET", 404),
        ("", "GET", 404),
    ]
    assert all(each["duration_s"] > 0 for each in seen)


async def test_a_client_that_goes_away_does_not_stop_its_payment(world: World) -> None:
    reached, go_on, written = asyncio.Event(), asyncio.Event(), asyncio.Event()
    commit = world.memory.commit

    async def slow(change: Any) -> None:
        reached.set()
        await go_on.wait()
        await commit(change)
        written.set()

    world.memory.commit = slow  # type: ignore[method-assign]
    async with world.client() as client:
        request = asyncio.create_task(
            client.post("/v1/payments", json=collect(), headers=keyed(world.headers()))
        )
        await asyncio.wait_for(reached.wait(), 10)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        go_on.set()
        await asyncio.wait_for(written.wait(), 10)
    assert len(world.memory.all(Payment)) == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    proxies: int, forwarded: str, address: str
) -> None:
    request: web.Request = make_mocked_request(
        "GET", "/", headers={"X-Forwarded-For": forwarded}
    ).clone(remote="127.0.0.1")
    assert address_of(request, proxies) == address


def test_a_revoked_key_can_never_be_believed_for_long() -> None:
    with pytest.raises(ValueError, match="key_cache_s must be within 0 to 5"):
        ApiLimits(key_cache_s=5.1)
