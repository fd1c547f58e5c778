"""How many calls may be out at once, and how many a minute: one limiter per account and model.

Decision: what the user knows is obeyed, what nobody said is found out with as few refusals as possible. Slow start adds
a place per reply (doubling every round) until something gives. A refusal is explained by whichever measure stood at its
record when the refused call was sent: calls in flight, calls in the last minute, or tokens in the last minute; that
record is then the limit, exactly. A refusal among calls that are let through means nothing. Calls in flight go back to
95 %, climb to the last level that was good, and try the level above it ever more rarely; a minute's quota is paced and
tried likewise. A wrong explanation shows at once (a single call is tried before a full minute is waited for) and is
taken back. Servers that queue instead of refusing are recognised by twice as many calls in flight that get no more
done. Errors of the server stop growth, and a server that cannot be reached is asked by one call at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import math
from collections import deque
from collections.abc import Callable

from audio_reasoner.clients.limits import Limits as Limits
from audio_reasoner.clients.limits import Round, most_sockets, share_below
from audio_reasoner.clients.quota import MINUTE_S, Entry, Quota
from audio_reasoner.clients.ready import Ready
from audio_reasoner.clients.transport import RateHeaders

log = logging.getLogger(__name__)
FIRST_LEVEL = 4
BACK = 0.95
NEAR = 0.03
"""A measure this close to its record (as a share of it) counts as a record: the server's count is not quite ours."""
OTHERS = 0.8
"""A quota found that refuses above this share of itself was found too high, or others use it too."""
STEP = 0.05
"""Growth per clean round once slow start is over."""
PROBE_S = (20.0, 320.0)
"""First and longest wait before the level that was refused is tried again."""
PROBE_CALLS = 400
"""Nor is it tried before so many calls: on a small server few go out in that time."""
QUOTA_PROBE_S = (60.0, 960.0)
READY = 0.1
"""Calls made ready ahead, as a share of those in flight."""
MOST_READY = 16
"""A kill makes them look paid: not more than keep the disk's pace."""
_QUIET_S = 15.0
_MOST_PAUSE_S = 60.0


class Slot:
    """Permission for one call. Exactly one of `served`, `refused`, `failed`, `dropped` ends it; more do nothing."""

    __slots__ = (
        "_limiter", "at", "count", "entry", "level", "number", "open", "probe", "token_entry", "tokens", "tops",
    )  # fmt: skip

    def __init__(self, limiter: Limiter, at: float, level: int, probe: bool, entry: Entry, token_entry: Entry) -> None:
        self._limiter = limiter
        self.at = at
        self.level = level
        self.probe = probe
        self.number = limiter.calls
        self.entry = entry
        self.token_entry = token_entry
        self.count = limiter.requests.count
        self.tokens = limiter.tokens.count
        self.tops = (limiter.top_level, limiter.requests.top, limiter.tokens.top)
        self.open = True

    def served(self, tokens: int = 0, rate: RateHeaders | None = None, work: float = 1.0) -> None:
        """A reply came. `tokens` as counted by the server (0: unknown), `work` how much it was (any unit)."""
        self._limiter._served(self, tokens, rate, work)
        self._limiter._pump()

    def refused(self, retry_after_s: float | None = None, rate: RateHeaders | None = None) -> None:
        """429."""
        self._limiter._refused(self, retry_after_s, rate)
        self._limiter._pump()

    def failed(self, *, unreachable: bool = False, overload: bool = False) -> None:
        """Any other failure; `overload`: a timeout or 503, `unreachable`: nobody there."""
        self._limiter._failed(self, unreachable, overload)
        self._limiter._pump()

    def dropped(self) -> None:
        """Cancelled here, or an error that says nothing about load."""
        if self._limiter._release(self):
            self._limiter._pump()


