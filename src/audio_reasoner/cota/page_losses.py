"""What a run lost and why, as the report shows it: rows that never became clips, units set aside, samples refused.

Decision: read from what the build itself reads (the ledger and the quarantine file of the clips), never from the log,
so that the report's numbers add up to the data set's.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.collect import samples_of_plan
from audio_reasoner.cota.engine import current_plan
from audio_reasoner.cota.statistics import funnel
from audio_reasoner.dataset import Row, row_of
from audio_reasoner.report import Stage

# What to do about a code, by its longest matching beginning. The clips' own quarantine brings its hints along.
_HINTS = {
    "audio.missing": "Put the file back, or list the clips again.",
    "audio.": "Replace the file or leave it out, then list the clips again.",
    "clip.changed": "List the clips again; the labels may no longer fit the sound.",
    "grounded.nothing_known": "Give the clip a label or another kind of evidence.",
    "teacher.": "Run the build with --retry-failed.",
    "internal.": "A fault of ours: please report it with the run's log.",
}


@dataclass(frozen=True)
class Loss:
    """One quarantined thing."""

    stage: str
    code: str
    where: str
    why: str
    hint: str = ""


@dataclass
class Losses:
    """All losses of a run and the funnel between clips and samples.

    `judged` and `accepted` count chains of the current plan; `refused` holds rejected samples, to be shown.
    """

    lines: list[Loss] = field(default_factory=list)
    before_clips: tuple[tuple[str, int], ...] = ()
    stages: list[Stage] = field(default_factory=list)
    judged: int = 0
    accepted: int = 0
    refused: list[Row] = field(default_factory=list)
    plan: Mapping[str, object] = field(default_factory=dict)
    notices: list[Loss] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _ranked(codes: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(codes).items(), key=lambda kv: (-kv[1], kv[0])))


def hint_of(code: str) -> str:
    """What a user can do about a quarantine code, or nothing."""
    fitting = [start for start in _HINTS if code.startswith(start)]
    return _HINTS[max(fitting, key=len)] if fitting else ""


def read_losses(run: RunDir, clips: int, *, show: int = 0, seed: int = 0) -> Losses:
    """Read both quarantines and the funnel.

    Args:
        run: the run; a build may be writing it.
        clips: how many clips it has.
        show: keep at most this many rejected samples.
        seed: draws them.
    """
    losses = Losses()
    losses.lines = _read_lines(run.clips_dir / "quarantine.jsonl", losses.warnings)
    losses.notices = _read_lines(run.clips_dir / "notices.jsonl", losses.warnings)
    losses.before_clips = _ranked(x.code for x in losses.lines)
    if not run.ledger_path.is_file():
        return losses
    try:
        with LedgerReader.open(run.ledger_path) as ledger:
            _funnel(run, ledger, clips, losses, show, seed)
    except AudioReasonerError as error:
        losses.warnings.append(f"The steps of the build are not counted here: {error.message} [{error.code}]")
    return losses


def _read_lines(path: Path, warnings: list[str]) -> list[Loss]:
    """What a source wrote about the files and rows that are no clips."""
    found: list[Loss] = []
    if not path.is_file():
        return found
    with path.open(encoding="utf-8", errors="replace") as f:
        for number, line in enumerate(f, 1):
            try:
                item = json.loads(line)
                if not isinstance(item, dict):
                    raise ValueError
            except ValueError:
                warnings.append(f"{path.name}, line {number} cannot be read and is not counted here.")
                continue
            where = str(item.get("file") or item.get("source_id") or "")
            if item.get("row") is not None:
                where += f" ({item.get('table') or 'table'}, row {item['row']})"
            why = str(item.get("detail") or item.get("reason") or "")
            code = str(item.get("code", "?"))
            found.append(Loss("clips", code, where, why, str(item.get("hint") or hint_of(code))))
    return found


def _funnel(run: RunDir, ledger: LedgerReader, clips: int, losses: Losses, show: int, seed: int) -> None:
    plan = current_plan(ledger)
    if plan is None:
        return
    losses.plan = ledger.plan(plan) or {}
    aside = ledger.quarantined(plan)
    names = _file_names(run, {q.clip_id for q in aside})
    for q in aside:
        losses.lines.append(Loss(q.stage, q.code, names.get(q.clip_id, q.unit_id), q.detail, hint_of(q.code)))
    counted = funnel(ledger, plan, clips)
    by_stage = {
        stage: [q.code for q in aside if q.stage == stage] for stage in ("evidence", "annotate", "think", "check")
    }
    losses.judged, losses.accepted = counted.accepted + counted.rejected, counted.accepted
    waiting = (("not built yet", clips - counted.clips_done),) if clips > counted.clips_done else ()
    refusals = _ranked(_first_finding(text) for _, text in ledger.judged(plan, "check", "rejected"))
    if refusals and show > 0:
        losses.refused = _refused(run, ledger, plan, show, seed)
    losses.stages = [
        Stage(
            "Clips with questions",
            counted.annotated,
            "clips",
            _ranked(by_stage["evidence"] + by_stage["annotate"]) + waiting,
        ),
        Stage("Questions asked", counted.questions, "questions"),
        Stage("Chains written", counted.chains, "questions", _ranked(by_stage["think"])),
        Stage("Accepted samples", counted.accepted, "questions", _ranked(by_stage["check"]) + refusals),
    ]


def _first_finding(judged: str) -> str:
    """Why a sample was rejected: the first finding of the judge that did it, so that each sample counts once."""
    verdicts = json.loads(judged)["verdicts"]
    return next(
        (str(f["code"]) for v in verdicts if v["decision"] == "rejected" for f in v["findings"]),
        "not accepted by anyone",
    )


def _refused(run: RunDir, ledger: LedgerReader, plan: str, show: int, seed: int) -> list[Row]:
    """Rejected samples drawn by hash, as rows."""
    heap: list[tuple[int, str, Row]] = []
    for sample, decision in samples_of_plan(run, ledger, plan):
        if decision == "accepted":
            continue
        item = (-derive_seed(seed, "report", sample.sample_id), sample.sample_id, row_of(sample))
        if len(heap) < show:
            heapq.heappush(heap, item)
        else:
            heapq.heappushpop(heap, item)
    return [row for *_, row in sorted(heap, reverse=True)]


def _file_names(run: RunDir, clip_ids: set[str]) -> dict[str, str]:
    """Where the clips come from, in words a user knows: source and file rather than an id."""
    from audio_reasoner.dataset import read_clips

    if not clip_ids:
        return {}
    return {c.clip_id: f"{c.source}: {c.source_id}" for c in read_clips(run.path) if c.clip_id in clip_ids}


def segments_of(run: RunDir, content_keys: Iterable[str]) -> Iterator[tuple[str, list[list[float]]]]:
    """Active stretches [[start_s, end_s], …] by content key, as far as the current plan has measured them."""
    if not run.ledger_path.is_file():
        return
    try:
        with LedgerReader.open(run.ledger_path) as ledger:
            plan = current_plan(ledger)
            config = ledger.plan(plan) if plan else None
            version = str((config or {}).get("versions", {}).get("evidence", ""))
            for key in sorted(content_keys):
                stored = ledger.evidence(key, version)
                items = json.loads(stored).get("items", []) if stored else []
                value = next((i.get("value") for i in items if i.get("name") == "segments"), None)
                if value:
                    yield key, [[float(a), float(b)] for a, b in value]
    except AudioReasonerError:
        return  # an extra of the player; the funnel says what is wrong with the ledger
