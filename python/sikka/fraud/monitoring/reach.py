"""Of whom a feature is, and how much of the past it takes to compute it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from sikka_core import FEATURE_NAMES

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

# Older than ten of its windows, a payment weighs less than a twenty-thousandth.
DECAYED_WINDOWS = 10


class Owner(StrEnum):
    """Whose record a feature is read from."""

    PAYMENT = "payment"
    USER = "user"
    INSTRUMENT = "instrument"
    DEVICE = "device"
    IP = "ip"
    MERCHANT = "merchant"


# Records of these few payments share, so that hardly ever two of them are on their way at once.
NARROW = frozenset({Owner.PAYMENT, Owner.USER, Owner.INSTRUMENT, Owner.DEVICE})


@dataclass(frozen=True, slots=True)
class Reach:
    """What it takes to compute a feature again.

    Args:
        owners: those whose past it takes.
        seconds: how far back; `inf` for all of it.
    """

    owners: frozenset[Owner]
    seconds: float

    @property
    def is_narrow(self) -> bool:
        """Whether payments on their way at the same moment can hardly disturb it."""
        return self.owners <= NARROW


_EXACT_S = {"10m": 11 * MINUTE_S, "1h": 61 * MINUTE_S, "24h": 25 * HOUR_S}
_DECAYED_S = {"1h": HOUR_S, "24h": DAY_S, "7d": 7 * DAY_S, "30d": 30 * DAY_S}

_USER = frozenset({Owner.USER})
_DEVICE = frozenset({Owner.DEVICE})
_SPECIAL = {
    "amount": Reach(frozenset({Owner.PAYMENT}), 0.0),
    "transaction_hour": Reach(frozenset({Owner.PAYMENT}), 0.0),
    "day_of_week": Reach(frozenset({Owner.PAYMENT}), 0.0),
    "location_lat": Reach(frozenset({Owner.PAYMENT}), 0.0),
    "location_lng": Reach(frozenset({Owner.PAYMENT}), 0.0),
    "amount_deviation": Reach(_USER, inf),
    "avg_transaction_amount": Reach(_USER, inf),
    "transaction_frequency_1h": Reach(_USER, _EXACT_S["1h"]),
    "transaction_frequency_24h": Reach(_USER, _EXACT_S["24h"]),
    "unique_merchants_24h": Reach(_USER, _EXACT_S["24h"]),
    "distance_km": Reach(_USER, inf),
    "speed_km_h": Reach(_USER, inf),
    "new_device": Reach(_USER, inf),
    "new_location": Reach(_USER, inf),
    "amount_to_last": Reach(_USER, inf),
    "amount_to_mean_24h": Reach(_USER, inf),
    "amount_to_mean_7d": Reach(_USER, inf),
    "amount_to_mean_30d": Reach(_USER, inf),
    "device_fingerprint": Reach(_DEVICE, inf),
    "velocity_violation": Reach(
        frozenset({Owner.USER, Owner.INSTRUMENT, Owner.DEVICE, Owner.IP}), _EXACT_S["10m"]
    ),
    "suspicious_pattern": Reach(frozenset({Owner.USER, Owner.DEVICE}), inf),
}
# Averages are of whatever is known, however old, where nothing newer is; and labels are of payments
# that may be much older than they.
_OF_ALL = ("_mean_", "_labels_", "_risk_", "_frauds_")
# What is counted by minute or hour; whatever else names a window is decayed over it.
_EXACT_WORDS = ("_merchants_", "_instruments_")
_EXACT_COUNTS = frozenset(
    f"{owner}_count_{window}"
    for owner in ("user", "merchant", "instrument", "device", "ip")
    for window in ("10m", "1h", "24h")
)


def _reach(name: str) -> Reach:
    if name in _SPECIAL:
        return _SPECIAL[name]
    owner, _, rest = name.partition("_")
    window = name.rpartition("_")[2]
    owners = frozenset({Owner(owner)})
    if name in _EXACT_COUNTS or any(word in f"_{rest}" for word in _EXACT_WORDS):
        return Reach(owners, _EXACT_S[window])
    if window in _DECAYED_S and not any(word in name for word in _OF_ALL):
        return Reach(owners, DECAYED_WINDOWS * _DECAYED_S[window])
    return Reach(owners, inf)


REACHES: Mapping[str, Reach] = {name: _reach(name) for name in FEATURE_NAMES}
