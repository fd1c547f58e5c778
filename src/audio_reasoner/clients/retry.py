"""When a failed call is tried again, and how long it waits: the one place that knows.

Decision: failures that a call causes itself (a timeout, a broken reply) are counted; refusals and unreachable servers,
which say nothing about the call, are only limited by time, since the limiter already holds everybody back. Waits double
and are drawn from half to the whole of that, by a generator seeded with the call's key, so that a crowd of calls that
failed together does not come back together and a run can be repeated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from audio_reasoner.clients.transport import CallFailed

PATIENT = frozenset({"teacher.rate_limited", "teacher.unreachable"})


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long one call is tried.

    Attributes:
        max_attempts: attempts that end in a failure of the call's own.
        max_total_s: seconds from the first attempt after which no other is begun.
        first_wait_s, longest_wait_s: wait after the first failure and the most there is, in seconds.
    """

    max_attempts: int = 8
    max_total_s: float = 900.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0

    def wait_s(self, call_key: str, attempt: int, counted: int, elapsed_s: float, failure: CallFailed) -> float | None:
        """Seconds to wait before the next attempt, or None if there is none.

        Args:
            call_key: seeds the jitter.
            attempt: which attempt failed, from 1.
            counted: failures so far that were the call's own.
            elapsed_s: since the first attempt.
            failure: what happened.
        """
        if not failure.retryable or counted >= self.max_attempts:
            return None
        step = max(counted, 1) if failure.code not in PATIENT else attempt
        wait = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(step - 1, 20))
        wait *= random.Random(f"{call_key}/{attempt}").uniform(0.5, 1.0)
        wait = max(wait, failure.retry_after_s or 0.0)
        return None if elapsed_s + wait > self.max_total_s else wait
