"""`sikka fraud models`, as an operator uses it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sikka.cli import main
from sikka.fraud.models import shipped
from sikka.fraud.models.folder import BINARY, write_model
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from sikka_core import SCHEMA_VERSION, Model
from tests.integration.cli.commands import MASTER_KEY, Ended, configured
from tests.integration.journal.made import creation
from tests.unit.fraud.models.made import document, stump


def made(directory: Path, version: str, model: Model | None = None, **values: Any) -> str:
    """A folder with a model, as `train` leaves it."""
    trees = model or stump()
    write_model(directory / version, trees, document(version, trees, **values))
    return version


def done(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    return ended.objects[0]


def refused(ended: Ended, words: str, code: int = 1) -> None:
    assert ended.code == code, ended
    assert ended.out == ""
    assert words in ended.err


class Inside:
    """Commands of a house of its own, in this process: nothing is started for each of them."""

    def __init__(
        self,
        directory: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.directory = directory
        configured(directory, f"sqlite+aiosqlite:///{directory / 'sikka.db'}")
        monkeypatch.chdir(directory)
        monkeypatch.setenv("SIKKA_CONFIG", "sikka.yaml")
        monkeypatch.setenv("SIKKA__SECRETS__MASTER_KEY", MASTER_KEY)
        self._capsys = capsys

    def run(self, *arguments: str) -> Ended:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        said = self._capsys.readouterr()
        return Ended(int(exit_.value.code or 0), said.out, said.err)

    def models(self, *arguments: str) -> Ended:
        return self.run("fraud", "models", *arguments)

    def states(self) -> dict[str, str]:
        listed = self.models("list", "--json").objects
        return {line["version"]: line["state"] for line in listed}


@pytest.fixture
def bare_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Inside:
    """A house whose database is not there yet, of a gateway that comes without a model."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "nothing")
    return Inside(tmp_path, monkeypatch, capsys)


@pytest.fixture
def house(bare_house: Inside) -> Inside:
    """A house on a migrated database, without a model."""
    assert bare_house.run("migrate").code == 0
    return bare_house


