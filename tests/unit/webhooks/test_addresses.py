from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.webhooks.addresses import AddressRules, ForbiddenAddressError

STRICT = AddressRules()
OPEN = AddressRules(allow_private_addresses=True, allow_http=True)

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "100.100.100.200", "::1", "fc00::1", "fd12:3456::1",
]  # fmt: skip
NEVER = [
    "0.0.0.0",  # noqa: S104 - an address to be refused
    "169.254.169.254", "169.254.1.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "168.63.129.16", "::", "fe80::1", "ff02::1", "fd00:ec2::254", "2001::1", "192.0.2.1",
    "2001:db8::1", "fe80::1%eth0", "64:ff9b:1::1", "not an address", "", "1.2.3", "0x7f000001",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_allowed_only_where_configured(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        STRICT.check_address(address)
    OPEN.check_address(address)


@pytest.mark.parametrize("address", NEVER)
def test_link_local_metadata_and_reserved_addresses_are_never_allowed(address: str) -> None:
    for rules in (STRICT, OPEN):
        with pytest.raises(ForbiddenAddressError):
            rules.check_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    STRICT.check_address(address)
    OPEN.check_address(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_an_ipv6_coat_is_judged_like_itself(address: IPv4Address) -> None:
    number = int(address)
    coats = (
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x0064_FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
    )
    for rules in (STRICT, OPEN):
        expected = _allowed(rules, str(address))
        assert {_allowed(rules, str(coat)) for coat in coats} == {expected}


@given(st.ip_addresses())
def test_what_is_allowed_strictly_is_global(address: IPv4Address | IPv6Address) -> None:
    if _allowed(STRICT, str(address)):
        assert address.is_global or isinstance(address, IPv6Address)


def _allowed(rules: AddressRules, text: str) -> bool:
    try:
        rules.check_address(text)
    except ForbiddenAddressError:
        return False
    return True


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/hooks?a=b",
        "https://shop.example:8443/",
        "https://xn--bcher-kva.example/",
        "https://93.184.216.34/hooks",
        "https://[2606:4700:4700::1111]/hooks",
        "https://a_b.example./",
    ],
)
def test_ordinary_urls_are_accepted(url: str) -> None:
    assert str(STRICT.check_url(url).scheme) == "https"


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "ftp://shop.example/",
        "javascript:alert(1)",
        "shop.example/hooks",
        "https://",
        "https:///hooks",
        "https://user@shop.example/",
        "https://user:password@shop.example/",
        "https://:password@shop.example/",
        "https://shop.example/#part",
        "https://shop.example/#",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:port/",
        "https://shop example/",
        "https://shop.example/\n",
        "https://shop.example/\x00",
        "https://bücher.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[fe80::1%25eth0]/",
        "https://-shop.example/",
        "https://" + "a" * 64 + ".example/",
        "https://shop.example/" + "a" * 2_048,
        "",
    ],
)
def test_dangerous_and_broken_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        STRICT.check_url(url)
    assert refused.value.code == "url_invalid"
    assert refused.value.param == "url"
    assert len(url) < 10 or url not in refused.value.message


def test_http_and_this_machine_are_allowed_where_configured() -> None:
    assert OPEN.check_url("http://127.0.0.1:8080/webhooks").port == 8080
    assert OPEN.check_url("http://localhost:8080/webhooks").host == "localhost"


@given(st.text(max_size=60))
def test_any_text_is_either_accepted_or_refused(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://{text}/hooks"):
        try:
            url = STRICT.check_url(candidate)
        except InvalidRequest:
            continue
        assert url.scheme == "https"
        assert url.host
        assert url.user is None
