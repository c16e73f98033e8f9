"""A training reads what the memory of features learnt, and when it learnt it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from sikka.domain.payment import Stage, Status
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka.journal.fraud.payment_stream import SqlPaymentStream
from tests.integration.fraud.watched import DELAY, Watched, watched_on


@pytest.fixture
async def watched(sqlite_url: str) -> AsyncIterator[Watched]:
    async with watched_on(sqlite_url) as watched:
        yield watched


async def rows(watched: Watched) -> dict[str, tuple[Any, Any]]:
    """Label and time of each payment that a training would read now."""
    now = watched.clock.now()
    stream = SqlPaymentStream(
        SqlPaymentHistory(watched.database), now - timedelta(days=365), now, "INR", DELAY, now
    )
    found: dict[str, tuple[Any, Any]] = {}
    async for chunk in stream.chunks():
        ids, frauds, known = chunk["payment_id"], chunk["fraud"], chunk["known_ms"]
        for id, fraud, known_ms in zip(ids, frauds, known, strict=True):
            found[str(id)] = (fraud, known_ms)
    return found


async def test_labels_are_those_of_the_memory_at_their_very_moments(watched: Watched) -> None:
    quiet = await watched.pay()
    refused = await watched.pay(status=Status.FAILED, stage=Stage.DECLINED)
    late = await watched.pay()
    await watched.pay(livemode=False)
    watched.clock.forward(5 * 86_400)
    early = await watched.pay()
    watched.clock.forward(60)
    await watched.label(early, fraud=True)
    labelled_ms = int(watched.clock.now().timestamp() * 1000)
    assert await rows(watched) == {
        quiet.id: (None, None),
        refused.id: (None, None),
        late.id: (None, None),
        early.id: (True, labelled_ms),
    }
    watched.clock.forward(26 * 86_400)
    await watched.label(late, fraud=True)
    now_ms = int(watched.clock.now().timestamp() * 1000)
    matured_ms = int((quiet.created_at + DELAY).timestamp() * 1000)
    watched.clock.forward(1)
    assert await rows(watched) == {
        quiet.id: (False, matured_ms),
        refused.id: (None, None),
        late.id: (True, now_ms),
        early.id: (True, labelled_ms),
    }
