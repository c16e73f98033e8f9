"""Who has a review in hand, and who is the same reviewer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import UnprocessableRequest
from sikka.domain.review import Review, Reviewer, ReviewState, ReviewStatus, review_of
from tests.unit.domain.records import AT, assessment, payment

REVIEWERS = st.builds(
    Reviewer, st.sampled_from(["key_1", "key_2"]), st.sampled_from([None, "asha", "key_1"])
)


def review() -> Review:
    return review_of(payment(), assessment(), 600)


@given(REVIEWERS, REVIEWERS, REVIEWERS)
def test_to_be_the_same_reviewer_is_an_equivalence(
    one: Reviewer, other: Reviewer, third: Reviewer
) -> None:
    assert one.is_same(one)
    assert one.is_same(other) is other.is_same(one)
    if one.is_same(other) and other.is_same(third):
        assert one.is_same(third)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Reviewer("key_1", "asha"), Reviewer("key_2", "asha"), True),
        (Reviewer("key_1", "asha"), Reviewer("key_1", "ravi"), False),
        (Reviewer("key_1"), Reviewer("key_1"), True),
        (Reviewer("key_1"), Reviewer("key_2"), False),
        (Reviewer("key_1"), Reviewer("key_1", "asha"), False),
        # Nobody becomes a key by taking its name.
        (Reviewer("key_1"), Reviewer("key_2", "key_1"), False),
    ],
)
def test_a_person_is_the_same_under_every_key_and_a_key_is_no_person(
    one: Reviewer, other: Reviewer, same: bool
) -> None:
    assert one.is_same(other) is same


def test_a_claim_counts_until_its_time_and_not_at_it() -> None:
    until = AT + timedelta(seconds=900)
    claimed = review().claimed(Reviewer("key_1", "asha"), until)
    just_before = until - timedelta(microseconds=1)
    assert claimed.state_at(just_before) is ReviewState.CLAIMED
    assert claimed.state_at(until) is ReviewState.OPEN
    claimed.check_free_for(Reviewer("key_2", "asha"), just_before)
    claimed.check_free_for(Reviewer("key_2", "ravi"), until)
    with pytest.raises(UnprocessableRequest) as refused:
        claimed.check_free_for(Reviewer("key_2", "ravi"), just_before)
    assert refused.value.code == "review_claimed"
    assert refused.value.payment_id == claimed.payment_id


@given(st.lists(st.sampled_from(["claim", "release", "note", "end"]), max_size=12))
def test_every_change_is_one_revision(changes: list[str]) -> None:
    by, at = Reviewer("key_1", "asha"), AT
    now = review()
    for number, change in enumerate(changes, 2):
        now = {
            "claim": lambda each: each.claimed(by, at),
            "release": Review.released,
            "note": Review.noted,
            "end": lambda each: each.ended(ReviewStatus.APPROVED, by, at),
        }[change](now)
        assert now.revision == number
    assert now.notes_made == changes.count("note")


@pytest.mark.parametrize(
    ("status", "by", "words"),
    [
        (ReviewStatus.APPROVED, Reviewer("key_1", "asha"), "was approved by asha at "),
        (ReviewStatus.DECLINED, Reviewer("key_1"), "was declined by key_1 at "),
        (ReviewStatus.EXPIRED, None, "was expired because its time ran out at "),
    ],
)
def test_a_review_that_has_ended_says_how(
    status: ReviewStatus, by: Reviewer | None, words: str
) -> None:
    claimed = review().claimed(Reviewer("key_9"), AT + timedelta(days=1))
    claimed.check_waits()
    ended = claimed.ended(status, by, AT)
    assert (ended.decider, ended.claim_at(AT), ended.state_at(AT)) == (by, None, status)
    with pytest.raises(UnprocessableRequest, match=words) as refused:
        ended.check_waits()
    assert refused.value.code == "review_decided"


@pytest.mark.parametrize(("given_s", "kept_s"), [(None, None), (60, 60), (0.5, 1)])
def test_a_review_keeps_the_time_that_the_merchant_gives_its_customer(
    given_s: float | None, kept_s: int | None
) -> None:
    held = replace(payment(), expires_at=AT + timedelta(hours=4))
    kept = review_of(held, assessment(), given_s)
    assert (kept.expires_in_s, kept.due_at) == (kept_s, held.expires_at)
