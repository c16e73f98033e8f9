"""The normal form of what stands on a fraud list, in which it is stored and compared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.policy import ListField
from sikka_core import MalformedError, is_id, normalise_vpa

# A range that is wider than these would be half the world by a slip of the hand.
PREFIX_BITS_MIN = {4: 8, 6: 16}

_USER = re.compile(r"[!-~]{1,64}")
_CARD = re.compile(r"[0-9a-f]{64}")
_DEVICE_LENGTH_MAX = 128
# `::ffff:0:0/96` is where IPv6 writes addresses of IPv4.
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def normal_value(field: ListField, value: str, param: str = "value") -> str:
    """The value as it is stored.

    Args:
        field: what it is: a user is 1 to 64 printable ASCII characters without spaces; a VPA has
            its grammar; a card is a fingerprint of 64 lower-case hex digits; a device is 1 to 128
            characters; an IP is an address of IPv4 or IPv6 or a range of them in CIDR notation
            without host bits, /8 (/16 for IPv6) or narrower; a merchant is an id.
        param: how an error names the value.

    Raises:
        InvalidRequest: the value breaks the rule of its field; the error does not repeat it.
    """
    return _NORMAL[field](value, param)


def address_of(text: str) -> Address:
    """An address of IPv4 or IPv6; one of IPv4 that is written as IPv6 becomes what it is.

    Raises:
        ValueError: it is neither, or has a scope (`fe80::1%eth0`).
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise ValueError("an address with a scope means nothing elsewhere")
        return address.ipv4_mapped or address
    return address


def network_of(text: str) -> Network:
    """An address, or a range in CIDR notation, as a range.

    Raises:
        ValueError: it is neither, or has bits beyond its prefix.
    """
    if "/" not in text:
        return ipaddress.ip_network(address_of(text))
    # Digits only: a netmask after the slash would be read as a prefix by some and not by others.
    if not text.rpartition("/")[2].isdecimal() or "%" in text:
        raise ValueError("the prefix is not a number")
    network = ipaddress.ip_network(text, strict=True)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        bits = network.prefixlen - _MAPPED.prefixlen
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFF_FFFF, bits))
    return network


def _vpa(value: str, param: str) -> str:
    try:
        return normalise_vpa(value)
    except MalformedError as error:
        raise InvalidRequest("vpa_invalid", str(error), param=param) from None


def _ip(value: str, param: str) -> str:
    try:
        network = network_of(value)
    except ValueError:
        raise _broken(
            param, "must be an IPv4 or IPv6 address, or a range such as 198.51.100.0/24"
        ) from None
    if network.num_addresses == 1:
        return str(network.network_address)
    bits = PREFIX_BITS_MIN[network.version]
    if network.prefixlen < bits:
        raise _broken(param, f"must not be a range wider than /{bits}")
    return str(network)


def _matches(pattern: re.Pattern[str], words: str) -> Callable[[str, str], str]:
    def check(value: str, param: str) -> str:
        if pattern.fullmatch(value) is None:
            raise _broken(param, words)
        return value

    return check


def _device(value: str, param: str) -> str:
    if not 0 < len(value) <= _DEVICE_LENGTH_MAX:
        raise _broken(param, f"must have 1 to {_DEVICE_LENGTH_MAX} characters")
    return value


def _merchant(value: str, param: str) -> str:
    if not is_id(value, "mer"):
        raise _broken(param, "must be the id of a merchant")
    return value


def _broken(param: str, rule: str) -> InvalidRequest:
    return InvalidRequest(message=f"{param} {rule}", param=param)


_NORMAL: dict[ListField, Callable[[str, str], str]] = {
    ListField.USER: _matches(_USER, "must be 1 to 64 printable ASCII characters without spaces"),
    ListField.VPA: _vpa,
    ListField.CARD: _matches(_CARD, "must be a fingerprint of 64 lower-case hex digits"),
    ListField.DEVICE: _device,
    ListField.IP: _ip,
    ListField.MERCHANT: _merchant,
}
