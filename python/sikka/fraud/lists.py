"""Block, allow and review lists: from the configuration, and from the table `fraud_lists`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sikka.domain.fraud import Decision, RiskRequest
from sikka.domain.fraud_policy import FraudListEntry, ListField, ListKind
from sikka.fraud.config import FraudConfig
from sikka.ports import Clock

_log = logging.getLogger(__name__)

# As they count: whoever is allowed is not blocked, whoever is blocked is not reviewed.
_KINDS = (
    (ListKind.ALLOW, Decision.APPROVE),
    (ListKind.BLOCK, Decision.DECLINE),
    (ListKind.REVIEW, Decision.REVIEW),
)
_WORDS = {
    ListField.VPA: "account",
    ListField.USER: "customer",
    ListField.DEVICE: "device",
    ListField.IP: "IP address",
}


class ListReader(Protocol):
    """Reads the lists."""

    async def list_entries(self) -> Sequence[FraudListEntry]:
        """All entries of all merchants."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """A payment that is on a list: which one, what it decides, and words for it."""

    name: str
    decision: Decision
    reason: str


class Lists:
    """The entries, ready for look-up. It does not change.

    Args:
        entries: of all merchants; `merchant_id` None is for all of them.
    """

    def __init__(self, entries: Iterable[FraudListEntry]) -> None:
        self._values: dict[str, set[tuple[str | None, str, str]]] = {}
        for entry in entries:
            place = (entry.merchant_id, entry.field, _normal(entry.field, entry.value))
            self._values.setdefault(entry.kind, set()).add(place)

    def find(self, request: RiskRequest) -> Listing | None:
        """The list that decides about the payment, or None."""
        if not self._values:
            return None
        device, merchant_id = request.device, request.merchant_id
        keys = [
            (field, _normal(field, value))
            for field, value in (
                (ListField.VPA, request.instrument),
                (ListField.USER, request.user_id),
                (ListField.DEVICE, device.fingerprint),
                (ListField.IP, device.ip),
            )
            if value
        ]
        for kind, decision in _KINDS:
            listed = self._values.get(kind)
            if not listed:
                continue
            for field, value in keys:
                if (None, field, value) in listed or (merchant_id, field, value) in listed:
                    reason = f"The {_WORDS[field]} is on the {kind} list."
                    return Listing(f"{kind}_list_{field}", decision, reason)
        return None

    def blocks_all(self, field: str, value: str) -> bool:
        """Whether the block list refuses a value to every merchant."""
        listed = self._values.get(ListKind.BLOCK, ())
        return (None, field, _normal(field, value)) in listed


def _normal(field: str, value: str) -> str:
    return value.lower() if field in ("vpa", "ip") else value


def configured(config: FraudConfig) -> tuple[FraudListEntry, ...]:
    """What the configuration blocks, for all merchants."""
    fields = (
        (ListField.USER, config.blocked_users),
        (ListField.VPA, config.blocked_vpas),
        (ListField.DEVICE, config.blocked_devices),
        (ListField.IP, config.blocked_ips),
    )
    since = datetime.fromtimestamp(0, UTC)
    return tuple(
        FraudListEntry(
            f"configured/{field}/{place}",
            0,
            None,
            ListKind.BLOCK,
            field,
            value,
            None,
            "configuration",
            since,
        )
        for field, values in fields
        for place, value in enumerate(values)
    )


class ListCache:
    """The lists as they were at most a few seconds ago.

    Nobody waits for a refresh, but for the very first; while the reader fails the last lists
    count, and `stale` says so.

    Args:
        reader: where the table is; None for the configuration alone.
        fixed: entries that always count.
        clock: the time.
        ttl_s: how old the lists may become before they are read again.
        timeout_s: how long the first reading may hold up a payment.
    """

    def __init__(
        self,
        reader: ListReader | None,
        fixed: Sequence[FraudListEntry],
        clock: Clock,
        ttl_s: float = 5.0,
        timeout_s: float = 0.25,
    ) -> None:
        self._reader = reader
        self._fixed = tuple(fixed)
        self._clock = clock
        self._ttl_s = ttl_s
        self._timeout_s = timeout_s
        self._lists = Lists(self._fixed)
        self._refresh_at_s = float("-inf") if reader else float("inf")
        self._refreshing: asyncio.Task[None] | None = None
        self.stale = reader is not None

    async def current(self) -> Lists:
        """The lists to go by now."""
        if self._clock.now().timestamp() >= self._refresh_at_s:
            await self._refresh()
        return self._lists

    async def _refresh(self) -> None:
        first = self._refresh_at_s == float("-inf")
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._read(), name="fraud lists")
        if first:
            await asyncio.wait({self._refreshing}, timeout=self._timeout_s)
            # Whether it was in time or not: only the first payment waits.
            self._refresh_at_s = max(self._refresh_at_s, 0.0)

    async def close(self) -> None:
        """Stop a reading that is under way."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait({self._refreshing})

    async def _read(self) -> None:
        try:
            if self._reader is not None:
                entries = await self._reader.list_entries()
                self._lists = Lists((*self._fixed, *entries))
                self.stale = False
        except Exception:  # noqa: BLE001 - a payment is never held up by its lists
            _log.exception("the fraud lists could not be read")
            self.stale = True
        finally:
            self._refresh_at_s = self._clock.now().timestamp() + self._ttl_s
            self._refreshing = None
