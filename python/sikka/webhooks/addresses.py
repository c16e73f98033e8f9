"""Where webhooks may go: the rules of a URL, and of the addresses that its host resolves to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from yarl import URL

from sikka.domain.errors import InvalidRequest

URL_LENGTH_MAX = 2_048

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
# The last label of a name holds a letter, so that no resolver reads the name as a number.
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?=[^.]*[A-Za-z][^.]*\Z){_LABEL}", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)

# Public by number, but served inside a cloud: Azure's wire server.
_METADATA = frozenset({IPv4Address("168.63.129.16"), IPv6Address("fd00:ec2::254")})
# Every IPv6 range that wraps an IPv4 address, with how many bits follow that address.
_WRAPPERS = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("64:ff9b:1::/48"))
_PRIVATE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv6Network("fc00::/7"),
    IPv6Network("::1/128"),
)

Address = IPv4Address | IPv6Address


class ForbiddenAddressError(OSError):
    """A host resolves to an address that no webhook may go to. The message does not name it."""


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv6Address) and int(address) > 1:
        for network, shift in _WRAPPERS:
            if address in network:
                return IPv4Address((int(address) >> shift) & 0xFFFF_FFFF)
    return address


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What a URL must look like, and which addresses may be connected to.

    Link-local, metadata, multicast, unspecified and reserved addresses are never allowed.

    Args:
        allow_private_addresses: also private networks and this machine, for development and for
            merchants in the operator's own network.
        allow_http: also URLs without TLS.
    """

    allow_private_addresses: bool = False
    allow_http: bool = False

    def check_address(self, text: str) -> None:
        """Judge one numeric address.

        Raises:
            ForbiddenAddressError: no webhook may go there, or it is no address.
        """
        try:
            address = _unwrapped(ip_address(text))
        except ValueError:
            raise ForbiddenAddressError("the host has no usable address") from None
        if address in _METADATA or address.is_multicast or self._inside_tunnel(address):
            raise ForbiddenAddressError("the host's address is not allowed")
        private = any(
            address in network for network in _PRIVATE if network.version == address.version
        )
        if private and self.allow_private_addresses:
            return
        if private or not address.is_global:
            raise ForbiddenAddressError("the host's address is not allowed")

    def check_url(self, text: str) -> URL:
        """Judge a URL as far as it can be judged without asking a resolver.

        Raises:
            InvalidRequest: it names the rule that is broken, and never the URL.
        """
        if len(text) > URL_LENGTH_MAX or not _PRINTABLE.fullmatch(text):
            raise _invalid(f"must be at most {URL_LENGTH_MAX} printable ASCII characters")
        try:
            url = URL(text)
            host, port = url.raw_host, url.port
        except ValueError:
            raise _invalid("must be a URL") from None
        schemes = ("https", "http") if self.allow_http else ("https",)
        if url.scheme not in schemes or not host:
            raise _invalid(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if url.user is not None or url.password is not None:
            raise _invalid("must not hold a user or password")
        if url.fragment or text.endswith("#"):
            raise _invalid("must not hold a fragment")
        if not port:
            raise _invalid("must not name port 0")
        self._check_host(host)
        return url

    def _check_host(self, host: str) -> None:
        try:
            ip_address(host)
        except ValueError:
            if not _NAME.fullmatch(host.removesuffix(".")):
                raise _invalid("must name a host by its DNS name or address") from None
            return
        try:
            self.check_address(host)
        except ForbiddenAddressError:
            raise forbidden() from None

    @staticmethod
    def _inside_tunnel(address: Address) -> bool:
        return isinstance(address, IPv6Address) and any(address in net for net in _TUNNELS)


def _invalid(rule: str) -> InvalidRequest:
    return InvalidRequest("url_invalid", f"url {rule}", param="url")


def forbidden() -> InvalidRequest:
    """The refusal of a URL whose host has an address that webhooks do not go to."""
    return _invalid("must not lead to a private, local or metadata address")
