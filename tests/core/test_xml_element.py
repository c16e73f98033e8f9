from __future__ import annotations

import pytest
from hypothesis import given

from sikka_core import Element, MalformedError, XmlNode
from tests.core.messages import nodes, shape

PAYEES = Element(
    "Payees",
    children=[
        Element("Payee", {"addr": "a@bank"}),
        Element("Note", text=" hi <&> "),
        Element("Payee", {"addr": "b@bank"}, [Element("Amount", {"value": "1.00", "curr": "INR"})]),
    ],
)
ROOT = Element("ReqPay", {}, [Element("Payees"), PAYEES])


def built(node: XmlNode) -> Element:
    name, attributes, content = node
    given_attributes = {key: value for key, value in attributes.items() if value is not None}
    if isinstance(content, str):
        return Element(name, given_attributes, text=content)
    return Element(name, given_attributes, [built(child) for child in content])


def plain(node: XmlNode) -> object:
    name, attributes, content = node
    if isinstance(content, str):
        return (name, dict(attributes), content, [])
    return (name, dict(attributes), "", [plain(child) for child in content])


@given(nodes)
def test_an_element_says_what_it_was_built_of(node: XmlNode) -> None:
    assert shape(built(node)) == plain(node)


def test_children_are_found_by_name_and_in_order() -> None:
    assert [child.name for child in PAYEES.children()] == ["Payee", "Note", "Payee"]
    assert [child.get("addr") for child in PAYEES.children("Payee")] == ["a@bank", "b@bank"]
    assert PAYEES.children("Nobody") == []
    first = PAYEES.child("Payee")
    assert first is not None
    assert first.get("addr") == "a@bank"
    assert PAYEES.child("Nobody") is None


def test_a_path_leads_to_the_first_element_that_has_it_all() -> None:
    amount = ROOT.find("Payees/Payee/Amount")
    assert amount is not None
    assert amount.require("value") == "1.00"
    assert ROOT.find("Payees/Payee/Nothing") is None
    assert ROOT.find("") is None


def test_attributes_are_a_copy() -> None:
    payee = PAYEES.require_child("Payee")
    payee.attributes["addr"] = "thief@bank"
    assert payee.attributes == {"addr": "a@bank"}
    assert payee.get("type") is None
    assert payee.get("type", "PERSON") == "PERSON"


def test_what_is_missing_is_named_with_its_element() -> None:
    with pytest.raises(MalformedError, match="Payee has no attribute type"):
        PAYEES.require_child("Payee").require("type")
    with pytest.raises(MalformedError, match="Payees has no child Nobody"):
        PAYEES.require_child("Nobody")


def test_a_repr_shows_no_value() -> None:
    assert repr(PAYEES.require_child("Payee")) == "<Element Payee>"


def test_an_element_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PAYEES.name = "Payers"  # type: ignore[misc]


def test_an_element_outlives_its_root() -> None:
    amount = Element("Root", {}, [Element("Amount", {"value": "2.00"})]).require_child("Amount")
    assert amount.require("value") == "2.00"


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: Element(""), "name"),
        (lambda: Element("1st"), "name"),
        (lambda: Element("a:b"), "name"),
        (lambda: Element("Größe"), "name"),
        (lambda: Element("Signature"), "Signature"),
        (lambda: Element("A", {"b c": ""}), "A: an attribute's name"),
        (lambda: Element("A", {"xmlns": "urn:x"}), "A: an attribute's name"),
        (lambda: Element("A", {"b": "\0"}), "A: attribute b"),
        (lambda: Element("A", text="\x0b"), "A: the text"),
        (lambda: Element("A", text="\uffff"), "A: the text"),
        (lambda: Element("A", {}, [Element("B")], "text"), "beside its children"),
    ],
)
def test_what_is_no_element_is_refused(build: object, rule: str) -> None:
    assert callable(build)
    with pytest.raises(MalformedError, match=rule):
        build()


def test_an_element_of_depth_17_is_refused() -> None:
    element = Element("Deepest")
    for _ in range(15):
        element = Element("Level", {}, [element])
    with pytest.raises(MalformedError, match="deeper than 16"):
        Element("Level", {}, [element])
