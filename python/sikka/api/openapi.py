"""The OpenAPI 3.1 document, made of the table of routes and the types that it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from sikka.api import schemas
from sikka.api.call import JSON
from sikka.api.fraud_model_schemas import ModelVersion
from sikka.api.openapi_answers import HEADERS, Answers, Json, prefix_of
from sikka.api.route import KeyedRoute, Route
from sikka.api.versions import SUPPORTED
from sikka.domain.views import ErrorView

_REF = "#/components/schemas/{name}"
_PATH_PARAMETER = re.compile(r"\{([a-z_]+)\}")
_LIST_NAME = re.compile(r"ListView_([A-Za-z]+)View_|ListView\[([A-Za-z]+)View\]")

_DESCRIPTION = """\
Payments by UPI. Amounts are integers in minor units (`129900` is ₹1,299.00), times are RFC 3339
in UTC. Send `Authorization: Bearer sk_test_…` (or HTTP Basic with the key as the user), and an
`Idempotency-Key` with every POST: the same key with the same request is answered with the same
bytes, and `Idempotent-Replayed: true`. Every answer has a `Request-Id`."""


def openapi_document(routes: Sequence[Route]) -> Json:
    """Return the document of the routes that are documented, as plain JSON values."""
    documented = [route for route in routes if getattr(route, "documented", True)]
    types = _types(documented)
    refs, components = msgspec.json.schema_components(types, ref_template=_REF)
    ref_of = dict(zip(map(repr, types), refs, strict=True))
    answers = Answers(documented, ref_of)
    paths: dict[str, Json] = {}
    for route in documented:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, ref_of, answers)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Sikka",
            "version": SUPPORTED[-1],
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in documented)],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": HEADERS,
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


def _operation(route: Route, ref_of: dict[str, Json], answers: Answers) -> Json:
    operation: Json = {
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": answers.of(route),
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
    if name == "version":
        schema = msgspec.json.schema(ModelVersion)
    else:
        pattern = f"^{prefix_of(path)}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"
        schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema}


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


def _clean(value: Any) -> Any:
    r"""Write names and patterns as the standards do.

    msgspec names a generic type with what stands in its brackets. A pattern of ours ends in
    `$(?!\n)` because Python lets a newline pass at `$`; in ECMA 262, which OpenAPI speaks, `$` is
    the end and nothing else.
    """
    if isinstance(value, dict):
        return {_LIST_NAME.sub(r"\1\2List", key): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if isinstance(value, str):
        return _LIST_NAME.sub(r"\1\2List", value).replace(r"$(?!\n)", "$")
    return value
