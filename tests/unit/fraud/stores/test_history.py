from __future__ import annotations

import asyncio

import pytest

from sikka.fraud.stores.history import Playback, in_turns
from tests.integration.fraud.stores.made import payment, read


def test_an_item_has_a_number_among_those_of_its_time() -> None:
    playback = Playback()
    assert [playback.number_of(time_ms) for time_ms in (0, 5, 5, 5, 6, 9, 9)] == [
        1, 1, 2, 3, 1, 1, 2,
    ]  # fmt: skip
    assert playback.place == (9, 2)


def test_an_item_before_the_last_one_is_refused() -> None:
    playback = Playback()
    playback.number_of(7)
    with pytest.raises(ValueError, match="6 comes after 7"):
        playback.number_of(6)
    assert playback.place == (7, 1)


async def test_others_have_their_turn_while_a_history_is_read() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    history = [payment(number) for number in range(1_000)]
    assert [facts async for facts in in_turns(read(history))] == history
    counting.cancel()
    assert turns >= 3
