"""Questions of a run as the report's browser shows them: rows of the data set, and what did not get into it.

Decision: what was rejected, filtered or set aside is shown with as much as there is of it (a question may have no
chain, a clip no question) and with the reason first; it teaches what the judges look for, and shows where a prompt fails.
"""

# ruff: noqa: E501 (markup and tables are easier to read unbroken)

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audio_reasoner.clients.ledger import LedgerReader, Quarantined
from audio_reasoner.core import ids
from audio_reasoner.core.chain import SECTIONS, Chain
from audio_reasoner.core.records import Annotation, Clip, Finding, Question, SolverResult, Turn, Verdict
from audio_reasoner.cota.page_judges import verdicts_in
from audio_reasoner.cota.solver import from_json
from audio_reasoner.cota.units import CAPTION, caption_question
from audio_reasoner.dataset import Row


@dataclass(frozen=True)
class Shown:
    """One entry of the browser. `decision`: accepted, not judged, rejected, filtered or quarantined.

    `question` is None for a clip that was set aside before anything was asked; `chain` may be missing as well.
    `reasons` say why it is not in the data set. `origin` are (label, value) pairs about where it comes from.
    """

    ident: str
    clip_id: str
    decision: str
    question: Question | None
    chain: Mapping[str, str]
    verdicts: tuple[Verdict, ...] = ()
    reasons: tuple[Finding, ...] = ()
    solve: SolverResult | None = None
    history: tuple[Turn, ...] = ()
    origin: tuple[tuple[str, str], ...] = ()
    row: Row | None = None


def decision_of(verdicts: Iterable[Verdict]) -> str:
    """One word for a sample: rejected by anyone, else accepted by anyone, else not judged."""
    decisions = {v.decision for v in verdicts}
    return "rejected" if "rejected" in decisions else "accepted" if "accepted" in decisions else "not judged"


def shown_of(row: Row) -> Shown:
    """A row of the data set."""
    made = f"{row.teacher} ({row.model})" + (f", prompt {row.prompt_sha[:12]}" if row.prompt_sha else "")
    solve = None
    if row.solver_accuracy is not None or row.blind_accuracy is not None or row.label_noise is not None:
        solve = SolverResult(
            accuracy=row.solver_accuracy,
            blind_text=row.blind_accuracy,
            audio_dependence=row.audio_dependence,
            label_noise=row.label_noise,
        )
    return Shown(
        ident=row.sample_id,
        clip_id=row.clip_id,
        decision=decision_of(row.verdicts),
        question=row.asked,
        chain={s: getattr(row, s) for s in SECTIONS},
        verdicts=row.verdicts,
        solve=solve,
        history=row.history,
        origin=(
            ("sample", row.sample_id), ("clip", row.clip_id), ("source", f"{row.source}: {row.source_id}"),
            ("sound", row.audio_path), ("content key", row.content_key), ("made by", made),
            ("checks", row.checks_version),
        ),
        row=row,
    )  # fmt: skip


def refused_of(
    ledger: LedgerReader,
    plan_id: str,
    config: Mapping[str, Any],
    units: Iterable[tuple[str, str]],
    aside: Iterable[Quarantined],
    clips: Mapping[str, Clip],
) -> list[Shown]:
    """Units that were rejected or filtered, and units that were set aside, as far as the ledger knows them."""
    out = []
    seed = int(config.get("settings", {}).get("seed", 0))
    for unit, decision in units:
        stored, question, chain = _stored(ledger, plan_id, unit, clips, seed)
        verdicts = tuple(
            Verdict.model_validate(v)
            for stage in ("check", "judge")
            if (unit, stage) in stored
            for v in verdicts_in(stored[unit, stage])
        )
        reasons = [f for v in verdicts if v.decision == "rejected" for f in v.findings]
        solve = from_json(stored[unit, "solve"]) if (unit, "solve") in stored else None
        if decision == "filtered":
            reasons = [Finding(code="filtered", detail="Left out by what the solver found; see its figures.")]
        out.append(_shown(unit, decision, question, chain, verdicts, tuple(reasons), solve, plan_id, clips))
    for q in aside:
        _, question, chain = _stored(ledger, plan_id, q.unit_id, clips, seed)
        why = Finding(code=q.code, detail=f"{q.detail} (step {q.stage}, attempt {q.attempt})")
        out.append(_shown(q.unit_id, "quarantined", question, chain, (), (why,), None, plan_id, clips))
    return out


def _stored(
    ledger: LedgerReader, plan_id: str, unit: str, clips: Mapping[str, Clip], seed: int
) -> tuple[dict[tuple[str, str], str], Question | None, dict[str, str]]:
    clip_id, _, k = unit.partition("/")
    stored = ledger.derived(plan_id, clip_id)
    question: Question | None = None
    chain: dict[str, str] = {}
    # A figure of the report must not fail on one odd row: what cannot be read is not shown, the reason still is.
    with contextlib.suppress(ValueError, KeyError, IndexError):
        annotation = Annotation.model_validate_json(stored[clip_id, "annotate"])
        if k.isdigit():
            question = annotation.questions[int(k)]
        elif k == CAPTION and clip_id in clips:
            question = caption_question(clips[clip_id], annotation, seed)
    with contextlib.suppress(ValueError, KeyError):
        found = Chain.model_validate_json(stored[unit, "think"])
        chain = {s: getattr(found, s) for s in SECTIONS}
    return stored, question, chain


def _shown(
    unit: str,
    decision: str,
    question: Question | None,
    chain: dict[str, str],
    verdicts: tuple[Verdict, ...],
    reasons: tuple[Finding, ...],
    solve: SolverResult | None,
    plan_id: str,
    clips: Mapping[str, Clip],
) -> Shown:
    clip_id = unit.partition("/")[0]
    clip = clips.get(clip_id)
    ident = unit
    origin = [("ledger unit", unit), ("clip", clip_id)]
    if question is not None:
        ident = ids.sample_id(clip_id, question.text, question.options, plan_id)
        origin.insert(0, ("sample", ident))
    if clip is not None:
        origin += [
            ("source", f"{clip.source}: {clip.source_id}"),
            ("sound", clip.audio.path or "rendered from its recipe"),
            ("content key", clip.content_key),
        ]
    return Shown(
        ident, clip_id, decision, question, chain, verdicts, reasons, solve, origin=tuple((k, v) for k, v in origin)
    )
