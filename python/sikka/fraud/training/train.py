"""From a payment stream to a model with its document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.document import ModelDocument, Period, Reference, TrainingData
from sikka.fraud.training.calibrate import calibrate
from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.fit import Examples, Fitted, fit
from sikka.fraud.training.limits import limits_of
from sikka.fraud.training.look_ahead import check_no_look_ahead
from sikka.fraud.training.metrics import metrics_of
from sikka.fraud.training.reference import distribution_of, feature_distributions
from sikka.fraud.training.replay import INDIA_UTC_OFFSET_S, replay
from sikka.fraud.training.scored import Scored, probabilities_of, scored_rows
from sikka.fraud.training.settings import USUAL, FitSettings
from sikka.fraud.training.split import DAY_MS, Labelled, Span, Split, labelled, split_of
from sikka.fraud.training.stream import PaymentStream, data_hash
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train.

    Args:
        version: the model's name.
        label_delay_ms: how long after a payment silence means that it was genuine, and when a
            label is known that does not say; also the gaps between training, validation and test.
        train_from_ms, train_until_ms: where training begins and ends, as `split_of` takes them.
        settings: how the trees are grown.
        utc_offset_s: of the clock that makes hours and weekdays; the gateway's must be the same.
        look_ahead_sample: how many vectors are computed again from the past alone.
    """

    version: str
    label_delay_ms: int = 7 * DAY_MS
    train_from_ms: int | None = None
    train_until_ms: int | None = None
    settings: FitSettings = USUAL
    utc_offset_s: int = INDIA_UTC_OFFSET_S
    look_ahead_sample: int = 100


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that has earned its document.

    Args:
        model: in the core.
        document: its card.
        test: how it did in the test period.
    """

    model: Model
    document: ModelDocument
    test: Evaluation


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The payments of each stretch."""

    split: Split
    train: Labelled
    validation: Labelled
    test: Labelled


def train(stream: PaymentStream, plan: Plan, say: Say) -> Trained:
    """Train a model, calibrate it and judge it on payments that no choice was made on.

    The same stream and plan give the same model and document, to the byte, with the same versions
    of the packages and of the machine's mathematical library.

    Args:
        stream: the payments.
        plan: what to do with them.
        say: hears what is being done, a line each.

    Raises:
        InvalidRequest: the payments do not suffice; the message says for what.
        UnprocessableRequest: features know the future, or the core's margins are not XGBoost's.
    """
    chosen = _choose(stream, plan)
    say(f"replaying {len(stream):,} payments")
    vectors = replay(stream, label_delay_ms=plan.label_delay_ms, utc_offset_s=plan.utc_offset_s)
    say(f"checking {min(plan.look_ahead_sample, len(stream))} of them against the past alone")
    check_no_look_ahead(
        stream,
        vectors,
        label_delay_ms=plan.label_delay_ms,
        sample=plan.look_ahead_sample,
        seed=plan.settings.seed,
        utc_offset_s=plan.utc_offset_s,
    )
    learnt, validation = (
        Examples(vectors[each.rows], each.frauds) for each in (chosen.train, chosen.validation)
    )
    say(f"growing trees on {len(learnt.frauds):,} payments, {learnt.frauds.sum():,} frauds")
    fitted = fit(learnt, plan.settings, validation)
    margins = np.asarray(fitted.model.score_many(validation.vectors, margin=True))
    say(f"calibrating {fitted.model.tree_count} trees on {len(validation.frauds):,} payments")
    calibration = calibrate(margins, validation.frauds)
    test = scored_rows(stream, vectors, chosen.test, fitted.model, calibration)
    say(f"judging on {len(test):,} payments")
    reference = Reference(
        feature_distributions(learnt.vectors),
        distribution_of(probabilities_of(calibration, margins)),
    )
    document = _document(stream, plan, chosen, fitted, calibration, test, reference)
    document.check(fitted.model)
    evaluation = Evaluation(
        document.data.hash,
        document.data.test,
        test,
        vectors[chosen.test.rows],
        document.metrics,
        trained_on=True,
    )
    return Trained(fitted.model, document, evaluation)


def _choose(stream: PaymentStream, plan: Plan) -> _Chosen:
    delay_ms = plan.label_delay_ms
    split = split_of(
        stream,
        label_delay_ms=delay_ms,
        train_from_ms=plan.train_from_ms,
        train_until_ms=plan.train_until_ms,
    )

    def of(span: Span, **known_by: int) -> Labelled:
        return labelled(stream, span, label_delay_ms=delay_ms, **known_by)

    return _Chosen(
        split,
        of(split.train, known_by_ms=split.validation.from_ms),
        of(split.validation, known_by_ms=split.test.from_ms),
        of(split.test),
    )


def _document(
    stream: PaymentStream,
    plan: Plan,
    chosen: _Chosen,
    fitted: Fitted,
    calibration: Calibration,
    test: Scored,
    reference: Reference,
) -> ModelDocument:
    def period(span: Span, of: Labelled) -> Period:
        return Period(span.from_ms, span.until_ms, len(of.rows), int(of.frauds.sum()))

    data = TrainingData(
        hash=data_hash(stream),
        currency=stream.currency,
        payments=len(stream),
        from_ms=int(stream.time_ms[0]),
        until_ms=int(stream.time_ms[-1]) + 1,
        label_delay_ms=plan.label_delay_ms,
        utc_offset_s=plan.utc_offset_s,
        train=period(chosen.split.train, chosen.train),
        validation=period(chosen.split.validation, chosen.validation),
        test=period(chosen.split.test, chosen.test),
    )
    return ModelDocument(
        version=plan.version,
        checksum=fitted.model.checksum,
        schema_version=SCHEMA_VERSION,
        features=FEATURE_NAMES,
        data=data,
        settings={**asdict(plan.settings), "trees": fitted.model.tree_count},
        calibration=calibration,
        gain=fitted.gain,
        metrics=metrics_of(test, utc_offset_s=plan.utc_offset_s),
        reference=reference,
        limits=limits_of(data, calibration),
    )
