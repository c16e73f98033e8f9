"""Python objects to SQL rows and back, and the multi-row statements that carry them.

`Table` is the whole of it; `Column` bounds what a column takes, and `written` puts the values of
any other statement into its text. The loops over rows and columns are compiled (`_native`,
`_literals`); the texts of the statements, which are built once and kept, are plain Python.
"""

from __future__ import annotations

from sikka_rows._literals import written
from sikka_rows.column import Column
from sikka_rows.table import Table

__all__ = ["Column", "Table", "written"]
