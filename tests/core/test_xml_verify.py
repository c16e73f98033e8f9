"""What the peers sign is taken in every spelling, under the keys that are pinned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sikka_core import (
    KeyRing,
    SignatureError,
    XmlNode,
    sign_message,
    verify_message,
)
from tests.core.judges import DSIG, add_key_value, sign_with_xmlsec, verify_with_xmlsec
from tests.core.keys import NOW_S, ORG_ID
from tests.core.messages import PAY, UPI, as_element_tree, contents, shape, shape_of_lxml
from tests.core.signed import OTHER, PAIR, signed_text, verify

if TYPE_CHECKING:
    from collections.abc import Callable


def read(text: str) -> etree._Element:
    return etree.fromstring(text.encode())


# What peers sign -------------------------------------------------------------------------------


@given(contents)
def test_what_xmlsec_signs_is_taken(children: tuple[XmlNode, ...]) -> None:
    root = as_element_tree("ReqPay", children)
    expected = shape_of_lxml(root)
    message = verify(sign_with_xmlsec(root, PAIR))
    assert (message.root, message.org_id) == ("ReqPay", ORG_ID)
    assert shape(message.element) == expected


@given(contents, st.sampled_from([None, "ds", "sig"]), st.booleans())
def test_prefix_and_line_breaks_of_the_signature_do_not_matter(
    children: tuple[XmlNode, ...], prefix: str | None, line_breaks: bool
) -> None:
    root = as_element_tree("ReqPay", children)
    verify(sign_with_xmlsec(root, PAIR, prefix=prefix, line_breaks=line_breaks))


HEAD_TEXT = f'<Head orgId="{ORG_ID}"/>'
CENTRAL_MAPPER = 'xmlns:ns3="http://npci.org/cm/schema/"'
ENTITIES = (
    '<Head orgId="&#52;00011" note="&lt;&amp;&quot;&apos;&gt;&#9;&#xA;é"/><T>&#x20AC;&#13;</T>'
)
INDENTED = f'\n  <Head\torgId="{ORG_ID}"  />\n  <Txn>\n    <Rules/>\n  </Txn>\n'


@pytest.mark.parametrize(
    "root",
    [
        f'<ns2:RespPay xmlns:ns2="{UPI}" {CENTRAL_MAPPER}>{HEAD_TEXT}</ns2:RespPay>',
        f'<z:RespPay {CENTRAL_MAPPER} xmlns:z="{UPI}" xmlns:a="urn:a">{HEAD_TEXT}</z:RespPay>',
        f'<upi:RespPay xmlns:upi="{UPI}" xmlns:again="{UPI}">{HEAD_TEXT}</upi:RespPay>',
        f'<upi:RespPay xmlns:upi="{UPI}" xmlns:ds="{DSIG}">{HEAD_TEXT}</upi:RespPay>',
        f'<upi:RespPay xmlns:upi="{UPI}" b="2" a="1">{HEAD_TEXT}</upi:RespPay>',
        f'<upi:RespPay xmlns:upi="{UPI}">{INDENTED}</upi:RespPay>',
        f'<upi:RespPay xmlns:upi="{UPI}">{ENTITIES}</upi:RespPay>',
        f"<upi:RespPay xmlns:upi='{UPI}'><Head orgId='{ORG_ID}' a='\"'/></upi:RespPay>",
    ],
)
@pytest.mark.parametrize("prefix", [None, "ds"])
def test_every_shape_of_a_peers_root_is_taken(root: str, prefix: str | None) -> None:
    tree = read(root)
    expected = shape_of_lxml(tree)
    message = verify(sign_with_xmlsec(tree, PAIR, prefix=prefix))
    assert message.root == "RespPay"
    assert shape(message.element) == expected


@pytest.mark.parametrize(
    "respell",
    [
        lambda text: '<?xml version="1.0" encoding="UTF-8"?>\n' + text,
        lambda text: text + "\r\n",
        lambda text: text.replace("one\ntwo", "one\r\ntwo"),
        lambda text: text.replace("one\ntwo", "one\rtwo"),
        lambda text: text.replace("></Amount>", "/>"),
        lambda text: text.replace("></Amount>", "></Amount\n>"),
        lambda text: text.replace(
            '<Amount curr="INR" value="10.00"', "<Amount value='10.00'\r\n curr = 'INR'"
        ),
        lambda text: text.replace("10.00", "&#49;0&#x2e;00"),
        lambda text: text.replace("&quot;", "&#34;").replace("&lt;", "&#x3C;"),
        lambda text: re.sub("(<SignatureValue>.{60})", r"\1&#13;\n", text),
        lambda text: re.sub("(<SignatureValue>.{60})", "\\1\r\n ", text),
        lambda text: re.sub("(<Modulus>.{60})", "\\1\r\n ", text),
        lambda text: re.sub("<KeyInfo>.*</KeyInfo>", "", text),
        lambda text: re.sub("<KeyValue>.*</KeyValue>", "<KeyName>any</KeyName>", text),
        lambda text: text.replace("<SignatureValue>", "\r\n<SignatureValue>"),
    ],
)
def test_another_spelling_of_the_same_message_is_taken(respell: Callable[[str], str]) -> None:
    text = signed_text()
    respelled = respell(text)
    assert respelled != text
    assert shape(verify(respelled.encode()).element) == shape(verify(text.encode()).element)
    if "<KeyName>" not in respelled:
        verify_with_xmlsec(respelled.encode(), PAIR)


def test_an_element_has_no_signature_and_equals_what_was_signed() -> None:
    message = verify(signed_text().encode())
    assert [child.name for child in message.element.children()] == [
        "Head",
        "Txn",
        "Payer",
        "Payees",
    ]
    amount = message.element.find("Payees/Payee/Amount")
    assert amount is not None
    assert amount.attributes == {"value": "10.00", "curr": "INR"}
    assert message.element.require_child("Txn").get("note") == 'Tea & "biscuits" <2>'
    assert repr(message) == "<Message RespPay of 400011>"


# Keys ------------------------------------------------------------------------------------------


def test_a_key_inside_the_message_is_not_trusted() -> None:
    forged = sign_message(OTHER.signing, "RespPay", PAY)
    verify_with_xmlsec(forged, OTHER)
    with pytest.raises(SignatureError, match="RSA"):
        verify(forged)


def test_another_key_value_changes_nothing() -> None:
    root = etree.fromstring(signed_text().encode())
    signature = root[-1]
    signature.remove(signature.find(f"{{{DSIG}}}KeyInfo"))
    add_key_value(signature, OTHER, line_breaks=False)
    assert verify(etree.tostring(root)).org_id == ORG_ID


def test_an_unknown_organisation_is_refused() -> None:
    ring = KeyRing([("400012", PAIR.verifying, 0, 2 * NOW_S)])
    with pytest.raises(SignatureError, match="not in the key ring"):
        verify_message(signed_text().encode(), ring, NOW_S)
    with pytest.raises(SignatureError, match="not in the key ring"):
        verify_message(signed_text().encode(), KeyRing([]), NOW_S)


def test_an_organisation_cannot_sign_for_another() -> None:
    ring = KeyRing(
        [(ORG_ID, PAIR.verifying, 0, 2 * NOW_S), ("400012", OTHER.verifying, 0, 2 * NOW_S)]
    )
    with pytest.raises(SignatureError, match="RSA"):
        verify_message(sign_message(OTHER.signing, "RespPay", PAY), ring, NOW_S)


@pytest.mark.parametrize("now_s", [NOW_S - 61, NOW_S + 61, 0, -1])
def test_a_key_is_refused_outside_of_its_time(now_s: int) -> None:
    with pytest.raises(SignatureError, match="no key that is valid now"):
        verify_message(signed_text().encode(), PAIR.ring, now_s)


@pytest.mark.parametrize("now_s", [NOW_S - 60, NOW_S + 60])
def test_a_key_is_taken_at_both_ends_of_its_time(now_s: int) -> None:
    verify_message(signed_text().encode(), PAIR.ring, now_s)


def test_two_keys_overlap_during_a_rotation() -> None:
    ring = KeyRing(
        [(ORG_ID, OTHER.verifying, 0, NOW_S), (ORG_ID, PAIR.verifying, NOW_S - 10, 2 * NOW_S)]
    )
    old, new = sign_message(OTHER.signing, "RespPay", PAY), signed_text().encode()
    verify_message(old, ring, NOW_S)
    verify_message(new, ring, NOW_S)
    with pytest.raises(SignatureError):
        verify_message(old, ring, NOW_S + 1)
    with pytest.raises(SignatureError):
        verify_message(new, ring, NOW_S - 11)
