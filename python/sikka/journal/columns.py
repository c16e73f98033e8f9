"""The kinds of column of the schema, each with its type on MySQL, MariaDB and SQLite.

A column's `info` is what `sikka_rows.Column` takes beside the name: the kind under which its
values are carried, and their bound. MySQL enforces the bounds by itself; SQLite has none, and
what one database takes the other must not refuse.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Enum, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

_MYSQL = ("mysql", "mariadb")
_TEXT: dict[str, Any] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
_ASCII: dict[str, Any] = {"charset": "ascii", "collation": "ascii_bin"}

ID_LENGTH = 36
NOTE_BYTES_MAX = 65_535
SEALED_BYTES_MAX = 1_024
FILE_BYTES_MAX = 2**24 - 1


def _column(
    name: str, kind: str, type_: TypeEngine[Any], options: dict[str, Any], **bound: int
) -> Column[Any]:
    options.setdefault("nullable", False)
    return Column(name, type_, info={"kind": kind, **bound}, **options)


def code(name: str, length: int = ID_LENGTH, /, *arguments: Any, **options: Any) -> Column[Any]:
    """Text of ASCII that is compared byte by byte: ids, codes, names of states."""
    type_ = String(length).with_variant(mysql.VARCHAR(length, **_ASCII), *_MYSQL)
    options.setdefault("nullable", False)
    info = {"kind": "text", "characters_max": length, "is_ascii": True}
    return Column(name, type_, *arguments, info=info, **options)


def text(name: str, length: int, **options: Any) -> Column[Any]:
    """Text of any script with a bound, compared byte by byte."""
    type_ = String(length).with_variant(mysql.VARCHAR(length, **_TEXT), *_MYSQL)
    return _column(name, "text", type_, options, characters_max=length)


def note(name: str, **options: Any) -> Column[Any]:
    """Text of up to 64 KiB that is never searched; nullable."""
    options.setdefault("nullable", True)
    type_ = Text().with_variant(mysql.TEXT(**_TEXT), *_MYSQL)
    return _column(name, "text", type_, options, bytes_max=NOTE_BYTES_MAX)


def body(name: str, **options: Any) -> Column[Any]:
    """Text that is kept and sent again byte for byte."""
    type_ = Text().with_variant(mysql.LONGTEXT(**_TEXT), *_MYSQL)
    return _column(name, "text", type_, options)


def json(name: str, **options: Any) -> Column[Any]:
    """A JSON document."""
    return _column(name, "json", Text().with_variant(mysql.JSON(), *_MYSQL), options)


def money(name: str, **options: Any) -> Column[Any]:
    """An amount with two decimals; exact on either database."""
    return _column(name, "money", Text().with_variant(mysql.DECIMAL(15, 2), *_MYSQL), options)


def hundredths(name: str, **options: Any) -> Column[Any]:
    """A number from 0.00 to 9.99."""
    type_ = Text().with_variant(mysql.DECIMAL(3, 2), *_MYSQL)
    return _column(name, "money", type_, options, value_max=999)


def time(name: str, **options: Any) -> Column[Any]:
    """A moment in UTC, to the microsecond."""
    return _column(name, "time", String(26).with_variant(mysql.DATETIME(fsp=6), *_MYSQL), options)


def flag(name: str, **options: Any) -> Column[Any]:
    """True or false."""
    return _column(name, "bool", SmallInteger().with_variant(mysql.TINYINT(1), *_MYSQL), options)


def number(name: str, **options: Any) -> Column[Any]:
    """A whole number of 32 bits."""
    return _column(name, "int", Integer(), options, value_max=2**31 - 1)


def big(name: str, **options: Any) -> Column[Any]:
    """A whole number of 64 bits; amounts in minor units among them."""
    return _column(name, "int", BigInteger(), options)


def bucket(**options: Any) -> Column[Any]:
    """The shard bucket, 0 to 4095."""
    return _column("bucket", "int", SmallInteger(), options, value_max=2**15 - 1)


def choice(name: str, values: type[StrEnum], **options: Any) -> Column[Any]:
    """One of a closed set of words: ENUM on MySQL, a CHECK on SQLite."""
    words = [member.value for member in values]
    return _column(name, "text", Enum(*words, name=name, create_constraint=True), options)


def sealed(name: str, **options: Any) -> Column[Any]:
    """Bytes, up to 1 KiB."""
    type_ = LargeBinary(SEALED_BYTES_MAX)
    type_ = type_.with_variant(mysql.VARBINARY(SEALED_BYTES_MAX), *_MYSQL)
    return _column(name, "bytes", type_, options, bytes_max=SEALED_BYTES_MAX)


def file(name: str, **options: Any) -> Column[Any]:
    """Bytes, up to 16 MiB."""
    type_ = LargeBinary(FILE_BYTES_MAX).with_variant(mysql.MEDIUMBLOB(), *_MYSQL)
    return _column(name, "bytes", type_, options, bytes_max=FILE_BYTES_MAX)
