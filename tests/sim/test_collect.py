"""A collect request at the switch ends as its customer's script says, and is told as it says."""

from __future__ import annotations

import aiohttp
import pytest

from sikka_sim import SCRIPTS, World
from tests.sim.psp import MERCHANT_VPA, Psp

TOLD = [
    ("asha", "SUCCESS", "", "00", "00"),
    ("somebody", "SUCCESS", "", "00", "00"),
    ("insufficient", "FAILURE", "U30", "Z9", ""),
    ("insufficient.7", "FAILURE", "U30", "Z9", ""),
    ("wrongpin", "FAILURE", "U30", "ZM", ""),
    ("pintries", "FAILURE", "U30", "Z6", ""),
    ("limit", "FAILURE", "U30", "Z8", ""),
    ("frequency", "FAILURE", "U30", "Z7", ""),
    ("dormant", "FAILURE", "U30", "ZX", ""),
    ("frozen", "FAILURE", "U30", "YE", ""),
    ("declined", "FAILURE", "U19", "ZA", ""),
    ("invalidvpa", "FAILURE", "U29", "ZH", ""),
    ("risk", "FAILURE", "U16", "K1", ""),
    ("bankdown", "FAILURE", "U28", "XY", ""),
    ("authtimeout", "FAILURE", "U20", "UP", ""),
    ("expire", "FAILURE", "U69", "X1", ""),
    ("debittimeout", "FAILURE", "U67", "UT", ""),
    ("debitnotdone", "FAILURE", "U67", "ND", ""),
    ("debitlost", "FAILURE", "U67", "RR", ""),
    ("creditdeclined", "FAILURE", "U31", "21", "YF"),
    ("credittimeout", "DEEMED", "", "00", "RB"),
    ("deemedfail", "DEEMED", "", "00", "RB"),
    ("deemedforever", "DEEMED", "", "00", "RB"),
    ("reversal00", "FAILURE", "U31", "21", "BT"),
    ("reversal96", "DEEMED", "", "00", "96"),
    ("reversalcs", "SUCCESS", "", "00", "CS"),
    ("reversalnc", "FAILURE", "U31", "21", "NC"),
    ("reversaloc", "FAILURE", "U31", "21", "OC"),
    ("slow", "SUCCESS", "", "00", "00"),
    ("late", "SUCCESS", "", "00", "00"),
    ("outoforder", "SUCCESS", "", "00", "00"),
    ("refundfail", "SUCCESS", "", "00", "00"),
]


@pytest.mark.parametrize(("name", "result", "code", "payer", "payee"), TOLD)
async def test_the_script_decides_what_is_told(
    psp: Psp, name: str, result: str, code: str, payer: str, payee: str
) -> None:
    transaction_id, reply = await psp.collect(f"{name}@simbank", minutes="1")
    assert (reply.status, reply.codes) == (200, [])
    told = await psp.next("RespPay", transaction_id)
    assert told.genuine
    resp = told.root.find("Resp")
    assert resp is not None
    assert (resp.get("result"), resp.get("errCode")) == (result, code)
    by_type = {ref.get("type"): ref for ref in resp.findall("Ref")}
    assert by_type["PAYER"].get("respCode") == payer
    assert by_type["PAYEE"].get("respCode") == payee
    settled = "0.00" if result == "FAILURE" else "1299.00"
    for ref in by_type.values():
        assert (ref.get("settAmount"), ref.get("orgAmount")) == (settled, "1299.00")
    assert by_type["PAYEE"].get("addr") == MERCHANT_VPA


@pytest.mark.parametrize(
    "name", sorted(name for name, s in SCRIPTS.items() if s.final in ("SUCCESS", "FAILURE"))
)
async def test_the_record_ends_as_the_table_promises(world: World, psp: Psp, name: str) -> None:
    transaction_id = psp.new_id()
    xml = psp.collect_xml(transaction_id, f"{name}@simbank", minutes="1")
    try:
        await psp.post("ReqPay", transaction_id, xml)
    except aiohttp.ClientError:
        assert SCRIPTS[name].ack in ("hang", "drop")
    decided = await world.npci.record.decided(transaction_id)
    assert decided.status == SCRIPTS[name].final
    success = decided.status == "SUCCESS"
    assert decided.credited_minor == (129900 if success else 0)
    lost = name == "debitlost"  # The money is gone until a dispute returns it.
    assert decided.debited_minor - decided.reversed_minor == (129900 if success or lost else 0)


