"""A customer pays a link: the payee's PSP is asked, the legs run, the PSP is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_sim.npci.apps import LinkRefused, read_link
from tests.sim.psp import ACCOUNT, MERCHANT, Arrived, Psp, message, now

if TYPE_CHECKING:
    from sikka_sim import World

LINK = (
    "upi://pay?pa=shop@sikka&pn=Shop%20Ltd&mc=5411&tid={tid}&tr=ORDER1042&tn=Order%201042"
    "&am=1299.00&cu=INR&mode=04&orgid=400011"
)


class Payee:
    """The payee's side: answers ReqAuthDetails and confirmations, as told."""

    def __init__(self, psp: Psp, manner: str = "accept") -> None:
        self.psp = psp
        self.manner = manner
        self.codes: list[str] = []
        self.tasks = psp.tasks
        # When a late one answers.
        self.over = asyncio.Event()
        psp.on_message = self.take

    def take(self, arrived: Arrived) -> None:
        if arrived.api == "ReqAuthDetails" and self.manner != "silent":
            self.tasks.append(asyncio.get_running_loop().create_task(self.authorise(arrived)))
        elif arrived.api == "ReqTxnConfirmation":
            self.tasks.append(asyncio.get_running_loop().create_task(self.confirm(arrived)))

    async def authorise(self, asked: Arrived) -> None:
        if self.manner == "late":
            await self.over.wait()
        await self.post("RespAuthDetails", asked, self.answer(asked))
        if self.manner == "twice":
            await self.post("RespAuthDetails", asked, self.answer(asked))

    def answer(self, asked: Arrived) -> str:
        request_id = asked.attribute("Head", "msgId")
        if self.manner in ("ZH", "ZA"):
            return f'<Resp reqMsgId="{request_id}" result="FAILURE" errCode="{self.manner}"/>'
        amount = asked.attribute("Payees/Payee/Amount", "value")
        payer = asked.attribute("Payer", "addr")
        payee_amount = payer_amount = amount
        if self.manner == "amount":
            payer_amount = payee_amount = "1.00"
        payee = "other@sikka" if self.manner == "payee" else "shop@sikka"
        payer = "ravi@simbank" if self.manner == "payer" else payer
        return (
            f'<Resp reqMsgId="{request_id}" result="SUCCESS"/>'
            f'<Payer addr="{payer}" seqNum="1" type="PERSON" code="0000">'
            f'<Amount value="{payer_amount}" curr="INR"/></Payer>'
            f'<Payees><Payee addr="{payee}" name="Shop Ltd" seqNum="1" type="ENTITY" code="5411">'
            f'{ACCOUNT}<Amount value="{payee_amount}" curr="INR"/>{MERCHANT}</Payee></Payees>'
        )

    async def confirm(self, told: Arrived) -> None:
        request_id = told.attribute("Head", "msgId")
        resp = f'<Resp reqMsgId="{request_id}" result="SUCCESS"/>'
        await self.post("RespTxnConfirmation", told, resp)

    async def post(self, api: str, asked: Arrived, inner: str) -> None:
        kind = asked.attribute("Txn", "type")
        original = asked.attribute("Txn", "orgTxnId")
        reference = f' orgTxnId="{original}"' if original else ""
        txn = f'<Txn id="{asked.transaction_id}" type="{kind}" ts="{now()}"{reference}/>'
        xml = message(api, self.psp.head() + txn + inner)
        self.codes += (await self.psp.post(api, asked.transaction_id, xml)).codes


async def pay(world: World, vpa: str, tid: str = "SIKA1", **more: object) -> dict[str, object]:
    url = f"{world.npci_url}/sim/apps/pay"
    body = {"link": LINK.format(tid=tid), "vpa": vpa, **more}
    async with world._session.post(url, json=body) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, object] = await response.json()
        return answer


async def test_a_paid_link_is_asked_settled_confirmed_and_acknowledged(
    world: World, psp: Psp
) -> None:
    payee = Payee(psp)
    begun = await pay(world, "asha@simbank")
    assert (begun["id"], begun["status"]) == ("SIKA1", "PENDING")
    asked = await psp.next("ReqAuthDetails", "SIKA1")
    assert asked.genuine
    assert asked.attribute("Txn", "type") == "PAY"
    assert asked.attribute("Txn", "refId") == "ORDER1042"
    assert asked.attribute("Txn", "initiationMode") == "04"
    assert asked.attribute("Payer", "addr") == "asha@simbank"
    told = await psp.next("ReqTxnConfirmation", "SIKA1")
    assert told.genuine
    assert told.attribute("Txn", "orgTxnId") == "SIKA1"
    assert told.attribute("TxnConfirmation", "orgStatus") == "SUCCESS"
    assert told.attribute("TxnConfirmation/Ref[@type='PAYEE']", "settAmount") == "1299.00"
    assert told.attribute("TxnConfirmation/Ref[@type='PAYEE']", "IFSC") == "SIKK0000001"
    await world.npci.record.until(lambda: world.npci.record["SIKA1"].confirmed)
    transaction = world.npci.record["SIKA1"]
    assert transaction.credited_minor == 129900
    assert payee.codes == []
    assert (await psp.check("SIKA1")).attribute("Resp", "result") == "SUCCESS"


