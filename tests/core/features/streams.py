"""Generated payments, as the arguments of `FeatureStore.observe`."""

from __future__ import annotations

import random
from typing import Any

START_MS = 1_750_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

Payment = dict[str, Any]


def stream(
    seed: int, payments: int, *, late: float = 0.0, gap_ms: int = 5 * MINUTE_MS
) -> list[Payment]:
    """Payments of a few users with habits; a share of them comes late, up to two days."""
    chance = random.Random(seed)
    made = []
    time_ms = START_MS
    for number in range(payments):
        time_ms += int(chance.expovariate(1 / gap_ms))
        lateness_ms = chance.randrange(2 * DAY_MS) if chance.random() < late else 0
        user = int(chance.paretovariate(1.2)) % 12
        payment = {
            "payment_id": f"pay_{seed}_{number}",
            "time_ms": time_ms - lateness_ms,
            "amount_minor": int(chance.lognormvariate(9, 1.2)),
            "user": f"user_{user}",
            "instrument": f"user{user}.{chance.randrange(3)}@simbank",
            "device": chance.choice([f"phone_{user}", "shared_tablet", None]),
            "ip": chance.choice([f"10.0.{user}.1", "10.9.9.9", None]),
            "merchant": f"merchant_{int(chance.paretovariate(1)) % 40}",
        }
        if chance.random() < 0.7:
            payment["latitude"] = round(19 + user / 10 + chance.gauss(0, 0.1), 4)
            payment["longitude"] = round(72 + user / 10 + chance.gauss(0, 0.1), 4)
        made.append(payment)
    return made
