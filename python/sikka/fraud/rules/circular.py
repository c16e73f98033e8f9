"""The rule about money that comes back to where it was paid from."""

from __future__ import annotations

from sikka.fraud.facts import Facts
from sikka.fraud.round_trips import RoundTrip, RoundTrips
from sikka.fraud.rules.rule import Severity, Violation

ROUND_TRIPS = {
    RoundTrip.SELF: Violation(
        "round_trip_self",
        Severity.REVIEW,
        60,
        "The payer's address is one that this merchant is paid at.",
    ),
    RoundTrip.RETURN: Violation(
        "round_trip_return",
        Severity.REVIEW,
        60,
        "The payer is a merchant that this merchant has paid within a day.",
    ),
    RoundTrip.MERCHANT: Violation(
        "round_trip_merchant",
        Severity.NOTE,
        6,
        "The payer's address is one that another merchant is paid at.",
    ),
}


class RoundTripRule:
    """A merchant pays itself, or one that paid it. See `sikka.fraud.round_trips`."""

    name = "round_trip"

    def __init__(self, round_trips: RoundTrips) -> None:
        self._round_trips = round_trips

    def evaluate(self, facts: Facts) -> Violation | None:
        found = self._round_trips.find(facts.request)
        return None if found is None else ROUND_TRIPS[found]
