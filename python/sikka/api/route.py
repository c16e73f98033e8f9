"""What a route is: the single source of the router and of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sikka.api.call import JSON, Call, Reply, Visit
from sikka.domain.merchant import Scope


@dataclass(frozen=True, slots=True)
class Success:
    """A good answer of a route.

    Args:
        status: the HTTP status.
        view: the type of the JSON body; None for other bodies.
        content_types: of the body.
    """

    status: int
    view: Any = None
    content_types: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What every route has.

    Args:
        method, path: as the router knows them; `path` may hold `{name}`.
        operation: the name of the operation, unique.
        tag: the group it is documented in.
        summary: one line.
        success: the good answers.
        errors: the statuses of the errors beside those that the kind of route always has.
        description: more than the summary, in Markdown.
    """

    method: str
    path: str
    operation: str
    tag: str
    summary: str
    success: tuple[Success, ...]
    errors: tuple[int, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRoute(Route):
    """A route under an API key.

    Args:
        scope: what the key must be allowed.
        handler: takes the call.
        query: the type of the query string.
        body: the type of the body; None when there is none.
        body_required: whether a call without a body is an error.
        idempotent: whether an Idempotency-Key is required.
        batch: whether the larger bound of bodies holds.
        example: a body for the documentation.
    """

    scope: Scope
    handler: Callable[[Call], Awaitable[Reply]]
    query: Any = None
    body: Any = None
    body_required: bool = True
    idempotent: bool = False
    batch: bool = False
    example: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoute(Route):
    """A route without a key: operations, documents, and the callbacks of the rails."""

    handler: Callable[[Visit], Awaitable[Reply]]
    takes_body: bool = False
    documented: bool = True
    body_content_type: str = JSON
    error_view: bool = field(default=True)
