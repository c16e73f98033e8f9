"""What goes into a real database through a Table comes out of it as the same Python values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rows.databases import things

if TYPE_CHECKING:
    from tests.rows.databases import Database, MariaDbSession, Sqlite

THINGS = things()
MONEY_MINOR_MAX = 10**15 - 1

# The database of a test is emptied for every example.
database_examples = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
json_leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
json_values = st.recursive(
    json_leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict | list))
times = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001 - made aware here
    lambda moment: moment.replace(tzinfo=UTC)
)
values = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.booleans(),
    st.none() | st.integers(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    st.none() | times,
    st.none() | json_values,
    st.none() | st.binary(max_size=60),
    st.none() | texts,
)
groups = st.lists(values, min_size=1, max_size=6)


def with_ids(group: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(f"thing_{number}", *row) for number, row in enumerate(group)]


def stored(database: Database) -> list[tuple[Any, ...]]:
    names = ",".join(f"things.{name}" for name in THINGS.columns)
    return THINGS.decode(database.run(f"SELECT {names} FROM things ORDER BY id"))


@database_examples
@given(group=groups)
def test_a_multi_row_insert_comes_back_equal(database: Database, group: list[Any]) -> None:
    rows = with_ids(group)
    database.run("DELETE FROM things")
    database.run(THINGS.insert(len(rows), database.style), THINGS.insert_parameters(rows))
    assert stored(database) == rows


@database_examples
@given(group=groups)
def test_rows_encoded_for_executemany_come_back_equal(database: Database, group: list[Any]) -> None:
    rows = with_ids(group)
    database.run("DELETE FROM things")
    database.run_many(THINGS.insert(1, database.style), THINGS.encode(rows))
    assert stored(database) == rows


@database_examples
@given(pairs=st.lists(st.tuples(values, values), min_size=1, max_size=6))
def test_an_update_gives_every_row_its_own_values(database: Database, pairs: list[Any]) -> None:
    before = with_ids([old for old, _ in pairs])
    after = with_ids([new for _, new in pairs])
    changed, untouched = after[1:], before[0]
    database.run("DELETE FROM things")
    database.run(THINGS.insert(len(before), database.style), THINGS.insert_parameters(before))
    columns = THINGS.columns[1:]
    if changed:
        database.run(
            THINGS.update(columns, len(changed), database.dialect),
            THINGS.update_parameters(columns, changed),
        )
    assert stored(database) == [untouched, *changed]


def test_an_update_of_keys_that_are_not_there_changes_nothing(database: Database) -> None:
    row = ("thing_1", 1, True, 100, None, {"a": 1}, b"x", "k")
    database.run(THINGS.insert(1, database.style), THINGS.insert_parameters([row]))
    database.run(
        THINGS.update(["count"], 2, database.dialect),
        THINGS.update_parameters(["count"], [("thing_2", 7), ("", 8)]),
    )
    assert stored(database) == [row]


def test_an_update_of_a_thousand_rows_is_one_statement(database: Database) -> None:
    rows = [(f"thing_{i:05}", i, None, i, None, None, None, None) for i in range(1000)]
    database.run(THINGS.insert(1000, database.style), THINGS.insert_parameters(rows))
    new = [(row[0], -row[1], row[1] * 3) for row in rows]
    columns = ["count", "amount"]
    database.run(
        THINGS.update(columns, 1000, database.dialect), THINGS.update_parameters(columns, new)
    )
    assert [(row[0], row[1], row[3]) for row in stored(database)] == new


def test_mariadb_finds_the_rows_of_an_update_by_the_primary_key(mariadb: MariaDbSession) -> None:
    rows = [(f"thing_{i:05}", i, None, i, None, None, None, None) for i in range(1000)]
    mariadb.run(THINGS.insert(1000, "format"), THINGS.insert_parameters(rows))
    columns = ["count", "amount", "created_at", "metadata", "key"]
    new = [(f"thing_{i:05}", i, i, None, "{}", "k") for i in range(20)]
    plan = mariadb.run(
        "EXPLAIN " + THINGS.update(columns, 20, "mysql"), THINGS.update_parameters(columns, new)
    )
    by_table = {line[2]: line for line in plan}
    assert by_table["things"][3:6] == ("eq_ref", "PRIMARY", "PRIMARY")


def test_sqlite_finds_the_rows_of_an_update_by_the_primary_key(sqlite: Sqlite) -> None:
    columns = ["count", "amount"]
    new = [(f"thing_{i:05}", i, i) for i in range(20)]
    plan = sqlite.run(
        "EXPLAIN QUERY PLAN " + THINGS.update(columns, 20, "sqlite"),
        THINGS.update_parameters(columns, new),
    )
    steps = [line[3] for line in plan if "things" in line[3]]
    assert steps == ["SEARCH things USING COVERING INDEX sqlite_autoindex_things_1 (id=?)"]


def test_sqlite_keeps_whole_and_broken_amounts_exactly(sqlite: Sqlite) -> None:
    amounts = [0, 1, 10, 100, 101, -29, 129900, MONEY_MINOR_MAX, -MONEY_MINOR_MAX]
    rows = [(f"thing_{i}", None, None, m, None, None, None, None) for i, m in enumerate(amounts)]
    sqlite.run(THINGS.insert(len(rows), "qmark"), THINGS.insert_parameters(rows))
    kinds = {line[0] for line in sqlite.run("SELECT typeof(amount) FROM things")}
    assert kinds == {"integer", "real"}
    assert [row[3] for row in stored(sqlite)] == amounts


def test_a_time_of_another_zone_is_stored_as_utc(database: Database) -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 1, 1, 2, 30, 0, 5, tzinfo=india)
    row = ("thing_1", None, None, None, moment, None, None, None)
    database.run(THINGS.insert(1, database.style), THINGS.insert_parameters([row]))
    (found,) = database.run("SELECT created_at FROM things")
    assert str(found[0]) == "2025-12-31 21:00:00.000005"
    assert THINGS.decode([found], ["created_at"]) == [(moment,)]


def test_json_text_goes_in_as_it_is(database: Database) -> None:
    rows = [
        ("thing_1", None, None, None, None, '{"a": [1, 2]}', None, None),
        ("thing_2", None, None, None, None, b'{"b":"\xe2\x82\xb9"}', None, None),
    ]
    database.run(THINGS.insert(2, database.style), THINGS.insert_parameters(rows))
    assert [row[5] for row in stored(database)] == [{"a": [1, 2]}, {"b": "₹"}]
