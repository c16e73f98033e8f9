"""The simulated world: the NPCI switch, a sponsor bank and a merchant, each on its own port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import aiohttp
from aiohttp import web

from sikka_sim.clock import Clock
from sikka_sim.keys import KeyPair, new_key_pair
from sikka_sim.merchant.app import Merchant
from sikka_sim.npci.switch import Switch, SwitchConfig
from sikka_sim.rail.engine import Timing
from sikka_sim.sponsor.bank import SponsorBank, SponsorConfig

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class WorldKeys:
    """The keys of the world.

    Attributes:
        switch: signs the switch's messages; its certificate is what a gateway pins.
        foreign: signs what nobody should trust.
    """

    switch: KeyPair
    foreign: KeyPair

    @classmethod
    def generate(cls) -> WorldKeys:
        """Make new keys."""
        return cls(new_key_pair("NPCI simulated switch"), new_key_pair("nobody"))


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """How the world is.

    Attributes:
        seed: identifiers and faults by rate follow from it.
        time_scale: factor on every wait: 0.01 makes a minute 0.6 s.
        timing: how long things take, before scaling.
        gateway_url: where callbacks go; may be set later.
        npci_port, sponsor_port, merchant_port: 0 takes any free port.
        version: the version of what the switch sends.
        verify: whether the switch checks signatures.
        validate: whether the switch checks schema and validation codes; without it, a message that
            breaks them is an error of the simulator.
        callbacks: whether the switch tells anybody anything.
        instant: for load: no waits, no messages kept.
        messages_max: how many messages the switch's record keeps.
        checks_max: how many status checks of one transaction the switch takes; None for any number.
        sponsor_bank: the sponsor bank's name, also its VPA handle.
        sponsor_secrets: its merchants and their secrets.
        keys: the world's keys; new ones when None.
    """

    seed: int = 1
    time_scale: float = 1.0
    timing: Timing = field(default_factory=Timing)
    gateway_url: str | None = None
    npci_port: int = 0
    sponsor_port: int = 0
    merchant_port: int = 0
    version: str = "2.0"
    verify: bool = True
    validate: bool = True
    callbacks: bool = True
    instant: bool = False
    messages_max: int = 50_000
    checks_max: int | None = None
    sponsor_bank: str = "simsponsor"
    sponsor_secrets: Mapping[str, str] = field(
        default_factory=lambda: {"SIM0001": "secret-of-the-simulated-merchant"}
    )
    keys: WorldKeys | None = None


class World:
    """The running world; made by `World.start`.

    Attributes:
        npci, sponsor, merchant: the parties; each rail has a ``record`` of what it really did.
        keys: the world's keys.
        npci_url, sponsor_url, merchant_url: where they listen.
    """

    def __init__(self, config: WorldConfig, keys: WorldKeys) -> None:
        if config.instant:
            config = replace(config, time_scale=0.0, messages_max=0)
        self.config = config
        self.keys = keys
        clock, sponsor_clock = Clock(config.time_scale), Clock(config.time_scale)
        timeout = aiohttp.ClientTimeout(total=config.timing.answer_s)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=200)
        )
        switch = SwitchConfig(
            seed=config.seed,
            timing=config.timing,
            version=config.version,
            verify=config.verify,
            validate=config.validate,
            callbacks=config.callbacks,
            messages_max=config.messages_max,
            checks_max=config.checks_max,
        )
        sponsor = SponsorConfig(
            config.seed, config.timing, config.sponsor_bank, config.sponsor_secrets
        )
        self.npci = Switch(switch, clock, keys.switch, keys.foreign, self._session)
        self.sponsor = SponsorBank(sponsor, sponsor_clock, self._session)
        self.merchant = Merchant()
        self.npci_url = self.sponsor_url = self.merchant_url = ""
        self._runners: list[web.AppRunner] = []

    @classmethod
    async def start(cls, config: WorldConfig | None = None) -> World:
        """Start the world.

        Args:
            config: how it is; the defaults when None.

        Raises:
            OSError: a port is taken.
        """
        config = config or WorldConfig()
        world = cls(config, config.keys or WorldKeys.generate())
        try:
            world.npci_url = await world._serve(world.npci.application(), config.npci_port)
            world.sponsor_url = await world._serve(world.sponsor.application(), config.sponsor_port)
            world.merchant_url = await world._serve(
                world.merchant.application(), config.merchant_port
            )
        except OSError:
            await world.stop()
            raise
        if config.gateway_url is not None:
            world.set_gateway(config.gateway_url)
        return world

    def set_gateway(self, url: str) -> None:
        """Tell switch and sponsor bank where callbacks go.

        Args:
            url: the gateway's base URL, without a slash at the end.
        """
        base = url.rstrip("/")
        if self.npci.callbacks is not None:
            self.npci.callbacks.gateway_url = base
        self.sponsor.callbacks.gateway_url = base

    def register_organisation(
        self,
        org_id: str,
        certificate_pem: bytes,
        handles: tuple[str, ...] = (),
        *,
        registered: bool = True,
    ) -> None:
        """Make an organisation known to the switch and pin its key.

        Args:
            org_id: its ``Head@orgId``.
            certificate_pem: the certificate whose key signs its messages.
            handles: the VPA handles that it serves; the only organisation, when it names none,
                serves all.
            registered: False for one that is known but may not act as a PSP (U17).

        Raises:
            ValueError: not an RSA certificate.
        """
        self.npci.participants.register(org_id, certificate_pem, handles, registered=registered)

    def errors(self) -> list[BaseException]:
        """What went wrong in the world's own work; empty unless the simulator is broken."""
        return [*self.npci.tasks.errors, *self.sponsor.tasks.errors]

    async def stop(self) -> None:
        """Stop everything; what is under way is abandoned."""
        await self.npci.tasks.stop()
        await self.sponsor.tasks.stop()
        for runner in self._runners:
            await runner.cleanup()
        await self._session.close()

    async def _serve(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, HOST, port).start()
        return f"http://{HOST}:{runner.addresses[0][1]}"
