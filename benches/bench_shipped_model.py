"""How the shipped model does on payments of other seeds and another world, beside rules alone.

Run as `make bench-fraud`. Every stream is generated anew by `sikka_sim.stream`; none of them is
the one that the model was trained on. `baseline` is the world of the training, `shifted` has other
habits, merchants, frauds and base rates. Payments are judged by what they are in truth, which the
generator tells, also where nobody ever reports it. The decisions are those of the gateway's own
rules and thresholds as they are by default: a payment is flagged when it is declined or reviewed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sikka.domain.fraud.assessment import Decision, Device, RiskRequest
from sikka.fraud.config import FraudConfig
from sikka.fraud.decision import verdict_of
from sikka.fraud.facts import Facts
from sikka.fraud.features import named
from sikka.fraud.models.folder import read_model
from sikka.fraud.models.shipped import FOLDER
from sikka.fraud.rules import Ruleset
from sikka.fraud.thresholds import Thresholds
from sikka.fraud.training.evaluate import evaluate
from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.files import read_stream
from sikka_sim.stream import Stream, load_parameters, write

PAGE = Path(__file__).with_name("SHIPPED_MODEL.md")
RESULTS = Path(__file__).with_name("shipped_model.json")
USERS, DAYS = 8_000, 120
# Payments of the first days are remembered and not judged: everybody is new to the features.
WARMING_DAYS = 60
DAY_MS = 86_400_000
WORLDS = (("baseline", 101), ("baseline", 102), ("shifted", 103))
KINDS = (
    "stolen_card", "account_takeover", "card_testing", "mule_account", "merchant_collusion",
    "slow_drip",
)  # fmt: skip

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one way of deciding flags, and how much of the fraud that is."""

    flagged: float
    precision: float
    recall: float
    false_positive_rate: float


@dataclass(frozen=True, slots=True)
class Result:
    """One stream: how the model ranks, and what decisions come of it."""

    scenario: str
    seed: int
    payments: int
    base_rate: float
    auc: float
    average_precision: float
    recall_at_fpr_permille: float
    precision_at_fpr_permille: float
    kinds: Mapping[str, float]
    effects: Mapping[str, Effect]


def generated(scenario: str, seed: int, folder: Path) -> Path:
    """A stream of payments in a file."""
    path = folder / f"{scenario}-{seed}.parquet"
    stream = Stream(load_parameters(scenario=scenario), users=USERS, days=DAYS, seed=seed)
    write(stream.tables(), path)
    return path


def decisions(seen: Evaluation, truth: Flags) -> dict[str, Effect]:
    """What the rules flag by themselves, what the rules and the model flag, and the model alone."""
    config = FraudConfig()
    ruleset, thresholds = Ruleset(config, ()), Thresholds.configured(config)
    scored = seen.scored
    rules, engine = np.zeros(len(scored), bool), np.zeros(len(scored), bool)
    rows = zip(
        seen.vectors,
        scored.amount_minor.tolist(),
        scored.time_ms.tolist(),
        scored.probabilities.tolist(),
        strict=True,
    )
    for place, (vector, amount, time_ms, probability) in enumerate(rows):
        # The built-in rules know a payment by its features and its amount.
        at = datetime.fromtimestamp(time_ms / 1_000, UTC)
        request = RiskRequest("pay", "pay", "mer", "user", None, amount, "INR", Device(), at)
        facts = Facts(request, named(memoryview(vector)), probability, thresholds)
        found = ruleset.evaluate(facts).violations
        rules[place] = verdict_of(found, None, thresholds).decision is not Decision.APPROVE
        engine[place] = (
            verdict_of(found, None, thresholds, probability).decision is not Decision.APPROVE
        )
    return {
        "rules alone": effect(rules, truth),
        "rules and model": effect(engine, truth),
        "model, as many flags as rules": effect(as_many(scored.margins, int(rules.sum())), truth),
    }


def as_many(margins: NDArray[np.float32], flags: int) -> Flags:
    """The payments with the highest margins."""
    flagged = np.zeros(len(margins), bool)
    flagged[np.argsort(-margins, kind="stable")[:flags]] = True
    return flagged


