"""The tables of the fraud engine. What each column means stands on the record of the same name."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from sikka.domain.fraud.assessment import Decision, RiskLevel
from sikka.journal.columns import (
    big,
    bucket,
    choice,
    code,
    file,
    flag,
    hundredths,
    json,
    money,
    note,
    number,
    text,
    time,
)
from sikka.journal.table import of_payment, table

fraud_assessments = table(
    "fraud_assessments",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    hundredths("risk_score"),
    choice("risk_level", RiskLevel),
    text("model_version", 64),
    json("features"),
    json("violations"),
    json("reasons"),
    choice("decision", Decision),
    text("challenger_version", 64, nullable=True),
    number("challenger_score_millionths", nullable=True),
    big("latency_us"),
    flag("features_stale"),
    time("processed_at"),
    number("model_score_millionths", nullable=True),
    json("shadow", nullable=True),
    text("instrument", 255, nullable=True),
    text("device_fingerprint", 255, nullable=True),
    code("ip_address", 45, nullable=True),
    number("latitude_microdegrees", nullable=True),
    number("longitude_microdegrees", nullable=True),
    number("revision", nullable=True),
    UniqueConstraint("payment_id"),
    Index(None, "risk_level", "processed_at"),
    Index(None, "processed_at"),
)

# What decides about payments beside the code. One row says how often any of it was changed.
fraud_revisions = table(
    "fraud_revisions",
    code("id", primary_key=True),
    number("revision"),
)

fraud_rules = table(
    "fraud_rules",
    code("id", primary_key=True),
    bucket(),
    code("merchant_id", 36, nullable=True),
    code("name", 64),
    number("version"),
    code("state", 10),
    note("expression", nullable=False),
    choice("decision", Decision),
    text("reason", 255),
    json("backtest", nullable=True),
    text("created_by", 255),
    time("created_at"),
    time("updated_at"),
    number("revision"),
    Index(None, "revision"),
    Index(None, "name", "version"),
    Index(None, "merchant_id", "created_at", "id"),
    Index(None, "state", "created_at", "id"),
)

fraud_lists = table(
    "fraud_lists",
    code("id", primary_key=True),
    bucket(),
    code("merchant_id", 36, nullable=True),
    code("kind", 10),
    code("field", 20),
    text("value", 255),
    note("reason"),
    text("created_by", 255),
    time("created_at"),
    time("expires_at", nullable=True),
    time("removed_at", nullable=True),
    number("revision"),
    Index(None, "revision"),
    Index(None, "field", "value"),
    Index(None, "merchant_id", "created_at", "id"),
    Index(None, "removed_at", "created_at", "id"),
)

fraud_thresholds = table(
    "fraud_thresholds",
    code("id", primary_key=True),
    number("review_score_hundredths"),
    number("decline_score_hundredths"),
    money("review_amount", nullable=True),
    money("decline_amount", nullable=True),
    text("updated_by", 255),
    time("updated_at"),
    number("revision"),
    Index(None, "revision"),
)

fraud_models = table(
    "fraud_models",
    code("id", primary_key=True),
    bucket(),
    code("version", 64),
    code("checksum", 64),
    number("schema_version"),
    code("training_data_hash", 64),
    json("document"),
    code("state", 12),
    number("share_percent"),
    text("created_by", 255),
    time("created_at"),
    time("updated_at"),
    text("promoted_by", 255, nullable=True),
    time("promoted_at", nullable=True),
    number("revision"),
    UniqueConstraint("version"),
    Index(None, "revision"),
    Index(None, "state", "promoted_at"),
    Index(None, "created_at", "id"),
)

fraud_model_files = table(
    "fraud_model_files",
    code("id", 36, ForeignKey("fraud_models.id"), primary_key=True),
    file("content"),
)

fraud_labels = table(
    "fraud_labels",
    code("id", primary_key=True),
    bucket(),
    of_payment(),
    code("merchant_id"),
    flag("fraud"),
    code("source", 12),
    note("reason"),
    time("known_at"),
    text("created_by", 255),
    time("created_at"),
    flag("livemode"),
    text("reference", 100, nullable=True),
    Index(None, "payment_id", "reference", "fraud", unique=True),
    Index(None, "payment_id", "known_at", "id"),
    Index(None, "merchant_id", "created_at", "livemode", "id"),
    Index(None, "created_at", "id"),
)

# What monitoring last found of each version of a model; one row a version.
fraud_reports = table(
    "fraud_reports",
    code("id", primary_key=True),
    bucket(),
    text("model_version", 64),
    json("report"),
    time("made_at"),
    UniqueConstraint("model_version"),
    Index(None, "made_at", "id"),
)
