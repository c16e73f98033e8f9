"""Rules of a good request that JSON Schema cannot express, for the generator of requests."""

from __future__ import annotations

import copy
import os
import re
import uuid
from typing import Any

import schemathesis

from tests.conformance.policy_sense import sensible

OWN_IDS = frozenset(os.environ.get("SIKKA_OWN_IDS", "").split(","))
NOBODY = "0000"
IPV4 = re.compile(r"^https?://[0-9]+(\.[0-9]+){3}([:/?]|$)")
BATCHES = ("payments", "labels")
EXCLUSIVE = (
    ("starting_after", "ending_before"),
    ("payment_id", "bucket", "merchant_id"),
)


def whole(value: Any) -> Any:
    """Write 1.0 as 1: to JSON Schema both are integers, to money only one of them is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return value


def own(value: Any) -> Any:
    """A copy that may be changed. The library's word for no body is no copy of itself."""
    return copy.deepcopy(value) if isinstance(value, dict | list) else value


def is_good_key(key: object) -> bool:
    return isinstance(key, str) and 0 < len(key) <= 255 and key.isascii() and key.isprintable()


def with_keys_of_their_own(body: Any) -> Any:
    """No two parts of a batch under one key."""
    for parts in BATCHES:
        if isinstance(body, dict) and isinstance(body.get(parts), list):
            for item in body[parts]:
                if isinstance(item, dict) and is_good_key(item.get("idempotency_key")):
                    item["idempotency_key"] = uuid.uuid4().hex
    return body


def with_a_public_host(body: Any) -> Any:
    """Some addresses are not for webhooks, whatever they look like."""
    if isinstance(body, dict) and isinstance(body.get("url"), str) and IPV4.match(body["url"]):
        body["url"] = "https://shop.example/webhooks"
    return body


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Make a request that is good by its schema good by the rules beside it."""
    del context, kwargs
    if case.headers and is_good_key(case.headers.get("Idempotency-Key")):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    for names in EXCLUSIVE if case.path != "/v1/ledger/transactions" else EXCLUSIVE[:1]:
        for name in [each for each in names if (case.query or {}).get(each) is not None][1:]:
            del case.query[name]
    if case.method != "GET" and (case.path_parameters or {}).get("id") in OWN_IDS:
        # The key must not revoke itself, nor its merchant be switched off.
        case.path_parameters["id"] = case.path_parameters["id"][: -len(NOBODY)] + NOBODY
    body = with_a_public_host(with_keys_of_their_own(whole(own(case.body))))
    sensible(case.path, case.query, body)
    if repr(body) != repr(case.body):
        case.body = body
