"""What a build made and what it lost, as numbers.

Decision: the funnel (clips, questions, chains, accepted) is counted in the ledger, which knows the losses and their
reasons; the composition is counted in the data set, which is what people train on. Both are read only, so that a report
or a status never disturbs a build.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.errors import IntegrityError
from audio_reasoner.core.run import RunDir, lock_holder
from audio_reasoner.cota import solver
from audio_reasoner.cota.keep import keep_of, why_left_out
from audio_reasoner.cota.progress import current_plan, progress_key
from audio_reasoner.cota.units import decisions, descriptions


@dataclass(frozen=True)
class Funnel:
    """How many units of a plan reached each step, and why the others did not.

    `quarantine` maps "stage code" to a count, `rejections` the code of a finding to the samples that have it.
    `questions` and `descriptions` are what was asked, `chains` what was written about either. `accepted` counts what
    checks, judge and solver (as far as the plan has them) let through, descriptions (`captions`) among them; `rejected`
    is `rejected_by_checks` + `rejected_by_judge`. `filtered` maps the code of a filter to the accepted samples that it
    leaves out of the data set.
    """

    clips_in_run: int
    clips_done: int
    annotated: int
    questions: int
    chains: int
    accepted: int
    rejected: int
    quarantined: int
    quarantine: dict[str, int]
    rejections: dict[str, int]
    rejected_by_checks: int = 0
    rejected_by_judge: int = 0
    judged: int = 0
    solved: int = 0
    filtered: dict[str, int] = field(default_factory=dict)
    descriptions: int = 0


@dataclass
class Words:
    """Word counts of one kind of text."""

    n: int = 0
    total: int = 0
    least: int = 0
    most: int = 0

    def add(self, text: str) -> None:
        """Count one text."""
        count = len(text.split())
        self.least = count if not self.n else min(self.least, count)
        self.most = max(self.most, count)
        self.n += 1
        self.total += count

    @property
    def mean(self) -> float:
        """Words per text."""
        return self.total / self.n if self.n else 0.0


@dataclass
class Composition:
    """What a data set is made of. `words` has an entry for each section, for "chain" and for "question".

    `letters` counts, for each number of options, where the right one stands: {4: {"a": 10, …}}. `audio_s` sums the
    clips, each once.
    """

    samples: int = 0
    clips: int = 0
    audio_s: float = 0.0
    tasks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    difficulties: Counter[int] = field(default_factory=Counter)
    letters: dict[int, Counter[str]] = field(default_factory=dict)
    words: dict[str, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Statistics:
    """A plan with its funnel and, once its data set is written, the composition. `build_s` sums all sessions."""

    plan_id: str
    config: dict[str, Any]
    funnel: Funnel
    composition: Composition | None
    build_s: float


def statistics(run: RunDir, plan_id: str | None = None) -> Statistics:
    """Statistics of a plan (the one built last if none is named).

    Raises:
        IntegrityError: nothing has been built yet (ledger.missing, ledger.no_plan), or a file is damaged.
    """
    with LedgerReader.open(run.ledger_path) as ledger:
        plan = plan_id or current_plan(ledger)
        config = ledger.plan(plan) if plan else None
        if plan is None or config is None:
            raise IntegrityError(
                f"{run.path} has no plan {plan}." if plan else f"{run.path} has no plan yet.",
                code="ledger.no_plan",
                hint=f"Run `audio-reasoner build {run.path} --teacher grounded`.",
            )
        beat = ledger.meta(progress_key(plan)) or {}
        counted = funnel(ledger, plan, int(beat.get("clips_in_run", 0)))
        ours = plan == current_plan(ledger)
    composed = composition(run) if ours and run.dataset_dir.is_dir() else None
    return Statistics(plan, config, counted, composed, float(beat.get("seconds", 0.0)))


def funnel(ledger: LedgerReader, plan_id: str, clips_in_run: int) -> Funnel:
    """Count a plan's units step by step."""
    stages = ledger.stages(plan_id)
    decided = decisions(ledger, plan_id)
    aside = ledger.quarantined(plan_id)
    return Funnel(
        clips_in_run=clips_in_run,
        clips_done=ledger.count_done(plan_id),
        annotated=stages.get("annotate", 0),
        questions=ledger.count_questions(plan_id),
        chains=stages.get("think", 0),
        accepted=decided.accepted,
        rejected=decided.rejected,
        quarantined=len(aside),
        quarantine=_ranked(Counter(f"{q.stage} {q.code}" for q in aside)),
        rejections=_ranked(Counter(_rejection_codes(ledger, plan_id))),
        rejected_by_checks=decided.by_checks,
        rejected_by_judge=decided.by_judge,
        judged=stages.get("judge", 0),
        solved=stages.get("solve", 0),
        filtered=_ranked(Counter(_filtered(ledger, plan_id))),
        descriptions=descriptions(ledger, plan_id, ledger.plan(plan_id) or {"settings": {}}),
    )


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))


