"""The parts of a report, from the numbers to the limits."""

from __future__ import annotations

from collections.abc import Iterator

from sikka.fraud.models.document import ModelDocument, Period, Setting
from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.metrics import KIND_RECALL
from sikka.fraud.training.report import page
from sikka.fraud.training.report.words import moment, money, percent
from sikka.fraud.training.rules_effect import Judge
from sikka.fraud.training.split import DAY_MS
from sikka.fraud.training.thresholds import Costs, outcomes_at

THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99)


def opening(document: ModelDocument, evaluation: Evaluation) -> Iterator[str]:
    """What was judged by what, and the numbers that say most."""
    metrics, period = evaluation.metrics, evaluation.period
    yield page.heading(f"Model {document.version}", level=1)
    whose = (
        "the test period of its own training, on which no choice was made"
        if evaluation.trained_on
        else "payments that it was not trained on"
    )
    yield page.paragraph(
        f"Judged on {whose}: {period.payments:,} payments with {period.frauds:,} frauds from"
        f" {moment(period.from_ms)} to {moment(period.until_ms)} UTC. Every payment was scored from"
        " what was known at its own moment.",
        quiet=True,
    )
    yield page.numbers(
        [
            (f"{metrics['average_precision']:.3f}", "average precision"),
            (percent(metrics["recall_at_fpr_0.1_percent"]), "recall at 0.1 % false positives"),
            (f"{metrics['card_precision_at_100']:.3f}", "card precision at 100 a day"),
            (f"{metrics['auc']:.3f}", "area under the ROC curve"),
            (percent(metrics["base_rate"], 2), "base rate: frauds among payments"),
        ]
    )


def metrics_section(evaluation: Evaluation) -> Iterator[str]:
    """Every metric, each beside what it is to be compared with."""
    metrics = evaluation.metrics
    yield page.heading("Metrics")
    rows = [
        ("average precision", "average_precision", "base_rate", "flagging at random"),
        ("area under the ROC curve", "auc", None, "0.5 flagging at random"),
        ("card precision at 100 a day", "card_precision_at_100", None, ""),
        ("recall at 0.1 % false positives", "recall_at_fpr_0.1_percent", None, ""),
        ("precision there", "precision_at_fpr_0.1_percent", "base_rate", "flagging at random"),
        ("threshold there", "threshold_at_fpr_0.1_percent", None, ""),
        (
            "accuracy at a threshold of one half",
            "accuracy_at_one_half",
            "accuracy_of_never_fraud",
            "calling nothing fraud",
        ),
        ("Brier score, less is better", "brier", "brier_of_base_rate", "telling the base rate"),
        ("expected calibration error", "expected_calibration_error", None, ""),
    ]
    yield page.table(
        ("metric", "value", "beside", ""),
        [
            (name, f"{metrics[key]:.5f}", f"{metrics[peer]:.5f}" if peer else "", peer_name)
            for name, key, peer, peer_name in rows
        ],
    )
    if "true_base_rate" in metrics:
        yield page.paragraph("In truth, had every fraud become known:")
        yield page.table(
            ("metric", "value"),
            [
                ("base rate", f"{metrics['true_base_rate']:.5f}"),
                ("average precision", f"{metrics['true_average_precision']:.5f}"),
                ("area under the ROC curve", f"{metrics['true_auc']:.5f}"),
                (
                    "recall at 0.1 % false positives",
                    f"{metrics['true_recall_at_fpr_0.1_percent']:.5f}",
                ),
            ],
        )
    kinds = {
        name.removeprefix(KIND_RECALL): value
        for name, value in metrics.items()
        if name.startswith(KIND_RECALL)
    }
    if kinds:
        scored = evaluation.scored
        yield page.paragraph("Recall by kind of fraud, with 0.1 % of good payments flagged:")
        yield page.table(
            ("kind", "frauds", "recall"),
            [
                (
                    kind,
                    f"{int((scored.fraud_kind.are(kind) & scored.frauds).sum()):,}",
                    percent(share),
                )
                for kind, share in sorted(kinds.items())
            ],
        )


