"""Servers with limits in simulated time: hours of limiting are tested in seconds, and always alike."""

from __future__ import annotations

import asyncio
import math
import random
import selectors
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from audio_reasoner.clients.limiter import Limiter, Limits


class _Skipping(selectors.DefaultSelector):
    """Instead of waiting, time goes on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        self.now += max(0.0, timeout)
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


def simulate(coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(coroutine)


class Refused(Exception):
    pass


@dataclass
class Server:
    """More than `limit` in flight or `quota` a minute is refused, or queued for one of `places`; times in seconds.

    `moody` is the share of calls refused for no reason.
    """

    limit: float = math.inf
    quota: float = math.inf
    places: int = 0
    latency: float = 1.0
    sigma: float = 0.5
    network: float = 0.001
    seed: int = 0
    moody: float = 0.0
    in_flight: int = 0
    peak: int = 0
    served_at: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slept = 0.0
        self.admitted = 0
        self._rng = random.Random(self.seed)
        self._recent: deque[float] = deque()
        self._queue = asyncio.Semaphore(self.places) if self.places else None

    async def answer(self) -> None:
        now = asyncio.get_running_loop().time
        await asyncio.sleep(self.network * self._rng.uniform(0.5, 1.5))
        while self._recent and self._recent[0] <= now() - 60:
            self._recent.popleft()
        if self._rng.random() < self.moody or self.in_flight >= self.limit or len(self._recent) >= self.quota:
            self.refused_at.append(now())
            await asyncio.sleep(self.network)
            raise Refused
        self._recent.append(now())
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        takes = self._rng.lognormvariate(math.log(self.latency) - self.sigma**2 / 2, self.sigma)
        self.slept += takes
        self.admitted += 1
        if self._queue is not None:
            async with self._queue:
                await asyncio.sleep(takes)
        else:
            await asyncio.sleep(takes)
        self.in_flight -= 1
        self.served_at.append(now())
        await asyncio.sleep(self.network)

    def served(self, begin: float, end: float) -> int:
        return sum(begin <= at < end for at in self.served_at)

    def could(self, begin: float, end: float, places: float) -> float:
        """What so many places could have served, by the latencies that were drawn."""
        return places * (end - begin) * self.admitted / self.slept


async def crowd(server: Server, limiter: Limiter, seconds: float, clients: int) -> None:
    """As many clients as a build has clips in progress, each with one call after another."""
    loop = asyncio.get_running_loop()

    async def client() -> None:
        while loop.time() < seconds:
            while True:
                slot = await limiter.acquire()
                try:
                    await server.answer()
                except Refused:
                    slot.refused()
                    await asyncio.sleep(0.75)
                else:
                    slot.served()
                    break

    tasks = [asyncio.ensure_future(client()) for _ in range(clients)]
    await asyncio.wait(tasks, timeout=seconds - loop.time())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    limiter.close()


def run(seconds: float, limits: Limits | None = None, *, clients: int = 2000, **server: Any) -> tuple[Server, Limiter]:
    async def made() -> tuple[Server, Limiter]:
        remote, limiter = Server(**server), Limiter(limits or Limits())
        await crowd(remote, limiter, seconds, clients)
        return remote, limiter

    result: tuple[Server, Limiter] = simulate(made())
    return result
