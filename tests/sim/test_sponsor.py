"""The sponsor bank's façade: signed calls, the same scripts, signed callbacks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from sikka_sim import SCRIPTS, World, WorldConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MERCHANT = "SIM0001"
SECRET = "shared"


@dataclass(slots=True)
class Client:
    """A merchant of the bank: calls it, and receives its callbacks."""

    world: World
    session: aiohttp.ClientSession
    callbacks: list[tuple[bool, dict[str, Any]]] = field(default_factory=list)
    status_next: list[int] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def call(
        self,
        operation: str,
        *,
        secret: str = SECRET,
        timestamp: str | None = None,
        merchant: str = MERCHANT,
        **fields: str,
    ) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"merchantId": MERCHANT, **fields}).encode()
        at = timestamp or str(int(time.time()))
        signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
        headers = {"X-Timestamp": at, "X-Signature": signature.hexdigest()}
        url = f"{self.world.sponsor_url}/api/v1/{merchant}/{operation}"
        async with self.session.post(url, data=body, headers=headers) as response:
            return response.status, await response.json()

    async def collect(self, name: str, tran_id: str = "T1", **more: str) -> dict[str, Any]:
        status, answer = await self.call(
            "collect",
            merchantTranId=tran_id,
            payerVa=f"{name}@simbank",
            amount="1299.00",
            note="Order 1042",
            **more,
        )
        assert status == 200
        return answer

    async def refund(self, tran_id: str, original: str, amount: str) -> dict[str, Any]:
        _, answer = await self.call(
            "refund",
            merchantTranId=tran_id,
            originalmerchantTranId=original,
            refundAmount=amount,
            note="Refund",
            onlineRefund="Y",
        )
        return answer

    async def status(self, tran_id: str = "T1") -> dict[str, Any]:
        return (await self.call("status", merchantTranId=tran_id))[1]

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        text = request.headers["X-Timestamp"].encode() + b"." + body
        expected = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(expected, request.headers["X-Signature"])
        async with self.changed:
            self.callbacks.append((genuine, json.loads(body)))
            self.changed.notify_all()
        return web.Response(status=self.status_next.pop(0) if self.status_next else 200)

    async def told(self, count: int = 1) -> tuple[bool, dict[str, Any]]:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.callbacks) >= count)
        return self.callbacks[count - 1]


@pytest.fixture
async def client(config: WorldConfig) -> AsyncIterator[Client]:
    world = await World.start(
        WorldConfig(
            time_scale=config.time_scale, keys=config.keys, sponsor_secrets={MERCHANT: SECRET}
        )
    )
    async with aiohttp.ClientSession() as session:
        client = Client(world, session)
        app = web.Application()
        app.router.add_post("/callbacks/sponsor/simsponsor", client.receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.set_gateway(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        yield client
        await world.stop()
        await runner.cleanup()
    assert world.errors() == []


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("asha", "SUCCESS", "00"),
        ("insufficient", "FAILURE", "Z9"),
        ("wrongpin", "FAILURE", "ZM"),
        ("declined", "FAILURE", "ZA"),
        ("invalidvpa", "FAILURE", "ZH"),
        ("risk", "FAILURE", "K1"),
        ("expire", "FAILURE", "U69"),
        ("debittimeout", "FAILURE", "UT"),
        ("creditdeclined", "FAILURE", "YF"),
        ("deemedforever", "DEEMED", "RB"),
        ("slow", "SUCCESS", "00"),
    ],
)
async def test_a_collect_ends_as_its_script_says(
    client: Client, name: str, status: str, code: str
) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=60)).isoformat(timespec="seconds")
    begun = await client.collect(name, collectByDate=until)
    assert (begun["success"], begun["status"], begun["response"]) == (True, "PENDING", "92")
    genuine, told = await client.told()
    assert genuine
    assert (told["txnStatus"], told["response"]) == (status, code)
    assert told["merchantTranId"] == "T1"
    assert (told["payerVa"], told["payeeVa"]) == (f"{name}@simbank", "sim0001@simsponsor")
    assert (told["BankRRN"], told["upiTxnId"]) == (begun["BankRRN"], begun["upiTxnId"])
    assert told["payerAmount"] == "1299.00"
    found = await client.status()
    assert (found["success"], found["status"], found["response"]) == (True, status, code)


async def test_silent_is_in_process_until_told(client: Client) -> None:
    await client.collect("silent")
    assert (await client.status())["response"] == "92"
    transaction = next(iter(client.world.sponsor.record))
    client.world.sponsor.engine.resolve(transaction, "SUCCESS")
    assert (await client.status())["status"] == "SUCCESS"


@pytest.mark.parametrize("name", ["noack", "dropack"])
async def test_a_closed_connection_was_a_taken_request(client: Client, name: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        await client.collect(name)
    transaction = next(iter(client.world.sponsor.record))
    await client.world.sponsor.record.decided(transaction.id)
    assert (await client.status())["status"] == "SUCCESS"


async def test_a_refused_collect_was_not_taken(client: Client) -> None:
    refused = await client.collect("nackd")
    assert (refused["success"], refused["response"]) == (False, "U90")
    assert "status" not in refused
    assert (await client.status())["response"] == "5006"


async def test_deliveries_go_wrong_as_scripted(client: Client) -> None:
    await client.collect("duplicate", "T1")
    await client.told(20)
    client.callbacks.clear()
    for name, tran_id in (("wrongamount", "T2"), ("wrongparty", "T3"), ("wrongsignature", "T4")):
        await client.collect(name, tran_id)
        genuine, told = await client.told()
        assert genuine == (name != "wrongsignature")
        assert (told["payerAmount"] == "1299.00") == (name != "wrongamount")
        assert (told["payeeVa"] == "sim0001@simsponsor") == (name != "wrongparty")
        assert (await client.status(tran_id))["amount"] == "1299.00"
        client.callbacks.clear()
    await client.collect("contradict", "T5")
    await client.told(2)
    assert [told["txnStatus"] for _, told in client.callbacks] == ["SUCCESS", "FAILURE"]
    assert (await client.status("T5"))["status"] == "SUCCESS"


async def test_a_callback_is_repeated_until_it_is_taken(client: Client) -> None:
    client.status_next = [500, 401]
    await client.collect("asha")
    await client.told(3)
    transaction = next(iter(client.world.sponsor.record))
    await client.world.sponsor.record.answered(transaction.id)
    assert transaction.answers == [("callback", True)]
    assert len(client.callbacks) == 3


async def test_refunds_return_no_more_than_was_paid(client: Client) -> None:
    await client.collect("asha")
    await client.told()
    begun = await client.refund("R1", "T1", "1000.00")
    assert (begun["status"], begun["amount"]) == ("PENDING", "1000.00")
    _, told = await client.told(2)
    assert (told["type"], told["txnStatus"], told["merchantTranId"]) == ("REFUND", "SUCCESS", "R1")
    assert (await client.refund("R2", "T1", "299.01"))["response"] == "5007"
    assert (await client.refund("R1", "T1", "1.00"))["response"] == "5003"
    assert (await client.refund("R3", "T9", "1.00"))["response"] == "5006"
    assert (await client.status("R1"))["status"] == "SUCCESS"


async def test_a_refund_follows_the_customers_script(client: Client) -> None:
    await client.collect("refundfail")
    await client.told()
    await client.refund("R1", "T1", "1299.00")
    _, told = await client.told(2)
    assert (told["txnStatus"], told["response"]) == ("FAILURE", "XI")


async def test_an_address_is_known_or_not(client: Client) -> None:
    _, found = await client.call("vpa", payerVa="asha@simbank")
    assert (found["success"], found["customerName"]) == (True, "Asha")
    _, missing = await client.call("vpa", payerVa="invalidvpa@simbank")
    assert (missing["success"], missing["response"]) == (False, "ZH")


async def test_an_intent_link_is_paid_once(client: Client) -> None:
    _, begun = await client.call("intent", merchantTranId="T1", amount="12.00", note="Order 1042")
    assert begun["link"].startswith("upi://pay?pa=sim0001@simsponsor&pn=SIM0001&mc=5411&tid=")
    assert begun["refId"] == "T1"
    url = f"{client.world.sponsor_url}/sim/apps/pay"
    for status in (200, 400):
        body = {"link": begun["link"], "vpa": "asha@simbank"}
        async with client.session.post(url, json=body) as response:
            assert response.status == status
    _, told = await client.told()
    assert (told["type"], told["txnStatus"], told["payerVa"]) == ("PAY", "SUCCESS", "asha@simbank")


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "another"},
        {"timestamp": str(int(time.time()) - 3600)},
        {"timestamp": "now"},
        {"merchant": "SIM0002"},
    ],
)
async def test_an_unproven_call_is_refused(client: Client, wrong: dict[str, str]) -> None:
    status, answer = await client.call("status", merchantTranId="T1", **wrong)
    assert (status, answer["response"]) == (401, "8010")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("merchantTranId", "T-1"),
        ("payerVa", "asha"),
        ("amount", "1299"),
        ("note", ""),
        ("collectByDate", "tomorrow"),
        ("collectByDate", "2020-01-01T00:00:00+05:30"),
        ("colour", "red"),
        ("merchantId", "SIM0002"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_done(
    client: Client, name: str, value: str
) -> None:
    fields = {
        "merchantTranId": "T1",
        "payerVa": "asha@simbank",
        "amount": "1.00",
        "note": "Order",
        name: value,
    }
    status, answer = await client.call("collect", **fields)
    assert (status, answer["response"]) == (400, "8000")
    assert name in answer["message"]
    assert len(client.world.sponsor.record) == 0


async def test_a_duplicate_is_refused(client: Client) -> None:
    await client.collect("asha")
    assert (await client.collect("asha"))["response"] == "5003"


async def test_both_rails_know_the_same_scripts(client: Client) -> None:
    async with client.session.get(f"{client.world.sponsor_url}/sim/scripts") as response:
        assert set(await response.json()) == set(SCRIPTS)
