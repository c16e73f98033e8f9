"""Rows of payments for the bench of rows, and their table as either side knows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    String,
    Text,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import mysql

from sikka_rows import Table

MOMENT = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)

# Both sides write and read JSON with the same library.
dumps = msgspec.json.Encoder().encode
loads = msgspec.json.Decoder().decode

# The columns of a payment, about as many and as mixed as in the schema.
COLUMNS = (
    ("id", "text"),
    ("bucket", "int"),
    ("merchant_id", "text"),
    ("user_id", "text"),
    ("amount", "money"),
    ("currency", "text"),
    ("payment_method", "text"),
    ("status", "text"),
    ("description", "text"),
    ("metadata", "json"),
    ("version", "int"),
    ("livemode", "bool"),
    ("captured_amount", "money"),
    ("expires_at", "time"),
    ("created_at", "time"),
    ("updated_at", "time"),
)
PAYMENTS = Table("payments", COLUMNS, dumps=dumps, loads=loads)


def dumps_text(value: Any) -> str:
    """JSON as SQLAlchemy wants it."""
    return dumps(value).decode()


def _moment(name: str) -> Column[Any]:
    return Column(name, DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"))


metadata = MetaData()
SQL_PAYMENTS = SqlTable(
    "payments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("bucket", Integer),
    Column("merchant_id", String(36)),
    Column("user_id", String(64)),
    Column("amount", Numeric(15, 2)),
    Column("currency", String(3)),
    Column("payment_method", String(10)),
    Column("status", String(20)),
    Column("description", Text),
    Column("metadata", JSON),
    Column("version", Integer),
    Column("livemode", Boolean),
    Column("captured_amount", Numeric(15, 2)),
    _moment("expires_at"),
    _moment("created_at"),
    _moment("updated_at"),
    mysql_charset="utf8mb4",
    mariadb_charset="utf8mb4",
)


def payment(number: int) -> tuple[Any, ...]:
    """One payment as sikka_rows takes it; every second one has a user and an end."""
    is_odd = number % 2 == 1
    return (
        f"pay_{number:026}",
        number % 4096,
        "mrc_00000000000000000000000001",
        f"user_{number}" if is_odd else None,
        129900 + number,
        "INR",
        "UPI",
        "PENDING",
        "Order ₹ 1299, Asha's",
        {"order": number, "note": "first"},
        1,
        True,
        0,
        MOMENT + timedelta(minutes=10) if is_odd else None,
        MOMENT,
        MOMENT,
    )


def as_mapping(row: tuple[Any, ...]) -> dict[str, Any]:
    """The same payment as SQLAlchemy's own types take it."""
    mapping = {}
    for (name, kind), value in zip(COLUMNS, row, strict=True):
        if value is None:
            mapping[name] = None
        elif kind == "money":
            mapping[name] = Decimal(value) / 100
        elif kind == "time":
            mapping[name] = value.replace(tzinfo=None)
        else:
            mapping[name] = value
    return mapping
