"""What the README and the stubs of sikka_rows show is what happens."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import pytest

import sikka_rows

DISTRIBUTION = Path(__file__).parents[2] / "cython_ext"
EXAMPLES = re.findall(
    r"^```python\n(.+?)^```$", (DISTRIBUTION / "README.md").read_text(), re.MULTILINE | re.DOTALL
)
STUBS = sorted((DISTRIBUTION / "src" / "sikka_rows").glob("*.pyi"))


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example-{n}" for n in range(len(EXAMPLES))])
def test_an_example_of_the_readme_runs(example: str) -> None:
    assert "assert" in example
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own README


def test_the_examples_of_the_stubs_are_true() -> None:
    parser, runner, attempted = doctest.DocTestParser(), doctest.DocTestRunner(), 0
    for stub in STUBS:
        for node in ast.walk(ast.parse(stub.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (
                text := ast.get_docstring(node)
            ):
                names = {name: getattr(sikka_rows, name) for name in sikka_rows.__all__}
                runner.run(parser.get_doctest(text, names, node.name, stub.name, node.lineno))
                attempted += text.count(">>> ")
    assert runner.tries == attempted > 0
    assert runner.failures == 0
