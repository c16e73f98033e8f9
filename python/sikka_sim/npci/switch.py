"""The NPCI switch, put together from its parts."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from aiohttp import web

from sikka_sim.clock import Clock
from sikka_sim.keys import KeyPair
from sikka_sim.npci.apps import Apps
from sikka_sim.npci.callback import Callbacks
from sikka_sim.npci.control import SwitchControl
from sikka_sim.npci.faults import Faults
from sikka_sim.npci.frontdoor import BODY_BYTES_MAX, FrontDoor
from sikka_sim.npci.participants import Participants
from sikka_sim.npci.requests import Requests
from sikka_sim.npci.xmldsig import SigningKey
from sikka_sim.rail.control import Control
from sikka_sim.rail.engine import Engine, Timing
from sikka_sim.rail.ids import Ids
from sikka_sim.rail.legs import Banks
from sikka_sim.rail.record import Record
from sikka_sim.rail.tasks import Tasks


@dataclass(frozen=True, slots=True)
class SwitchConfig:
    """How the switch behaves.

    Attributes:
        seed: identifiers and faults by rate follow from it.
        timing: how long things take.
        version: the version of what the switch sends.
        verify: whether signatures are checked.
        validate: whether schema and validation codes are checked.
        callbacks: whether anybody is told anything.
        messages_max: how many messages the record keeps.
        checks_max: how many ReqChkTxn an original may get (U94 beyond); None for any number.
    """

    seed: int
    timing: Timing
    version: str = "2.0"
    verify: bool = True
    validate: bool = True
    callbacks: bool = True
    messages_max: int = 50_000
    checks_max: int | None = None


class Switch:
    """The switch: its record, its faults, its apps and the web application that serves it.

    Args:
        config: how it behaves.
        clock: its time.
        key, foreign_key: its own key, and the key of nobody.
        session: its HTTP client.
    """

    def __init__(
        self,
        config: SwitchConfig,
        clock: Clock,
        key: KeyPair,
        foreign_key: KeyPair,
        session: aiohttp.ClientSession,
    ) -> None:
        timing = config.timing
        ids = Ids(config.seed)
        self.record = Record(config.messages_max)
        self.faults = Faults()
        self.participants = Participants()
        self.tasks = Tasks()
        self.callbacks: Callbacks | None = None
        if config.callbacks:
            self.callbacks = Callbacks(
                session,
                SigningKey(key),
                SigningKey(foreign_key),
                clock,
                timing,
                ids,
                self.record,
                self.faults,
                config.seed,
                config.version,
            )
        banks = Banks(clock, timing.bank_s)
        self.engine = Engine(self.record, banks, clock, timing, ids, self.tasks, self.callbacks)
        self.apps = Apps(
            self.engine,
            self.callbacks,
            self.participants,
            self.record,
            clock,
            timing,
            ids,
            self.tasks,
        )
        requests = Requests(
            self.engine,
            self.apps,
            self.callbacks,
            self.record,
            clock,
            timing,
            ids,
            config.checks_max,
        )
        self._front_door = FrontDoor(
            requests.handlers(),
            self.participants,
            self.record,
            clock,
            timing,
            self.tasks,
            self.faults,
            config.seed,
            verify=config.verify,
            validate=config.validate,
        )
        self.control = SwitchControl(self.apps, self.faults, self.callbacks, clock, ids)

    def application(self) -> web.Application:
        """The web application: the front door and the control interface."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_post("/upi/{api}/{version}/urn:txnid:{id}", self._front_door.handle)
        Control(self.record, self.engine).add_routes(app)
        self.control.add_routes(app)
        return app
