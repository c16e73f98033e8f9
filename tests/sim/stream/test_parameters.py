"""Parameters name their sources, and a wrong one is refused by its name."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sikka_sim.stream
from sikka_sim.stream import ParametersError, load_parameters
from sikka_sim.stream.parameters import parameters_of

FILE = Path(sikka_sim.stream.__file__).with_name("parameters.yaml")
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())

Path_ = tuple[str, ...]


def leaves(value: object, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path


def at(document: dict[str, Any], path: Path_) -> dict[str, Any]:
    for name in path:
        document = document[name]
    return document


def changed(path: str, value: object) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    names = tuple(path.split("."))
    at(document, names[:-1])[names[-1]] = value
    return document


PARAMETERS = [path for path in leaves(DOCUMENT) if path[0] != "scenarios"]


@pytest.mark.parametrize("section", sorted({path[0] for path in PARAMETERS}))
def test_every_parameter_is_checked_by_name(section: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    for path in (path for path in PARAMETERS if path[0] == section):
        fields = at(document, path[:-1])
        kept, fields[path[-1]] = fields[path[-1]], {"no": "value"}
        with pytest.raises(ParametersError) as raised:
            parameters_of(document)
        assert re.match(rf"{re.escape('.'.join(path))}(\[\d+\])?: ", str(raised.value))
        fields[path[-1]] = kept


SECTIONS = sorted({path[:-1] for path in PARAMETERS if path[-1] == "source"})


def test_every_section_must_name_its_source() -> None:
    document = copy.deepcopy(DOCUMENT)
    for path in SECTIONS:
        source = at(document, path).pop("source")
        with pytest.raises(ParametersError, match=rf"^{'.'.join(path)}: .*`source`"):
            parameters_of(document)
        at(document, path)["source"] = source


def test_a_parameter_that_nobody_knows_is_refused() -> None:
    document = copy.deepcopy(DOCUMENT)
    for path in SECTIONS:
        at(document, path)["medain"] = 1
        with pytest.raises(ParametersError, match=rf"^{'.'.join(path)}: .*`medain`"):
            parameters_of(document)
        del at(document, path)["medain"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("population.arriving_share", 1.2, "population.arriving_share: expected `float` <= 1.0"),
        ("kinds.kirana.median_minor", 0, "kinds.kirana.median_minor: expected `int` >= 1"),
        ("kinds.kirana.median_minor", 1.5, "kinds.kirana.median_minor: expected `int`"),
        ("kinds.kirana.median_minor", 20_000_000, "kinds.kirana.median_minor: must not be above"),
        ("kinds.kirana.hours", "dawn", "kinds.kirana.hours: 'dawn' is no entry of hours"),
        ("kinds.kirana.menu_share", 0.5, "kinds.kirana.menu_minor: is missing"),
        ("kinds.kirana.rounding", {"rupee": 0}, "kinds.kirana.rounding: must not all be 0"),
        ("kinds.donation.online", False, "kinds.donation: must exist and be online"),
        ("segments.student.kinds.lottery", 2, "segments.student.kinds.lottery: is no entry of"),
        ("salary.salaried_share", {"salaried": 1}, "salary.salaried_share.self_employed: is miss"),
        ("rings.cities", {"atlantis": 1}, "rings.cities.atlantis: is no entry of cities"),
        ("rings.devices", [5, 1], "rings.devices: the first must not be above the second"),
        ("rings.source", ["hearsay"], "rings.source: 'hearsay' is no entry of sources"),
        ("frauds.card_testing.cards", [1], "frauds.card_testing.cards: expected `array` of leng"),
        ("hours.shop.weights", [1.0] * 23, "hours.shop.weights: expected `array` of length >= 24"),
        ("hours.shop.weights", [0] * 24, "hours.shop.weights: must not all be 0"),
        ("festivals.holi.dates", ["2025-02-30"], "festivals.holi.dates[0]: invalid"),
        ("cities", {}, "cities: must be a mapping with an entry"),
        ("frauds.slow_drip", None, "frauds.slow_drip: must be a mapping"),
        ("scenarios", [], "scenarios: must be a mapping"),
        ("scenarios.shifted", {"changes": {}}, "scenarios.shifted: must have source and changes"),
    ],
)
def test_a_broken_rule_is_told_with_its_field(path: str, value: object, message: str) -> None:
    with pytest.raises(ParametersError) as raised:
        parameters_of(changed(path, value))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("name", [name for name in DOCUMENT if name != "scenarios"])
def test_a_section_that_is_missing_is_named(name: str) -> None:
    document = {key: value for key, value in DOCUMENT.items() if key != name}
    with pytest.raises(ParametersError, match=rf"^{name}: is missing|`{name}`"):
        parameters_of(document)


def test_a_scenario_changes_what_it_names_and_keeps_the_rest() -> None:
    baseline, shifted = load_parameters(), load_parameters(scenario="shifted")
    assert shifted.kinds["kirana"].median_minor == 16_000 != baseline.kinds["kirana"].median_minor
    assert shifted.kinds["kirana"].sigma == baseline.kinds["kirana"].sigma
    assert shifted.cities == baseline.cities
    assert {kind: at(DOCUMENT, ("frauds", kind))["per_million"] for kind in DOCUMENT["frauds"]} != {
        kind: getattr(shifted.frauds, kind).per_million for kind in DOCUMENT["frauds"]
    }


def test_a_scenario_is_checked_as_the_parameters_are() -> None:
    document = changed("scenarios.shifted.changes.kinds.kirana", {"medain_minor": 1})
    with pytest.raises(ParametersError, match=r"^kinds.kirana: .*`medain_minor`"):
        parameters_of(document, scenario="shifted")
    with pytest.raises(ParametersError, match=r"^scenarios.shifted.kinds.kirana: must be a map"):
        parameters_of(changed("scenarios.shifted.changes.kinds.kirana", 3), scenario="shifted")
    with pytest.raises(ParametersError, match=r"^scenario 'other' is not one of baseline, shif"):
        parameters_of(DOCUMENT, scenario="other")


def test_a_file_of_ones_own_is_read_instead(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(changed("population.payments_per_user_day", 2.5)))
    assert load_parameters(path).population.payments_per_user_day == 2.5
    path.write_text("kinds: [")
    with pytest.raises(ParametersError, match="^parameters are not YAML"):
        load_parameters(path)
    path.write_text("- 1")
    with pytest.raises(ParametersError, match="^parameters must be a mapping"):
        load_parameters(path)
