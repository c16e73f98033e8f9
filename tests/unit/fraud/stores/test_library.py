from __future__ import annotations

import hashlib
import re

from sikka.fraud.stores.library import Library


def test_names_change_with_the_source() -> None:
    library = Library()
    header, _, text = library.source.partition("\n")
    digest = header.rpartition("_")[2]
    assert header == f"#!lua name=sikka_features_{digest}"
    template = text.replace(f"_{digest}'", "_@digest@'")
    assert hashlib.sha256(template.encode()).hexdigest().startswith(digest)
    names = {library.observe, library.label, library.replay, library.finish, library.state}
    assert all(name.endswith(f"_{digest}") for name in names)


def test_every_function_that_is_asked_for_is_there() -> None:
    library = Library()
    registered = set(re.findall(r"^register\('(\w+)'", library.source, re.MULTILINE))
    asked = {library.observe, library.label, library.replay, library.finish, library.state}
    assert registered == {name.rpartition("_")[0] for name in asked}
