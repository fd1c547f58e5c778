"""Places for calls that are made ready (noted as sent) while others are out, so that no slot waits for a disk."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator, Callable


class Ready:
    """Grants places in order of priority. Belongs to one event loop.

    Args:
        most: how many calls may be ready now.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._taken = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    @property
    def queued(self) -> int:
        """Calls that wait for a place."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def place(self, priority: int = 0) -> AsyncIterator[None]:
        """One place; higher priorities first, then first come."""
        if self._taken >= self._most() or self._waiting:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (-priority, next(self._order), future))
            self._let_in()
            try:
                await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._taken -= 1
                    self._let_in()
                raise
        else:
            self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._taken < self._most():
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                self._taken += 1
                future.set_result(None)
