"""The Handbook's simulated payments as a payment stream, with the kind of each fraud.

"Reproducible Machine Learning for Credit Card Fraud Detection" (Le Borgne, Siblini, Lebichot,
Bontempi, 2022), chapter 3, "Transaction data simulator", makes payments of 5,000 customers at
10,000 terminals and then frauds of three kinds:

1. every amount above 220;
2. two terminals a day are compromised for 28 days: all of their payments are frauds;
3. three customers a day are compromised for 14 days: a third of their amounts is five times what
   it was, and those are frauds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from numpy.typing import NDArray

from sikka.fraud.training.split import DAY_MS
from sikka.fraud.training.stream import PaymentStream
from sikka.fraud.training.table import stream_of_table

FIRST_DAY = np.datetime64("2018-04-01")
LABEL_DELAY_MS = 7 * DAY_MS
LARGE_MINOR = 220_00
TERMINALS, TERMINALS_A_DAY, TERMINAL_DAYS = 10_000, 2, 28
CUSTOMERS, CUSTOMERS_A_DAY, CUSTOMER_DAYS = 5_000, 3, 14

LARGE, KNOWN_TERMINAL, NEW_TERMINAL, CUSTOMER = (
    "large amount",
    "terminal with a known fraud",
    "terminal without a known fraud",
    "customer",
)


def read_payments(path: Path, before: np.datetime64 | None = None) -> PaymentStream:
    """Read the payments, customers as users and terminals as merchants.

    Args:
        path: a Parquet file with TRANSACTION_ID, TX_DATETIME (UTC), CUSTOMER_ID, TERMINAL_ID,
            TX_AMOUNT and TX_FRAUD.
        before: a day; payments of it or later are not even read. None for all.

    Raises:
        ValueError: frauds are not those that the simulator makes.
    """
    table = pyarrow.parquet.read_table(path).sort_by(
        [("TX_DATETIME", "ascending"), ("TRANSACTION_ID", "ascending")]
    )
    time_ms = table["TX_DATETIME"].cast(pa.timestamp("ms")).cast(pa.int64()).to_numpy()
    if before is not None:
        table = table.slice(0, int(np.searchsorted(time_ms, milliseconds(before))))
        time_ms = time_ms[: len(table)]
    amounts = pc.round(pc.multiply(table["TX_AMOUNT"], 100.0)).cast(pa.int64())
    frauds = table["TX_FRAUD"].cast(pa.bool_())
    kinds = kinds_of(
        time_ms,
        table["CUSTOMER_ID"].to_numpy(),
        table["TERMINAL_ID"].to_numpy(),
        amounts.to_numpy(),
        frauds.to_numpy(),
    )
    columns = {
        "payment_id": table["TRANSACTION_ID"].cast(pa.string()),
        "time_ms": pa.array(time_ms),
        "amount_minor": amounts,
        # The simulator's amounts are of no currency.
        "currency": pa.array(["XXX"] * len(table)),
        "payment_method": pa.array(["CARD"] * len(table)),
        "user": table["CUSTOMER_ID"].cast(pa.string()),
        "merchant": table["TERMINAL_ID"].cast(pa.string()),
        "fraud": frauds,
        "fraud_kind": pa.array(kinds, mask=~frauds.to_numpy()),
    }
    return stream_of_table(pa.table(columns))


def milliseconds(day: np.datetime64) -> int:
    """The first moment of a day, in milliseconds since 1970."""
    return int(day.astype("datetime64[ms]").astype(np.int64))


def days_of(time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """The day of each payment, from 0 for the simulation's first."""
    return (time_ms - milliseconds(FIRST_DAY)) // DAY_MS


def kinds_of(
    time_ms: NDArray[np.int64],
    customers: NDArray[np.int64],
    terminals: NDArray[np.int64],
    amount_minor: NDArray[np.int64],
    frauds: NDArray[np.bool_],
) -> NDArray[np.str_]:
    """Which kind each fraud is of, by drawing again what the simulator drew.

    A payment at a compromised terminal is told apart by whether a label says so: whether one of its
    frauds is at least seven days old, and no older than a compromise lasts. Where a payment is a
    fraud in two ways, the one that is easier to know counts.

    Returns:
        (n,) words; of payments that are no frauds they mean nothing.

    Raises:
        ValueError: a payment that must be fraud is none, or a fraud is none of these.
    """
    days = days_of(time_ms)
    large = amount_minor > LARGE_MINOR
    terminal = _compromised(days, terminals, TERMINALS, TERMINALS_A_DAY, TERMINAL_DAYS)
    customer = _compromised(days, customers, CUSTOMERS, CUSTOMERS_A_DAY, CUSTOMER_DAYS)
    if (~frauds & (large | terminal)).any() or (frauds & ~(large | terminal | customer)).any():
        raise ValueError("the frauds are not those of the Handbook's simulator")
    known = _known(time_ms, terminals, terminal)
    kinds = np.where(terminal, np.where(known, KNOWN_TERMINAL, NEW_TERMINAL), CUSTOMER)
    return np.where(large, LARGE, kinds)


def _compromised(
    days: NDArray[np.int64], ids: NDArray[np.int64], population: int, each_day: int, lasting: int
) -> NDArray[np.bool_]:
    """Which payments are of somebody who is compromised on that day."""
    when = np.zeros((int(days.max()) + lasting, population), dtype=bool)
    for day in range(int(days.max()) + 1):
        # The generator that the simulator used, and no other makes its draws.
        drawn = np.random.RandomState(day).choice(population, each_day, replace=False)
        when[day : day + lasting, drawn] = True
    return np.asarray(when[days, ids])


def _known(
    time_ms: NDArray[np.int64], terminals: NDArray[np.int64], compromised: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """At which payments a label of a fraud at the terminal is known and not outdated."""
    known = np.zeros(len(time_ms), dtype=bool)
    by_terminal = np.argsort(terminals, kind="stable")
    bounds = np.flatnonzero(np.diff(terminals[by_terminal])) + 1
    for rows in np.split(by_terminal, bounds):
        frauds_ms = time_ms[rows[compromised[rows]]]
        if len(frauds_ms):
            now_ms = time_ms[rows]
            count = np.searchsorted(frauds_ms, now_ms - LABEL_DELAY_MS, side="right")
            last_ms = frauds_ms[np.maximum(count - 1, 0)]
            known[rows] = (count > 0) & (now_ms - last_ms < TERMINAL_DAYS * DAY_MS)
    return known
