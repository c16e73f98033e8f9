from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud.assessment import Decision
from sikka.fraud.decision import verdict_of
from sikka.fraud.thresholds import Thresholds
from tests.unit.fraud.observed import facts
from tests.unit.fraud.requests import request
from tests.unit.fraud.rules.test_ruleset import rule, ruleset

NEVER = Thresholds(101, 101, None, None)
ORDER = (Decision.APPROVE, Decision.DECLINE, Decision.REVIEW)

RULES = st.lists(
    st.tuples(
        st.sampled_from(Decision), st.sampled_from(["amount > 5", "amount < 5", "score > 0"])
    ),
    max_size=6,
)


@given(RULES)
def test_allow_comes_before_block_and_block_before_review(
    drawn: list[tuple[Decision, str]],
) -> None:
    rules = [
        rule(expression, decision=decision, id=f"rul_{number}", name=f"rule_{number}")
        for number, (decision, expression) in enumerate(drawn)
    ]
    found = ruleset(*rules).evaluate(facts(request()))
    hold = {decision for decision, expression in drawn if expression == "amount > 5"}
    expected = next((each for each in ORDER if each in hold), Decision.APPROVE)
    assert verdict_of(found.violations, None, NEVER).decision is expected