async def test_resp_pay_keeps_what_identifies_the_request(psp: Psp) -> None:
    message_id = psp.new_id("MSG")
    transaction_id, _ = await psp.collect("asha@simbank", rrn="612345678901", message_id=message_id)
    told = await psp.next("RespPay", transaction_id)
    txn = told.root.find("Txn")
    assert txn is not None
    expected = {
        "id": transaction_id,
        "note": "Order 1042",
        "refId": "ORDER1042",
        "custRef": "612345678901",
        "type": "COLLECT",
    }
    assert {name: txn.get(name) for name in expected} == expected
    assert told.attribute("Resp", "reqMsgId") == message_id
    assert [child.tag for child in told.root][:3] == ["Head", "Txn", "Resp"]


async def test_every_attribute_of_a_reference_is_given(psp: Psp) -> None:
    transaction_id, _ = await psp.collect("asha@simbank")
    told = await psp.next("RespPay", transaction_id)
    given = "type seqNum addr settAmount settCurrency approvalNum respCode regName orgAmount acNum"
    wanted = [*given.split(" "), "IFSC", "code", "accType"]
    for ref in told.root.findall("Resp/Ref"):
        assert all(ref.get(name) for name in wanted)


async def test_duplicate_tells_the_same_message_twenty_times(psp: Psp) -> None:
    transaction_id, _ = await psp.collect("duplicate@simbank")
    await psp.next("RespPay", transaction_id, count=20)
    told = psp.of("RespPay", transaction_id)
    assert len(told) == 20
    assert {message.body for message in told} == {told[0].body}


async def test_out_of_order_tells_before_the_ack(psp: Psp) -> None:
    transaction_id, _ = await psp.collect("outoforder@simbank")
    assert len(psp.of("RespPay", transaction_id)) == 1


@pytest.mark.parametrize(
    ("name", "path", "attribute", "value"),
    [
        ("wrongamount", "Resp/Ref[@type='PAYEE']", "settAmount", "1300.00"),
        ("wrongparty", "Resp/Ref[@type='PAYEE']", "addr", "somebodyelse@simbank"),
    ],
)
async def test_what_is_told_wrongly_is_genuine_and_a_check_tells_the_truth(
    psp: Psp, name: str, path: str, attribute: str, value: str
) -> None:
    transaction_id, _ = await psp.collect(f"{name}@simbank")
    told = await psp.next("RespPay", transaction_id)
    assert told.genuine
    assert told.attribute(path, attribute) == value
    checked = await psp.check(transaction_id)
    assert checked.attribute("Resp", "result") == "SUCCESS"
    assert checked.attribute(path, attribute) != value


async def test_wrong_signature_is_refused_by_a_verifier_and_nothing_better_follows(
    world: World, psp: Psp
) -> None:
    transaction_id, _ = await psp.collect("wrongsignature@simbank")
    await world.npci.record.answered(transaction_id)
    assert [message.genuine for message in psp.of("RespPay", transaction_id)] == [False]
    checked = await psp.check(transaction_id)
    assert checked.genuine
    assert checked.attribute("Resp", "result") == "SUCCESS"


@pytest.mark.parametrize(("name", "tells"), [("noack", 0), ("dropack", 1)])
async def test_a_request_without_an_ack_was_taken(
    world: World, psp: Psp, name: str, tells: int
) -> None:
    transaction_id = psp.new_id()
    xml = psp.collect_xml(transaction_id, f"{name}@simbank")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await psp.post("ReqPay", transaction_id, xml)
    if tells:
        await psp.next("RespPay", transaction_id)
    else:
        await world.npci.record.decided(transaction_id)
    checked = await psp.check(transaction_id)
    assert checked.attribute("Resp", "result") == "SUCCESS"
    assert len(psp.of("RespPay", transaction_id)) == tells


async def test_a_garbage_ack_is_no_ack_and_the_outcome_is_told(psp: Psp) -> None:
    transaction_id, reply = await psp.collect("garbageack@simbank")
    assert b"Ack" not in reply.body
    told = await psp.next("RespPay", transaction_id)
    assert told.attribute("Resp", "result") == "SUCCESS"


