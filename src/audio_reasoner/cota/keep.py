"""Filters by what a solver found: which accepted samples go into the data set.

Decision: filters are applied when rows are collected, never before: the samples and their figures stay in the ledger,
so another filter is another pass over it and no new call. The filter in force is noted with the plan, so that report
and status count what it left out.
"""

from __future__ import annotations

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.records import SolverResult
from audio_reasoner.cota.plan import Keep


def keep_key(plan_id: str) -> str:
    """Meta key of a plan's filter."""
    return f"keep:{plan_id}"


def keep_of(ledger: LedgerReader, plan_id: str) -> Keep:
    """The filter that the plan was last built with."""
    return Keep.model_validate(ledger.meta(keep_key(plan_id)) or {})


def why_left_out(keep: Keep, solve: SolverResult | None) -> str | None:
    """The code of the first filter that keeps a sample out, or None. A figure that is missing keeps nothing out."""
    if solve is None:
        return None
    hard, blind, dependence = solve.difficulty, solve.blind, solve.audio_dependence
    if keep.drop_label_noise and solve.label_noise:
        return "keep.label_noise"
    if hard is not None and not (keep.min_difficulty or 1) <= hard <= (keep.max_difficulty or 3):
        return "keep.difficulty"
    if keep.max_blind is not None and blind is not None and blind > keep.max_blind:
        return "keep.blind"
    if keep.min_audio_dependence is not None and dependence is not None and dependence < keep.min_audio_dependence:
        return "keep.audio_dependence"
    return None
