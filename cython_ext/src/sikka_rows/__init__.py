"""Python objects to SQL rows and back, and the multi-row statements that carry them.

`Table` is the whole interface. The loops over rows and columns are compiled (`_native`); the
texts of the statements, which are built once and kept, are plain Python.
"""

from __future__ import annotations

from sikka_rows.table import Table

__all__ = ["Table"]
