"""Makes requests about the fraud policy that are good by their schema good by its rules."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import Any

SCORE = re.compile(r"(0\.[0-9]{2}|1\.00)")
VALUES = {
    "user": "user_{n}",
    "vpa": "user.{n}@simbank",
    "card": "{n:064x}",
    "device": "device {n}",
    "ip": "2001:db8::{n:x}",
    "merchant": "mer_01JD{n:022d}",
}
_numbers = itertools.count(1)


def is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def sensible(path: str, query: dict[str, Any] | None, body: Any) -> None:
    """Change query and body in place."""
    if not path.startswith("/v1/fraud/"):
        return
    if query is not None:
        _one_scope(query)
        _range(query)
        if isinstance(query.get("value"), str) and query.get("field") is None:
            query["field"] = "user"
        _value(query)
    if not isinstance(body, dict):
        return
    _one_scope(body)
    _range(body)
    _value(body)
    if isinstance(body.get("entries"), list):
        for each in body["entries"]:
            if isinstance(each, dict):
                _value(each)
    if isinstance(body.get("expression"), str) and body["expression"]:
        body["expression"] = "amount > 5"
    if body.get("force") is True and body.get("reason") is None:
        body["reason"] = "an attack"
    _thresholds(body)


def _one_scope(values: dict[str, Any]) -> None:
    if (
        str(values.get("all_merchants")).lower() in ("true", "1")
        and values.get("merchant_id") is not None
    ):
        del values["merchant_id"]


def _range(values: dict[str, Any]) -> None:
    for name, at in (("since", "2026-11-01T00:00:00Z"), ("until", "2026-11-02T00:00:00Z")):
        if is_time(values.get(name)):
            values[name] = at
    if set(values) & {"since", "until"} == {"until"}:
        values["until"] = "2026-11-02T00:00:00Z"


def _value(entry: dict[str, Any]) -> None:
    sample = VALUES.get(str(entry.get("field")))
    if sample is not None and isinstance(entry.get("value"), str) and entry["value"]:
        entry["value"] = sample.format(n=next(_numbers))
    if is_time(entry.get("expires_at")):
        entry["expires_at"] = "2999-01-01T00:00:00Z"


def _thresholds(body: dict[str, Any]) -> None:
    scores = [body.get("review_score", 0), body.get("decline_score", 0)]
    if all(each is None or (isinstance(each, str) and SCORE.fullmatch(each)) for each in scores):
        body["review_score"], body["decline_score"] = sorted(
            scores, key=lambda each: "9" if each is None else each
        )
    amounts = [body.get("review_amount"), body.get("decline_amount")]
    if all(isinstance(each, int) for each in amounts):
        body["review_amount"], body["decline_amount"] = sorted(amounts)
