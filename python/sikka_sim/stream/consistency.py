"""What must hold between the fields of parameters, beside the range that each has by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from sikka_sim.stream.schema import Parameters

ASSUMPTION = "assumption:"

SELLER_KINDS = ("small_seller", "donation")
"""Kinds of merchants that frauds and hard cases open accounts of."""

NAMING = {
    "kinds": "kinds",
    "spree_kinds": "kinds",
    "terminal_kinds": "kinds",
    "salaried_share": "segments",
    "assisted_share": "segments",
    "cities": "cities",
}
"""Mappings within sections, and what section their keys are names of."""

WHOLE = ("salaried_share", "assisted_share")
"""Those of them that must have all the names."""

DRAWN = {
    "household_weights", "hours_shift_weights", "salaried_weights", "carrier_weights",
    "days_weights", "weights", "rounding", "spree_kinds", "terminal_kinds", "guises",
}  # fmt: skip
"""Fields with weights of which one is drawn."""

RANGES = {
    "spree_payments", "drive_payments", "drive_days", "large_factor", "life_days", "devices",
    "payments", "crude_factor", "careful_factor", "crude_payments", "crude_minutes",
    "careful_payments", "taken_share", "cards", "crude_gap_s", "careful_gap_s",
    "cards_per_device", "crude_minor", "careful_minor", "victims", "days",
    "payments_per_victim", "accomplices", "payments_per_accomplice", "shared_devices",
    "gap_days",
}  # fmt: skip
"""Fields with a least and a greatest value."""


def problems(parameters: Parameters) -> Iterator[str]:
    """What is wrong, each with the field that it is in; nothing if all is well."""
    for path, name, value in _fields(parameters, ""):
        yield from _in_field(parameters, path, name, value)
    for name, kind in parameters.kinds.items():
        if kind.hours not in parameters.hours:
            yield f"kinds.{name}.hours: {kind.hours!r} is no entry of hours"
        if kind.menu_share and not kind.menu_minor:
            yield f"kinds.{name}.menu_minor: is missing, though menu_share is not 0"
        if kind.median_minor > kind.upi_limit_minor:
            yield f"kinds.{name}.median_minor: must not be above upi_limit_minor"
    for name in SELLER_KINDS:
        if name not in parameters.kinds or not parameters.kinds[name].online:
            yield f"kinds.{name}: must exist and be online"
    for path, weights in _spread_weights(parameters):
        if sum(weights) <= 0:
            yield f"{path}: must not all be 0"


def _fields(value: object, path: str) -> Iterator[tuple[str, str, Any]]:
    """Every field of every section: its path, its name, its value."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            where = f"{path}.{name}" if path else name
            if path:
                yield where, name, inner
            yield from _fields(inner, where)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _fields(inner, f"{path}.{name}")


def _in_field(parameters: Parameters, path: str, name: str, value: Any) -> Iterator[str]:
    if name == "source":
        yield from _in_sources(parameters, path, value)
    if name in NAMING:
        yield from _in_names(parameters, path, name, value)
    if _is_drawn(path, name):
        weights = value.values() if isinstance(value, Mapping) else value
        if sum(weights) <= 0:
            yield f"{path}: must not all be 0"
    elif name in RANGES and isinstance(value, tuple) and value[0] > value[1]:
        yield f"{path}: the first must not be above the second"


def _in_sources(parameters: Parameters, path: str, sources: tuple[str, ...]) -> Iterator[str]:
    for source in sources:
        if source not in parameters.sources and not source.startswith(ASSUMPTION):
            yield f"{path}: {source!r} is no entry of sources and does not begin {ASSUMPTION!r}"


def _in_names(
    parameters: Parameters, path: str, name: str, entries: Mapping[str, Any]
) -> Iterator[str]:
    known = getattr(parameters, NAMING[name])
    for entry in entries:
        if entry not in known:
            yield f"{path}.{entry}: is no entry of {NAMING[name]}"
    for entry in known if name in WHOLE else ():
        if entry not in entries:
            yield f"{path}.{entry}: is missing"


def _is_drawn(path: str, name: str) -> bool:
    inner = name == "kinds" and path.startswith("frauds.")
    return inner or path == "rings.cities" or name in DRAWN


def _spread_weights(parameters: Parameters) -> Iterator[tuple[str, list[float]]]:
    """Weights of which each entry of a mapping has one."""
    yield "segments.*.share", [segment.share for segment in parameters.segments.values()]
    yield "cities.*.weight", [city.weight for city in parameters.cities.values()]
    yield "kinds.*.payments", [kind.payments for kind in parameters.kinds.values()]
    yield "kinds.*.merchants", [kind.merchants for kind in parameters.kinds.values()]
    scams = parameters.frauds.mule_account.scams.values()
    yield "frauds.mule_account.scams.*.weight", [scam.weight for scam in scams]
