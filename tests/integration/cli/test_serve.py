"""`sikka serve` and `sikka worker` as processes: ready, replaced, stopped in good order."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.integration.cli.commands import POLL_S, TIMEOUT_S, Commands, Running

SERVES = r"sikka serves (http://\S+)"


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server.
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server.
        text: str = answer.read().decode()
        return text


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(holds: object, what: str) -> None:
    assert callable(holds)
    deadline = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(POLL_S)


def test_one_process_serves_and_stops_in_good_order(commands: Commands) -> None:
    with commands.running("serve") as server:
        url = server.until_said(SERVES)
        assert status(f"{url}/readyz") == 200
        assert status(f"{url}/v1/payments") == 401
        assert "sikka_http_request_seconds_count" in read(f"{url}/metrics")
        assert server.end() == 0


def test_several_processes_serve_one_port_and_add_up_their_metrics(commands: Commands) -> None:
    with commands.running("serve", "--workers", "2") as server:
        url = server.until_said(SERVES)
        assert len(children(server.pid)) == 2
        for _ in range(20):
            assert status(f"{url}/healthz") == 200
        line = 'sikka_http_request_seconds_count{method="GET",route="/healthz",status="200"} 20.0'
        assert line in read(f"{url}/metrics")
        assert server.end() == 0


def replaced(server: Running, dead: int) -> bool:
    now = children(server.pid)
    return dead not in now and len(now) == 2


def test_a_worker_process_that_dies_is_replaced_while_the_other_serves(
    commands: Commands,
) -> None:
    with commands.running("serve", "--workers", "2") as server:
        url = server.until_said(SERVES)
        dead = children(server.pid)[0]
        os.kill(dead, signal.SIGKILL)
        until(lambda: replaced(server, dead), "a new process")
        assert status(f"{url}/readyz") == 200
        server.until_said("worker 0 ended with -9; another follows")
        assert server.end() == 0


def test_workers_go_with_a_supervisor_that_is_killed(commands: Commands) -> None:
    with commands.running("serve", "--workers", "2") as server:
        server.until_said(SERVES)
        orphans = children(server.pid)
        server.kill()
        until(lambda: not any(map(lives, orphans)), "the workers end")


def test_a_worker_s_configuration_error_ends_the_server(commands: Commands) -> None:
    (commands.directory / "signing.pem").write_text("nothing")
    ended = commands.run("serve", "--workers", "2")
    assert ended.code == 2
    assert "signing.pem" in ended.err


def test_a_port_that_is_taken_is_one_line_and_code_3(commands: Commands) -> None:
    with commands.running("serve") as server:
        port = server.until_said(r"sikka serves http://127\.0\.0\.1:(\d+)")
        for workers in ("1", "2"):
            ended = commands.run("serve", "--port", port, "--workers", workers)
            assert ended.code == 3
            assert "in use" in ended.err
            assert "Traceback" not in ended.err
        assert server.end() == 0


def test_keys_are_read_again_at_a_hangup(commands: Commands) -> None:
    with commands.running("serve") as server:
        server.until_said(SERVES)
        server.send(signal.SIGHUP)
        server.until_said("the keys were read again; they are the same")
        (commands.directory / "npci.crt").write_text("nothing")
        server.send(signal.SIGHUP)
        server.until_said("the keys were not changed: .*npci.crt")
        assert server.end() == 0


def test_a_worker_works_shows_its_metrics_and_stops(commands: Commands) -> None:
    with commands.running("worker", "--metrics-port", "0") as worker:
        url = worker.until_said(r"metrics at (http://\S+)")
        assert "sikka_journal_group_seconds" in read(url)
        doctor = commands.run("doctor")
        assert "workers: 1 running" in doctor.out
        assert worker.end() == 0
    assert "workers: none is running" in commands.run("doctor").out


def test_a_server_without_a_master_key_says_how_to_make_one(commands: Commands) -> None:
    ended = Commands(commands.directory, {"SIKKA_CONFIG": "sikka.yaml"}).run("serve")
    assert ended.code == 2
    assert "sikka keys master" in ended.err
