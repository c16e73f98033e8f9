"""How work in the background is ended."""

from __future__ import annotations

import asyncio
from typing import Any

# How long a task may take to clean up before it is asked again.
ASKED_AGAIN_S = 1.0


async def end(*tasks: asyncio.Task[Any], again_s: float = ASKED_AGAIN_S) -> None:
    """Cancel tasks until they have ended.

    A task may miss that it was cancelled: up to Python 3.11 `asyncio.wait_for`, through which the
    driver of MariaDB reads, returns its result when that comes at the moment of the cancellation.
    Work that goes on for ever would then do so, and whoever waits for its end as well.

    Args:
        tasks: of this loop; they may have ended already.
        again_s: after how long one that still runs is cancelled once more.

    Raises:
        BaseException: what the first of the tasks that failed has failed with. All have ended.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again_s)
    failures = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    if failures:
        raise failures[0]
