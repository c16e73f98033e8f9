from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from lxml import etree

from sikka_core import (
    MalformedError,
    XmlNode,
    parse_ack,
    sign_message,
    verify_message,
    write_message,
)
from tests.core.judges import (
    DSIG,
    verify_with_command,
    verify_with_signxml,
    verify_with_xmlsec,
)
from tests.core.keys import NOW_S, certificate_pem, key_pair
from tests.core.messages import (
    HEAD,
    PAY,
    UPI,
    as_element_tree,
    contents,
    shape,
    shape_of_lxml,
)

if TYPE_CHECKING:
    from pathlib import Path

PAIR = key_pair("gateway")
CERTIFICATE_PEM = certificate_pem(PAIR.private)


def signed(children: tuple[XmlNode, ...] = PAY) -> bytes:
    return sign_message(PAIR.signing, "ReqPay", children)


@given(contents)
def test_xmlsec_takes_what_we_sign(children: tuple[XmlNode, ...]) -> None:
    verify_with_xmlsec(signed(children), PAIR)


@given(contents)
def test_signxml_takes_what_we_sign(children: tuple[XmlNode, ...]) -> None:
    verify_with_signxml(signed(children), CERTIFICATE_PEM)


@settings(max_examples=5)
@given(contents)
def test_the_xmlsec1_command_takes_what_we_sign(
    tmp_path_factory: pytest.TempPathFactory, children: tuple[XmlNode, ...]
) -> None:
    folder = tmp_path_factory.mktemp("xmlsec1")
    verify_with_command(signed(children), "--pubkey-pem", PAIR.public_pem, folder)


def test_the_xmlsec1_command_takes_a_payment_under_a_certificate(tmp_path: Path) -> None:
    verify_with_command(signed(), "--pubkey-cert-pem", CERTIFICATE_PEM, tmp_path)


@given(contents)
def test_we_take_what_we_sign(children: tuple[XmlNode, ...]) -> None:
    message = verify_message(signed(children), PAIR.ring, NOW_S)
    assert message.root == "ReqPay"
    assert shape(message.element) == shape_of_lxml(as_element_tree("ReqPay", children))


@given(contents)
def test_what_is_written_is_canonical(children: tuple[XmlNode, ...]) -> None:
    written = write_message("ReqPay", {}, children)
    assert written == etree.tostring(as_element_tree("ReqPay", children), method="c14n")


@given(contents)
def test_a_signature_is_all_that_signing_adds(children: tuple[XmlNode, ...]) -> None:
    message = signed(children)
    begin, end = message.rindex(b"<Signature "), message.rindex(b"</upi:ReqPay>")
    assert message[:begin] + message[end:] == write_message("ReqPay", {}, children)


def test_a_signature_has_the_profile_of_upi() -> None:
    root = etree.fromstring(signed())
    signature = root[-1]
    assert signature.tag == f"{{{DSIG}}}Signature"
    assert signature.prefix is None
    assert {element.tag.rpartition("}")[0] for element in signature.iter()} == {f"{{{DSIG}"}
    algorithms = [
        (etree.QName(element).localname, element.get("Algorithm"))
        for element in signature.iter()
        if element.get("Algorithm")
    ]
    assert algorithms == [
        ("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        ("Transform", f"{DSIG}enveloped-signature"),
        ("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
    ]
    numbers = PAIR.private.public_key().public_numbers()
    value = signature.find(f"{{{DSIG}}}KeyInfo/{{{DSIG}}}KeyValue/{{{DSIG}}}RSAKeyValue")
    assert int.from_bytes(b64decode(value[0].text)) == numbers.n
    assert value[1].text == "AQAB"
    digest = signature.findtext(f".//{{{DSIG}}}DigestValue")
    content = write_message("ReqPay", {}, PAY)
    assert b64decode(digest) == hashlib.sha256(content).digest()


def test_a_message_has_one_line_and_no_declaration() -> None:
    message = sign_message(PAIR.signing, "ReqHbt", (HEAD,))
    assert message.startswith(f'<upi:ReqHbt xmlns:upi="{UPI}"><Head msgId='.encode())
    assert message.endswith(b"</Signature></upi:ReqHbt>")
    assert b"\n" not in message


def test_an_attribute_of_none_is_left_out() -> None:
    written = write_message("Ack", {"api": "ReqPay", "err": None}, (("A", {"b": None}, ()),))
    assert written == f'<upi:Ack xmlns:upi="{UPI}" api="ReqPay"><A></A></upi:Ack>'.encode()


def test_any_mapping_and_sequence_will_do() -> None:
    class Attributes(dict[str, str]):
        pass

    listed = write_message("Ack", Attributes(a="1"), [("A", Attributes(b="2"), [("B", {}, "c")])])
    assert listed == write_message("Ack", {"a": "1"}, (("A", {"b": "2"}, (("B", {}, "c"),)),))


def test_attributes_sort_by_their_bytes() -> None:
    names = ["acNum", "IFSC", "_", "a-b", "a.b", "a1", "aB", "ab"]
    written = write_message("Ack", dict.fromkeys(names, ""), ())
    places = [written.index(f' {name}="'.encode()) for name in sorted(names)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("children", "rule"),
    [
        ((("a:b", {}, ()),), "name"),
        ((("", {}, ()),), "name"),
        ((("é", {}, ()),), "name"),
        ((("Signature", {}, ()),), "Signature"),
        ((("A", {"": "x"}, ()),), "A: an attribute's name"),
        ((("A", {"xmlns": "x"}, ()),), "A: an attribute's name"),
        ((("A", {"xmlns:b": "x"}, ()),), "A: an attribute's name"),
        ((("A", {"b": "\x01"}, ()),), "A: attribute b"),
        ((("A", {"b": "\ufffe"}, ()),), "A: attribute b"),
        ((("A", {}, "\x7f\x0c"),), "A: the text"),
        ((("A", {"b": "\ud800"}, ()),), "Unicode"),
        ((("A", {}, "x" * 65_536),), "64 KiB"),
        ((("A", {"b": "x" * 65_000}, ()),), "64 KiB"),
    ],
)
def test_what_no_peer_would_take_is_not_signed(children: tuple[XmlNode, ...], rule: str) -> None:
    with pytest.raises(MalformedError, match=rule):
        signed(children)


@pytest.mark.parametrize("root", ["", "upi:Ack", "A B", "Signature", "1"])
def test_a_root_needs_a_name(root: str) -> None:
    with pytest.raises(MalformedError):
        write_message(root, {}, ())


def test_depth_is_bounded_and_a_cycle_ends() -> None:
    node: XmlNode = ("Deepest", {}, ())
    for _ in range(14):
        node = ("Level", {}, (node,))
    parse_ack(write_message("Root", {}, (node,)))
    with pytest.raises(MalformedError, match="deeper than 16"):
        write_message("Root", {}, (("Level", {}, (node,)),))
    cycle: list[XmlNode] = []
    cycle.append(("Again", {}, cycle))
    with pytest.raises(MalformedError, match="deeper than 16"):
        write_message("Root", {}, cycle)


@pytest.mark.parametrize(
    "children",
    [
        "text",
        [("A", {})],
        [("A", {}, (), ())],
        ["ABC"],
        [("A", [], ())],
        [("A", {"b": 1}, ())],
        [("A", {1: "b"}, ())],
        [("A", {}, 5)],
        [(1, {}, ())],
        None,
    ],
)
def test_another_shape_is_a_type_error(children: object) -> None:
    with pytest.raises(TypeError):
        write_message("Ack", {}, children)  # type: ignore[arg-type]
