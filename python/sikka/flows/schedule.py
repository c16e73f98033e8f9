"""When to ask the rail again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sikka.flows.parts import Policy


def next_check_at(
    policy: Policy, created_at: datetime, checks_made: int, now: datetime
) -> datetime:
    """The time of the next check after `checks_made` of them.

    The first ones keep the network's etiquette, counted from the start of the payment; a check
    that is overdue (the gateway was down) is never followed by the next one in a burst.
    """
    interval = timedelta(seconds=policy.check_interval_s)
    if checks_made < len(policy.check_delays_s):
        at = created_at + timedelta(seconds=policy.check_delays_s[checks_made])
        first_gap = timedelta(seconds=policy.check_delays_s[0])
        return max(at, now + min(first_gap, interval)) if checks_made else max(at, now)
    return now + interval


def is_exhausted(policy: Policy, created_at: datetime, updated_at: datetime, now: datetime) -> bool:
    """Whether a payment has stayed unknown for so long that a person must look at it.

    One that nobody has asked about lately (the gateway was down) is asked about once more first.
    """
    asked_lately = now - updated_at <= timedelta(seconds=2 * policy.check_interval_s)
    return asked_lately and now - created_at >= timedelta(seconds=policy.checks_until_s)
