"""Keep what decides about fraud: rules, lists, thresholds, models, labels.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_MYSQL = ("mysql", "mariadb")
_TEXT: dict[str, Any] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
_ASCII: dict[str, Any] = {"charset": "ascii", "collation": "ascii_bin"}

NOTE = sa.Text().with_variant(mysql.TEXT(**_TEXT), *_MYSQL)
JSON = sa.Text().with_variant(mysql.JSON(), *_MYSQL)
MONEY = sa.Text().with_variant(mysql.DECIMAL(15, 2), *_MYSQL)
HUNDREDTHS = sa.Text().with_variant(mysql.DECIMAL(3, 2), *_MYSQL)
TIME = sa.String(26).with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
FLAG = sa.SmallInteger().with_variant(mysql.TINYINT(1), *_MYSQL)
FILE = sa.LargeBinary(2**24 - 1).with_variant(mysql.MEDIUMBLOB(), *_MYSQL)


def code(length: int = 36) -> TypeEngine[str]:
    """ASCII that is compared byte by byte."""
    return sa.String(length).with_variant(mysql.VARCHAR(length, **_ASCII), *_MYSQL)


def text(length: int) -> TypeEngine[str]:
    """Text of any script that is compared byte by byte."""
    return sa.String(length).with_variant(mysql.VARCHAR(length, **_TEXT), *_MYSQL)


def column(name: str, type_: TypeEngine[Any], **options: Any) -> sa.Column[Any]:
    """A column, NOT NULL unless it says otherwise."""
    options.setdefault("nullable", False)
    return sa.Column(name, type_, **options)


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


# What an assessment keeps beside what it always did; absent from assessments before it.
ASSESSED: tuple[tuple[str, TypeEngine[Any]], ...] = (
    ("challenger_score_millionths", sa.Integer()),
    ("model_score_millionths", sa.Integer()),
    ("shadow", JSON),
    ("instrument", text(255)),
    ("device_fingerprint", text(255)),
    ("ip_address", code(45)),
    ("latitude_microdegrees", sa.Integer()),
    ("longitude_microdegrees", sa.Integer()),
    ("revision", sa.Integer()),
)


def upgrade() -> None:
    """Widen the assessments and the lists, and create what is beside them."""
    op.drop_column("fraud_assessments", "challenger_score")
    for name, type_ in ASSESSED:
        op.add_column("fraud_assessments", column(name, type_, nullable=True))
    _widen_lists()
    _policy()
    _models()
    _labels()
    revisions = sa.table("fraud_revisions", sa.column("id"), sa.column("revision"))
    op.bulk_insert(revisions, [{"id": "fraud", "revision": 1}])


def downgrade() -> None:
    """Take it back. Entries of lists that were taken off, and all that is beside, are gone."""
    for name in (
        "fraud_labels",
        "fraud_model_files",
        "fraud_models",
        "fraud_thresholds",
        "fraud_rules",
        "fraud_revisions",
    ):
        op.drop_table(name)
    _narrow_lists()
    for name, _ in ASSESSED:
        op.drop_column("fraud_assessments", name)
    op.add_column("fraud_assessments", column("challenger_score", HUNDREDTHS, nullable=True))


def _set_lists_aside() -> None:
    for columns in (("field", "value"), ("merchant_id", "created_at", "id")):
        op.drop_index(op.f(f"ix_fraud_lists_{'_'.join(columns)}"), "fraud_lists")
    op.rename_table("fraud_lists", "fraud_lists_before")


def _widen_lists() -> None:
    _set_lists_aside()
    create_table(
        "fraud_lists",
        column("id", code()),
        column("bucket", sa.SmallInteger()),
        column("merchant_id", code(), nullable=True),
        column("kind", code(10)),
        column("field", code(20)),
        column("value", text(255)),
        column("reason", NOTE, nullable=True),
        column("created_by", text(255)),
        column("created_at", TIME),
        column("expires_at", TIME, nullable=True),
        column("removed_at", TIME, nullable=True),
        column("revision", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    index("fraud_lists", "field", "value")
    index("fraud_lists", "merchant_id", "created_at", "id")
    index("fraud_lists", "removed_at", "created_at", "id")
    index("fraud_lists", "revision")
    op.execute(
        "INSERT INTO fraud_lists (id, bucket, merchant_id, kind, field, value, reason,"
        " created_by, created_at, revision)"
        " SELECT id, 0, merchant_id, kind, CASE field WHEN 'user_id' THEN 'user' ELSE field END,"
        " value, note, 'migration', created_at, 1 FROM fraud_lists_before"
    )
    op.drop_table("fraud_lists_before")


def _narrow_lists() -> None:
    for name in ("removed_at_created_at_id", "revision"):
        op.drop_index(op.f(f"ix_fraud_lists_{name}"), "fraud_lists")
    _set_lists_aside()
    create_table(
        "fraud_lists",
        column("id", code()),
        column("merchant_id", code(), nullable=True),
        column("kind", code(10)),
        column("field", code(20)),
        column("value", text(255)),
        column("note", NOTE, nullable=True),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("id"),
    )
    index("fraud_lists", "field", "value")
    index("fraud_lists", "merchant_id", "created_at", "id")
    op.execute(
        "INSERT INTO fraud_lists (id, merchant_id, kind, field, value, note, created_at)"
        " SELECT id, merchant_id, kind, CASE field WHEN 'user' THEN 'user_id' ELSE field END,"
        " value, reason, created_at FROM fraud_lists_before WHERE removed_at IS NULL"
    )
    op.drop_table("fraud_lists_before")


def _policy() -> None:
    create_table(
        "fraud_revisions",
        column("id", code()),
        column("revision", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    create_table(
        "fraud_rules",
        column("id", code()),
        column("bucket", sa.SmallInteger()),
        column("merchant_id", code(), nullable=True),
        column("name", code(64)),
        column("version", sa.Integer()),
        column("state", code(10)),
        column("expression", NOTE),
        column(
            "decision",
            sa.Enum(
                "APPROVE",
                "DECLINE",
                "REVIEW",
                name=op.f("ck_fraud_rules_decision"),
                create_constraint=True,
            ),
        ),
        column("reason", text(255)),
        column("backtest", JSON, nullable=True),
        column("created_by", text(255)),
        column("created_at", TIME),
        column("updated_at", TIME),
        column("revision", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    index("fraud_rules", "merchant_id", "created_at", "id")
    index("fraud_rules", "name", "version")
    index("fraud_rules", "revision")
    index("fraud_rules", "state", "created_at", "id")
    create_table(
        "fraud_thresholds",
        column("id", code()),
        column("review_score_hundredths", sa.Integer()),
        column("decline_score_hundredths", sa.Integer()),
        column("review_amount", MONEY, nullable=True),
        column("decline_amount", MONEY, nullable=True),
        column("updated_by", text(255)),
        column("updated_at", TIME),
        column("revision", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    index("fraud_thresholds", "revision")


def _models() -> None:
    create_table(
        "fraud_models",
        column("id", code()),
        column("bucket", sa.SmallInteger()),
        column("version", code(64)),
        column("checksum", code(64)),
        column("schema_version", sa.Integer()),
        column("training_data_hash", code(64)),
        column("document", JSON),
        column("state", code(12)),
        column("share_percent", sa.Integer()),
        column("created_by", text(255)),
        column("created_at", TIME),
        column("updated_at", TIME),
        column("promoted_by", text(255), nullable=True),
        column("promoted_at", TIME, nullable=True),
        column("revision", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("version", name=op.f("uq_fraud_models_version")),
    )
    index("fraud_models", "created_at", "id")
    index("fraud_models", "revision")
    index("fraud_models", "state", "promoted_at")
    create_table(
        "fraud_model_files",
        column("id", code()),
        column("content", FILE),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["id"], ["fraud_models.id"], name=op.f("fk_fraud_model_files_id")),
    )


def _labels() -> None:
    create_table(
        "fraud_labels",
        column("id", code()),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code()),
        column("merchant_id", code()),
        column("fraud", FLAG),
        column("source", code(12)),
        column("reason", NOTE, nullable=True),
        column("known_at", TIME),
        column("created_by", text(255)),
        column("created_at", TIME),
        column("livemode", FLAG),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_fraud_labels_payment_id")
        ),
    )
    index("fraud_labels", "created_at", "id")
    index("fraud_labels", "merchant_id", "created_at", "livemode", "id")
    index("fraud_labels", "payment_id", "known_at", "id")
