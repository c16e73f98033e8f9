"""Whatever was changed, added, moved or signed in another way is refused."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
import xmlsec
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sikka_core import (
    MalformedError,
    SignatureError,
    XmlNode,
    parse_ack,
    sign_message,
)
from tests.core.judges import DSIG, sign_with_xmlsec, verify_with_xmlsec
from tests.core.keys import ORG_ID
from tests.core.messages import HEAD, PAY, UPI, as_element_tree, shape
from tests.core.signed import PAIR, signed_text, verify

if TYPE_CHECKING:
    from collections.abc import Callable

CONSTANTS = xmlsec.constants


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('value="10.00"', 'value="99.00"', 1),
        lambda text: text.replace("shop@sikka", "thief@sikka"),
        lambda text: text.replace('type="PAY"', 'type="REFUND"'),
        lambda text: text.replace(' type="PAY"', ""),
        lambda text: text.replace("<Payer ", '<Payer type="ENTITY" '),
        lambda text: text.replace("RespPay", "ReqPay"),
        lambda text: text.replace("upi:", "ns2:").replace(":upi", ":ns2"),
        lambda text: text.replace("<upi:RespPay", '<upi:RespPay xmlns:ns3="urn:x"'),
        lambda text: text.replace("one\ntwo", "one two"),
        lambda text: text.replace("one\ntwo", "one\ntwo "),
        lambda text: text.replace("<Payees>", "<Payees> "),
        lambda text: text.replace("<Signature ", "\n<Signature "),
        lambda text: text.replace("</Signature>", "</Signature>\n"),
        lambda text: text.replace("Tea &amp;", "Tea  &amp;"),
        lambda text: re.sub("(?s)(<Payer .*</Payer>)(<Payees>.*</Payees>)", r"\2\1", text),
        lambda text: re.sub("(<Amount [^/]*</Amount>)", r"\1\1", text, count=1),
        lambda text: re.sub("<Txn .*</Txn>", "", text),
        lambda text: text.replace("<SignedInfo>", "<SignedInfo> "),
        lambda text: re.sub("(<DigestValue>.{10})", "\\1\n", text),
    ],
)
def test_changed_content_is_refused(change: Callable[[str], str]) -> None:
    text = signed_text()
    changed = change(text)
    assert changed != text
    with pytest.raises(xmlsec.Error):
        verify_with_xmlsec(changed.encode(), PAIR)
    with pytest.raises(SignatureError):
        verify(changed.encode())


@given(st.data())
def test_a_changed_byte_is_refused_or_means_the_same(data: st.DataObject) -> None:
    message = signed_text().encode()
    place = data.draw(st.integers(0, len(message) - 1))
    octet = data.draw(st.integers(0, 255))
    changed = message[:place] + bytes([octet]) + message[place + 1 :]
    try:
        taken = verify(changed)
    except (MalformedError, SignatureError):
        return
    assert shape(taken.element) == shape(verify(message).element)


@given(st.integers(0, 10_000))
def test_a_truncated_message_is_refused(length: int) -> None:
    message = signed_text().encode()
    with pytest.raises(MalformedError):
        verify(message[: length % len(message)])


@given(st.binary(max_size=2000) | st.text().map(str.encode))
def test_arbitrary_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        verify(data)


SNIPPETS = ["<", ">", "/>", "<a>", "</a>", "&", "&#", ";", '"', "xmlns=", "<!--", "<?", "Signature"]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(SNIPPETS)), min_size=1))
def test_mangled_messages_raise_only_what_is_promised(changes: list[tuple[int, str]]) -> None:
    text = signed_text()
    for place, snippet in changes:
        begin = place % len(text)
        text = text[:begin] + snippet + text[begin + place % 7 :]
    try:
        taken = verify(text.encode())
    except (MalformedError, SignatureError):
        return
    assert shape(taken.element) == shape(verify(signed_text().encode()).element)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("<Head", "<!DOCTYPE a><Head", 1),
        lambda text: "<!DOCTYPE a []>" + text,
        lambda text: '<!DOCTYPE a [<!ENTITY amount "99.00">]>' + text.replace("10.00", "&amount;"),
        lambda text: text.replace("one\ntwo", "one\n<!-- -->two"),
        lambda text: text.replace("<Payer ", "<!-- --><Payer "),
        lambda text: text.replace("<Payer ", "<?go home?><Payer "),
        lambda text: text.replace("one\ntwo", "<![CDATA[one\ntwo]]>"),
        lambda text: text + "<!-- -->",
    ],
)
def test_what_can_hide_content_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(MalformedError, match="refused|follows"):
        verify(change(signed_text()).encode())


# The Signature ---------------------------------------------------------------------------------


def signature_of(text: str) -> str:
    found = re.search("<Signature .*</Signature>", text)
    assert found
    return found[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda text, own: text.replace(own, ""),
        lambda text, own: text.replace(own, own + own),
        lambda text, own: text.replace(own, "").replace("<Payer ", own + "<Payer "),
        lambda text, own: text.replace(own, "").replace("</Payer>", own + "</Payer>"),
        lambda text, own: text.replace(own, own + "<Payer></Payer>"),
        lambda text, own: text.replace("</Payer>", own + "</Payer>"),
        lambda text, own: text.replace("</KeyInfo>", own + "</KeyInfo>"),
        lambda text, own: text.replace("</Payer>", "<Signature></Signature></Payer>"),
        lambda text, own: text.replace("<Payer ", '<Signature xmlns="urn:x"/><Payer '),
    ],
)
def test_the_one_signature_is_the_last_child_of_the_root(
    change: Callable[[str, str], str],
) -> None:
    text = signed_text()
    with pytest.raises(MalformedError, match="Signature"):
        verify(change(text, signature_of(text)).encode())


@pytest.mark.parametrize("place", ["before", "inside", "around"])
def test_wrapping_the_signed_message_is_refused(place: str) -> None:
    text = signed_text()
    own = signature_of(text)
    inner = text.replace(own, "")
    forged = f'<Head orgId="{ORG_ID}"/><Payer addr="thief@bank"/>'
    wrapped = {
        "before": f'<upi:RespPay xmlns:upi="{UPI}">{inner}{forged}{own}</upi:RespPay>',
        "inside": f'<upi:RespPay xmlns:upi="{UPI}">{forged}'
        + own.replace("</KeyInfo>", f"<Object>{inner}</Object></KeyInfo>")
        + "</upi:RespPay>",
        "around": f'<upi:RespPay xmlns:upi="{UPI}">{forged}<Extra>{text}</Extra></upi:RespPay>',
    }[place]
    etree.fromstring(wrapped.encode())
    with pytest.raises(MalformedError):
        verify(wrapped.encode())


def test_an_unqualified_wrapper_does_not_verify() -> None:
    text = signed_text()
    own = signature_of(text)
    inner = re.sub("</?upi:RespPay[^>]*>", "", text.replace(own, ""))
    wrapped = (
        f'<upi:RespPay xmlns:upi="{UPI}"><Head orgId="{ORG_ID}"/><Extra>{inner}</Extra>{own}'
        "</upi:RespPay>"
    )
    with pytest.raises(SignatureError):
        verify(wrapped.encode())


def test_a_signature_of_another_message_is_refused() -> None:
    text, other = signed_text(), signed_text((HEAD,))
    swapped = text.replace(signature_of(text), signature_of(other))
    with pytest.raises(SignatureError, match="digest"):
        verify(swapped.encode())


def test_a_digest_made_to_fit_needs_a_new_signature() -> None:
    text = signed_text().replace("10.00", "99.00")
    fitting = signed_text(tuple(read_nodes(text)))
    digest = re.search("<DigestValue>.*</DigestValue>", fitting)
    assert digest
    forged = re.sub("<DigestValue>.*</DigestValue>", lambda _: digest[0], text)
    with pytest.raises(SignatureError, match="RSA"):
        verify(forged.encode())


def read_nodes(text: str) -> list[XmlNode]:
    """The children of a message as plain nodes, without its Signature."""

    def node(element: etree._Element) -> XmlNode:
        children = tuple(node(child) for child in element)
        return (element.tag, dict(element.attrib), children or (element.text or ""))

    return [node(child) for child in etree.fromstring(text.encode())[:-1]]


@pytest.mark.parametrize(
    "options",
    [
        {"signature": CONSTANTS.TransformRsaSha1},
        {"signature": CONSTANTS.TransformRsaSha512},
        {"digest": CONSTANTS.TransformSha1},
        {"digest": CONSTANTS.TransformSha512},
        {"canonicalisation": CONSTANTS.TransformExclC14N},
        {"canonicalisation": CONSTANTS.TransformInclC14NWithComments},
        {"canonicalisation": CONSTANTS.TransformInclC14N11},
        {"transforms": (CONSTANTS.TransformEnveloped, CONSTANTS.TransformInclC14N)},
        {"transforms": (CONSTANTS.TransformEnveloped, CONSTANTS.TransformExclC14N)},
        {"transforms": (CONSTANTS.TransformEnveloped, CONSTANTS.TransformEnveloped)},
    ],
)
def test_another_algorithm_is_refused_although_it_verifies(options: dict[str, object]) -> None:
    root = as_element_tree("ReqPay", PAY)
    message = sign_with_xmlsec(root, PAIR, **options)
    verify_with_xmlsec(message, PAIR)
    with pytest.raises(MalformedError, match="outside of the profile|holds too much"):
        verify(message)


def test_an_hmac_under_the_public_key_is_refused() -> None:
    root = as_element_tree("ReqPay", PAY)
    template = xmlsec.template.create(
        root, CONSTANTS.TransformInclC14N, CONSTANTS.TransformHmacSha256
    )
    root.append(template)
    reference = xmlsec.template.add_reference(template, CONSTANTS.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, CONSTANTS.TransformEnveloped)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(CONSTANTS.KeyDataHmac, PAIR.public_pem)
    context.sign(template)
    with pytest.raises(MalformedError, match="SignatureMethod"):
        verify(etree.tostring(root))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' URI=""', ' URI="#a"'),
        (' URI=""', ""),
        (' URI=""', ' URI="http://example.org/"'),
        (' URI=""', ' URI="" Id="a"'),
        (' URI=""', ' URI="" Type="a"'),
        ("<SignedInfo>", '<SignedInfo Id="a">'),
        ("<Signature ", '<Signature Id="a" '),
        ("</SignatureMethod>", "<HMACOutputLength>1</HMACOutputLength></SignatureMethod>"),
        ("</Transform>", "<XPath>true</XPath></Transform>"),
        ("</Transforms>", "</Transforms><Transforms></Transforms>"),
        ("</Reference>", '</Reference><Reference URI="a"></Reference>'),
        ("</Signature>", "<Object></Object></Signature>"),
        ("<KeyInfo>", "<Object></Object><KeyInfo>"),
        ("</DigestValue>", "!</DigestValue>"),
        ("</SignatureValue>", "*</SignatureValue>"),
        ("</KeyInfo>", "text</KeyInfo>"),
        (f' xmlns="{DSIG}"', ""),
        (f' xmlns="{DSIG}"', ' xmlns="urn:x"'),
        (f' xmlns="{DSIG}"', f' xmlns="{DSIG}" xmlns:more="urn:x"'),
        ("<SignedInfo>", f'<SignedInfo xmlns="{DSIG}">'),
        ("<KeyInfo>", '<KeyInfo xmlns:x="urn:x">'),
    ],
)
def test_a_signature_outside_of_the_profile_is_refused(old: str, new: str) -> None:
    text = signed_text()
    assert old in text
    with pytest.raises(MalformedError):
        verify(text.replace(old, new, 1).encode())


@pytest.mark.parametrize("element", ["SignedInfo", "SignatureValue", "Transforms", "DigestValue"])
def test_no_part_of_a_signature_may_be_missing(element: str) -> None:
    text = re.sub(f"<{element}>.*</{element}>", "", signed_text())
    with pytest.raises(MalformedError):
        verify(text.encode())


@pytest.mark.parametrize("value", ["", "AAAA", base64.b64encode(b"\0" * 256).decode()])
def test_an_empty_or_short_signature_is_refused(value: str) -> None:
    text = re.sub("<(SignatureValue)>.*</", rf"<\1>{value}</", signed_text())
    with pytest.raises((MalformedError, SignatureError)):
        verify(text.encode())


@pytest.mark.parametrize("value", ["", "AAAA", base64.b64encode(b"\0" * 32).decode()])
def test_an_empty_or_short_digest_is_refused(value: str) -> None:
    root = as_element_tree("ReqPay", PAY)
    text = sign_with_xmlsec(root, PAIR).decode()
    text = re.sub("<DigestValue>.*</DigestValue>", f"<DigestValue>{value}</DigestValue>", text)
    with pytest.raises(SignatureError):
        verify(text.encode())


# Who signed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("children", "rule"),
    [
        ((), "no Head"),
        ((("Txn", {}, (HEAD,)),), "no Head"),
        ((HEAD, HEAD), "more than one Head"),
        ((("Head", {"orgID": ORG_ID}, ()),), "Head has no attribute orgId"),
    ],
)
def test_one_head_tells_who_signed(children: tuple[XmlNode, ...], rule: str) -> None:
    with pytest.raises(MalformedError, match=rule):
        verify(sign_message(PAIR.signing, "ReqPay", children))


def test_a_signed_message_is_no_ack() -> None:
    with pytest.raises(MalformedError, match="Signature"):
        parse_ack(signed_text().encode())


def test_a_message_over_64_kib_is_refused() -> None:
    text = signed_text().replace("one\ntwo", "x" * 65_536)
    with pytest.raises(MalformedError, match="64 KiB"):
        verify(text.encode())
