"""Does the answer depend on the chain in front of it? Change the chain, let the model go on, and look.

Decision: one row per intervention, written the moment it is known, so that a long test can be stopped; figures are made
of the rows alone. A rate stands beside that of its placebo, over the same questions: only what is above it is an
effect of the words that were changed. `causal.json`:

    version, config, items, left_out {reason: n}, interventions, families, reading, not_shown
    interventions   name → {place, told, n, changed, beyond_placebo, followed, followed_by_placebo,
                    followed_beyond_placebo, beyond_irrelevant, kept, unparsed, well_formed, accuracy_before,
                    accuracy_after, accuracy_difference}
    families        name → {intervention → {n, changed, followed}}

`changed`: the RESPONSE means another option than before (or none). `beyond_placebo`: changed, minus changed by saying
the last sentence again, on the same questions; `beyond_irrelevant`: minus changed by a fact the question does not turn
on. `followed`: of the changes that imply another answer, how many got it; `followed_by_placebo`: how often the placebo
gives that answer on the same questions, and `followed_beyond_placebo` the difference. `kept`: of the changes after
which the old answer is still implied, how many kept it. A rate is {"value", "n", "interval_95"}, shares from 0 to 1.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_reasoner.checks.claims import option_labels
from audio_reasoner.core import ids
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.chains import Reply, family_of, question_of, rate, read_reply
from audio_reasoner.evaluation.continuing import Begun, Continuer
from audio_reasoner.evaluation.edits import FILLER, INTERVENTIONS, PLACEBO, UNEDITED, Edit, Editor, parts_of
from audio_reasoner.evaluation.hearing import Ear, LongAudio
from audio_reasoner.evaluation.present import json_text
from audio_reasoner.evaluation.rundir import PREDICTIONS_NAME, read_header, rows_in
from audio_reasoner.evaluation.statistics import bootstrap_mean
from audio_reasoner.evaluation.timelines import find_timelines, read_timelines

CAUSAL_NAME, ROWS_NAME = "causal.json", "causal_rows.jsonl"
VERSION = 1
VOCABULARY = 40
"""Most names of sounds of a benchmark that renaming draws from."""
NOT_SHOWN = (
    "What is measured is whether the answer depends on the words before it once these are changed. It does not show "
    "that the model needs them: a model may follow a written chain that it could have done without.",
    "A change of CAPTION contradicts the sound. An answer that does not follow it may have been taken from the sound, "
    "which is no fault; `caption-truth` and accuracy tell the two apart only where the truth is known.",
    "Changed text is text the model did not choose. Placebos bound how much of an effect is due to that; they do not "
    "remove it.",
)


@dataclass(frozen=True)
class Settings:
    """How the test is made.

    Attributes:
        items: how many questions, spread evenly over the families.
        seed: which questions and which of several possible changes.
        max_new_tokens: longest continuation.
        only: names of interventions; empty for all.
    """

    items: int = 200
    seed: int = 0
    max_new_tokens: int = 1024
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in self.only if name not in INTERVENTIONS]
        if unknown:
            raise ConfigError(
                f"there is no intervention {unknown[0]!r}.",
                code="causal.unknown_intervention",
                hint=f"Known: {', '.join(INTERVENTIONS)}.",
            )
        if self.items < 1:
            raise ConfigError(f"a test of {self.items} questions.", code="causal.bad_size")

    @property
    def names(self) -> tuple[str, ...]:
        """The interventions to make: those wanted, with their placebos."""
        if not self.only:
            return tuple(INTERVENTIONS)
        places = {INTERVENTIONS[name][0] for name in self.only}
        wanted = {*self.only, *(group[p] for p in places for group in (PLACEBO, FILLER, UNEDITED))}
        return tuple(name for name in INTERVENTIONS if name in wanted)


@dataclass
class Progress:
    """How far it is: continuations done, of how many."""

    done: int
    total: int


@dataclass(frozen=True)
class _Task:
    """One continuation to make."""

    reply: Reply
    edit: Edit
    begun: Begun


def pick_items(benchmark: Benchmark, n: int, seed: int, among: Container[str] | None = None) -> list[Item]:
    """`n` items (of those `among`), families taking turns, drawn by seed; a larger `n` begins with the same."""
    families: defaultdict[str, list[Item]] = defaultdict(list)
    for item in sorted(benchmark.items, key=lambda i: ids.derive_seed(seed, "causal", i.id)):
        if len(item.choices) > 1 and (among is None or item.id in among):
            families[family_of(item)].append(item)
    ranked = [(k, name, item) for name, found in families.items() for k, item in enumerate(found)]
    ranked.sort(key=lambda x: (x[0], x[1]))
    return [item for _, _, item in ranked[:n]]


def own_rows(run_dir: Path, benchmark: Benchmark, identity: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The first sample of each answer of a run directory, by id.

    Raises:
        InputError: `causal.no_run`, `eval.bad_predictions`.
        ConfigError: `causal.other_run`: it was made with another data file or model, or is a control.
    """
    path = run_dir / PREDICTIONS_NAME
    header = read_header(run_dir)
    if header is None or not path.is_file():
        raise InputError(f"{run_dir} is no run directory.", code="causal.no_run", hint="`eval run -o DIR` writes one.")
    config = header["config"]
    wanted = {"data_sha256": benchmark.sha256, "control": None, **(identity or {})}
    wrong = sorted(k for k, v in wanted.items() if config.get(k) != json.loads(json.dumps(v)))
    if wrong:
        raise ConfigError(
            f"the answers in {run_dir} were made with another {', '.join(wrong)}.",
            code="causal.other_run",
            hint="Give the run of this model on this data, or none: then its answers are made first.",
        )
    rows: dict[str, Any] = {}
    for row in rows_in(path):
        if not row.get("sample") and isinstance(row.get("raw"), str):
            rows.setdefault(row["id"], row)
    return rows


