"""What holds of every feature store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sikka.fraud.stores.facts import Facts, PaymentFacts, moment_ms
from sikka.fraud.stores.port import FeatureStore
from sikka_core import FEATURE_NAMES, SCHEMA, MalformedError
from sikka_core import FeatureStore as Records
from tests.core.features.streams import DAY_MS, START_MS
from tests.integration.fraud.stores.made import label_of, payment, payments, read, with_labels

COUNT = FEATURE_NAMES.index("user_count_10m")
SUM = FEATURE_NAMES.index("user_sum_24h")
RISK = FEATURE_NAMES.index("merchant_risk_7d")
FRAUDS = FEATURE_NAMES.index("user_frauds_30d")


def expected(facts: PaymentFacts, records: Records) -> bytes:
    """The vector that the core makes."""
    return records.observe(
        facts.payment_id,
        facts.time_ms,
        facts.amount_minor,
        user=facts.user,
        instrument=facts.instrument,
        device=facts.device,
        ip=facts.ip,
        merchant=facts.merchant,
        latitude=facts.latitude,
        longitude=facts.longitude,
    ).tobytes()


async def test_a_vector_is_that_of_the_core(store: FeatureStore) -> None:
    records = Records()
    for facts in payments(40, 300, late=0.1):
        vector = (await store.observe(facts)).vector
        assert (vector.format, vector.shape, vector.readonly) == ("f", (len(SCHEMA),), True)
        assert vector.tobytes() == expected(facts, records)


async def test_a_repeated_payment_counts_once_and_gets_the_same_answer(
    store: FeatureStore,
) -> None:
    first = await store.observe(payment(1))
    await store.observe(payment(2))
    # A repetition comes later, and may come from elsewhere.
    later = payment(1, time_ms=payment(5).time_ms, amount_minor=5, latitude=None, longitude=None)
    for again in (payment(1), later):
        assert (await store.observe(again)).vector.tobytes() == first.vector.tobytes()
    assert (await store.observe(payment(3))).vector[COUNT] == 3


async def test_the_same_payment_at_once_counts_once(store: FeatureStore) -> None:
    observations = await asyncio.gather(*(store.observe(payment(1)) for _ in range(20)))
    assert len({each.vector.tobytes() for each in observations}) == 1
    assert (await store.observe(payment(2))).vector[COUNT] == 2


async def test_modes_and_currencies_share_no_memory(store: FeatureStore) -> None:
    for number in range(1, 4):
        await store.observe(payment(number))
    for place in ({"livemode": False}, {"currency": "USD"}, {"livemode": False, "currency": "USD"}):
        vector = (await store.observe(payment(4, **place))).vector
        assert (vector[COUNT], vector[SUM]) == (1, 10_004)
        await store.label(label_of(payment(4, **place), START_MS, fraud=True))
    vector = (await store.observe(payment(4))).vector
    assert (vector[COUNT], vector[FRAUDS]) == (4, 0)


async def test_a_label_counts_once_with_all_who_took_part(store: FeatureStore) -> None:
    for number in range(4):
        await store.observe(payment(number))
    known_ms = START_MS + 7 * DAY_MS
    for number in range(4):
        label = label_of(payment(number), known_ms, fraud=number == 0)
        assert await store.label(label)
        assert not await store.label(replace(label, fraud=True))
    vector = (await store.observe(payment(5, time_ms=known_ms))).vector
    assert (vector[RISK], vector[FRAUDS]) == (0.25, 1.0)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"payment_id": ""}, "payment_id"),
        ({"time_ms": -1}, "time_ms"),
        ({"amount_minor": 2**53}, "amount_minor"),
        ({"device": ""}, "device"),
        ({"user": "\ud800"}, "Unicode"),
        ({"latitude": None}, "latitude and longitude"),
        ({"latitude": 90.5}, "latitude"),
        (dict.fromkeys(("user", "instrument", "device", "ip", "merchant")), "at least one"),
    ],
)
async def test_bad_facts_are_named_and_nothing_is_counted(
    store: FeatureStore, change: dict[str, object], rule: str
) -> None:
    with pytest.raises(MalformedError, match=rule):
        await store.observe(payment(1, **change))
    assert (await store.observe(payment(2))).vector[COUNT] == 1


@pytest.mark.parametrize(
    ("change", "rule"), [({"known_ms": 2**47}, "known_ms"), ({"user": ""}, "user")]
)
async def test_a_bad_label_is_named_and_not_counted(
    store: FeatureStore, change: dict[str, object], rule: str
) -> None:
    label = label_of(payment(1), START_MS, fraud=True)
    with pytest.raises(MalformedError, match=rule):
        await store.label(replace(label, **change))
    assert await store.label(label)


async def test_a_memory_is_stale_until_it_has_its_history(store: FeatureStore) -> None:
    assert not await store.is_warm()
    assert (await store.observe(payment(1))).stale
    assert await store.warm(read([])) == 0
    assert await store.is_warm()
    assert not (await store.observe(payment(2))).stale


async def test_history_gives_the_memory_of_those_who_were_there(store: FeatureStore) -> None:
    *history, last = payments(41, 400)
    before = [each for each in with_labels(history) if moment_ms(each) <= last.time_ms]
    assert await store.warm(read(before)) == len(before) > 500
    records = Records()
    for each in before:
        if isinstance(each, PaymentFacts):
            expected(each, records)
        else:
            records.label(
                each.payment_id,
                each.known_ms,
                each.fraud,
                user=each.user,
                instrument=each.instrument,
                device=each.device,
                ip=each.ip,
                merchant=each.merchant,
            )
    observation = await store.observe(last)
    assert observation.vector.tobytes() == expected(last, records)
    assert not observation.stale


async def test_history_is_played_once(store: FeatureStore) -> None:
    history = [payment(number) for number in range(5)]
    assert await store.warm(read(history)) == 5
    assert await store.warm(read(history)) == 0
    assert (await store.observe(payment(6))).vector[COUNT] == 6


async def test_history_ends_where_payments_were_counted_as_they_came(store: FeatureStore) -> None:
    history = [payment(number) for number in range(1, 10)]
    for live in history[5:]:
        assert (await store.observe(live)).stale
    assert await store.warm(read(history)) == 5
    vector = (await store.observe(payment(10))).vector
    assert vector[COUNT] == 10
    paid_minor = sum(each.amount_minor for each in [*history, payment(10)])
    assert vector[SUM] == pytest.approx(paid_minor, rel=1e-3)


async def test_payments_go_on_while_history_is_played(store: FeatureStore) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def halting() -> AsyncIterator[Facts]:
        for number in range(40):
            if number == 20:
                reached.set()
                await go_on.wait()
            yield payment(number)

    warming = asyncio.create_task(store.warm(halting()))
    await reached.wait()
    assert (await store.observe(payment(100))).stale
    assert await store.warm(read([payment(50)])) == 0, "one at a time"
    go_on.set()
    assert await warming == 40
    assert (await store.observe(payment(101))).vector[COUNT] == 42


async def test_a_playback_that_broke_off_is_gone_on_with(store: FeatureStore) -> None:
    # Several share a time, so that the time alone does not tell where it broke off.
    history = [payment(number, time_ms=START_MS + number // 7 * 1_000) for number in range(60)]

    async def torn() -> AsyncIterator[Facts]:
        for facts in history[:37]:
            yield facts
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        await store.warm(torn())
    assert not await store.is_warm()
    await store.warm(read(history))
    assert await store.is_warm()
    assert (await store.observe(payment(70))).vector[COUNT] == 61


async def test_history_that_is_not_sorted_is_refused(store: FeatureStore) -> None:
    with pytest.raises(ValueError, match="sorted by time"):
        await store.warm(read([payment(2), payment(1)]))
    assert not await store.is_warm()


async def test_what_breaks_a_rule_is_left_out_of_history_and_reported(
    store: FeatureStore, caplog: pytest.LogCaptureFixture
) -> None:
    history = [payment(1), payment(2, amount_minor=-1), payment(3)]
    assert await store.warm(read(history)) == 2
    assert "pay_2" in caplog.text
    assert await store.is_warm()