def effect(flagged: Flags, truth: Flags) -> Effect:
    """How flags and frauds meet."""
    caught = int((flagged & truth).sum())
    return Effect(
        flagged=float(flagged.mean()),
        precision=caught / max(1, int(flagged.sum())),
        recall=caught / int(truth.sum()),
        false_positive_rate=float((flagged & ~truth).sum() / (~truth).sum()),
    )


def at_permille(margins: NDArray[np.float32], truth: Flags) -> tuple[Flags, Effect]:
    """The flags that one good payment in a thousand gets, and their effect."""
    bound = np.quantile(margins[~truth], 0.999, method="higher")
    flags = margins > bound
    return flags, effect(flags, truth)


def judged(scenario: str, seed: int, folder: Path) -> Result:
    """Generate a stream and judge the shipped model on it."""
    model, document = read_model(FOLDER)
    stream = read_stream(generated(scenario, seed, folder))
    from_ms = int(stream.time_ms[0]) + WARMING_DAYS * DAY_MS
    seen = evaluate(model, document, stream, say, from_ms=from_ms)
    scored = seen.scored
    if scored.truth is None:
        raise ValueError("the generator tells the truth")
    truth = scored.truth
    flags, permille = at_permille(scored.margins, truth)
    kinds = {
        kind: float(flags[of_kind].mean())
        for kind in KINDS
        if (of_kind := scored.fraud_kind.are(kind) & truth).any()
    }
    return Result(
        scenario=scenario,
        seed=seed,
        payments=len(scored),
        base_rate=float(truth.mean()),
        auc=seen.metrics["true_auc"],
        average_precision=seen.metrics["true_average_precision"],
        recall_at_fpr_permille=permille.recall,
        precision_at_fpr_permille=permille.precision,
        kinds=kinds,
        effects=decisions(seen, truth),
    )


def page(results: list[Result]) -> str:
    """The results as a page."""
    lines = [
        "# The shipped model on payments that it was not trained on",
        "",
        "Written by `make bench-fraud`. Payments are judged by what they are in truth. Precision",
        "and recall stand at a false positive rate of 0.1 %.",
        "",
        "| world | seed | payments | base rate | AUC | AP | precision | recall |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.scenario} | {each.seed} | {each.payments:,} | {each.base_rate:.3%} |"
        f" {each.auc:.3f} | {each.average_precision:.3f} | {each.precision_at_fpr_permille:.3f} |"
        f" {each.recall_at_fpr_permille:.3f} |"
        for each in results
    ]
    lines += ["", "Recall by kind of fraud, at the same rate:", ""]
    lines += [f"| world | seed | {' | '.join(kind.replace('_', ' ') for kind in KINDS)} |"]
    lines += [f"|---|---|{'---|' * len(KINDS)}"]
    for each in results:
        shares = (f"{each.kinds[kind]:.2f}" if kind in each.kinds else "-" for kind in KINDS)
        lines.append(f"| {each.scenario} | {each.seed} | {' | '.join(shares)} |")
    lines += [
        "",
        "What the gateway's default rules and thresholds flag (decline or review), without the",
        "model and with it, and what the model alone flags when it may flag as many as the rules:",
        "",
        "| world | seed | who decides | flagged | precision | recall | false positive rate |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in results:
        lines += [
            f"| {each.scenario} | {each.seed} | {name} | {found.flagged:.3%} |"
            f" {found.precision:.3f} | {found.recall:.3f} | {found.false_positive_rate:.3%} |"
            for name, found in each.effects.items()
        ]
    return "\n".join(lines) + "\n"


def say(text: str) -> None:
    """Tell what is being done."""
    print(f"  {text}", file=sys.stderr)


def main() -> None:
    """Judge the model on every world, and write the page and the numbers."""
    results = []
    with tempfile.TemporaryDirectory(prefix="sikka-bench-") as folder:
        for scenario, seed in WORLDS:
            print(f"{scenario}, seed {seed}", file=sys.stderr)
            results.append(judged(scenario, seed, Path(folder)))
    text = page(results)
    PAGE.write_text(text)
    RESULTS.write_text(json.dumps([asdict(each) for each in results], indent=2) + "\n")
    print(text)


if __name__ == "__main__":
    main()