def run_causal(
    continuer: Continuer,
    benchmark: Benchmark,
    rows: Mapping[str, Any],
    out_dir: Path,
    settings: Settings,
    *,
    model: str,
    identity: Mapping[str, Any],
    long_audio: LongAudio = "refuse",
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Make all interventions and write `causal_rows.jsonl` and `causal.json`.

    Args:
        continuer: who goes on.
        benchmark: what was asked.
        rows: the model's own answers by item id, as `own_rows` gives them.
        out_dir: where to; an interrupted test goes on there.
        settings: how much of it.
        model: how the model is called.
        identity: all that decides its answers.
        long_audio: what was done with recordings over 30 s.
        on_progress: told after every continuation.

    Returns:
        The content of `causal.json`.

    Raises:
        ConfigError: `causal.other_test`: the directory holds a test with other settings.
        InputError: `causal.nothing`: no answer has a chain that can be changed.
    """
    from audio_reasoner.core.run import RunDir, run_lock, storage_problem

    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with run_lock(RunDir(out_dir)):
            return _run(continuer, benchmark, rows, out_dir, settings, model, identity, long_audio, on_progress)
    except OSError as error:  # a full disk, a directory that is none of ours
        raise storage_problem(error, out_dir) from error


def _run(
    continuer: Continuer,
    benchmark: Benchmark,
    rows: Mapping[str, Any],
    out_dir: Path,
    settings: Settings,
    model: str,
    identity: Mapping[str, Any],
    long_audio: LongAudio,
    on_progress: Callable[[Progress], None] | None,
) -> dict[str, Any]:
    where = find_timelines(benchmark)
    clips = read_timelines(where) if where is not None else {}
    # Of a run that is not finished, questions it has answered.
    items = pick_items(benchmark, settings.items, settings.seed, rows)
    left_out: Counter[str] = Counter()
    if short := len(pick_items(benchmark, settings.items, settings.seed)) - len(items):
        left_out["no answer"] = short
    replies = [r for r in (_usable(item, rows[item.id], left_out) for item in items) if r is not None]
    if not replies:
        raise InputError(
            f"none of {len(items)} answers has a chain that can be changed: {dict(left_out)}.",
            code="causal.nothing",
            hint="The test needs well-formed chains whose RESPONSE names an option.",
        )
    names = settings.names
    config = {
        "version": VERSION,
        "model": model,
        "identity": ids.digest({"identity": dict(identity)}).hex(),
        "data_sha256": benchmark.sha256,
        "items": settings.items,
        "seed": settings.seed,
        "max_new_tokens": settings.max_new_tokens,
        "interventions": list(names),
        "answers": ids.digest({"answers": [[r.item.id, r.raw] for r in replies]}).hex(),
    }
    done = _started(out_dir, config)
    labels = dict.fromkeys(x for item in benchmark.items for x in option_labels(question_of(item)))
    vocabulary = [x for x in labels if x.replace(" ", "").isalpha() and len(x) < 30][:VOCABULARY]
    editor = Editor(settings.seed, vocabulary, replies)
    ear = Ear(benchmark, long_audio)

    def tasks() -> Iterator[_Task]:
        for reply in replies:
            found = [
                e for e in editor.edits(reply, clips.get(reply.item.id), names)
                if (reply.item.id, e.intervention) not in done
            ]  # fmt: skip
            if found:
                row = rows[reply.item.id]
                sounds = ear.hear(reply.item).parts if row.get("audio") != [] else ()
                for edit in found:
                    yield _Task(reply, edit, Begun(row["prompt"], sounds, edit.prefix))

    total = sum(len(list(editor.edits(r, clips.get(r.item.id), names))) for r in replies)
    progress = Progress(len(done), total)
    with (out_dir / ROWS_NAME).open("a", encoding="utf-8") as lines:

        def take(begun: Begun, said: str | AudioReasonerError) -> None:
            task: _Task = begun.about
            lines.write(json_text(_row(task, said)) + "\n")
            lines.flush()
            progress.done += 1
            if on_progress is not None:
                on_progress(progress)

        continuer.go_on(
            (Begun(t.begun.prompt, t.begun.sounds, t.begun.prefix, t) for t in tasks()), settings.max_new_tokens, take
        )
    found = list(_read_rows(out_dir / ROWS_NAME))
    told = summary_of(found, config, dict(left_out))
    _write(out_dir, told)
    return told


def _usable(item: Item, row: Any, left_out: Counter[str]) -> Reply | None:
    reply = read_reply(item, row["raw"])
    why = None
    if not reply.parsed.well_formed or parts_of(reply.raw) is None:
        why = "no well-formed chain"
    elif reply.response is None:
        why = "RESPONSE names no option"
    if why is not None:
        left_out[why] += 1
        return None
    return reply


def _started(out_dir: Path, config: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(id, intervention) done so far; begins `causal.json` otherwise."""
    path = out_dir / CAUSAL_NAME
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))["config"]
        except (OSError, ValueError, KeyError, TypeError):
            before = None
        if before != config:
            changed = [k for k in config if not isinstance(before, dict) or before.get(k) != config[k]]
            raise ConfigError(
                f"{path} belongs to a test with another {', '.join(changed)}.",
                code="causal.other_test",
                hint="Choose another directory, or remove causal.json and causal_rows.jsonl.",
            )
        rows = out_dir / ROWS_NAME
        if rows.is_file():
            data = rows.read_bytes()
            rows.write_bytes(data[: data.rfind(b"\n") + 1])  # a last line cut off by a kill
            return {(r["id"], r["intervention"]) for r in _read_rows(rows)}
        return set()
    (out_dir / ROWS_NAME).unlink(missing_ok=True)
    _write(out_dir, {"version": VERSION, "config": dict(config), "finished": False})
    return set()


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
                row["id"], row["intervention"]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path} line {number} is no row of this test.", code="causal.bad_rows") from error
            yield row


