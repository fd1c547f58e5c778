"""The browser of answers: hear the recording, read question, options and chain, and see why a reply counts as it does.

Decision: an entry is one reply of one run, with what every other run said to the same question beside it. When there
are too many, whole questions are drawn (half of them among those on which readings or runs disagree, because these
teach most), so that every run is seen on the same questions; the page says how many were left out.
"""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.choices import letter
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Clip
from audio_reasoner.cota.page_samples import spans_of
from audio_reasoner.evaluation.compare import Chapter, Comparison
from audio_reasoner.evaluation.compare_read import PREDICTIONS_NAME, ROWS_NAME, RunData, line_at, upgrade_row
from audio_reasoner.report import (
    Entry,
    Section,
    browser,
    copyable,
    disclosure,
    encode_listening,
    player,
    prose,
    shared,
    table,
    text,
)

_DASH = "–"
LONGEST_S = 30.0
"""Seconds of a recording that can be heard in the page; longer ones are cut there, and say so."""
MOST_TEXT = 20_000
"""Characters of one section that are shown; a reply that repeats itself for pages is cut, and says so."""
_RIGHT, _WRONG = "✓", "✗"


@dataclass(frozen=True)
class Question:
    """An item of one group of runs, with the rows that belong to it: (run, place in its rows)."""

    benchmark: str
    sha256: str
    ident: str
    rows: tuple[tuple[RunData, int], ...]
    telling: bool


@dataclass
class Sounds:
    """Players by name, and how many recordings are heard, named only, or not found."""

    parts: dict[str, Markup] = field(default_factory=dict)
    heard: int = 0
    named: int = 0
    missing: int = 0
    timelines: dict[Path, dict[str, Clip]] = field(default_factory=dict)


def answers_section(
    comparison: Comparison, *, entries: int, clips: int, audio: Path | None = None, seed: int = 0
) -> Section | None:
    """The chapter; None if no run has rows.

    Args:
        comparison: the runs.
        entries: most replies shown.
        clips: most recordings that can be heard.
        audio: a directory to look for recordings in.
        seed: draws questions and recordings.
    """
    questions = [q for chapter in comparison.chapters for q in questions_of(chapter)]
    if not questions:
        return None
    total = sum(len(q.rows) for q in questions)
    chosen = choose(questions, entries, seed)
    several = len(comparison.chapters) > 1
    sounds = Sounds()
    made: list[tuple[str, list[Entry]]] = []
    wanted: list[tuple[str, Question, dict[str, Any]]] = []
    for q in chosen:
        rows = [(run, upgrade_row(line_at(run.path / ROWS_NAME, run.rows.places[i])), i) for run, i in q.rows]
        rows = [(run, row, i) for run, row, i in rows if row.get("id") == q.ident]
        if not rows:
            continue
        name = f"{q.benchmark}/{q.sha256[:8]}/{rows[0][1].get('clip') or q.ident}"
        wanted.append((name, q, rows[0][1]))
        beside = _beside([(run, row) for run, row, _ in rows])
        made.append((name, [_entry(q, run, row, name, beside, several) for run, row, _ in rows]))
    _fill_sounds(sounds, wanted, clips, audio, seed)
    every = [e for _, es in made for e in es]
    if not every:
        note = (
            "The rows of these runs changed while the page was made."
            if entries
            else "This page was made without answers (--entries 0)."
        )
        return Section("answers", "Answers", Markup('<p class="note">{}</p>').format(note))
    shown = len(every)
    lead = (
        f"All {text.count(total)} replies."
        if shown == total
        else (
            f"{text.count(shown)} of {text.count(total)} replies, to {text.count(len(made))} of {text.count(len(questions))} questions. Half of these questions were drawn among those "
            "on which readings or runs disagree, the others among all; shares counted here are not shares of the run."
        )
    )
    if sounds.heard or sounds.named or sounds.missing:
        lead += f" {text.count(sounds.heard)} recordings can be heard here; {text.count(sounds.named)} are named only, to keep the page small"
        lead += f", and {text.count(sounds.missing)} were not found where the data lies." if sounds.missing else "."
    return Section("answers", "Answers", browser(every, sounds.parts, name="replies", alarm="wrong"), lead)


def questions_of(chapter: Chapter) -> list[Question]:
    """The items of a chapter that at least one run has a row of, in the order of the data."""
    metric = chapter.headline
    found = []
    for group in chapter.groups:
        places: dict[str, list[tuple[RunData, int]]] = {}
        for run in group.runs:
            for i, ident in enumerate(run.rows.ids):
                places.setdefault(ident, []).append((run, i))
        for ident, rows in places.items():
            values = {_at(run, metric, i) for run, i in rows}
            telling = len(values - {None}) > 1 or any(_disagree(run, i) for run, i in rows)
            found.append(Question(chapter.benchmark, group.sha256, ident, tuple(rows), telling))
    return found


