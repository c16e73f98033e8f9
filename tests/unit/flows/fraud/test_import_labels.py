from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.flows.fraud.import_labels import LabelLine, read_lines
from sikka.flows.fraud.label import LineOutcome

HEAD = "payment,kind,known_at,reason,reference\n"
AT = "2026-11-23T10:00:00Z"

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40).map(str.strip)
INDIA = timezone(timedelta(hours=5.5))
seconds = st.floats(1.6e9, 2.2e9)
moments = seconds.map(lambda each: datetime.fromtimestamp(each, INDIA))


def read(text: str) -> list[LabelLine | LineOutcome]:
    return list(read_lines(io.StringIO(text, newline="")))


@given(
    st.lists(
        st.tuples(texts.filter(bool), st.booleans(), moments, texts, texts), min_size=1, max_size=8
    )
)
def test_what_is_written_is_read(rows: list[tuple[str, bool, datetime, str, str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["reference", "known_at", "kind", "payment", "reason"])
    for payment, fraud, at, reason, reference in rows:
        kind = "fraud" if fraud else "not_fraud"
        writer.writerow([reference, at.isoformat(), kind, payment, reason])
    lines = read(file.getvalue())
    assert [
        (each.payment, each.fraud, each.known_at, each.reason, each.reference)
        for each in lines
        if isinstance(each, LabelLine)
    ] == [
        (payment, fraud, at, reason or None, reference or at.astimezone(UTC).isoformat())
        for payment, fraud, at, reason, reference in rows
    ]


@given(st.text(st.sampled_from('payment,kindfraud_\n\r"2026-11T:Z\x00\udcff'), max_size=200))
def test_whatever_stands_below_the_names_is_a_line_or_its_mistake(text: str) -> None:
    numbers = [each.number for each in read(HEAD + text)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pay_1,fraud", "2 cells and not 5"),
        (f",fraud,{AT},,", "payment must have 1 to 100"),
        (f"{'9' * 101},fraud,{AT},,", "payment must have 1 to 100"),
        (f"pay_1,Fraud,{AT},,", "kind must be one of fraud, not_fraud"),
        ("pay_1,fraud,2026-11-23,,", "RFC 3339"),
        ("pay_1,fraud,2026-11-23T10:00:00,,", "with its zone"),
        ("pay_1,fraud,,,", "RFC 3339"),
        (f"pay_1,fraud,{AT},{'x' * 501},", "at most 500"),
        (f"pay_1,fraud,{AT},,{'x' * 101}", "reference must have at most 100"),
        (f"pay_1,fraud,{AT},\udcff,", "UTF-8"),
        (f'pay_1,fraud,{AT},"a"b,', "no CSV"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_next_is_read(line: str, words: str) -> None:
    bad, good = read(f"{HEAD}{line}\npay_2,not_fraud,{AT},,\n")
    assert isinstance(bad, LineOutcome)
    assert bad.number == 2
    assert words in bad.message
    assert isinstance(good, LabelLine)
    assert (good.number, good.payment) == (3, "pay_2")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("", "must name the column payment"),
        ("payment,kind\n", "must name the column known_at"),
        ("payment,kind,known_at,amount\n", "amount is not one of"),
        ("payment,kind,known_at,kind\n", "names kind twice"),
        ('payment,"kind\n', "must name the column payment"),
    ],
)
def test_a_file_without_the_right_names_is_refused_whole(head: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        read(head)


def test_empty_lines_are_no_lines() -> None:
    lines = read(f"{HEAD}\n\npay_1,fraud,{AT},,\n\n")
    assert [each.number for each in lines] == [4]
