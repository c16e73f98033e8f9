"""What a stream holds, in a page of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from sikka_sim.stream.almanac import DAY_MS, HOUR_MS, UTC_OFFSET_MS
from sikka_sim.stream.draws import PPM

if TYPE_CHECKING:
    import pyarrow as pa

RUPEE_MINOR = 100
BAR_WIDTH = 40
HONEST_NAME = "honest"
Totals = dict[Any, tuple[int, int]]
"""How many payments and how much money, in minor units, by what they are grouped by."""


class Summary:
    """Counts a stream as it passes; memory does not grow with it.

    Attributes:
        by_fraud_kind: payments and money of each kind of fraud, in truth, and of the honest.
        by_merchant_kind: of honest payments.
        by_method: of honest payments.
        by_hour: of honest payments, on India's clock.
        known: how many frauds of each kind become known.
        frauds_to: how many frauds each kind of merchant is paid.
    """

    def __init__(self) -> None:
        self.by_fraud_kind: Totals = {}
        self.by_merchant_kind: Totals = {}
        self.by_method: Totals = {}
        self.by_hour: Totals = {}
        self.known: Counter[str] = Counter()
        self.frauds_to: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        """Count the payments of a part of a stream."""
        kind = table["fraud_kind"].fill_null(HONEST_NAME)
        _add(self.by_fraud_kind, table, kind)
        honest = table.filter(pc.invert(table["true_fraud"]))
        frauds = table.filter(table["true_fraud"])
        local = pc.add(honest["time_ms"], UTC_OFFSET_MS)
        day_ms = pc.multiply(pc.divide(local, DAY_MS), DAY_MS)
        _add(self.by_hour, honest, pc.divide(pc.subtract(local, day_ms), HOUR_MS))
        _add(self.by_merchant_kind, honest, honest["merchant_kind"])
        _add(self.by_method, honest, honest["payment_method"])
        self.known.update(frauds.filter(frauds["fraud"])["fraud_kind"].to_pylist())
        self.frauds_to.update(frauds["merchant_kind"].to_pylist())

    @property
    def payments(self) -> int:
        """How many payments there are."""
        return sum(count for count, _ in self.by_fraud_kind.values())

    @property
    def fraud_rate(self) -> float:
        """The share of payments that are fraud in truth."""
        honest, _ = self.by_fraud_kind.get(HONEST_NAME, (0, 0))
        return 1.0 - honest / self.payments if self.payments else 0.0

    @property
    def fraud_rate_by_value(self) -> float:
        """The share of the money that is lost by fraud, in truth."""
        money = sum(minor for _, minor in self.by_fraud_kind.values())
        _, honest = self.by_fraud_kind.get(HONEST_NAME, (0, 0))
        return 1.0 - honest / money if money else 0.0

    def __str__(self) -> str:
        return "\n".join((*self._frauds(), "", *self._merchants(), "", *self._hours()))

    def _frauds(self) -> Iterator[str]:
        yield f"{self.payments:,} payments; {self.fraud_rate:.3%} of them and"
        yield f"{self.fraud_rate_by_value:.3%} of their value are fraud"
        yield f"{'fraud':<22}{'payments':>12}{'a million':>12}{'known':>8}{'mean, Rs':>14}"
        for kind, (count, minor) in sorted(self.by_fraud_kind.items()):
            known = "" if kind == HONEST_NAME else f"{self.known[kind] / count:.0%}"
            rate = count * PPM / self.payments
            yield f"{kind:<22}{count:>12,}{rate:>12,.0f}{known:>8}{_mean(count, minor):>14,.2f}"

    def _merchants(self) -> Iterator[str]:
        yield f"{'honest payments to':<22}{'share':>12}{'mean, Rs':>14}{'frauds':>10}"
        total = sum(count for count, _ in self.by_merchant_kind.values())
        for kind, (count, minor) in sorted(self.by_merchant_kind.items()):
            mean = _mean(count, minor)
            yield f"{kind:<22}{count / total:>12.2%}{mean:>14,.2f}{self.frauds_to[kind]:>10,}"
        for method, (count, minor) in sorted(self.by_method.items()):
            yield f"by {method:<19}{count / total:>12.2%}{_mean(count, minor):>14,.2f}"

    def _hours(self) -> Iterator[str]:
        yield "honest payments by hour"
        most = max((count for count, _ in self.by_hour.values()), default=1)
        for hour, (count, _) in sorted(self.by_hour.items()):
            yield f"{hour:02}:00 {count:>10,} {'#' * round(count * BAR_WIDTH / most)}".rstrip()


def _add(totals: Totals, table: pa.Table, keys: Any) -> None:
    grouped = (
        table.select(["amount_minor"])
        .append_column("key", keys)
        .group_by("key")
        .aggregate([("amount_minor", "count"), ("amount_minor", "sum")])
    )
    for row in grouped.to_pylist():
        count, minor = totals.get(row["key"], (0, 0))
        totals[row["key"]] = (count + row["amount_minor_count"], minor + row["amount_minor_sum"])


def _mean(count: int, minor: int) -> float:
    return minor / count / RUPEE_MINOR


def summarize(tables: Iterable[pa.Table]) -> Summary:
    """Count a stream, given as tables one after the other.

    Args:
        tables: with the columns of `sikka_sim.stream.table`.
    """
    summary = Summary()
    for table in tables:
        summary.add(table)
    return summary
