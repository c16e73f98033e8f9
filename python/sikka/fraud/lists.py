"""Allow, block and review lists, ready for look-up in the path of every payment."""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from socket import AF_INET, inet_pton
from typing import cast

from sikka.domain.errors import ConfigurationError, InvalidRequest
from sikka.domain.fraud.assessment import Decision, RiskRequest
from sikka.domain.fraud.lists import address_of, network_of, normal_value
from sikka.domain.fraud.policy import FraudListEntry, ListField, ListKind
from sikka.fraud.config import FraudConfig
from sikka.fraud.shelf import Shelf

_log = logging.getLogger(__name__)

# As they count: whoever is allowed is not blocked, whoever is blocked is not reviewed.
_KINDS = (
    (ListKind.ALLOW.value, Decision.APPROVE),
    (ListKind.BLOCK.value, Decision.DECLINE),
    (ListKind.REVIEW.value, Decision.REVIEW),
)
# In the order in which a payment's values are looked up. Plain texts: the hash of an Enum's
# member is computed in Python, and these are looked up with every payment.
_WORDS = {
    ListField.VPA.value: "account",
    ListField.CARD.value: "card",
    ListField.USER.value: "customer",
    ListField.DEVICE.value: "device",
    ListField.IP.value: "IP address",
    ListField.MERCHANT.value: "merchant",
}
_IP = ListField.IP.value
_CONFIGURED = "configured/"

# The width of a range: the version of IP, and the bits of its prefix.
_Width = tuple[int, int]
# The version of IP, how many bits it has, and the number that they make.
_Address = tuple[int, int, int]
_Changes = dict[Hashable, float | None]
_Layer = Mapping[str, "_List"]


@dataclass(frozen=True, slots=True)
class Listing:
    """A payment that is on a list: which one, what it decides, and words for it."""

    name: str
    decision: Decision
    reason: str


class Lists:
    """The entries, ready for look-up. It does not change.

    A payment's values are looked up by themselves, its address once for every width of range that
    there is: how long the lists are does not count.

    Args:
        entries: of all merchants; `merchant_id` None is for all of them. One that was removed
            is left out.
    """

    __slots__ = ("_configured", "_stored")

    def __init__(self, entries: Iterable[FraudListEntry] = ()) -> None:
        self._set({}, {}, entries)

    def with_entries(self, changed: Iterable[FraudListEntry]) -> Lists:
        """Lists on which these entries are as they are given, and all others as before.

        Args:
            changed: in the order in which they were changed; one that was removed is taken off.
        """
        lists = object.__new__(Lists)
        lists._set(self._configured, self._stored, changed)
        return lists

    def _set(
        self,
        configured: _Layer,
        stored: Mapping[str | None, _Layer],
        changed: Iterable[FraudListEntry],
    ) -> None:
        # What the configuration says cannot be taken off by a row of the table.
        fixed: list[FraudListEntry] = []
        rows: dict[str | None, list[FraudListEntry]] = {}
        for entry in changed:
            is_fixed = entry.id.startswith(_CONFIGURED)
            (fixed if is_fixed else rows.setdefault(entry.merchant_id, [])).append(entry)
        self._configured = _with_entries(configured, fixed)
        self._stored = {
            **stored,
            **{owner: _with_entries(stored.get(owner, {}), each) for owner, each in rows.items()},
        }

    def _layers(self, owners: Iterable[str | None]) -> list[_Layer]:
        layers = [self._configured, *(self._stored.get(owner) for owner in owners)]
        return [layer for layer in layers if layer]

    def find(self, request: RiskRequest, now: datetime) -> Listing | None:
        """The list that decides about the payment, or None.

        Args:
            now: what has expired by then does not count.
        """
        layers = self._layers((None, request.merchant_id))
        if not layers:
            return None
        values, address, now_s = _values(request), _address(request.device.ip), now.timestamp()
        for kind, decision in _KINDS:
            for layer in layers:
                listed = layer.get(kind)
                field = listed and listed.field_of(values, address, now_s)
                if field:
                    reason = f"The {_WORDS[field]} is on the {kind} list."
                    return Listing(f"{kind}_list_{field}", decision, reason)
        return None

    def blocks_all(self, field: str, value: str, now: datetime) -> bool:
        """Whether the block list refuses a value to every merchant.

        Args:
            field: a `ListField`.
        """
        name, block = ListField(field), ListKind.BLOCK.value
        address = _address(value) if name is ListField.IP else None
        values = {} if name is ListField.IP else {name.value: _compared(name, value)}
        lists = [layer[block] for layer in self._layers((None,)) if block in layer]
        return any(each.field_of(values, address, now.timestamp()) for each in lists)


