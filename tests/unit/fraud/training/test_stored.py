from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiosqlite
import pytest

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.stored import StoredPayments, read_stored
from sikka.fraud.training.stream import data_hash
from tests.unit.fraud.training.payments import Columns, columns, stream, told_late


class InSqlite:
    """Payments in a table of SQLite, read some at a time."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    async def write(self, made: Columns) -> None:
        async with aiosqlite.connect(self._path) as connection:
            names = ", ".join(f'"{name}"' for name in made)
            await connection.execute(f"CREATE TABLE p ({names})")
            places = ", ".join("?" * len(made))
            rows = zip(*made.values(), strict=True)
            await connection.executemany(f"INSERT INTO p VALUES ({places})", rows)
            await connection.commit()

    async def chunks(self) -> AsyncIterator[Mapping[str, Sequence[object]]]:
        async with aiosqlite.connect(self._path) as connection:
            cursor = await connection.execute("SELECT * FROM p ORDER BY time_ms, rowid")
            names = [each[0] for each in cursor.description]
            while rows := await cursor.fetchmany(self._size):
                chunk = dict(zip(names, zip(*rows, strict=True), strict=True))
                for name in ("fraud", "true_fraud"):
                    chunk[name] = tuple(
                        each if each is None else bool(each) for each in chunk[name]
                    )
                yield chunk


class InMemory:
    """Chunks as they are."""

    def __init__(self, *chunks: Mapping[str, Sequence[object]]) -> None:
        self._chunks = chunks

    async def chunks(self) -> AsyncIterator[Mapping[str, Sequence[object]]]:
        for chunk in self._chunks:
            yield chunk


@pytest.mark.parametrize("size", [1, 64, 10_000])
async def test_payments_of_a_database_are_those_of_a_file(tmp_path: Path, size: int) -> None:
    made = told_late(columns(payments=200))
    database = InSqlite(tmp_path / "payments.db", size)
    await database.write(made)
    stored: StoredPayments = database
    assert data_hash(await read_stored(stored)) == data_hash(stream(made))


async def test_a_column_may_be_absent_from_some_chunks() -> None:
    made = columns(payments=20)
    first = {name: values[:10] for name, values in made.items() if name != "ip"}
    last = {name: values[10:] for name, values in made.items()}
    read = await read_stored(InMemory(first, last))
    assert read.ip.whole() == [None] * 10 + made["ip"][10:]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("amount_minor", 2**63, "row 13: amount_minor must be int64"),
        ("amount_minor", "5", "row 13: amount_minor must be int64"),
        ("user", 7, "row 13: user must be large_string"),
        ("fraud", "no", "row 13: fraud must be bool"),
        ("payment_id", "pay_2", "row 13: payment_id must not repeat that of a row above"),
    ],
)
async def test_a_bad_value_is_named_by_its_row_over_all_chunks(
    column: str, value: object, message: str
) -> None:
    made = columns(payments=20)
    made[column][12] = value
    chunks = [{name: values[i : i + 5] for name, values in made.items()} for i in range(0, 20, 5)]
    with pytest.raises(InvalidRequest, match=f"^{message}$"):
        await read_stored(InMemory(*chunks))


async def test_a_database_without_payments_is_told() -> None:
    with pytest.raises(InvalidRequest, match="the data has no rows$"):
        await read_stored(InMemory())


async def test_what_the_reader_raises_comes_through() -> None:
    class Broken:
        async def chunks(self) -> AsyncIterator[Mapping[str, Sequence[object]]]:
            yield columns(payments=3)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await read_stored(Broken())
