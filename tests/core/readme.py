"""What the README of the core shows, as code that can be run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.core.keys import certificate_pem, key_pair

README = Path(__file__).parents[2] / "rust_core" / "README.md"
FENCE = re.compile(r"^```(\w*)$")


def code_of_readme() -> str:
    """The Python blocks one after the other, each line where it stands in the README."""
    lines = []
    language: str | None = None
    for line in README.read_text(encoding="utf-8").splitlines():
        if fence := FENCE.match(line):
            language = fence[1] if language is None else None
            lines.append("")
        else:
            lines.append(line if language == "python" else "")
    return "\n".join(lines)


def lay_out(directory: Path) -> None:
    """Put the files into a directory that the README has its reader make."""
    pair = key_pair("readme")
    (directory / "key.pem").write_bytes(pair.private_pem)
    (directory / "certificate.pem").write_bytes(certificate_pem(pair.private))
