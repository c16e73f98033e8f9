"""sikka_rows beside the same work in plain Python: encoding, decoding, statement texts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sikka_rows import Table

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

ROW_COUNT = 200
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
MOMENT = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)

# The columns of a payment, about as many and as mixed as in the schema.
PAYMENTS = Table(
    "payments",
    [
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
    ],
)


def payment(number: int) -> tuple[Any, ...]:
    return (
        f"pay_{number:026}",
        number % 4096,
        "mrc_00000000000000000000000001",
        None,
        129900 + number,
        "INR",
        "UPI",
        "PENDING",
        "Order ₹ 1299",
        {"order": number},
        1,
        True,
        0,
        None,
        MOMENT,
        MOMENT,
    )


ROWS = [payment(number) for number in range(ROW_COUNT)]


def money_text(amount_minor: int) -> str:
    sign = "-" if amount_minor < 0 else ""
    major, minor = divmod(abs(amount_minor), 100)
    return f"{sign}{major}.{minor:02}"


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def checked(kind: type) -> Any:
    def check(value: object) -> object:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}")
        return value

    return check


IN_PYTHON = {
    "text": checked(str),
    "int": checked(int),
    "bool": int,
    "money": money_text,
    "time": time_text,
    "json": ENCODER.encode,
}
OUT_PYTHON = {
    "text": checked(str),
    "int": checked(int),
    "bool": bool,
    "money": lambda text: int(text.replace(".", "")),
    "time": lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
    "json": json.loads,
}
KINDS = list(PAYMENTS._kinds.values())  # noqa: SLF001 - the peer needs the same kinds


def through_python(rows: list[tuple[Any, ...]], codecs: dict[str, Any]) -> list[tuple[Any, ...]]:
    functions = [codecs[kind] for kind in KINDS]
    return [
        tuple(
            None if value is None else function(value)
            for function, value in zip(functions, row, strict=True)
        )
        for row in rows
    ]


ENCODED = PAYMENTS.encode(ROWS)


@pytest.mark.benchmark(group=f"encode {ROW_COUNT} payments")
def bench_encode_sikka_rows(benchmark: BenchmarkFixture) -> None:
    assert benchmark(PAYMENTS.encode, ROWS) == ENCODED


@pytest.mark.benchmark(group=f"encode {ROW_COUNT} payments")
def bench_encode_plain_python(benchmark: BenchmarkFixture) -> None:
    assert benchmark(through_python, ROWS, IN_PYTHON) == ENCODED


@pytest.mark.benchmark(group=f"decode {ROW_COUNT} payments")
def bench_decode_sikka_rows(benchmark: BenchmarkFixture) -> None:
    assert benchmark(PAYMENTS.decode, ENCODED) == ROWS


@pytest.mark.benchmark(group=f"decode {ROW_COUNT} payments")
def bench_decode_plain_python(benchmark: BenchmarkFixture) -> None:
    assert benchmark(through_python, ENCODED, OUT_PYTHON) == ROWS


@pytest.mark.benchmark(group=f"insert of {ROW_COUNT} payments: text and parameters")
def bench_insert_sikka_rows(benchmark: BenchmarkFixture) -> None:
    def build() -> tuple[str, list[Any]]:
        return PAYMENTS.insert(ROW_COUNT, "format"), PAYMENTS.insert_parameters(ROWS)

    text, parameters = benchmark(build)
    assert text.count("%s") == len(parameters)


@pytest.mark.benchmark(group=f"insert of {ROW_COUNT} payments: text and parameters")
def bench_insert_plain_python(benchmark: BenchmarkFixture) -> None:
    names = ",".join(f"`{name}`" for name in PAYMENTS.columns)

    def build() -> tuple[str, list[Any]]:
        row = "(" + ",".join(["%s"] * len(KINDS)) + ")"
        text = f"INSERT INTO `payments` ({names}) VALUES " + ",".join([row] * ROW_COUNT)
        return text, [value for row in through_python(ROWS, IN_PYTHON) for value in row]

    text, parameters = benchmark(build)
    assert text.count("%s") == len(parameters)
