"""When which fraud takes place, and how each ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sikka_sim.stream.almanac import DAY_MS
from sikka_sim.stream.draws import PPM, Draws, ppm
from sikka_sim.stream.frauds.account_takeover import account_takeover
from sikka_sim.stream.frauds.card_testing import card_testing
from sikka_sim.stream.frauds.merchant_collusion import merchant_collusion
from sikka_sim.stream.frauds.mule_account import mule_account
from sikka_sim.stream.frauds.reporting import reported
from sikka_sim.stream.frauds.rings import Rings
from sikka_sim.stream.frauds.scene import Episode, Loot, Scene
from sikka_sim.stream.frauds.slow_drip import SlowDrips
from sikka_sim.stream.frauds.stolen_card import stolen_card
from sikka_sim.stream.habits import Habits, Today
from sikka_sim.stream.holdings import NOBODY
from sikka_sim.stream.payments import NEVER_KNOWN, Payments
from sikka_sim.stream.schema import Frauds
from sikka_sim.stream.world import World

FRAUD_KINDS = Frauds.__struct_fields__
"""The names of the kinds; the number of a kind of fraud is its place here, plus one."""

MILLION = 1_000_000


class Plan:
    """Lets frauds happen beside honest payments.

    As many episodes of each kind as the parameters say to a million honest payments, evenly over
    the stream; what happens in them is left to chance.

    Arguments:
        world: of the stream.
        habits: of its people.
        draws: of when the first of each kind comes.
    """

    def __init__(self, world: World, habits: Habits, draws: Draws) -> None:
        self._world, self._habits = world, habits
        self._rings, self._loot = Rings(world), Loot()
        self._acts: dict[str, Callable[[Scene, Any], Episode]] = {
            "stolen_card": stolen_card,
            "account_takeover": account_takeover,
            "card_testing": card_testing,
            "mule_account": mule_account,
            "merchant_collusion": merchant_collusion,
            "slow_drip": SlowDrips(),
        }
        # What is due of each kind, in millionths of an episode.
        self._due = draws.below(PPM, len(FRAUD_KINDS))

    def day(self, today: Today, honest: int, draws: Draws) -> list[Payments]:
        """The payments, of this day and later ones, of the episodes that begin today.

        Args:
            today: the day.
            honest: how many honest payments it has.
            draws: by chance.
        """
        payments = []
        for number, name in enumerate(FRAUD_KINDS):
            fraud = getattr(self._world.parameters.frauds, name)
            self._due[number] += honest * ppm(fraud.per_million) // MILLION
            episodes, self._due[number] = divmod(int(self._due[number]), PPM)
            for _ in range(episodes):
                ring = self._rings.one(today.day, draws)
                scene = Scene(self._world, self._habits, today, ring, draws, self._loot)
                episode = self._acts[name](scene, fraud)
                if len(episode.payments):
                    payments += self._ended(episode, number + 1, fraud, draws)
        return payments

    def _ended(self, episode: Episode, number: int, fraud: Any, draws: Draws) -> list[Payments]:
        """What takes place of an episode before it is reported, with its labels."""
        episode.payments.fraud[:] = number
        payments, known = reported(episode.payments, episode.victim, fraud.reporting, draws)
        for instrument, known_ms in zip(episode.instruments, known, strict=False):
            if instrument.user != NOBODY and known_ms != NEVER_KNOWN:
                day = (int(known_ms) - self._world.almanac.start_ms) // DAY_MS + 1
                self._world.holdings.replace_on(day, instrument.user, instrument.slot)
        parts = [payments] if episode.beside is None else [payments, episode.beside]
        limit = getattr(fraud, "closed_after_reports", None)
        reports = np.sort(known[known != NEVER_KNOWN])
        if limit is not None and len(reports) >= limit:
            closed_ms = reports[limit - 1]
            parts = [part.take(part.time_ms < closed_ms) for part in parts]
        return parts
