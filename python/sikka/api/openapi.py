"""The OpenAPI 3.1 document, made of the table of routes and the types that it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from sikka import __version__
from sikka.api import schemas
from sikka.api.call import JSON
from sikka.api.route import KeyedRoute, Route, Success
from sikka.api.versions import SUPPORTED
from sikka.domain.views import ErrorView

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_PATH_PARAMETER = re.compile(r"\{([a-z_]+)\}")
_BAD_NAME = re.compile(r"[^A-Za-z0-9._-]+")

_DESCRIPTION = """\
Payments by UPI. Amounts are integers in minor units (`129900` is ₹1,299.00), times are RFC 3339
in UTC. Send `Authorization: Bearer sk_test_…` (or HTTP Basic with the key as the user), and an
`Idempotency-Key` with every POST: the same key with the same request is answered with the same
bytes, and `Idempotent-Replayed: true`. Every answer has a `Request-Id`."""

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


def openapi_document(routes: Sequence[Route]) -> Json:
    """Return the document of the routes that are documented, as plain JSON values."""
    documented = [route for route in routes if getattr(route, "documented", True)]
    types = _types(documented)
    refs, components = msgspec.json.schema_components(types, ref_template=_REF)
    ref_of = dict(zip(map(repr, types), refs, strict=True))
    paths: dict[str, Json] = {}
    for route in documented:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, ref_of)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Sikka",
            "version": SUPPORTED[-1],
            "x-release": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in documented)],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }
    cleaned: Json = _clean(document)
    return cleaned


def _types(routes: Sequence[Route]) -> list[Any]:
    found: dict[str, Any] = {repr(ErrorView): ErrorView}
    for route in routes:
        for success in route.success:
            if success.view is not None:
                found[repr(success.view)] = success.view
        if isinstance(route, KeyedRoute) and route.body is not None:
            found[repr(route.body)] = route.body
    return list(found.values())


_HEADERS: Json = {
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


def _operation(route: Route, ref_of: dict[str, Json]) -> Json:
    operation: Json = {
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, ref_of),
    }
    if route.description:
        operation["description"] = route.description
    if not isinstance(route, KeyedRoute):
        operation["security"] = []
        return operation
    operation["security"] = [{"bearer": []}, {"basic": []}]
    operation["x-scope"] = route.scope.value
    if route.body is not None:
        content: Json = {"schema": ref_of[repr(route.body)]}
        if route.example is not None:
            content["example"] = route.example
        operation["requestBody"] = {
            "required": route.body_required,
            "content": {JSON: content},
        }
    return operation


def _parameters(route: Route) -> list[Json]:
    found = [_path_parameter(route.path, name) for name in _PATH_PARAMETER.findall(route.path)]
    if not isinstance(route, KeyedRoute):
        return found
    found += _query_parameters(route.query)
    if route.idempotent:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "The same key with the same request is answered the same.",
                "schema": msgspec.json.schema(schemas.IdempotencyKey),
            }
        )
    found.append(
        {
            "name": "Sikka-Version",
            "in": "header",
            "required": False,
            "description": "The dated version to answer in; the merchant's own if left out.",
            "schema": {"type": "string", "enum": list(SUPPORTED)},
        }
    )
    return found


def _path_parameter(path: str, name: str) -> Json:
    kind = path.split("/{", maxsplit=1)[0].rpartition("/")[2]
    pattern = f"^{_IDS[kind]}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": pattern},
    }


def _query_parameters(query: Any) -> list[Json]:
    (_,), components = msgspec.json.schema_components([query])
    properties = components[query.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(schema)}
        for name, schema in _inlined(properties, components).items()
    ]


def _inlined(value: Any, components: Json) -> Any:
    """Put the few enumerations that a query refers to where they are referred to."""
    if isinstance(value, dict):
        if "$ref" in value:
            return _inlined(components[value["$ref"].rpartition("/")[2]], components)
        return {key: _inlined(each, components) for key, each in value.items()}
    if isinstance(value, list):
        return [_inlined(each, components) for each in value]
    return value


def _without_null(schema: Json) -> Json:
    """A query string knows no null: a parameter that may be null is one that may be left out."""
    options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {key: each for key, each in schema.items() if key not in ("anyOf", "default")}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    if not options:
        return rest
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}


def _responses(route: Route, ref_of: dict[str, Json]) -> Json:
    keyed = isinstance(route, KeyedRoute)
    responses = {
        str(success.status): _success(route, success, ref_of) for success in route.success
    }
    for status in _error_statuses(route):
        headers = ["Request-Id"]
        if status in (429, 503):
            headers.append("Retry-After")
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append("WWW-Authenticate")
        if keyed and route.method == "POST" and status in (402, 422, 424):
            headers.append("Idempotent-Replayed")
        responses[str(status)] = {
            "description": _ERROR_WORDS[status],
            "headers": _header_refs(*headers),
            "content": {JSON: {"schema": ref_of[repr(ErrorView)]}},
        }
    return dict(sorted(responses.items()))


def _error_statuses(route: Route) -> list[int]:
    statuses = {500, *route.errors}
    if isinstance(route, KeyedRoute):
        statuses |= {400, 401, 403, 429, 503}
        if route.idempotent:
            statuses |= {409}
        if route.body is not None:
            statuses |= {413, 415}
    return sorted(statuses - {success.status for success in route.success})


def _success(route: Route, success: Success, ref_of: dict[str, Json]) -> Json:
    headers = ["Request-Id"]
    if isinstance(route, KeyedRoute):
        headers.append("Sikka-Version")
        if route.idempotent:
            headers.append("Idempotent-Replayed")
    if success.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append("Retry-After")
    schema = {} if success.view is None else {"schema": ref_of[repr(success.view)]}
    return {
        "description": _STATUS_WORDS[success.status],
        "headers": _header_refs(*headers),
        "content": dict.fromkeys(success.content_types, schema),
    }


def _clean(value: Any) -> Any:
    r"""Write names and patterns as the standards do.

    msgspec names a generic type with brackets, which a component may not have. A pattern of ours
    ends in `$(?!\n)` because Python lets a newline pass at `$`; in ECMA 262, which OpenAPI
    speaks, `$` is the end and nothing else.
    """
    if isinstance(value, dict):
        return {
            (_component(key) if "[" in key and "created" not in key else key): _clean(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if isinstance(value, str):
        if value.startswith("#/components/schemas/"):
            return "#/components/schemas/" + _component(value.rpartition("/")[2])
        return value.replace(r"$(?!\n)", "$")
    return value


def _component(name: str) -> str:
    return _BAD_NAME.sub("_", name).strip("_")
