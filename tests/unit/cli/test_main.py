"""The command line explains itself."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import sikka
from sikka.cli import main
from sikka.cli.main import COMMANDS, group


def all_commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += all_commands(below, (*path, name))
    return found


@pytest.mark.parametrize("path", all_commands(group), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(group, [*path, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith("Usage: ")
    if len(path) < 2:
        assert "Example" in shown.output
    assert "\\b" not in shown.output
    for line in shown.output.splitlines():
        assert "Example" not in line or line.strip() in ("Example:", "Examples:")


def test_the_list_of_commands_is_complete() -> None:
    assert {path[0] for path in all_commands(group) if path} == set(COMMANDS)
    assert click.Group.get_command(group, click.Context(group), "fly") is None


def test_a_command_that_serves_nothing_does_not_wait_for_what_serves() -> None:
    of_the_api, of_rules = {"sikka.api.app", "sikka.bootstrap.edges"}, {"rule_engine"}
    code = (
        "import sys\nfrom sikka.cli import audit, doctor, fraud, keys, merchants, migrate\n"
        f"print(*{of_the_api | of_rules} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["--help"], 0), (["fly"], 2), (["serve", "--wings"], 2), ([], 2)],
)
def test_the_program_exits_with_its_code(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == code
    said = capsys.readouterr()
    if arguments == ["--version"]:
        assert said.out == f"sikka {sikka.__version__}\n"
