"""How far a build is: what its view shows, and what it notes in the ledger for `status` in another process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audio_reasoner.clients.ledger import LedgerReader

if TYPE_CHECKING:
    from audio_reasoner.clients import CallerStats


@dataclass
class Tally:
    """What became of the clips and questions of a plan so far; equal to what the ledger holds.

    `stages` counts the steps done in this session by stage.
    """

    clips: int = 0
    accepted: int = 0
    rejected: int = 0
    quarantined: int = 0
    stages: dict[str, int] = field(default_factory=dict)

    def step(self, stage: str) -> None:
        """One more step of a stage is done."""
        self.stages[stage] = self.stages.get(stage, 0) + 1


@dataclass
class Progress:
    """How far a build is. `total` counts the clips of this build (all, or `--limit`), `tally` the whole plan.

    `calls` is None for a teacher that makes none; `max_cost` the spend cap in USD; `waiting` says that a teacher does
    not answer.
    """

    total: int
    tally: Tally
    done_before: int
    phase: str = "clips"
    started: float = field(default_factory=time.monotonic)
    first_done: float | None = None
    calls: CallerStats | None = None
    max_cost: float | None = None
    waiting: bool = False

    @property
    def rate(self) -> float:
        """Clips per second since the first one was done (workers take seconds to start); 0 until a few are."""
        finished = self.tally.clips - self.done_before
        if self.first_done is None or finished < 8:
            return 0.0
        return finished / max(1e-6, time.monotonic() - self.first_done)

    @property
    def calls_per_s(self) -> float:
        """Calls answered per second of this session."""
        return 0.0 if self.calls is None else self.calls.calls / max(1.0, time.monotonic() - self.started)

    def calls_noted(self) -> dict[str, Any] | None:
        """The calls' figures as plain values."""
        c = self.calls
        if c is None:
            return None
        return {
            "calls": c.calls,
            "cached": c.cached,
            "per_s": round(self.calls_per_s, 3),
            "in_flight": c.in_flight,
            "queued": c.queued,
            "limits": c.limits,
            "refused": c.refused,
            "failed": c.failed,
            "tokens_in": c.tokens_in,
            "tokens_out": c.tokens_out,
            "spent_usd": c.spent_micro / 1e6,
            "reserved_usd": c.reserved_micro / 1e6,
            "max_cost_usd": self.max_cost,
            "waiting": self.waiting,
        }


Watcher = Callable[[Progress], None]


def progress_key(plan_id: str) -> str:
    """Meta key of a plan's progress."""
    return f"progress:{plan_id}"


def current_plan(ledger: LedgerReader) -> str | None:
    """The plan that was built last: the one whose samples stand in the data set."""
    plan = ledger.meta("current_plan")
    return plan if isinstance(plan, str) else None
