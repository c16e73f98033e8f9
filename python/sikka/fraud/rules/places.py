"""Rules about where, and on what, the customer pays: what is new, and what is too far away."""

from __future__ import annotations

from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules.rule import Severity, Violation

# Below this a distance is noise of the positioning.
_NOISE_KM = 100.0


class ImpossibleTravelRule:
    """Two payments lie further apart than anybody travels in between."""

    name = "impossible_travel"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.speed_km_h_max

    def evaluate(self, facts: Facts) -> Violation | None:
        speed = facts.features.get("speed_km_h", 0.0)
        distance = facts.features.get("distance_km", 0.0)
        if speed <= self._most or distance < _NOISE_KM:
            return None
        reason = f"The customer was {distance:.0f} km away too shortly before."
        return Violation(self.name, Severity.NOTE, 21, reason)


class DistantPlaceRule:
    """The customer pays very far from where the last payment was made."""

    name = "distant_location"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.distance_km_max

    def evaluate(self, facts: Facts) -> Violation | None:
        distance = facts.features.get("distance_km", 0.0)
        if distance <= self._most:
            return None
        reason = f"The last payment of this customer was made {distance:.0f} km away."
        return Violation(self.name, Severity.NOTE, 6, reason)


class NewDeviceRule:
    """The customer pays with a device that was not seen with them before."""

    name = "new_device"

    def evaluate(self, facts: Facts) -> Violation | None:
        if facts.features.get("new_device") != 1.0:
            return None
        return Violation(self.name, Severity.NOTE, 5, "The device is new for this customer.")


class NewPlaceRule:
    """The customer pays from a place that was not seen with them before."""

    name = "new_location"

    def evaluate(self, facts: Facts) -> Violation | None:
        if facts.features.get("new_location") != 1.0:
            return None
        return Violation(self.name, Severity.NOTE, 4, "The place is new for this customer.")
