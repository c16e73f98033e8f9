from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import MalformedError, mask_vpa, normalise_vpa

# The recommended expression of the UPI reference, with the endings of NPCI in any case. Its bounds
# of the whole, 3 and 255, follow from those of the parts.
GRAMMAR = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{1,99}"
    r"@[A-Za-z][A-Za-z0-9]{1,63}(?:(?i:\.(?:ifsc|iin|mmid)\.npci|\.npci))?",
    re.ASCII,
)

addresses = st.from_regex(GRAMMAR, fullmatch=True)
near_addresses = st.text("aZ09._-@\n é", max_size=12) | st.builds(
    "{}@{}".format, st.text("aZ0.-", max_size=102), st.text("aZ0.npcifm", max_size=66)
)


@given(addresses | near_addresses | st.text())
def test_an_address_is_taken_exactly_when_the_grammar_takes_it(text: str) -> None:
    if GRAMMAR.fullmatch(text):
        assert normalise_vpa(text) == text.lower()
    else:
        with pytest.raises(MalformedError, match="vpa|Unicode"):
            normalise_vpa(text)


@given(addresses)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise_vpa(normalise_vpa(text)) == normalise_vpa(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "3 to 255"),
        ("a" * 256 + "@sim", "3 to 255"),
        ("simbank", '"@"'),
        ("a@simbank", "local part must be of 2 to 100"),
        ("a" * 101 + "@simbank", "local part must be of 2 to 100"),
        (".asha@simbank", "local part must begin"),
        ("as ha@simbank", "local part may hold"),
        ("asha@s", "handle must be of 2 to 64"),
        ("asha@" + "s" * 65, "handle must be of 2 to 64"),
        ("asha@1bank", "handle must begin"),
        ("asha@sim@bank", "handle may hold"),
        ("asha@sim.bank", "handle may hold"),
        ("asha@simbank ", "handle may hold"),
        ("asha@simbank\n", "handle may hold"),
    ],
)
def test_the_broken_rule_is_named_and_the_address_is_not(text: str, rule: str) -> None:
    with pytest.raises(MalformedError, match=rule) as caught:
        normalise_vpa(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("vpa", "masked"),
    [
        ("asha@simbank", "as***@simbank"),
        ("ASHA.K@SimBank", "as***@simbank"),
        ("abc@simbank", "a***@simbank"),
        ("ab@simbank", "a***@simbank"),
        ("not an address", "***"),
        ("", "***"),
        ("\udcff", "***"),
    ],
)
def test_a_mask_keeps_two_characters_at_most(vpa: str, masked: str) -> None:
    assert mask_vpa(vpa) == masked


@given(addresses)
def test_a_mask_hides_at_least_half_of_the_local_part(vpa: str) -> None:
    local, _, handle = vpa.lower().partition("@")
    shown, _, shown_handle = mask_vpa(vpa).partition("***@")
    assert local.startswith(shown)
    assert 1 <= len(shown) <= min(2, len(local) // 2)
    assert shown_handle == handle


@given(st.text())
def test_a_mask_never_raises_and_never_shows_the_whole(text: str) -> None:
    assert "***" in mask_vpa(text)
