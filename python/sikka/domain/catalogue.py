"""The catalogue of errors: every code a caller can meet, with its words and its HTTP status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorType(StrEnum):
    """The families a client branches on."""

    INVALID_REQUEST = "invalid_request_error"
    AUTHENTICATION = "authentication_error"
    PERMISSION = "permission_error"
    IDEMPOTENCY = "idempotency_error"
    CARD = "card_error"
    UPI = "upi_error"
    FRAUD = "fraud_error"
    RATE_LIMIT = "rate_limit_error"
    API = "api_error"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One code. `source`, `step` and `reason` say who stopped it, where, and why."""

    type: ErrorType
    http_status: int
    message: str
    decline_code: str | None = None
    source: str | None = None
    step: str | None = None
    reason: str | None = None


def _request(http_status: int, message: str) -> CatalogueEntry:
    return CatalogueEntry(ErrorType.INVALID_REQUEST, http_status, message)


def _upi(message: str, source: str, step: str, reason: str) -> CatalogueEntry:
    return CatalogueEntry(ErrorType.UPI, 402, message, reason, source, step, reason)


def _api(http_status: int, message: str, step: str | None = None) -> CatalogueEntry:
    return CatalogueEntry(ErrorType.API, http_status, message, step=step)


CATALOGUE: dict[str, CatalogueEntry] = {
    # The request itself.
    "body_invalid": _request(400, "The body is not valid JSON for this call."),
    "body_too_large": _request(413, "The body is larger than this call allows."),
    "content_type_unsupported": _request(415, "Send application/json."),
    "parameter_missing": _request(400, "A required field is missing."),
    "parameter_invalid": _request(400, "A field breaks its rule."),
    "parameter_unknown": _request(400, "The request has a field that this call does not know."),
    "amount_invalid": _request(400, "The amount is not valid for its currency."),
    "currency_unsupported": _request(400, "The currency is not supported here."),
    "currency_mismatch": _request(400, "The currencies differ."),
    "vpa_invalid": _request(400, "The VPA does not have the form name@handle."),
    "metadata_invalid": _request(400, "Metadata has at most 50 keys of 40, values of 500."),
    "cursor_invalid": _request(400, "Give starting_after or ending_before, not both."),
    "version_unsupported": _request(400, "This Sikka-Version does not exist."),
    "url_invalid": _request(400, "The URL is not one that webhooks can be delivered to."),
    "idempotency_key_invalid": _request(400, "Idempotency-Key has 1 to 255 printable characters."),
    "idempotency_key_missing": _request(400, "Send an Idempotency-Key header with every POST."),
    "resource_missing": _request(404, "There is no such object."),
    "route_missing": _request(404, "There is no such route; see /docs."),
    "method_not_allowed": _request(405, "The route does not take this method."),
    "state_invalid": _request(422, "The object's present state does not allow this."),
    "refund_exceeds_captured": _request(422, "The refund is more than what is left to refund."),
    "payment_not_captured": _request(422, "Only a captured payment can be refunded."),
    "conflict": _request(409, "Somebody else changed the object at the same moment; try again."),
    "model_invalid": _request(400, "These are not the bytes and the document of one model."),
    "model_schema_mismatch": _request(422, "The model was trained on other features than these."),
    "model_version_taken": _request(409, "Another model has this version; models never change."),
    "method_unavailable": _request(422, "This payment method is not available here."),
    "rule_invalid": _request(400, "The rule's expression is not valid."),
    "backtest_missing": _request(
        422, "This version of the rule was not tried on past payments; do so, or force it."
    ),
    # Who is asking.
    "api_key_missing": CatalogueEntry(ErrorType.AUTHENTICATION, 401, "Send an API key."),
    "api_key_invalid": CatalogueEntry(
        ErrorType.AUTHENTICATION, 401, "The API key is unknown or revoked."
    ),
    "scope_missing": CatalogueEntry(
        ErrorType.PERMISSION, 403, "The API key lacks the scope for this call."
    ),
    "callback_rejected": CatalogueEntry(
        ErrorType.AUTHENTICATION, 401, "The message failed verification and had no effect."
    ),
    "rate_limited": CatalogueEntry(
        ErrorType.RATE_LIMIT, 429, "Too many requests; wait as Retry-After says."
    ),
    "idempotency_error": CatalogueEntry(
        ErrorType.IDEMPOTENCY, 400, "This Idempotency-Key was used with another request."
    ),
    "idempotency_key_in_use": CatalogueEntry(
        ErrorType.IDEMPOTENCY, 409, "The first request with this key is still running."
    ),
    # Fraud.
    "payment_blocked": CatalogueEntry(
        ErrorType.FRAUD,
        402,
        "The payment was refused as too risky.",
        "fraud_risk",
        "gateway",
        "payment_assessment",
        "risk_rules",
    ),
    "review_declined": CatalogueEntry(
        ErrorType.FRAUD,
        402,
        "The payment was refused after review.",
        "fraud_risk",
        "gateway",
        "payment_review",
        "review_declined",
    ),
    "review_timed_out": CatalogueEntry(
        ErrorType.FRAUD,
        402,
        "Nobody decided about the payment in time.",
        "review_timed_out",
        "gateway",
        "payment_review",
        "review_timed_out",
    ),
    "review_claimed": _request(409, "Another reviewer has the payment in hand."),
    "review_decided": _request(409, "The payment was decided about already."),
    # UPI, as the bank, the customer or the switch said it.
    "payment_declined": _upi(
        "The payment was declined.", "bank", "payment_authorization", "payment_declined"
    ),
    "insufficient_funds": _upi(
        "The customer's account has too little money.",
        "customer",
        "payment_debit",
        "insufficient_funds",
    ),
    "incorrect_pin": _upi(
        "The customer entered a wrong UPI PIN.",
        "customer",
        "payment_authorization",
        "incorrect_pin",
    ),
    "payment_cancelled": _upi(
        "The customer declined the request.",
        "customer",
        "payment_authorization",
        "payment_cancelled",
    ),
    "payment_collect_request_expired": _upi(
        "The customer did not answer in time.",
        "customer",
        "payment_authorization",
        "payment_collect_request_expired",
    ),
    "invalid_vpa": _upi("The VPA does not exist.", "customer", "payment_initiation", "invalid_vpa"),
    "vpa_not_permitted": _upi(
        "The VPA may not take part in this payment.",
        "customer",
        "payment_initiation",
        "vpa_not_permitted",
    ),
    "limit_exceeded": _upi(
        "The payment exceeds a limit of the customer's account.",
        "customer",
        "payment_debit",
        "limit_exceeded",
    ),
    "account_unusable": _upi(
        "The customer's account is closed, blocked or dormant.",
        "customer",
        "payment_debit",
        "account_unusable",
    ),
    "risk_declined": _upi(
        "The bank or the network refused the payment as too risky.",
        "bank",
        "payment_authorization",
        "risk_declined",
    ),
    "bank_technical_error": _upi(
        "The customer's bank had a technical failure.",
        "bank",
        "payment_debit",
        "bank_technical_error",
    ),
    "network_technical_error": _upi(
        "The network had a technical failure.",
        "network",
        "payment_authorization",
        "network_technical_error",
    ),
    "beneficiary_declined": _upi(
        "The receiving bank refused the credit; the debit was reversed.",
        "bank",
        "payment_credit",
        "beneficiary_declined",
    ),
    "beneficiary_technical_error": _upi(
        "The receiving bank had a technical failure; the debit was reversed.",
        "bank",
        "payment_credit",
        "beneficiary_technical_error",
    ),
    "rail_rejected": _upi(
        "The network refused the request.", "network", "payment_initiation", "rail_rejected"
    ),
    "duplicate_transaction": _upi(
        "The network knows the transaction id already.",
        "network",
        "payment_initiation",
        "duplicate_transaction",
    ),
    "transaction_not_found": _upi(
        "The network never received the request.",
        "network",
        "payment_initiation",
        "transaction_not_found",
    ),
    "original_not_found": _upi(
        "The network does not know the payment to refund.",
        "network",
        "refund_initiation",
        "original_not_found",
    ),
    # The house itself.
    "rail_unavailable": _api(424, "The network cannot be reached; nothing was sent.", "rail"),
    "integrity_failure": _api(409, "The rail's answer differs from the payment.", "rail"),
    "illegal_transition": _api(409, "The object cannot change to that state.", "state"),
    "database_unavailable": _api(503, "Try again as Retry-After says; nothing was done."),
    "commit_unknown": _api(503, "Try again with the same Idempotency-Key.", "database"),
    "duplicate": _api(409, "The object exists already.", "database"),
    "change_rejected": _api(500, "The change was refused; it has been reported.", "database"),
    "configuration_error": _api(500, "The gateway is not configured for this.", "configuration"),
    "internal_error": _api(500, "Something failed on our side; it has been reported."),
}
