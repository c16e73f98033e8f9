"""The ledger."""

from __future__ import annotations

from sikka.api import queries, views
from sikka.api.handlers import (
    ledger,
)
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.merchant import Scope

BOOKS: tuple[Route, ...] = (
    KeyedRoute(
        method="GET",
        path="/v1/ledger/accounts",
        operation="list_ledger_accounts",
        tag="Ledger",
        summary="List accounts and their balances",
        scope=Scope.READ,
        handler=ledger.accounts,
        query=queries.AccountsQuery,
        success=(Success(200, views.ListView[views.LedgerAccountView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/ledger/transactions",
        operation="list_ledger_transactions",
        tag="Ledger",
        summary="List transactions of the books",
        scope=Scope.READ,
        handler=ledger.transactions,
        query=queries.LedgerTransactionsQuery,
        success=(Success(200, views.ListView[views.LedgerTransactionView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/ledger/trial_balance",
        operation="get_trial_balance",
        tag="Ledger",
        summary="The trial balance of all the books",
        scope=Scope.ADMIN,
        handler=ledger.trial_balance,
        query=queries.NoQuery,
        success=(Success(200, views.TrialBalanceView),),
    ),
)
