"""The largest values of every type of the schema are kept; one more is refused, nothing written."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncmy.errors
import pytest

from sikka_rows import Column, Table
from sikka_rows.statements import SQLITE_PARAMETERS_MAX
from sikka_rows.table import STATEMENT_BYTES_MAX
from tests.rows.databases import MariaDbSession, things

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rows.databases import Database, Sqlite

THINGS = things()
STRICT = "STRICT_ALL_TABLES"
# Out of range, for the key as well; no such character; too long; no JSON.
REFUSALS = {167, 1264, 1366, 1406, 4025}
KILOBYTE = 1024
PACKET_BYTES_MAX = 1024 * KILOBYTE

LIMITS = Table(
    "limits",
    [
        Column("id", "int", value_max=2**31 - 1),
        Column("small", "int", value_max=2**15 - 1),
        Column("big", "int"),
        Column("flag", "bool"),
        Column("code", "text", characters_max=36, is_ascii=True),
        Column("text", "text", characters_max=255),
        Column("note", "text", bytes_max=65_535),
        Column("body", "text"),
        Column("document", "json"),
        Column("amount", "money"),
        Column("hundredths", "money", value_max=999),
        Column("at", "time"),
        Column("seal", "bytes", bytes_max=1_024),
    ],
)
MARIADB_DDL = """
CREATE TABLE limits (
    id INTEGER NOT NULL PRIMARY KEY, small SMALLINT, big BIGINT, flag TINYINT(1),
    code VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin, text VARCHAR(255), note TEXT,
    body LONGTEXT, document JSON, amount DECIMAL(15, 2), hundredths DECIMAL(3, 2),
    at DATETIME(6), seal VARBINARY(1024)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
"""
SQLITE_DDL = """
CREATE TABLE limits (
    id INTEGER NOT NULL PRIMARY KEY, small SMALLINT, big BIGINT, flag SMALLINT, code VARCHAR(36),
    text VARCHAR(255), note TEXT, body TEXT, document TEXT, amount TEXT, hundredths TEXT,
    at VARCHAR(26), seal BLOB
)
"""
PLACES = {name: place for place, name in enumerate(LIMITS.columns)}

FIRST = datetime(1000, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
LONG = "😀'\\" * (512 * KILOBYTE // 6)
LARGEST: tuple[Any, ...] = (
    2**31 - 1, 2**15 - 1, 2**63 - 1, True, "~" * 36, "😀" * 255, "'" * 65_535, LONG,
    {"text": LONG, "list": list(range(10_000))}, 10**15 - 1, 999, LAST, bytes(range(256)) * 4,
)  # fmt: skip
SMALLEST: tuple[Any, ...] = (
    -(2**31), -(2**15), -(2**63), False, "", "", "", "", {}, -(10**15) + 1, -999, FIRST, b"",
)  # fmt: skip
NOTHING = (0, *(None,) * (len(LARGEST) - 1))

ONE_OVER: list[tuple[str, Any, str]] = [
    ("id", 2**31, "takes an int from -2147483648 to 2147483647"),
    ("id", -(2**31) - 1, "takes an int from -2147483648 to 2147483647"),
    ("small", 2**15, "takes an int from -32768 to 32767"),
    ("big", 2**63, "takes an int of 64 bits, and this one is larger"),
    ("code", "a" * 37, "takes at most 36 characters"),
    ("code", "é", "takes ASCII alone"),
    ("text", "😀" * 256, "takes at most 255 characters"),
    ("text", "a" * 255 + " ", "takes at most 255 characters"),
    ("note", "a" * 65_536, "takes at most 65535 bytes of UTF-8"),
    ("note", "😀" * 16_384, "takes at most 65535 bytes of UTF-8"),
    ("amount", 10**15, "takes at most 15 digits of minor units"),
    ("hundredths", 1000, "takes at most 999 minor units"),
    ("at", FIRST.replace(year=999), "is outside the years 1000 to 9999 in UTC"),
    ("seal", bytes(1025), "takes at most 1024 bytes"),
]


@pytest.fixture
def limits(database: Database) -> Database:
    database.run(SQLITE_DDL if database.dialect == "sqlite" else MARIADB_DDL)
    return database


@pytest.fixture
def binding(mariadb_url: str) -> Iterator[MariaDbSession]:
    session = MariaDbSession(mariadb_url, binds=True)
    yield session
    session.close()


@pytest.fixture
def small_packets(mariadb: MariaDbSession) -> Iterator[MariaDbSession]:
    """A session on a server that takes packets of 1 MiB."""
    ((before,),) = mariadb.run("SELECT @@GLOBAL.max_allowed_packet")
    mariadb.run(f"SET GLOBAL max_allowed_packet = {PACKET_BYTES_MAX}")
    session = MariaDbSession(mariadb.url)
    yield session
    session.close()
    mariadb.run(f"SET GLOBAL max_allowed_packet = {before}")


def stored(database: Database) -> list[tuple[Any, ...]]:
    return LIMITS.decode(database.run("SELECT * FROM limits ORDER BY id"))


def larger(column: str, value: object) -> tuple[Any, ...]:
    place = PLACES[column]
    return (*LARGEST[:place], value, *LARGEST[place + 1 :])


def test_extreme_values_of_every_type_come_back_equal(limits: Database) -> None:
    rows = [SMALLEST, NOTHING, LARGEST]
    limits.run(LIMITS.insert(3, limits.style), LIMITS.insert_parameters(rows))
    assert stored(limits) == rows


def test_extreme_values_come_back_equal_row_by_row(limits: Database) -> None:
    rows = [SMALLEST, NOTHING, LARGEST]
    limits.run_many(LIMITS.insert(1, limits.style), LIMITS.encode(rows))
    assert stored(limits) == rows


def test_extreme_values_come_back_equal_bound_in_binary(binding: MariaDbSession) -> None:
    binding.run(MARIADB_DDL)
    rows = [SMALLEST, NOTHING, LARGEST]
    binding.run_many(LIMITS.insert(1, "format"), LIMITS.encode(rows))
    assert binding.run("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'") == [("Com_stmt_prepare", "1")]
    assert stored(binding) == rows


@pytest.mark.parametrize("sql_mode", [STRICT, f"{STRICT},NO_BACKSLASH_ESCAPES,ANSI_QUOTES"])
def test_extreme_values_come_back_equal_written_out(mariadb: MariaDbSession, sql_mode: str) -> None:
    mariadb.run(MARIADB_DDL)
    mariadb.set_up(sql_mode=sql_mode)
    rows = [SMALLEST, NOTHING, LARGEST]
    for statement in LIMITS.insert_written(rows):
        mariadb.run(statement)
    assert stored(mariadb) == rows
    (found,) = mariadb.run(
        "SELECT CHAR_LENGTH(text), LENGTH(text), LENGTH(note), LENGTH(seal), SHA2(body, 256)"
        " FROM limits ORDER BY id DESC LIMIT 1"
    )
    assert found == (255, 1_020, 65_535, 1_024, hashlib.sha256(LONG.encode()).hexdigest())


@pytest.mark.parametrize(("column", "value", "rule"), ONE_OVER)
def test_one_over_is_refused_alike_for_every_database(
    column: str, value: object, rule: str
) -> None:
    rows = [NOTHING, larger(column, value)]
    for encode in (LIMITS.encode, LIMITS.insert_parameters, LIMITS.insert_written):
        with pytest.raises(ValueError, match=rf"^limits\.{column}: \w+ {rule}$"):
            encode(rows)


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("id", "int", 2**31),
        ("id", "int", -(2**31) - 1),
        ("small", "int", 2**15),
        ("code", "text", "a" * 37),
        ("code", "text", "é"),
        ("text", "text", "😀" * 256),
        ("note", "text", "a" * 65_536),
        ("note", "text", "😀" * 16_384),
        ("hundredths", "money", 1000),
        ("seal", "bytes", bytes(1025)),
        ("document", "json", "no JSON"),
    ],
)
def test_the_server_agrees_that_it_is_one_over_and_writes_nothing(
    mariadb: MariaDbSession, column: str, kind: str, value: object
) -> None:
    mariadb.run(MARIADB_DDL)
    mariadb.set_up(sql_mode=STRICT)
    columns = [("id", "int")] if column == "id" else [("id", "int"), (column, kind)]
    rows: list[tuple[Any, ...]] = [(0,), (value,)] if column == "id" else [(0, None), (1, value)]
    unbounded = Table("limits", columns)
    (statement,) = unbounded.insert_written(rows)
    with pytest.raises(asyncmy.errors.MySQLError) as caught:
        mariadb.run(statement)
    assert caught.value.args[0] in REFUSALS
    assert mariadb.run("SELECT COUNT(*) FROM limits") == [(0,)]


def test_the_server_cuts_blanks_off_where_a_bound_refuses_them(mariadb: MariaDbSession) -> None:
    mariadb.run(MARIADB_DDL)
    mariadb.set_up(sql_mode=STRICT)
    unbounded = Table("limits", [("id", "int"), ("text", "text")])
    (statement,) = unbounded.insert_written([(1, "a" * 255 + "  ")])
    mariadb.run(statement)
    assert mariadb.run("SELECT LENGTH(text) FROM limits") == [(255,)]


def test_statements_of_full_packets_are_taken(small_packets: MariaDbSession) -> None:
    rows = [
        (f"thing_{number:04}", None, None, None, None, {"n": "x" * 9_990}, None, "k" * (number % 7))
        for number in range(300)
    ]
    statements = THINGS.insert_written(rows, bytes_max=PACKET_BYTES_MAX - 2)
    assert len(statements) == 3
    for statement in statements:
        small_packets.run(statement)
    names = ",".join(f"`{name}`" for name in THINGS.columns)
    assert THINGS.decode(small_packets.run(f"SELECT {names} FROM things ORDER BY id")) == rows


def row_of(size: int) -> tuple[Any, ...]:
    return ("thing_1", None, None, None, None, ["x" * size], None, None)


def room_in(bytes_max: int) -> int:
    """The size of a row that fills a statement to its last byte."""
    (shortest,) = THINGS.insert_written([row_of(0)])
    return bytes_max - len(shortest)


def test_a_statement_is_as_large_as_the_packet_and_no_larger(small_packets: MariaDbSession) -> None:
    room = room_in(PACKET_BYTES_MAX - 2)
    (fitting,) = THINGS.insert_written([row_of(room)], bytes_max=PACKET_BYTES_MAX - 2)
    small_packets.run(fitting)
    with pytest.raises(ValueError, match="^things: a row takes more than the 1048574 bytes of a"):
        THINGS.insert_written([row_of(1), row_of(room + 1)], bytes_max=PACKET_BYTES_MAX - 2)
    (over,) = THINGS.insert_written([row_of(room + 1)])
    with pytest.raises((asyncmy.errors.MySQLError, OSError)):
        small_packets.run(over)


def test_a_statement_is_as_large_as_a_server_takes_by_default(mariadb: MariaDbSession) -> None:
    assert mariadb.run("SELECT @@max_allowed_packet") == [(STATEMENT_BYTES_MAX + 2,)]
    (fitting,) = THINGS.insert_written([row_of(room_in(STATEMENT_BYTES_MAX))])
    mariadb.run(fitting)
    with pytest.raises(ValueError, match="^things: a row takes more than the 16777214 bytes of a"):
        THINGS.insert_written([row_of(room_in(STATEMENT_BYTES_MAX) + 1)])
    assert mariadb.run("SELECT LENGTH(metadata) > 16000000 FROM things") == [(1,)]


def test_rows_are_split_in_their_order_and_none_is_lost() -> None:
    table = Table("t", [("id", "int")])
    rows = [(number,) for number in range(1000)]
    for bytes_max in (35, 40, 57, 64, 1000, 10_000):
        statements = table.insert_written(rows, bytes_max=bytes_max)
        assert all(len(statement) <= bytes_max for statement in statements)
        found = [
            int(part)
            for statement in statements
            for part in statement.partition(b"VALUES ")[2].strip(b"()").split(b"),(")
        ]
        assert found == [number for (number,) in rows]


def test_an_insert_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="^things: a statement takes at least one row$"):
        THINGS.insert_written([])


def test_sqlite_takes_as_many_parameters_as_a_statement_may_have(sqlite: Sqlite) -> None:
    rows_max = SQLITE_PARAMETERS_MAX // len(THINGS.columns)
    rows = [(f"thing_{n:05}", n, None, None, None, None, None, "'") for n in range(rows_max)]
    sqlite.run(THINGS.insert(rows_max, "qmark"), THINGS.insert_parameters(rows))
    assert sqlite.run("SELECT COUNT(*), SUM(count) FROM things") == [
        (rows_max, rows_max * (rows_max - 1) // 2)
    ]
    with pytest.raises(ValueError, match=f"^things: .* SQLite takes at most {rows_max} of these"):
        THINGS.insert(rows_max + 1, "qmark")