@pytest.mark.parametrize(
    ("manner", "error", "told"),
    [
        ("ZH", "U29", True),
        ("ZA", "U19", True),
        ("amount", "U57", True),
        ("payee", "U59", True),
        ("payer", "U60", True),
        ("silent", "U09", False),
    ],
)
async def test_without_the_payees_consent_no_money_moves(
    world: World, psp: Psp, manner: str, error: str, told: bool
) -> None:
    Payee(psp, manner)
    await pay(world, "asha@simbank")
    decided = await world.npci.record.decided("SIKA1")
    assert (decided.status, decided.error_code, decided.debited_minor) == ("FAILURE", error, 0)
    if told:
        confirmation = await psp.next("ReqTxnConfirmation", "SIKA1")
        assert confirmation.attribute("TxnConfirmation", "orgStatus") == "FAILURE"
        assert confirmation.attribute("TxnConfirmation", "orgErrCode") == error
    else:
        assert psp.of("ReqTxnConfirmation") == []


async def test_an_answer_after_the_timer_is_refused(world: World, psp: Psp) -> None:
    payee = Payee(psp, "late")
    await pay(world, "asha@simbank")
    await world.npci.record.decided("SIKA1")
    payee.over.set()
    await asyncio.gather(*payee.tasks)
    assert payee.codes == ["U70"]


async def test_a_second_answer_is_refused(world: World, psp: Psp) -> None:
    payee = Payee(psp, "twice")
    await pay(world, "asha@simbank")
    await psp.next("ReqTxnConfirmation", "SIKA1")
    await asyncio.gather(*payee.tasks)
    assert payee.codes == ["U35"]
    assert world.npci.record["SIKA1"].credited_minor == 129900


async def test_a_psp_that_acknowledges_nothing_ends_the_payment(world: World, psp: Psp) -> None:
    psp.ack_next = ["error"] * 100
    await pay(world, "asha@simbank")
    decided = await world.npci.record.decided("SIKA1")
    assert decided.error_code == "U18"


@pytest.mark.parametrize(
    ("name", "status", "count"),
    [
        ("insufficient", "FAILURE", 1),
        ("risk", "FAILURE", 1),
        ("credittimeout", "DEEMED", 1),
        ("duplicate", "SUCCESS", 20),
        ("late", "SUCCESS", 1),
    ],
)
async def test_the_customers_script_holds_for_links_too(
    world: World, psp: Psp, name: str, status: str, count: int
) -> None:
    Payee(psp)
    await pay(world, f"{name}@simbank")
    told = await psp.next("ReqTxnConfirmation", "SIKA1", count=count)
    assert told.attribute("TxnConfirmation", "orgStatus") == status


@pytest.mark.parametrize("name", ["expire", "declined", "invalidvpa", "authtimeout"])
async def test_a_customer_who_gives_up_begins_nothing(world: World, psp: Psp, name: str) -> None:
    assert await pay(world, f"{name}@simbank") == {"status": "ABANDONED"}
    assert len(world.npci.record) == 0
    assert psp.arrived == []


async def test_an_app_may_make_its_own_transaction_id(world: World, psp: Psp) -> None:
    Payee(psp)
    begun = await pay(world, "asha@simbank", honour_tid=False)
    transaction_id = str(begun["id"])
    assert transaction_id != "SIKA1"
    told = await psp.next("ReqTxnConfirmation", transaction_id)
    assert told.attribute("Txn", "refId") == "ORDER1042"


async def test_a_link_with_a_transaction_id_is_paid_once(world: World, psp: Psp) -> None:
    Payee(psp)
    await pay(world, "asha@simbank")
    with pytest.raises(LinkRefused, match="tid was paid already"):
        world.npci.apps.pay(LINK.format(tid="SIKA1"), "ravi@simbank")


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("https://pay?pa=a@b1", "upi://pay"),
        ("upi://pay?pn=Shop", "pa"),
        ("upi://pay?pa=shop@sikka", "pn"),
        ("upi://pay?pa=shop@sikka&pn=Shop&mc=5411", "tr"),
        ("upi://pay?pa=shop@sikka&pn=Shop&am=12", "am"),
        ("upi://pay?pa=shop@sikka&pn=Shop&am=12.00&am=13.00", "am is given more than once"),
        ("upi://pay?pa=shop@sikka&pn=Shop&cu=USD", "cu"),
        ("upi://pay?pa=shop@sikka&pn=Shop&tid=a_b", "tid"),
        ("upi://pay?pa=shop@sikka&pn=Shop&mode=99", "mode"),
        ("upi://pay?pa=shop@sikka&pn", "query"),
    ],
)
def test_a_wrong_link_is_refused_and_the_parameter_named(link: str, named: str) -> None:
    with pytest.raises(LinkRefused, match=named):
        read_link(link)


@given(st.text(max_size=80))
def test_any_text_is_a_link_or_refused(query: str) -> None:
    try:
        link = read_link(f"upi://pay?{query}")
    except LinkRefused:
        return
    assert "@" in link.payee_address


async def test_a_link_without_an_amount_needs_one(world: World, psp: Psp) -> None:
    Payee(psp)
    link = "upi://pay?pa=shop@sikka&pn=Shop&tid=SIKA2"
    with pytest.raises(LinkRefused, match="am is missing"):
        world.npci.apps.pay(link, "asha@simbank")
    transaction = world.npci.apps.pay(link, "asha@simbank", "12.00")
    assert transaction is not None
    assert transaction.amount_minor == 1200
    await world.npci.record.decided("SIKA2")
