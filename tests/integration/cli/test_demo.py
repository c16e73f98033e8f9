"""`sikka demo`: the whole way of a payment, in one process."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from sikka.cli import demo
from sikka.cli.exits import CommandFailed
from tests.integration.cli.commands import Commands

README = Path(__file__).parents[3] / "README.md"
STORY = (
    "merchant", "endpoint", "scored", "created", "signed", "acknowledged", "submitted",
    "verified", "succeeded", "booked", "delivered", "received", "done",
)  # fmt: skip


def told(out: str) -> list[str]:
    return re.findall(r"^ +\d+ ms  (\w+) ", out, re.MULTILINE)


def pay(url: str, key: str, idempotency_key: str, body: str) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the demo's own address.
        f"{url}/v1/payments",
        body.encode(),
        {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": idempotency_key,
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the demo's own address.
        payment: dict[str, Any] = json.load(answer)
    return payment


def test_the_demo_tells_every_step_and_ends(bare: Commands) -> None:
    ended = bare.run("demo", "--once", "--port", "0")
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert set(STORY) <= set(told(ended.out))
    entries = re.findall(r"^ +(debit|credit) +([0-9.]+) ", ended.out, re.MULTILINE)
    assert entries == [
        ("debit", "1299.00"),
        ("credit", "1268.34"),
        ("credit", "25.98"),
        ("credit", "4.68"),
    ]
    assert list(bare.directory.iterdir()) == []


def test_the_demo_stays_up_for_the_reader_s_own_payments(bare: Commands) -> None:
    with bare.running("demo", "--port", "0", "--directory", "here") as running:
        running.until_said("Ctrl-C ends it")
        url = running.until_said(r"curl (http://[^/]+)/v1/payments ")
        key = running.until_said(r"-u (sk_test_\w+):")
        body = running.until_said(r"-d '(\{\"amount\":129900.*\})'")
        payment = pay(url, key, "mine", body)
        running.until_said(rf"failed       {payment['id']} is FAILED \(declined\)")
        record = running.until_said(r"--rail-record (http://\S+)")
        config = str(Path("here") / "sikka.yaml")
        doctor = bare.run("--config", config, "doctor", "--invariants", "--rail-record", record)
        assert doctor.code == 0, doctor.out
        assert "invariant 7, npci: agrees on 2 transactions" in doctor.out
        assert running.end(signal.SIGINT) == 0
    again = bare.run("demo", "--once", "--port", "0", "--directory", "here")
    assert again.code == 0, again.err


def test_the_first_payment_of_the_readme_works_beside_the_demos_own(bare: Commands) -> None:
    curl = re.search(r'"Idempotency-Key: (.+?)".+?-d \'(.+?)\'', README.read_text(), re.DOTALL)
    assert curl is not None
    with bare.running("demo", "--port", "0") as running:
        running.until_said("Ctrl-C ends it")
        url = running.until_said(r"curl (http://[^/]+)/v1/payments ")
        key = running.until_said(r"-u (sk_test_\w+):")
        payment = pay(url, key, *curl.groups())
        assert payment["status"] == "PENDING"
        running.until_said(rf"{payment['id']} is SUCCESS")
        assert running.end() == 0


def test_a_port_that_is_taken_is_one_line(bare: Commands) -> None:
    with bare.running("demo", "--port", "0") as running:
        port = running.until_said(r"curl http://127\.0\.0\.1:(\d+)/")
        ended = bare.run("demo", "--once", "--port", port)
        assert ended.code == 3
        assert ended.err.count("\n") == 1
        assert "in use" in ended.err
        assert running.end() == 0


async def test_a_payment_that_does_not_succeed_fails_the_demo_and_names_the_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "CUSTOMER", "insufficient@simbank")
    monkeypatch.setattr(demo, "DEADLINE_S", 3.0)
    with pytest.raises(CommandFailed, match=r"missing: succeeded, booked, received") as failed:
        await demo.perform(tmp_path, 0, once=True)
    assert failed.value.code == 1
