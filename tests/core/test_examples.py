"""The examples of the documentation run, and every public name is documented."""

from __future__ import annotations

import ast
import doctest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sikka_core
from tests.core.keys import certificate_pem, key_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = sorted(
    path
    for path in (Path(__file__).parents[2] / "rust_core/python/sikka_core").iterdir()
    if path.suffix in {".py", ".pyi"}
)
STUB = next(path for path in SOURCES if path.name == "_native.pyi")
Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


def docstrings(path: Path) -> dict[str, tuple[int, str]]:
    """The docstrings of a file by dotted name, those of constants too, each with its line."""
    found: dict[str, tuple[int, str]] = {}
    told(ast.parse(path.read_text(encoding="utf-8")), path.stem, found)
    return found


def told(node: Documented, name: str, found: dict[str, tuple[int, str]]) -> None:
    if docstring := ast.get_docstring(node, clean=False):
        found[name] = (node.body[0].lineno, docstring)
    before: ast.stmt | None = None
    for inner in node.body:
        if isinstance(inner, Documented):
            told(inner, f"{name}.{inner.name}", found)
        match before, inner:
            case (
                ast.AnnAssign(target=ast.Name(id=constant)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[f"{name}.{constant}"] = (inner.lineno, text)
        before = inner


def read_examples() -> Iterator[doctest.DocTest]:
    parser = doctest.DocTestParser()
    for path in SOURCES:
        for name, (line, text) in docstrings(path).items():
            test = parser.get_doctest(text, {}, name, str(path), line - 1)
            if test.examples:
                yield test


EXAMPLES = list(read_examples())


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the documentation says that the examples have at hand."""
    pair = key_pair("examples")
    return {
        **{name: getattr(sikka_core, name) for name in sikka_core.__all__},
        "private_pem": pair.private_pem,
        "certificate_pem": certificate_pem(pair.private),
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_does_what_it_says(example: doctest.DocTest, names: dict[str, Any]) -> None:
    example.globs = dict(names)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert not report, "".join(report)


def test_every_group_has_an_example() -> None:
    groups = [
        (line.strip("# -"), number)
        for number, line in enumerate(STUB.read_text(encoding="utf-8").splitlines(), 1)
        if line.startswith("# ") and line.endswith("---")
    ]
    lines = [test.lineno for test in EXAMPLES if test.filename == str(STUB)]
    ends = [number for _, number in groups[1:]] + [10**9]
    without = [
        group
        for (group, begin), end in zip(groups, ends, strict=True)
        if not any(begin < (line or 0) < end for line in lines)
    ]
    assert groups
    assert without == []


def test_every_public_name_is_documented() -> None:
    documented = {
        name.partition(".")[2] for path in SOURCES for name in docstrings(path) if "." in name
    }
    public = set(sikka_core.__all__)
    public |= {
        f"{name}.{member}"
        for name in sikka_core.__all__
        if isinstance(owner := getattr(sikka_core, name), type)
        for member in vars(owner)
        if not member.startswith("_")
    }
    assert public - documented == set()
