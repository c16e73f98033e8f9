from __future__ import annotations

import ast
import inspect
import pickle

import pytest

import sikka_core
from sikka_core import (
    KeyFormatError,
    MalformedError,
    ModelError,
    SealError,
    SignatureError,
    SikkaCoreError,
)

ERRORS = [SignatureError, SealError, MalformedError, KeyFormatError, ModelError]


def test_the_package_exports_what_the_native_module_has() -> None:
    native = {name for name in vars(sikka_core._native) if not name.startswith("_")}
    assert native | written_in_python() == set(sikka_core.__all__)
    assert sikka_core.__all__ == sorted(sikka_core.__all__, key=by_kind)


def written_in_python() -> set[str]:
    """The names that the package has from modules of its own beside the native one."""
    return {
        alias.name
        for node in ast.parse(inspect.getsource(sikka_core)).body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("sikka_core.")
        and node.module != "sikka_core._native"
        for alias in node.names
    }


def by_kind(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions, as the import sorter has it."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_one_base(error: type[Exception]) -> None:
    assert issubclass(error, SikkaCoreError)
    assert issubclass(error, ValueError) == (error not in {SignatureError, SealError})
    assert error.__module__ == "sikka_core"
    assert error.__doc__


def test_errors_travel_between_processes() -> None:
    with pytest.raises(MalformedError) as caught:
        sikka_core.normalise_vpa("")
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (type(copy), str(copy)) == (MalformedError, str(caught.value))


def test_the_build_and_the_number_of_buckets_are_known() -> None:
    assert sikka_core.BUILD_PROFILE in {"release", "debug"}
    assert sikka_core.BUCKETS == 4096


def test_every_function_tells_its_arguments() -> None:
    for name in sikka_core.__all__:
        member = getattr(sikka_core, name)
        if inspect.isbuiltin(member):
            assert inspect.signature(member).parameters, name
