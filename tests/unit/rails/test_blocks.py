from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.rails.upi import blocks, messages
from sikka_sim.npci import grammar
from tests.unit.rails.samples import AT

NOTE = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")


@given(st.text(max_size=200) | st.none())
def test_a_note_is_what_the_rail_takes_whatever_the_merchant_wrote(text: str | None) -> None:
    note = blocks.note(text, "Payment")
    assert 1 <= len(note) <= 50
    assert NOTE.fullmatch(note)
    assert grammar.note(note)
    assert blocks.note(note, "Payment") == note


@given(st.text(max_size=200), st.integers(1, 99))
def test_a_name_is_printable_and_within_its_length(text: str, length_max: int) -> None:
    name = blocks.name(text, length_max, "M")
    assert 1 <= len(name) <= length_max
    assert grammar.name(name)
    assert name.isascii()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Order 1042", "Order 1042"),
        ("Café au lait, №7!", "Cafe au lait No7"),
        ("  two -- dashes  ", "two dashes"),
        ("<b>&amp;</b>", "b amp b"),
        ("चाय", "Payment"),
        ("", "Payment"),
        (None, "Payment"),
        ("a" * 60, "a" * 50),
        ("b" * 49 + " c", "b" * 49),
    ],
)
def test_notes_lose_what_the_rail_does_not_take(text: str | None, note: str) -> None:
    assert blocks.note(text, "Payment") == note


def test_a_name_keeps_what_names_are_made_of() -> None:
    assert blocks.name("M/s A. & B.'s Tea (Pvt) Ltd-7", 99, "M") == "M/s A. & B.'s Tea (Pvt) Ltd-7"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds of naive draws
def test_a_time_is_written_as_indian_time_to_the_millisecond(at: datetime) -> None:
    text = blocks.timestamp(at)
    assert grammar.timestamp(text)
    assert text.endswith("+05:30")
    assert timedelta() <= at - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_a_time_of_another_zone_is_the_same_instant() -> None:
    tokyo = datetime(2026, 11, 23, 19, 0, tzinfo=timezone(timedelta(hours=9)))
    assert blocks.timestamp(tokyo) == "2026-11-23T15:30:00.000+05:30"


@given(st.integers(1, 10**15 - 1))
def test_an_amount_is_rupees_with_two_decimals(minor: int) -> None:
    text = blocks.rupees(minor, "INR")
    assert grammar.amount(text)
    assert int(text.replace(".", "")) == minor
    assert text[-3] == "."


@pytest.mark.parametrize(("minor", "currency"), [(100, "USD"), (0, "INR"), (-1, "INR")])
def test_only_rupees_above_zero_travel(minor: int, currency: str) -> None:
    with pytest.raises(InvalidRequest):
        blocks.rupees(minor, currency)


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(600, 10), (600.001, 11), (59.5, 1), (1, 1), (0, 1), (-5, 1), (10**9, 64_800)],
)
def test_an_expiry_is_whole_minutes_rounded_up(seconds: float, minutes: int) -> None:
    assert messages.expire_after_minutes(AT, AT + timedelta(seconds=seconds)) == minutes


def test_without_an_expiry_the_longest_is_asked_for() -> None:
    assert messages.expire_after_minutes(AT, None) == 64_800
