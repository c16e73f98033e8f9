from __future__ import annotations

import pytest

from sikka.domain.errors import InvalidRequest
from sikka.domain.records import EventType
from sikka.webhooks.patterns import checked_patterns, wants


@pytest.mark.parametrize(
    ("patterns", "type_", "expected"),
    [
        (("*",), "payment.created", True),
        (("payment.*",), "payment.created", True),
        (("payment.*",), "refund.created", False),
        (("refund.created",), "refund.created", True),
        (("refund.created",), "refund.failed", False),
        (("refund.failed", "payment.*"), "refund.failed", True),
        ((), "refund.failed", False),
    ],
)
def test_an_endpoint_hears_what_its_patterns_name(
    patterns: tuple[str, ...], type_: str, expected: bool
) -> None:
    assert wants(patterns, type_) is expected


def test_every_event_type_can_be_asked_for() -> None:
    names = [type_.value for type_ in EventType]
    assert checked_patterns(names) == tuple(names)


def test_a_repeated_pattern_counts_once() -> None:
    assert checked_patterns(["*", "payment.*", "*"]) == ("*", "payment.*")


@pytest.mark.parametrize(
    "patterns", [[], ["payments.*"], ["payment"], ["payment.created "], ["*.*"], ["*", "x"], [""]]
)
def test_what_no_event_could_match_is_refused(patterns: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked_patterns(patterns)
    assert refused.value.param == "event_types"
