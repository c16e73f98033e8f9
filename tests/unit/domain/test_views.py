from __future__ import annotations

import json

import pytest

from sikka.domain import errors
from sikka.domain.catalogue import CATALOGUE, ErrorType
from sikka.domain.errors import InvalidRequest, SikkaError
from sikka.domain.merchant import ApiKey, Scope
from sikka.domain.payment import Stage, Status
from sikka.domain.records import EventType
from sikka.domain.views import (
    EventView,
    encode,
    error_body,
    event_view,
    payment_view,
    refund_view,
    score_text,
    status_of,
)
from sikka.flows.steps import event_of
from tests.unit.domain.records import AT, payment, refund

DOCUMENTED_STATUSES = {400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 424, 429, 500, 503}


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_code_has_words_and_a_documented_status(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.message.endswith(".")
    assert entry.http_status in DOCUMENTED_STATUSES
    assert entry.type in ErrorType
    if entry.http_status == 402:
        assert entry.source
        assert entry.step
        assert entry.reason


def _tree(kind: type[SikkaError]) -> list[type[SikkaError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _tree(child))]


def test_every_error_is_in_the_catalogue_and_in_the_drawing() -> None:
    for kind in _tree(SikkaError):
        if kind.__module__ != errors.__name__:
            continue
        assert kind.default_code in CATALOGUE
        assert kind.__name__ in (errors.__doc__ or "")


def test_an_error_says_what_and_where_and_for_which_request() -> None:
    error = InvalidRequest("vpa_invalid", "no @ in it", param="upi.vpa")
    body = json.loads(error_body(error, "req_1"))["error"]
    assert body["type"] == "invalid_request_error"
    assert (body["code"], body["param"], body["message"]) == (
        "vpa_invalid",
        "upi.vpa",
        "no @ in it",
    )
    assert body["request_id"] == "req_1"
    assert status_of(error) == 400


def test_a_payment_shows_times_as_utc_and_amounts_as_integers() -> None:
    shown = json.loads(encode(payment_view(payment(), None, None)))
    assert shown["created_at"] == "2026-11-23T10:00:00Z"
    assert (shown["amount"], shown["currency"]) == (129_900, "INR")
    assert "refunds" not in shown


def test_a_failed_payment_tells_why_in_the_words_of_the_catalogue() -> None:
    failed = payment(status=Status.FAILED, stage=Stage.DECLINED, failure_code="insufficient_funds")
    failure = json.loads(encode(payment_view(failed, None, None)))["failure"]
    assert failure["source"] == "customer"
    assert failure["message"] == CATALOGUE["insufficient_funds"].message


@pytest.mark.parametrize(("hundredths", "text"), [(0, "0.00"), (4, "0.04"), (100, "1.00")])
def test_a_score_is_a_decimal_text(hundredths: int, text: str) -> None:
    assert score_text(hundredths) == text


def test_an_event_reads_back_from_the_bytes_that_are_delivered() -> None:
    event = event_of(payment(), EventType.PAYMENT_CREATED, refund_view(refund()), AT)
    view = event_view(event)
    assert isinstance(view, EventView)
    assert (view.id, view.sequence, view.type) == (event.id, 1, "payment.created")
    assert view.data.object["object"] == "refund"


def test_scopes_imply_what_they_must_and_no_more() -> None:
    def key(*scopes: str) -> ApiKey:
        return ApiKey("key_1", "mer_1", "", "", scopes, False, AT, None)

    assert all(key("admin").allows(scope) for scope in Scope)
    assert key("payments").allows(Scope.READ)
    assert not key("payments").allows(Scope.REFUNDS)
    assert not key("read").allows(Scope.PAYMENTS)
    assert key("reviews").allows(Scope.READ)
    assert not key("reviews").allows(Scope.PAYMENTS)
    assert not key("payments", "refunds").allows(Scope.REVIEWS)
    assert not key("refunds").allows(Scope.ADMIN)
