from __future__ import annotations

from dataclasses import replace
from typing import Any

from sikka.domain.ledger import Books, Direction
from sikka.domain.merchant import Merchant, Scope
from sikka.domain.payment import Payment
from sikka_core import new_id
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed


async def booked(client: Client, world: World, merchant: Merchant) -> Payment:
    headers = keyed(world.headers(merchant=merchant))
    response = await client.post("/v1/payments", json=collect(), headers=headers)
    payment: Payment = world.memory.get(Payment, (await response.json())["id"])
    books = Books(payment, "npci", world.clock.now())
    world.memory.transactions.append(books.captured(new_id("ltx", 1, 1), merchant))
    return payment


async def get(client: Client, headers: dict[str, str], path: str) -> Any:
    response = await client.get(path, headers=headers)
    assert response.status == 200, await response.text()
    return await response.json()


async def test_a_merchant_sees_its_own_books_only(client: Client, world: World) -> None:
    merchant, other = world.new_merchant(), world.new_merchant()
    payment = await booked(client, world, merchant)
    await booked(client, world, other)
    headers = world.headers(Scope.READ, merchant=merchant)
    accounts = await get(client, headers, "/v1/ledger/accounts")
    assert [(each["owner"], each["balance"]) for each in accounts["data"]] == [
        (merchant.id, 129_900 - 1_299 - 234)
    ]
    transactions = await get(client, headers, "/v1/ledger/transactions")
    [transaction] = transactions["data"]
    assert (transaction["payment_id"], transaction["kind"]) == (payment.id, "capture")
    sides = {"debit": 0, "credit": 0}
    for entry in transaction["entries"]:
        sides[entry["direction"]] += entry["amount"]
    assert sides == {"debit": 129_900, "credit": 129_900}


async def test_an_administrator_sees_all_books_or_those_of_one(
    client: Client, world: World
) -> None:
    merchant, other = world.new_merchant(), world.new_merchant()
    await booked(client, world, merchant)
    await booked(client, world, other)
    headers = world.headers(Scope.ADMIN)
    everybody = await get(client, headers, "/v1/ledger/accounts")
    assert {merchant.id, other.id, "npci"} <= {each["owner"] for each in everybody["data"]}
    one = await get(client, headers, f"/v1/ledger/accounts?merchant_id={other.id}")
    assert {each["owner"] for each in one["data"]} == {other.id}
    assert len((await get(client, headers, "/v1/ledger/transactions"))["data"]) == 2


async def test_transactions_are_filtered(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    payment = await booked(client, world, merchant)
    await booked(client, world, merchant)
    headers = world.headers(merchant=merchant)
    url = "/v1/ledger/transactions"
    found = await get(client, headers, f"{url}?payment_id={payment.id}")
    assert [each["payment_id"] for each in found["data"]] == [payment.id]
    account = f"merchant_payable/{merchant.id}/INR/test"
    assert len((await get(client, headers, f"{url}?account_id={account}"))["data"]) == 2
    other = f"{url}?account_id=bank//INR/test"
    assert (await get(client, headers, other))["data"] == []


async def test_the_trial_balance_is_for_administrators_and_balances(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    await booked(client, world, merchant)
    url = "/v1/ledger/trial_balance"
    assert (await client.get(url, headers=world.headers(merchant=merchant))).status == 403
    body = await get(client, world.headers(Scope.ADMIN), url)
    assert body["balanced"] is True
    assert sum(each["debits"] - each["credits"] for each in body["accounts"]) == 0


async def test_books_that_do_not_balance_are_shown_as_such(client: Client, world: World) -> None:
    await booked(client, world, world.new_merchant())
    [transaction] = world.memory.transactions
    postings = tuple(p for p in transaction.postings if p.direction is Direction.DEBIT)
    forged = replace(transaction)
    object.__setattr__(forged, "postings", postings)
    world.memory.transactions.append(forged)
    body = await get(client, world.headers(Scope.ADMIN), "/v1/ledger/trial_balance")
    assert body["balanced"] is False
