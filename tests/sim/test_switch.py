"""The rest of the switch: addresses, heartbeats, signatures, faults, the control interface."""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import DEVNULL
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sikka_sim import SCRIPTS
from tests.sim.conftest import running
from tests.sim.psp import Arrived, Psp, message, now

if TYPE_CHECKING:
    from pathlib import Path

    from sikka_sim import KeyPair, World, WorldConfig


async def validate(psp: Psp, vpa: str) -> Arrived:
    transaction_id = psp.new_id()
    txn = f'<Txn id="{transaction_id}" type="ValAdd" ts="{now()}"/>'
    xml = message("ReqValAdd", f'{psp.head()}{txn}<Payee addr="{vpa}"/>')
    assert (await psp.post("ReqValAdd", transaction_id, xml)).codes == []
    return await psp.next("RespValAdd", transaction_id)


async def test_an_address_has_a_name_or_nobody_has_it(psp: Psp) -> None:
    found = await validate(psp, "asha.rao@simbank")
    assert found.genuine
    assert found.attribute("Resp", "result") == "SUCCESS"
    assert found.attribute("Resp", "maskName") == "Asha Rao"
    assert [child.tag for child in found.root][:3] == ["Head", "Resp", "Txn"]
    missing = await validate(psp, "invalidvpa@simbank")
    assert missing.attribute("Resp", "result") == "FAILURE"
    assert missing.attribute("Resp", "errCode") == "ZH"


async def test_a_heartbeat_is_answered(psp: Psp) -> None:
    txn = f'<Txn id="H1" type="Hbt" ts="{now()}"/><HbtMsg type="ALIVE" value="NA"/>'
    assert (await psp.post("ReqHbt", "H1", message("ReqHbt", psp.head() + txn))).codes == []
    answer = await psp.next("RespHbt", "H1")
    assert answer.genuine
    assert answer.attribute("Resp", "result") == "SUCCESS"


async def control(world: World, path: str, **body: object) -> dict[str, object]:
    async with world._session.post(f"{world.npci_url}/sim/{path}", json=body) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, object] = await response.json()
        return answer


async def shown(world: World, path: str) -> dict[str, object]:
    async with world._session.get(f"{world.npci_url}/sim/{path}") as response:
        assert response.status == 200, await response.text()
        answer: dict[str, object] = await response.json()
        return answer


async def test_the_switch_sends_heartbeats_when_told(world: World, psp: Psp) -> None:
    assert await control(world, "heartbeat") == {"acknowledged": True}
    [asked] = psp.of("ReqHbt")
    assert asked.genuine
    resp = f'<Resp reqMsgId="{asked.attribute("Head", "msgId")}" result="SUCCESS"/>'
    txn = f'<Txn id="{asked.transaction_id}" type="Hbt" ts="{now()}"/>'
    reply = await psp.post(
        "RespHbt", asked.transaction_id, message("RespHbt", psp.head() + resp + txn)
    )
    assert reply.codes == []


@pytest.mark.parametrize("name", ["asha", "insufficient", "credittimeout"])
async def test_xmlsec1_verifies_what_the_switch_signs(
    world: World, psp: Psp, tmp_path: Path, name: str
) -> None:
    tool = shutil.which("xmlsec1")
    assert tool is not None, "xmlsec1 is the second judge of signatures and must be installed"
    transaction_id, _ = await psp.collect(f"{name}@simbank")
    told = await psp.next("RespPay", transaction_id)
    certificate, signed = tmp_path / "switch.pem", tmp_path / "message.xml"
    certificate.write_bytes(world.keys.switch.certificate_pem)
    signed.write_bytes(told.body)
    command = (tool, "--verify", "--pubkey-cert-pem", str(certificate), str(signed))
    assert await exit_code(*command) == 0
    signed.write_bytes(told.body.replace(b'seqNum="1"', b'seqNum="2"', 1))
    assert await exit_code(*command) != 0


async def exit_code(*command: str) -> int:
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
    return await process.wait()


