"""Our side of the wire over real HTTP: a server for callbacks, and a rail that is open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from sikka.rails.transport import TransportConfig
from sikka.rails.upi.callbacks import UpiCallbacks
from sikka.rails.upi.client import NpciRail
from sikka.rails.upi.config import NpciConfig
from sikka.rails.upi.keys import KeyStore, PinnedKey
from tests.unit.rails.samples import PSP, Heard, Listener, MemoryReplies, RealClock

ORG_ID = "400011"


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """Serve on any free port; yields the base URL."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def key_store(directory: Path, signing: bytes, certificates: dict[str, list[bytes]]) -> KeyStore:
    """Write the keys to files, as an operator does, and open a store on them."""
    private = directory / "signing.pem"
    private.write_bytes(signing)
    peers = {}
    for org_id, pems in certificates.items():
        pinned = []
        for number, pem in enumerate(pems):
            path = directory / f"{org_id}-{number}.pem"
            path.write_bytes(pem)
            pinned.append(PinnedKey(path))
        peers[org_id] = pinned
    return KeyStore(private, peers)


class Gateway:
    """A rail to a switch with its callbacks; `listener`, `heard`, `replies` remember."""

    def __init__(self, switch_url: str, keys: KeyStore, **config: object) -> None:
        transport = TransportConfig(switch_url, answer_timeout_s=5.0, connect_timeout_s=2.0)
        self.heard = Heard()
        self.listener = Listener()
        self.replies = MemoryReplies()
        self.clock = RealClock()
        self.keys = keys
        self.rail = NpciRail(
            NpciConfig(
                **{"transport": transport, "org_id": ORG_ID, "psp_prefix": PSP, **config}  # type: ignore[arg-type]
            ),
            keys,
            self.replies,
            self.heard,
        )
        self.callbacks = UpiCallbacks(self.rail, self.listener, self.clock, self.heard)
        self.statuses: list[int] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/upi/{api}/{version}/{transaction}", self._receive)
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        path = request.match_info
        status, body = await self.callbacks.receive(
            path["api"], path["version"], path["transaction"], await request.read()
        )
        self.statuses.append(status)
        return web.Response(status=status, body=body, content_type="application/xml")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Open the rail and serve the callbacks; yields the base URL."""
        await self.rail.open()
        try:
            async with served(self.application()) as url:
                yield url
                await self.callbacks.close()
        finally:
            await self.rail.close()
