"""Posts a delivery and says in one short word what went wrong, if anything did."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import aiohttp
from aiohttp.abc import AbstractResolver

from sikka.domain.errors import InvalidRequest
from sikka.webhooks.addresses import AddressRules, ForbiddenAddressError
from sikka.webhooks.resolver import CheckedResolver

_HEADERS = {"User-Agent": "Sikka-Webhooks/1.0", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a post: a status code, or the reason why there is none."""

    status_code: int | None
    error: str | None


class Poster(Protocol):
    """Posts to merchants."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post once. Never raises for what the network or the merchant does."""
        ...


class WebhookClient:
    """Posts over HTTP/1.1: no redirects, no cookies, no proxies, only to allowed addresses.

    The answer's body is never read: the status line says it all, and a merchant that drips its
    body holds nothing up. A connection whose answer is not complete by then is closed.

    Args:
        rules: which URLs and addresses are allowed; asked again at every post.
        timeout_s: from the first byte of name resolution to the last header of the answer.
        resolver: who resolves names; the operating system unless given.
    """

    def __init__(
        self,
        rules: AddressRules,
        timeout_s: float = 15.0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # How much is on its way is bounded by the deliverer; waiting here would count as slowness
        # of the merchant.
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._rules, self._resolver), limit=0
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers=_HEADERS,
            skip_auto_headers=("Accept-Encoding",),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if self._session is None:
            raise RuntimeError("the client is used outside its `async with`")
        try:
            target = self._rules.check_url(url)
        except InvalidRequest:
            return Reply(None, "address_forbidden")
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._session.post(
                    target, data=body, headers=headers, allow_redirects=False
                )
        except (aiohttp.ClientError, OSError) as error:
            return Reply(None, reason_of(error))
        response.release()
        return Reply(response.status, None)


def reason_of(error: Exception) -> str:
    """One word for a post that got no answer."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ForbiddenAddressError):
            return "address_forbidden"
        cause = cause.__cause__
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        return "tls"
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return "connection"
    return "protocol"
