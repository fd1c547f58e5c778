"""Counting what was sent in the last minute, and pacing what goes out next.

Decision: a sliding window is the strictest way providers count (whoever obeys it also obeys fixed minutes), so that is
what is kept; on top of it sends are paced at the quota's mean rate, because a whole minute's quota sent at once is
refused by services that smooth, and leaves them idle for the rest of the minute. What was missed (a slow start, a busy
event loop) may be caught up within ten seconds' worth at half as fast again.
"""

from __future__ import annotations

import math
from collections import deque

MINUTE_S = 60.0
MARGIN_S = 0.25
"""A minute at the server is not a minute here: calls arrive later than they were sent, and not all equally late."""
_MOST_MARGIN_S = 1.25
_MARGIN_STEP_S = 0.1
_CATCH_UP_S = 10.0
_FASTER = 1.5
_AT_ONCE_S = 0.1


class Entry:
    """Something that was sent: when, and how much it weighs."""

    __slots__ = ("at", "weight")

    def __init__(self, at: float, weight: float) -> None:
        self.at = at
        self.weight = weight


class Quota:
    """Requests (weight 1 each) or tokens in a sliding minute. `cap` is what the user gave, `quota` what is obeyed."""

    def __init__(self, cap: float | None, now: float) -> None:
        self.cap = math.inf if cap is None else float(cap)
        self.quota = self.cap
        self.margin_s = MARGIN_S
        self.top = 0.0  # the most that ever was accepted within a minute, as far as known
        self.count = 0.0
        self._sent: deque[Entry] = deque()
        self._before: float | None = None
        self._credit = 0.0
        self._spurt = 0.0
        self._at = now

    def roll(self, now: float) -> None:
        """Forget what is older than a minute; earn credit."""
        horizon = now - MINUTE_S - self.margin_s
        while self._sent and self._sent[0].at <= horizon:
            self.count -= self._sent.popleft().weight
        if not self._sent:
            self.count = 0.0  # no drift of floats
        if self.quota < math.inf:
            rate = self.quota / MINUTE_S
            passed = now - self._at
            self._credit = min(self._credit + rate * passed, max(1.0, rate * _CATCH_UP_S))
            self._spurt = min(self._spurt + _FASTER * rate * passed, max(1.0, rate * _AT_ONCE_S))
        self._at = now

    def wait_s(self, weight: float, now: float) -> float:
        """Seconds until something of this weight may go; 0 for now."""
        if self.quota == math.inf:
            return 0.0
        self.roll(now)
        rate = self.quota / MINUTE_S
        # What weighs more than the bucket holds may go when the bucket is full, and leaves a debt.
        owed = max(min(1.0, weight) - self._credit, 0.0) / rate
        owed = max(owed, max(min(1.0, weight) - self._spurt, 0.0) / (rate * _FASTER))
        over = self.count + min(weight, self.quota) - self.quota
        full = 0.0
        if over > 1e-9:
            for entry in self._sent:
                over -= entry.weight
                if over <= 1e-9:
                    full = entry.at + MINUTE_S + self.margin_s - now
                    break
        return max(owed, full, 0.0)

    def full(self, now: float) -> bool:
        """Whether the minute's quota is used up (to within 2 %)."""
        self.roll(now)
        return self.count >= 0.98 * self.quota

    def add(self, weight: float, now: float) -> Entry:
        """Something goes out."""
        self.roll(now)
        entry = Entry(now, weight)
        self._sent.append(entry)
        self.count += weight
        self._credit -= weight
        self._spurt -= weight
        return entry

    def change(self, entry: Entry, weight: float) -> None:
        """It weighed something else (a reply's true tokens), or nothing: it was refused."""
        if self._sent and entry.at >= self._sent[0].at:
            self.count += weight - entry.weight
        if weight == 0:
            self._credit += entry.weight
        entry.weight = weight

    def obey(self, quota: float) -> None:
        """From now on this many."""
        fresh = self.quota == math.inf
        self.quota = max(1.0, min(self.cap, quota))
        if fresh:
            self._credit = self._spurt = 0.0

    def forget(self) -> None:
        """The quota found was none."""
        self.quota = self.cap
        self.top = self.count

    def try_more(self) -> None:
        """See whether a little more is allowed by now."""
        self._before = self.quota
        self.obey(self.quota * 1.02 + 1)

    def overdrawn(self) -> None:
        """Refused with the quota just used up: the trial failed, or the server's minute is not quite ours."""
        if self._before is not None:
            self.obey(self._before)
            self._before = None
        elif self.margin_s < _MOST_MARGIN_S:
            self.margin_s += _MARGIN_STEP_S
        else:
            self.obey(0.99 * self.quota)