def thresholds_section(evaluation: Evaluation, costs: Costs, currency: str) -> Iterator[str]:
    """What happens and what it costs at some thresholds."""
    yield page.heading("Thresholds")
    yield page.paragraph(
        f"A missed fraud costs its amount, a review {money(costs.review_minor, currency)}, a good"
        f" payment that is refused {money(costs.refusal_minor, currency)}.",
        quiet=True,
    )
    outcomes = outcomes_at(evaluation.scored, THRESHOLDS)
    refusing = outcomes.cost_of_refusing_minor(costs)
    reviewing = outcomes.cost_of_reviewing_minor(costs)
    yield page.table(
        (
            "threshold",
            "flagged",
            "precision",
            "recall",
            "false positives",
            "missed",
            "cost refusing",
            "cost reviewing",
        ),
        [
            (
                f"{threshold:g}",
                f"{outcomes.flagged[place]:,}",
                percent(outcomes.precision[place]),
                percent(outcomes.recall[place]),
                percent(outcomes.false_positive_rate[place], 3),
                money(int(outcomes.missed_minor[place]), currency),
                money(int(refusing[place]), currency),
                money(int(reviewing[place]), currency),
            )
            for place, threshold in enumerate(THRESHOLDS)
        ],
    )


def rules_section(judges: list[Judge], threshold: float, currency: str) -> Iterator[str]:
    """What the model adds to rules; nothing when no rules decided."""
    if not judges:
        return
    yield page.heading("Beside the rules")
    yield page.paragraph(
        "Rules flag what they did not approve, and the model what is as likely as"
        f" {threshold:.4f} to be fraud, or likelier.",
        quiet=True,
    )
    yield page.table(
        (
            "flagged by",
            "payments",
            "frauds caught",
            "of amount",
            "precision",
            "recall",
            "false pos.",
        ),
        [
            (
                judge.name,
                f"{judge.flagged:,}",
                f"{judge.caught:,}",
                money(judge.caught_minor, currency),
                percent(judge.precision),
                percent(judge.recall),
                percent(judge.false_positive_rate, 3),
            )
            for judge in judges
        ],
    )


def data_section(document: ModelDocument, evaluation: Evaluation) -> Iterator[str]:
    """What the model learnt from, and what it was judged on here."""
    data = document.data

    def row(name: str, period: Period) -> tuple[str, ...]:
        share = period.frauds / period.payments if period.payments else 0.0
        return (
            name,
            moment(period.from_ms),
            moment(period.until_ms),
            f"{period.payments:,}",
            f"{period.frauds:,}",
            percent(share, 2),
        )

    periods = [
        row("training", data.train),
        row("validation", data.validation),
        row("test", data.test),
    ]
    if not evaluation.trained_on:
        periods.append(row("judged here", evaluation.period))
    yield page.heading("Data")
    yield page.table(("period", "from, UTC", "to", "payments", "frauds", "base rate"), periods)
    yield page.table(
        ("", ""),
        [
            ("training data, SHA-256", data.hash),
            ("data judged on, SHA-256", evaluation.hash),
            ("payments in the training data", f"{data.payments:,}, in {data.currency}"),
            ("genuine if undisputed for", f"{data.label_delay_ms / DAY_MS:g} days"),
            ("clock of hours and weekdays", f"UTC{data.utc_offset_s / 3600:+g} h"),
        ],
        words=True,
    )


def model_section(document: ModelDocument) -> Iterator[str]:
    """What the model is, how it was trained, and what it is not to be trusted with."""
    yield page.heading("Model")
    yield page.table(
        ("", ""),
        [
            ("version", document.version),
            ("checksum, SHA-256", document.checksum),
            ("feature schema", f"{document.schema_version}, {len(document.features)} features"),
            (
                "calibration",
                f"{document.calibration.method}, {len(document.calibration.margins)} points",
            ),
            *((name, _setting(value)) for name, value in sorted(document.settings.items())),
        ],
        words=True,
    )
    yield page.heading("Limits")
    yield page.listed(document.limits)


def _setting(value: Setting) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "not set" if value in (None, {}) else str(value)
