"""The books: a merchant sees its own, an administrator all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sikka.api.call import Call, Reply
from sikka.api.handlers.paging import page
from sikka.api.queries import AccountsQuery, LedgerTransactionsQuery, NoQuery
from sikka.api.views import (
    LedgerAccountView,
    LedgerEntryView,
    LedgerTransactionView,
    TrialBalanceLine,
    TrialBalanceView,
    page_of,
)
from sikka.domain.ledger import LedgerTransaction
from sikka.domain.merchant import Scope
from sikka.domain.views import encode
from sikka.ports import AccountBalance


def _owner(call: Call, named: str | None) -> str | None:
    """Whose books: everybody's, for an administrator who names nobody."""
    if named is None and call.principal.key.allows(Scope.ADMIN):
        return None
    return call.merchant_id(named)


async def accounts(call: Call) -> Reply:
    """GET /v1/ledger/accounts."""
    query = call.query(AccountsQuery)
    rows = await call.parts.reader.ledger_accounts(
        _owner(call, query.merchant_id), call.livemode, page(query)
    )
    return Reply(200, encode(page_of("/v1/ledger/accounts", query, rows, _account)))


async def transactions(call: Call) -> Reply:
    """GET /v1/ledger/transactions."""
    query = call.query(LedgerTransactionsQuery)
    rows = await call.parts.reader.ledger_transactions(
        call.livemode,
        page(query),
        owner=_owner(call, query.merchant_id),
        payment_id=query.payment_id,
        account_id=query.account_id,
    )
    return Reply(200, encode(page_of("/v1/ledger/transactions", query, rows, _transaction)))


async def trial_balance(call: Call) -> Reply:
    """GET /v1/ledger/trial_balance."""
    call.query(NoQuery)
    balances = await call.parts.reader.trial_balance(call.livemode)
    view = TrialBalanceView(
        "trial_balance", call.livemode, _balanced(balances), [_line(each) for each in balances]
    )
    return Reply(200, encode(view))


def _balanced(balances: Sequence[AccountBalance]) -> bool:
    difference: dict[str, int] = defaultdict(int)
    for each in balances:
        difference[each.account.currency] += each.debits_minor - each.credits_minor
    return not any(difference.values())


def _line(balance: AccountBalance) -> TrialBalanceLine:
    account = balance.account
    return TrialBalanceLine(
        account.id,
        account.chart,
        account.kind,
        account.currency,
        balance.debits_minor,
        balance.credits_minor,
    )


def _account(balance: AccountBalance) -> LedgerAccountView:
    account = balance.account
    return LedgerAccountView(
        object="ledger_account",
        id=account.id,
        chart=account.chart,
        kind=account.kind,
        owner=account.owner,
        currency=account.currency,
        livemode=account.livemode,
        balance=balance.balance_minor,
    )


def _transaction(transaction: LedgerTransaction) -> LedgerTransactionView:
    entries = [
        LedgerEntryView(
            posting.account.id, posting.direction, posting.amount_minor, posting.account.currency
        )
        for posting in transaction.postings
    ]
    return LedgerTransactionView(
        object="ledger_transaction",
        id=transaction.id,
        kind=transaction.kind,
        payment_id=transaction.payment_id,
        refund_id=transaction.refund_id,
        reverses=transaction.reverses,
        entries=entries,
        created_at=transaction.created_at,
    )
