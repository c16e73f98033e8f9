"""The README of the core does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.readme import README, code_of_readme, lay_out


def test_the_blocks_of_the_readme_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code_of_readme(), str(README), "exec"), names)  # noqa: S102
    assert names["message"].org_id == "400011"
    assert names["payment_id"].startswith("pay_")
