"""All of one `eval run`: the probe, the main answers, samples and controls, one lock and one ledger over them.

Decision: one directory, one writer, one spend cap. The main run comes first and is complete in itself; what is asked
after it (samples, controls) stands in directories beside it, so that stopping early costs nothing of the main result.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.run import RunDir, run_lock, storage_problem, write_atomic
from audio_reasoner.evaluation import controls as control_runs
from audio_reasoner.evaluation import reach, votes
from audio_reasoner.evaluation.backends import Backend, Decoding
from audio_reasoner.evaluation.base import Benchmark, Module
from audio_reasoner.evaluation.hearing import CONTROLS, Control, Ear
from audio_reasoner.evaluation.present import json_text
from audio_reasoner.evaluation.prompting import style_named
from audio_reasoner.evaluation.run import (
    Plan,
    Progress,
    RunResult,
    answer_locked,
    chosen_items,
    config_of,
    facts_of,
)
from audio_reasoner.evaluation.rundir import (
    HEADER_NAME,
    PREDICTIONS_NAME,
    check_header,
    note,
    read_answered,
    read_header,
    rows_in,
)

SCORE_NAME = control_runs.SCORE_NAME
SAMPLES_DIR, SAMPLES_NAME = "samples", "samples.json"
CONTROLS_DIR = "controls"
SAMPLED = Decoding(0.8, 0.95)
Told = Callable[[str, Progress], None]


@dataclass(frozen=True)
class Wanted:
    """What is asked besides the main question.

    Attributes:
        controls: controls to run.
        samples: answers per question for the vote; 0 for none.
        sampling: how these are drawn.
        probe: find out first whether sound reaches the model.
        allow_deaf: go on if it does not.
    """

    controls: Sequence[Control] = ()
    samples: int = 0
    sampling: Decoding = SAMPLED
    probe: bool = True
    allow_deaf: bool = False


@dataclass
class SessionResult:
    """What was done: the main run, and by name what came after it."""

    main: RunResult
    after: dict[str, RunResult] = field(default_factory=dict)
    reached: dict[str, Any] | None = None
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether a Ctrl-C ended it."""
        return self.main.interrupted or any(r.interrupted for r in self.after.values())

    @property
    def unanswered(self) -> int:
        """Questions that were asked and got no answer."""
        return sum(len(r.failed) - r.not_asked for r in (self.main, *self.after.values()))

    @property
    def failed(self) -> list[str]:
        """Questions of the main run and the others that have no answer."""
        return self.main.failed + [f"{name}: {why}" for name, r in self.after.items() for why in r.failed]


def run_session(
    backend: Backend,
    benchmark: Benchmark,
    out: Path,
    plan: Plan,
    wanted: Wanted | None = None,
    *,
    on_progress: Told | None = None,
) -> SessionResult:
    """Answer a benchmark with everything that was wanted.

    Args:
        backend: who answers.
        benchmark: what is asked.
        out: the run directory.
        plan: how the main question is asked.
        wanted: what else is asked.
        on_progress: told the part's name ("answers", "samples", a control) and how far it is.

    Raises:
        ConfigError: `eval.deaf`, `eval.other_run`, `eval.samples_open`, and whatever the backend cannot survive.
        InputError: `eval.missing_audio`.
        LockedError: another process writes there.
    """
    wanted = wanted or Wanted()
    if wanted.samples:
        votes.must_have_votes(benchmark.items)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, out) from error
    with run_lock(RunDir(out)):
        ear = Ear(benchmark, plan.long_audio)

        def told(part: str) -> Callable[[Progress], None] | None:
            return None if on_progress is None else lambda now: on_progress(part, now)

        check_header(out, config_of(backend, benchmark, plan), facts_of(backend, benchmark, plan))
        reached = _probe(backend, benchmark, out, plan, wanted, ear)
        result = SessionResult(answer_locked(backend, benchmark, out, plan, ear=ear, on_progress=told("answers")))
        result.reached = reached
        if result.main.interrupted:
            return result
        answered = frozenset(row_id for row_id, _ in read_answered(out / PREDICTIONS_NAME))
        after = dataclasses.replace(plan, only=answered, allow_missing=None)
        if wanted.samples:
            drawn = dataclasses.replace(after, samples=wanted.samples, decoding=wanted.sampling)
            done = answer_locked(backend, benchmark, out / SAMPLES_DIR, drawn, ear=ear, on_progress=told(SAMPLES_DIR))
            result.after[SAMPLES_DIR] = done
            if done.interrupted:
                return result
        result.left_out = control_runs.pointless(wanted.controls, benchmark, backend.hears)
        for name in wanted.controls:
            if str(name) in result.left_out:
                continue
            done = answer_locked(
                backend,
                benchmark,
                out / CONTROLS_DIR / name,
                dataclasses.replace(after, control=name),
                ear=ear,
                on_progress=told(name),
            )
            result.after[name] = done
            if done.interrupted:
                return result
        return result


