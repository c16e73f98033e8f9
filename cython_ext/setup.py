"""Compiles the Cython part; everything else about the distribution is in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SOURCE = Path("src") / "sikka_rows" / "_native.pyx"

setup(
    ext_modules=cythonize(
        [Extension("sikka_rows._native", [str(SOURCE)], extra_compile_args=["-O3"])],
        build_dir="build",
        compiler_directives={"language_level": 3, "warn.unused": True},
    )
)
