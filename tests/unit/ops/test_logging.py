"""Logs: one redacted line an event, in JSON or plain."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from sikka.ops.logging import configure

SECRETS = ("4111111111111111", "sk_live_abcdefgh1234", "asha.kumar@simbank", "hunter2")


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def failed(error: Exception) -> None:
    raise error


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    request.getfixturevalue("restored_logging")
    stream = io.StringIO()
    configure("INFO", "json", stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_with_its_facts(stream: io.StringIO) -> None:
    logging.getLogger("sikka.test").info("took %d", 5, extra={"payment_id": "pay_1", "n": 2})
    (line,) = lines(stream)
    assert line["message"] == "took 5"
    assert line["level"] == "INFO"
    assert line["logger"] == "sikka.test"
    assert line["payment_id"] == "pay_1"
    assert line["n"] == 2
    assert line["time"].endswith("Z")


def test_no_secret_survives_in_message_arguments_extra_or_traceback(stream: io.StringIO) -> None:
    log = logging.getLogger("sikka.test")
    text = f"{SECRETS[0]} {SECRETS[1]} {SECRETS[2]} ://u:{SECRETS[3]}@h"
    log.warning("message " + text)  # noqa: G003 - the message itself is what is tested.
    log.warning("argument %s", text)
    log.warning("extra", extra={"body": text, "nested": {"list": [text]}, "password": SECRETS[3]})
    try:
        failed(ValueError(text))
    except ValueError:
        log.exception("failed")
    shown = stream.getvalue()
    assert len(lines(stream)) == 4
    assert "ValueError" in lines(stream)[3]["exception"]
    for secret in SECRETS:
        assert secret not in shown


def test_a_fact_cannot_replace_the_line_s_own_fields(stream: io.StringIO) -> None:
    logging.getLogger("sikka.test").info("true", extra={"level": "FAKE", "time": "never"})
    (line,) = lines(stream)
    assert line["level"] == "INFO"
    assert line["time"] != "never"


def test_a_newline_cannot_forge_a_second_line(stream: io.StringIO) -> None:
    logging.getLogger("sikka.test").info('x\n{"level": "ERROR"}')
    assert len(lines(stream)) == 1


@pytest.mark.usefixtures("restored_logging")
def test_plain_lines_are_for_people_and_redacted_too() -> None:
    stream = io.StringIO()
    configure("WARNING", "plain", stream)
    log = logging.getLogger("sikka.test")
    log.info("not shown")
    log.warning("paid by %s", "asha@simbank", extra={"status": "PENDING"})
    shown = stream.getvalue()
    assert shown.endswith("WARNING sikka.test: paid by as***@simbank (status=PENDING)\n")
    assert shown.count("\n") == 1


@pytest.mark.usefixtures("restored_logging")
def test_plain_lines_carry_the_traceback() -> None:
    stream = io.StringIO()
    configure("WARNING", "plain", stream)
    try:
        failed(KeyError("asha@simbank"))
    except KeyError:
        logging.getLogger("sikka.test").exception("failed")
    assert "KeyError: 'as***@simbank'" in stream.getvalue()


def test_warnings_are_logged(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old sk_test_12345678", stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines(stream)
    assert line["logger"] == "py.warnings"
    assert "sk_test_***" in line["message"]


def test_libraries_are_quiet_below_warning(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    assert stream.getvalue() == ""


def test_what_the_driver_repeats_of_rows_is_not_logged(stream: io.StringIO) -> None:
    logging.getLogger("asyncmy").warning("Data truncated for column 'payer_vpa' at row 1")
    assert stream.getvalue() == ""
