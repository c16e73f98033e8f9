"""The control interface of the switch, beyond that of every rail: apps, faults, heartbeats."""

from __future__ import annotations

from aiohttp import web

from sikka_sim.clock import Clock
from sikka_sim.npci.apps import Apps, LinkRefused
from sikka_sim.npci.callback import Callbacks
from sikka_sim.npci.faults import Faults
from sikka_sim.rail.control import bad_request, json_body
from sikka_sim.rail.ids import Ids


class SwitchControl:
    """The routes of the switch alone.

    ``POST /sim/apps/pay {"link", "vpa", "amount"?, "honour_tid"?}``, ``POST /sim/faults {...}``,
    ``GET /sim/faults``, ``POST /sim/heartbeat``.

    Args:
        apps: the customers' apps.
        faults: what is wrong.
        callbacks: sends heartbeats and holds outcomes; None when the switch tells nobody.
        clock: its skew is a fault.
        ids: transaction ids of heartbeats.
    """

    def __init__(
        self, apps: Apps, faults: Faults, callbacks: Callbacks | None, clock: Clock, ids: Ids
    ) -> None:
        self._apps = apps
        self._faults = faults
        self._callbacks = callbacks
        self._clock = clock
        self._ids = ids

    def add_routes(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_post("/sim/apps/pay", self._pay)
        app.router.add_post("/sim/faults", self._set_faults)
        app.router.add_get("/sim/faults", self._show_faults)
        app.router.add_post("/sim/heartbeat", self._heartbeat)

    def set_faults(self, **wanted: object) -> None:
        """Set faults by name; those not named stay as they are.

        Raises:
            ValueError: an unknown name or a wrong value; nothing is changed then.
        """
        self._faults.change(wanted)
        self._clock.skew_s = self._faults.clock_skew_s
        if self._faults.callbacks == "deliver" and self._callbacks is not None:
            self._callbacks.release()

    async def _pay(self, request: web.Request) -> web.Response:
        wanted = await json_body(request)
        link, address, amount = wanted.get("link"), wanted.get("vpa"), wanted.get("amount")
        if not isinstance(link, str) or not isinstance(address, str):
            raise bad_request("link and vpa must be text")
        if amount is not None and not isinstance(amount, str):
            raise bad_request("amount must be text, in rupees")
        try:
            transaction = self._apps.pay(
                link, address, amount, honour_tid=wanted.get("honour_tid", True) is not False
            )
        except LinkRefused as error:
            raise bad_request(str(error)) from error
        if transaction is None:
            return web.json_response({"status": "ABANDONED"})
        return web.json_response(transaction.as_json())

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            self.set_faults(**await json_body(request))
        except ValueError as error:
            raise bad_request(str(error)) from error
        return web.json_response(self._faults.as_json())

    async def _show_faults(self, _request: web.Request) -> web.Response:
        return web.json_response(self._faults.as_json())

    async def _heartbeat(self, _request: web.Request) -> web.Response:
        acknowledged = False
        if self._callbacks is not None:
            transaction_id = self._ids.message_id("heartbeat")
            acknowledged = await self._callbacks.send(
                "ReqHbt", transaction_id, lambda writer: writer.req_hbt(transaction_id)
            )
        return web.json_response({"acknowledged": acknowledged})
