"""What the rail to a sponsor bank needs to know."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sikka.domain.errors import ConfigurationError
from sikka.rails.transport import TransportConfig

_MERCHANT_ID = re.compile(r"[A-Za-z0-9]{1,35}", re.ASCII)
_PSP_PREFIX = re.compile(r"[A-Z0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SponsorConfig:
    """The way to one bank.

    Args:
        name: of the bank and of the rail, as merchants refer to it and as callbacks' paths say.
        transport: address, pool, patience.
        merchant_id: ours at the bank.
        psp_prefix: the three characters with which our transaction ids begin.
        secret: signs our requests.
        callback_secrets: what callbacks may be signed with; `secret` alone when empty. Two of
            them while the bank changes its secret.
        tolerance_s: how far a callback's timestamp may be from now.

    Raises:
        ConfigurationError: a value breaks its rule.
    """

    name: str
    transport: TransportConfig
    merchant_id: str
    psp_prefix: str
    secret: bytes = field(repr=False)
    callback_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    tolerance_s: int = 300

    def __post_init__(self) -> None:
        for name, rule in (("merchant_id", _MERCHANT_ID), ("psp_prefix", _PSP_PREFIX)):
            if rule.fullmatch(getattr(self, name)) is None:
                raise self._wrong(name, f"must match {rule.pattern}")
        if not self.secret or not all(self.callback_secrets):
            raise self._wrong("secret", "must not be empty")

    @property
    def accepted_secrets(self) -> tuple[bytes, ...]:
        """The secrets under which a callback is believed."""
        return self.callback_secrets or (self.secret,)

    def _wrong(self, name: str, rule: str) -> ConfigurationError:
        param = f"upi.sponsors.{self.name}.{name}"
        return ConfigurationError(message=f"{param} {rule}", param=param)
