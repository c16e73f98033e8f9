"""What this process remembers of each user, instrument, device, IP address and merchant.

A user id is the merchant's own, so a user is known by merchant and id together; an instrument, a
device and an address are the same everywhere. Test and live payments never meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sikka.domain.fraud import RiskRequest
from sikka.fraud.windows import DistinctDay, RollingWindow

ENTITIES_MAX = 50_000
ATTEMPTS_MAX = 200_000
_DEVICES_MAX = 32
_PLACES_MAX = 32
_EARTH_RADIUS_KM = 6_371.0088
# A place is a cell of a tenth of a degree, some eleven kilometres.
_CELLS_PER_DEGREE = 10

P = TypeVar("P")


class Counted:
    """An entity of which only the payments are counted: an address, a merchant."""

    __slots__ = ("window",)

    def __init__(self) -> None:
        self.window = RollingWindow()


class Instrument:
    """A VPA or card, with the merchants it was used at."""

    __slots__ = ("merchants", "window")

    def __init__(self) -> None:
        self.window = RollingWindow()
        self.merchants = DistinctDay()


class DeviceProfile:
    """A device, with the instruments it was used with and when it was first seen."""

    __slots__ = ("first_s", "instruments", "window")

    def __init__(self) -> None:
        self.window = RollingWindow()
        self.instruments = DistinctDay()
        self.first_s: float | None = None

    def age_s(self, now_s: float) -> float:
        """How long the device has been known; 0 when it is seen for the first time."""
        if self.first_s is None:
            self.first_s = now_s
        return max(0.0, now_s - self.first_s)


class User:
    """A merchant's customer: amounts, devices, places.

    Mean and spread of the amounts are over all that is remembered (Welford's method).
    """

    __slots__ = (
        "_squares", "count", "devices", "last_place", "last_place_s", "mean_minor", "places",
        "window",
    )  # fmt: skip

    def __init__(self) -> None:
        self.window = RollingWindow()
        self.count = 0
        self.mean_minor = 0.0
        self._squares = 0.0
        self.devices: dict[str, None] = {}
        self.places: dict[tuple[int, int], None] = {}
        self.last_place: tuple[float, float] | None = None
        self.last_place_s = 0.0

    @property
    def spread_minor(self) -> float:
        """The standard deviation of the amounts; 0 while there are fewer than two."""
        return math.sqrt(self._squares / (self.count - 1)) if self.count > 1 else 0.0

    def add_amount(self, amount_minor: int) -> None:
        """Count an amount into mean and spread."""
        self.count += 1
        delta = amount_minor - self.mean_minor
        self.mean_minor += delta / self.count
        self._squares += delta * (amount_minor - self.mean_minor)

    def add_device(self, fingerprint: str) -> bool:
        """See a device; return whether it is new to a user who has used another before."""
        new = bool(self.devices) and fingerprint not in self.devices
        _remember(self.devices, fingerprint, _DEVICES_MAX)
        return new

    def add_place(self, place: tuple[float, float]) -> bool:
        """See a place; return whether it is new to a user who was elsewhere before."""
        cell = (math.floor(place[0] * _CELLS_PER_DEGREE), math.floor(place[1] * _CELLS_PER_DEGREE))
        new = bool(self.places) and cell not in self.places
        _remember(self.places, cell, _PLACES_MAX)
        return new


K = TypeVar("K")


def _remember(known: dict[K, None], value: K, most: int) -> None:
    known.pop(value, None)
    known[value] = None
    if len(known) > most:
        del known[next(iter(known))]


class Entities(Generic[P]):
    """The entities of one kind; the least recently used are forgotten beyond a bound."""

    def __init__(self, make: Callable[[], P], most: int) -> None:
        self._make = make
        self._most = most
        self._known: dict[str, P] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> P:
        """The entity, made when it is not known."""
        known = self._known
        entity = known.pop(key, None)
        if entity is None:
            entity = self._make()
            if len(known) >= self._most:
                del known[next(iter(known))]
        known[key] = entity
        return entity


@dataclass(slots=True)
class Reading:
    """The memory's answer for one payment: windows that include it, and how it compares.

    Mean and spread of the user, and what is new about device and place, are as they were before.
    """

    user: RollingWindow
    merchant: RollingWindow
    instrument: RollingWindow | None
    device: RollingWindow | None
    ip: RollingWindow | None
    user_payments: int
    user_mean_minor: float
    user_spread_minor: float
    merchants_24h: int
    device_instruments_24h: int
    device_age_s: float | None
    new_device: bool
    new_location: bool
    distance_km: float | None
    speed_km_h: float | None

    def count(self, minute: int, amount_minor: int, *, fresh: bool) -> None:
        """Count the payment in every window; one that was counted before only moves the time."""
        for window in (self.user, self.merchant, self.instrument, self.device, self.ip):
            if window is None:
                continue
            if fresh:
                window.add(minute, amount_minor)
            else:
                window.advance(minute)


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """The great-circle distance of two places (latitude, longitude in degrees), by haversine."""
    latitude, other = math.radians(here[0]), math.radians(there[0])
    half_north = math.sin((other - latitude) / 2)
    half_east = math.sin(math.radians(there[1] - here[1]) / 2)
    chord = half_north**2 + math.cos(latitude) * math.cos(other) * half_east**2
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


class Memory:
    """All that is remembered. One process, no locks: it is used from one event loop.

    Args:
        entities_max: of each kind.
        attempts_max: how many attempts are remembered to have been counted.
    """

    def __init__(self, entities_max: int = ENTITIES_MAX, attempts_max: int = ATTEMPTS_MAX) -> None:
        self._users = Entities(User, entities_max)
        self._instruments = Entities(Instrument, entities_max)
        self._devices = Entities(DeviceProfile, entities_max)
        self._ips = Entities(Counted, entities_max)
        self._merchants = Entities(Counted, entities_max)
        self._attempts: dict[str, None] = {}
        self._attempts_max = attempts_max

    def read(self, request: RiskRequest) -> Reading:
        """Count the payment, unless its attempt was counted before, and return what is known."""
        mode = "live/" if request.livemode else "test/"
        fresh = self._is_first(mode + request.attempt)
        now_s = request.at.timestamp()
        minute = int(now_s) // 60
        merchant_id, device = request.merchant_id, request.device
        user = self._users.get(f"{mode}{merchant_id}/{request.user_id}")
        merchant = self._merchants.get(mode + merchant_id).window
        instrument = self._instruments.get(mode + i) if (i := request.instrument) else None
        profile = self._devices.get(mode + d) if (d := device.fingerprint) else None
        ip = self._ips.get(mode + a).window if (a := device.ip) else None
        reading = Reading(
            user=user.window,
            merchant=merchant,
            instrument=instrument.window if instrument else None,
            device=profile.window if profile else None,
            ip=ip,
            user_payments=user.count,
            user_mean_minor=user.mean_minor,
            user_spread_minor=user.spread_minor,
            merchants_24h=1,
            device_instruments_24h=0,
            device_age_s=None,
            new_device=False,
            new_location=False,
            distance_km=None,
            speed_km_h=None,
        )
        reading.count(minute, request.amount_minor, fresh=fresh)
        if fresh:
            user.add_amount(request.amount_minor)
        if instrument is not None:
            instrument.merchants.add(merchant_id, minute)
            reading.merchants_24h = instrument.merchants.count(minute)
        if profile is not None:
            if request.instrument:
                profile.instruments.add(request.instrument, minute)
            reading.device_instruments_24h = profile.instruments.count(minute)
            reading.device_age_s = profile.age_s(now_s)
        _place(reading, request, user, now_s)
        return reading

    def _is_first(self, attempt: str) -> bool:
        if attempt in self._attempts:
            return False
        _remember(self._attempts, attempt, self._attempts_max)
        return True


def _place(reading: Reading, request: RiskRequest, user: User, now_s: float) -> None:
    """Compare device and place with those that the user was seen with."""
    device = request.device
    if device.fingerprint:
        reading.new_device = user.add_device(device.fingerprint)
    if device.latitude is None or device.longitude is None:
        return
    here = (device.latitude, device.longitude)
    if user.last_place is not None:
        reading.distance_km = distance_km(here, user.last_place)
        hours = max(now_s - user.last_place_s, 1.0) / 3_600
        reading.speed_km_h = reading.distance_km / hours
    reading.new_location = user.add_place(here)
    user.last_place = here
    user.last_place_s = now_s
