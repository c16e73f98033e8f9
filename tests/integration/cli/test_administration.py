"""migrate, merchants, keys and audit, as an operator uses them."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing

from tests.integration.cli.commands import Commands, Ended

MERCHANT = (
    "--name", "Chai Point", "--vpa", "Chai@Sikka", "--account", "001234567890",
    "--ifsc", "SIKK0000001", "--category", "5814",
)  # fmt: skip


def created(commands: Commands, *more: str) -> dict[str, object]:
    ended = commands.run("merchants", "create", *MERCHANT, *more, "--json")
    assert ended.code == 0, ended.err
    return ended.objects[0]


def refused(ended: Ended, code: int, words: str) -> None:
    assert ended.code == code, ended
    assert ended.out == ""
    assert ended.err.startswith("sikka: ")
    assert ended.err.count("\n") == 1
    assert words in ended.err


def test_an_unknown_command_and_a_wrong_option_are_usage_errors(bare: Commands) -> None:
    for arguments in (["fly"], ["serve", "--wings"], ["audit", "tail"]):
        ended = bare.run(*arguments)
        assert ended.code == 2
        assert "Error" in ended.err


def test_a_wrong_setting_ends_every_command_with_its_name(bare: Commands) -> None:
    commands = Commands(bare.directory, {"SIKKA__SERVER__PROT": "1"})
    for arguments in (["serve"], ["worker"], ["migrate"], ["merchants", "list"]):
        refused(commands.run(*arguments), 2, "server.prot: is no setting; is port meant?")


def test_a_missing_configuration_file_is_named(bare: Commands) -> None:
    refused(bare.run("--config", "none.yaml", "migrate"), 2, "none.yaml")


def test_migrating_says_from_where_to_where_and_may_be_repeated(bare: Commands) -> None:
    url = f"sqlite+aiosqlite:///{bare.directory / 'new.db'}"
    commands = Commands(bare.directory, {"SIKKA__DATABASE__URL": url})
    assert commands.run("migrate", "--show").out.startswith("at nothing; this program needs 0")
    assert commands.run("migrate").out.startswith("from nothing to 0")
    assert commands.run("migrate").out.endswith("already\n")


def test_a_database_that_is_away_is_one_line_and_code_3(bare: Commands) -> None:
    url = "mysql+asyncmy://sikka:hunter2@127.0.0.1:9/sikka"
    commands = Commands(bare.directory, {"SIKKA__DATABASE__URL": url})
    for arguments in (["migrate"], ["merchants", "list"]):
        ended = commands.run(*arguments)
        refused(ended, 3, "")
        assert "hunter2" not in ended.err


def test_a_merchant_is_created_listed_and_shown(commands: Commands) -> None:
    merchant = created(commands, "--fee-basis-points", "200")
    assert merchant["payee_vpa"] == "chai@sikka"
    assert merchant["legal_name"] == "Chai Point"
    assert merchant["account_number"] == "XXXXXXXX7890"
    listed = commands.run("merchants", "list")
    assert str(merchant["id"]) in listed.out
    shown = commands.run("merchants", "show", str(merchant["id"]), "--json")
    assert shown.objects == [merchant]


def test_a_merchant_that_breaks_a_rule_changes_nothing(commands: Commands) -> None:
    refused(commands.run("merchants", "create", *MERCHANT, "--rail", "axis"), 1, "axis")
    wrong = [*MERCHANT[:-1], "food"]
    refused(commands.run("merchants", "create", *wrong), 1, "category_code")
    assert commands.run("merchants", "list", "--json").out == ""


def test_a_merchant_that_is_not_there_is_named(commands: Commands) -> None:
    refused(commands.run("merchants", "show", "mer_1"), 1, "there is no merchant mer_1")


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(commands: Commands) -> None:
    merchant_id = str(created(commands)["id"])
    key = commands.run("keys", "create", merchant_id, "--scope", "read", "--json").objects[0]
    secret = str(key["secret"])
    assert secret.startswith("sk_test_")
    assert key["scopes"] == ["read"]
    listed = commands.run("keys", "list", merchant_id, "--json")
    assert secret not in listed.out
    assert listed.objects[0]["hint"] == secret[-4:]
    revoked = commands.run("keys", "revoke", str(key["id"]), "--json").objects[0]
    assert revoked["revoked_at"] is not None
    live = commands.run("keys", "create", merchant_id, "--live", "--json").objects[0]
    assert str(live["secret"]).startswith("sk_live_")


def test_a_key_of_nobody_is_refused(commands: Commands) -> None:
    refused(commands.run("keys", "create", "mer_1"), 1, "There is no such object")
    refused(commands.run("keys", "revoke", "key_1"), 1, "there is no key key_1")
    ended = commands.run("keys", "create", "mer_1", "--scope", "everything")
    assert ended.code == 2


def test_a_key_without_a_master_key_says_how_to_make_one(commands: Commands) -> None:
    merchant_id = str(created(commands)["id"])
    without = Commands(commands.directory, {"SIKKA_CONFIG": "sikka.yaml"})
    refused(without.run("keys", "create", merchant_id), 2, "sikka keys master")


def test_master_keys_are_fresh_and_usable(bare: Commands) -> None:
    first, second = (bare.run("keys", "master").out.strip() for _ in range(2))
    assert first != second
    assert len(base64.b64decode(first, validate=True)) == 32


def test_the_audit_trail_tells_who_did_what_and_holds(commands: Commands) -> None:
    merchant_id = str(created(commands)["id"])
    commands.run("keys", "create", merchant_id)
    tail = commands.run("audit", "tail", "--merchant", merchant_id, "--json").objects
    assert [line["action"] for line in tail] == ["merchant.created", "api_key.created"]
    assert all(str(line["user_id"]).startswith("cli:") for line in tail)
    verified = commands.run("audit", "verify")
    assert verified.code == 0
    assert verified.out.startswith("OK  2 lines")


def test_an_audit_trail_that_was_tampered_with_is_told(commands: Commands) -> None:
    created(commands)
    with closing(sqlite3.connect(commands.directory / "sikka.db")) as connection:
        connection.execute("UPDATE audit_log SET user_id = 'nobody'")
        connection.commit()
    ended = commands.run("audit", "verify")
    assert ended.code == 1
    assert "was changed" in ended.out
    assert "does not hold" in ended.err
