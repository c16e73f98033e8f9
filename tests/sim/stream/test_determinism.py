"""The same parameters, sizes and seed give the same bytes, in whatever process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sikka_sim.stream import Parameters, Stream, generate, write
from sikka_sim.stream.generator import BATCH

SIZES = ("--users", "300", "--days", "12", "--seed", "5")


def written(path: Path, *arguments: str, hash_seed: str = "0") -> str:
    """The digest of what a process of its own writes."""
    command = [sys.executable, "-m", "sikka_sim", "stream", "--output", str(path), *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_two_processes_write_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    one = written(tmp_path / f"one{suffix}", *SIZES, hash_seed="1")
    other = written(tmp_path / f"other{suffix}", *SIZES, hash_seed="2")
    assert one == other


def test_the_interface_gives_what_the_command_writes(
    tmp_path: Path, parameters: Parameters
) -> None:
    commanded = written(tmp_path / "commanded.parquet", *SIZES)
    stream = Stream(parameters, users=300, days=12, seed=5)
    write(stream.tables(), tmp_path / "called.parquet")
    assert hashlib.sha256((tmp_path / "called.parquet").read_bytes()).hexdigest() == commanded
    whole = generate(parameters, users=300, days=12, seed=5)
    write([whole], tmp_path / "whole.parquet")
    assert hashlib.sha256((tmp_path / "whole.parquet").read_bytes()).hexdigest() == commanded


def test_another_seed_start_or_size_gives_another_stream(parameters: Parameters) -> None:
    base = generate(parameters, users=200, days=5, seed=1)
    for other in (
        generate(parameters, users=200, days=5, seed=2),
        generate(parameters, users=201, days=5, seed=1),
        generate(parameters, users=200, days=5, seed=1, merchants=3_000),
        generate(parameters, users=200, days=5, seed=1, start=date(2026, 3, 1)),
    ):
        assert not base.equals(other)
    ids = {text for name in ("user", "device") for text in base[name].to_pylist()}
    other_ids = generate(parameters, users=200, days=5, seed=2)["user"].to_pylist()
    assert not (ids - {None}) & set(other_ids)


def test_a_busy_day_is_made_in_parts(parameters: Parameters) -> None:
    busy = generate(parameters, users=200_000, days=1, seed=1)
    assert len(busy) > BATCH
    assert busy["time_ms"].to_pylist() == sorted(busy["time_ms"].to_pylist())


@pytest.mark.parametrize(("users", "days"), [(1, 1), (1, 40), (2, 3), (40, 1)])
def test_the_smallest_streams_are_streams(parameters: Parameters, users: int, days: int) -> None:
    for seed in range(5):
        stream = generate(parameters, users=users, days=days, seed=seed)
        assert stream["time_ms"].to_pylist() == sorted(stream["time_ms"].to_pylist())


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"users": 0}, "^users must be within 1..5000000$"),
        ({"days": 0}, "^days must be within 1..3660$"),
        ({"seed": -1}, "^seed must be within 0..9223372036854775807$"),
        ({"merchants": -1}, "^merchants must be within 0..5000000$"),
    ],
)
def test_a_size_out_of_range_is_refused(
    parameters: Parameters, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        generate(parameters, **{"users": 10, "days": 1, "seed": 1, **sizes})
