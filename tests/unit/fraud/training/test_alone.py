"""Training is by itself: whoever serves payments loads neither it nor what it needs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sikka
from sikka.cli.fraud import PACKAGES
from sikka.cli.main import COMMANDS

SOURCES = Path(sikka.__file__).parent
MAY_IMPORT = ("fraud/training/", "cli/training.py")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_only_training_names_the_packages_of_its_extra() -> None:
    wrong = [
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if not str(path.relative_to(SOURCES)).startswith(MAY_IMPORT) and imported(path) & PACKAGES
    ]
    assert wrong == []


def loaded_after(statement: str) -> set[str]:
    """The roots of all modules, and training, that are loaded after a statement."""
    code = (
        f"import sys\n{statement}\n"
        "print(*{n.partition('.')[0] for n in sys.modules},"
        " *(n for n in sys.modules if n.startswith('sikka.fraud.training')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_gateway_and_its_workers_load_nothing_of_training() -> None:
    commands = ", ".join(f"sikka.cli.{command}" for command in COMMANDS)
    models = "sikka.fraud.models.folder, sikka.fraud.engine"
    loaded = loaded_after(f"import {commands}, sikka.api.serve, {models}")
    assert "sikka" in loaded
    assert loaded & PACKAGES == set()
    assert {name for name in loaded if name.startswith("sikka.fraud.training")} == set()


@pytest.mark.parametrize("package", ["xgboost", "pyarrow"])
def test_without_the_extra_a_command_says_what_to_install(package: str, tmp_path: Path) -> None:
    data = tmp_path / "payments.csv"
    data.write_text("payment_id\n")
    arguments = ["fraud", "train", "--data", str(data), "--output", str(tmp_path / "model")]
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        f"from sikka.cli import main; main({[*arguments, '--version', 'one']!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"sikka: training needs packages that are not installed ({package} is not):"
        " pip install 'sikka[training]'\n"
    )
