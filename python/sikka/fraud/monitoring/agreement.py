"""Compares the features that were served with those that are computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.report import Agreement, FeatureDifference
from sikka.fraud.monitoring.drift import number
from sikka.fraud.monitoring.reach import REACHES
from sikka.fraud.monitoring.replay import Past
from sikka_core import FEATURE_NAMES

# Decayed numbers depend on the order of arrival in their last bits, and on what lies beyond the
# reach in less than a twenty-thousandth.
RELATIVE_TOLERANCE = 1e-3
ABSOLUTE_TOLERANCE = 1e-6


@dataclass(slots=True)
class _Tally:
    compared: int = 0
    differing: int = 0
    missing: int = 0
    absolute_max: float = 0.0
    relative_max: float = 0.0

    def count(self, served: float, again: float) -> bool:
        """Compare two values; return whether they differ."""
        self.compared += 1
        if isnan(served) or isnan(again):
            differs = isnan(served) is not isnan(again)
            self.missing += differs
            self.differing += differs
            return differs
        absolute = abs(served - again)
        largest = max(abs(served), abs(again))
        relative = absolute / largest if largest else 0.0
        self.absolute_max = max(self.absolute_max, absolute)
        self.relative_max = max(self.relative_max, relative)
        differs = absolute > ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * largest
        self.differing += differs
        return differs


def agreement_of(
    sample: Sequence[AssessedPayment],
    served: Mapping[str, Mapping[str, Any]],
    again: Mapping[str, Mapping[str, float]],
    past: Past,
) -> Agreement:
    """Compare vectors, feature by feature, where the past that was read tells enough.

    Args:
        sample: the payments to compare.
        served: the features that each was assessed with, by payment id.
        again: the same computed from what is stored.
        past: what they were computed from.
    """
    tallies = {name: _Tally() for name in FEATURE_NAMES}
    differing = 0
    for payment in sample:
        one, other = served[payment.payment_id], again[payment.payment_id]
        names = [name for name in FEATURE_NAMES if past.tells(payment, name)]
        differ = [name for name in names if tallies[name].count(number(one, name), other[name])]
        differing += any(REACHES[name].is_narrow for name in differ)
    features = [_difference(name, each) for name, each in tallies.items() if each.compared]
    return Agreement(
        payments=len(sample),
        history=len(past.payments) - len(sample),
        differing_share=differing / len(sample) if sample else None,
        features=sorted(
            features, key=lambda each: (-each.differing_share, -each.relative_max, each.name)
        ),
        not_compared=[name for name, each in tallies.items() if not each.compared],
    )


def _difference(name: str, tally: _Tally) -> FeatureDifference:
    return FeatureDifference(
        name=name,
        compared=tally.compared,
        differing_share=tally.differing / tally.compared,
        missing_share=tally.missing / tally.compared,
        absolute_max=tally.absolute_max,
        relative_max=tally.relative_max,
    )
