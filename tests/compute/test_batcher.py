"""The batcher: later stages first, errors to whom they belong, chunks under load."""

from __future__ import annotations

import asyncio
import threading

import pytest

from audio_reasoner.compute import Batcher, Pool
from audio_reasoner.core.errors import InputError

ORDER: list[tuple[int, int]] = []
GATE = threading.Event()


def note(item: tuple[int, int]) -> int:
    GATE.wait(5)
    ORDER.append(item)
    return item[1]


def half(x: int) -> int:
    if x % 2:
        raise InputError(f"{x} is odd", code="odd")
    return x // 2


def test_later_stages_go_first() -> None:
    ORDER.clear()
    GATE.clear()

    async def main() -> None:
        with Pool(0) as pool:
            async with Batcher(pool, chunk=2) as batcher:
                first = asyncio.create_task(batcher.run(note, (0, 0), stage=0))
                await asyncio.sleep(0.05)  # the one worker is busy with it
                rest = [asyncio.create_task(batcher.run(note, (s, i), stage=s)) for s in (0, 1, 2) for i in range(3)]
                await asyncio.sleep(0.05)
                GATE.set()
                await asyncio.gather(first, *rest)

    asyncio.run(main())
    assert [s for s, _ in ORDER] == [0, 2, 2, 2, 1, 1, 1, 0, 0, 0]


def test_an_error_reaches_only_its_own_coroutine() -> None:
    async def main() -> list[object]:
        with Pool(2) as pool:
            async with Batcher(pool) as batcher:
                return list(await asyncio.gather(*(batcher.run(half, i) for i in range(40)), return_exceptions=True))

    results = asyncio.run(main())
    for i, result in enumerate(results):
        if i % 2:
            assert isinstance(result, InputError)
            assert result.message == f"{i} is odd"
        else:
            assert result == i // 2


def test_dropping_cancels_what_waits() -> None:
    ORDER.clear()
    GATE.clear()

    async def main() -> None:
        with Pool(0) as pool:
            async with Batcher(pool, chunk=1) as batcher:
                tasks = [asyncio.create_task(batcher.run(note, (0, i))) for i in range(5)]
                await asyncio.sleep(0.05)
                batcher.drop_waiting()
                GATE.set()
                assert await tasks[0] == 0
                for task in tasks[1:]:
                    with pytest.raises(asyncio.CancelledError):
                        await task

    asyncio.run(main())
    assert ORDER == [(0, 0)]