def _write(out_dir: Path, told: Mapping[str, Any]) -> None:
    from audio_reasoner.core.run import write_atomic

    write_atomic(out_dir / CAUSAL_NAME, (json_text(told, indent=1) + "\n").encode("utf-8"))


def _row(task: _Task, said: str | AudioReasonerError) -> dict[str, Any]:
    reply, edit = task.reply, task.edit
    row: dict[str, Any] = {
        "id": reply.item.id,
        "clip": reply.item.clip,
        "family": family_of(reply.item),
        "intervention": edit.intervention,
        "told": edit.told,
        "expects": edit.expects,
        "implied": list(edit.implied),
        "own_option": reply.response,
        "gold": reply.item.gold,
    }
    if isinstance(said, AudioReasonerError):
        return {**row, "problem": f"[{said.code}] {said.message}", "prefix": edit.prefix}
    after = read_reply(reply.item, said)
    return {
        **row,
        "option": after.response,
        "summary_option": after.summary,
        "well_formed": after.parsed.well_formed,
        "changed": after.response != reply.response,
        "followed": after.response in edit.implied if edit.expects == "new" else None,
        "prefix": edit.prefix,
        "continuation": said[len(edit.prefix) :] if said.startswith(edit.prefix) else said,
    }


# ---------------------------------------------------------------------------------------------------------- figures