def _probe(
    backend: Backend, benchmark: Benchmark, out: Path, plan: Plan, wanted: Wanted, ear: Ear
) -> dict[str, Any] | None:
    """Whether sound reaches the model; asked once per run directory, and not where nothing is left to ask."""
    header = read_header(out) or {}
    found: dict[str, Any] | None = header.get("audio_reached")
    if plan.control == "no-audio" or not wanted.probe or not backend.hears:
        return found
    if found is None:
        items = chosen_items(benchmark, plan)
        answered = read_answered(out / PREDICTIONS_NAME)
        if not items or all((item.id, k) in answered for item in items for k in range(plan.samples)):
            return None
        found = reach.probe(backend, ear, style_named(plan.prompt), items, plan.max_new_tokens)
        if found is None:
            return None
        note(out, audio_reached={**found, "allowed_deaf": wanted.allow_deaf})
    if not wanted.allow_deaf:
        reach.must_hear(found, backend.name)
    return found


def score_beside(module: Module, benchmark: Benchmark, out: Path, seed: int = 0) -> list[Path]:
    """Score what lies beside the main run (which is scored already): controls and samples.

    Returns:
        The summaries written: `controls.json`, `samples.json`.
    """
    written: list[Path] = []
    main_ids = frozenset(row_id for row_id, _ in read_answered(out / PREDICTIONS_NAME))
    found: dict[Control, Path] = {}
    for name in CONTROLS:
        path = out / CONTROLS_DIR / name
        if not (path / PREDICTIONS_NAME).is_file() or not (path / PREDICTIONS_NAME).stat().st_size:
            continue
        config = (read_header(path) or {}).get("config", {})
        drawn = config.get("seed")
        control_runs.score_run(module, control_runs.shown(benchmark, name, drawn or 0, main_ids), path)
        found[name] = path
    if found:
        told = control_runs.summary(benchmark, out, found, seed)
        written.append(_write(out / control_runs.SUMMARY_NAME, told))
    samples = out / SAMPLES_DIR
    if (samples / PREDICTIONS_NAME).is_file():
        config = (read_header(samples) or {}).get("config", {})
        k = int(config.get("samples") or 1)
        told = votes.samples_summary(benchmark.items, rows_in(samples / PREDICTIONS_NAME), k, seed)
        told |= {"temperature": config.get("temperature"), "top_p": config.get("top_p"), "seed": config.get("seed")}
        written.append(_write(out / SAMPLES_NAME, told))
    return written


def _write(path: Path, value: dict[str, Any]) -> Path:
    write_atomic(path, (json_text(value, indent=1) + "\n").encode("utf-8"))
    return path


# --- shards -----------------------------------------------------------------------------------------------------------


def merge_runs(parts: Sequence[Path], out: Path) -> int:
    """Put the answers of shards together into one run directory, with their controls and samples.

    Merging again, or the same shard twice, adds nothing.

    Args:
        parts: run directories with equal configurations.
        out: where to; made if absent, or a run directory of the same configuration.

    Returns:
        How many answers the main run holds.

    Raises:
        ConfigError: `eval.merge`: a part is no run directory or was made with another configuration, or two parts
            answer the same question differently.
    """
    headers = {part: read_header(part) for part in parts}
    for part, header in headers.items():
        if header is None:
            raise ConfigError(
                f"{part} is no run directory: it has no {HEADER_NAME}.", code="eval.merge", hint="Name finished shards."
            )
    first = headers[parts[0]]
    assert first is not None
    out.mkdir(parents=True, exist_ok=True)
    with run_lock(RunDir(out)):
        facts = {k: v for k, v in first.items() if k != "config"}
        facts |= {"shard": None, "merged_from": [str(part) for part in parts]}
        for part in parts:
            check_header(out, (headers[part] or {})["config"], facts)
        total = _merge_rows(parts, out)
        inner = {p.relative_to(part) for part in parts for p in _inner(part)}
        for name in sorted(inner):
            held = [part / name for part in parts if (part / name / HEADER_NAME).is_file()]
            header = read_header(held[0]) or {}
            (out / name).mkdir(parents=True, exist_ok=True)
            for path in held:
                config = (read_header(path) or {})["config"]
                check_header(out / name, config, {k: v for k, v in header.items() if k != "config"})
            _merge_rows(held, out / name)
        return total


def _inner(part: Path) -> list[Path]:
    inside = [part / SAMPLES_DIR, *(part / CONTROLS_DIR / name for name in CONTROLS)]
    return [path for path in inside if (path / HEADER_NAME).is_file()]


def _merge_rows(parts: Sequence[Path], out: Path) -> int:
    target = out / PREDICTIONS_NAME
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for path in [target, *(part / PREDICTIONS_NAME for part in parts)]:
        if not path.is_file():
            continue
        data = path.read_bytes()
        for row in rows_in(path, data[: data.rfind(b"\n") + 1]):
            key = (row["id"], row.get("sample", 0))
            if key in rows and rows[key]["raw"] != row["raw"]:
                raise ConfigError(
                    f"{path} answers {row['id']} differently from another part.",
                    code="eval.merge",
                    hint="Shards of one run do not overlap; leave one of the parts out.",
                )
            rows.setdefault(key, row)
    write_atomic(target, "".join(json_text(row) + "\n" for row in rows.values()).encode("utf-8"))
    return len(rows)
