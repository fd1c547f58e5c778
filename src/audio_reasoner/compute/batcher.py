"""Work for the pool from many coroutines: later stages first, small pieces travelling together.

Decision: a piece that is ready waits in its stage's queue until a worker is free; the free worker takes a chunk of the
latest stage that has something waiting. So a clip once begun is soon finished, memory stays bounded, and the cost of a
round trip to a worker (about 0.2 ms) is shared by a chunk whenever more work waits than there are workers. A chunk
holds about 50 ms of work, learned from the chunks before: long enough to make the trip cheap, short enough that results
are committed soon and a Ctrl-C need not wait.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from audio_reasoner.compute.pool import Failure, Pool

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")
CHUNK_S = 0.05
_Waiting = collections.deque[tuple[Any, asyncio.Future[Any]]]


class Batcher:
    """Runs functions in a pool for the coroutines of one event loop; an async context manager.

    Args:
        pool: where the work is done.
        chunk: most pieces that travel together.
    """

    def __init__(self, pool: Pool, chunk: int = 64) -> None:
        self._pool = pool
        self._chunk = chunk
        self._stages: dict[int, dict[Callable[[Any], Any], _Waiting]] = {}
        self._piece_s: dict[Callable[[Any], Any], float] = {}
        self._work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._serve()) for _ in range(max(1, self._pool.workers))]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def run(self, fn: Callable[[I], T], item: I, stage: int = 0) -> T:
        """`fn(item)` in a worker; raises what it raises. Higher stages go first."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._stages.setdefault(stage, {}).setdefault(fn, collections.deque()).append((item, future))
        self._work.set()
        return cast(T, await future)

    def drop_waiting(self) -> None:
        """Cancel what no worker has begun."""
        for queues in self._stages.values():
            for waiting in queues.values():
                for _, future in waiting:
                    future.cancel()
                waiting.clear()

    def _take(self) -> tuple[Callable[[Any], Any], list[tuple[Any, asyncio.Future[Any]]]] | None:
        for stage in sorted(self._stages, reverse=True):
            for fn, waiting in self._stages[stage].items():
                if not waiting:
                    continue
                # Enough for every worker before a fuller chunk for one.
                size = min(self._chunk, self._fitting(fn), -(-len(waiting) // max(1, self._pool.workers)))
                taken = [waiting.popleft() for _ in range(size)]
                return fn, [(item, future) for item, future in taken if not future.done()]
        return None

    def _fitting(self, fn: Callable[[Any], Any]) -> int:
        """How many pieces make a chunk of `CHUNK_S`; one until it is known how long they take."""
        known = self._piece_s.get(fn)
        return 1 if known is None else max(1, int(CHUNK_S / max(known, 1e-6)))

    def _learn(self, fn: Callable[[Any], Any], pieces: int, seconds: float) -> None:
        now = seconds / pieces
        before = self._piece_s.get(fn)
        # The first chunk includes the worker's start, so it must be forgotten quickly.
        self._piece_s[fn] = now if before is None else min(now, 0.5 * (now + before))

    async def _serve(self) -> None:
        while True:
            while (taken := self._take()) is None:
                self._work.clear()
                await self._work.wait()
            fn, pieces = taken
            if not pieces:
                continue
            begun = time.monotonic()
            try:
                results = await self._pool.acall(fn, [item for item, _ in pieces])
            except asyncio.CancelledError:
                for _, future in pieces:
                    future.cancel()
                raise
            except Exception as error:
                results = [Failure(item, error) for item, _ in pieces]
            self._learn(fn, len(pieces), time.monotonic() - begun)
            for (_, future), result in zip(pieces, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Failure):
                    future.set_exception(result.error)
                else:
                    future.set_result(result)
