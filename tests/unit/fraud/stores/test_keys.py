from __future__ import annotations

import pytest

from sikka.fraud.stores.keys import Keys
from tests.integration.fraud.stores.made import label_of, payment

KEY = b"0123456789abcdef"


def test_the_names_of_a_payment_are_the_same_for_ever() -> None:
    keys = Keys("sikka", KEY)
    assert keys.state(livemode=True) == "{sikka:live}:1:state"
    assert keys.lock(livemode=False) == "{sikka:test}:1:lock"
    assert keys.answer(payment(1)) == "{sikka:live}:1:INR:payment:GnfDg-EdbBXtD5mH"
    facts = payment(1, instrument=None, device=None, ip=None, livemode=False, currency="USD")
    assert keys.records(facts) == [
        "{sikka:test}:1:USD:user:xI-iAwRmgWF1ONDi",
        "{sikka:test}:1:USD:merchant:f5jE0cy-2ETl6qvT",
    ]


def test_a_label_has_the_records_of_its_payment() -> None:
    keys, facts = Keys("sikka", KEY), payment(1, device=None)
    assert keys.records(label_of(facts, 5, fraud=True)) == keys.records(facts)


@pytest.mark.parametrize(
    "change",
    [
        {"livemode": False},
        {"currency": "USD"},
        {
            "user": "mer_1",
            "merchant": "user_1",
            "instrument": "phone-1",
            "device": "203.0.113.9",
            "ip": "asha@simbank",
        },
    ],
)
def test_another_mode_currency_or_kind_has_other_names(change: dict[str, object]) -> None:
    keys = Keys("sikka", KEY)
    assert not set(keys.records(payment(1))) & set(keys.records(payment(1, **change)))


def test_another_key_or_namespace_has_other_names() -> None:
    names = set(Keys("sikka", KEY).records(payment(1)))
    assert not names & set(Keys("sikka", KEY[::-1]).records(payment(1)))
    assert not names & set(Keys("other", KEY).records(payment(1)))


@pytest.mark.parametrize(
    ("namespace", "key", "rule"),
    [
        ("", KEY, "namespace"),
        ("a{b", KEY, "brace"),
        ("a", b"short", "16 to 64"),
        ("a", b"x" * 65, "16 to 64"),
    ],
)
def test_bad_arguments_are_named(namespace: str, key: bytes, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Keys(namespace, key)
