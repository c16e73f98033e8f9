"""The way in and out of every request: who, how often, which version, what; then the handler.

One middleware of aiohttp calls small functions, because each layer of its own costs every request.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict

from sikka.api import faults, idempotency, versions
from sikka.api.authentication import Authenticator
from sikka.api.body import read_body
from sikka.api.call import Call, Reply, Visit
from sikka.api.compression import compressed
from sikka.api.parts import ApiParts
from sikka.api.route import KeyedRoute, OpenRoute, Route
from sikka.domain.errors import InvalidRequest, SikkaError
from sikka_core import new_id

_REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
_ROUTE: web.RequestKey[str] = web.RequestKey("route", str)


class Door:
    """Lets requests in and replies out."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._observe = parts.flows.observe
        self._authenticator = Authenticator(
            parts.reader,
            parts.flows.store,
            parts.key_pepper,
            parts.limits.key_cache_s,
            parts.address_limiter,
        )

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """What aiohttp calls for a route."""
        if isinstance(route, KeyedRoute):
            keyed = route

            async def handle_keyed(request: web.Request) -> web.StreamResponse:
                request[_ROUTE] = keyed.path
                call = await self._admit(request, keyed)
                return await _response(request, await keyed.handler(call), call.version)

            return handle_keyed
        if not isinstance(route, OpenRoute):
            raise TypeError(f"{route.operation} is neither keyed nor open")
        opened = route

        async def handle_open(request: web.Request) -> web.StreamResponse:
            request[_ROUTE] = opened.path
            visit = await self._visit(request, opened)
            return await _response(request, await opened.handler(visit))

        return handle_open

    def middleware(self) -> Middleware:
        """The one layer around every handler: the request's id, errors, the observation."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            started_s = time.perf_counter()
            request_id = new_request_id()
            request[_REQUEST_ID] = request_id
            try:
                response = await handler(request)
            except SikkaError as error:
                response = await _response(request, faults.reply_to_error(error, request_id))
            except web.HTTPException as error:
                response = await _response(request, faults.reply_to_framework(error, request_id))
            except Exception as error:  # noqa: BLE001 - the last line of defence, logged with id
                response = await _response(request, faults.reply_to_bug(error, request_id))
            response.headers["Request-Id"] = request_id
            self._observe(
                "api.request",
                method=request.method,
                route=request.get(_ROUTE, ""),
                status=response.status,
                duration_s=time.perf_counter() - started_s,
                request_id=request_id,
            )
            return response

        return around

    async def _admit(self, request: web.Request, route: KeyedRoute) -> Call:
        parts = self._parts
        headers = request.headers
        self._check_host(request)
        address = address_of(request, parts.limits.trusted_proxies)
        principal = await self._authenticator.principal(headers.get("Authorization"), address)
        key = principal.key
        mode = "live" if key.livemode else "test"
        await parts.rate_limiter.take(f"{key.merchant_id}/{mode}", 1)
        version = versions.version_of(headers.get(versions.HEADER), principal.merchant.api_version)
        principal.require(route.scope)
        idempotency_key = idempotency.key_of(
            headers.get(idempotency.HEADER), required=route.idempotent
        )
        limit = parts.limits.batch_body_bytes if route.batch else parts.limits.body_bytes
        body = await read_body(request, limit, json=True)
        if not body and route.body is not None and route.body_required:
            raise InvalidRequest("body_invalid", "this call needs a JSON body")
        return Call(
            request,
            parts,
            request[_REQUEST_ID],
            body,
            address,
            principal,
            version,
            idempotency_key,
        )

    async def _visit(self, request: web.Request, route: OpenRoute) -> Visit:
        limits = self._parts.limits
        body = await read_body(request, limits.body_bytes, json=False) if route.takes_body else b""
        address = address_of(request, limits.trusted_proxies)
        return Visit(request, self._parts, request[_REQUEST_ID], body, address)

    def _check_host(self, request: web.Request) -> None:
        allowed = self._parts.limits.allowed_hosts
        if (
            allowed
            and request.host.rpartition(":")[0] not in allowed
            and (request.host not in allowed)
        ):
            raise InvalidRequest(message="this host is not served here", param="Host")


def new_request_id() -> str:
    """A new id for a request; its bucket is random, for nothing is stored under it."""
    return new_id("req", random.getrandbits(12), time.time_ns() // 1_000_000)


def address_of(request: web.Request, trusted_proxies: int) -> str | None:
    """The client's address: the peer's, or what the outermost trusted proxy saw.

    What stands further left in `X-Forwarded-For` was written by the client and is not believed.
    """
    if trusted_proxies == 0:
        return request.remote
    seen = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each]
    return seen[-trusted_proxies] if len(seen) >= trusted_proxies else request.remote


async def _response(
    request: web.Request, reply: Reply, version: str | None = None
) -> web.StreamResponse:
    headers: CIMultiDict[str] = CIMultiDict(reply.headers)
    headers["Content-Type"] = reply.content_type
    headers["Server"] = "sikka"
    if version is not None:
        headers[versions.HEADER] = version
    body, coding = await compressed(reply.body, request.headers.get("Accept-Encoding", ""))
    if coding is not None:
        headers["Content-Encoding"] = coding
        headers["Vary"] = "Accept-Encoding"
    return web.Response(body=body, status=reply.status, headers=headers)
