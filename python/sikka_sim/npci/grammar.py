"""The grammars of single values in UPI messages, each a predicate on text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sikka_sim.money import paise

_INITIATION_MODE_MAX = 32

Predicate = Callable[[str], bool]


def _pattern(expression: str) -> Predicate:
    compiled = re.compile(expression, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


version = _pattern(r"[0-9.]{1,6}(?<!\.)")
message_id = _pattern(r"[A-Za-z0-9]{1,35}")
note = _pattern(r"[A-Za-z0-9 \-]{1,50}")
reference = _pattern(r"[A-Za-z0-9]{1,35}")
reference_url = _pattern(r"https?://[^\s]{1,28}")
rrn = _pattern(r"[0-9]{12}")
two_digits = _pattern(r"[0-9]{2}")
name = _pattern(r"[^\s][^\r\n]{0,98}")
sequence_number = _pattern(r"[0-9]{1,3}")
category_code = _pattern(r"[0-9]{4}")
score = _pattern(r"[0-9]{1,5}")
short_text = _pattern(r"[^\r\n]{1,20}")
minutes = _pattern(r"[1-9][0-9]{0,4}")
ifsc = _pattern(r"[A-Z]{4}0[A-Z0-9]{6}")
account_number = _pattern(r"[A-Za-z0-9]{1,30}")
result = _pattern(r"[A-Z]{1,20}")
error_code = _pattern(r"[A-Z0-9]{1,3}")
vpa = _pattern(
    r"(?=.{3,255}$)[A-Za-z0-9][A-Za-z0-9._\-]*"
    r"@[A-Za-z][A-Za-z0-9]{1,63}(\.(ifsc|iin|mmid)\.npci|\.npci)?"
)
_zoned = _pattern(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?(Z|[+\-][0-9]{2}:[0-9]{2})"
)


def timestamp(value: str) -> bool:
    """ISO 8601 with seconds or milliseconds and a zone with a colon."""
    if not _zoned(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def initiation_mode(value: str) -> bool:
    """Two digits, 00 to 32."""
    return two_digits(value) and int(value) <= _INITIATION_MODE_MAX


def amount(value: str) -> bool:
    """Rupees with two decimals, at most 18 digits, more than nothing."""
    try:
        return paise(value) > 0
    except ValueError:
        return False
