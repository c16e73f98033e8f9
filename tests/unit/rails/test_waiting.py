from __future__ import annotations

import asyncio
from datetime import timedelta

from sikka.rails.upi.waiting import AwaitedReplies
from tests.unit.rails.samples import AT, MemoryReplies

UNTIL = AT + timedelta(minutes=1)


async def test_a_reply_reaches_who_waits_here_without_the_shared_place() -> None:
    shared = MemoryReplies()
    awaited = AwaitedReplies(shared, poll_s=60.0)
    awaited.expect("m1")
    waiting = asyncio.create_task(awaited.wait("m1", 10.0))
    await awaited.leave("m1", {"n": 1}, UNTIL)
    await awaited.leave("m1", {"n": 2}, UNTIL)
    assert await waiting == {"n": 1}
    assert shared.kept == {}


async def test_a_reply_before_the_waiting_is_not_lost() -> None:
    awaited = AwaitedReplies(MemoryReplies(), poll_s=60.0)
    awaited.expect("m1")
    await awaited.leave("m1", {"n": 1}, UNTIL)
    assert await awaited.wait("m1", 1.0) == {"n": 1}


async def test_a_reply_to_another_process_is_found_by_looking() -> None:
    shared = MemoryReplies()
    here, there = AwaitedReplies(shared, poll_s=0.001), AwaitedReplies(shared, poll_s=60.0)
    here.expect("m1")
    await there.leave("m1", {"n": 1}, UNTIL)
    assert await here.wait("m1", 10.0) == {"n": 1}


async def test_without_a_reply_there_is_none() -> None:
    awaited = AwaitedReplies(MemoryReplies(), poll_s=0.001)
    awaited.expect("m1")
    assert await awaited.wait("m1", 0.01) is None


async def test_a_forgotten_question_gets_its_reply_in_the_shared_place() -> None:
    shared = MemoryReplies()
    awaited = AwaitedReplies(shared, poll_s=1.0)
    awaited.expect("m1")
    awaited.forget("m1")
    awaited.forget("m1")
    await awaited.leave("m1", {"n": 1}, UNTIL)
    assert shared.kept == {"m1": {"n": 1}}