def _rejection_codes(ledger: LedgerReader, plan_id: str) -> Iterable[str]:
    for stage in ("check", "judge"):
        for _, text in ledger.judged(plan_id, stage, "rejected"):
            verdicts = json.loads(text)["verdicts"]
            codes = {f["code"] for v in verdicts if v["decision"] == "rejected" for f in v["findings"]}
            yield from sorted(codes) or ["unnamed"]


def _filtered(ledger: LedgerReader, plan_id: str) -> Iterable[str]:
    keep = keep_of(ledger, plan_id)
    if keep.everything:
        return
    for _, text in ledger.judged(plan_id, "solve", "solved"):
        if (code := why_left_out(keep, solver.from_json(text))) is not None:
            yield code


@dataclass(frozen=True)
class Loss:
    """Why units were lost, how many, and one of them in words."""

    reason: str
    count: int
    example: str


def losses(run: RunDir, plan_id: str) -> list[Loss]:
    """What a plan lost, most frequent reason first, quarantine before rejections before filters."""
    with LedgerReader.open(run.ledger_path) as ledger:
        counted = funnel(ledger, plan_id, 0)
        examples: dict[str, str] = {}
        for q in ledger.quarantined(plan_id):
            examples.setdefault(f"{q.stage} {q.code}", q.detail)
    return [
        *(Loss(reason, n, examples[reason]) for reason, n in counted.quarantine.items()),
        *(Loss(f"rejected {code}", n, "") for code, n in counted.rejections.items()),
        *(Loss(f"left out {code}", n, "") for code, n in counted.filtered.items()),
    ]


def composition(run: RunDir) -> Composition:
    """Count what stands in the data set, in one pass over its rows.

    Raises:
        IntegrityError: there is none, or it is damaged.
    """
    from audio_reasoner.core.choices import letter
    from audio_reasoner.dataset import read_rows

    out = Composition(words={name: Words() for name in (*SECTIONS, "chain", "question")})
    clips: set[str] = set()
    for row in read_rows(run.dataset_dir):
        out.samples += 1
        if row.clip_id not in clips:
            clips.add(row.clip_id)
            out.audio_s += row.duration_s
        out.tasks[row.task] += 1
        out.families[row.family] += 1
        out.domains.update(row.domains)
        out.sources[row.source] += 1
        out.licences[row.licence or "unknown"] += 1
        out.difficulties[row.difficulty] += 1
        if row.gold_index is not None:
            out.letters.setdefault(len(row.options), Counter())[letter(row.gold_index)] += 1
        for name in SECTIONS:
            out.words[name].add(getattr(row, name))
        out.words["chain"].add(" ".join(getattr(row, name) for name in SECTIONS))
        out.words["question"].add(row.question)
    out.clips = len(clips)
    return out


def status(run: RunDir) -> dict[str, Any]:
    """What `audio-reasoner status` shows, as plain JSON values. Takes no lock and changes no file.

    Keys: run, state ("no clips yet", "not built", "building", "interrupted", "stopped at the spend cap", "done"),
    writer, plan, settings, total, done, rate (clips/s, of the writer's session), seconds_left, calls (of the last
    session: `Progress.calls_noted`), funnel, build_s, updated, clips_added (listed since that build), set_aside (files
    and rows that could not become clips).
    """
    from audio_reasoner.dataset import count_clips

    holder = lock_holder(run)
    out: dict[str, Any] = {
        "run": str(run.path),
        "state": "not built",
        "writer": None if holder is None else asdict(holder),
        "sources": run.sources,
        "set_aside": _lines(run.clips_dir / "quarantine.jsonl"),
    }
    if not run.ledger_path.exists():
        out["clips"] = count_clips(run.path)
        if not out["clips"]:
            out["state"] = "no clips yet"
        return out
    with LedgerReader.open(run.ledger_path) as ledger:
        plan = current_plan(ledger)
        config = ledger.plan(plan) if plan else None
        if plan is None or config is None:
            out["clips"] = count_clips(run.path)
            return out
        beat = ledger.meta(progress_key(plan)) or {}
        counted = funnel(ledger, plan, int(beat.get("clips_in_run", 0)))
        out["plans"] = len(ledger.plans())
    total = int(beat.get("total", 0))
    out["plan"] = plan
    out["settings"] = config["settings"]
    out["total"], out["done"] = total, counted.clips_done
    if "clips_in_run" in beat:
        out["clips_added"] = max(0, count_clips(run.path) - int(beat["clips_in_run"]))
    out["funnel"] = asdict(counted)
    if beat.get("calls"):
        out["calls"] = beat["calls"]
    out["build_s"], out["updated"] = beat.get("seconds", 0.0), beat.get("at")
    if holder is not None and holder.command.split()[1:2] == ["build"]:
        out["state"] = "building"
        out["rate"] = beat.get("rate", 0.0)
        out["phase"] = beat.get("phase", "clips")
        if out["rate"]:
            out["seconds_left"] = round(max(0, total - counted.clips_done) / out["rate"], 1)
    else:
        ends = {"done": "done", "capped": "stopped at the spend cap", "pilot": "tried by a dry run, not built yet"}
        out["state"] = ends.get(beat.get("phase", ""), "interrupted")
    return out


def _lines(path: Path) -> int:
    """How many lines a file has; none if it is not there."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except FileNotFoundError:
        return 0
