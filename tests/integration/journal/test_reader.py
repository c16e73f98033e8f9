"""Lists are newest first, complete, without doubles, and of one merchant and mode alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sikka.domain.change import Change
from sikka.domain.delivery import DeliveryStatus, WebhookAttempt, WebhookDelivery
from sikka.domain.merchant import ApiKey, WebhookEndpoint
from sikka.domain.payment import PaymentMethod, Stage, Status
from sikka.domain.records import EventType
from sikka.journal.reader import SqlReader
from sikka.ports import Page
from tests.integration.journal.made import (
    AT,
    MERCHANT_ID,
    creation,
    made_event,
    made_id,
    made_merchant,
    made_payment,
    payment_of,
    step,
)

if TYPE_CHECKING:
    from sikka.domain.payment import Payment
    from sikka.domain.records import Event
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

ALL = Page(limit=100)
OTHER_ID = "mer_01KE7ZT9S30000000000000002"


@pytest.fixture
def reader(database: Database) -> SqlReader:
    return SqlReader(database)


async def add(journal: SqlJournal, second: int, **values: Any) -> Payment:
    payment = made_payment(at=AT + timedelta(seconds=second), **values)
    await journal.commit(creation(payment))
    return payment


async def test_pages_go_forth_and_back_over_the_whole_list_without_gap_or_double(
    journal: SqlJournal, reader: SqlReader
) -> None:
    # Several payments of one moment, so that only the id tells them apart.
    made = [await add(journal, number // 3) for number in range(10)]
    newest = sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)
    assert list(await reader.payments(MERCHANT_ID, False, ALL)) == newest
    seen: list[Payment] = []
    page = Page(limit=4)
    while True:
        found = await reader.payments(MERCHANT_ID, False, page)
        seen += found[:4]
        if len(found) <= 4:
            break
        page = Page(limit=4, starting_after=seen[-1].id)
    assert seen == newest
    back = await reader.payments(MERCHANT_ID, False, Page(3, ending_before=newest[8].id))
    assert list(back) == newest[4:8]
    first = await reader.payments(MERCHANT_ID, False, Page(5, ending_before=newest[2].id))
    assert list(first) == newest[:2]
    assert await reader.payments(MERCHANT_ID, False, Page(5, starting_after="pay_no")) == []


async def test_payments_are_filtered_by_all_that_is_offered(
    journal: SqlJournal, reader: SqlReader
) -> None:
    first = await add(journal, 1)
    second = await add(journal, 2, user_id="user_8")
    third = await add(journal, 3, payment_method=PaymentMethod.CARD)
    live = await add(journal, 4, livemode=True)
    await add(journal, 5, merchant_id=OTHER_ID)
    failed = second.moved(Status.FAILED, Stage.DECLINED, second.created_at)
    await journal.commit(step(second, failed))

    async def found(**filters: Any) -> list[Payment]:
        return list(await reader.payments(MERCHANT_ID, False, ALL, **filters))

    assert await found() == [third, failed, first]
    assert await reader.payments(MERCHANT_ID, True, ALL) == [live]
    assert await found(status=Status.FAILED) == [failed]
    assert await found(method=PaymentMethod.CARD) == [third]
    assert await found(user_id="user_8") == [failed]
    assert await found(created_gte=second.created_at) == [third, failed]
    assert await found(created_lte=second.created_at) == [failed, first]
    assert await found(created_gte=third.created_at, status=Status.FAILED) == []


async def test_the_sides_of_payments_are_found_by_payment(
    journal: SqlJournal, reader: SqlReader
) -> None:
    changes = [creation(), creation()]
    for change in changes:
        await journal.commit(change)
    ids = [payment_of(change).id for change in changes]
    upi = await reader.upi_of([*ids, "pay_nobody"])
    assessments = await reader.assessments_of(ids)
    assert sorted(upi) == sorted(assessments) == sorted(ids)
    assert upi[ids[0]] in changes[0].inserts
    assert assessments[ids[1]] in changes[1].inserts


async def test_events_are_listed_by_type_and_payment(
    journal: SqlJournal, reader: SqlReader
) -> None:
    first = await add(journal, 1)
    await add(journal, 2)
    submitted = first.moved(Status.PENDING, Stage.SUBMITTED, AT + timedelta(seconds=5))
    change = step(first, submitted)
    await journal.commit(change)
    own = await reader.events(MERCHANT_ID, False, ALL, payment_id=first.id)
    assert [event.sequence for event in own] == [2, 1]
    created = await reader.events(MERCHANT_ID, False, ALL, type=EventType.PAYMENT_CREATED)
    assert [event.type for event in created] == [EventType.PAYMENT_CREATED] * 2
    assert await reader.event(own[0].id) == change.inserts[-1] == own[0]
    assert await reader.event("evt_nobody") is None
    assert await reader.events(OTHER_ID, False, ALL) == []


def made_delivery(event: Event, endpoint_id: str, second: int) -> WebhookDelivery:
    at = AT + timedelta(seconds=second)
    return WebhookDelivery(
        id=made_id("whd", event.bucket, at),
        bucket=event.bucket,
        event_id=event.id,
        endpoint_id=endpoint_id,
        merchant_id=event.merchant_id,
        payment_id=event.payment_id,
        sequence=event.sequence,
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=at,
        last_status_code=None,
        last_error=None,
        livemode=False,
        created_at=at,
        updated_at=at,
        version=1,
    )


async def test_deliveries_are_listed_by_event_and_by_endpoint(
    journal: SqlJournal, reader: SqlReader
) -> None:
    events = [made_event(made_payment()) for _ in range(2)]
    made = [
        made_delivery(event, endpoint, second)
        for second, (event, endpoint) in enumerate(
            (event, endpoint) for event in events for endpoint in ("whe_1", "whe_2")
        )
    ]
    attempts = [
        WebhookAttempt(
            id=made_id("wha", made[0].bucket),
            bucket=made[0].bucket,
            delivery_id=made[0].id,
            event_id=made[0].event_id,
            endpoint_id="whe_1",
            attempt=number,
            status_code=None,
            error="timeout",
            duration_ms=15_000,
            at=AT,
        )
        for number in (2, 1)
    ]
    await journal.commit(Change(1, (*made, *attempts)))
    assert await reader.deliveries(ALL, event_id=events[0].id) == [made[1], made[0]]
    assert await reader.deliveries(ALL, endpoint_id="whe_2") == [made[3], made[1]]
    both = await reader.deliveries(ALL, event_id=events[1].id, endpoint_id="whe_1")
    assert both == [made[2]]
    assert await reader.attempts(made[0].id) == attempts[::-1]
    with pytest.raises(ValueError, match="by event"):
        await reader.deliveries(ALL)


async def test_merchants_keys_and_endpoints_are_read_back_as_they_were(
    journal: SqlJournal, reader: SqlReader
) -> None:
    merchant = made_merchant()
    younger = replace(merchant, id=OTHER_ID, created_at=AT + timedelta(seconds=1))
    key = ApiKey(
        id="key_1",
        merchant_id=MERCHANT_ID,
        secret_hash="b" * 64,
        hint="x7Qa",
        scopes=("payments", "read"),
        livemode=False,
        created_at=AT,
        revoked_at=None,
    )
    endpoint = WebhookEndpoint(
        id="whe_1",
        merchant_id=MERCHANT_ID,
        url="https://shop.example.com/hooks",
        event_types=("payment.*",),
        description=None,
        sealed_secret=b"\x00\xffsealed",
        sealed_previous_secret=None,
        previous_secret_until=None,
        enabled=True,
        disabled_reason=None,
        livemode=False,
        version=1,
        created_at=AT,
        updated_at=AT,
    )
    await journal.commit(Change(1, (merchant, younger, key, endpoint)))
    assert await reader.merchants(ALL) == [younger, merchant]
    assert await reader.merchant(MERCHANT_ID) == merchant
    assert await reader.merchant("mer_nobody") is None
    assert await reader.api_key_by_hash("b" * 64) == key
    assert await reader.api_key_by_hash("c" * 64) is None
    assert await reader.api_keys(MERCHANT_ID, ALL) == [key]
    assert await reader.endpoints(MERCHANT_ID, False, ALL) == [endpoint]
    assert await reader.endpoints(MERCHANT_ID, True, ALL) == []
    assert await reader.endpoint("whe_1") == endpoint
    assert await reader.endpoint("whe_2") is None


async def test_the_audit_trail_is_listed_by_bucket_payment_and_merchant(
    journal: SqlJournal, reader: SqlReader
) -> None:
    payment = await add(journal, 1)
    await add(journal, 2, merchant_id=OTHER_ID)
    submitted = payment.moved(Status.PENDING, Stage.SUBMITTED, AT + timedelta(seconds=5))
    await journal.commit(step(payment, submitted))
    own = await reader.audit(ALL, payment_id=payment.id)
    assert [line.status for line in own] == ["PENDING/submitted", "PENDING/created"]
    assert await reader.audit(ALL, bucket=payment.bucket) == own
    assert await reader.audit(ALL, merchant_id=MERCHANT_ID) == own
    assert await reader.audit(Page(1, starting_after=own[0].id), payment_id=payment.id) == own[1:]
    wrongs: list[dict[str, Any]] = [{}, {"bucket": 1, "payment_id": payment.id}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="by bucket"):
            await reader.audit(ALL, **wrong)
