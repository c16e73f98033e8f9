"""The front door refuses what breaks the wire's rules, by NPCI's code, and without an effect."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sim.conftest import running
from tests.sim.psp import ACCOUNT, CREDS, DEVICE, DSIG, MERCHANT, ORG_ID, Psp, message, now

if TYPE_CHECKING:
    from sikka_sim import KeyPair, World, WorldConfig

VALUE = '<Amount value="1299.00" curr="INR"/>'

COLLECT_BREAKAGES = [
    ("H02", r'ver="2.0"', 'ver="x"'),
    ("H03", r'(<Head [^>]*)ts="[^"]*"', r'\1ts="2026-01-01 10:00"'),
    ("H06", r'msgId="[^"]*"', f'msgId="{"M" * 36}"'),
    ("HM1", "PAYREQSTART", "PAYREQBEGIN"),
    ("HM2", r'(<Tag name="PAYREQSTART" value=)"[^"]*"', r'\1"yesterday"'),
    ("T03", "Order 1042", "Order_1042"),
    ("T03", "Order 1042", "O" * 51),
    ("T04", "ORDER1042", "order-1042"),
    ("T05", 'note="', 'refUrl="nowhere" note="'),
    ("T06", r'(<Txn [^>]*)ts="[^"]*"', r"\1"),
    ("T07", 'type="COLLECT"', 'type="DEBIT"'),
    ("T10", 'note="', 'orgTxnId="SIK1" note="'),
    ("T12", 'note="', 'custRef="12345" note="'),
    ("T14", 'note="', 'purpose="x" note="'),
    ("IM0", 'note="', 'initiationMode="33" note="'),
    ("L01", r"<Rules>.*</Rules>", "<Rules/>"),
    ("L02", "EXPIREAFTER", "EXPIRES"),
    ("L03", 'name="EXPIREAFTER" value="10"', 'name="MINAMOUNT" value="10"'),
    ("L04", 'value="10"', 'value="soon"'),
    ("L04", 'value="10"', 'value="64801"'),
    (
        "S03",
        "<Rules>",
        '<RiskScores><Score provider="a" type="b" value="123456"/></RiskScores><Rules>',
    ),
    ("R01", r"<Payer .*</Payer>", ""),
    ("R02", "asha@simbank", "asha"),
    ("R03", 'name="Asha"', f'name="{"A" * 100}"'),
    ("R04", r'(<Payer [^>]*)seqNum="1"', r'\1seqNum="x"'),
    ("R05", r'(<Payer [^>]*)type="PERSON"', r'\1type="ROBOT"'),
    ("R06", r'(<Payer [^>]*)code="0000"', r'\1code="00"'),
    ("B01", r"<Payees>.*</Payees>", "<Payees/>"),
    ("B02", "shop@sikka", "shop@@sikka"),
    ("B09", r"(<Payee .*</Payee>)", r"\1\1"),
    ("I01", r"<Identity [^>]*/>", ""),
    ("I02", 'Identity type="ACCOUNT"', 'Identity type="SHOE"'),
    ("I03", 'verifiedName="Shop Ltd"', 'verifiedName=""'),
    ("I05", 'verifiedAddress="TRUE"', 'verifiedAddress="yes"'),
    ("D01", DEVICE, ""),
    ("D02", 'name="IP"', 'name="SHOESIZE"'),
    ("D03", 'value="203.0.113.9"', 'value=""'),
    ("A01", ACCOUNT, ""),
    ("A02", 'addrType="ACCOUNT"', 'addrType="HOUSE"'),
    ("A03", "SIKK0000001", "SIKK1"),
    ("A04", "CURRENT", "WALLET"),
    ("A05", "0011223344", "00-11"),
    ("A06", "</Ac>", '<Detail name="IIN" value="1"/></Ac>'),
    ("A11", 'addrType="ACCOUNT"', 'addrType="AADHAAR"'),
    ("C11", VALUE + "</Payer>", CREDS + VALUE + "</Payer>"),
    ("V01", VALUE + "</Payer>", "</Payer>"),
    ("V02", VALUE + "</Payer>", '<Amount value="1299.00" curr="USD"/></Payer>'),
    ("V03", VALUE + "</Payer>", '<Amount value="1299" curr="INR"/></Payer>'),
    ("V03", VALUE + "</Payer>", '<Amount value="0.00" curr="INR"/></Payer>'),
    ("V03", VALUE + "</Payer>", f'<Amount value="{"9" * 17}.00" curr="INR"/></Payer>'),
    ("M01", VALUE + "</Payer>", '<Amount value="1299.01" curr="INR"/></Payer>'),
    ("PM0", MERCHANT, ""),
    ("PM1", 'mid="M0001"', 'mid=""'),
    ("PM3", "LARGE", "HUGE"),
    ("PM4", "ONLINE", "SOMEWHERE"),
    ("PM5", "AGGREGATOR", "FRIEND"),
    ("PM6", r"<Name [^>]*/>", ""),
    ("PM7", 'brand="Shop"', f'brand="{"S" * 21}"'),
    ("PM9", 'Ownership type="PRIVATE"', 'Ownership type="MINE"'),
    ("PN0", VALUE + "</Payer>", VALUE + MERCHANT + "</Payer>"),
    ("PN1", r'(<Payer [^>]*)code="0000"', r'\1code="5411"'),
    ("U05", r"<Meta>.*</Meta>", "<Meta><Other/></Meta>"),
    ("U05", "<Head ", '<Head colour="red" '),
    ("U05", r"(<Head [^>]*/>)(<Meta>.*</Meta>)", r"\2\1"),
    ("U05", r"(<Payer .*</Payer>)(<Payees>.*</Payees>)", r"\2\1"),
    ("U05", r"<Head ([^>]*)/>", r"<upi:Head \1/>"),
    ("U05", "<Rules>", "hello<Rules>"),
    ("U05", r"(<Head [^>]*/>)", r"\1\1"),
    ("U05", "<Rules>", "<!-- a comment --><Rules>"),
    ("U05", "<Rules>", "<?php a?><Rules>"),
    ("U52", f'orgId="{ORG_ID}"', 'orgId="400099"'),
    ("U52", f'orgId="{ORG_ID}"', ""),
    ("U52", r"<Head [^>]*/>", ""),
]


def broken(xml: str, pattern: str, replacement: str) -> str:
    found = pattern if pattern in xml else None
    changed = (
        xml.replace(found, replacement, 1) if found else re.sub(pattern, replacement, xml, count=1)
    )
    assert changed != xml
    return changed


@pytest.mark.parametrize(("code", "pattern", "replacement"), COLLECT_BREAKAGES)
async def test_a_broken_collect_gets_its_code_and_no_effect(
    world: World, psp: Psp, code: str, pattern: str, replacement: str
) -> None:
    transaction_id = psp.new_id()
    xml = broken(psp.collect_xml(transaction_id, "asha@simbank"), pattern, replacement)
    reply = await psp.post("ReqPay", transaction_id, xml)
    assert reply.codes[:1] == [code]
    assert len(world.npci.record) == 0


async def test_every_broken_rule_is_listed(psp: Psp) -> None:
    transaction_id = psp.new_id()
    xml = psp.collect_xml(transaction_id, "asha@simbank")
    for pattern, replacement in (("Order 1042", "!"), (DEVICE, ""), ("shop@sikka", "shop")):
        xml = broken(xml, pattern, replacement)
    reply = await psp.post("ReqPay", transaction_id, xml)
    assert reply.codes == ["T03", "B02", "D01"]


@pytest.mark.parametrize(
    ("code", "api", "inner"),
    [
        ("T08", "ReqChkTxn", '<Txn id="{id}" type="ChkTxn" ts="{now}" orgTxnDate="{now}"/>'),
        ("X08", "ReqChkTxn", '<Txn id="{id}" type="ChkTxn" ts="{now}" orgTxnId="A1"/>'),
        (
            "X09",
            "ReqChkTxn",
            '<Txn id="{id}" type="ChkTxn" ts="{now}" orgTxnId="A1" orgTxnDate="{old}"/>',
        ),
        (
            "T07",
            "ReqChkTxn",
            '<Txn id="{id}" type="PAY" ts="{now}" orgTxnId="A1" orgTxnDate="{now}"/>',
        ),
        ("X07", "ReqValAdd", '<Txn id="{id}" type="PAY" ts="{now}"/><Payee addr="a@b1"/>'),
        ("J01", "ReqValAdd", '<Txn id="{id}" type="ValAdd" ts="{now}"/>'),
        ("J02", "ReqValAdd", '<Txn id="{id}" type="ValAdd" ts="{now}"/><Payee addr="nobody"/>'),
        (
            "P02",
            "ReqValAdd",
            '<Txn id="{id}" type="ValAdd" ts="{now}"/><Payer/><Payee addr="a@b1"/>',
        ),
        ("G01", "ReqHbt", '<Txn id="{id}" type="Hbt" ts="{now}"/>'),
        ("G02", "ReqHbt", '<Txn id="{id}" type="Hbt" ts="{now}"/><HbtMsg type="DEAD" value="NA"/>'),
        ("G03", "ReqHbt", '<Txn id="{id}" type="Hbt" ts="{now}"/><HbtMsg type="ALIVE"/>'),
        ("X01", "ReqHbt", '<HbtMsg type="ALIVE" value="NA"/>'),
        ("E01", "RespTxnConfirmation", '<Txn id="{id}" type="TxnConfirmation" ts="{now}"/>'),
        ("E02", "RespTxnConfirmation", '{confirmation}<Resp result="SUCCESS"/>'),
        ("E04", "RespTxnConfirmation", '{confirmation}<Resp reqMsgId="A1" result="FAILURE"/>'),
        (
            "E05",
            "RespTxnConfirmation",
            '{confirmation}<Resp reqMsgId="A1" result="SUCCESS" errCode="U30"/>',
        ),
        ("E06", "RespTxnConfirmation", '{confirmation}<Resp reqMsgId="A1" result="PARTIAL"/>'),
        ("U48", "RespTxnConfirmation", '{confirmation}<Resp reqMsgId="A1" result="SUCCESS"/>'),
        (
            "R01",
            "RespAuthDetails",
            '<Txn id="{id}" type="PAY" ts="{now}"/><Resp reqMsgId="A1" result="SUCCESS"/>',
        ),
    ],
)
async def test_other_messages_get_their_codes(psp: Psp, code: str, api: str, inner: str) -> None:
    transaction_id = psp.new_id()
    confirmation = f'<Txn id="{transaction_id}" type="TxnConfirmation" ts="{now()}"/>'
    old = (datetime.now(UTC) - timedelta(days=91)).isoformat(timespec="seconds")
    filled = inner.format(id=transaction_id, now=now(), old=old, confirmation=confirmation)
    reply = await psp.post(api, transaction_id, message(api, psp.head() + filled))
    assert reply.codes[:1] == [code]


async def test_a_response_to_nothing_is_refused(psp: Psp) -> None:
    txn = f'<Txn id="A1" type="PAY" ts="{now()}"/>'
    resp = '<Resp reqMsgId="M1" result="FAILURE" errCode="ZH"/>'
    reply = await psp.post(
        "RespAuthDetails", "A1", message("RespAuthDetails", psp.head() + txn + resp)
    )
    assert reply.codes == ["U49"]


async def test_a_refund_needs_credentials_and_an_original(psp: Psp) -> None:
    xml = message(
        "ReqPay",
        psp.head()
        + f'<Txn id="R1" type="REFUND" ts="{now()}"/>'
        + f'<Payer addr="shop@sikka" seqNum="1" type="ENTITY" code="5411">{DEVICE}{ACCOUNT}'
        + f"{VALUE}{MERCHANT}</Payer>"
        + '<Payees><Payee addr="asha@simbank" seqNum="1" type="PERSON" code="0000">'
        + f"{VALUE}</Payee></Payees>",
    )
    assert (await psp.post("ReqPay", "R1", xml)).codes == ["T08", "C01"]


# ------------------------------------------------------------------------- transport


@pytest.mark.parametrize(
    ("api", "version", "content_type", "size", "status"),
    [
        ("ReqNothing", "2.0", "application/xml", 10, 404),
        ("RespPay", "2.0", "application/xml", 10, 404),
        ("ReqPay", "3.0", "application/xml", 10, 404),
        ("ReqPay", "2.0", "application/json", 10, 415),
        ("ReqPay", "2.0", "application/xml", 64 * 1024 + 1, 413),
    ],
)
async def test_what_is_no_message_gets_a_status_and_no_ack(
    psp: Psp, api: str, version: str, content_type: str, size: int, status: int
) -> None:
    reply = await psp.post_bytes(api, "A1", b"x" * size, version=version, content_type=content_type)
    assert (reply.status, reply.codes) == (status, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<ReqPay/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" * 100 + b"</a>" * 100,
        "<a>\xff</a>".encode("latin-1"),
    ],
)
async def test_what_cannot_be_read_is_a_format_error(psp: Psp, body: bytes) -> None:
    assert (await psp.post_bytes("ReqPay", "A1", body)).codes == ["U05"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_are_parsed_into_anything_but_elements_or_a_refusal(body: bytes) -> None:
    from sikka_sim.npci.parse import Malformed, parse  # noqa: PLC0415 - what this test is about.

    try:
        root = parse(body)
    except Malformed:
        return
    assert all(isinstance(node.tag, str) for node in root.iter())


# ------------------------------------------------------------------ path and identity


async def test_the_path_must_name_the_transaction_and_the_version(psp: Psp) -> None:
    xml = psp.collect_xml("A1", "asha@simbank")
    assert (await psp.post("ReqPay", "A2", xml)).codes == ["U06"]
    assert (await psp.post("ReqPay", "A1", xml, version="1.0")).codes == ["H02"]
    assert (await psp.post("ReqHbt", "A1", xml)).codes == ["U05"]


async def test_an_organisation_that_is_not_registered_as_a_psp_is_refused(
    world: World, psp: Psp, stranger_keys: KeyPair
) -> None:
    world.register_organisation("400012", stranger_keys.certificate_pem, registered=False)
    _, reply = await psp.another("400012", stranger_keys).collect("asha@simbank")
    assert reply.codes == ["U17"]


async def test_a_signature_must_fit_the_key_pinned_for_the_organisation(
    world: World, psp: Psp, stranger_keys: KeyPair
) -> None:
    world.register_organisation("400012", stranger_keys.certificate_pem, ("other",))
    _, reply = await psp.another(ORG_ID, stranger_keys).collect("asha@simbank")
    assert reply.codes == ["U55"]
    assert len(world.npci.record) == 0


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (b"1299.00", b"1.00"),
        (b"asha@simbank", b"ravi@simbank"),
        (b'URI=""', b'URI="#a"'),
        (b"xmldsig-more#rsa-sha256", b"xmldsig-more#rsa-sha512"),
        (b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
        (b"TR/2001/REC-xml-c14n-20010315", b"2001/10/xml-exc-c14n#"),
    ],
)
async def test_a_message_changed_after_signing_is_refused(
    world: World, psp: Psp, pattern: bytes, replacement: bytes
) -> None:
    signed = psp.sign(psp.collect_xml("A1", "asha@simbank"))
    changed = signed.replace(pattern, replacement)
    assert changed != signed
    assert (await psp.post_bytes("ReqPay", "A1", changed)).codes == ["U55"]
    assert len(world.npci.record) == 0


async def test_there_must_be_exactly_one_signature_and_it_must_be_last(psp: Psp) -> None:
    xml = psp.collect_xml("A1", "asha@simbank")
    assert (await psp.post_bytes("ReqPay", "A1", xml.encode())).codes == ["U55"]
    signed = psp.sign(xml).decode()
    found = re.search(r"<Signature.*</Signature>", signed, re.DOTALL)
    assert found is not None
    assert DSIG in found[0]
    twice = signed.replace(found[0], found[0] * 2)
    assert (await psp.post_bytes("ReqPay", "A1", twice.encode())).codes == ["U55"]
    first = signed.replace(found[0], "").replace("<Head", found[0] + "<Head", 1)
    assert (await psp.post_bytes("ReqPay", "A1", first.encode())).codes == ["U55"]


async def test_without_verification_an_unsigned_message_is_taken(
    unverified: WorldConfig, psp_keys: KeyPair
) -> None:
    async with running(unverified, psp_keys) as (world, psp):
        xml = psp.collect_xml("A1", "asha@simbank")
        assert (await psp.post_bytes("ReqPay", "A1", xml.encode())).codes == []
        assert (await world.npci.record.decided("A1")).status == "SUCCESS"


async def test_without_validation_a_valid_message_has_the_same_effect(
    unverified: WorldConfig, psp_keys: KeyPair
) -> None:
    async with running(replace(unverified, validate=False), psp_keys) as (world, psp):
        xml = psp.collect_xml("A1", "wrongpin@simbank")
        assert (await psp.post_bytes("ReqPay", "A1", xml.encode())).codes == []
        assert (await world.npci.record.decided("A1")).payer_code == "ZM"


# ------------------------------------------------------------------------- duplicates


async def test_the_same_message_again_gets_the_same_ack_and_no_second_effect(
    world: World, psp: Psp
) -> None:
    signed = psp.sign(psp.collect_xml("A1", "asha@simbank"))
    first = await psp.post_bytes("ReqPay", "A1", signed)
    second = await psp.post_bytes("ReqPay", "A1", signed)
    assert (first.codes, second.codes) == ([], [])
    decided = await world.npci.record.decided("A1")
    assert decided.debited_minor == 129900
    assert len(world.npci.record) == 1


async def test_a_known_transaction_under_a_new_message_is_a_duplicate(psp: Psp) -> None:
    await psp.collect("asha@simbank", id="A1")
    _, reply = await psp.collect("asha@simbank", id="A1")
    assert reply.codes == ["U01"]


async def test_another_message_under_a_used_message_id_is_refused(psp: Psp) -> None:
    _, first = await psp.collect("asha@simbank", message_id="M1")
    _, second = await psp.collect("asha@simbank", message_id="M1")
    assert (first.codes, second.codes) == ([], ["U36"])


async def test_a_refused_message_may_be_sent_again_corrected(psp: Psp) -> None:
    _, refused = await psp.collect("asha", id="A1", message_id="M1")
    assert refused.codes == ["R02"]
    _, taken = await psp.collect("asha@simbank", id="A1", message_id="M1")
    assert taken.codes == []


async def test_a_dead_switch_answers_nobody(world: World, psp: Psp) -> None:
    world.npci.control.set_faults(down=True)
    xml = psp.collect_xml("A1", "asha@simbank")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await psp.post("ReqPay", "A1", xml)
    world.npci.control.set_faults(down=False, unavailable=True)
    assert (await psp.post("ReqPay", "A1", xml)).status == 503
    assert len(world.npci.record) == 0


async def test_too_many_checks_are_refused_where_they_are_counted(
    config: WorldConfig, psp_keys: KeyPair
) -> None:
    async with running(replace(config, checks_max=2), psp_keys) as (_, psp):
        transaction_id, _ = await psp.collect("silent@simbank")
        for codes in ([], [], ["U94"]):
            check_id = psp.new_id("CHK")
            xml = psp.check_xml(check_id, transaction_id)
            assert (await psp.post("ReqChkTxn", check_id, xml)).codes == codes
