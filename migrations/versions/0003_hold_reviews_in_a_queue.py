"""Hold reviews in a queue: who has them in hand, until when, and what was noted.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_MYSQL = ("mysql", "mariadb")
_TEXT: dict[str, Any] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
_ASCII: dict[str, Any] = {"charset": "ascii", "collation": "ascii_bin"}

NOTE = sa.Text().with_variant(mysql.TEXT(**_TEXT), *_MYSQL)
TIME = sa.String(26).with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
FLAG = sa.SmallInteger().with_variant(mysql.TINYINT(1), *_MYSQL)


def code(length: int = 36) -> TypeEngine[str]:
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


def references(table: str) -> sa.ForeignKeyConstraint:
    """A reference to the payment."""
    return sa.ForeignKeyConstraint(
        ["payment_id"], ["payments.id"], name=op.f(f"fk_{table}_payment_id")
    )


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
    """Make a review of every payment that was ever held, and notes of what was said."""
    # A copy, since a table that is renamed keeps the names of its constraints.
    op.execute("CREATE TABLE reviews_before AS SELECT * FROM reviews")
    op.drop_table("reviews")
    _create_queue()
    op.execute(
        "INSERT INTO reviews (payment_id, bucket, merchant_id, livemode, risk_level, status,"
        " revision, notes_made, decision_key_id, decided_at, created_at, due_at)"
        " SELECT p.id, p.bucket, p.merchant_id, p.livemode, a.risk_level,"
        " CASE WHEN p.stage = 'in_review' THEN 'waiting' WHEN r.decision = 'APPROVE' THEN"
        " 'approved' WHEN r.decision = 'DECLINE' THEN 'declined' ELSE 'expired' END,"
        " 1, CASE WHEN r.note IS NULL THEN 0 ELSE 1 END, r.reviewer,"
        " CASE WHEN p.stage = 'in_review' THEN NULL ELSE COALESCE(r.at, p.updated_at) END,"
        " p.created_at, COALESCE(p.expires_at, p.created_at)"
        " FROM fraud_assessments a JOIN payments p ON p.id = a.payment_id"
        " LEFT JOIN reviews_before r ON r.payment_id = p.id WHERE a.decision = 'REVIEW'"
    )
    op.execute(
        "INSERT INTO review_notes (id, bucket, payment_id, key_id, text, created_at)"
        " SELECT REPLACE(id, 'rev_', 'rvn_'), bucket, payment_id, reviewer, note, at"
        " FROM reviews_before WHERE note IS NOT NULL"
    )
    op.drop_table("reviews_before")


def _create_queue() -> None:
    create_table(
        "reviews",
        column("payment_id", code()),
        column("bucket", sa.SmallInteger()),
        column("merchant_id", code()),
        column("livemode", FLAG),
        column(
            "risk_level",
            choice("ck_reviews_risk_level", "VERY_LOW", "LOW", "MEDIUM", "HIGH", "VERY_HIGH"),
        ),
        column("status", code(10)),
        column("revision", sa.Integer()),
        column("expires_in_s", sa.Integer(), nullable=True),
        column("notes_made", sa.Integer()),
        column("claim_key_id", code(64), nullable=True),
        column("claim_reviewer", text(64), nullable=True),
        column("claimed_until", TIME, nullable=True),
        column("decision_key_id", code(64), nullable=True),
        column("decision_reviewer", text(64), nullable=True),
        column("decided_at", TIME, nullable=True),
        column("created_at", TIME),
        column("due_at", TIME),
        sa.PrimaryKeyConstraint("payment_id"),
        references("reviews"),
    )
    index("reviews", "merchant_id", "livemode", "status", "due_at", "payment_id")
    index("reviews", "merchant_id", "livemode", "status", "created_at", "payment_id")
    create_table(
        "review_notes",
        column("id", code()),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code()),
        column("key_id", code(64)),
        column("reviewer", text(64), nullable=True),
        column("text", NOTE),
        column("created_at", TIME),
        sa.PrimaryKeyConstraint("id"),
        references("review_notes"),
    )
    index("review_notes", "payment_id", "created_at", "id")


def downgrade() -> None:
    """Keep of each review its decision alone, under the key, with the note that came with it."""
    op.execute("CREATE TABLE reviews_after AS SELECT * FROM reviews")
    op.execute("CREATE TABLE notes_after AS SELECT * FROM review_notes")
    op.drop_table("review_notes")
    op.drop_table("reviews")
    create_table(
        "reviews",
        column("id", code()),
        column("bucket", sa.SmallInteger()),
        column("payment_id", code()),
        column("decision", choice("ck_reviews_decision", "APPROVE", "DECLINE", "REVIEW")),
        column("reviewer", text(255)),
        column("note", NOTE, nullable=True),
        column("at", TIME),
        sa.PrimaryKeyConstraint("id"),
        references("reviews"),
    )
    index("reviews", "payment_id", "at", "id")
    op.execute(
        "INSERT INTO reviews (id, bucket, payment_id, decision, reviewer, note, at)"
        " SELECT REPLACE(r.payment_id, 'pay_', 'rev_'), r.bucket, r.payment_id,"
        " CASE r.status WHEN 'approved' THEN 'APPROVE' ELSE 'DECLINE' END, r.decision_key_id,"
        " (SELECT MAX(n.text) FROM notes_after n"
        " WHERE n.payment_id = r.payment_id AND n.created_at = r.decided_at), r.decided_at"
        " FROM reviews_after r WHERE r.decision_key_id IS NOT NULL"
    )
    op.drop_table("notes_after")
    op.drop_table("reviews_after")
