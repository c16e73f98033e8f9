"""The texts of statements: every value a parameter, every name checked, every limit told."""

from __future__ import annotations

import pytest

from sikka_rows import Table

TABLE = Table("payments", [("id", "text"), ("key", "text"), ("amount", "money")])


def test_an_insert_marks_parameters_in_the_style_of_the_driver() -> None:
    assert TABLE.insert(2, "format") == (
        "INSERT INTO `payments` (`id`,`key`,`amount`) VALUES (%s,%s,%s),(%s,%s,%s)"
    )
    assert TABLE.insert(1, "qmark") == (
        'INSERT INTO "payments" ("id","key","amount") VALUES (?,?,?)'
    )


def test_an_update_looks_every_key_up_in_the_table() -> None:
    assert TABLE.update(["amount"], 2, "mysql") == (
        "UPDATE (SELECT `id`,`amount` FROM `payments` WHERE FALSE"
        " UNION ALL SELECT %s,%s UNION ALL SELECT %s,%s) AS n"
        " STRAIGHT_JOIN `payments` ON `payments`.`id`=n.`id`"
        " SET `payments`.`amount`=n.`amount`"
    )
    assert TABLE.update(["amount", "id"], 1, "sqlite", key="key") == (
        'WITH n("key","amount","id") AS (VALUES (?,?,?)) UPDATE "payments"'
        ' SET "amount"=n."amount","id"=n."id" FROM n WHERE "payments"."key"=n."key"'
    )


def test_a_statement_is_built_once_for_a_number_of_rows() -> None:
    assert TABLE.insert(7, "format") is TABLE.insert(7, "format")
    assert TABLE.update(["key"], 7, "mysql") is TABLE.update(["key"], 7, "mysql")


def test_statements_of_many_sizes_are_not_all_kept() -> None:
    table = Table("t", [("id", "text"), ("v", "int")])
    for row_count in range(1, 1100):
        table.insert(row_count, "format")
        table.update(["v"], row_count, "mysql")
    assert len(table._inserts) <= 512
    assert len(table._updates) <= 512
    assert table.insert(3, "format").count("(%s,%s)") == 3


@pytest.mark.parametrize("row_count", [0, -1])
def test_a_statement_without_rows_is_refused(row_count: int) -> None:
    with pytest.raises(ValueError, match="payments: a statement takes at least one row"):
        TABLE.insert(row_count, "format")
    with pytest.raises(ValueError, match="payments: a statement takes at least one row"):
        TABLE.update(["amount"], row_count, "sqlite")


def test_more_parameters_than_sqlite_takes_are_refused() -> None:
    assert TABLE.insert(10_922, "qmark").count("?") == 32_766
    with pytest.raises(ValueError, match="SQLite takes at most 10922 of these rows"):
        TABLE.insert(10_923, "qmark")
    with pytest.raises(ValueError, match="SQLite takes at most 16383 of these rows"):
        TABLE.update(["amount"], 16_384, "sqlite")


def test_an_unknown_style_or_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match='style must be "format" or "qmark"'):
        TABLE.insert(1, "named")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='dialect must be "mysql" or "sqlite"'):
        TABLE.update(["amount"], 1, "oracle")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "key", "message"),
    [
        ([], "id", "changes at least one column"),
        (["id"], "id", "names the key and every column once"),
        (["key", "key"], "id", "names the key and every column once"),
        (["other"], "id", "has no column 'other'"),
        (["key"], "other", "has no column 'other'"),
    ],
)
def test_an_update_of_impossible_columns_is_refused(
    columns: list[str], key: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TABLE.update(columns, 1, "mysql", key=key)
    with pytest.raises(ValueError, match=message):
        TABLE.update_parameters(columns, [], key=key)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "a`b", 'a"b', "a;b", "é", "a" * 65])
def test_a_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a plain SQL name"):
        Table(name, [("id", "text")])
    with pytest.raises(ValueError, match="is not a plain SQL name"):
        Table("t", [(name, "text")])


def test_a_table_of_impossible_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="^t: a table has at least one column$"):
        Table("t", [])
    with pytest.raises(ValueError, match="^t: column a is named twice$"):
        Table("t", [("a", "text"), ("a", "int")])
    with pytest.raises(
        ValueError, match="^t: column a: kind 'float' is not one of text, int, bool"
    ):
        Table("t", [("a", "float")])


def test_a_table_says_what_it_is() -> None:
    assert TABLE.columns == ("id", "key", "amount")
    assert "Column('amount', 'money')" in repr(TABLE)
