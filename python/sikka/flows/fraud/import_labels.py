"""Labels out of a CSV file of chargebacks: what is wrong with a line is told, the rest goes on.

The first line names the columns: `payment` (our id, the RRN, or the rail's transaction id), `kind`
(`fraud` or `not_fraud`), `known_at` (RFC 3339 with its zone), and as far as there are any `reason`
and `reference` (the number of the chargeback).
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Protocol

import msgspec

from sikka.domain.errors import InvalidRequest
from sikka.domain.records import Actor
from sikka.flows.fraud.label import ChargebackLine, LineOutcome, LineStatus, label_chargebacks
from sikka.flows.parts import Parts
from sikka_core import is_id

REQUIRED = ("payment", "kind", "known_at")
OPTIONAL = ("reason", "reference")
KINDS = {"fraud": True, "not_fraud": False}
NAME_CHARACTERS_MAX = 100
REASON_CHARACTERS_MAX = 500
LINES_AT_ONCE = 500

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PaymentFinder(Protocol):
    """Finds payments by what others call them."""

    async def named(self, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The ids of the payments whose RRN or external transaction id is one of the names."""
        ...


@dataclass(frozen=True, slots=True)
class LabelLine:
    """One line as it was read; `payment` is whatever names it."""

    number: int
    payment: str
    fraud: bool
    known_at: datetime
    reason: str | None
    reference: str


def read_lines(text: Iterable[str]) -> Iterator[LabelLine | LineOutcome]:
    """Read a file, line by line.

    A line without a reference is known by when it became known: the same line again is the same
    label.

    Args:
        text: the file's lines; bytes that are no UTF-8 as surrogates (`surrogateescape`).

    Yields:
        The line, or the outcome of one that breaks a rule; numbers count the lines of the file
        from 1, the names of the columns among them.

    Raises:
        InvalidRequest: the first line does not name the columns; `param` is the column.
    """
    reader = csv.reader(text, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error:
        names = []
    _check_columns(names)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _refused(reader.line_num, f"it is no CSV: {error}")
            continue
        if cells is None:
            return
        if cells:
            yield _line(reader.line_num, names, cells)


async def import_labels(
    parts: Parts, finder: PaymentFinder, text: Iterable[str], actor: Actor
) -> AsyncIterator[LineOutcome]:
    """Label what a file says, and tell what became of each line, some hundreds at a time.

    To be repeated whole after any failure.

    Raises:
        InvalidRequest: the first line does not name the columns. Nothing was changed.
        Unavailable: the database is away; what was told is done, and some more may be.
    """
    rest = read_lines(text)
    while read := list(islice(rest, LINES_AT_ONCE)):
        lines = [each for each in read if isinstance(each, LabelLine)]
        outcomes = [each for each in read if isinstance(each, LineOutcome)]
        found = await finder.named(sorted({each.payment for each in lines}))
        known = []
        for line in lines:
            payment = _payment_of(line, found)
            if isinstance(payment, LineOutcome):
                outcomes.append(payment)
            else:
                known.append(payment)
        outcomes += await label_chargebacks(parts, known, actor)
        for outcome in sorted(outcomes, key=lambda each: each.number):
            yield outcome


def _check_columns(names: list[str]) -> None:
    for name in REQUIRED:
        if name not in names:
            raise InvalidRequest(message=f"line 1: must name the column {name}", param=name)
    for name in names:
        if name not in REQUIRED + OPTIONAL:
            known = ", ".join(REQUIRED + OPTIONAL)
            shown = name.encode("ascii", "backslashreplace").decode()
            raise InvalidRequest(message=f"line 1: {shown} is not one of {known}", param="columns")
        if names.count(name) > 1:
            raise InvalidRequest(message=f"line 1: names {name} twice", param=name)


def _line(number: int, names: list[str], cells: list[str]) -> LabelLine | LineOutcome:
    if len(cells) != len(names):
        return _refused(number, f"it has {len(cells)} cells and not {len(names)}")
    values = dict(zip(names, (cell.strip() for cell in cells), strict=True))
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return _refused(number, "it is not written in UTF-8")
    payment, reason = values["payment"], values.get("reason", "")
    if not 0 < len(payment) <= NAME_CHARACTERS_MAX:
        return _refused(number, f"payment must have 1 to {NAME_CHARACTERS_MAX} characters")
    if values["kind"] not in KINDS:
        return _refused(number, f"kind must be one of {', '.join(KINDS)}")
    if len(reason) > REASON_CHARACTERS_MAX:
        return _refused(number, f"reason must have at most {REASON_CHARACTERS_MAX} characters")
    try:
        known_at: datetime = msgspec.convert(values["known_at"], _Moment)
    except msgspec.ValidationError:
        return _refused(number, "known_at must be a time as in RFC 3339, with its zone")
    reference = values.get("reference") or known_at.astimezone(UTC).isoformat()
    if len(reference) > NAME_CHARACTERS_MAX:
        return _refused(number, f"reference must have at most {NAME_CHARACTERS_MAX} characters")
    return LabelLine(number, payment, KINDS[values["kind"]], known_at, reason or None, reference)


def _payment_of(
    line: LabelLine, found: Mapping[str, Sequence[str]]
) -> ChargebackLine | LineOutcome:
    ids = [line.payment] if is_id(line.payment, "pay") else found.get(line.payment, ())
    if not ids:
        return _refused(line.number, "there is no such payment")
    if len(ids) > 1:
        return _refused(line.number, f"{len(ids)} payments are called that; give the id of one")
    return ChargebackLine(
        line.number, ids[0], line.reference, line.fraud, line.known_at, line.reason
    )


def _refused(number: int, message: str) -> LineOutcome:
    return LineOutcome(number, LineStatus.REFUSED, message)
