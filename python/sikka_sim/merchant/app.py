"""The merchant's endpoint ``POST /webhooks`` and its control interface.

``GET /sim/received``, ``POST /sim/secrets {"secrets": ["whsec_…"]}``,
``POST /sim/behaviour {"mode", "times"?, "status"?, "delay_s"?}``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from sikka_sim.rail.control import bad_request, json_body

BODY_BYTES_MAX = 1024 * 1024
_DRIP_BYTES = b"x" * 20
_TAKEN = 2
_MODES = ("accept", "down", "error", "gone", "slow", "drip")

Mode = Literal["accept", "down", "error", "gone", "slow", "drip"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the endpoint answers.

    Attributes:
        mode: ``accept`` (200), ``down`` (closes the connection), ``error`` (``status``), ``gone``
            (410), ``slow`` (200 after ``delay_s``), ``drip`` (200, byte by byte, over ``delay_s``).
        times: for so many deliveries; None until changed. Then it accepts again.
        status: the HTTP status of ``error``.
        delay_s: real seconds of ``slow`` and ``drip``.
    """

    mode: Mode = "accept"
    times: int | None = None
    status: int = 500
    delay_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery.

    Attributes:
        id: the ``webhook-id`` header.
        timestamp: the ``webhook-timestamp`` header.
        verified: whether the signature was right under one of the secrets.
        status: what was answered; 0 for a closed connection.
        payload: the body as JSON, None when it is none.
    """

    id: str
    timestamp: str
    verified: bool
    status: int
    payload: dict[str, object] | None

    def as_json(self) -> dict[str, object]:
        """The delivery as the control interface shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Merchant:
    """The merchant.

    Attributes:
        received: every delivery, in the order in which it came.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._secrets: tuple[str, ...] = ()
        self._behaviour = Behaviour()
        self._changed = asyncio.Condition()

    def set_secrets(self, *secrets: str) -> None:
        """The endpoint's secrets (``whsec_…``); while there is none every delivery is refused."""
        self._secrets = secrets

    def behave(self, behaviour: Behaviour) -> None:
        """Answer from now on like this."""
        self._behaviour = behaviour

    def accepted(self) -> list[Received]:
        """The verified deliveries that were answered 2xx, in order."""
        return [r for r in self.received if r.verified and r.status // 100 == _TAKEN]

    async def until(self, predicate: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until the predicate holds; it is asked after every delivery.

        Raises:
            TimeoutError: it does not within ``timeout_s`` real seconds.
        """
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(predicate)

    def application(self) -> web.Application:
        """The web application."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_post("/webhooks", self._handle)
        app.router.add_get("/sim/received", self._show)
        app.router.add_post("/sim/secrets", self._take_secrets)
        app.router.add_post("/sim/behaviour", self._take_behaviour)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        verified = self._is_genuine(body, dict(request.headers))
        behaviour = self._next_behaviour()
        if behaviour.mode == "slow":
            await asyncio.sleep(behaviour.delay_s)
        status = _status_of(behaviour) if verified or behaviour.mode == "down" else 401
        await self._keep(request, body, verified=verified, status=status)
        if behaviour.mode == "down":
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        if behaviour.mode == "drip" and verified:
            return await _drip(request, behaviour.delay_s)
        return web.Response(status=status)

    def _is_genuine(self, body: bytes, headers: dict[str, str]) -> bool:
        for secret in self._secrets:
            try:
                Webhook(secret).verify(body, headers, json_parse=False)
            except (WebhookVerificationError, ValueError):
                continue
            return True
        return False

    def _next_behaviour(self) -> Behaviour:
        behaviour = self._behaviour
        if behaviour.times is not None:
            left = behaviour.times - 1
            self._behaviour = (
                Behaviour(behaviour.mode, left, behaviour.status, behaviour.delay_s)
                if left > 0
                else Behaviour()
            )
        return behaviour

    async def _keep(
        self, request: web.Request, body: bytes, *, verified: bool, status: int
    ) -> None:
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        delivery = Received(
            id=request.headers.get("webhook-id", ""),
            timestamp=request.headers.get("webhook-timestamp", ""),
            verified=verified,
            status=status,
            payload=payload if isinstance(payload, dict) else None,
        )
        async with self._changed:
            self.received.append(delivery)
            self._changed.notify_all()

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response({"received": [r.as_json() for r in self.received]})

    async def _take_secrets(self, request: web.Request) -> web.Response:
        secrets = (await json_body(request)).get("secrets")
        if not isinstance(secrets, list) or not all(isinstance(s, str) for s in secrets):
            raise bad_request("secrets must be a list of text")
        self.set_secrets(*secrets)
        return web.json_response({"secrets": len(secrets)})

    async def _take_behaviour(self, request: web.Request) -> web.Response:
        wanted = await json_body(request)
        mode, times = wanted.pop("mode", None), wanted.pop("times", None)
        status, delay_s = wanted.pop("status", 500), wanted.pop("delay_s", 1.0)
        if mode not in _MODES or wanted:
            raise bad_request(f"mode must be one of {', '.join(_MODES)}; no other field is known")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise bad_request("times must be a number above 0")
        if not isinstance(status, int) or not isinstance(delay_s, int | float):
            raise bad_request("status and delay_s must be numbers")
        self.behave(Behaviour(cast(Mode, mode), times, status, float(delay_s)))
        return web.json_response({"mode": mode})


def _status_of(behaviour: Behaviour) -> int:
    statuses = {"down": 0, "error": behaviour.status, "gone": 410}
    return statuses.get(behaviour.mode, 200)


async def _drip(request: web.Request, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(_DRIP_BYTES))})
    await response.prepare(request)
    for byte in _DRIP_BYTES:
        await response.write(bytes([byte]))
        await asyncio.sleep(seconds / len(_DRIP_BYTES))
    return response
