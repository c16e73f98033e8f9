"""`python -m sikka_sim stream`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from sikka_sim.stream import command

SMALL = ["--users", "100", "--days", "3"]


def ran(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, **options
    )


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.count("python -m sikka_sim stream --users 5000 --days 60") == 3
    for option in ("--seed", "--scenario", "--output", "--merchants", "--parameters"):
        assert option in told


def test_it_writes_a_stream_and_says_what_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stream.parquet"
    assert command.main([*SMALL, "--output", str(path), "--summary"]) == 0
    rows = pyarrow.parquet.read_metadata(path).num_rows
    told = capsys.readouterr().out
    assert told.startswith(f"{rows} payments in {path} after ")
    assert f"\n{rows} payments; " in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*SMALL], "one of --output and --summary is required"),
        (["--users", "0", "--summary"], "users must be within 1..5000000"),
        (["--scenario", "x", "--summary"], "scenario 'x' is not one of baseline, shifted"),
        (["--output", "x.json"], "output must end in .parquet or .csv"),
        (["--start", "2025-02-30", "--summary"], "argument --start: invalid"),
    ],
)
def test_a_wrong_argument_is_told(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*SMALL, "--output", str(tmp_path / "absent" / "stream.csv")]) == 1
    assert "absent" in capsys.readouterr().err
    assert command.main([*SMALL, "--summary", "--parameters", str(tmp_path / "absent")]) == 1


WITHOUT = """
import sys
for name in ("numpy", "pandas", "pyarrow"):
    sys.modules[name] = None
import sikka_sim, sikka_sim.__main__
sys.argv = ["sikka_sim", *sys.argv[1:]]
sikka_sim.__main__.main()
"""


def test_the_simulators_work_without_the_packages_for_training() -> None:
    scripts = ran("-c", WITHOUT, "--scripts")
    assert scripts.returncode == 0
    assert scripts.stdout.startswith("asha ")
    stream = ran("-c", WITHOUT, "stream", *SMALL, "--summary")
    assert stream.returncode == 1
    assert stream.stderr.startswith("stream needs the packages of the extra `training`: ")


def test_the_simulators_load_none_of_these_packages() -> None:
    loaded = ran(
        "-c",
        "import sys, sikka_sim, sikka_sim.__main__;"
        "print({'numpy', 'pandas', 'pyarrow'} & set(sys.modules))",
    )
    assert loaded.stdout == "set()\n"
