"""What the OpenAPI document says about answers: statuses, headers, bodies, and where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from sikka.api.call import JSON
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.views import ErrorView

Json = dict[str, Any]

# Which id stands in a path, by the words before it.
_IDS = {
    "payments": "pay",
    "refunds": "rfd",
    "events": "evt",
    "webhook_endpoints": "whe",
    "assessments": "pay",
    "reviews": "pay",
    "merchants": "mer",
    "api_keys": "key",
    "rules": "rul",
    "lists": "lst",
}

# Which id an answer of a type holds.
_ID_OF_VIEW = {
    "PaymentView": "pay",
    "RefundView": "rfd",
    "EventView": "evt",
    "EndpointView": "whe",
    "MerchantView": "mer",
    "ApiKeyView": "key",
    "FraudRuleView": "rul",
    "FraudListEntryView": "lst",
}

_ERROR_WORDS = {
    400: "The request breaks a rule; nothing was changed.",
    401: "There is no API key, or not one of ours.",
    402: "The payment was declined.",
    403: "The API key may not do this.",
    404: "There is no such object for this merchant and mode.",
    409: "Something else is happening to the same object or key at this moment.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The request is well formed, but not possible in the present state.",
    424: "The network cannot be reached; nothing was sent.",
    429: "Too many requests.",
    500: "Something failed on our side; it has been reported.",
    503: "Try again after a while; nothing was done, or it is safe to repeat.",
}

_STATUS_WORDS = {200: "Done.", 201: "Created.", 503: "Not ready."}


HEADERS: Json = {
    "Request-Id": {
        "description": "Names this request; tell it to whoever helps you.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9A-HJKMNP-TV-Z]{26}$"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the stored answer to the first request.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}},
    "Sikka-Version": {"required": True, "schema": {"type": "string"}},
}


def _header_refs(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def prefix_of(path: str) -> str:
    """The prefix of the id that stands in a path."""
    return _IDS[path.split("/{", maxsplit=1)[0].rpartition("/")[2]]


class Answers:
    """The answers of the operations of a table.

    Args:
        routes: the documented ones.
        ref_of: the reference to a type's schema, by the type's `repr`.
    """

    def __init__(self, routes: Sequence[Route], ref_of: dict[str, Json]) -> None:
        self._ref_of = ref_of
        # By the prefix of an id: the operations that take such an id in their path.
        self._followers: dict[str, list[str]] = {}
        for route in routes:
            if "/{id}" in route.path:
                self._followers.setdefault(prefix_of(route.path), []).append(route.operation)

    def of(self, route: Route) -> Json:
        """The `responses` of an operation."""
        responses = {str(each.status): self._success(route, each) for each in route.success}
        for status in _error_statuses(route):
            responses[str(status)] = self._error(route, status)
        return dict(sorted(responses.items()))

    def _success(self, route: Route, success: Success) -> Json:
        headers = ["Request-Id"]
        if isinstance(route, KeyedRoute):
            headers.append("Sikka-Version")
            if route.idempotent:
                headers.append("Idempotent-Replayed")
        if success.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append("Retry-After")
        schema = {} if success.view is None else {"schema": self._ref_of[repr(success.view)]}
        response: Json = {
            "description": _STATUS_WORDS[success.status],
            "headers": _header_refs(*headers),
            "content": dict.fromkeys(success.content_types, schema),
        }
        if links := self._links(success):
            response["links"] = links
        return response

    def _error(self, route: Route, status: int) -> Json:
        headers = ["Request-Id"]
        if status in (429, 503):
            headers.append("Retry-After")
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append("WWW-Authenticate")
        if route.method == "POST" and status in (402, 422, 424):
            headers.append("Idempotent-Replayed")
        return {
            "description": _ERROR_WORDS[status],
            "headers": _header_refs(*headers),
            "content": {JSON: {"schema": self._ref_of[repr(ErrorView)]}},
        }

    def _links(self, success: Success) -> Json:
        """Where the id in an answer can be used: in the calls about the object."""
        if success.view is None or success.status != HTTPStatus.CREATED:
            return {}
        named = repr(success.view)
        prefix = next((id for view, id in _ID_OF_VIEW.items() if view in named), None)
        return {
            operation: {"operationId": operation, "parameters": {"id": "$response.body#/id"}}
            for operation in self._followers.get(prefix or "", ())
        }


def _error_statuses(route: Route) -> list[int]:
    statuses = {500, *route.errors}
    if isinstance(route, KeyedRoute):
        statuses |= {400, 401, 403, 429, 503}
        if route.idempotent:
            statuses |= {409}
        if route.body is not None:
            statuses |= {413, 415}
    return sorted(statuses - {success.status for success in route.success})
