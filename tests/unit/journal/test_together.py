"""Keys are looked up together, and no answer is older than its question."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sikka.journal.together import Together


class Lookup:
    """Answers from a dictionary, when it is let go on."""

    def __init__(self, values: dict[str, int]) -> None:
        self.values = values
        self.asked: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()

    async def __call__(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(list(keys))
        found = {key: self.values[key] for key in keys if key in self.values}
        self.begun.set()
        await self.go_on.wait()
        return found


async def test_those_that_ask_meanwhile_share_the_next_lookup() -> None:
    lookup = Lookup({"a": 1, "b": 2})
    together = Together(lookup)
    first = asyncio.create_task(together.get("a"))
    await lookup.begun.wait()
    rest = [asyncio.create_task(together.get(key)) for key in ("b", "c", "b")]
    await asyncio.sleep(0)
    lookup.go_on.set()
    assert await asyncio.gather(first, *rest) == [1, 2, None, 2]
    assert lookup.asked == [["a"], ["b", "c"]]


async def test_an_answer_is_never_older_than_its_question() -> None:
    lookup = Lookup({"a": 1})
    together = Together(lookup)
    early = asyncio.create_task(together.get("a"))
    await lookup.begun.wait()
    lookup.values["a"] = 2
    late = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    lookup.go_on.set()
    assert list(await asyncio.gather(early, late)) == [1, 2]


async def test_a_lookup_is_bounded() -> None:
    lookup = Lookup({str(number): number for number in range(5)})
    lookup.go_on.set()
    together = Together(lookup, keys_max=2)
    assert await asyncio.gather(*(together.get(str(each)) for each in range(5))) == [*range(5)]
    assert max(map(len, lookup.asked)) == 2


async def test_whoever_is_cancelled_takes_nobody_along() -> None:
    lookup = Lookup({"a": 1})
    together = Together(lookup)
    tasks = [asyncio.create_task(together.get("a")) for _ in range(3)]
    await lookup.begun.wait()
    tasks[0].cancel()
    lookup.go_on.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told[0], asyncio.CancelledError)
    assert told[1:] == [1, 1]


async def test_an_error_is_told_to_all_and_does_not_stay() -> None:
    failing = True

    async def look_up(keys: Sequence[str]) -> Mapping[str, int]:
        if failing:
            raise OSError("away")
        return dict.fromkeys(keys, 1)

    together = Together(look_up)
    told = await asyncio.gather(together.get("a"), together.get("b"), return_exceptions=True)
    assert [type(each) for each in told] == [OSError, OSError]
    failing = False
    assert await together.get("a") == 1
