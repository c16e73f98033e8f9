from __future__ import annotations

import pytest

from sikka.fraud.stores.address import Address


@pytest.mark.parametrize(
    ("url", "greeting"),
    [
        ("redis://127.0.0.1:6379/0", []),
        ("redis://127.0.0.1", []),
        ("redis://:secret@127.0.0.1/3", [("AUTH", "secret"), ("SELECT", 3)]),
        ("rediss://user:se%20cret@redis.example", [("AUTH", "user", "se cret")]),
        ("unix:///run/redis.sock?db=2", [("SELECT", 2)]),
    ],
)
def test_a_connection_is_greeted_as_the_address_says(url: str, greeting: list[object]) -> None:
    assert Address(url).greeting() == greeting


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        Address("http://127.0.0.1")
