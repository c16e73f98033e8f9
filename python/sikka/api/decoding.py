"""From bytes and query strings to Structs; what breaks a rule is named by field and rule."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import msgspec
from multidict import MultiMapping

from sikka.domain.errors import InvalidRequest

T = TypeVar("T", bound=msgspec.Struct)

SHOWN_MAXIMUM = 64

_PLACE = re.compile(r" - at (?:`(?:key|key\[\.\.\.\])` in )?`\$(?P<path>[^`]*)`")
_FIELD = re.compile(r"^Object (?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")
_VALUE = re.compile(r"Invalid (?:enum )?value .*$", re.DOTALL)

# The code of a field whose rule is broken, where it is more telling than `parameter_invalid`.
_CODES = {
    "amount": "amount_invalid",
    "currency": "currency_unsupported",
    "vpa": "vpa_invalid",
    "payee_vpa": "vpa_invalid",
    "metadata": "metadata_invalid",
    "url": "url_invalid",
    "idempotency_key": "idempotency_key_invalid",
}


@cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def decode_body(body: bytes, type_: Any) -> Any:
    """Decode and validate a JSON body; an empty one counts as an object without fields.

    Raises:
        InvalidRequest: it is no JSON, or breaks a rule of the type; `param` names the field.
    """
    try:
        return _decoder(type_).decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise _broken_rule(str(error)) from None
    except RecursionError:
        raise InvalidRequest("body_invalid", "the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidRequest("body_invalid") from None


def decode_query(query: MultiMapping[str], type_: type[T]) -> T:
    """Convert and validate a query string.

    Raises:
        InvalidRequest: a parameter is unknown, twice there, or breaks its rule; `param` names it.
    """
    values = dict(query)
    if len(values) != len(query):
        twice = next(name for name in values if len(query.getall(name)) > 1)
        twice = _shown(twice)
        raise InvalidRequest(message=f"{twice} is there more than once", param=twice)
    try:
        decoded = msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _broken_rule(str(error)) from None
    for field in msgspec.structs.fields(decoded):
        text = values.get(field.encode_name)
        if text is not None:
            _check_spelling(field.encode_name, text, getattr(decoded, field.name))
    return decoded


def _check_spelling(name: str, text: str, value: object) -> None:
    """Refuse what the conversion of texts takes too lightly: null, 1e1 and numbers as times."""
    if value is None:
        raise InvalidRequest(message=f"{name} must not be null", param=name)
    if isinstance(value, int) and not isinstance(value, bool) and not text.isdigit():
        raise InvalidRequest(message=f"{name} must be written in digits", param=name)
    if isinstance(value, datetime) and "T" not in text.upper():
        raise InvalidRequest(message=f"{name} must be a time as in RFC 3339", param=name)


def _shown(name: str) -> str:
    return name if len(name) <= SHOWN_MAXIMUM and name.isprintable() else "a field"


def _joined(path: str, name: str = "") -> str:
    return ".".join(part for part in (path.removeprefix("."), name) if part)


def _broken_rule(text: str) -> InvalidRequest:
    """The error of msgspec in our words; a value that was sent is not repeated."""
    place = _PLACE.search(text)
    path = place["path"] if place else ""
    rule = _PLACE.sub("", text)
    if found := _FIELD.match(rule):
        param = _joined(path, _shown(found["name"]))
        if found["what"] == "missing required":
            return InvalidRequest("parameter_missing", f"{param} is required", param=param)
        return InvalidRequest(
            "parameter_unknown", f"{param} is not a field of this call", param=param
        )
    param = _joined(path)
    name = param.partition("[")[0].rpartition(".")[2]
    if "[" in param and not param.startswith("metadata"):
        name = param.rpartition(".")[2]
    rule = _VALUE.sub("must be one of the values that the documentation lists", rule)
    rule = rule.replace("Expected", "must be", 1).replace("`", "").replace(r"$(?!\n)", "$")
    code = _CODES.get(name, "parameter_invalid") if param else "body_invalid"
    return InvalidRequest(code, f"{param or 'the body'} {rule}", param=param or None)
