"""What the engine needs of a feature store. The contract stands here, not in the adapters."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Protocol

from sikka.fraud.stores.facts import Facts, LabelFacts, PaymentFacts

# Hour and weekday are those of the customers' country, which has one time and never changes it.
INDIA_OFFSET_S = 19_800


class FeaturesUnavailable(Exception):
    """The store cannot answer in time; the message says why, free of secrets.

    It never leaves the room: the engine goes on without features and says so.
    """


@dataclass(frozen=True, slots=True)
class Observation:
    """The store's answer to a payment.

    Args:
        vector: (len(sikka_core.SCHEMA),) float32, read-only, in the order of `SCHEMA`.
        stale: whether the memory lacks its history, so that counts and averages are of what came
            since it was lost.
    """

    vector: memoryview
    stale: bool


class FeatureStore(Protocol):
    """Remembers payments and their labels, and tells the features of the next one.

    The same facts in the same order give the same vectors, to the bit, whichever store it is. Each
    currency of each mode has a memory of its own. Any number of calls may be under way at a time.
    """

    name: str

    async def open(self) -> None:
        """Get ready. Does not raise when what the store stands on is away: calls will."""
        ...

    async def observe(self, facts: PaymentFacts) -> Observation:
        """Count a payment with all who take part in it, and return its features.

        A repeated payment id counts once. It gets the very answer of the first time for as long as
        the store keeps that; later it is still recognised by the first of user, instrument,
        device, ip and merchant that is given, if it is among that one's last eight, and gets
        features of the present.

        Raises:
            FeaturesUnavailable: the store cannot answer in time. The payment may be counted or
                not; to observe it again is safe.
            MalformedError: a fact breaks its rule. Nothing is counted.
        """
        ...

    async def label(self, facts: LabelFacts) -> bool:
        """Count what became known of a payment with those who took part in it.

        Returns False, and counts nothing, when the first of them that is given remembers a label
        of this payment, among its last four. Whoever labels keeps track of what is labelled; this
        only makes a repetition harmless.

        Raises:
            FeaturesUnavailable: the store cannot answer in time. The label may be counted or not;
                to count it again is safe.
            MalformedError: a fact breaks its rule. Nothing is counted.
        """
        ...

    async def is_warm(self) -> bool:
        """Whether the memory of both modes has its history.

        Raises:
            FeaturesUnavailable: the store cannot tell.
        """
        ...

    async def warm(self, history: AsyncIterable[Facts]) -> int:
        """Put history into a memory that lacks it; returns how many items were counted.

        One process does so at a time: 0 is returned at once, and history is not read, when the
        memory is warm or somebody else is at it. Payments that come meanwhile are counted as they
        come, and history ends where they began; what was played before a process died is not
        played again. An item that breaks a rule is left out and reported in the log.

        Args:
            history: payments and labels of both modes, as far back as one likes, sorted by time
                (of a label, when it became known). Items of one time come in the same order
                whenever they are read.

        Raises:
            FeaturesUnavailable: the store went away. The memory is not warm; to go on later is
                safe.
            ValueError: history is not sorted. The memory is not warm.
            Exception: what reading history raises. The memory is not warm.
        """
        ...

    async def close(self) -> None:
        """Stop what goes on in the background, and keep what is to be kept."""
        ...
