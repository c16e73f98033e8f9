"""`sikka fraud train` and `evaluate`, as an operator meets them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from sikka.fraud.models.folder import read_model
from tests.integration.cli.commands import Commands, Ended
from tests.unit.fraud.training.payments import columns


@dataclass(frozen=True, slots=True)
class Made:
    """A folder in which a model was trained, and what the command said."""

    commands: Commands
    ended: Ended

    @property
    def model(self) -> Path:
        return self.commands.directory / "model"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    commands = Commands(tmp_path_factory.mktemp("fraud"))
    pyarrow.parquet.write_table(
        pa.table(columns(payments=2_500)), commands.directory / "payments.parquet"
    )
    return Made(commands, train(commands, "model"))


def train(commands: Commands, output: str, *more: str) -> Ended:
    return commands.run(
        "fraud", "train", "--data", "payments.parquet", "--output", output, "--version", "made-1",
        "--label-delay-days", "2", *more,
    )  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_command_makes_the_same_files_to_the_byte(made: Made) -> None:
    again = train(made.commands, "again")
    assert (made.ended.code, again.code) == (0, 0)
    one, two = files(made.model), files(made.commands.directory / "again")
    assert one == two
    assert {"model.bin", "model.json", "report/report.html", "report/roc.png"} <= set(one)


def test_training_tells_what_it_does_and_what_came_of_it(made: Made) -> None:
    model, document = read_model(made.model)
    table = dict(line.split(maxsplit=1) for line in made.ended.out.splitlines())
    assert table["version"] == "made-1"
    assert table["checksum"] == model.checksum
    assert table["average_precision"] == f"{document.metrics['average_precision']:.5f}"
    assert table["report"] == "model/report/report.html"
    for said in ("replaying 2,500 payments", "against the past alone", "growing trees", "judging"):
        assert said in made.ended.err


def test_a_model_is_judged_on_other_payments_in_csv(made: Made) -> None:
    other = made.commands.directory / "other.csv"
    pyarrow.csv.write_csv(pa.table(columns(seed=5, payments=1_500)), other)
    ended = made.commands.run(
        "fraud", "evaluate", "--model", "model", "--data", "other.csv", "--report", "judged",
        "--threshold", "0.5", "--from", "2025-06-20", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    (told,) = ended.objects
    assert told["version"] == "made-1"
    assert 500 < told["payments"] < 1_500
    assert told["average_precision"] > told["base_rate"]
    page = (made.commands.directory / "judged" / "report.html").read_text(encoding="utf-8")
    assert "payments that it was not trained on" in page
    assert "Beside the rules" in page


def test_silence_means_what_it_meant_in_training_unless_told(made: Made) -> None:
    judge = ("fraud", "evaluate", "--model", "model", "--data", "payments.parquet", "--json")
    metrics = read_model(made.model)[1].metrics
    for more, same in (((), True), (("--label-delay-days", "60"), False)):
        ended = made.commands.run(*judge, "--report", "again", *more)
        assert ended.code == 0, ended.err
        (told,) = ended.objects
        assert ({name: told[name] for name in metrics} == metrics) is same


def test_training_begins_and_ends_when_it_is_told(made: Made) -> None:
    days = ("--train-from", "2025-06-16", "--train-until", "2025-07-01T12:00:00")
    ended = train(made.commands, "told", *days)
    assert ended.code == 0, ended.err
    data = read_model(made.commands.directory / "told")[1].data
    assert (data.train.from_ms, data.train.until_ms) == (1_750_032_000_000, 1_751_371_200_000)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version", "Big One"], 2, "--version: must be 1 to 64 of a-z"),
        (["--train-until", "2025-09-01"], 1, "take more data, a shorter label delay or an earlier"),
        (["--train-until", "soon"], 2, "'soon' does not match the formats"),
        (["--train-from", "1969-01-01"], 2, "a date must not be before 1970"),
        (["--label-delay-days", "0"], 2, "0.0 is not in the range"),
        (["--data", "none.parquet"], 2, "'none.parquet' does not exist"),
    ],
)
def test_wrong_use_is_told_and_leaves_nothing(
    made: Made, arguments: list[str], code: int, said: str
) -> None:
    ended = train(made.commands, "wrong", *arguments)
    assert ended.code == code
    assert said in " ".join(ended.err.split())
    assert not (made.commands.directory / "wrong").exists()


def test_a_folder_with_a_model_is_not_overwritten(made: Made) -> None:
    before = files(made.model)
    ended = train(made.commands, "model", "--version", "made-2")
    assert ended.code == 1
    assert ended.err == (
        "sikka: model: holds a model; models are never overwritten, name another folder\n"
    )
    assert files(made.model) == before


def test_a_bad_row_is_named(bare: Commands) -> None:
    bad = columns(payments=40)
    bad["amount_minor"][6] = -5
    pyarrow.csv.write_csv(pa.table(bad), bare.directory / "bad.csv")
    ended = bare.run("fraud", "train", "--data", "bad.csv", "--output", "model", "--version", "one")
    assert ended.code == 1
    assert ended.err == "sikka: row 7: amount_minor must be within 0..2**53 - 1\n"


def test_a_folder_without_a_model_is_told(bare: Commands) -> None:
    pyarrow.csv.write_csv(pa.table(columns(payments=40)), bare.directory / "p.csv")
    ended = bare.run(
        "fraud", "evaluate", "--model", "nowhere", "--data", "p.csv", "--report", "judged"
    )
    assert ended.code == 3
    assert ended.err == "sikka: nowhere/model.json: No such file or directory\n"
