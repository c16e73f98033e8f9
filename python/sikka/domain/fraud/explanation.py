"""An assessment in sentences, for whoever asks why a payment was treated as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sikka.domain.fraud.assessment import Decision, FraudAssessment

_DECIDED = {
    Decision.APPROVE: "approved",
    Decision.REVIEW: "held for a person",
    Decision.DECLINE: "refused",
}
_MILLIONTHS_PER_PERCENT = 10_000
_PERCENT_SHOWN_MIN = 0.1


def explanation(assessment: FraudAssessment) -> Sequence[str]:
    """What was decided about a payment and why, one sentence each.

    They say in this order: the decision and the risk; what the deciding model said; what was
    lacking; the reasons; what the other model said; what those in shadow would have said.
    """
    return tuple(_sentences(assessment))


def score_millionths_text(millionths: int | None) -> str | None:
    """A model's score as the API writes it: 12,345 millionths are `0.012345`."""
    return None if millionths is None else f"{millionths // 10**6}.{millionths % 10**6:06d}"


def _sentences(assessment: FraudAssessment) -> Iterator[str]:
    level = assessment.risk_level.lower().replace("_", " ")
    article = "an" if level[0] in "aeiou" else "a"
    score = f"{assessment.risk_score_hundredths / 100:.2f}"
    decided = _DECIDED[assessment.decision]
    yield f"The payment was {decided}: {article} {level} risk of {score}, from 0.00 to 1.00."
    if assessment.model_score_millionths is None:
        yield "No model took part; the rules decided alone."
    else:
        chance = _percent(assessment.model_score_millionths)
        yield f"The model {assessment.model_version} put the chance of fraud at {chance}."
    if assessment.features_stale:
        yield "What was known of earlier payments could not be looked at in time."
    yield from assessment.reasons
    if not assessment.reasons and assessment.decision is Decision.APPROVE:
        yield "Nothing spoke against it."
    if assessment.challenger_score_millionths is not None:
        chance = _percent(assessment.challenger_score_millionths)
        yield f"The model {assessment.challenger_version}, asked beside it, put it at {chance}."
    for said in assessment.shadow or ():
        yield _in_shadow(said)


def _in_shadow(said: Mapping[str, Any]) -> str:
    if "model" in said:
        millionths = said["score_millionths"]
        if millionths is None:
            return f"In shadow, the model {said['model']} could not say."
        chance = _percent(millionths)
        return f"In shadow, the model {said['model']} put the chance of fraud at {chance}."
    decided = _DECIDED[Decision(said["decision"])]
    return f"In shadow, by the rule {said['rule']} it would have been {decided}."


def _percent(millionths: int) -> str:
    percent = millionths / _MILLIONTHS_PER_PERCENT
    if percent < _PERCENT_SHOWN_MIN:
        return f"below {_PERCENT_SHOWN_MIN} %"
    return f"{percent:.1f} %"
