"""Which events an endpoint wants: exact types, a family (`payment.*`), or all (`*`)."""

from __future__ import annotations

from collections.abc import Sequence

from sikka.domain.errors import InvalidRequest
from sikka.domain.records import EventType

_FAMILIES = frozenset(type.partition(".")[0] for type in EventType)
_PATTERNS = frozenset(
    ["*", *(type.value for type in EventType), *(f"{family}.*" for family in _FAMILIES)]
)


def checked_patterns(event_types: Sequence[str]) -> tuple[str, ...]:
    """The patterns, each once, in the order given.

    Raises:
        InvalidRequest: there is none, or one that no event could match.
    """
    patterns = tuple(dict.fromkeys(event_types))
    if not patterns:
        raise InvalidRequest(
            message="event_types must name at least one event", param="event_types"
        )
    for position, pattern in enumerate(patterns):
        if pattern not in _PATTERNS:
            raise InvalidRequest(
                message=f"event_types[{position}] must be an event's type, such as "
                "payment.succeeded, a family, such as payment.*, or *",
                param="event_types",
            )
    return patterns


def wants(event_types: Sequence[str], type: str) -> bool:
    """Whether an endpoint with these patterns is to hear of events of this type."""
    return "*" in event_types or type in event_types or f"{type.partition('.')[0]}.*" in event_types
