"""Whether and when a fraud becomes known, and what follows from it."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import DAY_MS
from sikka_sim.stream.draws import Draws, Integers, ppm, times_ppm
from sikka_sim.stream.payments import NEVER_KNOWN, Payments
from sikka_sim.stream.schema import Reporting

SMALL_MINOR = 100_000
SECOND_MS = 1_000
FOREVER = np.iinfo(np.int64).max


def reported(
    payments: Payments, victim: Integers, reporting: Reporting, draws: Draws
) -> tuple[Payments, Integers]:
    """Let victims report, and somebody investigate; what would come after that does not happen.

    Args:
        payments: of one episode.
        victim: the number of each payment's victim, from 0.
        reporting: how likely and how soon.
        draws: by chance.

    Returns:
        the payments that take place, with `known_ms`; and when each victim's became known, or
        NEVER_KNOWN, also of who was to be a victim after all was over.
    """
    victims = int(victim.max()) + 1
    first = np.full(victims, FOREVER)
    np.minimum.at(first, victim, payments.time_ms)
    lost = np.zeros(victims, np.int64)
    np.add.at(lost, victim, payments.amount_minor)
    share = np.where(lost < SMALL_MINOR, ppm(reporting.small_factor), ppm(1.0))
    share = share * ppm(reporting.reported_share) // ppm(1.0)
    reports = draws.chance(share, victims)
    delays = _delays_ms(reporting.delay_days_median, reporting.delay_sigma, victims, draws)
    known = np.where(reports, first + delays, FOREVER)
    if draws.happens(reporting.investigated_share):
        days = reporting.investigated_days_median
        found = int(first.min()) + _delays_ms(days, reporting.delay_sigma, 1, draws)[0]
        known = np.minimum(known, found)
    known = np.where(known == FOREVER, NEVER_KNOWN, known)
    happens = (payments.time_ms < known[victim]) | (known[victim] == NEVER_KNOWN)
    hit = np.zeros(victims, bool)
    hit[victim[happens]] = True
    payments = payments.take(happens)
    payments.known_ms = known[victim[happens]]
    return payments, np.where(hit, known, NEVER_KNOWN)


def _delays_ms(days_median: float, sigma: float, count: int, draws: Draws) -> Integers:
    median_s = np.full(count, round(days_median * DAY_MS / SECOND_MS))
    seconds = times_ppm(median_s, draws.lognormal(sigma, count))
    return seconds * SECOND_MS + 1 + draws.below(SECOND_MS, count)
