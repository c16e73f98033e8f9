"""From a raw tree to dataclasses: every mistake names its dotted path and its rule."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from sikka.domain.errors import ConfigurationError
from sikka.settings.secret import Secret
from sikka.settings.source import Raw, Source, parse_container

Section = TypeVar("Section")

# A type as `get_type_hints` gives it, which is not always a class.
Hint: TypeAlias = Any
# What a setting may be in the end.
Value: TypeAlias = Any


class BrokenRuleError(ValueError):
    """A section's own rule about one of its settings, raised in `__post_init__`."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(rule)
        self.name = name


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds sections from a source.

    Args:
        source: the raw tree.
        directory: what relative paths are relative to: the folder of the file.
    """

    source: Source
    directory: Path

    def section(self, kind: type[Section], raw: Raw, path: str) -> Section:
        """One section of the tree.

        Raises:
            ConfigurationError: a setting in it is missing, unknown or wrong.
        """
        if not isinstance(raw, Mapping):
            raise self._error(path, "must be a section with settings in it")
        hints = get_type_hints(kind, include_extras=True)
        for name in raw:
            if name not in hints:
                raise self._error(_join(path, name), f"is no setting{_similar(name, hints)}")
        values: dict[str, Any] = {}
        for each in fields(kind):  # type: ignore[arg-type]  # Sections are dataclasses.
            below = _join(path, each.name)
            if each.name in raw:
                values[each.name] = self.value(hints[each.name], raw[each.name], below)
            elif each.default is MISSING and each.default_factory is MISSING:
                raise self._error(below, "is missing")
        try:
            return kind(**values)
        except BrokenRuleError as error:
            raise self._error(_join(path, error.name), str(error)) from error

    def value(self, kind: Hint, raw: Raw, path: str) -> Value:
        """One value of a section."""
        optional, kind = _without_none(kind)
        if raw is None and optional:
            return None
        if is_dataclass(kind) and isinstance(kind, type):
            # A section that is named and left empty takes its defaults, as in `redis:`.
            return self.section(kind, {} if raw is None else raw, path)
        origin, arguments = _origin(kind), get_args(kind)
        if origin in (Mapping, tuple) and isinstance(raw, str) and path in self.source.variables:
            raw = parse_container(raw, path, self.source.variables[path])
        if origin is Mapping:
            if not isinstance(raw, Mapping):
                raise self._error(path, "must be a mapping")
            return {
                self._key(key, path): self.value(arguments[1], each, _join(path, key))
                for key, each in raw.items()
            }
        if origin is tuple:
            if not isinstance(raw, list):
                raise self._error(path, "must be a list")
            return tuple(
                self.value(arguments[0], each, f"{path}[{i}]") for i, each in enumerate(raw)
            )
        return self._leaf(kind, raw, path)

    def _leaf(self, kind: Hint, raw: Raw, path: str) -> Value:
        if kind is Path:
            if not isinstance(raw, str) or not raw:
                raise self._error(path, "must be the path of a file")
            return self.directory / Path(raw).expanduser()
        if kind is Secret:
            if not isinstance(raw, str) or not raw:
                raise self._error(path, "must be a text that is not empty (quote it)")
            return Secret(raw)
        if _origin(kind) is Literal and raw not in get_args(kind):
            raise self._error(path, f"must be one of {', '.join(map(str, get_args(kind)))}")
        try:
            return msgspec.convert(raw, kind, strict=False)
        except msgspec.ValidationError as error:
            raise self._error(path, _rule(kind, str(error))) from None

    def _key(self, key: object, path: str) -> str:
        if not isinstance(key, str) or not key:
            raise self._error(path, f"the name {key} must be a text (quote it)")
        return key

    def _error(self, path: str, rule: str) -> ConfigurationError:
        variable = self.source.variables.get(path)
        origin = f" (from {variable})" if variable else ""
        return ConfigurationError(
            message=f"{path or 'the configuration'}: {rule}{origin}", param=path
        )


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _similar(name: object, known: Mapping[str, Hint]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"; is {close[0]} meant?" if close else f"; known are {', '.join(sorted(known))}"


def _origin(kind: Hint) -> object:
    return get_origin(kind)


def _without_none(kind: Hint) -> tuple[bool, Hint]:
    """Whether `None` is allowed, and what else."""
    if _origin(kind) in (Union, types.UnionType):
        others = [each for each in get_args(kind) if each is not types.NoneType]
        if len(others) == 1:
            return True, others[0]
    return False, kind


def _rule(kind: Hint, words: str) -> str:
    """The rule in words: the type's own where it has some, msgspec's otherwise."""
    if _origin(kind) is Annotated:
        for each in get_args(kind)[1:]:
            if isinstance(each, msgspec.Meta) and each.description:
                return f"must be {each.description}"
    return words[0].lower() + words[1:]
