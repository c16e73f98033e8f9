"""How a command ends: its exit code, and the one line that says why.

- 0: done
- 1: a check found something wrong, or a step failed
- 2: the command line or a setting is wrong; nothing was done
- 3: the database, Redis or the port cannot be had now; try again
- 130: interrupted
"""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum

import click

from sikka.domain.catalogue import CATALOGUE
from sikka.domain.errors import ConfigurationError, SikkaError, Unavailable
from sikka.ops.redaction import redact


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    WRONG = 2
    AWAY = 3
    INTERRUPTED = 130


class CommandFailed(click.ClickException):
    """A command ends with a message and a code.

    Args:
        message: what happened and what to do next, one line.
        code: the exit code.
    """

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code


def ended_by(error: BaseException) -> Exit:
    """Say on standard error, redacted and on one line, why a command ended; return its code."""
    if isinstance(error, click.exceptions.Exit):
        return Exit(error.exit_code)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        _say("interrupted")
        return Exit.INTERRUPTED
    if isinstance(error, click.UsageError):
        error.show()
        return Exit.WRONG
    if isinstance(error, CommandFailed):
        _say(error.message)
        return error.code
    if isinstance(error, click.ClickException):
        _say(error.format_message())
        return Exit.WRONG
    if isinstance(error, SikkaError):
        _say(error.message or CATALOGUE[error.code].message)
        if isinstance(error, ConfigurationError):
            return Exit.WRONG
        return Exit.AWAY if isinstance(error, Unavailable) else Exit.FAILED
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"{where}{error.strerror}")
        return Exit.AWAY
    trace = "".join(traceback.format_exception(error))
    print(redact(trace), file=sys.stderr, end="")
    _say("this is a bug; please report it with the lines above")
    return Exit.FAILED


def _say(message: str) -> None:
    line = " ".join(redact(message).split())
    print(f"sikka: {line}", file=sys.stderr)
