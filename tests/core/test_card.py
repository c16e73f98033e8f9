from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sikka_core import (
    BinTable,
    KeyFormatError,
    MalformedError,
    card_brand,
    card_fingerprint,
    card_last_four,
    check_card_expiry,
    mask_card_number,
    normalise_card_number,
)

# Public test cards of Razorpay, Stripe and PayPal.
TEST_CARDS = {
    "4100280000001007": "visa",
    "4242424242424242": "visa",
    "4222222222222": "visa",
    "5500670000001002": "mastercard",
    "2223003122003222": "mastercard",
    "6527658900001005": "rupay",
    "36082800091007": "diners",
    "30569309025904": "diners",
    "340256000401007": "amex",
    "378282246310005": "amex",
    "6011111111111117": "discover",
    "3530111333300000": "jcb",
    "6759649826438453": "maestro",
    "6304000000000000": "maestro",
}
RUPAY = "6527658900001005"
KEY = bytes(range(32))
BRANDS = ("amex", "diners", "discover", "jcb", "maestro", "mastercard", "rupay", "visa")


def check_digit(payload: str) -> str:
    """Luhn's check digit by the table of doubled digits, from the right."""
    doubled = "0246813579"
    total = sum(
        int(doubled[int(digit)] if place % 2 == 0 else digit)
        for place, digit in enumerate(reversed(payload))
    )
    return str(-total % 10)


def completed(payload: str) -> str:
    return payload + check_digit(payload)


payloads = st.from_regex(r"[0-9]{11,18}", fullmatch=True)
numbers = payloads.map(completed)
separators = st.lists(st.sampled_from(["", " ", "-"]), min_size=18, max_size=18)


def written(number: str, between: list[str]) -> str:
    return "".join(map("".join, zip(number[:-1], between, strict=False))) + number[-1]


# The grammar -----------------------------------------------------------------------------------


@given(numbers, separators)
def test_a_number_is_taken_with_single_separators(number: str, between: list[str]) -> None:
    assert normalise_card_number(written(number, between)) == number
    assert normalise_card_number(number) == number


@given(payloads, st.integers(1, 9))
def test_a_wrong_check_digit_is_refused(payload: str, more: int) -> None:
    number = payload + str((int(check_digit(payload)) + more) % 10)
    with pytest.raises(MalformedError, match="Luhn") as caught:
        normalise_card_number(number)
    assert number not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        RUPAY[:11],
        "0" * 11,
        "0" * 20,
        f" {RUPAY}",
        f"{RUPAY} ",
        f"{RUPAY}\n",
        f"{RUPAY}-",
        "6527  6589 0000 1005",
        "6527 -65890000 1005",
        "6527\t6589 0000 1005",
        "6527\u00a06589 0000 1005",
        "6527.6589.0000.1005",
        "+6527658900001005",
        "६५२७६५८९००००१००५",
        "\uff16527658900001005",
        "6527658900001005\x00",
        "65276589000010\udcff",
        "4" * 100,
    ],
)
def test_what_is_no_card_number_is_refused_untold(text: str) -> None:
    for take in (normalise_card_number, card_brand, card_last_four):
        with pytest.raises(MalformedError) as caught:
            take(text)
        assert len(text) < 2 or text not in str(caught.value)
    with pytest.raises(MalformedError):
        card_fingerprint(KEY, text)
    assert mask_card_number(text) == "***"


@given(st.text())
def test_an_error_holds_no_digit_of_what_was_given(text: str) -> None:
    try:
        normalise_card_number(text)
    except MalformedError as error:
        told = str(error).replace("0-9", "").replace("12 to 19", "")
        assert not any(character.isdigit() for character in told)


# Brands ----------------------------------------------------------------------------------------

# The published prefixes, spelled out one by one, and the lengths of the numbers.
PREFIXES = {
    "amex": ({"34", "37"}, {15}),
    "diners": ({*map(str, range(300, 306)), "3095", "36", "38", "39"}, set(range(14, 20))),
    "jcb": (set(map(str, range(3528, 3590))), set(range(16, 20))),
    "rupay": (
        {"508", "60", "6521", "6522", *map(str, range(652150, 653150)), "81", "82"},
        {16},
    ),
    "discover": (
        {"6011", *map(str, range(622126, 622926)), *map(str, range(644, 650)), "65"},
        set(range(16, 20)),
    ),
    "maestro": (
        {"5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763", "50", "56", "57"}
        | {"58", "61", "63", "64", "66", "67", "68", "69"},
        set(range(12, 20)),
    ),
    "mastercard": ({*map(str, range(51, 56)), *map(str, range(2221, 2721))}, {16}),
    "visa": ({"4"}, {13, 16, 19}),
}


def published_brand(number: str) -> str | None:
    owners = {prefix: brand for brand, (prefixes, _) in PREFIXES.items() for prefix in prefixes}
    for length in range(6, 0, -1):
        if brand := owners.get(number[:length]):
            return brand if len(number) in PREFIXES[brand][1] else None
    return None


prefixed = st.sampled_from(
    sorted(prefix for prefixes, _ in PREFIXES.values() for prefix in prefixes)
)


@pytest.mark.parametrize(("number", "brand"), TEST_CARDS.items())
def test_public_test_cards_have_their_brands(number: str, brand: str) -> None:
    assert card_brand(number) == brand == published_brand(number)


@given(numbers | st.builds(lambda head, tail: completed((head + tail)[:18]), prefixed, payloads))
def test_the_longest_published_prefix_decides(number: str) -> None:
    assert card_brand(number) == published_brand(number)


@given(st.integers(0, 999_999), st.sampled_from(sorted({12, 13, 14, 15, 16, 19})))
def test_every_bin_of_six_digits_has_the_published_brand(bin_: int, length: int) -> None:
    number = completed(f"{bin_:06}".ljust(length - 1, "0"))
    assert card_brand(number) == published_brand(number)


