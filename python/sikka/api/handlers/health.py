"""Is the process alive, is it ready, and what has it counted."""

from __future__ import annotations

import asyncio
import logging

from sikka.api.call import Reply, Visit
from sikka.api.faults import RETRY_AFTER_S
from sikka.api.parts import HealthCheck
from sikka.api.views import HealthView, ReadinessView
from sikka.domain.views import encode

_LOG = logging.getLogger("sikka.api.health")


async def alive(_visit: Visit) -> Reply:
    """GET /healthz."""
    return Reply(200, encode(HealthView("ok")))


async def ready(visit: Visit) -> Reply:
    """GET /readyz."""
    checks = visit.parts.health_checks
    timeout_s = visit.parts.limits.check_timeout_s
    states = await asyncio.gather(
        *(_state(name, check, timeout_s) for name, check in checks.items())
    )
    found = dict(zip(checks, states, strict=True))
    if all(state == "ok" for state in states):
        return Reply(200, encode(ReadinessView("ready", found)))
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return Reply(503, encode(ReadinessView("not_ready", found)), headers=headers)


async def _state(name: str, check: HealthCheck, timeout_s: float) -> str:
    """`ok`, or the kind of what is wrong; its words may hold addresses and go to the log only."""
    try:
        async with asyncio.timeout(timeout_s):
            await check()
    except Exception as error:  # noqa: BLE001 - a check may fail in any way, and is reported
        _LOG.warning("%s is not well", name, exc_info=error)
        return type(error).__name__
    return "ok"


async def metrics(visit: Visit) -> Reply:
    """GET /metrics."""
    body, content_type = visit.parts.render_metrics()
    return Reply(200, body, content_type)
