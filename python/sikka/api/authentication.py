"""Who is asking: from the Authorization header to a key and its merchant."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from sikka.api.limits import RateLimiter
from sikka.domain import api_key
from sikka.domain.errors import AuthenticationFailed, PermissionDenied
from sikka.domain.merchant import ApiKey, Merchant, Scope
from sikka.ports import PaymentStore, Reader

CACHE_MAXIMUM = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """A key that is valid, and whose it is."""

    key: ApiKey
    merchant: Merchant

    def require(self, scope: Scope) -> None:
        """Make sure that the key may act under the scope.

        Raises:
            PermissionDenied: it may not.
        """
        if not self.key.allows(scope):
            raise PermissionDenied(message=f"the API key lacks the scope {scope.value}")


class Authenticator:
    """Finds the principal of a secret, and believes it for a few seconds.

    Args:
        reader, store: where keys and merchants are.
        pepper: the key of the keyed hash.
        cache_s: how long a principal is believed; bounds how long a revoked key works.
        address_limiter: spends one a look-up and client address, so that guessing is slow.
        clock_s: a monotonic clock, seconds.
    """

    def __init__(
        self,
        reader: Reader,
        store: PaymentStore,
        pepper: bytes,
        cache_s: float,
        address_limiter: RateLimiter,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._store = store
        self._pepper = pepper
        self._cache_s = cache_s
        self._address_limiter = address_limiter
        self._clock_s = clock_s
        self._cache: dict[str, tuple[float, Principal]] = {}
        self._asked: dict[str, asyncio.Task[Principal]] = {}

    async def principal(self, authorization: str | None, address: str | None) -> Principal:
        """The principal of an `Authorization` header that came from an address.

        Raises:
            AuthenticationFailed: no key, not one of ours, or revoked.
            PermissionDenied: the merchant is not active.
            RateLimited: too many look-ups for the address.
        """
        secret = secret_of(authorization)
        digest = api_key.secret_hash(self._pepper, secret)
        cached = self._cache.get(digest)
        if cached is not None and self._clock_s() < cached[0]:
            return cached[1]
        asked = self._asked.get(digest)
        if asked is None:
            # Requests that come together under one key share its look-up, and its cost.
            live = api_key.is_live(secret)
            known = cached is not None
            asked = asyncio.create_task(self._ask(digest, address, live=live, known=known))
            self._asked[digest] = asked
            asked.add_done_callback(lambda task: self._answered(digest, task))
        return await asyncio.shield(asked)

    async def _ask(self, digest: str, address: str | None, *, live: bool, known: bool) -> Principal:
        now_s = self._clock_s()
        if not known:
            # Who was let in a moment ago is not guessing, and pays for no outage of the database.
            await self._address_limiter.take(address or "", 1)
        principal = await self._look_up(digest, live=live)
        if len(self._cache) >= CACHE_MAXIMUM:
            del self._cache[next(iter(self._cache))]
        # The time is of before the look-up, so that a slow answer is not believed for longer.
        self._cache[digest] = (now_s + self._cache_s, principal)
        return principal

    def _answered(self, digest: str, task: asyncio.Task[Principal]) -> None:
        del self._asked[digest]
        if not task.cancelled():
            # Whoever asked may have gone away; the error was theirs and is nobody's now.
            task.exception()

    async def _look_up(self, digest: str, *, live: bool) -> Principal:
        key = await self._reader.api_key_by_hash(digest)
        if (
            key is None
            or not hmac.compare_digest(key.secret_hash, digest)
            or key.revoked_at is not None
            or key.livemode is not live
        ):
            self._cache.pop(digest, None)
            raise AuthenticationFailed
        merchant = await self._store.merchant(key.merchant_id)
        if merchant is None or not merchant.active:
            self._cache.pop(digest, None)
            raise PermissionDenied(message="the merchant of this API key is not active")
        return Principal(key, merchant)


def secret_of(authorization: str | None) -> str:
    """The secret in an `Authorization` header: Bearer, or Basic with the key as the user.

    Raises:
        AuthenticationFailed: there is none, or it has not the form of one.
    """
    if not authorization:
        raise AuthenticationFailed("api_key_missing")
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    match scheme.lower():
        case "bearer":
            secret = credentials
        case "basic":
            secret = _user_of(credentials)
        case _:
            raise AuthenticationFailed(
                "api_key_missing", "Authorization must be Bearer or Basic with an API key"
            )
    if not api_key.has_form(secret):
        raise AuthenticationFailed
    return secret


def _user_of(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode("ascii").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        raise AuthenticationFailed from None
