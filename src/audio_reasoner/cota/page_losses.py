"""What a run lost and why, as the report shows it: rows that never became clips, units set aside, samples refused.

Decision: read from what the build itself reads (the ledger and the quarantine file of the clips), never from the log,
so that the report's numbers add up to the data set's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audio_reasoner.clients.ledger import LedgerReader, Quarantined
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Evidence
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.engine import current_plan
from audio_reasoner.cota.page_facts import draw, keep_smallest
from audio_reasoner.cota.page_judges import Judgements, read_judgements
from audio_reasoner.cota.units import descriptions, roles_of
from audio_reasoner.dataset.clips import find_clips
from audio_reasoner.report import Stage, table, text

_LINES = 200  # files named per quarantine code; all are counted, and the run directory has the rest
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

    `judged` and `accepted` count chains of the current plan; `aside` holds quarantined units to be shown.
    """

    lines: list[Loss] = field(default_factory=list)
    before_clips: tuple[tuple[str, int], ...] = ()
    stages: list[Stage] = field(default_factory=list)
    judged: int = 0
    accepted: int = 0
    aside: list[Quarantined] = field(default_factory=list)
    judgements: Judgements = field(default_factory=Judgements)
    plan_id: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
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
        show: draw at most this many refused units, and as many quarantined ones.
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
    losses.plan_id = plan
    losses.plan = ledger.plan(plan) or {}
    aside = ledger.quarantined(plan)
    sources = find_clips(run.path, {q.clip_id for q in aside}) if aside else {}
    for q in aside:
        clip = sources.get(q.clip_id)
        name = f"{clip.source}: {clip.source_id}" if clip is not None else q.unit_id
        losses.lines.append(Loss(q.stage, q.code, name, q.detail, hint_of(q.code)))
    by_stage: dict[str, list[str]] = {}
    for q in aside:
        by_stage.setdefault(q.stage, []).append(q.code)
    passed = ledger.stages(plan)
    done = ledger.count_done(plan)
    judged = read_judgements(ledger, plan, roles_of(losses.plan), show=show, seed=seed)
    losses.judgements = judged
    losses.judged, losses.accepted = judged.seen["check"], judged.kept
    heap: list[tuple[int, str, str]] = []
    units = {(q.unit_id, q.stage): q for q in aside}
    for q in aside:
        keep_smallest(heap, (-draw(seed, f"{q.unit_id} {q.stage}"), q.unit_id, q.stage), show)
    losses.aside = [units[unit, stage] for _, unit, stage in sorted(heap, reverse=True)]
    described = descriptions(ledger, plan, losses.plan) if losses.plan else 0
    asked, chains = ledger.count_questions(plan) + described, passed.get("think", 0)
    unwritten = _ranked(by_stage.get("think", [])) + judged.reasons("question")
    left = asked - chains - sum(n for _, n in unwritten)
    waiting = (("not written yet", left),) if left > 0 else ()
    unbuilt = (("not built yet", clips - done),) if clips > done else ()
    first = _ranked(by_stage.get("evidence", []) + by_stage.get("annotate", []))
    losses.stages = [
        Stage("Clips with questions", passed.get("annotate", 0), "clips", first + unbuilt),
        Stage("Questions and descriptions asked" if described else "Questions asked", asked, "questions"),
        Stage("Chains written", chains, "questions", unwritten + waiting),
        Stage(
            "Passed the checks",
            judged.passed["check"],
            "questions",
            _ranked(by_stage.get("check", [])) + judged.reasons("check"),
        ),
    ]
    if judged.seen["judge"] or by_stage.get("judge"):
        aside_there = by_stage.get("judge", [])
        lost = _ranked(aside_there) + judged.reasons("judge") + judged.waiting("judge", len(aside_there))
        losses.stages.append(Stage("Passed the judge", judged.passed["judge"], "questions", lost))
    if judged.seen["solve"] or by_stage.get("solve"):
        aside_there = by_stage.get("solve", [])
        lost = _ranked(aside_there) + judged.waiting("solve", len(aside_there))
        losses.stages.append(Stage("Answered by the solver", judged.passed["solve"], "questions", lost))
    losses.stages.append(Stage("Accepted samples", judged.kept, "questions", judged.reasons("keep")))


def evidence_of(run: RunDir, content_keys: Iterable[str]) -> Iterator[tuple[str, Evidence]]:
    """What the current plan has measured, by content key, as far as it has."""
    if not run.ledger_path.is_file():
        return
    try:
        with LedgerReader.open(run.ledger_path) as ledger:
            plan = current_plan(ledger)
            config = ledger.plan(plan) if plan else None
            version = str((config or {}).get("versions", {}).get("evidence", ""))
            for key in sorted(set(content_keys)):
                if stored := ledger.evidence(key, version):
                    yield key, Evidence.model_validate_json(stored)
    except (AudioReasonerError, ValueError):
        return  # an extra of the player; the funnel says what is wrong with the ledger


def segments_in(evidence: Evidence | None) -> list[list[float]]:
    """Active stretches [[start_s, end_s], …], if they were measured."""
    item = evidence.get("segments") if evidence is not None else None
    return [[float(a), float(b)] for a, b in item.value] if item is not None and item.value else []


def segments_of(run: RunDir, content_keys: Iterable[str]) -> Iterator[tuple[str, list[list[float]]]]:
    """Active stretches by content key, as far as the current plan has measured them."""
    for key, evidence in evidence_of(run, content_keys):
        if found := segments_in(evidence):
            yield key, found


def loss_table(lines: Sequence[Loss], caption: str) -> Markup:
    """One row per step and code, with the files behind it folded in."""
    groups: dict[tuple[str, str], list[Loss]] = {}
    for line in lines:
        groups.setdefault((line.stage, line.code), []).append(line)
    rows: list[list[str | Markup]] = []
    for (stage, code), found in sorted(groups.items(), key=lambda kv: (-len(kv[1]), kv[0])):
        items = [Markup("<li>{}: {}</li>").format(x.where, x.why) for x in found[:_LINES]]
        if len(found) > _LINES:
            items.append(Markup("<li>… and {} more, in the run directory</li>").format(text.count(len(found) - _LINES)))
        which = Markup("<details><summary>{}</summary><ul>{}</ul></details>").format(
            f"all {text.count(len(found))}" if len(found) > 1 else "this one", Markup("").join(items)
        )
        hints = list(dict.fromkeys(x.hint for x in found if x.hint))
        rows.append(
            [
                stage,
                Markup("<code>{}</code>").format(code),
                text.count(len(found)),
                text.shorten(found[0].why, 200),
                " ".join(hints[:3]),
                which,
            ]
        )
    header = ["Step", "Code", "How many", "Why, for example", "What to do", "Which"]
    return table(header, rows, numeric=(2,), caption=f"{text.count(len(lines))} {caption}, by reason")
