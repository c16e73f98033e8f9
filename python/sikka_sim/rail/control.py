"""The control interface under ``/sim``: what the rail did, and a hand on what it will do."""

from __future__ import annotations

import json

from aiohttp import web

from sikka_sim.rail.engine import Engine
from sikka_sim.rail.record import Record
from sikka_sim.rail.transaction import Transaction
from sikka_sim.scripts import SCRIPTS


class Control:
    """The routes that every rail has.

    ``GET /sim/transactions[?status=&type=&owner=]``, ``GET /sim/transactions/{id}``,
    ``GET /sim/messages[?txn=&api=]``, ``GET /sim/totals``, ``GET /sim/scripts``,
    ``POST /sim/resolve {"id", "status", "error_code"?, "tell"?}``.

    Args:
        record: what the rail did.
        engine: resolves transactions.
    """

    def __init__(self, record: Record, engine: Engine) -> None:
        self._record = record
        self._engine = engine

    def add_routes(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_get("/sim/transactions", self._transactions)
        app.router.add_get("/sim/transactions/{id}", self._transaction)
        app.router.add_get("/sim/messages", self._messages)
        app.router.add_get("/sim/totals", self._totals)
        app.router.add_get("/sim/scripts", self._scripts)
        app.router.add_post("/sim/resolve", self._resolve)

    async def _transactions(self, request: web.Request) -> web.Response:
        wanted = request.query
        found = [
            shown
            for shown in (transaction.as_json() for transaction in self._record)
            if all(shown.get(name) == value for name, value in wanted.items())
        ]
        return web.json_response({"transactions": found})

    async def _transaction(self, request: web.Request) -> web.Response:
        return web.json_response(self._find(request.match_info["id"]).as_json())

    async def _messages(self, request: web.Request) -> web.Response:
        messages = self._record.messages(request.query.get("txn"), request.query.get("api"))
        return web.json_response({"messages": [message.as_json() for message in messages]})

    async def _totals(self, _request: web.Request) -> web.Response:
        return web.json_response(self._record.totals())

    async def _scripts(self, _request: web.Request) -> web.Response:
        scripts = {s.name: {"final": s.final, "what": s.what} for s in SCRIPTS.values()}
        return web.json_response(scripts)

    async def _resolve(self, request: web.Request) -> web.Response:
        wanted = await json_body(request)
        transaction = self._find(str(wanted.get("id", "")))
        status = wanted.get("status")
        if status not in ("SUCCESS", "FAILURE"):
            raise bad_request("status must be SUCCESS or FAILURE")
        try:
            self._engine.resolve(transaction, status, str(wanted.get("error_code", "")))
        except ValueError as error:
            raise bad_request(str(error)) from error
        if wanted.get("tell") is True:
            await self._engine.tell(transaction, "once")
        return web.json_response(transaction.as_json())

    def _find(self, transaction_id: str) -> Transaction:
        transaction = self._record.get(transaction_id)
        if transaction is None:
            raise web.HTTPNotFound(text="no such transaction")
        return transaction


async def json_body(request: web.Request) -> dict[str, object]:
    """The request's JSON object.

    Raises:
        web.HTTPBadRequest: the body is something else.
    """
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise bad_request("the body must be JSON") from error
    if not isinstance(body, dict):
        raise bad_request("the body must be a JSON object")
    return body


def bad_request(reason: str) -> web.HTTPBadRequest:
    """A 400 that says why."""
    return web.HTTPBadRequest(text=reason)
