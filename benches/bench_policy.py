"""What lists of a million values and rules that are data cost a payment.

Run as `python -m benches policy`. The peer of our evaluation of an expression is that of the
library that parses it: with decimals, and where nothing is missing, for it raises there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rule_engine import Context, DataType, Rule

from benches.measure import alternate, as_report, print_table, print_targets
from sikka.domain.fraud.assessment import Decision, Device, RiskRequest
from sikka.domain.fraud.policy import FraudListEntry, FraudRule, ListField, ListKind, RuleState
from sikka.flows.fraud.lists import ENTRIES_MAX
from sikka.flows.fraud.rules import RULES_MAX
from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.lists import Lists
from sikka.fraud.rules import Ruleset
from sikka.fraud.rules.expression import compiled
from sikka.fraud.thresholds import Thresholds
from sikka_core import FEATURE_NAMES, new_id

SECONDS_PER_CASE = 2.0
ROUNDS = 100
VALUES = 1_000_000
MERCHANTS = 1_000
AT = datetime(2026, 11, 23, tzinfo=UTC)
EXPRESSION = (
    "amount >= 5000000 and user_count_10m > 3 and device_age_s < 3600"
    " or '@simbank' in instrument and score > 0.9 and merchant_risk_7d / 2 > 0.01"
)
_VALUES = {
    ListField.USER: "user_{}",
    ListField.VPA: "user.{}@simbank",
    ListField.DEVICE: "device {}",
    ListField.IP: "10.{}.{}.{}",
}


def entries(first: int, count: int) -> Iterator[FraudListEntry]:
    """Values of four fields; every third of them is of one of the merchants."""
    fields = list(_VALUES)
    for number in range(first, first + count):
        field = fields[number % len(fields)]
        parts = (number >> 16 & 255, number >> 8 & 255, number & 255)
        yield FraudListEntry(
            id=f"lst_{number:026}",
            bucket=7,
            merchant_id=None if number % 3 else f"mer_{number % MERCHANTS}",
            kind=ListKind.BLOCK,
            field=field,
            value=_VALUES[field].format(*(parts if field is ListField.IP else (number,))),
            reason=None,
            created_by="key_1",
            created_at=AT,
        )


def ranges() -> Iterator[FraudListEntry]:
    """A range of addresses of every width."""
    for bits in range(8, 32):
        prefix = f"172.16.0.0/{bits}" if bits >= 12 else f"172.0.0.0/{bits}"
        yield FraudListEntry(
            f"lst_range_{bits}", 7, None, ListKind.REVIEW, ListField.IP, prefix, None, "key_1", AT
        )


def payment(user: str) -> RiskRequest:
    """A payment with all that a payment can say of itself."""
    return RiskRequest(
        payment_id=new_id("pay", 7, 1_800_000_000_000),
        attempt="attempt",
        merchant_id="mer_7",
        user_id=user,
        instrument="nobody@simbank",
        amount_minor=129_900,
        currency="INR",
        device=Device("a device", "203.0.113.9", 19.07, 72.87),
        at=AT,
    )


def facts() -> Facts:
    """A payment of which everything is known."""
    features = {name: float(place) for place, name in enumerate(FEATURE_NAMES)}
    return Facts(payment("user"), features, 0.02, Thresholds.configured(FraudConfig()))


def live(number: int) -> FraudRule:
    """One of many rules of a merchant."""
    return FraudRule(
        id=f"rul_{number}",
        bucket=7,
        merchant_id=None,
        name=f"rule_{number}",
        version=1,
        state=RuleState.LIVE,
        expression=EXPRESSION.replace("5000000", str(5_000_000 + number)),
        decision=Decision.REVIEW,
        reason="It is large.",
        backtest=None,
        created_by="key_1",
        created_at=AT,
        updated_at=AT,
        revision=2,
    )


def timed_lists() -> Any:
    """Look-ups on, and changes of, a million values."""
    lists = Lists(entries(0, VALUES)).with_entries(ranges())
    stranger, thief = payment("nobody"), payment("user_4")
    if lists.find(stranger, AT) is not None or lists.find(thief, AT) is None:
        raise AssertionError("the lists do not hold what they should")
    one, many = list(entries(VALUES, 1)), list(entries(VALUES, ENTRIES_MAX))
    return alternate(
        {
            "a payment that is on none": lambda: lists.find(stranger, AT),
            "a payment that is on one": lambda: lists.find(thief, AT),
            "one value more": lambda: lists.with_entries(one),
            "10,000 values more": lambda: lists.with_entries(many),
        },
        SECONDS_PER_CASE,
        ROUNDS,
    )


def timed_expression() -> Any:
    """One expression, ours and the library's."""
    seen = facts()
    ours = compiled(EXPRESSION).evaluate
    theirs = Rule(EXPRESSION, Context(type_resolver=lambda _name: DataType.UNDEFINED))
    thing = {**seen.features, "amount": 129_900.0, "score": 0.02, "instrument": "nobody@simbank"}
    if ours(seen) is not theirs.matches(thing):
        raise AssertionError("the two disagree about the expression")
    return alternate(
        {"sikka": lambda: ours(seen), "rule_engine": lambda: theirs.matches(thing)},
        SECONDS_PER_CASE,
        ROUNDS,
    )


def timed_rules() -> Any:
    """All rules that a payment meets."""
    seen, count = facts(), RULES_MAX[RuleState.LIVE]
    built_in = Ruleset(FraudConfig(), ())
    many = Ruleset(FraudConfig(), map(live, range(count)))
    return alternate(
        {
            "built-in rules": lambda: built_in.evaluate(seen),
            f"and {count} that are data": lambda: many.evaluate(seen),
        },
        SECONDS_PER_CASE,
        ROUNDS,
    )


def run(report: dict[str, Any]) -> None:
    """Time every case, print the tables and put the figures into `report["policy"]`."""
    lists, expression, rules = timed_lists(), timed_expression(), timed_rules()
    tables = {
        f"lists of {VALUES:,} values": (lists, "a payment that is on none"),
        "an expression": (expression, "sikka"),
        "the rules of a payment": (rules, "built-in rules"),
    }
    for title, (timings, baseline) in tables.items():
        print_table(title, timings, baseline)
    targets = {
        "look_up_us_at_most_20": lists["a payment that is on none"].median_s * 1e6,
        "change_ms_at_most_1": lists["one value more"].median_s * 1e3,
        "rule_engine_to_sikka_at_least_5": expression["rule_engine"].median_s
        / expression["sikka"].median_s,
    }
    print_targets(targets)
    shown = {title: as_report(timings) for title, (timings, _) in tables.items()}
    report["policy"] = {**shown, "ratios": targets}


if __name__ == "__main__":
    run({})
