"""A status check tells an organisation the truth about its own transactions and about no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sikka_sim import KeyPair, World
    from tests.sim.psp import Psp


async def test_an_answer_names_the_question_and_the_transaction(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("asha@simbank", rrn="612345678901")
    await world.npci.record.decided(transaction_id)
    answer = await psp.check(transaction_id)
    assert answer.genuine
    assert answer.attribute("Txn", "id") == answer.transaction_id
    assert answer.attribute("Txn", "type") == "ChkTxn"
    assert answer.attribute("Txn", "orgTxnId") == transaction_id
    assert answer.attribute("Txn", "custRef") == "612345678901"
    question = world.npci.record.messages(api="ReqChkTxn")[-1]
    assert answer.attribute("Resp", "reqMsgId") == question.message_id
    assert [child.tag for child in answer.root][:3] == ["Head", "Txn", "Resp"]


@pytest.mark.parametrize(
    ("name", "result", "error", "response"),
    [
        ("asha", "SUCCESS", "", "00"),
        ("insufficient", "FAILURE", "U30", "Z9"),
        ("declined", "FAILURE", "U19", "ZA"),
        ("creditdeclined", "FAILURE", "U31", "YF"),
        ("lost", "FAILURE", "NO", "NO"),
    ],
)
async def test_an_answer_carries_the_status_of_the_original(
    world: World, psp: Psp, name: str, result: str, error: str, response: str
) -> None:
    transaction_id, _ = await psp.collect(f"{name}@simbank")
    await world.npci.record.decided(transaction_id)
    resp = (await psp.check(transaction_id)).root.find("Resp")
    assert resp is not None
    assert [resp.get(name) for name in ("result", "errCode", "txnRespCode")] == [
        result,
        error,
        response,
    ]
    assert len(resp.findall("Ref")) == 2


async def test_an_unknown_transaction_is_not_present(psp: Psp) -> None:
    answer = await psp.check("SIKUNKNOWN")
    assert answer.attribute("Resp", "result") == "FAILURE"
    assert answer.attribute("Resp", "errCode") == "U48"


async def test_another_organisations_transaction_is_not_present(
    world: World, psp: Psp, stranger_keys: KeyPair
) -> None:
    world.register_organisation("400012", stranger_keys.certificate_pem, ("other",))
    transaction_id, _ = await psp.collect("asha@simbank")
    answer = await psp.another("400012", stranger_keys).check(transaction_id)
    assert answer.attribute("Resp", "errCode") == "U48"


async def test_checks_are_counted(world: World, psp: Psp) -> None:
    transaction_id, _ = await psp.collect("silent@simbank")
    await psp.check(transaction_id)
    await psp.check(transaction_id)
    assert world.npci.record[transaction_id].checks == 2
