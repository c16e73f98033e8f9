"""Where settings come from: a YAML file with `${NAME}` in it, and variables `SIKKA__…`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from sikka.domain.errors import ConfigurationError

PREFIX = "SIKKA__"
SEPARATOR = "__"

# What YAML can hold: texts, numbers, times, lists, mappings.
Raw: TypeAlias = Any

_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Source:
    """The raw tree, and for each dotted path that came from the environment, its variable."""

    tree: dict[str, Raw]
    variables: dict[str, str] = field(default_factory=dict)


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML that refuses a key given twice, where YAML would keep the last."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Raw, Raw]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key.value} is given twice", key.start_mark
            )
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(path: Path | None, environ: Mapping[str, str]) -> Source:
    """Read the file (if any), fill in its variables, and lay the environment over it.

    Raises:
        ConfigurationError: the file cannot be read, is no YAML mapping, or uses a variable that is
            not set and has no default; or a variable contradicts another.
    """
    raw = {} if path is None else _read_file(path)
    tree = _filled(raw, "", environ)
    variables: dict[str, str] = {}
    for name in sorted(environ):
        if name.startswith(PREFIX):
            _lay(tree, name, environ[name], variables)
    return Source(tree, variables)


def parse_container(text: str, path: str, variable: str) -> Raw:
    """A list or mapping written into a variable as YAML or JSON.

    Raises:
        ConfigurationError: the text is neither.
    """
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a subclass of SafeLoader.
    except yaml.YAMLError as error:
        raise ConfigurationError(
            message=f"{path}: must be a list or mapping in JSON or YAML (from {variable})",
            param=path,
        ) from error


def _read_file(path: Path) -> dict[str, Raw]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            message=f"configuration file {path}: {error.strerror}", param=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            message=f"configuration file {path}: must be UTF-8", param=str(path)
        ) from error
    try:
        tree = yaml.load(text, _StrictLoader)  # noqa: S506 - a subclass of SafeLoader.
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" line {mark.line + 1}" if mark else ""
        raise ConfigurationError(
            message=f"configuration file {path}{where}: {error.problem}", param=str(path)
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(
            message=f"configuration file {path}: is no YAML", param=str(path)
        ) from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigurationError(
            message=f"configuration file {path}: must be a mapping of sections", param=str(path)
        )
    return tree


def _filled(value: Raw, path: str, environ: Mapping[str, str]) -> Raw:
    """The value with the variables in its texts filled in, after parsing: no variable adds YAML."""
    if isinstance(value, dict):
        return {
            key: _filled(each, f"{path}.{key}" if path else str(key), environ)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_filled(each, f"{path}[{i}]", environ) for i, each in enumerate(value)]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        name, default = match[2], match[3]
        # As in a shell, `:-` also stands in for a variable that is set and empty.
        found = environ.get(name)
        if default is not None and not found:
            return str(default)
        if found is None:
            raise ConfigurationError(
                message=f"{path}: the variable {name} is not set and has no default", param=path
            )
        return found

    return _VARIABLE.sub(fill, value)


def _lay(tree: dict[str, Raw], name: str, text: str, variables: dict[str, str]) -> None:
    """Set the path that the variable `name` spells; an empty text means `null`."""
    steps = [step.lower() for step in name.removeprefix(PREFIX).split(SEPARATOR)]
    if not all(steps):
        raise ConfigurationError(
            message=f"{name}: must be {PREFIX}SECTION{SEPARATOR}NAME", param=name
        )
    node = tree
    taken: list[str] = []
    for step in steps[:-1]:
        key = _existing(node, step)
        taken.append(key)
        below = node.get(key)
        if below is None:
            below = node[key] = {}
        if not isinstance(below, dict):
            raise ConfigurationError(
                message=f"{'.'.join(taken)}: is no section, which {name} takes it for",
                param=".".join(taken),
            )
        node = below
    key = _existing(node, steps[-1])
    node[key] = text or None
    variables[".".join([*taken, key])] = name


def _existing(node: dict[str, Raw], step: str) -> str:
    """The key of the file that the step means (organisations are in upper case), or the step."""
    return next((key for key in node if str(key).lower() == step), step)