async def test_messages_of_the_switch_have_one_line_and_a_full_key(psp: Psp) -> None:
    transaction_id, _ = await psp.collect("asha@simbank")
    told = await psp.next("RespPay", transaction_id)
    assert b"\n" not in told.body
    assert not told.body.startswith(b"<?xml")
    assert b"<KeyValue><RSAKeyValue><Modulus>" in told.body
    assert told.body.startswith(b'<ns2:RespPay xmlns:ns2="http://npci.org/upi/schema/" xmlns:ns3=')


# ----------------------------------------------------------------------------- faults


async def test_a_dropped_ack_is_a_taken_request(world: World, psp: Psp) -> None:
    await control(world, "faults", drop_ack_next=1)
    with pytest.raises(Exception, match="disconnected"):
        await psp.collect("asha@simbank", id="A1")
    assert (await psp.next("RespPay", "A1")).attribute("Resp", "result") == "SUCCESS"
    _, reply = await psp.collect("asha@simbank", id="A2")
    assert reply.codes == []


async def test_held_outcomes_are_told_in_reverse(world: World, psp: Psp) -> None:
    world.npci.control.set_faults(callbacks="hold")
    for transaction_id in ("A1", "A2", "A3"):
        await psp.collect("asha@simbank", id=transaction_id)
        await world.npci.record.decided(transaction_id)
    assert psp.of("RespPay") == []
    world.npci.control.set_faults(callbacks="deliver")
    for transaction_id in ("A1", "A2", "A3"):
        await psp.next("RespPay", transaction_id)
    assert [a.transaction_id for a in psp.of("RespPay")] == ["A3", "A2", "A1"]


async def test_discarded_outcomes_are_only_learnt_by_a_check(world: World, psp: Psp) -> None:
    world.npci.control.set_faults(callbacks="discard")
    transaction_id, _ = await psp.collect("asha@simbank")
    await world.npci.record.decided(transaction_id)
    assert (await psp.check(transaction_id)).attribute("Resp", "result") == "SUCCESS"
    assert psp.of("RespPay") == []


async def test_every_outcome_may_be_told_more_often(world: World, psp: Psp) -> None:
    world.npci.control.set_faults(duplicate_callbacks=2)
    transaction_id, _ = await psp.collect("asha@simbank")
    await psp.next("RespPay", transaction_id, count=3)


async def test_a_wrong_signature_or_organisation_strikes_once(world: World, psp: Psp) -> None:
    world.npci.control.set_faults(wrong_signature_next=1)
    first, _ = await psp.collect("asha@simbank")
    assert not (await psp.next("RespPay", first)).genuine
    world.npci.control.set_faults(wrong_org_next=1)
    second, _ = await psp.collect("asha@simbank")
    told = await psp.next("RespPay", second)
    assert told.attribute("Head", "orgId") == "999999"
    third, _ = await psp.collect("asha@simbank")
    told = await psp.next("RespPay", third)
    assert told.genuine
    assert told.attribute("Head", "orgId") == "NPCI"


async def test_a_skewed_clock_shows_in_timestamps(world: World, psp: Psp) -> None:
    world.npci.control.set_faults(clock_skew_s=-86400.0)
    transaction_id, _ = await psp.collect("asha@simbank")
    told = await psp.next("RespPay", transaction_id)
    told_at = datetime.fromisoformat(str(told.attribute("Head", "ts")))
    assert timedelta(hours=23) < datetime.now(UTC) - told_at < timedelta(hours=25)


async def test_faults_by_rate_strike_the_same_transactions_for_the_same_seed(
    config: WorldConfig, psp_keys: KeyPair
) -> None:
    struck = []
    for seed in (7, 7, 8):
        async with running(replace(config, seed=seed), psp_keys) as (world, psp):
            world.npci.control.set_faults(lose_callback_rate=0.5)
            for number in range(12):
                await psp.collect("asha@simbank", id=f"A{number}")
                await world.npci.record.decided(f"A{number}")
            await psp.check("A11")
            await world.npci.tasks.idle()
            struck.append({a.transaction_id for a in psp.of("RespPay")})
    assert struck[0] == struck[1] != struck[2]
    assert 0 < len(struck[0]) < 12


