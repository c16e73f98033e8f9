"""`sikka doctor` on real databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.integration.cli.commands import Commands, configured


def lines(out: str, level: str) -> list[str]:
    return [line[6:] for line in out.splitlines() if line.startswith(level)]


def test_a_house_in_order_has_no_failure(commands: Commands) -> None:
    ended = commands.run("doctor", "--invariants")
    assert ended.code == 0, ended.out
    assert lines(ended.out, "FAIL") == []
    well = "\n".join(lines(ended.out, "OK"))
    for subject in (
        "configuration",
        "master_key",
        "signing_key",
        "database",
        "schema",
        "invariants",
    ):
        assert subject in well
    # Nobody listens at the switch's address, and no worker runs.
    # And no model is installed.
    warned = [line.partition(":")[0] for line in lines(ended.out, "WARN")]
    assert warned == ["rail npci", "fraud model", "workers"]


def test_mariadb_and_redis_are_looked_at(tmp_path: Path, mariadb_url: str, redis_url: str) -> None:
    commands = configured(tmp_path, mariadb_url, redis_url)
    before = commands.run("doctor")
    assert before.code == 1
    assert any(line.startswith("schema: at nothing") for line in lines(before.out, "FAIL"))
    assert commands.run("migrate").code == 0
    ended = commands.run("doctor", "--invariants")
    assert ended.code == 0, ended.out
    assert "decides, beside rules and lists" in ended.out
    well = "\n".join(lines(ended.out, "OK"))
    assert "redis: answers, 7" in well
    assert "clock: the database is" in well
    assert "MariaDB" in well


def test_what_is_away_is_told_with_what_to_do(tmp_path: Path) -> None:
    url = "mysql+asyncmy://sikka:hunter2@127.0.0.1:9/sikka"
    commands = configured(tmp_path, url, "redis://:hunter2@127.0.0.1:9/0")
    ended = commands.run("doctor")
    assert ended.code == 1
    failed = lines(ended.out, "FAIL")
    assert [line.partition(":")[0] for line in failed] == ["redis", "database"]
    assert all("check " in line for line in failed)
    assert "hunter2" not in ended.out + ended.err


def test_a_database_that_was_never_made_is_not_made_by_looking(bare: Commands) -> None:
    ended = bare.run("doctor")
    assert ended.code == 1
    assert any("run sikka migrate" in line for line in lines(ended.out, "FAIL"))
    assert not (bare.directory / "sikka.db").exists()


def test_a_wrong_setting_is_the_doctor_s_first_line(bare: Commands) -> None:
    ended = Commands(bare.directory, {"SIKKA__REDIS__URL": "http://x"}).run("doctor")
    assert ended.code == 1
    (failed,) = lines(ended.out, "FAIL")
    assert failed.startswith("configuration: redis.url: must begin with redis://, rediss:// or")
    assert failed.endswith("(from SIKKA__REDIS__URL); correct it and run sikka doctor again")


def test_keys_that_cannot_be_used_are_told_and_the_rest_is_looked_at(commands: Commands) -> None:
    (commands.directory / "signing.pem").write_text("nothing")
    ended = commands.run("doctor")
    assert ended.code == 1
    assert any("signing.pem" in line for line in lines(ended.out, "FAIL"))
    assert any(line.startswith("schema: at") for line in lines(ended.out, "OK"))


def test_an_invariant_that_does_not_hold_is_a_failure(commands: Commands) -> None:
    created = commands.run(
        "merchants", "create", "--name", "A", "--vpa", "a1@sikka", "--account", "1",
        "--ifsc", "SIKK0000001", "--category", "5814",
    )  # fmt: skip
    assert created.code == 0, created.err
    with closing(sqlite3.connect(commands.directory / "sikka.db")) as connection:
        connection.execute("UPDATE audit_log SET action = 'merchant.deleted'")
        connection.commit()
    ended = commands.run("doctor", "--invariants")
    assert ended.code == 1
    assert any(line.startswith("invariant 8: ") for line in lines(ended.out, "FAIL"))


def test_a_rail_record_that_cannot_be_read_is_a_failure(commands: Commands) -> None:
    ended = commands.run("doctor", "--rail-record", "http://127.0.0.1:9/sim/transactions")
    assert ended.code == 1
    assert any("cannot be read" in line for line in lines(ended.out, "FAIL"))
