"""What merchants ask for."""

from __future__ import annotations

import itertools
from typing import Any

AMOUNT_MINOR = 129_900

_users = itertools.count(1)


def collect(vpa: str, amount_minor: int = AMOUNT_MINOR, **fields: Any) -> dict[str, Any]:
    """A collect payment of a customer of its own, so that no velocity rule minds."""
    return _payment({"flow": "collect", "vpa": vpa}, amount_minor, fields)


def intent(amount_minor: int = AMOUNT_MINOR, **fields: Any) -> dict[str, Any]:
    """A payment by link."""
    return _payment({"flow": "intent"}, amount_minor, fields)


def qr(amount_minor: int = AMOUNT_MINOR, **fields: Any) -> dict[str, Any]:
    """A payment by QR code."""
    return _payment({"flow": "qr"}, amount_minor, fields)


def _payment(upi: dict[str, Any], amount_minor: int, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "amount": amount_minor,
        "currency": "INR",
        "payment_method": "UPI",
        "user_id": f"user_{next(_users)}",
        "description": "Order 1042",
        "metadata": {"order": "1042"},
        "upi": upi,
        **fields,
    }


def merchant(rail: str = "npci", payee_vpa: str = "chaipoint@sikka") -> dict[str, Any]:
    """A merchant with a fee of 1 % and GST of 18 % on it."""
    return {
        "name": "Chai Point",
        "legal_name": "Chai Point Private Limited",
        "category_code": "5814",
        "payee_vpa": payee_vpa,
        "account_number": "001234567890",
        "account_ifsc": "SIKK0000001",
        "rail": rail,
        "fee_basis_points": 100,
        "gst_basis_points": 1_800,
    }
