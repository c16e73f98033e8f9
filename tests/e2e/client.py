"""A merchant's HTTP client: one API key, one gateway."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.body)
        return shown

    @property
    def payment_id(self) -> str:
        """The payment's id, of a payment or of an error about one."""
        shown = self.json
        return str(shown["id"] if "id" in shown else shown["error"]["payment_id"])


class Client:
    """Sends requests under one key. Use it as `async with Client(url, secret)`.

    Args:
        url: the gateway's base URL; may be changed, as after a restart on another port.
        secret: the API key's secret.
    """

    _numbers = itertools.count(1)

    def __init__(self, url: str, secret: str | None = None) -> None:
        self.url = url
        self.secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Each request has a connection of its own: with several processes on one port, any of
        # them may get it.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=30.0),
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request as it is. Raises aiohttp.ClientError when there is no answer."""
        if self._session is None:
            raise RuntimeError("use the client as a context manager")
        given = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        async with self._session.request(
            method, self.url + path, data=body, headers={**given, **(headers or {})}
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, path: str) -> dict[str, Any]:
        """The JSON of an answer that must be 200."""
        reply = await self.send("GET", path)
        assert reply.status == 200, (path, reply.status, reply.body)
        return reply.json

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Reply:
        """POST a JSON body under an idempotency key; a new key when none is given."""
        headers = {
            "Idempotency-Key": key or f"key-{next(self._numbers)}",
            "Content-Type": "application/json",
        }
        sent = None if body is None else json.dumps(body).encode()
        return await self.send("POST", path, sent, headers)

    async def all(self, path: str) -> list[dict[str, Any]]:
        """Every object of a list, oldest first."""
        found: list[dict[str, Any]] = []
        mark = "&" if "?" in path else "?"
        after = ""
        while True:
            page = await self.get(f"{path}{mark}limit=100{after}")
            found.extend(page["data"])
            if not page["has_more"]:
                return found[::-1]
            after = f"&starting_after={found[-1]['id']}"