@pytest.mark.parametrize(
    "wanted",
    [
        {"unknown": True},
        {"down": 1},
        {"drop_ack_rate": 1.5},
        {"drop_ack_next": -1},
        {"callbacks": "maybe"},
        {"delay_ack_s": True},
    ],
)
async def test_a_wrong_fault_is_refused_and_changes_nothing(
    world: World, psp: Psp, wanted: dict[str, object]
) -> None:
    before = await shown(world, "faults")
    url = f"{world.npci_url}/sim/faults"
    async with psp.session.post(url, json={"unavailable": True, **wanted}) as response:
        assert response.status == 400
        assert next(iter(wanted)) in await response.text()
    assert await shown(world, "faults") == before


# ---------------------------------------------------------------------------- control


async def test_the_record_can_be_read_from_outside(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("asha@simbank", rrn="612345678901")
    await world.npci.record.answered(transaction_id)
    transaction = await shown(world, f"transactions/{transaction_id}")
    expected = {
        "id": transaction_id,
        "type": "COLLECT",
        "status": "SUCCESS",
        "amount": "1299.00",
        "payer": "asha@simbank",
        "payee": "shop@sikka",
        "rrn": "612345678901",
        "debited": "1299.00",
        "credited": "1299.00",
        "reversed": "0.00",
        "messages": 2,
        "steps": ["DEBIT 00", "CREDIT 00"],
        "answers": [{"api": "RespPay", "acknowledged": True}],
    }
    assert {name: transaction[name] for name in expected} == expected
    found = await shown(world, "transactions?status=SUCCESS")
    assert [t["id"] for t in found["transactions"]] == [transaction_id]  # type: ignore[attr-defined]
    assert (await shown(world, "transactions?status=FAILURE"))["transactions"] == []
    messages = (await shown(world, f"messages?txn={transaction_id}"))["messages"]
    assert [(m["direction"], m["api"], m["outcome"]) for m in messages] == [  # type: ignore[attr-defined]
        ("in", "ReqPay", "ack"),
        ("out", "RespPay", "ack"),
    ]
    totals = await shown(world, "totals")
    assert totals == {
        "transactions": 1,
        "SUCCESS": 1,
        "debited": 129900,
        "credited": 129900,
        "reversed": 0,
    }
    assert set(await shown(world, "scripts")) == set(SCRIPTS)


async def test_a_pending_transaction_can_be_resolved_from_outside(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("silent@simbank")
    resolved = await control(
        world, "resolve", id=transaction_id, status="FAILURE", error_code="U67", tell=True
    )
    assert (resolved["status"], resolved["error_code"]) == ("FAILURE", "U67")
    told = await psp.next("RespPay", transaction_id)
    assert told.attribute("Resp", "errCode") == "U67"
    url = f"{world.npci_url}/sim/resolve"
    for body, status in (
        ({"id": transaction_id, "status": "SUCCESS"}, 400),
        ({"id": transaction_id, "status": "DEEMED"}, 400),
        ({"id": "A1", "status": "SUCCESS"}, 404),
        ([], 400),
    ):
        async with psp.session.post(url, json=body) as response:
            assert response.status == status


# ------------------------------------------------------------------------------ seeds


async def test_the_same_seed_gives_the_same_world(config: WorldConfig, psp_keys: KeyPair) -> None:
    seen = []
    for seed in (7, 7, 8):
        async with running(replace(config, seed=seed), psp_keys) as (world, psp):
            transaction_id, _ = await psp.collect("asha@simbank", id="A1", rrn="612345678901")
            told = await psp.next("RespPay", transaction_id)
            transaction = await world.npci.record.answered("A1")
            seen.append((told.attribute("Head", "msgId"), transaction.approval))
    assert seen[0] == seen[1] != seen[2]
