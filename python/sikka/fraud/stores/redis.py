"""The memory that all processes share, in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterable

from sikka.fraud.stores.address import Address
from sikka.fraud.stores.answer import observation_of
from sikka.fraud.stores.facts import Facts, LabelFacts, PaymentFacts, event_of
from sikka.fraud.stores.keys import Keys
from sikka.fraud.stores.library import Library
from sikka.fraud.stores.link import Link
from sikka.fraud.stores.port import INDIA_OFFSET_S, Observation
from sikka.fraud.stores.warming import Warming

DAY_S = 86_400


class RedisFeatureStore:
    """A `FeatureStore` whose records live in Redis: one function, one round trip a payment.

    Redis 7.0 or later, one server with its replicas, or the shard of a cluster that has the slots
    of both modes. Its user needs fcall, function|load, del, exists, get, hexists, hmget, hset,
    hsetnx, mget, pexpire and set, on keys that begin with `{namespace:`. Redis is to evict nothing,
    or only what expires (`maxmemory-policy` noeviction or one of volatile-*): the state of a memory
    does not, and when it is gone, history is played into the memory again.

    Args:
        url: see `Address`.
        key: of the keyed hash under which ids stand in the names of keys, 16 to 64 bytes. All
            processes need the same; under another one nobody is known.
        namespace: what the names of keys begin with.
        timeout_s: how long an answer may take.
        keep_s: how long an entity is remembered of which nothing more is heard.
        answer_s: how long the answer to a payment is kept for its repetitions, at some 3 KB; later
            a repetition is still counted once and gets features of the present. A thousand payments
            a second hold 90 MB in 30 seconds.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC.

    Raises:
        ValueError: an argument breaks its rule.
    """

    name = "redis"

    def __init__(
        self,
        url: str,
        key: bytes,
        *,
        namespace: str = "sikka",
        timeout_s: float = 0.005,
        keep_s: int = 90 * DAY_S,
        answer_s: float = 30.0,
        utc_offset_s: int = INDIA_OFFSET_S,
    ) -> None:
        self._keys = Keys(namespace, key)
        self._library = Library()
        self._link = Link(
            Address(url), self._library, self._keys.state(livemode=True), timeout_s=timeout_s
        )
        self._keep_s = keep_s
        self._answer_ms = round(answer_s * 1_000)
        self._utc_offset_s = utc_offset_s

    async def open(self) -> None:
        await self._link.open()

    async def observe(self, facts: PaymentFacts) -> Observation:
        event, keys = event_of(facts), self._keys
        answer = await self._link.call(
            self._library.observe,
            [keys.state(facts.livemode), keys.answer(facts), *keys.records(facts)],
            event.pack(),
            self._keep_s,
            self._answer_ms,
        )
        return observation_of(facts, event, answer, self._utc_offset_s)

    async def label(self, facts: LabelFacts) -> bool:
        event = event_of(facts)
        counted = await self._link.call(
            self._library.label,
            self._keys.records(facts),
            event.pack(),
            self._keep_s,
            int(facts.fraud),
        )
        return bool(counted)

    async def is_warm(self) -> bool:
        for livemode in (True, False):
            if not await self._link.call(self._library.state, [self._keys.state(livemode)]):
                return False
        return True

    async def warm(self, history: AsyncIterable[Facts]) -> int:
        return await Warming(self._link, self._library, self._keys, self._keep_s).play(history)

    async def close(self) -> None:
        await self._link.close()
