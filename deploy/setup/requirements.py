"""Prints requirements that pyproject.toml names, one a line: the input of `make lock`.

Without an argument they are all but those of the extra `bench`; with the argument `bench` they are
those alone. The distributions of this repository are left out; `make setup` builds them from
source.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

OWN = ("sikka", "sikka-core", "sikka-rows")


def requirements(project: dict[str, Any]) -> set[str]:
    """What the gateway needs to run, be built, be tested and be linted."""
    metadata = project["project"]
    extras = metadata["optional-dependencies"]
    lists = [metadata["dependencies"], *(extras[name] for name in extras if name != "bench")]
    lists += project["dependency-groups"].values()
    named = {line for entries in lists for line in entries if isinstance(line, str)}
    return {line for line in named if line.split("==")[0] not in OWN}


def bench_requirements(project: dict[str, Any]) -> set[str]:
    """What the benches need beyond that: the peers which nothing else uses."""
    return set(project["project"]["optional-dependencies"]["bench"])


def main() -> None:
    """Reads pyproject.toml at the top of the repository and prints its requirements."""
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())
    chosen = bench_requirements if sys.argv[1:] == ["bench"] else requirements
    print("\n".join(sorted(chosen(project), key=str.lower)))


if __name__ == "__main__":
    main()
