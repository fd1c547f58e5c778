"""Telling a teacher that is down from a request that it cannot answer.

Decision: a server that is away is nobody's fault, so it must not put ten thousand clips into quarantine. The caller has
tried a call for a while before it gives up; such a failure counts against the unit only if other calls got through in
the meantime, or if too few units failed to tell (then after `ROUNDS` times). Otherwise everybody waits while one unit
asks again, and when nothing has come back for the patience time, the build stops with nothing quarantined; running it
again goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from audio_reasoner.core.errors import EnvironmentProblem, TeacherError

T = TypeVar("T")
AWAY = frozenset({"teacher.unreachable"})
"""Nobody is there: it cannot have to do with what was asked."""
TROUBLE = ("teacher.timeout", "teacher.reset", "teacher.connection", "teacher.http_5", "teacher.http_408")
"""Codes (or their beginnings) that may be the server's state or this one request's fault."""
TELLING = 5
"""So many different units failing in a row, with none getting through, are an outage."""
ROUNDS = 2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0


def is_trouble(code: str) -> bool:
    """Whether a failure with this code may mean that the teacher is down."""
    return code in AWAY or code.startswith(TROUBLE)


@dataclass
class Outage:
    """Watches the calls to one model. `answered` must be told of every reply that came over the network.

    Args:
        patience_s: seconds without any answer until the build stops.
        pause_s: first pause before asking again a teacher that is down; doubled up to 30 s.
    """

    patience_s: float = 300.0
    pause_s: float = FIRST_PAUSE_S
    down: bool = False
    last_ok: float = field(default_factory=time.monotonic)
    _failed: set[str] = field(default_factory=set)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _pause: float = 0.0

    def answered(self) -> None:
        """A call got through, whatever it said."""
        self.last_ok = time.monotonic()
        self.down, self._pause = False, 0.0
        self._failed.clear()

    async def ask(self, unit: str, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives; it is begun again while the teacher is down.

        Raises:
            EnvironmentProblem: `teacher.unreachable`: no answer for longer than the patience time.
            TeacherError: the unit's own failure.
        """
        rounds = 0
        while True:
            if self.down:
                async with self._asking:  # one asks, the others wait for what it finds
                    if self.down:
                        await self._wait()
                        begun = time.monotonic()
                        try:
                            return await work()
                        except TeacherError as error:
                            self._judge(unit, error, begun)
                continue
            begun = time.monotonic()
            try:
                return await work()
            except TeacherError as error:
                self._judge(unit, error, begun)
                rounds += 1
                if not self.down:
                    if rounds >= ROUNDS:
                        raise
                    await asyncio.sleep(self.pause_s)

    def _judge(self, unit: str, error: TeacherError, begun: float) -> None:
        """Return if the work should be begun again; raise the error if it is the unit's own, or the end of patience."""
        if not is_trouble(error.code):
            raise error  # a refusal, or a reply that cannot be read: the teacher is there
        now = time.monotonic()
        if self.last_ok > begun and error.code not in AWAY:
            raise error  # others got through meanwhile
        self._failed.add(unit)
        self.down = self.down or error.code in AWAY or len(self._failed) >= TELLING
        if self.down and now - self.last_ok > self.patience_s:
            raise EnvironmentProblem(
                f"The teacher has not answered for {now - self.last_ok:.0f} s: {error.message}",
                code="teacher.unreachable",
                hint="Nothing was set aside for it. When it is back, run the same command again; it goes on from here.",
            ) from error

    async def _wait(self) -> None:
        self._pause = min(LONGEST_PAUSE_S, 2 * self._pause or self.pause_s)
        await asyncio.sleep(self._pause)
