"""Makes a benchmark in MMAU's format out of clips whose content is known to the sample.

Decision: what is asked comes from the same offline teacher as the training questions, about scenes of another seed,
so that a score measures hearing and reasoning and not the wording. One question per clip; families, places of the
right answer and everything a guesser could use are kept even (`fair`). Only what the timeline makes exact is asked. The
manifest beside the data names seed, versions, hashes and what can be won blindly; `timelines.jsonl` holds what is heard
when, so that the claims of a chain can be checked.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError, InputError, TeacherError
from audio_reasoner.core.records import Clip, Question, Timeline
from audio_reasoner.evaluation.fair import Balance, blind
from audio_reasoner.evaluation.mmau import DATA_NAME, MANIFEST_NAME

AUDIO_DIR = "test-mini-audios"
RATE = 16_000
TIMELINES_NAME = "timelines.jsonl"
QUESTIONS_SEEN = 11
"""How many questions of a clip one is chosen from."""
WORLD_SCENES = 400
"""From so many scenes the sounds are gathered that wrong options are drawn from."""
MOST_SCENES = 40
"""How many scenes are planned per question before a setting is called impossible."""
_DIFFICULTY = {1: "easy", 2: "medium", 3: "hard"}


def make_benchmark(
    n: int,
    seed: int,
    out: Path,
    on_item: Callable[[int], None] | None = None,
    families: tuple[str, ...] = (),
    **plan_settings: Any,
) -> Path:
    """Write `n` questions about synthetic scenes: `out/mmau-test-mini.json`, its recordings and `benchmark.json`.

    Args:
        n: number of questions, one per clip.
        seed: which scenes; a seed that no training data was made with.
        out: directory to write; must not hold a benchmark yet.
        on_item: told the number of items done so far.
        families: ask only these question types; empty for all that the timeline makes exact and whose options give
            nothing away (so neither the clip's duration nor its loudness).
        plan_settings: further settings of `synth.plan_complex`, such as ``max_events``.

    Returns:
        The data file.

    Raises:
        ConfigError: `benchmark.exists`, `benchmark.bad_size`, `teacher.unknown_family`, or a setting of the plan is
            impossible.
    """
    from audio_reasoner.evidence import VERSION, measure
    from audio_reasoner.grounded import GroundedTeacher, words_of_clip
    from audio_reasoner.grounded.questions import SCENE_FAMILIES
    from audio_reasoner.synth import clip_audio, plan_complex
    from audio_reasoner.teachers import check_spec

    if n < 1:
        raise ConfigError(f"a benchmark of {n} questions; at least 1 is needed.", code="benchmark.bad_size")
    check_spec("grounded", families)
    _refuse_existing(out)
    # Wrong options come from the scenes' own world: a sound that never occurs, or only as a background, would give
    # itself away.
    world = {w for clip in plan_complex(WORLD_SCENES, seed, **plan_settings) for w in words_of_clip(clip)}
    vocabulary = tuple(sorted(world))
    chosen = families or tuple(SCENE_FAMILIES)
    teacher = GroundedTeacher(
        style="brief", vocabulary=vocabulary, seed=seed, questions_per_clip=QUESTIONS_SEEN, families=chosen
    )
    balance = Balance(seed)

    def items() -> Iterator[tuple[Clip, Question, Any]]:
        for clip in plan_complex(MOST_SCENES * n + 400, seed, **plan_settings):
            pcm = None
            try:
                if set(chosen) <= set(SCENE_FAMILIES):
                    annotation = teacher.annotate(clip)
                else:  # what is asked about was measured, not planned
                    pcm = clip_audio(clip)
                    annotation = teacher.annotate(clip, measure(pcm, clip.content_key))
            except TeacherError:
                continue
            question = balance.choose(annotation.questions)
            if question is not None:
                yield clip, question, clip_audio(clip) if pcm is None else pcm

    facts = {
        "made_by": "synth complex",
        "seed": seed,
        "plan": plan_settings,
        "asked": list(chosen),
        "evidence": VERSION,
        "teacher": teacher.model,
    }
    return _write(_first(items(), n), n, out, facts, f"synthetic, seed {seed}, {n} items", on_item)


def make_benchmark_from_run(run_dir: Path, out: Path, on_item: Callable[[int], None] | None = None) -> Path:
    """Write every option question of a built run as a benchmark in MMAU's format.

    Returns:
        The data file.

    Raises:
        ConfigError: `benchmark.exists`.
        InputError: `benchmark.no_items`: the run's data set holds no question with options.
    """
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import sample_audio
    from audio_reasoner.dataset import read_rows

    run = RunDir.open(run_dir)
    _refuse_existing(out)
    audio = sample_audio(run)

    def entries() -> Iterator[tuple[dict[str, Any], Any, Timeline | None]]:
        for row in read_rows(run.dataset_dir):
            if not row.options:
                continue
            domain = row.domains[0] if row.domains else "sound"
            entry = _entry(
                name=row.sample_id,
                question=row.question,
                choices=list(row.options),
                answer=row.gold_text,
                family=row.family,
                difficulty=row.difficulty,
                task=domain,
                source=row.source,
            )
            yield entry, audio(row), None

    facts = {"made_by": "run", "run": run_dir.name}
    return _write_entries(entries(), out, facts, f"run {run_dir.name}", on_item)


def make_benchmark_from_clips(
    run_dir: Path,
    out: Path,
    n: int | None = None,
    seed: int = 0,
    on_item: Callable[[int], None] | None = None,
    families: tuple[str, ...] = (),
) -> Path:
    """Write questions about the made clips of a run (scenes, dialogues, music), whether or not the run is built.

    Args:
        run_dir: a run with clips that have a timeline.
        out: directory to write; must not hold a benchmark yet.
        n: number of questions, at most one per clip; None for as many as stay balanced.
        seed: places of the right answers.
        on_item: told the number of items done so far.
        families: ask only these question types; empty for all that the timelines answer, except the duration.

    Returns:
        The data file.

    Raises:
        ConfigError: `benchmark.exists`, `benchmark.bad_size`, `teacher.unknown_family`.
        InputError: `benchmark.no_items`: the clips do not give that many questions.
    """
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.dataset import read_clips
    from audio_reasoner.grounded import FAMILIES, GroundedTeacher
    from audio_reasoner.grounded.vocabulary import words_of_clip
    from audio_reasoner.synth import clip_audio
    from audio_reasoner.teachers import check_spec

    if n is not None and n < 1:
        raise ConfigError(f"a benchmark of {n} questions; at least 1 is needed.", code="benchmark.bad_size")
    check_spec("grounded", families)
    _refuse_existing(out)
    run = RunDir.open(run_dir)
    words: set[str] = set()
    for clip in read_clips(run.path):
        words |= words_of_clip(clip)
    chosen = families or tuple(f for f in FAMILIES if f != "duration")
    teacher = GroundedTeacher(
        style="brief",
        vocabulary=tuple(sorted(words)),
        seed=seed,
        questions_per_clip=QUESTIONS_SEEN,
        families=chosen,
    )
    balance = Balance(seed)

    def items() -> Iterator[tuple[Clip, Question, Any]]:
        for clip in read_clips(run.path):
            if clip.timeline is None:
                continue
            try:
                annotation = teacher.annotate(clip)
            except TeacherError:
                continue
            question = balance.choose(annotation.questions)
            if question is not None:
                yield clip, question, clip_audio(clip)

    facts = {
        "made_by": "synth run",
        "run": run.path.name,
        "sources": run.sources,
        "seed": seed,
        "asked": list(families),
        "teacher": teacher.model,
    }
    found = items() if n is None else _first(items(), n)
    return _write(found, n, out, facts, f"synthetic, run {run.path.name}, seed {seed}", on_item)


def timeline_fields(line: Timeline) -> dict[str, Any]:
    """A timeline as a line of `timelines.jsonl`: times in seconds from the start of the recording."""
    events = []
    for e in line.events:
        more = e.model_dump(include={"speaker", "text", "role", "style", "gain_db"}, exclude_defaults=True)
        times = {"start_s": round(line.seconds(e.start), 6), "end_s": round(line.seconds(e.end), 6)}
        events.append({"label": e.label, **times, **more})
    fields: dict[str, Any] = {"duration_s": round(line.seconds(line.length), 6), "events": events}
    if line.facts:
        fields["facts"] = [f.model_dump(mode="json", exclude_defaults=True) for f in line.facts]
    return fields


def _first(items: Iterable[Any], n: int) -> Iterator[Any]:
    for count, item in enumerate(items, start=1):
        yield item
        if count == n:
            return


def _refuse_existing(out: Path) -> None:
    if (out / DATA_NAME).exists():
        raise ConfigError(
            f"{out / DATA_NAME} exists already.", code="benchmark.exists", hint="Choose another directory or remove it."
        )


def _entry(
    *, name: str, question: str, choices: list[str], answer: str, family: str, difficulty: int, task: str, source: str
) -> dict[str, Any]:
    return {
        "id": name,
        "audio_id": f"./{AUDIO_DIR}/{name}.wav",
        "question": question,
        "choices": choices,
        "answer": answer,
        "dataset": source,
        "task": task,
        "split": "test-mini",
        "category": "Reasoning",
        "sub-category": family,
        "difficulty": _DIFFICULTY[difficulty],
    }


def _write(
    items: Iterable[tuple[Clip, Question, Any]],
    n: int | None,
    out: Path,
    facts: dict[str, Any],
    revision: str,
    on_item: Callable[[int], None] | None,
) -> Path:
    entries = (
        (
            _entry(
                name=clip.clip_id,
                question=question.text,
                choices=list(question.options),
                answer=question.gold_text,
                family=question.family,
                difficulty=question.difficulty,
                task=clip.domains[0],
                source=clip.source,
            ),
            pcm,
            clip.timeline,
        )
        for clip, question, pcm in items
    )
    return _write_entries(entries, out, facts, revision, on_item, expected=n)


def _write_entries(
    entries: Iterable[tuple[dict[str, Any], Any, Timeline | None]],
    out: Path,
    facts: dict[str, Any],
    revision: str,
    on_item: Callable[[int], None] | None,
    expected: int | None = None,
) -> Path:
    from importlib.metadata import version

    from audio_reasoner.core.audio import encode_wav
    from audio_reasoner.core.run import write_atomic

    (out / AUDIO_DIR).mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    timelines: list[dict[str, Any]] = []
    for row, pcm, line in entries:
        (out / AUDIO_DIR / f"{row['id']}.wav").write_bytes(encode_wav(pcm, RATE))
        rows.append(row)
        if line is not None:
            timelines.append({"id": row["id"], **timeline_fields(line)})
        if on_item is not None:
            on_item(len(rows))
    if not rows or (expected is not None and len(rows) < expected):
        raise InputError(
            f"only {len(rows)} questions could be made"
            + (f", {expected} were asked for." if expected else ": no question of the run has options."),
            code="benchmark.no_items",
            hint="Plan more clips, or ask for fewer questions or other question types.",
        )
    data = (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    file = out / DATA_NAME
    manifest = {
        "revision": revision,
        "data_sha256": hashlib.sha256(data).hexdigest(),
        "items": len(rows),
        "families": dict(sorted(Counter(row["sub-category"] for row in rows).items())),
        "blind": blind(rows),
        "audio": {"rate": RATE, "channels": 1},
        "package_version": version("audio-reasoner"),
        **facts,
    }
    if timelines:
        lines = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in timelines).encode("utf-8")
        manifest["timelines"] = {"file": TIMELINES_NAME, "sha256": hashlib.sha256(lines).hexdigest()}
        write_atomic(out / TIMELINES_NAME, lines)
    write_atomic(out / MANIFEST_NAME, (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    write_atomic(file, data)
    return file
