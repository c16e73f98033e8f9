from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sikka_core import MalformedError, XmlNode, parse_ack, write_message
from tests.core.messages import PAY, UPI, contents, shape, shape_of_lxml

OPEN = f'<upi:Ack xmlns:upi="{UPI}"'
ACK = f'{OPEN} api="ReqPay" reqMsgId="M1"></upi:Ack>'
SNIPPETS = [
    "<", ">", "/>", "</", "&", ";", "&amp;", "&#", "&#x", "&lt;", '"', "'", "=", " ", "\n", "\r\n",
    "\t", "<!--", "-->", "<![CDATA[", "]]>", "<?a ?>", "<!DOCTYPE a>", "&x;", "xmlns=''", "xmlns:",
    ' a="1"', "\0", "\ufffe", "é", "upi:", "<a>", "</a>", "<a/>", "&#13;", "&#xD800;", "&#0;",
]  # fmt: skip


def lxml_shape(data: bytes) -> object:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return shape_of_lxml(etree.fromstring(data, parser))


@given(contents)
def test_another_parser_reads_the_same(children: tuple[XmlNode, ...]) -> None:
    data = write_message("Ack", {}, children)
    assert shape(parse_ack(data)) == lxml_shape(data)


@given(contents, st.lists(st.tuples(st.integers(0, 2**16), st.sampled_from(SNIPPETS)), max_size=4))
def test_whatever_is_taken_means_the_same_to_another_parser(
    children: tuple[XmlNode, ...], changes: list[tuple[int, str]]
) -> None:
    text = write_message("Ack", {}, children).decode()
    for place, snippet in changes:
        begin = place % (len(text) + 1)
        text = text[:begin] + snippet + text[begin + place % 3 :]
    data = text.encode()
    try:
        element = parse_ack(data)
    except MalformedError:
        return
    assert shape(element) == lxml_shape(data)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_arbitrary_bytes_are_refused_and_never_break_the_parser(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_ack(data)


@given(st.integers(0, 3000), st.binary(max_size=4))
def test_damaged_bytes_never_break_the_parser(place: int, octets: bytes) -> None:
    data = write_message("ReqPay", {}, PAY)
    begin = place % len(data)
    damaged = data[:begin] + octets + data[begin + len(octets) :]
    try:
        element = parse_ack(damaged)
    except MalformedError:
        return
    assert shape(element) == lxml_shape(damaged)


@pytest.mark.parametrize(
    "data",
    [
        ACK,
        ACK.replace("></upi:Ack>", "/>"),
        ACK.replace("upi:", "ns2:").replace(":upi", ":ns2"),
        ACK.replace('"ReqPay"', "'ReqPay'"),
        ACK.replace(" api", "\r\n\t api"),
        ACK.replace("></", " ></").replace("Ack>", "Ack\n>"),
        ACK.replace("=", " = "),
        ACK.replace("ReqPay", "&#82;&#x65;q&#80;ay"),
        ACK + "\n \t",
        "\n" + ACK,
        f'<?xml version="1.0"?>{ACK}',
        f'<?xml version="1.0" encoding="UTF-8"?>\r\n{ACK}',
        f"<?xml version='1.0'  encoding = 'utf-8' standalone='yes' ?>{ACK}",
        f'<?xml version="1.0" standalone="no"?>{ACK}',
        ACK.replace("<upi:Ack", '<upi:Ack xmlns:ns3="http://npci.org/cm/schema/"'),
    ],
)
def test_every_spelling_of_an_ack_is_read(data: str) -> None:
    element = parse_ack(data.encode())
    assert element.name == "Ack"
    assert element.attributes == {"api": "ReqPay", "reqMsgId": "M1"}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("", "not XML"),
        ("Ack", "not XML"),
        ("<", "name"),
        ("<Ack/>", "no prefix"),
        (f'<Ack xmlns="{UPI}"/>', "no prefix"),
        ("<upi:Ack/>", "UPI namespace"),
        ('<upi:Ack xmlns:upi="http://example.org/"/>', "UPI namespace"),
        (f'<upi:Ack xmlns:upi="{UPI}" xmlns="urn:x"/>', "default namespace"),
        (f'<upi:Ack xmlns:upi="{UPI}" xmlns=""/>', "reserved or empty"),
        (f'<upi:Ack xmlns:upi="{UPI}" xmlns:x=""/>', "reserved or empty"),
        (f'<upi:Ack xmlns:upi="{UPI}" xmlns:xml="urn:x"/>', "reserved or empty"),
        (f'<upi:Ack xmlns:upi="{UPI}" xmlns:XMLish="urn:x"/>', "reserved or empty"),
        (f"{OPEN} upi:api=''/>", "attribute has a prefix"),
        (f"{OPEN} xml:lang='en'/>", "attribute has a prefix"),
        (f"{OPEN} a='1' a='2'/>", "twice"),
        (f"{OPEN} b='1' a='1' b='2'/>", "twice"),
        (f'{OPEN} xmlns:upi="{UPI}"/>', "twice"),
        (f"{OPEN} a='1'b='2'/>", "not closed"),
        (f"{OPEN} a=1/>", "quotes"),
        (f"{OPEN} a/>", "no value"),
        (f"{OPEN} a='<'/>", '"<"'),
        (f"{OPEN} a='x/>", "value is not closed"),
        (f"{OPEN} a='\0'/>", "forbids"),
        (f"{OPEN} a='\ufffe'/>", "forbids"),
        (f"{OPEN} a='&#0;'/>", "predefined"),
        (f"{OPEN} a='&#xFFFF;'/>", "predefined"),
        (f"{OPEN} a='&#xD800;'/>", "predefined"),
        (f"{OPEN} a='&#x110000;'/>", "predefined"),
        (f"{OPEN} a='&#99999999999;'/>", "predefined"),
        (f"{OPEN} a='&#;'/>", "predefined"),
        (f"{OPEN} a='&#x;'/>", "predefined"),
        (f"{OPEN} a='&#+65;'/>", "predefined"),
        (f"{OPEN} a='&#X41;'/>", "predefined"),
        (f"{OPEN} a='&nbsp;'/>", "predefined"),
        (f"{OPEN} a='&amp'/>", "reference is not closed"),
        (f"{OPEN}>&unknown;</upi:Ack>", "predefined"),
        (f"{OPEN}>a]]>b</upi:Ack>", '"]]>"'),
        (f"{OPEN}>\x08</upi:Ack>", "forbids"),
        (f"{OPEN}>", "ends before"),
        (f"{OPEN}></upi:ack>", "does not fit"),
        (f"{OPEN}></Ack>", "does not fit"),
        (f"{OPEN}></upi:Ackk>", "does not fit"),
        (f"{OPEN}><a></upi:Ack></a>", "does not fit"),
        (f"{OPEN}><a:b/></upi:Ack>", "qualified"),
        (f"{OPEN}><upi:Err/></upi:Ack>", "qualified"),
        (f'{OPEN}><Err xmlns="urn:x"/></upi:Ack>', "qualified"),
        (f'{OPEN}><Err xmlns:x="urn:x"/></upi:Ack>', "qualified"),
        (f"{OPEN}>text<a/></upi:Ack>", "beside its children"),
        (f"{OPEN}><a><b/>text</a></upi:Ack>", "beside its children"),
        (f"{OPEN}><Signature/></upi:Ack>", "Signature"),
        (f"{ACK}<a/>", "follows the root"),
        (f"{ACK}x", "follows the root"),
        (f"{ACK}<!-- -->", "follows the root"),
        (f"<!-- -->{ACK}", "comments"),
        (f"<!DOCTYPE a>{ACK}", "DTDs"),
        (f'<!DOCTYPE a [<!ENTITY b "c">]>{ACK}', "DTDs"),
        (f"<?a b?>{ACK}", "processing instructions"),
        (f"{OPEN}><!-- --></upi:Ack>", "comments"),
        (f"{OPEN}><![CDATA[a]]></upi:Ack>", "CDATA"),
        (f"{OPEN}><?a b?></upi:Ack>", "processing instructions"),
        (f'<?xml version="1.1"?>{ACK}', "declaration"),
        (f'<?xml encoding="UTF-8"?>{ACK}', "declaration"),
        (f'<?xml version="1.0" encoding="UTF-16"?>{ACK}', "declaration"),
        (f'<?xml version="1.0" encoding="ISO-8859-1"?>{ACK}', "declaration"),
        (f'<?xml version="1.0" version="1.0"?>{ACK}', "declaration"),
        (f'<?xml version="1.0" standalone="no" encoding="UTF-8"?>{ACK}', "declaration"),
        (f'<?xml version="1.0" standalone="maybe"?>{ACK}', "declaration"),
        (f"<?xml?>{ACK}", "declaration"),
        (f'<?xml version="1.0">{ACK}', "declaration"),
        (f' <?xml version="1.0"?>{ACK}', "processing instructions"),
        (f"\ufeff{ACK}", "not XML"),
        (f"<1:Ack xmlns:upi='{UPI}'/>", "name"),
        (f"<upi:1 xmlns:upi='{UPI}'/>", "name"),
        (f"<upi:A:b xmlns:upi='{UPI}'/>", "not closed"),
        (f"<:Ack xmlns:upi='{UPI}'/>", "name"),
        (f"{OPEN}" + " ".join(f"a{n}=''" for n in range(65)) + "/>", "not closed|64 attributes"),
        (f"{OPEN} " + " ".join(f"a{n}=''" for n in range(65)) + "/>", "64 attributes"),
        (f"{OPEN}>{'<a>' * 16}{'</a>' * 16}</upi:Ack>", "deeper than 16"),
        (f"{OPEN}>{'<a>' * 20_000}", "deeper than 16"),
        (f"{OPEN}>{'x' * 65_536}</upi:Ack>", "64 KiB"),
    ],
)
def test_what_is_outside_of_the_profile_is_refused(data: str, rule: str) -> None:
    with pytest.raises(MalformedError, match=rule):
        parse_ack(data.encode())


def test_only_utf_8_is_read() -> None:
    for data in (ACK.encode("utf-16"), ACK.encode() + b"\xff", b"\x00" + ACK.encode()):
        with pytest.raises(MalformedError):
            parse_ack(data)


def test_white_space_and_references_mean_what_xml_says() -> None:
    data = f"{OPEN} a='x\r\ny\tz\rw&#10;v'><b>p\r\nq\rr&#13;&#10;s \t</b></upi:Ack>".encode()
    element = parse_ack(data)
    assert element.get("a") == "x y z w\nv"
    assert element.require_child("b").text == "p\nq\nr\r\ns \t"
    assert shape(element) == lxml_shape(data)


def test_white_space_between_elements_is_not_kept() -> None:
    element = parse_ack(f"{OPEN}>\r\n  <a> </a>\n</upi:Ack>".encode())
    assert element.text == ""
    assert element.require_child("a").text == " "


def test_a_document_of_16_levels_and_64_attributes_is_read() -> None:
    given_attributes = " ".join(f"a{number}=''" for number in range(64))
    parse_ack(f"{OPEN}>{'<a>' * 14}<b {given_attributes}/>{'</a>' * 14}</upi:Ack>".encode())
