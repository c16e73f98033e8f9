from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.models.words import WORDINGS, sentence
from sikka_core import FEATURE_NAMES

SENTENCE = re.compile(r"[A-Z0-9][A-Za-z0-9',.:%/ -]*, which (raises|lowers) the risk\.")


def test_every_feature_of_the_schema_has_words_and_no_other() -> None:
    assert sorted(WORDINGS) == sorted(FEATURE_NAMES)


@pytest.mark.parametrize("name", FEATURE_NAMES)
@given(
    value=st.one_of(
        st.none(), st.floats(0, 2.0**99, width=32), st.sampled_from((math.nan, math.inf))
    ),
    share=st.floats(-10, 10).filter(bool),
)
def test_whatever_the_value_a_feature_is_a_sentence_that_says_which_way_it_moved(
    name: str, value: float | None, share: float
) -> None:
    said = sentence(name, share, value, "INR")
    assert SENTENCE.fullmatch(said), said
    assert ("raises" in said) is (share > 0)
    assert not {"nan", "inf"} & set(said.split())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("amount", 129_900.0, "The amount is INR 1299.00"),
        ("amount_deviation", 6.24, "The amount is 6.2 standard deviations above what the customer"),
        ("amount_deviation", -3, "The amount is 3.0 standard deviations below what the customer"),
        ("amount_deviation", 0.3, "The amount is near what the customer usually pays,"),
        ("amount_deviation", None, "The customer has made too few payments to compare"),
        ("transaction_hour", 23.0, "The payment is made between 23:00 and 00:00,"),
        ("day_of_week", 6.0, "The payment is made on a Sunday,"),
        ("device_fingerprint", 0.0, "The device was never seen before,"),
        ("device_fingerprint", None, "The device is not named,"),
        ("device_age_s", 0.0, "The device was never seen before,"),
        ("device_age_s", 3 * 86_400.0, "The device was first seen 3 days ago,"),
        ("user_age_s", 0.0, "It is the customer's first payment,"),
        ("user_gap_s", 90.0, "The customer's last payment was 1 minute ago,"),
        ("user_gap_s", 0.25, "The customer's last payment was less than a second ago,"),
        ("user_count_10m", 12.0, "12 payments of this customer in ten minutes,"),
        ("user_count_10m", 1.0, "1 payment of this customer in ten minutes,"),
        ("user_count_7d", 0.2, "About 1 payment of this customer in a week,"),
        ("unique_merchants_24h", 4.0, "The customer paid 4 different merchants in a day,"),
        ("merchant_instruments_24h", 5_310.0, "About 5,310 different accounts or cards paid the"),
        ("user_frauds_30d", 0.0, "No payment of this customer turned out to be fraud within a"),
        ("ip_frauds_30d", 0.4, "A payment from this IP address turned out to be fraud,"),
        ("merchant_labels_7d", 40.2, "About 40 payments of this merchant became known as good or"),
        ("merchant_risk_24h", None, "No payment of this merchant has become known as good or"),
        ("user_sum_24h", 1e30, "The customer paid about INR 9999999999999.99 in a day,"),
        ("speed_km_h", 1_240.0, "To come from the last place the customer travelled 1,240 km/h,"),
        ("location_lat", -19.07, "The payment is made at a latitude of -19.07 degrees,"),
    ],
)
def test_words_say_what_is_so(name: str, value: float | None, said: str) -> None:
    sentence_ = sentence(name, 0.5, value, "INR")
    assert sentence_.startswith(said)
    assert sentence_.endswith(", which raises the risk.")


def test_amounts_are_told_in_the_currency_of_the_payment() -> None:
    assert (
        sentence("amount", -1.0, 1_299.0, "JPY") == "The amount is JPY 1299, which lowers the risk."
    )


def test_there_are_no_words_for_what_is_no_feature() -> None:
    with pytest.raises(KeyError):
        sentence("shoe_size", 1.0, 42.0, "INR")
