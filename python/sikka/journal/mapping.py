"""Which record lives in which table, and how its attributes become columns and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import StrEnum
from operator import attrgetter
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from sqlalchemy import Table, type_coerce
from sqlalchemy.types import NullType

from sikka.domain.delivery import WebhookAttempt, WebhookDelivery
from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.model import FraudModel, FraudModelFile
from sikka.domain.fraud.policy import (
    FraudListEntry,
    FraudRevision,
    FraudRule,
    FraudThresholds,
)
from sikka.domain.fraud.report import FraudReport
from sikka.domain.merchant import ApiKey, Merchant, WebhookEndpoint
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.records import AuditRecord, Event, IdempotencyRecord
from sikka.domain.refund import Refund
from sikka.domain.review import Review, ReviewNote
from sikka.journal import tables
from sikka.ports import Lease
from sikka_rows import Column
from sikka_rows import Table as Rows

_RAW = NullType()
_dumps = msgspec.json.Encoder().encode
_loads = msgspec.json.Decoder().decode

# Attributes that are called otherwise in the database.
_COLUMNS = {
    "amount_minor": "amount",
    "captured_minor": "captured_amount",
    "refunded_minor": "refunded_amount",
    "fee_fixed_minor": "fee_fixed",
    "risk_score_hundredths": "risk_score",
    "review_amount_minor": "review_amount",
    "decline_amount_minor": "decline_amount",
}


def rows_of(table: Table, columns: Sequence[str]) -> Rows:
    """The codec of some columns of a table, in that order."""
    return Rows(
        str(table.name),
        [Column(name, **table.c[name].info) for name in columns],
        dumps=_dumps,
        loads=_loads,
    )


def raw(table: Table, columns: Sequence[str]) -> list[Any]:
    """Columns to select whose values stay as the driver has them, for the codec to read."""
    return [type_coerce(table.c[column], _RAW) for column in columns]


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """How a decoded value becomes what the record's annotation says; None when it already is."""
    kinds = [each for each in get_args(hint) if each is not NoneType] or [hint]
    kind = kinds[0]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        members: dict[str | None, StrEnum | None] = {member.value: member for member in kind}
        members[None] = None
        return members.__getitem__
    if get_origin(hint) is Sequence:
        return tuple
    return None


class Mapping:
    """One record class in its table.

    Args:
        kind: the record's dataclass.
        table: the table that has a column for each of its attributes.
        key: the attribute by which a row is found and amended.
    """

    def __init__(self, kind: type, table: Table, key: str = "id") -> None:
        names = [each.name for each in fields(kind)]
        hints = get_type_hints(kind)
        self.kind = kind
        self.table = table
        self.key = key
        self.attributes = tuple(names)
        self.columns = tuple(_COLUMNS.get(name, name) for name in names)
        self.column_of = dict(zip(self.attributes, self.columns, strict=True))
        self.rows = rows_of(table, self.columns)
        self.values_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
        self.selected = raw(table, self.columns)
        self._readers = {name: reader for name in names if (reader := _reader(hints[name]))}
        self._places = [(names.index(name), each) for name, each in self._readers.items()]

    def records(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Rows of the driver, columns as in `selected`, as records."""
        kind, places = self.kind, self._places
        records = []
        for decoded in self.rows.decode(rows):
            values = list(decoded)
            for place, reader in places:
                values[place] = reader(values[place])
            records.append(kind(*values))
        return records

    def values(self, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> list[list[Any]]:
        """Rows of the driver that carry the named attributes, as the attributes' values."""
        columns = [self.column_of[name] for name in names]
        places = [
            (names.index(name), self._readers[name]) for name in names if name in self._readers
        ]
        answer = []
        for decoded in self.rows.decode(rows, columns):
            values = list(decoded)
            for place, reader in places:
                values[place] = reader(values[place])
            answer.append(values)
        return answer


# In an order that respects references: a table comes after those it refers to.
MAPPINGS = {
    mapping.kind: mapping
    for mapping in (
        Mapping(Lease, tables.leases, "name"),
        Mapping(Merchant, tables.merchants),
        Mapping(ApiKey, tables.api_keys),
        Mapping(WebhookEndpoint, tables.webhook_endpoints),
        Mapping(FraudRevision, tables.fraud_revisions),
        Mapping(FraudRule, tables.fraud_rules),
        Mapping(FraudListEntry, tables.fraud_lists),
        Mapping(FraudThresholds, tables.fraud_thresholds),
        Mapping(FraudModel, tables.fraud_models),
        Mapping(FraudModelFile, tables.fraud_model_files),
        Mapping(FraudReport, tables.fraud_reports),
        Mapping(Payment, tables.payments),
        Mapping(UpiTransaction, tables.upi_transactions),
        Mapping(FraudAssessment, tables.fraud_assessments),
        Mapping(FraudLabel, tables.fraud_labels),
        Mapping(Review, tables.reviews, "payment_id"),
        Mapping(ReviewNote, tables.review_notes),
        Mapping(Refund, tables.refunds),
        Mapping(IdempotencyRecord, tables.idempotency_keys),
        Mapping(Event, tables.outbox_events),
        Mapping(WebhookDelivery, tables.webhook_deliveries),
        Mapping(WebhookAttempt, tables.webhook_attempts),
        Mapping(AuditRecord, tables.audit_log),
    )
}


def mapping_of(kind: type) -> Mapping:
    """The mapping of a record class.

    Raises:
        TypeError: when no table holds such records.
    """
    try:
        return MAPPINGS[kind]
    except KeyError:
        raise TypeError(f"no table holds records of {kind.__name__}") from None
