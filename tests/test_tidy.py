"""The house's rules that no other tool checks: style is a test."""

from __future__ import annotations

import ast
import gc
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sikka.cli.main import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 100

SOURCES = {".py", ".pyi", ".pyx", ".rs", ".sh"}
# What a reader of the repository alone could not follow, in pieces so that this file passes.
MACHINE_PATH = re.compile(r"(?<![\w.])/(root|home|work|Users)" + "/")
REGISTRY_HOST = re.compile(
    r"pypi\." + r"org|pythonhosted\." + r"org|crates\." + r"io|npmjs\." + r"org"
    r"|deb\.debian\." + r"org|static\.rust-lang\." + r"org|golang\." + r"org"
)
UNFINISHED = re.compile(r"\b(TO" + "DO|FIX" + r"ME)\b")
# A test of data that the repository does not hold may depend on the data being there.
UNRUN = re.compile(
    r"\b(" + "|".join(("pytest.sk" + "ip", "mark.sk" + r"ip(?!if\()", "mark.xf" + "ail")) + ")"
)
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}
PRAGMA = re.compile(r"\s*# (noqa|type: ignore|pragma).*$")

ADAPTERS = {"rails", "journal", "fraud", "vault", "recon", "ops"}
EDGES = {"api", "webhooks", "console"}
# A room of sikka -> the rooms and distributions that it may import. Bootstrap and the command
# line put everything together and may import it all; what has to do with no payment serves all.
SERVES_ALL = {"background"}
MAY_IMPORT = {
    "domain": {"sikka_core"},
    "ports": {"domain", "sikka_core"},
    "settings": {"ports", "domain", "sikka_core"},
    "flows": {"ports", "domain", "sikka_core"},
    "background": set[str](),
    "worker": {"webhooks", "flows", "ports", "domain", "sikka_core"},
    **{edge: {"flows", "ops", "settings", "ports", "domain", "sikka_core"} for edge in EDGES},
    **{room: {"settings", "ports", "domain", "sikka_core", "sikka_rows"} for room in ADAPTERS},
}
# Root package -> distributions of ours and libraries that it must not know.
MUST_NOT_IMPORT = {
    "sikka_core": {"sikka", "sikka_rows", "sikka_sim"},
    "sikka_rows": {"sikka", "sikka_core", "sikka_sim"},
    "sikka_sim": {"sikka", "sikka_core", "sikka_rows"},
    "sikka": {"sikka_sim"},
}
# The demo starts the simulated outside world beside the gateway.
MAY_IMPORT_SIMULATOR = ("sikka.cli", "sikka.bootstrap")
DOMAIN_MUST_NOT_IMPORT = {
    "asyncio", "uvloop", "socket", "ssl", "http", "aiohttp", "requests",
    "sqlalchemy", "sqlite3", "asyncmy", "aiosqlite", "redis", "sikka_rows",
}  # fmt: skip


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that git keeps or is about to keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    # A collection in the middle of parsing may run finalizers that parse as well, which CPython
    # 3.11 takes for an error of its own (SystemError: recursion depth mismatch).
    gc.disable()
    try:
        return ast.parse(text_of(path), str(path))
    finally:
        gc.enable()


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def sources(*suffixes: str, under: str = "") -> list[Path]:
    wanted = suffixes or tuple(SOURCES)
    return [path for path in tracked() if path.suffix in wanted and name_of(path).startswith(under)]


def texts() -> Iterator[tuple[Path, str]]:
    """Every tracked file that is text, with what it says."""
    for path in tracked():
        try:
            yield path, text_of(path)
        except UnicodeDecodeError:
            continue


def modules() -> dict[str, Path]:
    """Every Python module that is shipped: its dotted name and its file."""
    found = {}
    for folder in ("python/", "rust_core/python/", "cython_ext/src/"):
        for path in sources(".py", under=folder):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports; of `from a import b` both a and a.b."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def project(path: str) -> dict[str, Any]:
    return tomllib.loads(text_of(ROOT / path))


def requirements(*, bench: bool) -> dict[str, Requirement]:
    """What pyproject.toml names for the benches, or for everything else, less our own."""
    settings = project("pyproject.toml")
    extras = dict(settings["project"]["optional-dependencies"])
    peers = extras.pop("bench")
    lists = [settings["project"]["dependencies"], *extras.values()]
    lists += settings["dependency-groups"].values()
    if bench:
        lists = [peers]
    lines = [Requirement(line) for entries in lists for line in entries if isinstance(line, str)]
    own = {"sikka-core", "sikka-rows"}
    return {canonicalize_name(line.name): line for line in lines if line.name not in own}


def test_no_file_is_longer_than_a_noun_needs() -> None:
    # A stub documents all of its native module, which has no parts of its own at run time.
    whole = [path for path in sources() if path.suffix != ".pyi"]
    lengths = {name_of(path): len(text_of(path).splitlines()) for path in whole}
    assert {n: length for n, length in lengths.items() if length > FILE_LINES_MAX} == {}