class _List:
    """All that is on one of the lists, from one source. It does not change.

    Args:
        shelves: by field: what is on the list, and until when.
        widths: how many ranges of addresses there are of each width.
    """

    __slots__ = ("_shelves", "_widths")

    def __init__(self, shelves: Mapping[str, Shelf], widths: Mapping[_Width, int]) -> None:
        self._shelves = shelves
        self._widths = widths

    def with_changes(self, changes: Mapping[str, _Changes]) -> _List:
        shelves, widths = dict(self._shelves), self._widths
        for field, changed in changes.items():
            before = shelves.get(field) or Shelf()
            if field == _IP:
                widths = _recounted(widths, before, changed)
            shelves[field] = before.changed(changed)
        return _List({field: shelves[field] for field in _WORDS if field in shelves}, widths)

    def field_of(
        self, values: Mapping[str, Hashable], address: _Address | None, now_s: float
    ) -> str | None:
        """By which field a payment is on the list, or None."""
        for field, shelf in self._shelves.items():
            if field == _IP:
                if address is not None and self._has(shelf, address, now_s):
                    return field
            elif now_s < (shelf.get(values.get(field)) or 0.0):
                return field
        return None

    def _has(self, shelf: Shelf, address: _Address, now_s: float) -> bool:
        version, bits, number = address
        for family, width in self._widths:
            if family == version:
                until_s = shelf.get((version, width, number >> (bits - width)))
                if until_s is not None and now_s < until_s:
                    return True
        return False


def _with_entries(layer: _Layer, entries: Sequence[FraudListEntry]) -> _Layer:
    if not entries:
        return layer
    changes: dict[str, dict[str, _Changes]] = {}
    for entry in entries:
        value = _compared(entry.field, entry.value, entry.id)
        if value is not None:
            of_kind = changes.setdefault(entry.kind.value, {})
            of_kind.setdefault(entry.field.value, {})[value] = _until_s(entry)
    after = dict(layer)
    for kind, changed in changes.items():
        after[kind] = after.get(kind, _List({}, {})).with_changes(changed)
    return after


def _until_s(entry: FraudListEntry) -> float | None:
    if entry.removed_at is not None:
        return None
    return math.inf if entry.expires_at is None else entry.expires_at.timestamp()


def _compared(field: ListField, value: str, entry_id: str | None = None) -> Hashable | None:
    """How a value is looked up; None for what cannot be, which is told of."""
    if field is ListField.VPA:
        return value.lower()
    if field is not ListField.IP:
        return value
    if "/" not in value and (address := _address(value)) is not None:
        return address
    try:
        network = network_of(value)
    except ValueError:
        _log.error("the entry %s of a fraud list is no IP address and does not count", entry_id)
        return None
    bits = network.prefixlen
    prefix = int(network.network_address) >> (network.max_prefixlen - bits)
    return (network.version, bits, prefix)


def _recounted(
    widths: Mapping[_Width, int], before: Shelf, changed: _Changes
) -> Mapping[_Width, int]:
    """How many ranges of each width there are after a change."""
    after = dict(widths)
    for key, until_s in changed.items():
        was, will_be = before.get(key) is not None, until_s is not None
        if was is not will_be:
            version, bits, _prefix = cast("tuple[int, int, int]", key)
            count = after.pop((version, bits), 0) + (1 if will_be else -1)
            if count:
                after[version, bits] = count
    return after


def _values(request: RiskRequest) -> dict[str, Hashable]:
    instrument = request.instrument
    is_vpa = instrument is not None and "@" in instrument
    return {
        "vpa": instrument.lower() if instrument and is_vpa else None,
        "card": None if is_vpa else instrument,
        "user": request.user_id,
        "device": request.device.fingerprint,
        "merchant": request.merchant_id,
    }


def _address(text: str | None) -> _Address | None:
    if not text:
        return None
    try:
        # The customary form, without making an object of it.
        if ":" not in text:
            return (4, 32, int.from_bytes(inet_pton(AF_INET, text)))
        address = address_of(text)
    except (ValueError, OSError):
        return None
    return (address.version, address.max_prefixlen, int(address))


def configured(config: FraudConfig) -> tuple[FraudListEntry, ...]:
    """What the configuration blocks, for all merchants.

    Raises:
        ConfigurationError: a value breaks the rule of its field.
    """
    fields = (
        (ListField.USER, "blocked_users", config.blocked_users),
        (ListField.VPA, "blocked_vpas", config.blocked_vpas),
        (ListField.DEVICE, "blocked_devices", config.blocked_devices),
        (ListField.IP, "blocked_ips", config.blocked_ips),
    )
    return tuple(
        FraudListEntry(
            id=f"{_CONFIGURED}{field}/{place}",
            bucket=0,
            merchant_id=None,
            kind=ListKind.BLOCK,
            field=field,
            value=_configured_value(field, value, f"fraud.{setting}[{place}]"),
            reason=None,
            created_by="configuration",
            created_at=datetime.fromtimestamp(0, UTC),
        )
        for field, setting, values in fields
        for place, value in enumerate(values)
    )


def _configured_value(field: ListField, value: str, param: str) -> str:
    try:
        return normal_value(field, value, param)
    except InvalidRequest as error:
        raise ConfigurationError(message=error.message, param=param) from None
