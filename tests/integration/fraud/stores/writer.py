"""A process of its own that observes a part of a stream, every payment twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sikka.fraud.stores.facts import PaymentFacts
from tests.integration.fraud.stores.made import payments, redis_store

PAYMENTS = 700


def part(number: int, *, shared: bool) -> list[PaymentFacts]:
    """The stream of one writer, whose users, instruments and devices are its own.

    Args:
        number: of the writer.
        shared: whether merchants and addresses are those of all writers.
    """

    def own(id: str | None) -> str | None:
        return id and f"{number} {id}"

    return [
        replace(
            facts,
            user=own(facts.user),
            instrument=own(facts.instrument),
            device=own(facts.device),
            ip=facts.ip if shared else own(facts.ip),
            merchant=facts.merchant if shared else own(facts.merchant),
        )
        for facts in payments(60 + number, PAYMENTS, late=0.05, gap_ms=120_000)
    ]


async def _write(url: str, stream: Sequence[PaymentFacts]) -> list[bytes]:
    vectors = []
    async with redis_store(url) as one, redis_store(url) as other:
        for facts in stream:
            first, second = await asyncio.gather(one.observe(facts), other.observe(facts))
            assert first.vector.tobytes() == second.vector.tobytes()
            vectors.append(first.vector.tobytes())
    return vectors


def write(url: str, number: int, shared: bool) -> list[bytes]:
    """Observe the part of one writer in its order; return the vectors."""
    return asyncio.run(_write(url, part(number, shared=shared)))
