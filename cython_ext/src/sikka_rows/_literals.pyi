from collections.abc import Sequence
from typing import final

@final
class Literals:
    """The bytes of a statement that grows value by value; for compiled code only."""

def written(text: str, parameters: Sequence[str | int | bytes | None]) -> bytes:
    r"""The statement with every %s replaced by the literal of its parameter, as UTF-8.

    For MySQL and MariaDB. The parameters are what `Table.encode`, `insert_parameters` and
    `update_parameters` give: str, int of 64 bits (bool among them), bytes, None.

    A literal means the same whatever the session is set to: a quote is written twice, text with
    a backslash or a NUL and all bytes in hexadecimal, and text that is not ASCII names its
    character set, as in ``_utf8mb4'₹'``. So neither the sql_mode (NO_BACKSLASH_ESCAPES,
    ANSI_QUOTES) nor the connection's character set has a say. Source: MariaDB, "String
    Literals", "Hexadecimal Literals" and "SQL_MODE".

    Raises ValueError when `text` has another number of marks than `parameters`, when it holds
    any other percent sign, when an int has more than 64 bits and when a text holds half of a
    surrogate pair; TypeError for a value of another type. No message repeats a value.

    >>> written("SELECT %s, %s, %s", ["it's", 7, None])
    b"SELECT 'it''s', 7, NULL"
    >>> written("SELECT %s", [b"\x00\xff"])
    b"SELECT x'00FF'"
    """
