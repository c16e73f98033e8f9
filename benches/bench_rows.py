"""sikka_rows beside the same work in plain Python: encoding, decoding, statement texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benches.measure import alternate, as_report, print_table
from sikka_rows import Table

ROW_COUNT = 200
SECONDS_PER_CASE = 1.0
ROUNDS = 40
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
NAMES = ",".join(f"`{name}`" for name in PAYMENTS.columns)


def plain_insert() -> tuple[str, list[Any]]:
    row = "(" + ",".join(["%s"] * len(KINDS)) + ")"
    text = f"INSERT INTO `payments` ({NAMES}) VALUES " + ",".join([row] * ROW_COUNT)
    return text, [value for row in through_python(ROWS, IN_PYTHON) for value in row]


def rows_insert() -> tuple[str, list[Any]]:
    return PAYMENTS.insert(ROW_COUNT, "format"), PAYMENTS.insert_parameters(ROWS)


CASES: dict[str, dict[str, Callable[[], object]]] = {
    f"encode {ROW_COUNT} payments": {
        "sikka_rows": lambda: PAYMENTS.encode(ROWS),
        "plain Python": lambda: through_python(ROWS, IN_PYTHON),
    },
    f"decode {ROW_COUNT} payments": {
        "sikka_rows": lambda: PAYMENTS.decode(ENCODED),
        "plain Python": lambda: through_python(ENCODED, OUT_PYTHON),
    },
    f"insert of {ROW_COUNT} payments: text and parameters": {
        "sikka_rows": rows_insert,
        "plain Python": plain_insert,
    },
}


def run(report: dict[str, Any]) -> None:
    """Time every case beside its peer, print tables and put the figures in `report`."""
    for title, cases in CASES.items():
        answers = [case() for case in cases.values()]
        if answers[0] != answers[1]:
            raise RuntimeError(f"{title}: the peers do not agree")
        timings = alternate(cases, SECONDS_PER_CASE, ROUNDS)
        print_table(title, timings, "plain Python")
        report.setdefault("rows", {})[title] = as_report(timings)


if __name__ == "__main__":
    run({})
