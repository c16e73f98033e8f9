from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from sikka.api import schemas
from sikka.api.decoding import decode_body
from sikka.api.documents import build_documents
from sikka.api.openapi import openapi_document
from sikka.api.route import KeyedRoute, OpenRoute
from sikka.api.routes import ROUTES
from sikka.domain.catalogue import CATALOGUE
from sikka.domain.merchant import Scope
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed

DOCUMENT = openapi_document(ROUTES)


def every(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from every(each)
    elif isinstance(value, list):
        for each in value:
            yield from every(each)


def pointed(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}, validate_formats=True
    )


def test_every_route_is_documented_once_but_those_of_the_rails() -> None:
    documented = {(method, path) for method, path, _ in operations()}
    rails = {(route.method, route.path) for route in ROUTES if route.tag == "Rails"}
    assert documented | rails == {(route.method, route.path) for route in ROUTES}
    assert documented & rails == set()
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_every_route_is_keyed_but_operations_documents_and_rails() -> None:
    for route in ROUTES:
        assert isinstance(route, KeyedRoute if route.path.startswith("/v1/") else OpenRoute)


def test_every_post_under_a_key_is_idempotent_and_every_write_needs_more_than_reading() -> None:
    for route in ROUTES:
        if isinstance(route, KeyedRoute):
            assert route.idempotent is (route.method == "POST")
            assert (route.scope is not Scope.READ) or route.method == "GET"


def test_every_reference_leads_somewhere() -> None:
    references = [each["$ref"] for each in every(DOCUMENT) if "$ref" in each]
    assert references
    for reference in references:
        pointed(reference)


def test_names_of_components_are_legal_and_used() -> None:
    names = DOCUMENT["components"]["schemas"]
    text = json.dumps(DOCUMENT)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9]+", name), name
        assert f'"#/components/schemas/{name}"' in text, name
    assert {"PaymentList", "PaymentView", "ErrorView", "UpiPayment"} <= set(names)


def test_every_schema_is_a_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
        validator(schema)


def test_patterns_are_those_of_ecma_262() -> None:
    patterns = [each["pattern"] for each in every(DOCUMENT) if isinstance(each.get("pattern"), str)]
    assert patterns
    for pattern in patterns:
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert "(?" not in pattern


def test_every_status_of_the_catalogue_has_its_words() -> None:
    documented = {
        int(status) for _, _, operation in operations() for status in operation["responses"]
    }
    # What no route answers by itself: the router says 405.
    assert {entry.http_status for entry in CATALOGUE.values()} - documented == {405}


def test_answers_that_ask_to_come_back_say_when() -> None:
    for _, _, operation in operations():
        for status in ("429", "503"):
            if answer := operation["responses"].get(status):
                assert "Retry-After" in answer["headers"]


def test_links_lead_to_operations() -> None:
    names = {operation["operationId"] for _, _, operation in operations()}
    links = DOCUMENT["paths"]["/v1/payments"]["post"]["responses"]["201"]["links"]
    assert {"get_payment", "create_refund", "get_payment_qr"} <= set(links) <= names


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if isinstance(route, KeyedRoute) and route.example is not None],
    ids=lambda route: route.operation,
)
def test_every_example_is_a_good_body(route: KeyedRoute) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    content = operation["requestBody"]["content"]["application/json"]
    validator(content["schema"]).validate(content["example"])
    decode_body(json.dumps(content["example"]).encode(), route.body)


@pytest.mark.parametrize("vpa", ["asha@simbank", "A.b-c_9@X1", "12@SIMB0000001.IFSC.npci"])
def test_schema_and_decoder_take_the_same_addresses(vpa: str) -> None:
    body = {"vpa": vpa}
    validator({"$ref": "#/components/schemas/VpaValidationRequest"}).validate(body)
    decode_body(json.dumps(body).encode(), schemas.VpaValidationRequest)


async def test_the_document_is_served(client: Client) -> None:
    response = await client.get("/openapi.json")
    assert await response.json() == json.loads(json.dumps(DOCUMENT))
    assert DOCUMENT["openapi"] == "3.1.0"


async def test_answers_are_as_documented(client: Client, world: World) -> None:
    headers = world.headers()
    response = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    payment = await response.json()
    answers = {
        "PaymentView": payment,
        "PaymentList": await (await client.get("/v1/payments", headers=headers)).json(),
        "EventList": await (await client.get("/v1/events", headers=headers)).json(),
        "ErrorView": await (await client.get("/v1/payments")).json(),
    }
    for name, answer in answers.items():
        validator({"$ref": f"#/components/schemas/{name}"}).validate(answer)


async def test_the_page_needs_nothing_from_elsewhere(client: Client) -> None:
    response = await client.get("/docs")
    assert (response.status, response.content_type) == (200, "text/html")
    page = await response.text()
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert "import(" not in page
    assert "fetch(" not in page
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    for route in ROUTES:
        if route.tag != "Rails":
            assert route.operation in page
    for code in CATALOGUE:
        assert code in page


def test_the_data_in_the_page_cannot_end_its_script() -> None:
    page = build_documents(ROUTES).page.decode()
    script = page[page.index("<script>") + 8 :]
    assert script.count("</script>") == 1
    data = script[script.index("const data = ") + 13 : script.index(";\nconst api")]
    assert json.loads(data)["openapi"] == json.loads(json.dumps(DOCUMENT))
