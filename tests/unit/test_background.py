from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from sikka.background import end


async def for_ever() -> None:
    await asyncio.Event().wait()


async def started(*work: asyncio.Task[None]) -> None:
    await asyncio.sleep(0)
    assert not any(task.done() for task in work)


async def test_work_that_goes_on_for_ever_ends() -> None:
    tasks = [asyncio.create_task(for_ever()) for _ in range(3)]
    await started(*tasks)
    await end(*tasks)
    assert all(task.cancelled() for task in tasks)


async def test_work_that_misses_a_cancellation_is_cancelled_again() -> None:
    missed = 0

    async def deaf() -> None:
        nonlocal missed
        while True:
            try:
                await for_ever()
            except asyncio.CancelledError:
                missed += 1
                if missed == 3:
                    raise

    task = asyncio.create_task(deaf())
    await started(task)
    await end(task, again_s=0.001)
    assert task.cancelled()
    assert missed == 3


async def test_a_result_that_comes_with_the_cancellation_does_not_keep_work_alive() -> None:
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    rounds = 0

    async def reading() -> None:
        nonlocal rounds
        while True:
            await asyncio.wait_for(answer if not rounds else for_ever(), 60)
            rounds += 1

    task = asyncio.create_task(reading())
    await started(task)
    answer.set_result(None)
    await end(task, again_s=0.01)
    assert task.cancelled()


async def test_cleaning_up_is_waited_for() -> None:
    clean = False

    async def careful() -> None:
        nonlocal clean
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0.02)
            clean = True

    task = asyncio.create_task(careful())
    await started(task)
    await end(task)
    assert clean


async def test_what_has_ended_is_left_alone() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await end(task)
    await end()
    assert not task.cancelled()


async def test_a_failure_of_the_work_is_told_once_all_have_ended() -> None:
    async def failing() -> None:
        raise ValueError("broken")

    failed, other = asyncio.create_task(failing()), asyncio.create_task(for_ever())
    await asyncio.wait({failed})
    with pytest.raises(ValueError, match=r"^broken$"):
        await end(failed, other)
    assert other.cancelled()


async def test_whoever_ends_work_can_be_cancelled() -> None:
    async def deaf() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await for_ever()
            if let_go:
                return

    let_go = False
    task = asyncio.create_task(deaf())
    ending = asyncio.create_task(end(task, again_s=60.0))
    await started(task, ending)
    ending.cancel()
    await asyncio.wait({ending})
    assert ending.cancelled()
    let_go = True
    await end(task)
