"""Money that comes back: merchants that pay themselves, or each other.

What can be known of a payment is its payer's address and its merchant. The payer is a merchant when
merchants are paid at that very address. Whoever pays from an address of another bank stays unseen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

from sikka.background import end
from sikka.domain.fraud.assessment import RiskRequest
from sikka.ports import Observer

log = logging.getLogger(__name__)

REFRESH_S = 60.0
WITHIN_S = 86_400.0
PAYMENTS_MAX = 20_000


class PayeeReader(Protocol):
    """Reads where merchants are paid."""

    async def payees(self) -> Sequence[tuple[str, str]]:
        """The address (in normal form) and the id of every merchant."""
        ...


class RoundTrip(Enum):
    """How a payment's money comes back, or may."""

    # The payer is the merchant that is paid.
    SELF = "self"
    # The payer is another merchant, which this one has paid within a day.
    RETURN = "return"
    # The payer is another merchant.
    MERCHANT = "merchant"


class RoundTrips:
    """Knows the addresses of merchants as of a minute ago, and who paid whom within a day.

    The addresses are the same in every process; payments between merchants are remembered by the
    process that assesses them, so with n processes some of those that come back are not seen.

    Args:
        reader: of the merchants; None knows no merchant.
        observe: hears `fraud.payees_failed`.
        refresh_s: how often the merchants are read.
    """

    def __init__(
        self, reader: PayeeReader | None, observe: Observer, refresh_s: float = REFRESH_S
    ) -> None:
        self._reader = reader
        self._observe = observe
        self._refresh_s = refresh_s
        self._merchants: Mapping[str, tuple[str, ...]] = {}
        # Mode, payer and payee; when, the latest last.
        self._paid: dict[tuple[bool, str, str], float] = {}
        self._following: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read once, and go on in the background. What cannot be read is no failure."""
        if self._reader is not None:
            await self.refresh()
            self._following = asyncio.create_task(self._follow(), name="payees")

    async def close(self) -> None:
        """Stop reading."""
        if self._following is not None:
            await end(self._following)

    async def refresh(self) -> None:
        """Read the merchants; while they cannot be read, the last ones count."""
        if self._reader is None:
            return
        try:
            rows = await self._reader.payees()
        except Exception as error:
            log.exception("the merchants' addresses could not be read; the last ones count")
            self._observe("fraud.payees_failed", error=type(error).__name__)
            return
        merchants: dict[str, tuple[str, ...]] = {}
        for vpa, merchant_id in rows:
            merchants[vpa] = (*merchants.get(vpa, ()), merchant_id)
        self._merchants = merchants

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_s)
            await self.refresh()

    def find(self, request: RiskRequest) -> RoundTrip | None:
        """Whether the payer is a merchant, and which; remembers the payment."""
        payers = self._merchants.get(request.instrument or "")
        if payers is None:
            return None
        payee, mode = request.merchant_id, request.livemode
        if payee in payers:
            return RoundTrip.SELF
        now_s = request.at.timestamp()
        returns = any(
            now_s - self._paid.get((mode, payee, payer), float("-inf")) <= WITHIN_S
            for payer in payers
        )
        for payer in payers:
            self._paid.pop((mode, payer, payee), None)
            self._paid[mode, payer, payee] = now_s
        while len(self._paid) > PAYMENTS_MAX:
            del self._paid[next(iter(self._paid))]
        return RoundTrip.RETURN if returns else RoundTrip.MERCHANT
