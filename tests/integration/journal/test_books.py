"""Balances equal their entries, and readers see whole, balanced transactions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import select

from sikka.domain.ledger import Books, Chart
from sikka.domain.payment import Stage, Status
from sikka.journal.reader import SqlReader
from sikka.journal.tables import ledger_accounts, ledger_entries
from sikka.ports import Page
from tests.integration.journal.made import (
    AT,
    MERCHANT_ID,
    creation,
    made_id,
    made_merchant,
    payment_of,
    step,
    success,
)

if TYPE_CHECKING:
    from sikka.domain.payment import Payment
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

ALL = Page(limit=100)
OTHER_ID = "mer_01KE7ZT9S30000000000000002"


async def paid(journal: SqlJournal, count: int, merchant_id: str = MERCHANT_ID) -> list[Payment]:
    changes = [creation(merchant_id=merchant_id) for _ in range(count)]
    await asyncio.gather(*map(journal.commit, changes))
    payments = [payment_of(change) for change in changes]
    await asyncio.gather(*(journal.commit(success(payment)) for payment in payments))
    return payments


async def test_every_stripe_of_an_account_equals_the_sum_of_its_entries(
    journal: SqlJournal, database: Database
) -> None:
    await paid(journal, 40)
    entries, accounts = ledger_entries.c, ledger_accounts.c
    sums: dict[tuple[str, int, str], int] = {}
    for account, bucket, direction, amount in await database.rows(
        select(entries.account_id, entries.bucket, entries.direction, entries.amount_minor)
    ):
        place = (account, bucket // 64, direction)
        sums[place] = sums.get(place, 0) + amount
    said = {}
    for account, stripe, debits, credits in await database.rows(
        select(accounts.id, accounts.stripe, accounts.debits_minor, accounts.credits_minor)
    ):
        said[account, stripe, "debit"] = debits
        said[account, stripe, "credit"] = credits
    assert {place: amount for place, amount in said.items() if amount} == sums
    assert len({stripe for _, stripe, _ in said}) > 1


async def test_the_trial_balance_balances_and_knows_its_sides(
    journal: SqlJournal, database: Database
) -> None:
    await paid(journal, 3)
    balances = await SqlReader(database).trial_balance(livemode=False)
    found = {each.account.chart: each for each in balances}
    # Two per cent of 1,299.00 is 25.98, and 18 per cent of that is 4.68.
    assert found[Chart.RECEIVABLE].balance_minor == 3 * 129_900
    assert found[Chart.FEE_INCOME].balance_minor == 3 * 2598
    assert found[Chart.GST_PAYABLE].balance_minor == 3 * 468
    assert found[Chart.MERCHANT_PAYABLE].balance_minor == 3 * (129_900 - 2598 - 468)
    assert found[Chart.MERCHANT_PAYABLE].account.owner == MERCHANT_ID
    assert await SqlReader(database).trial_balance(livemode=True) == []


async def test_accounts_are_paged_by_name_and_by_owner(
    journal: SqlJournal, database: Database
) -> None:
    await paid(journal, 2)
    await paid(journal, 1, OTHER_ID)
    reader = SqlReader(database)
    everything = [each.account.id for each in await reader.ledger_accounts(None, False, ALL)]
    assert everything == sorted(everything)
    assert len(everything) == 5
    own = await reader.ledger_accounts(OTHER_ID, False, ALL)
    assert [each.account.id for each in own] == [f"merchant_payable/{OTHER_ID}/INR/test"]
    pages = await reader.ledger_accounts(None, False, Page(1, starting_after=everything[1]))
    assert [each.account.id for each in pages] == everything[2:4]
    pages = await reader.ledger_accounts(None, False, Page(1, ending_before=everything[3]))
    assert [each.account.id for each in pages] == everything[1:3]


async def test_a_transaction_is_read_as_it_was_booked(
    journal: SqlJournal, database: Database
) -> None:
    payment = (await paid(journal, 3))[1]
    other = (await paid(journal, 1, OTHER_ID))[0]
    reader = SqlReader(database)
    (found,) = await reader.ledger_transactions(False, ALL, payment_id=payment.id)
    after = payment.moved(Status.SUCCESS, Stage.CAPTURED, AT, captured_minor=payment.amount_minor)
    expected = Books(after, "npci", AT).captured(found.id, made_merchant())
    assert found == expected
    receivable = "receivable/npci/INR/test"
    assert len(await reader.ledger_transactions(False, ALL)) == 4
    assert len(await reader.ledger_transactions(False, ALL, account_id=receivable)) == 4
    own = await reader.ledger_transactions(False, ALL, owner=OTHER_ID)
    assert [each.payment_id for each in own] == [other.id]
    assert await reader.ledger_transactions(False, ALL, owner=OTHER_ID, payment_id=payment.id) == []
    assert await reader.ledger_transactions(True, ALL) == []


async def test_a_late_success_is_held_in_suspense_and_the_books_balance(
    journal: SqlJournal, database: Database
) -> None:
    payment = payment_of(created := creation())
    await journal.commit(created)
    late = Books(payment, "npci", AT).held(made_id("ltx", payment.bucket), "late_success")
    await journal.commit(step(payment, payment.noted(AT), postings=(late,)))
    balances = await SqlReader(database).trial_balance(livemode=False)
    found = {each.account.chart: each for each in balances}
    assert found[Chart.RECEIVABLE].balance_minor == found[Chart.SUSPENSE].balance_minor == 129_900
