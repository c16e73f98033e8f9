from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import IllegalTransition
from sikka.domain.payment import BIRTHS, TRANSITIONS, Stage, State, Status, born
from sikka.domain.refund import RefundStatus
from tests.unit.domain.records import AT, payment, refund

STATES = sorted(TRANSITIONS)
ENDS = [state for state in STATES if not TRANSITIONS[state]]


def test_every_state_that_can_follow_is_a_row_of_the_table() -> None:
    assert {after for row in TRANSITIONS.values() for after in row} | BIRTHS == set(TRANSITIONS)


def test_nothing_follows_an_end_and_only_pending_goes_on() -> None:
    assert {status for status, _ in ENDS} == {Status.SUCCESS, Status.FAILED, Status.EXPIRED}
    assert all(status is Status.PENDING for status, _ in set(STATES) - set(ENDS))


def test_every_state_but_a_birth_can_be_reached_and_every_open_one_can_end() -> None:
    reached = set(BIRTHS)
    while True:
        further = reached | {after for state in reached for after in TRANSITIONS[state]}
        if further == reached:
            break
        reached = further
    assert reached == set(STATES)
    for state in set(STATES) - set(ENDS):
        assert _ends_from(state), state


def _ends_from(state: State) -> bool:
    seen, frontier = {state}, {state}
    while frontier:
        frontier = {after for each in frontier for after in TRANSITIONS[each]} - seen
        seen |= frontier
    return bool(seen & set(ENDS))


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_a_move_is_made_exactly_when_the_table_knows_it(before: State, after: State) -> None:
    open_payment = payment(status=before[0], stage=before[1], version=3)
    at = AT + timedelta(seconds=1)
    if after in TRANSITIONS[before]:
        moved = open_payment.moved(*after, at)
        assert (moved.state, moved.version, moved.updated_at) == (after, 4, at)
    else:
        with pytest.raises(IllegalTransition) as caught:
            open_payment.moved(*after, at)
        assert caught.value.payment_id == open_payment.id


@given(st.data())
def test_any_legal_path_counts_versions_by_one_and_ends_at_most_once(data: st.DataObject) -> None:
    birth = data.draw(st.sampled_from(sorted(BIRTHS)))
    current = born(payment(status=birth[0], stage=birth[1]))
    path = [current]
    while TRANSITIONS[current.state]:
        current = current.moved(*data.draw(st.sampled_from(sorted(TRANSITIONS[current.state]))), AT)
        path.append(current)
        if len(path) > 12:
            break
    assert [each.version for each in path] == list(range(1, len(path) + 1))
    assert sum(not each.is_open for each in path) <= 1


def test_a_payment_is_not_born_at_another_version_or_in_the_middle() -> None:
    for wrong in (payment(version=2), payment(stage=Stage.SUBMITTED)):
        with pytest.raises(IllegalTransition):
            born(wrong)


def test_noting_keeps_the_state_and_counts_the_version() -> None:
    captured = payment(status=Status.SUCCESS, stage=Stage.CAPTURED, captured_minor=500)
    noted = captured.noted(AT, refunded_minor=200)
    assert (noted.state, noted.version, noted.refundable_minor) == (captured.state, 2, 300)


def test_a_refund_ends_once() -> None:
    done = refund().ended(RefundStatus.SUCCESS, AT)
    assert done.next_check_at is None
    with pytest.raises(IllegalTransition):
        done.ended(RefundStatus.FAILED, AT)
    with pytest.raises(IllegalTransition):
        replace(refund()).ended(RefundStatus.PENDING, AT)
