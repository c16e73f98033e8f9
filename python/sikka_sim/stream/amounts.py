"""How much is paid to whom: fixed prices, round amounts, habits and limits."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.draws import (
    PPM,
    QUANTILES,
    Draws,
    Flags,
    Integers,
    cumulative,
    lognormal_ppm,
    ppm_array,
    times_ppm,
)
from sikka_sim.stream.schema import Kind, Parameters

RUPEE = 100
HUNDRED = 100 * RUPEE
STEPS = {"paise": 1, "rupee": RUPEE, "ten": 10 * RUPEE, "hundred": HUNDRED}
ROUNDINGS = (*STEPS, "ninety_nine")
NINETY_NINE = ROUNDINGS.index("ninety_nine")


def _roundings(kind: Kind) -> list[float]:
    weights: dict[str, float] = {str(name): weight for name, weight in kind.rounding.items()}
    return [weights.get(name, 0.0) for name in ROUNDINGS]


class Amounts:
    """Amounts by kind of merchant, from the parameters."""

    def __init__(self, parameters: Parameters) -> None:
        kinds = list(parameters.kinds.values())
        self._median = np.array([kind.median_minor for kind in kinds])
        self._noise = np.stack([lognormal_ppm(kind.sigma) for kind in kinds])
        self._half = np.array([kind.elasticity == "half" for kind in kinds])
        self._full = np.array([kind.elasticity == "full" for kind in kinds])
        self._rounding = np.stack([cumulative(_roundings(kind)) for kind in kinds])
        self._steps = np.array([*STEPS.values(), HUNDRED])
        self._menu_ppm = ppm_array(kind.menu_share for kind in kinds)
        longest = max(1, *(len(kind.menu_minor) for kind in kinds))
        self._menu = np.zeros((len(kinds), longest), np.int64)
        for number, kind in enumerate(kinds):
            self._menu[number, : len(kind.menu_minor)] = kind.menu_minor
        self._menu_sizes = np.array([max(len(kind.menu_minor), 1) for kind in kinds])
        self._upi_limit = np.array([kind.upi_limit_minor for kind in kinds])
        self._limits = parameters.limits

    def usual(
        self,
        kind: Integers,
        wealth: tuple[Integers, Integers],
        factors: tuple[Integers, ...],
        draws: Draws,
    ) -> Integers:
        """What people pay to merchants of a kind.

        Args:
            kind: the merchants' kinds.
            wealth: the payers' factor in full, and its square root.
            factors: others, in parts per million: the merchant's level, the day, a spree.
            draws: by chance.
        """
        size = len(kind)
        full, half = wealth
        own = np.where(self._full[kind], full, np.where(self._half[kind], half, PPM))
        noise = self._noise[kind, draws.below(QUANTILES, size)]
        free = self.rounded(times_ppm(self._median[kind], noise, own, *factors), kind, draws)
        fixed = self._menu[kind, draws.below_each(self._menu_sizes[kind])]
        return np.where(draws.chance(self._menu_ppm[kind], size), fixed, free)

    def rounded(self, amount: Integers, kind: Integers, draws: Draws) -> Integers:
        """Amounts as merchants of a kind ask for them: whole rupees, tens, or ending in 99."""
        totals = self._rounding[kind]
        drawn = draws.below_each(totals[:, -1])
        rounding = (totals <= drawn[:, np.newaxis]).sum(axis=1)
        # A large step is not for an amount that it would change by half.
        step = np.minimum(self._steps[rounding], np.where(amount < HUNDRED, RUPEE, HUNDRED))
        whole = np.maximum((amount + step // 2) // step, 1) * step
        ends_in_99 = (rounding == NINETY_NINE) & (whole >= HUNDRED)
        asked: Integers = whole - np.where(ends_in_99, RUPEE, 0)
        return asked

    def limited(self, amount: Integers, kind: Integers, card: Flags) -> Integers:
        """Amounts within the limits of UPI and of cards."""
        limit = np.where(card, self._limits.card_minor_max, self._upi_limit[kind])
        return np.clip(amount, self._limits.amount_minor_min, limit)
