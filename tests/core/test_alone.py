"""The wheel of the core, alone in an empty environment, does what its README shows."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from tests.core.readme import code_of_readme, lay_out

# What an installer adds to the files of a wheel.
ADDED = {"INSTALLER", "REQUESTED", "direct_url.json"}

AFTERWARDS = """
import importlib.metadata, sys

installed = sorted(found.name for found in importlib.metadata.distributions())
assert installed == ["sikka-core"], installed
roots = {name.partition(".")[0] for name in sys.modules} - {"__main__"}
foreign = roots - sys.stdlib_module_names - {"sikka_core"}
assert not foreign, foreign
print(importlib.metadata.requires("sikka-core"), sys.modules["sikka_core"].__file__)
"""


def wheel_of(installed: Distribution, directory: Path) -> Path:
    """The wheel from which a distribution was installed, put together from its very files."""
    tag = (installed.read_text("WHEEL") or "").partition("Tag: ")[2].split()[0]
    wheel = directory / f"{installed.name.replace('-', '_')}-{installed.version}-{tag}.whl"
    record = []
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in installed.files or ():
            if file.hash is None or file.name in ADDED:
                continue
            data = file.read_binary()
            digest = hashlib.new(file.hash.mode, data).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value, file
            archive.writestr(str(file), data)
            record.append(f"{file},{file.hash.mode}={file.hash.value},{file.size}")
        place = next(str(file) for file in installed.files or () if file.name == "RECORD")
        archive.writestr(place, "\n".join([*record, f"{place},,", ""]))
    return wheel


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds nothing."""
    directory = tmp_path_factory.mktemp("empty")
    venv.create(directory, with_pip=False, symlinks=True)
    return directory / "bin" / "python"


def test_the_wheel_alone_does_what_the_readme_shows(empty: Path, tmp_path: Path) -> None:
    installed = distribution("sikka-core")
    assert not installed.requires
    wheel = wheel_of(installed, tmp_path)
    # No index: an install that needed another distribution would fail.
    install = ["-m", "pip", "--python", str(empty), "install", "--quiet", "--no-index", str(wheel)]
    subprocess.run([sys.executable, *install], check=True)
    lay_out(tmp_path)
    script = tmp_path / "alone.py"
    script.write_text(code_of_readme() + AFTERWARDS, encoding="utf-8")
    done = subprocess.run(
        [str(empty), "-I", "-W", "error", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("None ")
    assert str(empty.parents[1]) in done.stdout
