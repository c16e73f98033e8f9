"""Messages for the tests: one that looks like UPI, and strategies for whatever may be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from lxml import etree

from tests.core.keys import ORG_ID

if TYPE_CHECKING:
    from sikka_core import Element, XmlNode

UPI = "http://npci.org/upi/schema/"

HEAD: XmlNode = ("Head", {"ver": "2.0", "orgId": ORG_ID, "msgId": "SKA" + "0" * 32}, ())

PAY: tuple[XmlNode, ...] = (
    HEAD,
    ("Txn", {"id": "SKA" + "1" * 32, "type": "PAY", "note": 'Tea & "biscuits" <2>'}, ()),
    ("Payer", {"addr": "asha@simbank"}, (("Amount", {"value": "10.00", "curr": "INR"}, ()),)),
    (
        "Payees",
        {},
        (
            (
                "Payee",
                {"addr": "shop@sikka", "IFSC": "SIMB0000001"},
                (("Amount", {"value": "10.00", "curr": "INR"}, ()), ("Note", {}, "one\ntwo")),
            ),
        ),
    ),
)

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9._\-]{0,11}", fullmatch=True).filter(
    lambda name: name not in {"Signature", "Head"} and not name.lower().startswith("xml")
)
texts = st.text(
    st.one_of(
        st.sampled_from("&<>\"'\t\n\r ]"),
        st.characters(
            exclude_categories=["Cs"],
            exclude_characters=[*map(chr, range(0x20)), "\ufffe", "\uffff"],
        ),
    ),
    max_size=20,
)
attributes = st.dictionaries(names, texts, max_size=4)
nodes = st.recursive(
    st.tuples(names, attributes, texts),
    lambda inner: st.tuples(names, attributes, st.lists(inner, max_size=3).map(tuple)),
    max_leaves=8,
)
contents = st.lists(nodes, max_size=4).map(lambda drawn: (HEAD, *drawn))
"""The children of a root element, with the Head that tells who signed."""


def as_element_tree(root: str, children: tuple[XmlNode, ...]) -> etree._Element:
    """The message as lxml holds it, made without the core."""
    element = etree.Element(etree.QName(UPI, root), nsmap={"upi": UPI})
    append(element, children)
    return element


def append(parent: etree._Element, children: tuple[XmlNode, ...]) -> None:
    for name, given, content in children:
        element = etree.SubElement(parent, name, dict(given))
        if isinstance(content, str):
            element.text = content
        else:
            append(element, tuple(content))


def shape(element: Element) -> object:
    """Everything that an Element says, as plain data."""
    return (
        element.name,
        element.attributes,
        element.text,
        [shape(child) for child in element.children()],
    )


def shape_of_lxml(element: etree._Element) -> object:
    """The same of an lxml element; white space between elements does not count."""
    children = [shape_of_lxml(child) for child in element]
    text = "" if children else (element.text or "")
    return (etree.QName(element).localname, dict(element.attrib), text, children)
