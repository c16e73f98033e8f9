from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.shelf import Shelf

CHANGES = st.dictionaries(st.integers(0, 30), st.one_of(st.none(), st.floats(0, 9)), max_size=12)


@given(st.lists(CHANGES, max_size=10))
def test_a_shelf_holds_what_a_dictionary_would(steps: list[dict[int, float | None]]) -> None:
    shelf, plain = Shelf(), {}
    for changes in steps:
        shelf = shelf.changed(changes)
        plain.update(changes)
        there = {key: number for key, number in plain.items() if number is not None}
        assert {key: shelf.get(key) for key in range(31)} == {
            key: there.get(key) for key in range(31)
        }
        assert shelf.keys == len(there)


def test_a_shelf_that_grows_keeps_every_key_and_its_former_self() -> None:
    small = Shelf().changed({"first": 1.0})
    large = small.changed({f"key {n}": float(n) for n in range(10_000)})
    larger = large.changed({f"other {n}": 0.0 for n in range(50_000)})
    assert (small.keys, large.keys, larger.keys) == (1, 10_001, 60_001)
    assert all(larger.get(f"key {n}") == n for n in range(10_000))
    assert larger.get("first") == 1.0
    assert small.get("key 1") is None
    emptied = larger.changed({f"other {n}": None for n in range(50_000)})
    assert emptied.keys == 10_001
    assert larger.get("other 7") == 0.0
