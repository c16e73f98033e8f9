"""Lay the first schema.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_MYSQL = ("mysql", "mariadb")
_TEXT: dict[str, Any] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
_ASCII: dict[str, Any] = {"charset": "ascii", "collation": "ascii_bin"}

BUCKETS = 4096
NOTE = sa.Text().with_variant(mysql.TEXT(**_TEXT), *_MYSQL)
BODY = sa.Text().with_variant(mysql.LONGTEXT(**_TEXT), *_MYSQL)
JSON = sa.Text().with_variant(mysql.JSON(), *_MYSQL)
MONEY = sa.Text().with_variant(mysql.DECIMAL(15, 2), *_MYSQL)
HUNDREDTHS = sa.Text().with_variant(mysql.DECIMAL(3, 2), *_MYSQL)
TIME = sa.String(26).with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
FLAG = sa.SmallInteger().with_variant(mysql.TINYINT(1), *_MYSQL)
SEALED = sa.LargeBinary(1024).with_variant(mysql.VARBINARY(1024), *_MYSQL)


def code(length: int) -> TypeEngine[str]:
    """ASCII that is compared byte by byte."""
    return sa.String(length).with_variant(mysql.VARCHAR(length, **_ASCII), *_MYSQL)


def text(length: int) -> TypeEngine[str]:
    """Text of any script that is compared byte by byte."""
    return sa.String(length).with_variant(mysql.VARCHAR(length, **_TEXT), *_MYSQL)


def choice(constraint: str, *words: str) -> TypeEngine[str]:
    """ENUM on MySQL, a CHECK of that name on SQLite."""
    return sa.Enum(*words, name=op.f(constraint), create_constraint=True)


def column(name: str, type_: TypeEngine[Any], **options: Any) -> sa.Column[Any]:
    """A column, NOT NULL unless it says otherwise."""
    options.setdefault("nullable", False)
    return sa.Column(name, type_, **options)


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """A unique key, named after its columns."""
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def references(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    """A reference to the id of another table."""
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def check(name: str, rule: str) -> sa.CheckConstraint:
    """A rule that every row obeys."""
    return sa.CheckConstraint(rule, name=op.f(name))


def index(table: str, *columns: str) -> None:
    """An index, named after its columns."""
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def create_table(name: str, *parts: Any) -> None:
    """A table of InnoDB that compares text byte by byte."""
    op.create_table(
        name,
        *parts,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
    )


def upgrade() -> None:
    """Create every table, and the end of every audit chain."""
    _payments()
    _upi_transactions()
    _card_transactions()
    _fraud_assessments()
    _refunds()
    _reviews()
    _merchants()
    _api_keys()
    _idempotency_keys()
    _outbox_events()
    _webhook_endpoints()
    _webhook_deliveries()
    _webhook_attempts()
    _audit()
    _ledger()
    _coordination()
    _fraud_lists()
    heads = sa.table("audit_heads", sa.column("bucket"), sa.column("sequence"), sa.column("hash"))
    op.bulk_insert(
        heads,
        [{"bucket": bucket, "sequence": 0, "hash": "0" * 64} for bucket in range(BUCKETS)],
    )


def downgrade() -> None:
    """Drop every table, those that refer to others first."""
    for name in (
        "fraud_lists",
        "sequences",
        "replies",
        "leases",
        "ledger_entries",
        "ledger_transactions",
        "ledger_accounts",
        "audit_heads",
        "audit_log",
        "webhook_attempts",
        "webhook_deliveries",
        "webhook_endpoints",
        "outbox_events",
        "idempotency_keys",
        "api_keys",
        "merchants",
        "reviews",
        "refunds",
        "fraud_assessments",
        "card_transactions",
        "upi_transactions",
        "payments",
    ):
        op.drop_table(name)


def _payments() -> None:
    create_table(
        "payments",
        column("id", code(36)),
        column("user_id", text(64)),
        column("merchant_id", code(36)),
        column("amount", MONEY),
        column("currency", code(3)),
        column("payment_method", choice("ck_payments_payment_method", "UPI", "CARD", "WALLET")),
        column("status", choice("ck_payments_status", "PENDING", "SUCCESS", "FAILED", "EXPIRED")),
        column("external_txn_id", text(100), nullable=True),
        column("description", NOTE, nullable=True),
        column("metadata", JSON),
        column("created_at", TIME),
        column("updated_at", TIME),
        column("bucket", sa.SmallInteger()),
        column("stage", code(20)),
        column("version", sa.Integer()),
        column("flow", code(10), nullable=True),
        column("captured_amount", MONEY),
        column("refunded_amount", MONEY),
        column("failure_code", code(64), nullable=True),
        column("expires_at", TIME, nullable=True),
        column("livemode", FLAG),
        sa.PrimaryKeyConstraint("id"),
        check("ck_payments_refunded", "refunded_amount + 0 <= captured_amount + 0"),
        check("ck_payments_captured", "captured_amount + 0 <= amount + 0"),
        unique("payments", "external_txn_id", "merchant_id", "livemode"),
    )
    index("payments", "merchant_id", "created_at", "livemode", "id")
    index("payments", "status", "expires_at", "bucket")
    index("payments", "user_id", "status")


def _upi_transactions() -> None:
    create_table(
        "upi_transactions",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code(36)),
        column("rail", code(64)),
        column("flow", code(10)),
        column("payer_vpa", code(255)),
        column("payee_vpa", code(255)),
        column("npci_txn_id", code(50)),
        column("link", NOTE, nullable=True),
        column("msg_id", code(50), nullable=True),
        column("rrn", code(12), nullable=True),
        column("bank_ref_id", text(64), nullable=True),
        column("approval_code", text(32), nullable=True),
        column("response_code", text(32), nullable=True),
        column("status_message", NOTE, nullable=True),
        column("outcome", code(20), nullable=True),
        column("checks_made", sa.Integer()),
        column("next_check_at", TIME, nullable=True),
        column("created_at", TIME),
        column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        unique("upi_transactions", "payment_id"),
        unique("upi_transactions", "npci_txn_id"),
        references("upi_transactions", "payment_id", "payments"),
    )
    index("upi_transactions", "next_check_at", "bucket")
    index("upi_transactions", "rrn")


def _card_transactions() -> None:
    create_table(
        "card_transactions",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code(36)),
        column("gateway", code(32)),
        column("kind", code(10)),
        column("amount", MONEY),
        column("card_token", code(64)),
        column("card_brand", code(20), nullable=True),
        column("card_type", code(20), nullable=True),
        column("last_four_digits", code(4), nullable=True),
        column("auth_code", text(32), nullable=True),
        column("gateway_txn_id", text(64), nullable=True),
        column("gateway_response", JSON, nullable=True),
        column("outcome", code(20), nullable=True),
        column("three_ds_status", code(20), nullable=True),
        column("created_at", TIME),
        column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        references("card_transactions", "payment_id", "payments"),
    )
    index("card_transactions", "card_token")
    index("card_transactions", "gateway_txn_id")
    index("card_transactions", "payment_id")


def _fraud_assessments() -> None:
    create_table(
        "fraud_assessments",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code(36)),
        column("risk_score", HUNDREDTHS),
        column(
            "risk_level",
            choice(
                "ck_fraud_assessments_risk_level",
                "VERY_LOW",
                "LOW",
                "MEDIUM",
                "HIGH",
                "VERY_HIGH",
            ),
        ),
        column("model_version", text(64)),
        column("features", JSON),
        column("violations", JSON),
        column("reasons", JSON),
        column("decision", choice("ck_fraud_assessments_decision", "APPROVE", "DECLINE", "REVIEW")),
        column("challenger_version", text(64), nullable=True),
        column("challenger_score", HUNDREDTHS, nullable=True),
        column("latency_us", sa.BigInteger()),
        column("features_stale", FLAG),
        column("processed_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        unique("fraud_assessments", "payment_id"),
        references("fraud_assessments", "payment_id", "payments"),
    )
    index("fraud_assessments", "processed_at")
    index("fraud_assessments", "risk_level", "processed_at")


def _refunds() -> None:
    create_table(
        "refunds",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code(36)),
        column("merchant_id", code(36)),
        column("amount", MONEY),
        column("currency", code(3)),
        column("status", code(10)),
        column("origin", code(20)),
        column("reason", NOTE, nullable=True),
        column("metadata", JSON),
        column("npci_txn_id", code(50)),
        column("msg_id", code(50), nullable=True),
        column("rrn", code(12), nullable=True),
        column("response_code", text(32), nullable=True),
        column("failure_code", code(64), nullable=True),
        column("outcome", code(20), nullable=True),
        column("needs_attention", FLAG),
        column("checks_made", sa.Integer()),
        column("next_check_at", TIME, nullable=True),
        column("livemode", FLAG),
        column("created_at", TIME),
        column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        unique("refunds", "npci_txn_id"),
        references("refunds", "payment_id", "payments"),
    )
    index("refunds", "merchant_id", "created_at", "livemode", "id")
    index("refunds", "next_check_at", "bucket")
    index("refunds", "payment_id", "created_at", "id")


def _reviews() -> None:
    create_table(
        "reviews",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code(36)),
        column("decision", choice("ck_reviews_decision", "APPROVE", "DECLINE", "REVIEW")),
        column("reviewer", text(255)),
        column("note", NOTE, nullable=True),
        column("at", TIME),
        sa.PrimaryKeyConstraint("id"),
        references("reviews", "payment_id", "payments"),
    )
    index("reviews", "payment_id", "at", "id")


def _merchants() -> None:
    create_table(
        "merchants",
        column("id", code(36)),
        column("name", text(255)),
        column("legal_name", text(255)),
        column("category_code", code(10)),
        column("payee_vpa", code(255)),
        column("account_number", code(40)),
        column("account_ifsc", code(11)),
        column("account_type", code(20)),
        column("rail", code(64)),
        column("fee_basis_points", sa.Integer()),
        column("fee_fixed", MONEY),
        column("gst_basis_points", sa.Integer()),
        column("api_version", code(20)),
        column("active", FLAG),
        column("created_at", TIME),
        column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id"),
    )
    index("merchants", "created_at", "id")
    index("merchants", "payee_vpa")


def _api_keys() -> None:
    create_table(
        "api_keys",
        column("id", code(36)),
        column("merchant_id", code(36)),
        column("secret_hash", code(128)),
        column("hint", code(8)),
        column("scopes", JSON),
        column("livemode", FLAG),
        column("created_at", TIME),
        column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        unique("api_keys", "secret_hash"),
    )
    index("api_keys", "merchant_id", "created_at", "id")


def _idempotency_keys() -> None:
    create_table(
        "idempotency_keys",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("merchant_id", code(36)),
        column("livemode", FLAG),
        column("idempotency_key", text(255)),
        column("route", text(255)),
        column("request_hash", code(64)),
        column("status", code(10)),
        column("response_status", sa.Integer(), nullable=True),
        column("response_body", BODY, nullable=True),
        column("object_id", code(36), nullable=True),
        column("running_until", TIME),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("merchant_id", "livemode", "idempotency_key"),
        unique("idempotency_keys", "id"),
    )
    index("idempotency_keys", "created_at")


def _outbox_events() -> None:
    create_table(
        "outbox_events",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("merchant_id", code(36)),
        column("payment_id", code(36)),
        column("sequence", sa.Integer()),
        column("type", code(40)),
        column("body", BODY),
        column("livemode", FLAG),
        column("relayed", FLAG),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        unique("outbox_events", "payment_id", "sequence"),
    )
    index("outbox_events", "merchant_id", "created_at", "livemode", "id")
    index("outbox_events", "relayed", "bucket", "id")


def _webhook_endpoints() -> None:
    create_table(
        "webhook_endpoints",
        column("id", code(36)),
        column("merchant_id", code(36)),
        column("url", text(2048)),
        column("event_types", JSON),
        column("description", NOTE, nullable=True),
        column("sealed_secret", SEALED),
        column("sealed_previous_secret", SEALED, nullable=True),
        column("previous_secret_until", TIME, nullable=True),
        column("enabled", FLAG),
        column("disabled_reason", text(255), nullable=True),
        column("livemode", FLAG),
        column("version", sa.Integer()),
        column("created_at", TIME),
        column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id"),
    )
    index("webhook_endpoints", "merchant_id", "created_at", "livemode", "id")


def _webhook_deliveries() -> None:
    create_table(
        "webhook_deliveries",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("event_id", code(36)),
        column("endpoint_id", code(36)),
        column("merchant_id", code(36)),
        column("payment_id", code(36)),
        column("sequence", sa.Integer()),
        column("status", code(12)),
        column("attempts", sa.Integer()),
        column("next_attempt_at", TIME, nullable=True),
        column("last_status_code", sa.Integer(), nullable=True),
        column("last_error", text(255), nullable=True),
        column("livemode", FLAG),
        column("created_at", TIME),
        column("updated_at", TIME),
        column("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    index("webhook_deliveries", "endpoint_id", "created_at", "id")
    index("webhook_deliveries", "endpoint_id", "payment_id", "status", "sequence")
    index("webhook_deliveries", "event_id", "created_at", "id")
    index("webhook_deliveries", "status", "next_attempt_at", "bucket")


def _webhook_attempts() -> None:
    create_table(
        "webhook_attempts",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("delivery_id", code(36)),
        column("event_id", code(36)),
        column("endpoint_id", code(36)),
        column("attempt", sa.Integer()),
        column("status_code", sa.Integer(), nullable=True),
        column("error", text(255), nullable=True),
        column("duration_ms", sa.BigInteger()),
        column("at", TIME),
        sa.PrimaryKeyConstraint("id"),
        unique("webhook_attempts", "delivery_id", "attempt"),
    )


def _audit() -> None:
    create_table(
        "audit_log",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("sequence", sa.Integer()),
        column("payment_id", code(36), nullable=True),
        column("merchant_id", code(36), nullable=True),
        column("user_id", text(255)),
        column("action", text(100)),
        column("status", text(64)),
        column("ip_address", code(45), nullable=True),
        column("user_agent", NOTE, nullable=True),
        column("metadata", JSON),
        column("timestamp", TIME),
        column("previous_hash", code(64)),
        column("hash", code(64)),
        sa.PrimaryKeyConstraint("id"),
        unique("audit_log", "bucket", "sequence"),
    )
    index("audit_log", "merchant_id", "timestamp", "id")
    index("audit_log", "payment_id", "timestamp", "id")
    create_table(
        "audit_heads",
        column("bucket", sa.SmallInteger(), autoincrement=False),
        column("sequence", sa.Integer()),
        column("hash", code(64)),
        sa.PrimaryKeyConstraint("bucket"),
    )


def _ledger() -> None:
    create_table(
        "ledger_accounts",
        column("id", code(160)),
        column("stripe", sa.Integer(), autoincrement=False),
        column("chart", code(32)),
        column("kind", code(10)),
        column("owner", code(64)),
        column("currency", code(3)),
        column("livemode", FLAG),
        column("debits_minor", sa.BigInteger()),
        column("credits_minor", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", "stripe"),
    )
    index("ledger_accounts", "livemode", "id")
    index("ledger_accounts", "owner", "livemode", "id")
    create_table(
        "ledger_transactions",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code(36)),
        column("refund_id", code(36), nullable=True),
        column("kind", code(32)),
        column("reverses", code(64), nullable=True),
        column("currency", code(3)),
        column("livemode", FLAG),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        references("ledger_transactions", "payment_id", "payments"),
    )
    index("ledger_transactions", "livemode", "created_at", "id")
    index("ledger_transactions", "payment_id", "created_at", "id")
    create_table(
        "ledger_entries",
        column("id", code(36)),
        column("bucket", sa.SmallInteger()),
        column("transaction_id", code(36)),
        column("position", sa.Integer()),
        column("account_id", code(160)),
        column("direction", code(6)),
        column("amount_minor", sa.BigInteger()),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        check("ck_ledger_entries_positive", "amount_minor > 0"),
        unique("ledger_entries", "transaction_id", "position"),
        references("ledger_entries", "transaction_id", "ledger_transactions"),
    )
    index("ledger_entries", "account_id", "created_at", "transaction_id")


def _coordination() -> None:
    create_table(
        "leases",
        column("name", code(100)),
        column("holder", text(255)),
        column("token", sa.BigInteger()),
        column("expires_at", TIME),
        sa.PrimaryKeyConstraint("name"),
    )
    create_table(
        "replies",
        column("message_id", code(64)),
        column("reply", JSON),
        column("expires_at", TIME),
        sa.PrimaryKeyConstraint("message_id"),
    )
    index("replies", "expires_at")
    create_table(
        "sequences",
        column("name", code(64)),
        column("next_value", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name"),
    )


def _fraud_lists() -> None:
    create_table(
        "fraud_lists",
        column("id", code(36)),
        column("merchant_id", code(36), nullable=True),
        column("kind", code(10)),
        column("field", code(20)),
        column("value", text(255)),
        column("note", NOTE, nullable=True),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("id"),
    )
    index("fraud_lists", "field", "value")
    index("fraud_lists", "merchant_id", "created_at", "id")
