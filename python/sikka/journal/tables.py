"""The schema. What each column means stands on the record of the same name in `sikka.domain`.

Every table that belongs to a payment carries its `bucket`, and only rows of one bucket reference
each other, so that a shard is complete in itself. Ids sort by time; every list is read newest
first along an index that ends in the id.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)

from sikka.domain.fraud.assessment import RiskLevel
from sikka.domain.payment import PaymentMethod, Status
from sikka.journal.columns import (
    big,
    body,
    bucket,
    choice,
    code,
    flag,
    json,
    money,
    note,
    number,
    sealed,
    text,
    time,
)
from sikka.journal.fraud.tables import (
    fraud_assessments,
    fraud_labels,
    fraud_lists,
    fraud_model_files,
    fraud_models,
    fraud_reports,
    fraud_revisions,
    fraud_rules,
    fraud_thresholds,
)
from sikka.journal.table import metadata, of_payment, table

# The fraud engine has its tables in a file of their own; here are all of them.
__all__ = [
    "api_keys",
    "audit_heads",
    "audit_log",
    "card_transactions",
    "fraud_assessments",
    "fraud_labels",
    "fraud_lists",
    "fraud_model_files",
    "fraud_models",
    "fraud_reports",
    "fraud_revisions",
    "fraud_rules",
    "fraud_thresholds",
    "idempotency_keys",
    "leases",
    "ledger_accounts",
    "ledger_entries",
    "ledger_transactions",
    "merchants",
    "metadata",
    "outbox_events",
    "payments",
    "refunds",
    "replies",
    "review_notes",
    "reviews",
    "sequences",
    "upi_transactions",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
]

payments = table(
    "payments",
    code("id", primary_key=True),
    text("user_id", 64),
    code("merchant_id"),
    money("amount"),
    code("currency", 3),
    choice("payment_method", PaymentMethod),
    choice("status", Status),
    text("external_txn_id", 100, nullable=True),
    note("description"),
    json("metadata"),
    time("created_at"),
    time("updated_at"),
    bucket(),
    code("stage", 20),
    number("version"),
    code("flow", 10, nullable=True),
    money("captured_amount"),
    money("refunded_amount"),
    code("failure_code", 64, nullable=True),
    time("expires_at", nullable=True),
    flag("livemode"),
    # Adding zero makes a number of the text that SQLite keeps.
    CheckConstraint("refunded_amount + 0 <= captured_amount + 0", name="refunded"),
    CheckConstraint("captured_amount + 0 <= amount + 0", name="captured"),
    # A merchant's own reference is unique to the merchant, not among strangers.
    UniqueConstraint("external_txn_id", "merchant_id", "livemode"),
    Index(None, "user_id", "status"),
    Index(None, "merchant_id", "created_at", "livemode", "id"),
    Index(None, "status", "expires_at", "bucket"),
)

upi_transactions = table(
    "upi_transactions",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    code("rail", 64),
    code("flow", 10),
    code("payer_vpa", 255),
    code("payee_vpa", 255),
    code("npci_txn_id", 50),
    note("link"),
    code("msg_id", 50, nullable=True),
    code("rrn", 12, nullable=True),
    text("bank_ref_id", 64, nullable=True),
    text("approval_code", 32, nullable=True),
    text("response_code", 32, nullable=True),
    note("status_message"),
    code("outcome", 20, nullable=True),
    number("checks_made"),
    time("next_check_at", nullable=True),
    time("created_at"),
    time("updated_at"),
    UniqueConstraint("payment_id"),
    UniqueConstraint("npci_txn_id"),
    Index(None, "rrn"),
    Index(None, "next_check_at", "bucket"),
)

card_transactions = table(
    "card_transactions",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    code("gateway", 32),
    code("kind", 10),
    money("amount"),
    code("card_token", 64),
    code("card_brand", 20, nullable=True),
    code("card_type", 20, nullable=True),
    code("last_four_digits", 4, nullable=True),
    text("auth_code", 32, nullable=True),
    text("gateway_txn_id", 64, nullable=True),
    json("gateway_response", nullable=True),
    code("outcome", 20, nullable=True),
    code("three_ds_status", 20, nullable=True),
    time("created_at"),
    time("updated_at"),
    Index(None, "payment_id"),
    Index(None, "card_token"),
    Index(None, "gateway_txn_id"),
)

refunds = table(
    "refunds",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    code("merchant_id"),
    money("amount"),
    code("currency", 3),
    code("status", 10),
    code("origin", 20),
    note("reason"),
    json("metadata"),
    code("npci_txn_id", 50),
    code("msg_id", 50, nullable=True),
    code("rrn", 12, nullable=True),
    text("response_code", 32, nullable=True),
    code("failure_code", 64, nullable=True),
    code("outcome", 20, nullable=True),
    flag("needs_attention"),
    number("checks_made"),
    time("next_check_at", nullable=True),
    flag("livemode"),
    time("created_at"),
    time("updated_at"),
    UniqueConstraint("npci_txn_id"),
    Index(None, "payment_id", "created_at", "id"),
    Index(None, "merchant_id", "created_at", "livemode", "id"),
    Index(None, "next_check_at", "bucket"),
)

# One row a payment that was held; the rows that wait are few at any time.
reviews = table(
    "reviews",
    code("payment_id", 36, ForeignKey("payments.id"), primary_key=True),
    bucket(),
    code("merchant_id"),
    flag("livemode"),
    choice("risk_level", RiskLevel),
    code("status", 10),
    number("revision"),
    number("expires_in_s", nullable=True),
    number("notes_made"),
    code("claim_key_id", 64, nullable=True),
    text("claim_reviewer", 64, nullable=True),
    time("claimed_until", nullable=True),
    code("decision_key_id", 64, nullable=True),
    text("decision_reviewer", 64, nullable=True),
    time("decided_at", nullable=True),
    time("created_at"),
    time("due_at"),
    Index(None, "merchant_id", "livemode", "status", "due_at", "payment_id"),
    Index(None, "merchant_id", "livemode", "status", "created_at", "payment_id"),
)

review_notes = table(
    "review_notes",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    code("key_id", 64),
    text("reviewer", 64, nullable=True),
    note("text", nullable=False),
    time("created_at"),
    Index(None, "payment_id", "created_at", "id"),
)

merchants = table(
    "merchants",
    code("id", primary_key=True),
    text("name", 255),
    text("legal_name", 255),
    code("category_code", 10),
    code("payee_vpa", 255),
    code("account_number", 40),
    code("account_ifsc", 11),
    code("account_type", 20),
    code("rail", 64),
    number("fee_basis_points"),
    money("fee_fixed"),
    number("gst_basis_points"),
    code("api_version", 20),
    flag("active"),
    time("created_at"),
    time("updated_at"),
    Index(None, "payee_vpa"),
    Index(None, "created_at", "id"),
)

api_keys = table(
    "api_keys",
    code("id", primary_key=True),
    code("merchant_id"),
    code("secret_hash", 128),
    code("hint", 8),
    json("scopes"),
    flag("livemode"),
    time("created_at"),
    time("revoked_at", nullable=True),
    UniqueConstraint("secret_hash"),
    Index(None, "merchant_id", "created_at", "id"),
)

idempotency_keys = table(
    "idempotency_keys",
    code("id"),
    bucket(),
    code("merchant_id"),
    flag("livemode"),
    text("idempotency_key", 255),
    text("route", 255),
    code("request_hash", 64),
    code("status", 10),
    number("response_status", nullable=True),
    body("response_body", nullable=True),
    code("object_id", 36, nullable=True),
    time("running_until"),
    time("created_at"),
    PrimaryKeyConstraint("merchant_id", "livemode", "idempotency_key"),
    UniqueConstraint("id"),
    Index(None, "created_at"),
)

outbox_events = table(
    "outbox_events",
    code("id", primary_key=True),
    bucket(),
    code("merchant_id"),
    code("payment_id"),
    number("sequence"),
    code("type", 40),
    body("body"),
    flag("livemode"),
    flag("relayed"),
    time("created_at"),
    UniqueConstraint("payment_id", "sequence"),
    Index(None, "merchant_id", "created_at", "livemode", "id"),
    Index(None, "relayed", "bucket", "id"),
)

webhook_endpoints = table(
    "webhook_endpoints",
    code("id", primary_key=True),
    code("merchant_id"),
    text("url", 2048),
    json("event_types"),
    note("description"),
    sealed("sealed_secret"),
    sealed("sealed_previous_secret", nullable=True),
    time("previous_secret_until", nullable=True),
    flag("enabled"),
    text("disabled_reason", 255, nullable=True),
    flag("livemode"),
    number("version"),
    time("created_at"),
    time("updated_at"),
    Index(None, "merchant_id", "created_at", "livemode", "id"),
)

webhook_deliveries = table(
    "webhook_deliveries",
    code("id", primary_key=True),
    bucket(),
    code("event_id"),
    code("endpoint_id"),
    code("merchant_id"),
    code("payment_id"),
    number("sequence"),
    code("status", 12),
    number("attempts"),
    time("next_attempt_at", nullable=True),
    number("last_status_code", nullable=True),
    text("last_error", 255, nullable=True),
    flag("livemode"),
    time("created_at"),
    time("updated_at"),
    number("version"),
    Index(None, "event_id", "created_at", "id"),
    Index(None, "endpoint_id", "created_at", "id"),
    Index(None, "endpoint_id", "payment_id", "status", "sequence"),
    Index(None, "status", "next_attempt_at", "bucket"),
)

webhook_attempts = table(
    "webhook_attempts",
    code("id", primary_key=True),
    bucket(),
    code("delivery_id"),
    code("event_id"),
    code("endpoint_id"),
    number("attempt"),
    number("status_code", nullable=True),
    text("error", 255, nullable=True),
    big("duration_ms"),
    time("at"),
    UniqueConstraint("delivery_id", "attempt"),
)

audit_log = table(
    "audit_log",
    code("id", primary_key=True),
    bucket(),
    number("sequence"),
    code("payment_id", 36, nullable=True),
    code("merchant_id", 36, nullable=True),
    text("user_id", 255),
    text("action", 100),
    text("status", 64),
    code("ip_address", 45, nullable=True),
    note("user_agent"),
    json("metadata"),
    time("timestamp"),
    code("previous_hash", 64),
    code("hash", 64),
    UniqueConstraint("bucket", "sequence"),
    Index(None, "payment_id", "timestamp", "id"),
    Index(None, "merchant_id", "timestamp", "id"),
)

# One row per bucket, there from the first migration on: the end of the bucket's audit chain.
audit_heads = table(
    "audit_heads",
    bucket(primary_key=True, autoincrement=False),
    number("sequence"),
    code("hash", 64),
)

# A busy account is kept in 64 stripes of 64 buckets each, so that no stripe straddles a shard.
ledger_accounts = table(
    "ledger_accounts",
    code("id", 160),
    number("stripe", autoincrement=False),
    code("chart", 32),
    code("kind", 10),
    code("owner", 64),
    code("currency", 3),
    flag("livemode"),
    big("debits_minor"),
    big("credits_minor"),
    PrimaryKeyConstraint("id", "stripe"),
    Index(None, "owner", "livemode", "id"),
    Index(None, "livemode", "id"),
)

ledger_transactions = table(
    "ledger_transactions",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    code("refund_id", 36, nullable=True),
    code("kind", 32),
    code("reverses", 64, nullable=True),
    code("currency", 3),
    flag("livemode"),
    time("created_at"),
    Index(None, "payment_id", "created_at", "id"),
    Index(None, "livemode", "created_at", "id"),
)

ledger_entries = table(
    "ledger_entries",
    code("id", primary_key=True),
    bucket(),
    code("transaction_id", 36, ForeignKey("ledger_transactions.id")),
    number("position"),
    code("account_id", 160),
    code("direction", 6),
    big("amount_minor"),
    time("created_at"),
    CheckConstraint("amount_minor > 0", name="positive"),
    UniqueConstraint("transaction_id", "position"),
    Index(None, "account_id", "created_at", "transaction_id"),
)

leases = table(
    "leases",
    code("name", 100, primary_key=True),
    text("holder", 255),
    big("token"),
    time("expires_at"),
)

# Asynchronous answers of the rails, for the process that asked.
replies = table(
    "replies",
    code("message_id", 64, primary_key=True),
    json("reply"),
    time("expires_at"),
    Index(None, "expires_at"),
)

# Numbers that are handed out in blocks; `next_value` is the first that is still free.
sequences = table(
    "sequences",
    code("name", 64, primary_key=True),
    big("next_value"),
)