async def test_a_negative_ack_means_not_taken(world: World, psp: Psp) -> None:
    transaction_id, reply = await psp.collect("nackd@simbank")
    assert reply.codes == ["U90"]
    assert transaction_id not in world.npci.record
    checked = await psp.check(transaction_id)
    assert checked.attribute("Resp", "errCode") == "U48"


async def test_silent_stays_pending_until_told(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("silent@simbank")
    checked = await psp.check(transaction_id)
    assert checked.attribute("Resp", "result") == "PARTIAL"
    assert checked.root.findall("Resp/Ref") == []
    world.npci.engine.resolve(world.npci.record[transaction_id], "SUCCESS")
    checked = await psp.check(transaction_id)
    assert checked.attribute("Resp", "result") == "SUCCESS"


async def test_what_was_resolved_by_hand_is_not_decided_again(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("late@simbank")
    transaction = world.npci.record[transaction_id]
    world.npci.engine.resolve(transaction, "FAILURE")
    await world.npci.tasks.idle()
    assert (transaction.status, transaction.debited_minor) == ("FAILURE", 0)
    assert psp.of("RespPay", transaction_id) == []


async def test_nothing_is_resolved_while_the_banks_are_at_work(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("deemedforever@simbank")
    transaction = world.npci.record[transaction_id]
    await world.npci.record.until(lambda: transaction.settling)
    with pytest.raises(ValueError, match="at work"):
        world.npci.engine.resolve(transaction, "SUCCESS")
    await psp.next("RespPay", transaction_id)
    world.npci.engine.resolve(transaction, "SUCCESS")
    assert transaction.credited_minor == 129900


async def test_contradict_tells_success_then_a_failure_that_is_a_lie(
    world: World, psp: Psp
) -> None:
    transaction_id, _ = await psp.collect("contradict@simbank")
    await psp.next("RespPay", transaction_id, count=2)
    results = [m.attribute("Resp", "result") for m in psp.of("RespPay", transaction_id)]
    assert results == ["SUCCESS", "FAILURE"]
    assert world.npci.record[transaction_id].status == "SUCCESS"


async def test_deemed_is_resolved_by_a_later_check(world: World, psp: Psp) -> None:
    for name, final in (("credittimeout", "SUCCESS"), ("deemedfail", "FAILURE")):
        transaction_id, _ = await psp.collect(f"{name}@simbank")
        await psp.next("RespPay", transaction_id)
        first = await psp.check(transaction_id)
        assert first.attribute("Resp", "result") == "DEEMED"
        assert first.attribute("Resp", "txnRespCode") == "RB"
        decided = await world.npci.record.decided(transaction_id)
        assert decided.steps[-5:] == [
            "CREDIT timeout",
            *["CHKTXN timeout"] * 3,
            "REVERSAL(CREDIT) timeout",
        ]
        last = await psp.check(transaction_id)
        assert last.attribute("Resp", "result") == final
        assert len(psp.of("RespPay", transaction_id)) == 1


async def test_an_rrn_that_the_bank_has_seen_is_declined(psp: Psp) -> None:
    await psp.collect("asha@simbank", rrn="612345678901")
    transaction_id, reply = await psp.collect("ravi@simbank", rrn="612345678901")
    assert reply.codes == []
    told = await psp.next("RespPay", transaction_id)
    assert told.attribute("Resp", "errCode") == "U30"
    assert told.attribute("Resp/Ref[@type='PAYER']", "respCode") == "DT"


async def test_without_an_ack_the_outcome_is_told_again(world: World, psp: Psp) -> None:
    psp.ack_next = ["error", "error"]
    transaction_id, _ = await psp.collect("asha@simbank")
    transaction = await world.npci.record.answered(transaction_id)
    assert transaction.answers == [("RespPay", True)]
    told = psp.of("RespPay", transaction_id)
    assert len(told) == 3
    assert {message.body for message in told} == {told[0].body}


async def test_a_negative_ack_of_the_psp_ends_the_telling(world: World, psp: Psp) -> None:
    psp.ack_next = ["U05"]
    transaction_id, _ = await psp.collect("asha@simbank")
    transaction = await world.npci.record.answered(transaction_id)
    assert transaction.answers == [("RespPay", False)]
    assert len(psp.of("RespPay", transaction_id)) == 1
