"""Made payments of a month: some users, some merchants, two kinds of fraud that show."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

from sikka.fraud.training.stream import PaymentStream
from sikka.fraud.training.table import stream_of_table

START_MS = 1_750_000_000_000
DAY_MS = 86_400_000
DELAY_MS = 2 * DAY_MS

Columns = dict[str, list[Any]]


def columns(seed: int = 1, payments: int = 3_000, days: int = 30) -> Columns:
    """The columns of a payment stream.

    One payment in thirty is fraud: a stolen card pays far more than its user does, from a device
    that nobody knows; a colluding merchant takes round amounts.
    """
    chance = random.Random(seed)
    times = sorted(chance.randrange(days * DAY_MS) for _ in range(payments))
    rows = [_row(chance, number, START_MS + time_ms) for number, time_ms in enumerate(times)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _row(chance: random.Random, number: int, time_ms: int) -> dict[str, Any]:
    user, merchant = chance.randrange(40), chance.randrange(25)
    kind = None
    amount = int(chance.lognormvariate(9, 0.6))
    device = chance.choice([f"phone-{user}", f"phone-{user}", None])
    if chance.random() < 1 / 40:
        kind, amount, device = "stolen_card", amount * 9, f"burner-{number}"
    elif merchant == 7 and chance.random() < 1 / 4:
        kind, amount = "collusion", 500_000
    there = chance.random() < 0.5
    fraud = kind is not None
    return {
        "payment_id": f"pay_{number}",
        "time_ms": time_ms,
        "amount_minor": amount,
        "currency": "INR",
        "payment_method": chance.choice(["UPI", "CARD"]),
        "user": f"user-{user}" if chance.random() < 0.95 else None,
        "instrument": f"user{user}@simbank",
        "device": device,
        "ip": f"10.0.0.{user}" if chance.random() < 0.8 else None,
        "merchant": f"merchant-{merchant}",
        "latitude": 19 + user / 100 if there else None,
        "longitude": 72 + user / 100 if there else None,
        "fraud": fraud if chance.random() < 0.98 else None,
        "fraud_kind": kind,
        "known_ms": None,
        "true_fraud": fraud,
        "rules_decision": "DECLINE" if amount > 300_000 else "APPROVE",
    }


def told_late(made: Columns) -> Columns:
    """The same, where every third label tells when it became known: up to ten days later."""
    chance = random.Random(3)
    known = [
        time_ms + chance.randrange(1, 10 * DAY_MS)
        if number % 3 == 0 and fraud is not None
        else None
        for number, (time_ms, fraud) in enumerate(zip(made["time_ms"], made["fraud"], strict=True))
    ]
    return {**made, "known_ms": known}


def stream(made: Columns | None = None) -> PaymentStream:
    """The payment stream of some columns."""
    return stream_of_table(pa.table(made or columns()))
