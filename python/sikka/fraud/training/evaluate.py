"""Judges a model on payments that it was not trained on."""

from __future__ import annotations

from sikka.domain.errors import InvalidRequest
from sikka.fraud.models.document import ModelDocument, Period
from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.look_ahead import check_no_look_ahead
from sikka.fraud.training.metrics import metrics_of
from sikka.fraud.training.replay import replay
from sikka.fraud.training.scored import scored_rows
from sikka.fraud.training.split import Span, labelled
from sikka.fraud.training.stream import PaymentStream, data_hash
from sikka.fraud.training.train import Say
from sikka_core import SCHEMA_VERSION, Model

LOOK_AHEAD_SAMPLE = 100


def evaluate(
    model: Model,
    document: ModelDocument,
    stream: PaymentStream,
    say: Say,
    *,
    label_delay_ms: int | None = None,
    from_ms: int | None = None,
) -> Evaluation:
    """Let a model judge every labelled payment of a stream, each at its own moment.

    Of the stream that the model was trained on, only the test period is judged.

    Args:
        model: the model.
        document: its card.
        stream: the payments.
        say: hears what is being done, a line each.
        label_delay_ms: how long after a payment silence means that it was genuine; that of the
            training if None.
        from_ms: where judging begins; payments before are only remembered by the features.

    Raises:
        InvalidRequest: the model's schema is not the present one, amounts are of another currency,
            or the payments do not suffice.
        UnprocessableRequest: features know the future.
    """
    if document.schema_version != SCHEMA_VERSION:
        raise InvalidRequest(
            message=f"the model {document.version} has features of schema {document.schema_version}"
            f" and this gateway makes those of schema {SCHEMA_VERSION}: train it again",
            param="schema_version",
        )
    if stream.currency != document.data.currency:
        raise InvalidRequest(
            message=f"the model knows amounts in {document.data.currency} and the data has"
            f" {stream.currency}",
            param="currency",
        )
    delay_ms = document.data.label_delay_ms if label_delay_ms is None else label_delay_ms
    utc_offset_s = document.data.utc_offset_s
    say(f"replaying {len(stream):,} payments")
    vectors = replay(stream, label_delay_ms=delay_ms, utc_offset_s=utc_offset_s)
    say("checking some of them against the past alone")
    check_no_look_ahead(
        stream,
        vectors,
        label_delay_ms=delay_ms,
        sample=LOOK_AHEAD_SAMPLE,
        utc_offset_s=utc_offset_s,
    )
    identity = data_hash(stream)
    trained_on = identity == document.data.hash
    span = _span(stream, from_ms, document.data.test if trained_on else None)
    judged = labelled(stream, span, label_delay_ms=delay_ms)
    say(f"judging {len(judged.rows):,} payments")
    scored = scored_rows(stream, vectors, judged, model, document.calibration)
    metrics = metrics_of(scored, utc_offset_s=utc_offset_s)
    period = Period(span.from_ms, span.until_ms, len(scored), int(scored.frauds.sum()))
    return Evaluation(identity, period, scored, vectors[judged.rows], metrics, trained_on)


def _span(stream: PaymentStream, from_ms: int | None, test: Period | None) -> Span:
    first_ms = int(stream.time_ms[0]) if from_ms is None else from_ms
    if test is not None:
        first_ms = max(first_ms, test.from_ms)
    until_ms = int(stream.time_ms[-1]) + 1
    if first_ms >= until_ms:
        raise InvalidRequest(message="no payment is left to judge: begin earlier", param="from")
    return Span(first_ms, until_ms)
