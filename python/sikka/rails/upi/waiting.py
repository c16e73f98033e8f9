"""Where a question waits for its answer, which comes as a message of its own to any process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sikka.ports import Replies


class AwaitedReplies:
    """Hands replies to those who wait in this process; keeps the others where all processes look.

    Args:
        replies: the shared place.
        poll_s: how often a waiting question looks there.
    """

    def __init__(self, replies: Replies, poll_s: float) -> None:
        self._replies = replies
        self._poll_s = poll_s
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}

    async def leave(self, msg_id: str, reply: Mapping[str, Any], until: datetime) -> None:
        """Deliver the reply to the question of that message id. Raises as `Replies.leave`."""
        waiting = self._waiting.get(msg_id)
        if waiting is None:
            await self._replies.leave(msg_id, reply, until)
        elif not waiting.done():
            waiting.set_result(reply)

    def expect(self, msg_id: str) -> None:
        """Say that a question is about to be asked, before it is: an answer may be quick."""
        self._waiting[msg_id] = asyncio.get_running_loop().create_future()

    async def wait(self, msg_id: str, timeout_s: float) -> Mapping[str, Any] | None:
        """Return the reply to an expected question, or None when there is none in time."""
        waiting = self._waiting[msg_id]
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    done, _ = await asyncio.wait({waiting}, timeout=self._poll_s)
                    if done:
                        return waiting.result()
                    reply = await self._replies.take(msg_id)
                    if reply is not None:
                        return reply
        except TimeoutError:
            return None

    def forget(self, msg_id: str) -> None:
        """Expect it no more."""
        waiting = self._waiting.pop(msg_id, None)
        if waiting is not None:
            waiting.cancel()
