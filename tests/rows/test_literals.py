"""What is written into a statement is what the server reads, whatever the session is set to."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sikka_rows import Table, written
from tests.rows import hostile
from tests.rows.databases import things

if TYPE_CHECKING:
    from tests.rows.databases import MariaDbSession, Sqlite

THINGS = things()
NAMES = ",".join(f"`{name}`" for name in THINGS.columns)

# Each gives a backslash, a quote, a bar or a wrong value another meaning.
SQL_MODES = [
    "",
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "ANSI,NO_BACKSLASH_ESCAPES",
    "ORACLE",
    "MSSQL,NO_BACKSLASH_ESCAPES",
    "TRADITIONAL",
    "PAD_CHAR_TO_FULL_LENGTH,EMPTY_STRING_IS_NULL",
]
# Beside utf8mb4: one byte a character, and those whose characters may end in a backslash.
CHARACTER_SETS = ["latin1", "gbk", "sjis", "big5", "cp932", "utf8mb3", "binary"]

session_examples = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(exclude_categories=["Cs"]))
nasty_texts = st.text(st.sampled_from("\\'\"`%;-#/* \0\n\x1aaé₹😀¿縗"), max_size=30)


class Status(enum.StrEnum):
    PENDING = "PENDING"


def hex_of(values: list[Any]) -> list[str]:
    return [(value.encode() if isinstance(value, str) else value).hex().upper() for value in values]


def judged(mariadb: MariaDbSession, values: list[Any]) -> list[str]:
    """The bytes of the values as the server has understood them, in its own hexadecimal."""
    marks = ",".join(["HEX(%s)"] * len(values))
    (row,) = mariadb.run(written(f"SELECT {marks}", values))
    return [value.decode() if isinstance(value, bytes) else value for value in row]


def row(number: int, text: str | None) -> tuple[Any, ...]:
    seal = None if text is None else text.encode()[:200]
    return (f"thing_{number:03}", number, True, 5, None, {"t": text}, seal, text)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "NULL"),
        (0, "0"),
        (True, "1"),
        (-7, "-7"),
        (2**63 - 1, "9223372036854775807"),
        (-(2**63), "-9223372036854775808"),
        ("", "''"),
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ("₹", "_utf8mb4'₹'"),
        ("₹'", "_utf8mb4'₹'''"),
        ("a\\b", "_utf8mb4 x'615C62'"),
        ("\0", "_utf8mb4 x'00'"),
        (b"", "x''"),
        (b"\x00\xff'", "x'00FF27'"),
        (Status.PENDING, "'PENDING'"),
    ],
)
def test_a_value_has_one_literal(value: Any, literal: str) -> None:
    assert written("SELECT %s;", [value]) == f"SELECT {literal};".encode()


@given(st.lists(st.text() | st.binary(), max_size=5))
def test_no_literal_holds_a_backslash_or_a_nul(values: list[Any]) -> None:
    kept = [v for v in values if isinstance(v, bytes) or v == v.encode(errors="ignore").decode()]
    statement = written(",".join(["%s"] * len(kept)), kept)
    assert b"\\" not in statement
    assert b"\0" not in statement


@pytest.mark.parametrize("value", [1.5, [], {}, (1,), object()])
def test_a_type_without_a_literal_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=f"^a value of type {type(value).__name__} has no literal$"):
        written("SELECT %s", [value])


def test_a_value_without_a_literal_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="^an int has more than 64 bits$"):
        written("SELECT %s", [2**63])
    with pytest.raises(ValueError, match="^a text holds half of a surrogate pair$") as caught:
        written("SELECT %s", ["secret\ud800"])
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["SELECT %s", "SELECT %s,%s,%s", "SELECT"])
def test_marks_and_parameters_must_be_as_many(text: str) -> None:
    marks = text.count("%s")
    with pytest.raises(ValueError, match=f"^a statement of {marks} marks takes no 2 values$"):
        written(text, [1, 2])


@pytest.mark.parametrize("text", ["SELECT %s LIKE '%'", "SELECT %%s", "SELECT %(a)s", "SELECT %d"])
def test_a_percent_sign_that_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="holds no other percent sign$"):
        written(text, [1])


def test_a_value_that_looks_like_a_mark_is_none() -> None:
    assert written("SELECT %s,%s", ["%s", "x"]) == b"SELECT '%s','x'"


@pytest.mark.parametrize("sql_mode", SQL_MODES)
def test_the_server_reads_hostile_texts_in_every_sql_mode(
    mariadb: MariaDbSession, sql_mode: str
) -> None:
    mariadb.set_up(sql_mode=sql_mode)
    values: list[str | bytes] = list(hostile.TEXTS)
    if "EMPTY_STRING_IS_NULL" in sql_mode:
        values.remove("")
    values += [text.encode() for text in hostile.TEXTS]
    values.append(bytes(range(256)))
    assert judged(mariadb, values) == hex_of(values)


@pytest.mark.parametrize("names", CHARACTER_SETS)
def test_no_client_character_set_lets_a_text_break_out(mariadb: MariaDbSession, names: str) -> None:
    statements = THINGS.insert_written([row(i, text) for i, text in enumerate(hostile.TEXTS)])
    mariadb.set_up(sql_mode="STRICT_ALL_TABLES", names=names)
    for statement in statements:
        mariadb.run(statement)
    mariadb.set_up()
    found = mariadb.run("SELECT HEX(`key`) FROM things ORDER BY id")
    assert [text for (text,) in found] == hex_of(list(hostile.TEXTS))


@pytest.mark.parametrize("sql_mode", ["", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"])
@session_examples
@given(values=st.lists(texts | nasty_texts | st.binary(), min_size=1, max_size=20))
def test_the_server_reads_any_text_and_any_bytes(
    mariadb: MariaDbSession, sql_mode: str, values: list[Any]
) -> None:
    mariadb.set_up(sql_mode=sql_mode)
    assert judged(mariadb, values) == hex_of(values)


@session_examples
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_the_server_reads_any_number(mariadb: MariaDbSession, numbers: list[int]) -> None:
    (found,) = mariadb.run(written("SELECT " + ",".join(["%s"] * len(numbers)), numbers))
    assert list(found) == numbers


@pytest.mark.parametrize("sql_mode", SQL_MODES[:-1])
def test_written_rows_of_hostile_texts_come_back_equal(
    mariadb: MariaDbSession, sql_mode: str
) -> None:
    mariadb.set_up(sql_mode=sql_mode)
    rows = [row(i, text) for i, text in enumerate((*hostile.TEXTS, None))]
    (statement,) = THINGS.insert_written(rows)
    mariadb.run(statement)
    assert THINGS.decode(mariadb.run(f"SELECT {NAMES} FROM things ORDER BY id")) == rows


def test_sqlite_keeps_hostile_texts_bound_as_parameters(sqlite: Sqlite) -> None:
    rows = [row(i, text) for i, text in enumerate(hostile.TEXTS)]
    sqlite.run(THINGS.insert(len(rows), "qmark"), THINGS.insert_parameters(rows))
    found = sqlite.run('SELECT hex(CAST("key" AS BLOB)) FROM things ORDER BY id')
    assert [text for (text,) in found] == hex_of(list(hostile.TEXTS))
    assert THINGS.decode(sqlite.run("SELECT * FROM things ORDER BY id")) == rows


def test_a_suffix_ends_every_statement(mariadb: MariaDbSession) -> None:
    counts = Table("things", [("id", "text"), ("count", "int")])
    suffix = " ON DUPLICATE KEY UPDATE count=count+VALUES(count)"
    rows = [(f"thing_{number % 3}", 2**number) for number in range(9)]
    statements = counts.insert_written(rows, suffix, bytes_max=130)
    assert len(statements) > 1
    for statement in statements:
        mariadb.run(statement)
    found = mariadb.run("SELECT count FROM things ORDER BY id")
    assert found == [(1 + 8 + 64,), (2 + 16 + 128,), (4 + 32 + 256,)]
