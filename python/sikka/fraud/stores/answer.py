"""What the function in Redis answers to a payment."""

from __future__ import annotations

import struct

from sikka.fraud.stores.facts import PaymentFacts
from sikka.fraud.stores.keys import KINDS
from sikka.fraud.stores.port import FeaturesUnavailable, Observation
from sikka_core import MalformedError, PaymentEvent, read_records

# An event (`PaymentEvent.pack`): the tag of the payment id, time and amount, the tags of those who
# take part, the cell of the place, the place.
_EVENT = struct.Struct("<4s2d20sI2d")
_STALE_AT = _EVENT.size
_MASK_AT = _STALE_AT + 1
_RECORDS_AT = _MASK_AT + 1
_LENGTHS = {kind: 652 if kind == "user" else 532 for kind in KINDS}


def observation_of(
    facts: PaymentFacts, event: PaymentEvent, answer: object, utc_offset_s: int
) -> Observation:
    """The vector of a payment, from the event as it was counted and the records before it.

    Args:
        facts, event: the payment.
        answer: what the function `observe` returned.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC.

    Raises:
        FeaturesUnavailable: the answer is none to this payment.
    """
    if not isinstance(answer, bytes) or len(answer) < _RECORDS_AT:
        raise FeaturesUnavailable("Redis sent what is no answer")
    packed, counted = event.pack(), answer[: _EVENT.size]
    if counted != packed:
        event = _first_time(facts, packed, counted)
    try:
        vector = read_records(event, **_records(answer), utc_offset_s=utc_offset_s)
    except MalformedError as error:
        raise FeaturesUnavailable(f"Redis holds what is no record: {error}") from error
    return Observation(vector, stale=answer[_STALE_AT] != 0)


def _first_time(facts: PaymentFacts, packed: bytes, counted: bytes) -> PaymentEvent:
    """The payment as it was the first time, which may have had another moment or place."""
    id_tag, _, _, tags, _, _, _ = _EVENT.unpack(packed)
    first_tag, time_ms, amount_minor, first_tags, cell, *place = _EVENT.unpack(counted)
    if (id_tag, tags) != (first_tag, first_tags):
        # Either the id of another payment was used again, or this is another's answer.
        raise FeaturesUnavailable("Redis answered about another payment")
    latitude, longitude = place if cell else (None, None)
    return PaymentEvent(
        facts.payment_id,
        int(time_ms),
        int(amount_minor),
        user=facts.user,
        instrument=facts.instrument,
        device=facts.device,
        ip=facts.ip,
        merchant=facts.merchant,
        latitude=latitude,
        longitude=longitude,
    )


def _records(answer: bytes) -> dict[str, bytes]:
    records, place, mask = {}, _RECORDS_AT, answer[_MASK_AT]
    for bit, kind in enumerate(KINDS):
        if mask >> bit & 1:
            records[kind] = answer[place : place + _LENGTHS[kind]]
            place += _LENGTHS[kind]
    return records
