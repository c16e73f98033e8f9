"""The queue of held payments: who sees what, in which order, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from sikka.domain.change import Change, amend
from sikka.domain.errors import Duplicate
from sikka.domain.fraud.assessment import RiskLevel
from sikka.domain.payment import Stage
from sikka.domain.review import (
    QueueOrder,
    QueueState,
    Review,
    Reviewer,
    ReviewNote,
    ReviewStatus,
    review_of,
)
from sikka.journal.review_reads import SqlReviews
from sikka.ports import Page, QueueFilter
from tests.integration.journal.made import (
    AT,
    MERCHANT_ID,
    creation,
    made_assessment,
    made_id,
    made_payment,
)

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

NOW = AT + timedelta(hours=1)
ALL = Page(limit=100)
KEY = Reviewer("key_1")
ASHA, RAVI = Reviewer("key_1", "asha"), Reviewer("key_2", "ravi")


@pytest.fixture
def reviews(database: Database) -> SqlReviews:
    return SqlReviews(database)


async def hold(journal: SqlJournal, second: int = 0, due_s: float = 3_600, **values: Any) -> Review:
    """A held payment that was created at a second and is due some time after."""
    at = AT + timedelta(seconds=second)
    merchant_id = values.pop("merchant_id", MERCHANT_ID)
    livemode = values.pop("livemode", False)
    payment = made_payment(
        merchant_id=merchant_id,
        at=at,
        stage=Stage.IN_REVIEW,
        livemode=livemode,
        expires_at=AT + timedelta(seconds=due_s),
    )
    review = replace(review_of(payment, made_assessment(payment), None), **values)
    change = creation(payment)
    await journal.commit(replace(change, inserts=(*change.inserts, review)))
    return review


async def change(journal: SqlJournal, before: Review, after: Review) -> Review:
    await journal.commit(Change(before.bucket, (), (amend(before, after, expect=("revision",)),)))
    return after


async def listed(
    reviews: SqlReviews, page: Page = ALL, reviewer: Reviewer = KEY, **wanted: Any
) -> list[Review]:
    found = await reviews.queue(MERCHANT_ID, False, page, QueueFilter(NOW, reviewer, **wanted))
    return [case.review for case in found]


async def test_a_review_comes_with_its_payment_as_it_stands(
    journal: SqlJournal, reviews: SqlReviews
) -> None:
    review = await hold(journal)
    case = await reviews.case(review.payment_id)
    assert case is not None
    assert case.review == review
    assert case.state.payment.id == case.state.upi.payment_id == review.payment_id
    assert case.state.assessment is not None
    assert await reviews.queue(MERCHANT_ID, False, Page(10), QueueFilter(NOW, KEY)) == [case]
    assert await reviews.case("pay_nobody") is None


async def test_a_merchant_sees_its_own_reviews_of_its_mode(
    journal: SqlJournal, reviews: SqlReviews
) -> None:
    ours = await hold(journal)
    await hold(journal, merchant_id="mer_01KE7ZT9S30000000000000002")
    live = await hold(journal, livemode=True)
    assert await listed(reviews) == [ours]
    found = await reviews.queue(MERCHANT_ID, True, Page(10), QueueFilter(NOW, KEY))
    assert [case.review for case in found] == [live]


async def test_each_sort_of_waiting_is_told_apart(journal: SqlJournal, reviews: SqlReviews) -> None:
    free = await hold(journal, due_s=1)
    later = NOW + timedelta(seconds=1)
    by_asha = await hold(journal, due_s=2)
    by_asha = await change(journal, by_asha, by_asha.claimed(ASHA, later))
    by_key = await hold(journal, due_s=3)
    by_key = await change(journal, by_key, by_key.claimed(KEY, later))
    ran_out = await hold(journal, due_s=4)
    ran_out = await change(journal, ran_out, ran_out.claimed(ASHA, NOW))
    ended = await hold(journal, due_s=5)
    ended = await change(journal, ended, ended.ended(ReviewStatus.DECLINED, RAVI, AT))
    every = {
        QueueState.WAITING: [free, by_asha, by_key, ran_out],
        QueueState.OPEN: [free, ran_out],
        QueueState.CLAIMED: [by_asha, by_key],
        QueueState.MINE: [by_key],
        QueueState.DECLINED: [ended],
        QueueState.APPROVED: [],
        QueueState.EXPIRED: [],
    }
    assert {state: await listed(reviews, state=state) for state in QueueState} == every
    # A person is the same under another key; a key is nobody's person.
    asha = Reviewer("key_9", "asha")
    assert await listed(reviews, reviewer=asha, state=QueueState.MINE) == [by_asha]
    assert await listed(reviews, reviewer=RAVI, state=QueueState.MINE) == []
    assert await listed(reviews, reviewer=Reviewer("key_9"), state=QueueState.MINE) == []


async def test_reviews_are_filtered_by_risk(journal: SqlJournal, reviews: SqlReviews) -> None:
    await hold(journal, risk_level=RiskLevel.MEDIUM)
    high = await hold(journal, risk_level=RiskLevel.HIGH)
    assert await listed(reviews, risk_level=RiskLevel.HIGH) == [high]
    assert await listed(reviews, risk_level=RiskLevel.LOW) == []


@pytest.mark.parametrize("order", QueueOrder)
async def test_the_queue_is_walked_whole_both_ways_without_gaps_or_repeats(
    journal: SqlJournal, reviews: SqlReviews, order: QueueOrder
) -> None:
    held = [await hold(journal, second, due_s=(second * 7) % 5) for second in range(12)]
    every = await listed(reviews, order=order)
    assert {each.id for each in every} == {each.id for each in held}
    times = [each.due_at if order is QueueOrder.DUE else each.created_at for each in every]
    assert all(
        one <= other if order is QueueOrder.DUE else one >= other for one, other in pairwise(times)
    )
    forth = await listed(reviews, Page(5), order=order)
    assert forth == every[:6]
    forth = await listed(reviews, Page(5, starting_after=every[4].id), order=order)
    assert forth == every[5:11]
    back = await listed(reviews, Page(3, ending_before=every[8].id), order=order)
    assert back == every[4:8]
    assert await listed(reviews, Page(5, ending_before=every[0].id), order=order) == []
    assert await listed(reviews, Page(5, starting_after="pay_nobody"), order=order) == []


async def test_a_review_that_has_left_the_list_still_tells_where_to_go_on(
    journal: SqlJournal, reviews: SqlReviews
) -> None:
    first, second, third = [await hold(journal, due_s=due_s) for due_s in (1, 2, 3)]
    await change(journal, second, second.ended(ReviewStatus.EXPIRED, None, AT))
    page = Page(10, starting_after=second.id)
    assert await listed(reviews, page) == [third]
    assert await listed(reviews, Page(10, ending_before=second.id)) == [first]


async def test_notes_come_by_payment_and_oldest_first(
    journal: SqlJournal, reviews: SqlReviews
) -> None:
    one, other, silent = [await hold(journal) for _ in range(3)]

    def note(review: Review, second: int, text: str) -> ReviewNote:
        at = AT + timedelta(seconds=second)
        return ReviewNote(
            made_id("rvn", review.bucket, at), review.bucket, review.id, "key_1", "asha", text, at
        )

    first, second = note(one, 1, "rang twice ☕"), note(one, 2, "कोई नहीं")
    third = note(other, 1, "x" * 1000)
    for each in (second, third, first):
        await journal.commit(Change(each.bucket, (each,)))
    ids = [one.id, other.id, silent.id]
    assert await reviews.notes(ids) == {one.id: [first, second], other.id: [third]}
    assert await reviews.notes([]) == {}


async def test_a_payment_is_held_once(journal: SqlJournal) -> None:
    review = await hold(journal)
    with pytest.raises(Duplicate):
        await journal.commit(Change(review.bucket, (review,)))
