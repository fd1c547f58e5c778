"""The samples and clips of a data report as entries of the browser, with their sound as far as the budget goes.

Decision: text comes first, sound fills what is left. A page that cannot be opened or mailed helps nobody, so its size has an
upper bound; clips over it keep their lanes and a sentence that says why they are silent. Nothing is left out without a word.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.choices import letter
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Claim, Clip, Question, Verdict
from audio_reasoner.cota.page_refused import Shown
from audio_reasoner.report import Entry, Span, copyable, disclosure, encode_listening, player, prose, shared, text

MARKS = {"accepted": "✓", "rejected": "✗", "not_applicable": "–", "filtered": "⊘", "quarantined": "!"}
# No clip may take more than this share of the budget: one long recording must not silence all others.
LARGEST_SHARE = 0.25
SMALLEST = 4096
"""Bytes: no player with sound is smaller, so none is tried with less room."""
OVER_BUDGET = "The sound of this clip is not in this page, to keep the page small."


@dataclass
class Media:
    """Players by clip id, and how many clips are heard, silent for lack of room, or not readable."""

    parts: dict[str, Markup] = field(default_factory=dict)
    heard: int = 0
    over_budget: int = 0
    unreadable: int = 0


def spans_of(clip: Clip, measured: Sequence[Sequence[float]] | None = None) -> tuple[list[Span], str]:
    """What is heard when, and how that is known: the recipe's timeline, else measured active stretches."""
    if clip.timeline is not None:
        seconds = clip.timeline.seconds
        return [
            Span(seconds(e.start), seconds(e.end), f"{e.speaker}: {e.label}" if e.speaker else e.label, e.text or "")
            for e in clip.timeline.events
        ], "Heard when, from the clip's recipe (exact)"
    if measured:
        return [Span(a, b, "sound above the background") for a, b in measured], "Active stretches, measured"
    return [], ""


def lanes_only(clips: Iterable[Clip], segments: Mapping[str, list[list[float]]]) -> dict[str, Markup]:
    """Players without sound and pictures: what every clip keeps however small the page must be."""
    out = {}
    for c in clips:
        spans, title = spans_of(c, segments.get(c.content_key))
        out[c.clip_id] = player(c.duration_s, spans=spans, spans_title=title, note=OVER_BUDGET)
    return out


def build_media(
    clips: Sequence[Clip],
    hear: Callable[[Clip], Any],
    *,
    budget: int,
    segments: Mapping[str, list[list[float]]] | None = None,
    silent: Mapping[str, Markup] | None = None,
) -> Media:
    """Players for the clips, in their order, until `budget` bytes of sound and pictures are used up."""
    segments = segments or {}
    media = Media()
    media.parts.update(silent if silent is not None else lanes_only(clips, segments))
    left = budget
    for clip in clips:
        if left < SMALLEST:
            media.over_budget += 1
            continue
        spans, title = spans_of(clip, segments.get(clip.content_key))
        try:
            pcm = hear(clip)
        except AudioReasonerError as error:
            media.unreadable += 1
            note = text.shorten(f"No sound: {error.message} [{error.code}]", 500)
            chosen = player(clip.duration_s, spans=spans, spans_title=title, note=note)
        else:
            sound = encode_listening(pcm)
            chosen = player(clip.duration_s, sound=sound, pcm=pcm, spans=spans, spans_title=title)
            if len(chosen.encode()) <= min(left, max(budget * LARGEST_SHARE, 1)):
                media.heard += 1
            else:
                media.over_budget += 1
                chosen = player(clip.duration_s, pcm=pcm, spans=spans, spans_title=title, note=OVER_BUDGET)
                if len(chosen.encode()) > left:
                    continue
        media.parts[clip.clip_id] = chosen
        left -= len(chosen.encode())
    return media


def _options(row: Question) -> Markup:
    if not row.options:
        return Markup(
            '<p class="chips"><span class="chip">open question</span></p><p>Answer on record: <b dir="auto">{}</b></p>'
        ).format(row.gold_text)
    items = [
        Markup('<li{}><span class="letter">({})</span><span dir="auto">{}</span>{}</li>').format(
            Markup(' class="gold"') if i == row.gold_index else "",
            letter(i),
            option,
            Markup('<span class="mark">✓ right answer</span>') if i == row.gold_index else "",
        )
        for i, option in enumerate(row.options)
    ]
    return Markup('<ol class="options">{}</ol>').format(Markup("").join(items))


