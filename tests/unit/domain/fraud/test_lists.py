from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.lists import address_of, network_of, normal_value
from sikka.domain.fraud.policy import ListField

MERCHANT = "mer_01KAR2FX8001YNPFEV3TGJ6KMK"
CARD = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("field", "value", "normal"),
    [
        (ListField.USER, "user_7", "user_7"),
        (ListField.USER, "USER_7", "USER_7"),
        (ListField.VPA, "Asha@SimBank", "asha@simbank"),
        (ListField.CARD, CARD, CARD),
        (ListField.DEVICE, "d 81 ü", "d 81 ü"),
        (ListField.IP, "203.0.113.9", "203.0.113.9"),
        (ListField.IP, "203.0.113.9/32", "203.0.113.9"),
        (ListField.IP, "203.0.113.0/24", "203.0.113.0/24"),
        (ListField.IP, "2001:DB8:0::1", "2001:db8::1"),
        (ListField.IP, "2001:db8::/32", "2001:db8::/32"),
        (ListField.IP, "::ffff:203.0.113.9", "203.0.113.9"),
        (ListField.IP, "::ffff:203.0.113.0/120", "203.0.113.0/24"),
        (ListField.MERCHANT, MERCHANT, MERCHANT),
    ],
)
def test_each_field_has_a_normal_form_of_its_own(field: ListField, value: str, normal: str) -> None:
    assert normal_value(field, value) == normal
    assert normal_value(field, normal) == normal


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (ListField.USER, ""),
        (ListField.USER, "user 7"),
        (ListField.USER, "u" * 65),
        (ListField.USER, "user_7\n"),
        (ListField.VPA, "asha"),
        (ListField.CARD, "4111111111111111"),
        (ListField.CARD, CARD.upper()),
        (ListField.DEVICE, ""),
        (ListField.DEVICE, "d" * 129),
        (ListField.IP, "203.0.113.9/24"),
        (ListField.IP, "203.0.113.0/255.255.255.0"),
        (ListField.IP, "203.0.113"),
        (ListField.IP, "203.0.113.0/33"),
        (ListField.IP, "0.0.0.0/0"),
        (ListField.IP, "2000::/3"),
        (ListField.IP, "fe80::1%eth0"),
        (ListField.IP, "fe80::%1/64"),
        (ListField.IP, ""),
        (ListField.MERCHANT, "mer_1"),
    ],
)
def test_what_breaks_the_rule_of_its_field_is_refused_by_name(field: ListField, value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        normal_value(field, value, "entries[3].value")
    assert caught.value.param == "entries[3].value"
    assert len(value) < 4 or value not in str(caught.value)


@given(st.text(max_size=60), st.sampled_from(ListField))
def test_whatever_is_written_has_one_normal_form_or_is_refused(
    value: str, field: ListField
) -> None:
    try:
        normal = normal_value(field, value)
    except InvalidRequest:
        return
    assert normal_value(field, normal) == normal


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_range_holds_the_addresses_that_it_was_made_of(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int
) -> None:
    bits = min(bits, address.max_prefixlen)
    written = ipaddress.ip_network((address, bits), strict=False)
    network = network_of(str(written))
    found = address_of(str(address))
    if network.version == found.version:
        assert found in network
