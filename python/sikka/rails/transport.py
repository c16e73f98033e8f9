"""One POST to a peer, and what is certain about it afterwards.

Three things can be known of a request: it was answered, it provably never left, or neither. The
line between the last two is the moment at which a connection is in hand: before it no byte of the
request can have left; after it every failure is unknown.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import aiohttp
from yarl import URL

from sikka.rails.circuit import CircuitBreaker

ANSWER_BYTES_MAX = 64 * 1024
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """Where the peer is, and how patient to be.

    Args:
        url: scheme, host and port.
        connections_max: bound of the keep-alive pool.
        connect_timeout_s: for a place in the pool, the name, the connection and TLS.
        answer_timeout_s: for the whole exchange, the connection included.
        keepalive_s: an idle connection is not used again after this.
        breaker_failures, breaker_open_s: see `CircuitBreaker`.
    """

    url: str
    connections_max: int = 64
    connect_timeout_s: float = 2.0
    answer_timeout_s: float = 15.0
    keepalive_s: float = 15.0
    breaker_failures: int = 5
    breaker_open_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The peer answered over HTTP; whether that means anything is the caller's to say."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the request can have left."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may have arrived; no usable answer came back."""

    reason: str


Transmission = Answered | NotSent | Unknown


@dataclass(slots=True)
class _Attempt:
    """What aiohttp's tracing tells about one request: whether it was given a connection."""

    connected: bool = False


class Transport:
    """A keep-alive pool to one peer, behind a circuit breaker.

    Nothing is sent twice: redirects are not followed, and POST is no method that aiohttp repeats
    on a stale connection.

    Args:
        config: where and how long.
        tls: for mutual TLS or a private authority; None is the system's.
    """

    def __init__(self, config: TransportConfig, tls: ssl.SSLContext | None = None) -> None:
        self.breaker = CircuitBreaker(config.breaker_failures, config.breaker_open_s)
        self._config = config
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; connections follow with the first requests."""
        config = self._config
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=config.connections_max,
                keepalive_timeout=config.keepalive_s,
                ssl=True if self._tls is None else self._tls,
            ),
            timeout=aiohttp.ClientTimeout(
                total=config.answer_timeout_s,
                connect=config.connect_timeout_s,
                sock_connect=config.connect_timeout_s,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "sikka", "Accept-Encoding": "identity"},
            trace_configs=[_tracing()],
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Transmission:
        """Send one request and say what is certain.

        Args:
            path: absolute, percent-encoded.
            body: the bytes, sent as they are.
            headers: `Content-Type` and what the peer asks for.

        Raises:
            RuntimeError: before `open`.
        """
        if self._session is None:
            raise RuntimeError("open the transport first")
        ticket = self.breaker.admit()
        if ticket is None:
            return NotSent("the circuit is open")
        attempt = _Attempt()
        try:
            transmission = await self._exchange(self._session, path, body, headers, attempt)
        except BaseException:
            self.breaker.abandoned(ticket)
            raise
        if isinstance(transmission, Answered) and transmission.status < _SERVER_ERROR:
            self.breaker.succeeded(ticket)
        else:
            self.breaker.failed(ticket)
        return transmission

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        path: str,
        body: bytes,
        headers: dict[str, str],
        attempt: _Attempt,
    ) -> Transmission:
        url = URL(self._config.url.rstrip("/") + path, encoded=True)
        try:
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=attempt
            ) as response:
                return Answered(response.status, await _bounded(response))
        except (aiohttp.ClientError, TimeoutError, OSError, _TooLong) as error:
            reason = type(error).__name__.lstrip("_")
            return Unknown(reason) if attempt.connected else NotSent(reason)


class _TooLong(Exception):
    """The answer is longer than any answer."""


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise _TooLong
    return bytes(body)


def _tracing() -> aiohttp.TraceConfig:
    async def connected(
        _session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: object
    ) -> None:
        context.trace_request_ctx.connected = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(connected)
    tracing.on_connection_reuseconn.append(connected)
    return tracing


def mutual_tls(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """A TLS context that trusts one authority only and shows a certificate of ours.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: a file does not hold what it should.
    """
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    return context
