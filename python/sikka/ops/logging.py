"""Logs: one line an event, JSON for machines or plain for people, never a secret."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import msgspec

from sikka.ops.redaction import redact, redact_fact

# What the standard library puts on every record; anything else came in by `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

# Libraries whose INFO says nothing an operator acts on.
_QUIET = ("aiohttp.access", "alembic.runtime.migration", "aiosqlite", "asyncio", "sqlalchemy")


class RedactingFormatter(logging.Formatter):
    """What both formats share: message, arguments, extra and traceback pass the redaction."""

    def message(self, record: logging.LogRecord) -> str:
        """The message with its arguments, redacted."""
        return redact(record.getMessage())

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What was given as `extra`, redacted."""
        return {
            name: redact_fact(name, value)
            for name, value in record.__dict__.items()
            if name not in _STANDARD
        }

    def traceback(self, record: logging.LogRecord) -> str | None:
        """The traceback of the exception being logged, redacted, or None."""
        if not record.exc_info or record.exc_info[0] is None:
            return redact(record.exc_text) if record.exc_text else None
        return redact("".join(traceback.format_exception(*record.exc_info)).rstrip())


class JsonFormatter(RedactingFormatter):
    """One JSON object a line: time, level, logger, message, the extra facts, the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message(record),
            "process": record.process,
        }
        for name, value in self.facts(record).items():
            line.setdefault(name, value)
        trace = self.traceback(record)
        if trace is not None:
            line["exception"] = trace
        return msgspec.json.encode(line).decode()


class PlainFormatter(RedactingFormatter):
    """`12:30:01.123 WARNING sikka.journal: message (name=value)`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line for a person; a traceback follows on lines of its own."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        line = f"{at} {record.levelname:<7} {record.name}: {self.message(record)}"
        facts = " ".join(f"{name}={value}" for name, value in self.facts(record).items())
        if facts:
            line += f" ({facts})"
        trace = self.traceback(record)
        return line if trace is None else f"{line}\n{trace}"


def configure(
    level: str, form: Literal["json", "plain"], stream: TextIO | None = None
) -> logging.Handler:
    """Make the root logger write redacted lines, and nothing else.

    Args:
        level: the least level that is written, a name of the standard library.
        form: `json` or `plain`.
        stream: where to; standard error if None.

    Returns:
        The handler, for whoever wants to take it away again.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else PlainFormatter())
    root = logging.getLogger()
    for each in list(root.handlers):
        root.removeHandler(each)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # The driver repeats the server's warnings, and those may repeat values of rows.
    logging.getLogger("asyncmy").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    return handler