def test_every_function_fits_a_screen() -> None:
    too_long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in sources(".py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert too_long == []


def test_every_line_fits_the_width() -> None:
    too_wide = [
        f"{name_of(path)}:{number}"
        for path in sources()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if len(PRAGMA.sub("", line)) > LINE_COLUMNS_MAX
    ]
    assert too_wide == []


def test_rooms_of_the_gateway_import_inwards_only() -> None:
    wrong = []
    for module, path in modules().items():
        root, _, rest = module.partition(".")
        room = rest.split(".")[0]
        if root != "sikka" or room not in MAY_IMPORT:
            continue
        for imported in imports(path):
            first, _, inner = imported.partition(".")
            target = inner.split(".")[0] if first == "sikka" else first
            ours = target and (first == "sikka" or first.startswith("sikka_"))
            if ours and target not in MAY_IMPORT[room] | SERVES_ALL | {room}:
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


def test_every_room_of_the_gateway_has_a_rule() -> None:
    rooms = {module.split(".")[1] for module in modules() if module.startswith("sikka.")}
    assert rooms - set(MAY_IMPORT) <= {"bootstrap", "cli", "__main__"}


def test_the_domain_knows_no_event_loop_no_sql_and_no_http() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules().items()
        if module.startswith("sikka.domain")
        for imported in imports(path)
        if imported.split(".")[0] in DOMAIN_MUST_NOT_IMPORT
    ]
    assert wrong == []


def test_distributions_know_only_whom_they_may() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules().items()
        if not module.startswith(MAY_IMPORT_SIMULATOR)
        for imported in imports(path)
        if imported.split(".")[0] in MUST_NOT_IMPORT[module.split(".")[0]]
    ]
    assert wrong == []


def test_only_the_crossing_knows_pyo3() -> None:
    outside = [
        name_of(path)
        for path in sources(".rs", under="rust_core/src/")
        if not name_of(path).startswith("rust_core/src/python/") and "pyo3" in text_of(path)
    ]
    assert outside == []


def test_every_package_says_what_it_is() -> None:
    silent = [
        name_of(path)
        for path in modules().values()
        if path.name == "__init__.py" and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in modules().values()}
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_module_is_dead() -> None:
    shipped = modules()
    scripts = project("pyproject.toml")["project"]["scripts"]
    used = {entry.split(":")[0] for entry in scripts.values()}
    # The command line imports a command's module when the command is called.
    used |= {f"sikka.cli.{command}" for command in COMMANDS}
    importers = {*shipped.values(), *sources(".py", under="migrations/")}
    for path in importers:
        used |= {name for name in imports(path) if shipped.get(name) != path}
    dead = [
        module
        for module, path in shipped.items()
        if path.name not in ("__init__.py", "__main__.py") and module not in used
    ]
    assert dead == []


def test_no_name_is_vague() -> None:
    vague = [
        name_of(path)
        for path in sources()
        if {part.removesuffix(path.suffix) for part in Path(name_of(path)).parts} & VAGUE_NAMES
    ]
    assert vague == []


def test_nothing_is_left_unfinished_or_unrun() -> None:
    left = [
        f"{name_of(path)}:{number}"
        for path in sources()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if UNFINISHED.search(line) or UNRUN.search(line)
    ]
    assert left == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    # Cargo.lock names cargo's own index in every entry.
    wrong = [
        f"{name_of(path)}:{number}"
        for path, text in texts()
        if path.name != "Cargo.lock"
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line) or REGISTRY_HOST.search(line)
    ]
    assert wrong == []


def test_the_three_distributions_have_one_version() -> None:
    gateway = project("pyproject.toml")["project"]
    version = gateway["version"]
    assert project("cython_ext/pyproject.toml")["project"]["version"] == version
    assert project("Cargo.toml")["workspace"]["package"]["version"] == version
    assert {f"sikka-core=={version}", f"sikka-rows=={version}"} <= set(gateway["dependencies"])


def test_the_version_has_its_change_notes() -> None:
    version = project("pyproject.toml")["project"]["version"]
    assert f"## {version}" in text_of(ROOT / "CHANGELOG.md").splitlines()


def pins(lock: str) -> dict[str, str]:
    """The version of every package of a lock, all of them pinned by hash."""
    text = text_of(ROOT / lock)
    entries = re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE))
    return {canonicalize_name(name): version for name, version in entries}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-bench.lock"])
def test_a_lock_pins_every_requirement_by_hash_and_names_no_address(lock: str) -> None:
    assert "://" not in text_of(ROOT / lock)
    pinned = pins(lock)
    unmet = [
        str(line)
        for name, line in requirements(bench=lock == "requirements-bench.lock").items()
        if name not in pinned or not line.specifier.contains(pinned[name])
    ]
    assert unmet == []


def test_the_lock_of_the_benches_moves_nothing_of_the_other() -> None:
    base, bench = pins("requirements.lock"), pins("requirements-bench.lock")
    both = base.keys() & bench.keys()
    assert {name: bench[name] for name in both} == {name: base[name] for name in both}


def test_contributing_says_what_every_dependency_is_for() -> None:
    text = text_of(ROOT / "CONTRIBUTING.md")
    told = {canonicalize_name(name) for name in re.findall(r"^\| ([\w.-]+) \|", text, re.MULTILINE)}
    core, fuzzer = project("rust_core/Cargo.toml"), project("rust_core/fuzz/Cargo.toml")
    crates = {*core["dependencies"], *core.get("dev-dependencies", {}), *fuzzer["dependencies"]}
    crates -= {"sikka-core"}
    named = {*requirements(bench=False), *requirements(bench=True)}
    assert (named | {canonicalize_name(name) for name in crates}) - told == set()


def test_the_exception_tree_is_drawn_as_it_is() -> None:
    module = tree_of(ROOT / "python" / "sikka" / "domain" / "errors.py")
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (ast.get_docstring(module) or "").splitlines():
        if node := re.match(r"^([│ ]*[├└]── )?([A-Z]\w+)(  |$)", line):
            depth = len(node[1] or "") // 4
            above[depth:] = [node[2]]
            drawn[node[2]] = above[depth - 1] if depth else "Exception"
    built = {
        node.name: ast.unparse(node.bases[0])
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }
    assert drawn == built
