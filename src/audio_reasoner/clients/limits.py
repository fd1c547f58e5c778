"""What a limiter reckons with: the limits a user knows, how near a measure is to its record, and rounds of calls."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What the user knows about an account's limits; None is found out."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_in_flight: int | None = None


def share_below(reached: float, top: float, least: float) -> float:
    """How far below its record a measure stood, as a share; 1 where the figures are too small to say."""
    return 1.0 if reached < least else max(0.0, 1 - reached / top) if top > 0 else 0.0


class Round:
    """What was done since the round began, and whether the limit was what held it back."""

    def __init__(self, began: float, limit: float) -> None:
        self.began = began
        self.level = limit
        self.size = max(16, int(limit))
        self.calls = 0
        self.work = 0.0
        self._busy = 0

    def add(self, work: float, busy: bool) -> None:
        """Count a call that was served; `busy`: the limit was all but reached."""
        self.calls += 1
        self.work += work
        self._busy += busy

    @property
    def busy_throughout(self) -> bool:
        """Whether the limit held the calls back nearly all the time."""
        return self._busy >= 0.9 * self.calls


def most_sockets() -> int:
    """Calls in flight nobody should exceed unasked: what this process may open, less what it needs otherwise."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(16, min(2048, (soft if soft > 0 else 1024) - 256))