def _at(run: RunData, metric: str, i: int) -> float | None:
    column = run.rows.readings.get(metric)
    return column[i] if column else None


def _disagree(run: RunData, i: int) -> bool:
    """Whether the readings that say right or wrong say different things."""
    decided = _deciding(run)
    return len({c[i] for name, c in run.rows.readings.items() if name in decided and c[i] is not None}) > 1


def _deciding(run: RunData) -> set[str]:
    """Readings that say right or wrong."""
    return {m["name"] for m in run.metrics if m.get("unit") == "percent"} - run.rows.graded


def choose(questions: Sequence[Question], entries: int, seed: int) -> list[Question]:
    """Whole questions with at most `entries` rows in all, in the order given; half the room for telling ones."""
    if sum(len(q.rows) for q in questions) <= entries:
        return list(questions)
    order = list(range(len(questions)))
    random.Random(seed).shuffle(order)
    kept: set[int] = set()
    used = 0
    for room, among in ((entries // 2, [i for i in order if questions[i].telling]), (entries, order)):
        for i in among:
            if i not in kept and used + len(questions[i].rows) <= room:
                kept.add(i)
                used += len(questions[i].rows)
    return [questions[i] for i in sorted(kept)]


# ------------------------------------------------------------------------------------------------------------- entries


def _entry(q: Question, run: RunData, row: Mapping[str, Any], sound: str, beside: Markup, several: bool) -> Entry:
    line = line_at(run.path / PREDICTIONS_NAME, run.effort.places[q.ident]) if q.ident in run.effort.places else {}
    if line.get("id") != q.ident:
        line = {}
    readings = _readings(run, row)
    right = [v for v in readings.values() if v is not None]
    outcome = (
        "no verdict" if not right else "right" if all(right) else "wrong" if not any(right) else "readings disagree"
    )
    defects = [str(d) for d in _list(row.get("defects"))]
    groups = row.get("groups") if isinstance(row.get("groups"), dict) else {}
    facets = {"run": run.name, "outcome": outcome}
    if several:
        facets = {"benchmark": q.benchmark, **facets}
    facets |= {str(k): str(v) for k, v in (groups or {}).items()}
    if row.get("choices"):
        unread = row.get("option_index") is None
        facets["option"] = "unparsed" if unread else "from the SUMMARY" if row.get("from_summary") else "read"
    facets["chain"] = (defects[0] if defects else "well-formed") if row.get("tagged") else "no tags"
    question = str(row.get("question") or "")
    title = question or str(row.get("answer") or q.ident)
    chips = [(k, str(v)) for k, v in (groups or {}).items()]
    if isinstance(line.get("tokens"), int):
        chips.append(("tokens", text.count(line["tokens"])))
    if isinstance(line.get("duration_s"), int | float):
        chips.append(("recording", text.seconds(line["duration_s"])))
    if line.get("stopped") not in (None, "end", "stop"):
        chips.append(("ended by", str(line["stopped"])))
    body = Markup("{}{}{}<h3 class='question' dir='auto'>{}</h3>{}{}{}{}{}").format(
        _chips([("run", run.name), *chips]),
        shared(sound),
        "",
        title,
        _options(row),
        _verdicts(run, row, readings),
        _chain(row, line),
        beside,
        disclosure("Where it comes from", _origin(q, run, row, line), colour=5, opened=False),
    )
    badges = [
        run.name,
        {"right": f"{_RIGHT} right", "wrong": f"{_WRONG} wrong", "readings disagree": "± readings disagree"}.get(
            outcome, outcome
        ),
    ]
    if facets.get("option") == "unparsed":
        badges.append("unparsed")
    return Entry(f"{run.name}:{q.ident}", title, body, facets=facets, badges=badges, alarm=outcome == "wrong")


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _readings(run: RunData, row: Mapping[str, Any]) -> dict[str, bool | None]:
    """Right or wrong by each reading that says so; None where the official rule leaves the row out."""
    held = row.get("readings")
    decided = _deciding(run)
    found: dict[str, bool | None] = {}
    for metric in run.metrics:
        name = metric["name"]
        if name in decided and isinstance(held, dict) and name in held:
            value = held[name]
            found[name] = value > 0 if isinstance(value, int | float) else None
    return found


def _chips(pairs: Sequence[tuple[str, str]]) -> Markup:
    return Markup('<p class="chips">{}</p>').format(
        Markup("").join(
            [
                Markup('<span class="chip">{} <b dir="auto">{}</b></span>').format(k, text.printable(v))
                for k, v in pairs
                if v
            ]
        )
    )


def _options(row: Mapping[str, Any]) -> Markup:
    choices = [str(c) for c in _list(row.get("choices"))]
    answer = str(row.get("answer") or "")
    if not choices:
        return Markup('<p>Right answer: <b dir="auto">{}</b></p>').format(_cut(answer)) if answer else Markup("")
    chosen = row.get("option_index")
    items = []
    for i, choice in enumerate(choices):
        gold = choice == answer
        classes = " ".join(name for name, on in (("gold", gold), ("chosen", i == chosen)) if on)
        told = [f"{_RIGHT} right answer"] * gold + ["← read from the reply"] * (i == chosen)
        items.append(
            Markup('<li class="{}"><span class="letter">({})</span><span dir="auto">{}</span>{}</li>').format(
                classes, letter(i) if i < 26 else str(i + 1), text.printable(choice),
                Markup('<span class="mark">{}</span>').format(" ".join(told)) if told else "",
            )
        )  # fmt: skip
    return Markup('<ol class="options">{}</ol>').format(Markup("").join(items))


def _verdicts(run: RunData, row: Mapping[str, Any], readings: Mapping[str, bool | None]) -> Markup:
    """Every reading of the reply with its reason."""
    held = row.get("readings") if isinstance(row.get("readings"), dict) else {}
    why = row.get("why") if isinstance(row.get("why"), dict) else {}
    rows: list[list[str | Markup]] = []
    for metric in run.metrics:
        name = metric["name"]
        if name not in (held or {}):
            continue
        if name in readings:
            verdict = readings[name]
            told = (
                f"{_RIGHT} right"
                if verdict
                else f"{_WRONG} wrong"
                if verdict is not None
                else "left out by the official rule"
            )
        else:
            value = (held or {})[name]
            told = f"{value:.2f}" if isinstance(value, int | float) else _DASH
        rows.append([metric.get("title") or name, told, _cut(str((why or {}).get(name) or ""), 500)])
    if row.get("from_summary"):
        rows.append(["note", "", "The option was read from the SUMMARY, because the RESPONSE names none."])
    if not rows:
        return Markup("")
    return disclosure(
        "Right or wrong, and why",
        Markup('<div class="verdict-table">{}</div>').format(
            table(["Reading", "Verdict", "Why"], rows, caption="Readings of this reply")
        ),
        colour=2,
    )


def _cut(found: str, most: int = MOST_TEXT) -> str:
    found = text.printable(found)
    return found if len(found) <= most else f"{found[:most]} … ({len(found) - most:,} more characters)"


def _chain(row: Mapping[str, Any], line: Mapping[str, Any]) -> Markup:
    sections = line.get("sections") if isinstance(line.get("sections"), dict) else {}
    parts = []
    for i, name in enumerate(SECTIONS):
        content = (sections or {}).get(name)
        if isinstance(content, str) and content:
            parts.append(
                disclosure(
                    name.upper(), prose(_cut(content)), colour=i, aside=f"{text.count(text.words(content))} words"
                )
            )
    body = row.get("body")
    raw = line.get("raw")
    if not parts:
        said = raw if isinstance(raw, str) else body if isinstance(body, str) else ""
        parts.append(
            disclosure(
                "Reply", prose(_cut(said)) if said else Markup('<p class="note">The reply is empty.</p>'), colour=4
            )
        )
    elif isinstance(body, str) and body != (sections or {}).get("response"):
        parts.append(
            disclosure(
                "What was judged",
                prose(_cut(body)) if body else Markup('<p class="note">Nothing: the tagged reply has no RESPONSE.</p>'),
                colour=4,
            )
        )
    defects = [str(d) for d in _list(row.get("defects"))]
    if defects:
        parts.append(Markup('<p class="note">The chain is not well-formed: {}.</p>').format(", ".join(defects)))
    if isinstance(raw, str) and sections and any(sections.values()):
        parts.append(disclosure("Raw reply", prose(_cut(raw)), colour=5, opened=False))
    return Markup("").join(parts)


def _beside(rows: Sequence[tuple[RunData, Mapping[str, Any]]]) -> Markup:
    """What every run said to this question, one line each."""
    if len(rows) < 2:
        return Markup("")
    lines: list[list[str | Markup]] = []
    for run, row in rows:
        readings = _readings(run, row)
        told = " · ".join(
            f"{n} {_RIGHT if v else _WRONG if v is not None else _DASH}"
            for n, v in readings.items()
            if n in ("strict", "extracted", "judged")
        )
        if not told:
            held = row.get("readings")
            value = held.get(run.headline) if isinstance(held, dict) else None
            told = f"{run.headline} {value:.2f}" if isinstance(value, int | float) else _DASH
        lines.append(
            [
                run.name,
                told,
                Markup('<span dir="auto">{}</span>').format(
                    text.shorten(text.printable(str(row.get("body") or "")), 110) or _DASH
                ),
            ]
        )
    body = Markup('<div class="verdict-table">{}</div>').format(
        table(["Run", "Readings", "Reply"], lines, caption="All runs on this question")
    )
    return disclosure("All runs on this question", body, colour=5, aside=f"{len(rows)} runs", opened=False)


def _origin(q: Question, run: RunData, row: Mapping[str, Any], line: Mapping[str, Any]) -> Markup:
    pairs = [
        ("item", q.ident),
        ("clip", str(row.get("clip") or "")),
        ("recording", ", ".join(map(str, _list(row.get("audio"))))),
    ]
    pairs += [
        ("run directory", str(run.path)),
        ("model", str(line.get("model") or run.model)),
        ("audio policy", str(line.get("audio_policy") or "")),
    ]
    ids = Markup('<dl class="ids">{}</dl>').format(
        Markup("").join([copyable(k, text.printable(v)) for k, v in pairs if v])
    )
    asked = line.get("prompt")
    return ids + (
        disclosure("Prompt", prose(_cut(asked)), colour=5, opened=False)
        if isinstance(asked, str) and asked
        else Markup("")
    )


# -------------------------------------------------------------------------------------------------------------- sounds


def find_recording(score: Mapping[str, Any], name: str, audio: Path | None) -> Path | None:
    """Where a recording lies: below `audio`, else below the data file's directory or one of the two above it."""
    if not name:
        return None
    data = Path(str(score.get("data") or ""))
    roots = [audio] if audio is not None else []
    if str(data) not in ("", "."):
        start = data if data.is_dir() else data.parent
        roots += [start, start.parent, start.parent.parent]
    for root in roots:
        for candidate in (root / name, root / Path(name).name):
            if candidate.is_file():
                return candidate
    return None


def _fill_sounds(
    sounds: Sounds, wanted: Sequence[tuple[str, Question, Mapping[str, Any]]], clips: int, audio: Path | None, seed: int
) -> None:
    first = {name: (q, row) for name, q, row in reversed(wanted)}
    names = list(dict.fromkeys(name for name, _, _ in wanted))
    order = names[:]
    random.Random(seed).shuffle(order)
    # The first entry is what one sees on opening: it should play.
    order = names[:1] + [n for n in order if n != names[0]] if names else []
    for name in order:
        q, row = first[name]
        recordings = [str(a) for a in _list(row.get("audio"))]
        listed = ", ".join(recordings) or "no recording is named"
        if not recordings or sounds.heard >= clips:
            sounds.named += bool(recordings)
            sounds.parts[name] = Markup('<p class="note">Recording: <code>{}</code></p>').format(text.printable(listed))
            continue
        path = find_recording(q.rows[0][0].score, recordings[0], audio)
        if path is None:
            sounds.missing += 1
            sounds.parts[name] = Markup(
                '<p class="note">Recording: <code>{}</code>, not found where the data lies.</p>'
            ).format(text.printable(listed))
            continue
        sounds.parts[name] = _player(path, sounds, len(recordings), _truth(sounds, q))


def _truth(sounds: Sounds, q: Question) -> Clip | None:
    """The clip with its timeline, where a file beside the data tells what is heard when."""
    from audio_reasoner.evaluation.timelines import TIMELINES_NAME, read_timelines

    path = Path(str(q.rows[0][0].score.get("data") or "")).parent / TIMELINES_NAME
    if path not in sounds.timelines:
        try:
            sounds.timelines[path] = read_timelines(path) if path.is_file() else {}
        except AudioReasonerError:
            sounds.timelines[path] = {}  # `eval run` and the chains' analysis name what is wrong with it
    return sounds.timelines[path].get(q.ident)


def _player(path: Path, sounds: Sounds, recordings: int, truth: Clip | None) -> Markup:
    from audio_reasoner.core.audio import load_mono

    try:
        pcm = load_mono(path)
    except AudioReasonerError as error:
        sounds.missing += 1
        return Markup('<p class="note">The recording cannot be played: {} [{}]</p>').format(
            text.shorten(error.message, 300), error.code
        )
    sounds.heard += 1
    duration = len(pcm) / 16_000
    notes = []
    if duration > LONGEST_S:
        pcm = pcm[: int(LONGEST_S * 16_000)]
        notes.append(f"The first {LONGEST_S:.0f} of {duration:.0f} seconds.")
    if recordings > 1:
        notes.append(f"The first of {recordings} recordings.")
    spans, title = spans_of(truth) if truth is not None else ([], "")
    return player(
        len(pcm) / 16_000, sound=encode_listening(pcm), pcm=pcm, spans=spans, spans_title=title, note=" ".join(notes)
    )
