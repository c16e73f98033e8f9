"""Keep what monitoring finds of models, and the source's own name of a label.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_MYSQL = ("mysql", "mariadb")
_TEXT: dict[str, Any] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
_ASCII: dict[str, Any] = {"charset": "ascii", "collation": "ascii_bin"}

JSON = sa.Text().with_variant(mysql.JSON(), *_MYSQL)
TIME = sa.String(26).with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
ID = sa.String(36).with_variant(mysql.VARCHAR(36, **_ASCII), *_MYSQL)


def text(length: int) -> TypeEngine[str]:
    """Text of any script that is compared byte by byte."""
    return sa.String(length).with_variant(mysql.VARCHAR(length, **_TEXT), *_MYSQL)


def upgrade() -> None:
    """Name labels as their source does, once each, and create the table of reports."""
    op.add_column("fraud_labels", sa.Column("reference", text(100), nullable=True))
    op.create_index(
        op.f("ix_fraud_labels_payment_id_reference_fraud"),
        "fraud_labels",
        ("payment_id", "reference", "fraud"),
        unique=True,
    )
    op.create_table(
        "fraud_reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("model_version", text(64), nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model_version", name=op.f("uq_fraud_reports_model_version")),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
    )
    op.create_index(op.f("ix_fraud_reports_made_at_id"), "fraud_reports", ("made_at", "id"))


def downgrade() -> None:
    """Take it back; the labels stay, without their source's name."""
    op.drop_table("fraud_reports")
    op.drop_index(op.f("ix_fraud_labels_payment_id_reference_fraud"), "fraud_labels")
    op.drop_column("fraud_labels", "reference")
