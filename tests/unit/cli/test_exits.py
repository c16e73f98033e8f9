"""How a command ends: one line on standard error, and the right code."""

from __future__ import annotations

import click
import pytest

from sikka.cli.exits import CommandFailed, Exit, ended_by
from sikka.domain.errors import CommitUnknown, ConfigurationError, NotFound, Unavailable


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CommandFailed("a step failed"), Exit.FAILED, "sikka: a step failed\n"),
        (CommandFailed("port taken", Exit.AWAY), Exit.AWAY, "sikka: port taken\n"),
        (
            ConfigurationError(message="x.y: is no setting"),
            Exit.WRONG,
            "sikka: x.y: is no setting\n",
        ),
        (Unavailable(message="no database"), Exit.AWAY, "sikka: no database\n"),
        (CommitUnknown(), Exit.AWAY, "sikka: Try again with the same Idempotency-Key.\n"),
        (NotFound(), Exit.FAILED, "sikka: There is no such object.\n"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "sikka: interrupted\n"),
        (click.Abort(), Exit.INTERRUPTED, "sikka: interrupted\n"),
        (OSError(98, "Address already in use"), Exit.AWAY, "sikka: Address already in use\n"),
        (FileNotFoundError(2, "No such file", "a"), Exit.AWAY, "sikka: a: No such file\n"),
        (click.ClickException("bad\nline"), Exit.WRONG, "sikka: bad line\n"),
        (click.exceptions.Exit(1), Exit.FAILED, ""),
    ],
)
def test_an_end_has_its_code_and_one_line(
    error: BaseException, code: Exit, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_by(error) is code
    assert capsys.readouterr().err == said


def test_wrong_usage_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_by(click.UsageError("no such option")) is Exit.WRONG
    assert "no such option" in capsys.readouterr().err


def test_a_bug_shows_its_traceback_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_by(RuntimeError("sk_live_abcdefgh1234 asha.k@simbank")) is Exit.FAILED
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "this is a bug" in said
    assert "abcdefgh" not in said
    assert "asha.k@" not in said
