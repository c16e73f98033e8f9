"""Parameters of streams: read, changed by a scenario, checked to the last field."""

from __future__ import annotations

import typing
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sikka_sim.stream.consistency import problems
from sikka_sim.stream.schema import Parameters

BASELINE = "baseline"
SCENARIOS = "scenarios"


class ParametersError(ValueError):
    """A parameter is missing, unknown or breaks its rule; the message names the field."""


def load_parameters(path: Path | None = None, *, scenario: str = BASELINE) -> Parameters:
    """Read parameters from a file and check them.

    Args:
        path: the YAML file; the one that is shipped if not given.
        scenario: ``baseline``, or one of the file's scenarios, which changes some of it.

    Raises:
        ParametersError: the file is not of this form; the message names the field and the rule.
        OSError: the file cannot be read.
    """
    if path is None:
        path = Path(__file__).with_name("parameters.yaml")
    text = path.read_text("utf-8")
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParametersError(f"parameters are not YAML: {error}") from error
    return parameters_of(document, scenario=scenario)


def parameters_of(document: object, *, scenario: str = BASELINE) -> Parameters:
    """Check parameters that were read from a file already; see `load_parameters`."""
    if not isinstance(document, dict):
        raise ParametersError("parameters must be a mapping")
    document = dict(document)
    scenarios = document.pop(SCENARIOS, {})
    if not isinstance(scenarios, dict):
        raise ParametersError(f"{SCENARIOS}: must be a mapping")
    for name, entry in scenarios.items():
        if not isinstance(entry, dict) or set(entry) != {"source", "changes"}:
            raise ParametersError(f"{SCENARIOS}.{name}: must have source and changes, no more")
    if scenario != BASELINE:
        if scenario not in scenarios:
            known = ", ".join((BASELINE, *map(str, scenarios)))
            raise ParametersError(f"scenario {scenario!r} is not one of {known}")
        document = _changed(document, scenarios[scenario]["changes"], f"{SCENARIOS}.{scenario}")
    parameters: Parameters = _converted(document, Parameters, "")
    for problem in problems(parameters):
        raise ParametersError(problem)
    return parameters


def _changed(base: object, changes: object, path: str) -> Any:
    """What a scenario makes of the parameters: mappings merge, everything else is replaced."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        if isinstance(base, dict):
            raise ParametersError(f"{path}: must be a mapping")
        return changes
    merged = dict(base)
    for name, change in changes.items():
        if name in base:
            merged[name] = _changed(base[name], change, f"{path}.{name}")
        else:
            merged[name] = change
    return merged


def _converted(value: object, kind: Any, path: str) -> Any:
    """Build a section; what is in it one by one, so that errors name their whole path."""
    value = _with_listed_source(value)
    if not isinstance(value, dict):
        raise ParametersError(f"{path}: must be a mapping")
    built: dict[str, Any] = {}
    for name, hint in _hints(kind).items():
        where = f"{path}.{name}" if path else name
        of_mapping = typing.get_origin(hint) is dict
        if name not in value or not (of_mapping or _is_section(hint)):
            continue
        if of_mapping:
            built[name] = _entries(value[name], typing.get_args(hint), where)
        else:
            built[name] = _converted(value[name], hint, where)
    try:
        return msgspec.convert({**value, **built}, kind)
    except msgspec.ValidationError as error:
        raise ParametersError(_named(error, path)) from error


def _entries(value: object, kinds: tuple[Any, Any], path: str) -> dict[str, Any]:
    """Build what is in a mapping, whose keys are names."""
    of_name, of_value = kinds
    if not isinstance(value, dict) or not value:
        raise ParametersError(f"{path}: must be a mapping with an entry")
    if _is_section(of_value):
        return {
            name: _converted(inner, of_value, f"{path}.{name}") for name, inner in value.items()
        }
    built = {}
    for name, inner in value.items():
        try:
            built[msgspec.convert(name, of_name)] = msgspec.convert(inner, of_value)
        except msgspec.ValidationError as error:
            raise ParametersError(_named(error, f"{path}.{name}")) from error
    return built


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _is_section(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _with_listed_source(value: object) -> object:
    if isinstance(value, dict) and isinstance(value.get("source"), str):
        return {**value, "source": [value["source"]]}
    return value


def _named(error: msgspec.ValidationError, path: str) -> str:
    """What msgspec found, in front of it the whole path of the field."""
    rule, _, place = str(error).partition(" - at ")
    place = place.strip("`").removeprefix("$").removeprefix(".")
    field = ".".join(part for part in (path, place) if part)
    return f"{field}: {rule[:1].lower()}{rule[1:]}" if field else rule