class Limiter:
    """Grants slots in order of priority (higher first, then first come). Belongs to one event loop.

    Args:
        limits: what is known.
        clock: seconds, monotonic; the loop's own.
    """

    def __init__(self, limits: Limits, *, name: str = "", clock: Callable[[], float] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._now = clock or self._loop.time
        now = self._now()
        self.name = name
        self.requests = Quota(limits.requests_per_minute, now)
        self.tokens = Quota(limits.tokens_per_minute, now)
        self.cap = limits.max_in_flight or most_sockets()
        self._given = limits.max_in_flight is not None
        self.limit: float = self.cap if self._given else min(FIRST_LEVEL, self.cap)
        self.in_flight = 0
        self.calls = 0
        self.refusals = 0
        self.top_level = 0
        self._slow_start = not self._given
        self._ceiling: int | None = None  # the lowest level that was refused
        self._least = 0  # the lowest level refused in the last episode
        self._trial = False  # the next call goes alone, to see whether the level was it
        self._step = math.inf  # growth beyond a ceiling that is gone begins with one call
        self._probe_wait = PROBE_S[0]
        self._probe_at = math.inf
        self._probe_calls = 0.0
        self._quota_wait = QUOTA_PROBE_S[0]
        self._quota_probe_at = math.inf
        self._episode = -math.inf  # when the last refusal was acted upon
        self._no_growth_until = -math.inf
        self._shrunk_at = -math.inf
        self._pause_until = -math.inf
        self._pause_s = 0.0
        self._answer_s = 0.0
        self._trial_number = -1
        self._scattered_after = -math.inf
        self._single_s = 0.0  # wait between single calls in front of a full quota; 0: none
        self._single_at = math.inf
        self._blamed: Quota | None = None
        self._blamed_level = 0
        self._trouble = 0.0
        self._refused_lately: deque[int] = deque(maxlen=8)
        self._round = Round(now, self.limit)
        self._best = (0.0, 0.0)  # work per second, and calls in flight that achieved it
        self._waiting: list[tuple[int, int, float, asyncio.Future[Slot]]] = []
        self._ready = Ready(lambda: min(MOST_READY, max(2, int(READY * self.limit))))
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    async def acquire(self, tokens: float = 0, priority: int = 0) -> Slot:
        """Wait for permission to send one call of about `tokens` tokens."""
        future: asyncio.Future[Slot] = self._loop.create_future()
        heapq.heappush(self._waiting, (-priority, next(self._order), tokens, future))
        self._pump()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                future.result().dropped()  # granted in the moment of being cancelled
            raise

    def next_up(self, priority: int = 0) -> contextlib.AbstractAsyncContextManager[None]:
        """A place among the few calls that are made ready while others are out, so that no slot waits for a disk."""
        return self._ready.place(priority)

    @property
    def queued(self) -> int:
        """Calls that wait for a slot."""
        return len(self._waiting) + self._ready.queued

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------------------------------------------ granting

    def _pump(self) -> None:
        now = self._now()
        self._raise_limits(now)
        while self._waiting:
            _, _, tokens, future = self._waiting[0]
            if future.done():  # cancelled
                heapq.heappop(self._waiting)
                continue
            if self.in_flight >= int(self.limit):
                return
            wait, probe = self._pause_until - now, False
            if wait <= 0:
                wait = max(self.requests.wait_s(1.0, now), self.tokens.wait_s(tokens, now))
                if wait > 0 and self._single_s and self._single_at - now < wait:
                    wait, probe = self._single_at - now, True
            if wait > 0:
                self._wake_in(wait)
                return
            heapq.heappop(self._waiting)
            if probe:
                self._single_s *= 2
                self._single_at = now + self._single_s
            self._grant(tokens, future, now, probe)
            if self._trial:
                self._trial, self._trial_number = False, self.calls
                self._pause_until = now + 2 * self._answer_s

    def _grant(self, tokens: float, future: asyncio.Future[Slot], now: float, probe: bool) -> None:
        self.in_flight += 1
        self.calls += 1
        slot = Slot(self, now, self.in_flight, probe, self.requests.add(1.0, now), self.tokens.add(tokens, now))
        if not probe:
            self.top_level = max(self.top_level, self.in_flight)
            self.requests.top = max(self.requests.top, self.requests.count)
            self.tokens.top = max(self.tokens.top, self.tokens.count)
        future.set_result(slot)

    def _wake_in(self, wait: float) -> None:
        at = self._now() + wait
        if self._timer is not None and self._timer_at <= at and not self._timer.cancelled():
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(wait + 0.0005, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        self._pump()

    def _release(self, slot: Slot) -> bool:
        if not slot.open:
            return False
        slot.open = False
        self.in_flight -= 1
        return True

    # ------------------------------------------------------------------------------------------------ learning

    def _served(self, slot: Slot, tokens: int, rate: RateHeaders | None, work: float) -> None:
        now = self._now()
        busy = self.in_flight >= 0.8 * int(self.limit)
        if not self._release(slot):
            return
        if tokens:
            self.tokens.change(slot.token_entry, tokens)
        self._trouble *= 0.9
        if slot.at > self._pause_until:
            self._pause_s = 0.0
        if slot.probe and self._blamed is not None:
            self._take_back(now)
        elif self._single_s and slot.at > self._episode and not slot.probe:
            self._single_s, self._blamed = 0.0, None  # the minute went on as expected
        self._heed(rate, now)
        self._round.add(work, busy)
        if self.limit < self.cap:
            self._grow(now, busy)

    def _grow(self, now: float, busy: bool) -> None:
        calm = busy and now >= self._no_growth_until and now >= self._pause_until
        if calm and self._slow_start:
            self._set_limit(self.limit + 1)
        if self._round.calls < self._round.size:
            return
        ended, self._round = self._round, Round(now, self.limit)
        if not ended.busy_throughout:
            return
        level, speed = ended.level, ended.work / max(1e-9, now - ended.began)
        best_speed, best_level = self._best
        if speed > 1.1 * best_speed:
            self._best = (speed, level)
        elif not self._given and level >= 1.9 * best_level:
            # Twice the calls, no more work done: they wait at the server. A few more than needed keep it busy.
            self._slow_start = False
            self._no_growth_until = now + 2 * _QUIET_S
            self._set_limit(1.3 * best_level)
            log.info("%s queues; %d calls in flight are enough.", self.name, int(self.limit))
            return
        else:
            self._best = (0.99 * best_speed, best_level)
        if calm and not self._slow_start:
            if self._ceiling is None:
                self._set_limit(self.limit + min(self._step, max(1.0, STEP * self.limit)))
                self._step *= 2
            elif int(self.limit) < self._ceiling - 1:
                self._set_limit(min(self._ceiling - 1, self.limit + max(1.0, 0.01 * self.limit)))
            elif int(level) >= self._ceiling:
                # A whole round at the level that was refused before: the server can do more now.
                self._ceiling, self._probe_wait, self._probe_at = None, PROBE_S[0], math.inf
                self._step = 1.0

    def _raise_limits(self, now: float) -> None:
        """Try a little more when it is time to."""
        if now >= self._probe_at and self._ceiling is not None and self.calls >= self._probe_calls:
            self._probe_at = math.inf
            if now >= self._no_growth_until:
                self._set_limit(self._ceiling)
                self._round = Round(now, self.limit)
            else:
                self._probe_at = self._no_growth_until
        if now >= self._quota_probe_at:
            self._quota_probe_at = now + MINUTE_S
            for quota in (self.requests, self.tokens):
                if quota.quota < quota.cap and quota.full(now):
                    quota.try_more()

    def _refused(self, slot: Slot, retry_after_s: float | None, rate: RateHeaders | None) -> None:
        now = self._now()
        if not self._release(slot):
            return
        self.refusals += 1
        self.requests.change(slot.entry, 0)
        self.tokens.change(slot.token_entry, 0)
        self._no_growth_until = max(self._no_growth_until, now + 1.0)
        self._heed(rate, now)
        if slot.probe:
            if retry_after_s:
                self._single_at = max(self._single_at, now + retry_after_s)
            return
        if slot.at <= self._episode:  # sent before the last refusal was known: the same news
            if self._blamed is not None:
                # Its place in the minute is free again: what is left was accepted, and nothing more.
                self._blamed.obey(min(self._blamed.quota, self._blamed.count))
            elif self._ceiling is not None:
                self._least = min(self._least, slot.level)
                if (level := max(self._least, self.in_flight + 1)) < self._ceiling:
                    self._lower_ceiling(level, now)
            return
        if not self._believed(slot):
            return
        self._episode = now
        self._slow_start = False
        why = self._explain(slot)
        self.top_level = min(self.top_level, slot.level - 1)
        self.requests.top = min(self.requests.top, slot.count - 1)
        self.tokens.top = min(self.tokens.top, slot.tokens - slot.token_entry.weight)
        log.debug("%s refused a call: %s (in flight %d, a minute %d)", self.name, why, slot.level, slot.count)
        if why == "level":
            # Calls overtake each other on the way: what is in flight now was accepted, or will be heard of.
            self._least = slot.level
            self._too_many_in_flight(max(slot.level, self.in_flight + 1), now, now - slot.at)
        elif why == "unknown":
            self._pause(now, retry_after_s)
        else:
            self._too_many_a_minute(self.requests if why == "requests" else self.tokens, slot, now, retry_after_s)

    def _believed(self, slot: Slot) -> bool:
        """Whether a refusal means a limit: then the calls next to it are refused too; else the server is moody."""
        self._refused_lately.append(slot.number)
        expected = (self._ceiling is not None and slot.level >= self._ceiling) or any(
            quota.quota < math.inf and reached >= (1 - NEAR) * quota.quota
            for quota, reached in ((self.requests, slot.count), (self.tokens, slot.tokens))
        )
        # A limit that is known about right refuses a call here and there; one that is not, one after the other, or,
        # if it is only just exceeded, every twelfth or so.
        far = [abs(number - slot.number) for number in self._refused_lately]
        row = sum(away <= 3 for away in far)
        if slot.number != self._trial_number and row < 3:
            if len([away for away in far if away <= 60]) < (2 if expected else 5):
                return False
            if not expected:
                if self._now() < self._scattered_after:
                    return False  # fewer calls in flight changed nothing: moody after all
                self._scattered_after = self._now() + 2 * _QUIET_S
        self._refused_lately.clear()
        return True

    def _explain(self, slot: Slot) -> str:
        """Which measure stood at its record: "level", "requests", "tokens" or "unknown"."""
        top_level, top_count, top_tokens = slot.tops
        if self._ceiling is None or slot.level < self._ceiling:
            if slot.count >= (1 - NEAR) * self.requests.quota:
                return "requests"
            if slot.tokens >= (1 - NEAR) * self.tokens.quota:
                return "tokens"
        below = {  # how far below its record, as a share
            "level": share_below(slot.level + 2, top_level, least=4),  # calls overtake each other
            "requests": share_below(slot.count, top_count, least=3),
            "tokens": share_below(slot.tokens, top_tokens, least=1) if slot.count >= 3 else 1.0,
        }
        best = min(below.values())
        if best > NEAR:
            for name, quota, reached in (
                ("requests", self.requests, slot.count),
                ("tokens", self.tokens, slot.tokens),
            ):
                if quota.quota < quota.cap and reached > OTHERS * quota.quota:
                    return name
            return "unknown"
        equal = [name for name in below if below[name] == best]
        if "level" in equal and self._ceiling is not None and slot.level >= self._ceiling:
            return "level"
        for name, quota in (("requests", self.requests), ("tokens", self.tokens)):
            if name in equal and quota.quota < math.inf:
                return name  # known to be limited
        return equal[0]

    def _too_many_in_flight(self, level: int, now: float, answer_s: float) -> None:
        if self._ceiling is None:
            self._trial, self._answer_s = True, min(answer_s, 1.0)
            self._pause_until = max(self._pause_until, now + 1.5 * self._answer_s)
        if self._ceiling is not None and level >= self._ceiling:
            self._set_limit(self._ceiling - 1)  # the same ceiling as ever
            self._probe_wait = min(2 * self._probe_wait, PROBE_S[1])
        else:
            self._lower_ceiling(level, now)
        self._probe_at = now + self._probe_wait
        self._probe_calls = self.calls + PROBE_CALLS * self._probe_wait / PROBE_S[0]
        self._round = Round(now, self.limit)

    def _lower_ceiling(self, level: int, now: float) -> None:
        self._ceiling = max(2, level)
        self._probe_wait = PROBE_S[0]
        self._probe_at = now + self._probe_wait
        self._set_limit(BACK * (self._ceiling - 1))

    def _too_many_a_minute(self, quota: Quota, slot: Slot, now: float, retry_after_s: float | None) -> None:
        reached = slot.count if quota is self.requests else slot.tokens
        if quota.quota < math.inf and reached >= 0.98 * quota.quota:
            quota.overdrawn()
        else:
            quota.obey(reached - 1 - reached // 100 if quota is self.requests else 0.97 * reached)
            self._blamed, self._blamed_level = quota, slot.level
            self._single_s = max(1.0, retry_after_s or 0.0)
            self._single_at = now + self._single_s
        self._quota_probe_at = now + self._quota_wait
        self._quota_wait = min(2 * self._quota_wait, QUOTA_PROBE_S[1])
        if not self._given and self._ceiling is not None:
            # Levels were blamed for what the quota did.
            self._ceiling, self._probe_at = None, math.inf
            self._set_limit(max(self.limit, self.top_level))
        if retry_after_s and retry_after_s > 2.0:
            self._pause_until = max(self._pause_until, now + min(retry_after_s, MINUTE_S))

    def _take_back(self, now: float) -> None:
        """A call went through that the quota found would have refused: it was something else."""
        quota, self._blamed, self._single_s = self._blamed, None, 0.0
        if quota is None or not quota.full(now):
            return
        quota.forget()
        self._quota_wait, self._quota_probe_at = QUOTA_PROBE_S[0], math.inf
        if not self._given:
            self.top_level = max(1, self._blamed_level - 1)
            self._lower_ceiling(self._blamed_level, now)

    def _pause(self, now: float, retry_after_s: float | None = None) -> None:
        self._pause_s = min(_MOST_PAUSE_S, max(1.0, 2 * self._pause_s))
        self._pause_until = max(self._pause_until, now + max(self._pause_s, retry_after_s or 0.0))

    def _failed(self, slot: Slot, unreachable: bool, overload: bool) -> None:
        now = self._now()
        if not self._release(slot):
            return
        self._no_growth_until = max(self._no_growth_until, now + _QUIET_S)
        if unreachable:
            if slot.at > self._episode:
                self._episode = now
                self._pause_s = min(_MOST_PAUSE_S / 2, max(0.5, 2 * self._pause_s))
                self._pause_until = max(self._pause_until, now + self._pause_s)
        elif overload:
            self._trouble = 0.9 * self._trouble + 0.1
            if self._trouble > 0.3 and now > self._shrunk_at + _QUIET_S:
                self._shrunk_at = now
                self._slow_start = False
                self._set_limit(0.8 * self.limit)

    def _heed(self, rate: RateHeaders | None, now: float) -> None:
        """Use what the server says about its quota, as far as it speaks of minutes."""
        if rate is None:
            return
        for quota, limit, left, reset in (
            (self.requests, rate.requests_limit, rate.requests_left, rate.requests_reset_s),
            (self.tokens, rate.tokens_limit, rate.tokens_left, rate.tokens_reset_s),
        ):
            if not limit or left is None or reset is None:
                continue
            if left == 0 and reset > 0:
                self._pause_until = max(self._pause_until, now + min(reset, MINUTE_S))
            # Providers that refill steadily say when all of it is back: that tells the period.
            elif quota.cap == math.inf and left < 0.9 * limit and 50 < reset * limit / (limit - left) < 70:
                quota.obey(limit)

    def _set_limit(self, limit: float) -> None:
        self.limit = max(1.0, min(float(self.cap), limit))
