"""What a worker does, one thing each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sikka.domain.errors import Unavailable
from sikka.ports import Clock, Observer
from sikka.webhooks.backoff import Backoff
from sikka.webhooks.delivery import Deliverer
from sikka.webhooks.relay import Relay
from sikka.worker.territory import Shift

_log = logging.getLogger(__name__)

CONCURRENCY = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a duty looks for work of its own accord: rarely while it finds none.

    Args:
        shortest_s: the pause after a round that found something.
        longest_s: the pause after many rounds that found nothing.
        prompt: whether a commit or a finished delivery ends the pause.
    """

    shortest_s: float = 0.02
    longest_s: float = 0.5
    prompt: bool = False


class Duty(Protocol):
    """One kind of work on the buckets of a worker."""

    name: str
    rhythm: Rhythm

    async def run(self, shift: Shift) -> int:
        """Do some of what is due in the shift's buckets; return how much it was.

        Raises:
            Unavailable: the database is away.
        """
        ...

    def busy(self, buckets: range) -> bool:
        """Whether something of these buckets goes on after `run` has returned."""
        ...

    async def settle(self) -> None:
        """Return when nothing goes on any more."""
        ...

    async def abandon(self) -> None:
        """Drop what goes on and return when it has ended; it will be done again."""
        ...


class RoundDuty:
    """A duty of which nothing goes on between its rounds."""

    def busy(self, buckets: range) -> bool:  # noqa: ARG002 - the same for all buckets
        return False

    async def settle(self) -> None:
        return

    async def abandon(self) -> None:
        return


class RelayDuty(RoundDuty):
    """Fans events out."""

    name = "relay"

    def __init__(self, relay: Relay, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self._relay = relay

    async def run(self, shift: Shift) -> int:
        return await self._relay.relay(shift.buckets, shift.guard)


class DeliverDuty:
    """Delivers webhooks; a delivery outlives the round that began it."""

    name = "deliver"

    def __init__(self, deliverer: Deliverer, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self._deliverer = deliverer

    async def run(self, shift: Shift) -> int:
        return await self._deliverer.deliver(shift.buckets, shift.guard, shift.wake)

    def busy(self, buckets: range) -> bool:
        return self._deliverer.busy(buckets)

    async def settle(self) -> None:
        await self._deliverer.settle()

    async def abandon(self) -> None:
        await self._deliverer.abandon()


class ItemsDuty(RoundDuty, Generic[T]):
    """Does one thing to each item that is due. One that fails never stops the others.

    An item that failed, or that is still due after it was dealt with, is left alone for a while.

    Args:
        name: for logs and observers.
        find: the items due now in some buckets, at most so many.
        act: deals with one.
        id_of: tells items apart.
        clock: the time.
        observe: hears `worker.item_failed`.
        rhythm: how often to look.
        batch: items looked at in a round.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[datetime, range, int], Awaitable[Sequence[T]]],
        act: Callable[[T], Awaitable[None]],
        id_of: Callable[[T], str],
        clock: Clock,
        observe: Observer,
        rhythm: Rhythm,
        batch: int = 256,
    ) -> None:
        self.name = name
        self.rhythm = rhythm
        self._find = find
        self._act = act
        self._id_of = id_of
        self._clock = clock
        self._observe = observe
        self._batch = batch
        self._backoff = Backoff()
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._recent: dict[range, frozenset[str]] = {}

    async def run(self, shift: Shift) -> int:
        now = self._clock.now()
        limit = self._batch + len(self._backoff)
        recent = self._recent.pop(shift.buckets, frozenset())
        ready = {}
        for item in await self._find(now, shift.buckets, limit):
            id = self._id_of(item)
            if id in recent:
                self._backoff.failed(id, now)
            if not self._backoff.waits(id, now):
                ready[id] = item
        if not ready:
            return 0
        results = await asyncio.gather(
            *(self._deal(id, item) for id, item in ready.items()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        self._recent[shift.buckets] = frozenset(
            id for id, result in zip(ready, results, strict=True) if result
        )
        return len(self._recent[shift.buckets])

    async def _deal(self, id: str, item: T) -> bool:
        async with self._slots:
            try:
                await self._act(item)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one item's bug must not stop the others
                _log.exception("%s of %s failed", self.name, id)
                self._observe(
                    "worker.item_failed", duty=self.name, id=id, error=type(error).__name__
                )
                self._backoff.failed(id, self._clock.now())
                return False
        return True
