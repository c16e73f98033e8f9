"""What the rail to the switch needs to know about us and about the switch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sikka.domain.errors import ConfigurationError
from sikka.rails.transport import TransportConfig

# The tags of a Device that the UPI schema knows.
DEVICE_TAGS = frozenset(
    {"MOBILE", "GEOCODE", "LOCATION", "IP", "TYPE", "ID", "OS", "APP", "CAPABILITY", "TELECOM"}
)
_ONBOARDINGS = frozenset({"BANK", "AGGREGATOR", "NETWORK", "TPAP"})
_OWNERSHIPS = frozenset({"PROPRIETARY", "PARTNERSHIP", "PRIVATE", "PUBLIC", "OTHERS"})
_RULES = {
    "org_id": re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII),
    "switch_org_id": re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII),
    "psp_prefix": re.compile(r"[A-Z0-9]{3}", re.ASCII),
    "version": re.compile(r"[0-9]\.[0-9]", re.ASCII),
    "path_prefix": re.compile(r"(/[A-Za-z0-9._~-]+)*", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class NpciConfig:
    """The way to the UPI switch.

    Args:
        transport: address, pool, patience.
        org_id: ours, as `Head@orgId`.
        switch_org_id: the switch's. Whoever else has a pinned key, only the switch is believed.
        psp_prefix: the three characters with which our ids begin.
        version: `Head@ver` and the path's version segment in what we send.
        accepted_versions: version segments that callbacks may have.
        path_prefix: what the switch's gateway wants before `/upi`, "" or `/…`.
        name: the rail's name, as merchants refer to it.
        device: the Device of the party that initiates, which is our server.
        merchant_type: SMALL or LARGE.
        onboarding_type: who brought the merchants to UPI.
        ownership: the legal form that is told of merchants.
        sign_links: whether `upi://pay` links carry a signature of our key.
        reply_timeout_s: how long a ReqValAdd waits for its RespValAdd.
        reply_poll_s: how often it looks whether another process has received it.

    Raises:
        ConfigurationError: a value breaks its rule.
    """

    transport: TransportConfig
    org_id: str
    psp_prefix: str
    switch_org_id: str = "NPCI"
    version: str = "2.0"
    accepted_versions: frozenset[str] = frozenset({"1.0", "2.0"})
    path_prefix: str = ""
    name: str = "npci"
    device: Mapping[str, str] = field(
        default_factory=lambda: {"TYPE": "INET", "OS": "Linux", "APP": "sikka"}
    )
    merchant_type: str = "SMALL"
    onboarding_type: str = "AGGREGATOR"
    ownership: str = "PRIVATE"
    sign_links: bool = False
    reply_timeout_s: float = 10.0
    reply_poll_s: float = 0.1

    def __post_init__(self) -> None:
        for name, rule in _RULES.items():
            if rule.fullmatch(getattr(self, name)) is None:
                raise _wrong(name, f"must match {rule.pattern}")
        if not self.device or not self.device.keys() <= DEVICE_TAGS:
            raise _wrong("device", f"must have tags of {', '.join(sorted(DEVICE_TAGS))}")
        if self.merchant_type not in ("SMALL", "LARGE"):
            raise _wrong("merchant_type", "must be SMALL or LARGE")
        if self.onboarding_type not in _ONBOARDINGS:
            raise _wrong("onboarding_type", f"must be one of {', '.join(sorted(_ONBOARDINGS))}")
        if self.ownership not in _OWNERSHIPS:
            raise _wrong("ownership", f"must be one of {', '.join(sorted(_OWNERSHIPS))}")


def _wrong(name: str, rule: str) -> ConfigurationError:
    return ConfigurationError(message=f"upi.npci.{name} {rule}", param=f"upi.npci.{name}")
