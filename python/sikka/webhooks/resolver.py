"""Names are resolved once, judged, and connected to by the very addresses that were judged.

That is what DNS rebinding breaks where the check and the connection ask the resolver separately.
"""

from __future__ import annotations

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from sikka.webhooks.addresses import AddressRules


class CheckedResolver(AbstractResolver):
    """Resolves for the connector, and refuses a host if any of its addresses is forbidden.

    Args:
        rules: which addresses are allowed.
        resolver: who is asked; the operating system unless given. Needs a running event loop.
    """

    def __init__(self, rules: AddressRules, resolver: AbstractResolver | None = None) -> None:
        self._rules = rules
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host.

        Raises:
            ForbiddenAddressError: at least one of them is not allowed.
            OSError: the name does not resolve.
        """
        results = await self._resolver.resolve(host, port, family)
        for result in results:
            self._rules.check_address(result["host"])
        return results

    async def close(self) -> None:
        await self._resolver.close()
