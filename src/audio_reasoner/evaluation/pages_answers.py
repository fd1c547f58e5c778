"""The browser of answers: hear the recording, read question, options and chain, and see why a reply counts as it does.

Decision: an entry is one reply of one run, with what every other run said to the same question beside it. When there
are too many, whole questions are drawn (half of them among those on which readings or runs disagree, because these
teach most), so that every run is seen on the same questions; the page says how many were left out.
"""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.choices import letter
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Claim, Clip
from audio_reasoner.cota.page_samples import marks_of
from audio_reasoner.evaluation.compare import Chapter, Comparison
from audio_reasoner.evaluation.compare_read import PREDICTIONS_NAME, ROWS_NAME, RunData, line_at, upgrade_row
from audio_reasoner.evaluation.pages_sounds import Sounds, Wanted, fill_sounds, truth_of
from audio_reasoner.report import (
    Entry,
    Section,
    browser,
    copyable,
    disclosure,
    prose,
    shared,
    table,
    text,
)

_DASH = "–"
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
    wanted: list[Wanted] = []
    for q in chosen:
        rows = [(run, upgrade_row(line_at(run.path / ROWS_NAME, run.rows.places[i])), i) for run, i in q.rows]
        rows = [(run, row, i) for run, row, i in rows if row.get("id") == q.ident]
        if not rows:
            continue
        name = f"{q.benchmark}/{q.sha256[:8]}/{rows[0][1].get('clip') or q.ident}"
        score = rows[0][0].score
        wanted.append(Wanted(name, score, q.ident, rows[0][1]))
        beside = _beside([(run, row) for run, row, _ in rows])
        truth = truth_of(sounds, score, q.ident)
        made.append((name, [_entry(q, run, row, name, beside, several, truth) for run, row, _ in rows]))
    fill_sounds(sounds, wanted, clips, audio, seed)
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


def _entry(
    q: Question, run: RunData, row: Mapping[str, Any], sound: str, beside: Markup, several: bool, truth: Clip | None
) -> Entry:
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
    claims = _claims(row, line, truth) if truth is not None else ()
    if claims:
        told = {c.status for c in claims}
        facets["claims"] = next((s for s in ("contradicted", "supported") if s in told), "undecidable")
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
        _chain(row, line, claims),
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


def _claims(row: Mapping[str, Any], line: Mapping[str, Any], truth: Clip) -> tuple[Claim, ...]:
    """What the chain says that the timeline can decide."""
    from audio_reasoner.evaluation.base import Item
    from audio_reasoner.evaluation.chains import claims_in

    sections = line.get("sections")
    if not isinstance(sections, dict):
        return ()
    held = {name: s if isinstance(s := sections.get(name), str) and s else None for name in SECTIONS}
    choices = tuple(str(c) for c in _list(row.get("choices")))
    answer = str(row.get("answer") or "")
    gold = choices.index(answer) if answer in choices else None
    held_groups = row.get("groups")
    groups = {str(k): str(v) for k, v in held_groups.items()} if isinstance(held_groups, dict) else {}
    item = Item(str(row.get("id")), (), str(row.get("question") or ""), choices, answer, gold, groups, "")
    try:
        return claims_in(held, item, truth)
    except (AudioReasonerError, ValueError):
        return ()  # no question of ours: then nothing in it can be decided


def _chain(row: Mapping[str, Any], line: Mapping[str, Any], claims: Sequence[Claim]) -> Markup:
    sections = line.get("sections") if isinstance(line.get("sections"), dict) else {}
    parts = []
    for i, name in enumerate(SECTIONS):
        content = (sections or {}).get(name)
        if isinstance(content, str) and content:
            parts.append(
                disclosure(
                    name.upper(),
                    prose(said := _cut(content), marks_of(said, [c for c in claims if c.section == name])),
                    colour=i,
                    aside=f"{text.count(text.words(content))} words",
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