def _verdicts(verdicts: Sequence[Verdict]) -> Markup:
    if not verdicts:
        return Markup('<p class="hint">Nobody has judged this sample.</p>')
    lines = []
    for v in verdicts:
        findings = Markup("").join([Markup("<li><code>{}</code> {}</li>").format(f.code, f.detail) for f in v.findings])
        lines.append(
            Markup("<li><b>{} {}</b> by {}{}</li>").format(
                MARKS[v.decision],
                v.decision.replace("_", " "),
                v.judge,
                Markup("<ul>{}</ul>").format(findings) if findings else "",
            )
        )
    return Markup('<ul class="verdicts">{}</ul>').format(Markup("").join(lines))


def _chips(pairs: Iterable[tuple[str, str]]) -> Markup:
    return Markup('<p class="chips">{}</p>').format(
        Markup("").join(
            [Markup('<span class="chip">{} <b dir="auto">{}</b></span>').format(k, v) for k, v in pairs if v]
        )
    )


def label_pairs(clip: Clip | None) -> list[tuple[str, str]]:
    """(kind, value) of a clip's labels."""
    return [(x.kind, x.value) for x in clip.labels] if clip else []


def marks_of(content: str, claims: Iterable[Claim]) -> list[tuple[int, int, str, str]]:
    """Where the claims of a section stand in it; several of one place become one mark with the worst outcome."""
    order = {"undecidable": 0, "supported": 1, "contradicted": 2}
    places: dict[tuple[int, int], list[Claim]] = {}
    for claim in claims:
        at = content.find(claim.text)
        if at >= 0 and claim.text:
            places.setdefault((at, at + len(claim.text)), []).append(claim)
    out: list[tuple[int, int, str, str]] = []
    for (start, end), found in places.items():
        worst = max((c.status for c in found), key=lambda s: order[s])
        why = "; ".join(dict.fromkeys(f"{c.kind} {c.status}" + (f" ({c.detail})" if c.detail else "") for c in found))
        out.append((start, end, worst, why))
    return out


def _why_not(shown: Shown) -> Markup:
    if not shown.reasons:
        return Markup("")
    items = [Markup("<li><code>{}</code> {}</li>").format(f.code, f.detail) for f in shown.reasons]
    return Markup('<div class="why"><b>{} {}: not in the data set</b><ul>{}</ul></div>').format(
        MARKS.get(shown.decision, "–"), shown.decision, Markup("").join(items)
    )


def _history(shown: Shown) -> Markup:
    if not shown.history:
        return Markup("")
    turns = [
        Markup("<li><p dir='auto'><b>{}</b></p><p dir='auto'>{}</p></li>").format(t.question, t.response)
        for t in shown.history
    ]
    return disclosure(
        "Earlier turns", Markup("<ol>{}</ol>").format(Markup("").join(turns)), colour=5, aside=f"{len(turns)} turns"
    )


def _solver(shown: Shown) -> Markup:
    s = shown.solve
    if s is None:
        return Markup("")
    named = (("right with audio", s.accuracy), ("right blind", s.blind), ("audio dependence", s.audio_dependence))
    pairs = [
        (name, f"{value:.0%}" if name != "audio dependence" else f"{value:.2f}")
        for name, value in named
        if value is not None
    ]
    if s.difficulty is not None:
        pairs.append(("difficulty found", f"{s.difficulty} of 3"))
    if s.label_noise is not None:
        pairs.append(("gold answer", "in doubt ▲" if s.label_noise else "not in doubt"))
    return disclosure("Solver", _chips(pairs), colour=5)


