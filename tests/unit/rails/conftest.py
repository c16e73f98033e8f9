"""Keys for the rails' tests, made once a run."""

from __future__ import annotations

import pytest

from sikka_sim.keys import KeyPair, new_key_pair
from tests.unit.rails.switch import HandSwitch


@pytest.fixture(scope="session")
def switch_keys() -> KeyPair:
    return new_key_pair("switch")


@pytest.fixture(scope="session")
def our_keys() -> KeyPair:
    return new_key_pair("gateway")


@pytest.fixture(scope="session")
def hand_switch(switch_keys: KeyPair) -> HandSwitch:
    return HandSwitch(switch_keys)