@pytest.fixture
def shipping(bare_house: Inside, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A house whose database is not there yet, of a gateway that comes with a model."""
    folder = bare_house.directory / made(bare_house.directory, "shipped-1")
    monkeypatch.setattr(shipped, "FOLDER", folder)
    return bare_house


def test_a_model_is_registered_challenges_is_promoted_and_rolled_back(house: Inside) -> None:
    for version in ("v1", "v2"):
        folder = made(house.directory, version)
        view = done(house.models("register", folder, "--json"))
        assert (view["version"], view["state"]) == (version, "registered")
    assert done(house.models("promote", "v1", "--json"))["state"] == "champion"
    challenger = done(house.models("challenge", "v2", "--percent", "5", "--json"))
    assert (challenger["state"], challenger["share_percent"]) == ("challenger", 5)
    assert done(house.models("shadow", "v2", "--json"))["state"] == "shadow"
    promoted = house.models("promote", "v2")
    assert promoted.code == 0
    assert "champion" in promoted.out
    listed = house.models("list").out.splitlines()
    assert listed[0].split()[:4] == ["version", "state", "share", "schema"]
    assert listed[1].split()[:6] == ["v2", "champion", "-", str(SCHEMA_VERSION), "0.700", "0.640"]
    assert "cli:" in listed[1]
    back = done(house.models("rollback", "--from", "v2", "--json"))
    assert (back["version"], back["state"]) == ("v1", "champion")
    assert back["promoted_by"].startswith("cli:")
    refused(house.models("rollback", "--from", "v2"), "the champion is v1")
    refused(house.models("rollback"), "no model was champion before v1")
    assert done(house.models("retire", "v1", "--json"))["state"] == "retired"
    assert house.states() == {"v1": "retired", "v2": "retired"}


def test_a_model_is_shown_with_its_whole_document(house: Inside) -> None:
    house.models("register", made(house.directory, "v1"))
    shown = done(house.models("show", "v1"))
    assert shown["document"]["limits"] == ["It knows the tests alone."]
    refused(house.models("show", "v9"), "there is no model v9; see sikka fraud models list")


def test_a_version_never_changes_its_content(house: Inside) -> None:
    folder = made(house.directory, "v1")
    assert house.models("register", folder).code == 0
    assert house.models("register", folder).code == 0
    made(house.directory / "other", "v1", stump(bound=7.0))
    refused(house.models("register", "other/v1"), "Another model has this version")


def test_what_is_no_model_for_this_gateway_is_refused(house: Inside) -> None:
    directory = house.directory
    (directory / "empty").mkdir()
    refused(house.models("register", "empty"), "model.json is not there; is empty a model?")
    folder = made(directory, "v1")
    (directory / folder / BINARY).write_bytes(b"a poem")
    refused(house.models("register", folder), "model.bin")
    tomorrow = made(directory, "v2", stump(schema_version=999))
    refused(house.models("register", tomorrow), "trained on version 999 of the features")
    assert house.models("list", "--json").out == ""
    assert house.models("register", "nowhere").code == 2


def test_a_step_that_makes_no_sense_says_why(house: Inside) -> None:
    house.models("register", made(house.directory, "v1"))
    refused(house.models("promote", "v9"), "there is no model v9")
    refused(house.models("challenge", "v1", "--percent", "5"), "there is no champion")
    assert house.models("challenge", "v1", "--percent", "0").code == 2
    assert house.models("challenge", "v1").code == 2


def test_a_new_house_is_migrated_with_a_model_that_decides(shipping: Inside) -> None:
    said = shipping.run("migrate").out.splitlines()
    assert said[0].startswith("from nothing to 0")
    assert said[1:] == ["model shipped-1 decides about fraud, beside the rules"]
    assert shipping.states() == {"shipped-1": "champion"}
    assert len(shipping.run("migrate").out.splitlines()) == 1


def test_what_the_operator_decided_about_models_stays_so(shipping: Inside) -> None:
    shipping.run("migrate")
    assert shipping.models("retire", "shipped-1").code == 0
    assert len(shipping.run("migrate").out.splitlines()) == 1
    assert shipping.models("install").out.startswith("nothing was installed")
    assert shipping.states() == {"shipped-1": "retired"}


def test_where_payments_were_taken_before_the_model_waits_for_the_operator(
    shipping: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(shipped, "FOLDER", shipping.directory)
        shipping.run("migrate")
    asyncio.run(_take_a_payment(shipping.directory))
    said = shipping.run("migrate").out.splitlines()
    assert said[1].startswith("model shipped-1 is registered and decides nothing;")
    assert shipping.states() == {"shipped-1": "registered"}


async def _take_a_payment(directory: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{directory / 'sikka.db'}")
    journal = SqlJournal(database, lambda what, /, **facts: None)
    await journal.start()
    await journal.commit(creation())
    await journal.stop()
    await database.close()


def test_installing_by_hand_lets_the_model_decide(
    shipping: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(shipped, "FOLDER", shipping.directory)
        assert len(shipping.run("migrate").out.splitlines()) == 1
        assert shipping.models("install").out.startswith("nothing was installed")
    assert shipping.models("install").out.startswith("model shipped-1 decides about fraud")
    assert shipping.states() == {"shipped-1": "champion"}


def test_migrating_needs_the_database_alone(
    shipping: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shipping.directory / "signing.pem").unlink()
    monkeypatch.delenv("SIKKA__SECRETS__MASTER_KEY")
    assert "shipped-1 decides" in shipping.run("migrate").out


def test_a_migration_to_another_revision_installs_nothing(shipping: Inside) -> None:
    assert shipping.run("migrate", "--to", "0001").out.splitlines() == ["from nothing to 0001"]
    assert shipping.run("migrate", "--show").out.startswith("at 0001; this program needs")