def sample_entry(shown: Shown, clip: Clip | None, run: str, claims: Sequence[Claim] = ()) -> Entry:
    """A question with whatever there is of its answer, as an entry of the browser."""
    q = shown.question
    decided = shown.decision
    chain = []
    total = 0
    for i, (section, content) in enumerate(shown.chain.items()):
        n = text.words(content)
        total += n
        body = prose(content, marks_of(content, [c for c in claims if c.section == section]))
        chain.append(disclosure(section.capitalize(), body, colour=i, aside=f"{text.count(n)} words"))
    origin = [copyable(k, v) for k, v in shown.origin]
    if shown.row is not None:
        origin.append(copyable("in a terminal", f"audio-reasoner show {run} {shown.ident}"))
    row = shown.row
    chips = [("", q.task), ("asks for", q.family), ("difficulty", f"{q.difficulty} of 3")] if q is not None else []
    if clip is not None:
        chips += [
            ("", text.seconds(clip.duration_s)),
            ("source", clip.source),
            ("licence", clip.licence or "not stated"),
            ("language", clip.language or ""),
            ("split", clip.split or ""),
        ]
    elif row is not None:
        chips += [
            ("", text.seconds(row.duration_s)),
            ("source", row.source),
            ("licence", row.licence or "not stated"),
            ("language", row.language or ""),
            ("split", row.split or ""),
        ]
    if row is not None and row.split and clip is not None and not clip.split:
        chips.append(("split", row.split))
    counted = {s: sum(c.status == s for c in claims) for s in ("supported", "contradicted", "undecidable")}
    claimed = ", ".join(f"{n} {s}" for s, n in counted.items() if n)
    title = q.text if q is not None else (_heard(clip) if clip is not None else shown.clip_id)
    body = Markup("{}{}{}{}<h3 class='question' dir='auto'>{}</h3>{}{}{}{}{}{}{}").format(
        _chips(chips),
        _why_not(shown),
        shared(shown.clip_id),
        _chips(label_pairs(clip)),
        title,
        _options(q) if q is not None else "",
        _history(shown),
        Markup('<p class="hint">{}{}</p>').format(
            f"Chain of {text.count(total)} words" if total else "No chain was written.",
            f"; its checkable claims: {claimed}" if claimed else "",
        ),
        Markup("").join(chain),
        disclosure("Verdicts", _verdicts(shown.verdicts), colour=5, aside=decided),
        _solver(shown),
        disclosure(
            "Where it comes from",
            Markup('<dl class="ids">{}</dl>').format(Markup("").join(origin)),
            colour=5,
            opened=False,
        ),
    )
    level = q.difficulty if q is not None else 0
    source = clip.source if clip is not None else row.source if row is not None else ""
    facets = {
        "decision": decided,
        "task": q.task if q is not None else "",
        "type": q.family if q is not None else "",
        "difficulty": str(level) if level else "",
        "source": source,
    }
    if shown.reasons:
        facets["reason"] = shown.reasons[0].code
    if claims:
        facets["claims"] = (
            "contradicted" if counted["contradicted"] else "supported" if counted["supported"] else "undecidable"
        )
    if shown.solve is not None and shown.solve.label_noise is not None:
        facets["gold answer"] = "in doubt" if shown.solve.label_noise else "not in doubt"
    badges = [q.family, "●" * level + "○" * (3 - level)] if q is not None else ["clip"]
    badges.append(MARKS.get(decided, "–") + " " + decided)
    return Entry(
        shown.ident, title, body, facets=facets, badges=badges, alarm=decided in ("rejected", "filtered", "quarantined")
    )


def _heard(clip: Clip) -> str:
    heard = list(dict.fromkeys(e.label for e in clip.timeline.events)) if clip.timeline else []
    return ", ".join(heard or [x.value for x in clip.labels if len(x.value) < 60]) or clip.source_id


def clip_entry(clip: Clip) -> Entry:
    """A clip without samples as an entry of the browser."""
    title = _heard(clip)
    ids = Markup("").join(
        [
            copyable("clip", clip.clip_id),
            copyable("source", f"{clip.source}: {clip.source_id}"),
            copyable("sound", clip.audio.path or "rendered from its recipe"),
            copyable("content key", clip.content_key),
            copyable("group", clip.group),
        ]
    )
    body = Markup("{}{}<h3 class='question' dir='auto'>{}</h3>{}{}").format(
        _chips(
            [
                ("", text.seconds(clip.duration_s)),
                ("domains", ", ".join(clip.domains)),
                ("source", clip.source),
                ("licence", clip.licence or "not stated"),
                ("language", clip.language or ""),
            ]
        ),
        shared(clip.clip_id),
        title,
        _chips(label_pairs(clip)),
        disclosure("Where it comes from", Markup('<dl class="ids">{}</dl>').format(ids), colour=5),
    )
    facets = {"source": clip.source, "domain": "+".join(clip.domains), "licence": clip.licence or "not stated"}
    return Entry(clip.clip_id, title, body, facets=facets, badges=[text.seconds(clip.duration_s), clip.source])
