"""The kinds of column of the schema, each with its type on MySQL, MariaDB and SQLite.

`info["kind"]` of a column names the kind under which `sikka_rows` carries its values.
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


def _column(name: str, kind: str, type_: TypeEngine[Any], options: dict[str, Any]) -> Column[Any]:
    options.setdefault("nullable", False)
    return Column(name, type_, info={"kind": kind}, **options)


def code(name: str, length: int = ID_LENGTH, /, *arguments: Any, **options: Any) -> Column[Any]:
    """Text of ASCII that is compared byte by byte: ids, codes, names of states."""
    type_ = String(length).with_variant(mysql.VARCHAR(length, **_ASCII), *_MYSQL)
    options.setdefault("nullable", False)
    return Column(name, type_, *arguments, info={"kind": "text"}, **options)


def text(name: str, length: int, **options: Any) -> Column[Any]:
    """Text of any script with a bound, compared byte by byte."""
    type_ = String(length).with_variant(mysql.VARCHAR(length, **_TEXT), *_MYSQL)
    return _column(name, "text", type_, options)


def note(name: str, **options: Any) -> Column[Any]:
    """Text of up to 64 KiB that is never searched; nullable."""
    options.setdefault("nullable", True)
    return _column(name, "text", Text().with_variant(mysql.TEXT(**_TEXT), *_MYSQL), options)


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
    return _column(name, "money", Text().with_variant(mysql.DECIMAL(3, 2), *_MYSQL), options)


def time(name: str, **options: Any) -> Column[Any]:
    """A moment in UTC, to the microsecond."""
    return _column(name, "time", String(26).with_variant(mysql.DATETIME(fsp=6), *_MYSQL), options)


def flag(name: str, **options: Any) -> Column[Any]:
    """True or false."""
    return _column(name, "bool", SmallInteger().with_variant(mysql.TINYINT(1), *_MYSQL), options)


def number(name: str, **options: Any) -> Column[Any]:
    """A whole number of 32 bits."""
    return _column(name, "int", Integer(), options)


def big(name: str, **options: Any) -> Column[Any]:
    """A whole number of 64 bits; amounts in minor units among them."""
    return _column(name, "int", BigInteger(), options)


def bucket(**options: Any) -> Column[Any]:
    """The shard bucket, 0 to 4095."""
    return _column("bucket", "int", SmallInteger(), options)


def choice(name: str, values: type[StrEnum], **options: Any) -> Column[Any]:
    """One of a closed set of words: ENUM on MySQL, a CHECK on SQLite."""
    words = [member.value for member in values]
    return _column(name, "text", Enum(*words, name=name, create_constraint=True), options)


def sealed(name: str, **options: Any) -> Column[Any]:
    """Bytes, up to 1 KiB."""
    type_ = LargeBinary(1024).with_variant(mysql.VARBINARY(1024), *_MYSQL)
    return _column(name, "bytes", type_, options)
