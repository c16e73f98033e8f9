"""Redaction: no card number, key, secret or full VPA survives; plain words do."""

from __future__ import annotations

import base64
import json
import string
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sikka.ops.redaction import HIDDEN, HIDDEN_CARD, is_luhn, redact, redact_fact

WORDS = st.text(string.ascii_letters + " ,.;:=()[]{}\"'\n", max_size=40)
PREFIXES = ["4", "51", "55", "2221", "34", "37", "3056", "36", "6011", "65", "508", "60", "81"]


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in string.digits if is_luhn(digits + last))


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(PREFIXES))
    length = draw(st.integers(13, 19))
    middle = draw(st.text(string.digits, min_size=length, max_size=length))
    return with_check_digit((prefix + middle)[: length - 1])


@st.composite
def grouped(draw: st.DrawFn) -> tuple[str, str]:
    card = draw(cards())
    separator = draw(st.sampled_from(["", " ", "-"]))
    size = draw(st.integers(1, 6))
    groups = [card[start : start + size] for start in range(0, len(card), size)]
    return card, separator.join(groups)


def digits_of(text: str) -> str:
    return "".join(each for each in text if each.isdigit())


@given(grouped(), WORDS, WORDS)
def test_a_card_number_is_hidden_wherever_it_stands(
    card: tuple[str, str], before: str, after: str
) -> None:
    shown = redact(f"{before}{card[1]}{after}")
    assert HIDDEN_CARD in shown
    assert card[0] not in digits_of(shown)


@given(cards(), st.text(string.digits, min_size=1, max_size=8))
def test_a_card_number_with_digits_glued_to_it_is_hidden(card: str, tail: str) -> None:
    assert card not in redact(card + tail)
    assert card not in redact(tail + card)


@pytest.mark.parametrize(
    "text",
    [
        "rrn 632712000001",
        "at 1792345678901 ms",
        "took 0.123 s, 129900 minor, port 8080",
        "pay_01KB7ZV4S2GQ1M3N5P7R9T0VXY succeeded",
        "2026-11-23T10:00:00+05:30",
        "4111 1111 1111 1112 has a wrong check digit",
        "https://switch.example/upi/ReqPay/2.0",
        "basic authentication failed; the bearer was unknown",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(
    st.sampled_from(["sk_test_", "sk_live_", "rk_live_", "pk_test_"]),
    st.text(string.ascii_letters + string.digits, min_size=8, max_size=40),
    WORDS,
)
def test_an_api_key_is_hidden(prefix: str, secret: str, around: str) -> None:
    shown = redact(f"{around} {prefix}{secret} {around}")
    assert prefix + secret not in shown
    assert f" {prefix}{HIDDEN} " in shown or f" {HIDDEN} " in shown


@given(st.binary(min_size=24, max_size=64))
def test_a_webhook_secret_is_hidden(secret: bytes) -> None:
    text = base64.b64encode(secret).decode()
    assert redact(f"under whsec_{text}.") == f"under whsec_{HIDDEN}."


def test_a_pem_block_is_hidden_even_when_it_is_cut_off() -> None:
    block = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"
    assert redact(f"key {block} end") == "key [pem] end"
    assert redact(f"key {block[:40]}") == "key [pem]"


@given(st.binary(min_size=9, max_size=40))
def test_credentials_of_a_header_are_hidden(secret: bytes) -> None:
    token = base64.b64encode(secret).decode()
    for text in (
        f"Authorization: Bearer {token}",
        f"authorization: Basic {token}",
        f'{{"Authorization": "Bearer {token}"}}',
        f"('Authorization', 'Bearer {token}')",
        f"Proxy-Authorization={token}",
    ):
        assert token not in redact(text)


def test_a_password_in_a_url_or_an_assignment_is_hidden() -> None:
    text = "mysql+asyncmy://sikka:hunter2@db:3306/sikka?password=hunter2&x=1"
    assert redact(text) == f"mysql+asyncmy://sikka:{HIDDEN}@db:3306/sikka?password={HIDDEN}&x=1"


@given(
    st.text(string.ascii_lowercase + string.digits, min_size=4, max_size=30),
    st.text(string.ascii_lowercase, min_size=3, max_size=12),
    WORDS,
)
def test_a_vpa_is_masked(local: str, handle: str, before: str) -> None:
    vpa = f"{local}@{handle}"
    shown = redact(f"{before} {vpa} ")
    assert vpa not in shown
    assert local not in shown.rpartition("@")[0].rpartition(" ")[2]
    assert shown.endswith(f"***@{handle} ")


def test_vpas_of_every_shape_and_mail_addresses_are_masked() -> None:
    assert redact("asha.k@simbank") == "as***@simbank"
    assert redact('"payer_vpa":"asha@simbank"') == '"payer_vpa":"as***@simbank"'
    assert "12345678" not in redact("123456789012@hdfc0000001.ifsc.npci")
    assert "asha.kumar" not in redact("mail to asha.kumar@example.com")


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(grouped(), WORDS)
def test_redacting_a_secret_twice_changes_nothing_more(card: tuple[str, str], text: str) -> None:
    once = redact(f"{text} {card[1]} sk_test_abc123 asha@simbank Authorization: Bearer {card[0]}")
    assert redact(once) == once


@pytest.mark.parametrize(
    "name",
    ["authorization", "Authorization", "password", "client_secret", "master_key", "cvv", "pan"],
)
def test_a_fact_under_the_name_of_a_secret_is_hidden(name: str) -> None:
    assert redact_fact(name, "anything") == HIDDEN
    assert redact_fact("body", {"deep": [{name: "anything"}]}) == {"deep": [{name: HIDDEN}]}


@dataclass
class Holder:
    vpa: str


def test_facts_are_redacted_at_every_depth() -> None:
    fact = {"vpas": ["asha@simbank"], "n": 5, "flag": True, "none": None, "ratio": 0.5}
    shown = redact_fact("body", fact)
    assert shown == {"vpas": ["as***@simbank"], "n": 5, "flag": True, "none": None, "ratio": 0.5}
    assert redact_fact("number", 4111111111111111) == HIDDEN_CARD
    assert "asha@" not in json.dumps(redact_fact("holder", Holder("asha@simbank")))
    assert redact_fact("strange", object).startswith("<class")


@given(st.text(string.digits, min_size=1, max_size=19))
def test_exactly_one_last_digit_is_right(digits: str) -> None:
    assume(digits)
    assert sum(is_luhn(digits + last) for last in string.digits) == 1
