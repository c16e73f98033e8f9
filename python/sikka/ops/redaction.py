"""What must never be read in a log, an error or a page, and how it is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

import sikka_core

HIDDEN = "***"
HIDDEN_CARD = "[card]"
HIDDEN_PEM = "[pem]"

# A value under one of these names is hidden whatever it looks like.
_SECRET_NAMES = re.compile(
    r"(?i)(?:^|[_\-.])(?:authorization|password|passwd|secret|secrets|master_key|private_key"
    r"|signing_key|api_key|apikey|card_number|pan|cvv|cvc|pin|cookie)$"
)

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_API_KEY = re.compile(r"\b([srp]k_(?:test|live))_[A-Za-z0-9_]+")
_WEBHOOK_SECRET = re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+")
_AUTHORIZATION = re.compile(
    r"(?i)(\b(?:proxy-)?authorization\b[\"']?\s*[:=,]\s*[\"']?\s*)(?:(?:basic|bearer|digest)\s+)?"
    r"[^\s\"',;)}\]]+"
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+(?=[^\s]*[0-9=_])[A-Za-z0-9+/=._~-]{8,}")
_ASSIGNED = re.compile(r"(?i)\b(password|passwd|secret|master_key|cvv)=[^\s\"',;&)}\]]+")
_URL_PASSWORD = re.compile(r"(://[^\s/:@]*):[^\s/@]+@")
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9._*-])([A-Za-z0-9._-]+)@([A-Za-z][A-Za-z0-9]*(?:\.(?:ifsc|iin|mmid))?"
    r"(?:\.npci)?)"
)

# Card numbers: 13 to 19 digits, in one run or in groups. Those of the brands begin with 2 to 6 or
# 8; times in milliseconds and our own reference numbers mostly do not.
_DIGIT_RUN = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,}")
_CARD_LENGTHS = range(13, 20)
_CARD_FIRST_DIGITS = frozenset("234568")
_LONG_NUMBER = 10 ** (_CARD_LENGTHS.start - 1)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def redact(text: str) -> str:
    """The text without card numbers, keys, webhook secrets, PEM blocks, credentials and full VPAs.

    What looks like a secret and is none is hidden too: a log that says too little is the cheaper
    mistake. Redacting twice changes nothing more.
    """
    if "-----BEGIN" in text:
        text = _PEM.sub(HIDDEN_PEM, text)
    if "k_" in text:
        text = _API_KEY.sub(rf"\1_{HIDDEN}", text)
    if "whsec_" in text:
        text = _WEBHOOK_SECRET.sub(f"whsec_{HIDDEN}", text)
    text = _AUTHORIZATION.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _ASSIGNED.sub(rf"\1={HIDDEN}", text)
    if "@" in text:
        text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
        text = _ADDRESS.sub(_masked_address, text)
    return _DIGIT_RUN.sub(_without_card, text)


def redact_fact(name: str, value: object) -> Any:
    """One named fact, ready for JSON: hidden under a secret's name, redacted wherever it is."""
    if _SECRET_NAMES.search(name):
        return HIDDEN
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LONG_NUMBER else redact(str(value))
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(key)): redact_fact(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_fact(name, each) for each in value]
    return redact(_text_of(value))


def is_luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        number = ord(digit) - ord("0")
        total += _DOUBLED[number] if position % 2 else number
    return total % 10 == 0


def _masked_address(match: re.Match[str]) -> str:
    masked = sikka_core.mask_vpa(match[0])
    # An e-mail address or a host is no VPA; it is still somebody's.
    return masked if masked != HIDDEN else f"{HIDDEN}@{match[2]}"


def _without_card(match: re.Match[str]) -> str:
    digits = re.sub(r"[ -]", "", match[0])
    for start in range(len(digits) - _CARD_LENGTHS.start + 1):
        if digits[start] in _CARD_FIRST_DIGITS:
            for length in _CARD_LENGTHS:
                if start + length <= len(digits) and is_luhn(digits[start : start + length]):
                    return HIDDEN_CARD
    return match[0]


def _text_of(value: object) -> str:
    try:
        return msgspec.json.encode(value).decode().strip('"')
    except (TypeError, ValueError):
        return str(value)
