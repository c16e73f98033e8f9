"""Prints every requirement that pyproject.toml names, one a line: the input of `make lock`.

The distributions of this repository are left out; `make setup` builds them from source.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

OWN = ("sikka", "sikka-core", "sikka-rows")


def requirements(project: dict[str, Any]) -> set[str]:
    """What the gateway needs to run, be built, be tested and be linted."""
    metadata = project["project"]
    lists = [metadata["dependencies"], *metadata["optional-dependencies"].values()]
    lists += project["dependency-groups"].values()
    named = {line for entries in lists for line in entries if isinstance(line, str)}
    return {line for line in named if line.split("==")[0] not in OWN}


def main() -> None:
    """Reads pyproject.toml at the top of the repository and prints its requirements."""
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())
    print("\n".join(sorted(requirements(project), key=str.lower)))


if __name__ == "__main__":
    main()