def test_the_table_outranks_the_prefixes() -> None:
    number = "3530111333300000"
    bins = BinTable([("35301110", "35301119", "rupay"), ("400000", "499999", "visa")])
    assert (card_brand(number), card_brand(number, bins)) == ("jcb", "rupay")
    assert card_brand("6011111111111117", bins) == "discover"


def test_a_length_that_the_brand_of_the_table_does_not_issue_gives_none() -> None:
    assert card_brand(RUPAY, BinTable([("652765", "652765", "amex")])) is None


@given(st.lists(st.integers(0, 10**8 - 1), unique=True, max_size=20), numbers, st.data())
def test_a_table_answers_as_a_walk_through_its_entries(
    ends: list[int], number: str, data: st.DataObject
) -> None:
    ordered = sorted(ends)
    pairs = list(zip(ordered[::2], ordered[1::2], strict=False))
    entries = [(f"{a:08}", f"{b:08}", data.draw(st.sampled_from(BRANDS))) for a, b in pairs]
    found = [brand for first, last, brand in entries if first <= number[:8] <= last]
    assume(not found or len(number) in PREFIXES[found[0]][1])
    bins = BinTable(data.draw(st.permutations(entries)))
    assert len(bins) == len(entries)
    assert card_brand(number, bins) == (found[0] if found else published_brand(number))


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ([("652765", "652765", "unionpay")], r"bins\[0\] must be of a known brand"),
        ([("652765", "652765", "RuPay")], r"bins\[0\] must be of a known brand"),
        ([("400000", "400001", "visa"), ("65276", "65276", "rupay")], r"bins\[1\] .* 6 to 8"),
        ([("652765890", "652765890", "rupay")], r"bins\[0\] .* 6 to 8"),
        ([("+52765", "+52765", "rupay")], r"bins\[0\] .* 6 to 8"),
        ([("6527६", "6527६", "rupay")], r"bins\[0\] .* 6 to 8"),
        ([("652765", "65276599", "rupay")], r"bins\[0\] .* as many digits"),
        ([("652766", "652765", "rupay")], r"bins\[0\] must not end before"),
        (
            [
                ("652700", "652799", "rupay"),
                ("1" * 6, "1" * 6, "jcb"),
                ("65276500",) * 2 + ("jcb",),
            ],
            r"bins\[0\] and bins\[2\] overlap",
        ),
        ([("652765", "652765", "rupay")] * 2, r"bins\[0\] and bins\[1\] overlap"),
    ],
)
def test_a_bad_table_is_refused_by_the_place_of_the_entry(
    entries: list[tuple[str, str, str]], rule: str
) -> None:
    with pytest.raises(MalformedError, match=f"^{rule}"):
        BinTable(entries)


def test_a_table_tells_its_size_and_cannot_be_changed() -> None:
    bins = BinTable([("652765", "652765", "rupay")])
    assert repr(bins) == "<BinTable of 1>"
    with pytest.raises(AttributeError):
        bins.entries = []


# Masks and fingerprints ------------------------------------------------------------------------


@given(numbers, separators)
def test_a_mask_shows_six_and_four_at_most(number: str, between: list[str]) -> None:
    masked = mask_card_number(written(number, between))
    first, hidden, last = masked.partition("*" * masked.count("*"))
    assert len(masked) == len(number)
    assert number.startswith(first)
    assert number.endswith(last)
    assert (len(last), len(first)) == (4, min(6, len(number) - 9))
    assert len(hidden) >= 5
    assert card_last_four(number) == last


@given(st.text())
def test_a_mask_never_raises(text: str) -> None:
    assert "***" in mask_card_number(text)


@given(st.binary(min_size=32, max_size=100), numbers, separators)
def test_a_fingerprint_is_the_hmac_of_the_standard_library(
    key: bytes, number: str, between: list[str]
) -> None:
    expected = hmac.new(key, b"sikka card fingerprint 1\0" + number.encode(), hashlib.sha256)
    assert card_fingerprint(key, written(number, between)) == expected.hexdigest()


@pytest.mark.parametrize("key", [b"", b"k" * 31])
def test_a_short_key_makes_no_fingerprint(key: bytes) -> None:
    with pytest.raises(KeyFormatError, match="at least 32 bytes") as caught:
        card_fingerprint(key, RUPAY)
    assert RUPAY not in str(caught.value)


# Expiry ----------------------------------------------------------------------------------------


@given(*[st.integers(1, 12), st.integers(2000, 2099)] * 2)
def test_a_card_is_good_to_the_end_of_its_month(
    month: int, year: int, now_month: int, now_year: int
) -> None:
    if year * 12 + month >= now_year * 12 + now_month:
        check_card_expiry(month, year, now_month, now_year)
    else:
        with pytest.raises(MalformedError, match="must not lie in the past"):
            check_card_expiry(month, year, now_month, now_year)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((0, 2030, 1, 2026), "card expiry month must be within 1..12"),
        ((13, 2030, 1, 2026), "card expiry month must be within 1..12"),
        ((1, 30, 1, 2026), "card expiry year must be within 2000..2099"),
        ((1, 2100, 1, 2026), "card expiry year must be within 2000..2099"),
        ((1, 2030, 0, 2026), "the present month must be within 1..12"),
        ((1, 2030, 1, 26), "the present year must be within 2000..2099"),
        ((10**30, 2030, 1, 2026), "card expiry month is out of range"),
    ],
)
def test_a_time_out_of_range_is_refused(arguments: tuple[int, int, int, int], rule: str) -> None:
    with pytest.raises(MalformedError, match=f"^{rule}$"):
        check_card_expiry(*arguments)
