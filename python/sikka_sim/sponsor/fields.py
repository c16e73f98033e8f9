"""The fields of the façade's requests and their grammars."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sikka_sim.npci import grammar
from sikka_sim.npci.grammar import Predicate

RULES: dict[str, Predicate] = {
    "merchantId": grammar.reference,
    "merchantTranId": grammar.reference,
    "payerVa": grammar.vpa,
    "amount": grammar.amount,
    "note": grammar.note,
    "collectByDate": grammar.timestamp,
    "billNumber": grammar.short_text,
    "originalmerchantTranId": grammar.reference,
    "originalBankRRN": grammar.rrn,
    "refundAmount": grammar.amount,
    "onlineRefund": lambda value: value == "Y",
}

REQUIRED = {
    "collect": ("merchantId", "merchantTranId", "payerVa", "amount", "note"),
    "status": ("merchantId", "merchantTranId"),
    "refund": (
        "merchantId",
        "merchantTranId",
        "originalmerchantTranId",
        "refundAmount",
        "note",
        "onlineRefund",
    ),
    "vpa": ("merchantId", "payerVa"),
    "intent": ("merchantId", "merchantTranId", "amount", "note"),
}
OPTIONAL = {
    "collect": ("collectByDate", "billNumber"),
    "status": (),
    "refund": ("originalBankRRN",),
    "vpa": (),
    "intent": ("collectByDate", "billNumber"),
}


class FieldRefused(Exception):
    """A request with a missing, unknown or malformed field; the message names it."""


def read_fields(operation: str, body: bytes) -> Mapping[str, str]:
    """Read a request's fields.

    Args:
        operation: a key of `REQUIRED`.
        body: the raw body.

    Raises:
        FieldRefused: no JSON object, or a field is missing, unknown, no text or out of its grammar.
    """
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise FieldRefused("the body is not JSON") from error
    if not isinstance(fields, dict):
        raise FieldRefused("the body is not a JSON object")
    required, optional = REQUIRED[operation], OPTIONAL[operation]
    for name in required:
        if name not in fields:
            raise FieldRefused(f"{name} is missing")
    for name, value in fields.items():
        if name not in required and name not in optional:
            raise FieldRefused(f"{name} is not a field of {operation}")
        if not isinstance(value, str) or not RULES[name](value):
            raise FieldRefused(f"{name} does not follow its grammar")
    return fields
