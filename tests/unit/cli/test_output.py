"""Output: aligned for people, JSON for machines."""

from __future__ import annotations

import json

import msgspec
import pytest

from sikka.cli.output import show, show_all


class Thing(msgspec.Struct):
    id: str
    active: bool
    scopes: list[str]
    note: str | None = None


THINGS = [Thing("a", active=True, scopes=["read", "admin"]), Thing("bcd", active=False, scopes=[])]


def test_one_thing_is_a_field_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(THINGS[0], as_json=False)
    assert capsys.readouterr().out == "id      a\nactive  yes\nscopes  read,admin\n"


def test_many_things_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_all(THINGS, ("id", "active", "note"), as_json=False)
    assert capsys.readouterr().out == "id   active  note\na    yes     -\nbcd  no      -\n"


def test_an_empty_table_has_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    show_all([], ("id", "active"), as_json=False)
    assert capsys.readouterr().out == "id  active\n"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_all(THINGS, ("id",), as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["a", "bcd"]
    assert lines[0]["active"] is True
