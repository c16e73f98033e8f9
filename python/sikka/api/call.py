"""A request on its way through the API, and the reply to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import web
from msgspec import Struct

from sikka.api.authentication import Principal
from sikka.api.decoding import decode_query
from sikka.api.parts import ApiParts
from sikka.domain.errors import NotFound, PermissionDenied
from sikka.domain.merchant import Scope
from sikka.domain.records import Actor
from sikka.flows.parts import Answer, Caller, IdempotencyClaim
from sikka_core import is_id

JSON = "application/json"
USER_AGENT_MAXIMUM = 255

Query = TypeVar("Query", bound=Struct)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def reply_of(answer: Answer) -> Reply:
    """The answer of a flow, marked when it is a replay."""
    if answer.replayed:
        return Reply(answer.status, answer.body, JSON, {"Idempotent-Replayed": "true"})
    return Reply(answer.status, answer.body)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that needs no key."""

    request: web.Request
    parts: ApiParts
    request_id: str
    body: bytes
    address: str | None

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def id(self, prefix: str) -> str:
        """The object's id in the path.

        Raises:
            NotFound: it is not an id of that kind, so there can be no such object.
        """
        text = self.path("id")
        if not is_id(text, prefix):
            raise NotFound
        return text

    def query(self, type_: type[Query]) -> Query:
        """The query string as a Struct.

        Raises:
            InvalidRequest: a parameter is unknown, twice there, or breaks its rule.
        """
        return decode_query(self.request.query, type_)


@dataclass(frozen=True, slots=True)
class Call(Visit):
    """A request under an API key. `idempotency_key` is checked and there where it must be."""

    principal: Principal
    version: str
    idempotency_key: str | None

    @property
    def livemode(self) -> bool:
        """The mode of the key."""
        return self.principal.key.livemode

    def merchant_id(self, named: str | None = None) -> str:
        """The merchant whose objects are meant: the key's, or the one an admin key names.

        Raises:
            PermissionDenied: another merchant is named without the scope `admin`.
        """
        own = self.principal.key.merchant_id
        if named is None or named == own:
            return own
        if not self.principal.key.allows(Scope.ADMIN):
            raise PermissionDenied(
                message="only a key with the scope admin may name another merchant",
                param="merchant_id",
            )
        return named

    def owned(self, merchant_id: str, *, livemode: bool, named: str | None = None) -> None:
        """Make sure that an object is of the merchant and mode that are meant.

        Raises:
            NotFound: it is not; the caller learns nothing of it.
            PermissionDenied: as `merchant_id`.
        """
        if merchant_id != self.merchant_id(named) or livemode != self.livemode:
            raise NotFound

    def caller(self, idempotency_key: str | None = None, body: bytes | None = None) -> Caller:
        """On whose behalf a flow runs.

        Args:
            idempotency_key, body: of one part of a batch; the request's own if None. A request
                that needs no key and has none is a request of its own.
        """
        request = self.request
        key = idempotency_key or self.idempotency_key or f"request:{self.request_id}"
        agent = request.headers.get("User-Agent")
        return Caller(
            merchant_id=self.principal.key.merchant_id,
            livemode=self.principal.key.livemode,
            actor=Actor(
                self.principal.key.id,
                self.address,
                agent[:USER_AGENT_MAXIMUM] if agent else None,
            ),
            claim=IdempotencyClaim(
                key=key,
                route=f"{request.method} {request.path}",
                request_hash=hashlib.sha256(self.body if body is None else body).hexdigest(),
            ),
            request_id=self.request_id,
        )
