from __future__ import annotations

import pytest

from sikka.domain.errors import ConfigurationError
from sikka.rails.sponsor.config import SponsorConfig
from sikka.rails.transport import TransportConfig
from sikka.rails.upi.config import NpciConfig

TRANSPORT = TransportConfig("http://switch")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("org_id", ""),
        ("org_id", "has space"),
        ("psp_prefix", "ska"),
        ("psp_prefix", "SKAA"),
        ("version", "2"),
        ("path_prefix", "upi"),
        ("path_prefix", "/upi/"),
        ("device", {}),
        ("device", {"SHOE": "42"}),
        ("merchant_type", "HUGE"),
        ("onboarding_type", "FRIEND"),
        ("ownership", "STOLEN"),
    ],
)
def test_a_wrong_setting_of_the_switch_is_named(name: str, value: object) -> None:
    values: dict[str, object] = {"org_id": "400011", "psp_prefix": "SKA", name: value}
    with pytest.raises(ConfigurationError) as failure:
        NpciConfig(TRANSPORT, **values)  # type: ignore[arg-type]
    assert failure.value.param == f"upi.npci.{name}"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("merchant_id", {"merchant_id": "not an id"}),
        ("psp_prefix", {"psp_prefix": "ska"}),
        ("secret", {"secret": b""}),
        ("secret", {"callback_secrets": (b"one", b"")}),
    ],
)
def test_a_wrong_setting_of_a_bank_is_named(name: str, values: dict[str, object]) -> None:
    right = {"merchant_id": "SIM0001", "psp_prefix": "SKA", "secret": b"secret"}
    with pytest.raises(ConfigurationError) as failure:
        SponsorConfig("bank", TRANSPORT, **{**right, **values})  # type: ignore[arg-type]
    assert failure.value.param == f"upi.sponsors.bank.{name}"


def test_a_bank_signs_with_our_secret_unless_it_has_its_own() -> None:
    alone = SponsorConfig("bank", TRANSPORT, "SIM0001", "SKA", b"ours")
    both = SponsorConfig("bank", TRANSPORT, "SIM0001", "SKA", b"ours", (b"old", b"new"))
    assert alone.accepted_secrets == (b"ours",)
    assert both.accepted_secrets == (b"old", b"new")
    assert "ours" not in repr(alone)
    assert "old" not in repr(both)
