"""Compiles the Cython part; everything else about the distribution is in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

PACKAGE = Path("src") / "sikka_rows"
MODULES = ("_literals", "_native")

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"sikka_rows.{name}", [str(PACKAGE / f"{name}.pyx")], extra_compile_args=["-O3"]
            )
            for name in MODULES
        ],
        include_path=["src"],
        build_dir="build",
        compiler_directives={"language_level": 3, "warn.unused": True},
    )
)