def summary_of(
    rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any], left_out: Mapping[str, int]
) -> dict[str, Any]:
    """The content of `causal.json`, from the rows alone."""
    good = [r for r in rows if "problem" not in r]
    by_name: defaultdict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for r in good:
        by_name[r["intervention"]][r["id"]] = r
    interventions = {
        name: _figures(name, by_name[name], by_name[PLACEBO[INTERVENTIONS[name][0]]], by_name["irrelevant-fact"])
        for name in INTERVENTIONS
        if by_name[name]
    }
    families: dict[str, dict[str, Any]] = {}
    for family in sorted({r["family"] for r in good}):
        families[family] = {}
        for name in interventions:
            found = [r for r in by_name[name].values() if r["family"] == family]
            if found:
                families[family][name] = {
                    "n": len(found),
                    "changed": _rate(found, "changed"),
                    "followed": _rate(found, "followed"),
                }
    told = {
        "version": VERSION,
        "config": dict(config),
        "finished": True,
        "items": len({r["id"] for r in rows}),
        "left_out": dict(left_out),
        "problems": len(rows) - len(good),
        "interventions": interventions,
        "families": families,
    }
    return {**told, "reading": reading(told), "not_shown": list(NOT_SHOWN)}


def _rate(rows: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    kept = [r for r in rows if r[key] is not None]
    return rate([float(r[key]) for r in kept], [r["clip"] for r in kept])


def _mean_difference(pairs: Sequence[tuple[float, str]]) -> dict[str, Any]:
    if not pairs:
        return {"value": None, "n": 0, "interval_95": None}
    values = [v for v, _ in pairs]
    low, high = bootstrap_mean(values, [c for _, c in pairs], bounds=None)
    return {
        "value": round(sum(values) / len(values), 4),
        "n": len(values),
        "interval_95": [round(low, 4), round(high, 4)],
    }


Rows = Mapping[str, Mapping[str, Any]]


def _figures(name: str, rows: Rows, placebo: Rows, irrelevant: Rows) -> dict[str, Any]:
    found = list(rows.values())
    place, told = INTERVENTIONS[name]
    scored = [r for r in found if r["gold"] is not None]
    before = [float(r["own_option"] == r["gold"]) for r in scored]
    after = [float(r["option"] == r["gold"]) for r in scored]
    clips = [r["clip"] for r in scored]
    new = [r for r in found if r["expects"] == "new"]
    paired = [(r, float(placebo[r["id"]]["option"] in r["implied"])) for r in new if r["id"] in placebo]
    return {
        "place": place,
        "told": told,
        "n": len(found),
        "changed": _rate(found, "changed"),
        "beyond_placebo": _beyond([] if name == PLACEBO[place] else found, placebo),
        "followed": _rate(new, "followed"),
        "followed_by_placebo": rate([v for _, v in paired], [r["clip"] for r, _ in paired]),
        "followed_beyond_placebo": _mean_difference([(float(r["followed"]) - v, r["clip"]) for r, v in paired]),
        "beyond_irrelevant": _beyond(found if place == "caption" and name != "irrelevant-fact" else [], irrelevant),
        "kept": _shares([(not r["changed"], r) for r in found if r["expects"] == "same"]),
        "unparsed": _shares([(r["option"] is None, r) for r in found]),
        "well_formed": _rate(found, "well_formed"),
        "accuracy_before": rate(before, clips),
        "accuracy_after": rate(after, clips),
        "accuracy_difference": _mean_difference([(a - b, c) for a, b, c in zip(after, before, clips, strict=True)]),
    }


def _beyond(rows: Sequence[Mapping[str, Any]], other: Rows) -> dict[str, Any]:
    both = [(r, other[r["id"]]) for r in rows if r["id"] in other]
    return _mean_difference([(float(r["changed"]) - float(o["changed"]), r["clip"]) for r, o in both])


def _shares(found: Sequence[tuple[bool, Mapping[str, Any]]]) -> dict[str, Any]:
    return rate([float(v) for v, _ in found], [r["clip"] for _, r in found])


def _percent(found: Mapping[str, Any] | None) -> str:
    if not found or found.get("value") is None:
        return "none"
    low, high = found["interval_95"]
    return f"{100 * found['value']:.0f} % ({100 * low:.0f} to {100 * high:.0f}, of {found['n']})"


def reading(told: Mapping[str, Any]) -> list[str]:
    """What the figures say, in sentences; every number stands in them."""
    by_name = told["interventions"]
    out: list[str] = []
    for place in ("caption", "reasoning"):
        said = [
            f"{words} {_percent(by_name[name]['changed'])}"
            for name, words in (
                (UNEDITED[place], "changing nothing"),
                ("irrelevant-fact" if place == "caption" else "", "changing a fact that does not matter"),
                (PLACEBO[place], "saying the last sentence again"),
                (FILLER[place], "adding a sentence that says nothing"),
            )
            if name in by_name
        ]
        if said:
            out.append(f"Answers changed after a cut in {place.upper()} by {', by '.join(said)}.")
    for name, found in by_name.items():
        if found["followed"]["n"] and name != "caption-truth":
            out.append(
                f"{name}: {_percent(found['followed'])} of the answers became the one the change implies; after the "
                f"last sentence said again {_percent(found['followed_by_placebo'])} were that one."
            )
    out.extend(
        f"{name}: {_percent(found['changed'])} of the answers changed; right before "
        f"{_percent(found['accuracy_before'])}, after {_percent(found['accuracy_after'])}."
        for name in ("reasoning-half", "reasoning-empty")
        if (found := by_name.get(name)) is not None
    )
    silent = [
        f"{name} {_percent(found['unparsed'])}"
        for name, found in by_name.items()
        if (found["unparsed"]["value"] or 0) > 0.05
    ]
    if silent:
        out.append(f"Answers that name no option after the change: {', '.join(silent)}.")
    if (found := by_name.get("caption-truth")) is not None:
        out.append(
            f"With the true CAPTION {_percent(found['accuracy_after'])} of the answers were right, with its own "
            f"{_percent(found['accuracy_before'])}; of the wrong ones {_percent(found['followed'])} became right."
        )
    return out
