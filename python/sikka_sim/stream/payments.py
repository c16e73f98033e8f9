"""Payments in the making: columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sikka_sim.stream.draws import Integers
from sikka_sim.stream.geography import NOWHERE, Place
from sikka_sim.stream.holdings import NOBODY

HONEST = 0
"""The number of the kind of fraud that is none."""
NEVER_KNOWN = -1
"""Stands for the time at which a fraud becomes known when it never does."""


@dataclass(slots=True)
class Payments:
    """Payments, one a place in each column; entities are numbers, NOBODY where there is none.

    Attributes:
        time_ms: when, in milliseconds since 1970.
        amount_minor: how much, in paise.
        user, instrument, device, ip, merchant: the numbers of those who take part.
        kind: the number of the merchant's kind.
        latitude_e6, longitude_e6: where, in millionths of a degree, or NOWHERE.
        fraud: the number of the kind of fraud it is in truth, or HONEST.
        known_ms: when it becomes known that it is fraud, or NEVER_KNOWN.
    """

    time_ms: Integers
    amount_minor: Integers
    user: Integers
    instrument: Integers
    device: Integers
    ip: Integers
    merchant: Integers
    kind: Integers
    latitude_e6: Integers
    longitude_e6: Integers
    fraud: Integers
    known_ms: Integers

    def __len__(self) -> int:
        return len(self.time_ms)

    @property
    def place(self) -> Place:
        """Where they are made."""
        return self.latitude_e6, self.longitude_e6

    def take(self, which: NDArray[np.generic]) -> Payments:
        """Some of them, by place or by flag."""
        return Payments(*(getattr(self, field.name)[which] for field in fields(self)))

    def in_order(self) -> Payments:
        """The same, sorted by time."""
        return self.take(np.argsort(self.time_ms, kind="stable"))


def payments_of(count: int, **columns: Integers | int) -> Payments:
    """Make payments from columns, or one number for all; what is left out is unknown.

    Args:
        count: how many.
        columns: of the attributes of `Payments`.
    """
    unknown = {
        "user": NOBODY,
        "device": NOBODY,
        "ip": NOBODY,
        "latitude_e6": NOWHERE,
        "longitude_e6": NOWHERE,
        "fraud": HONEST,
        "known_ms": NEVER_KNOWN,
    }
    return Payments(
        *(
            np.broadcast_to(
                np.asarray(columns.get(field.name, unknown.get(field.name)), np.int64), count
            ).copy()
            for field in fields(Payments)
        )
    )


def joined(parts: Sequence[Payments]) -> Payments:
    """All payments of the parts, one after the other; of no parts, none."""
    if not parts:
        return payments_of(0, **dict.fromkeys((field.name for field in fields(Payments)), 0))
    return Payments(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Payments)
        )
    )
