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

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.choices import letter
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Clip, Verdict
from audio_reasoner.dataset import Row
from audio_reasoner.report import Entry, Span, copyable, disclosure, encode_listening, player, prose, shared, text

MARKS = {"accepted": "✓", "rejected": "✗", "not_applicable": "–"}
# No clip may take more than this share of the budget: one long recording must not silence all others.
LARGEST_SHARE = 0.25
OVER_BUDGET = "The sound of this clip is not in this page, to keep the page small."


@dataclass
class Media:
    """Players by clip id, and how many clips are heard, silent for lack of room, or not readable."""

    parts: dict[str, Markup] = field(default_factory=dict)
    heard: int = 0
    over_budget: int = 0
    unreadable: int = 0


def decision(verdicts: Sequence[Verdict]) -> str:
    """One word for a sample: rejected by anyone, else accepted by anyone, else not judged."""
    decisions = {v.decision for v in verdicts}
    return "rejected" if "rejected" in decisions else "accepted" if "accepted" in decisions else "not judged"


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


def build_media(
    clips: Sequence[Clip],
    hear: Callable[[Clip], Any],
    *,
    budget: int,
    segments: Mapping[str, list[list[float]]] | None = None,
) -> Media:
    """Players for the clips, in their order, until `budget` bytes are used up."""
    media = Media()
    heard_when = {c.clip_id: spans_of(c, (segments or {}).get(c.content_key)) for c in clips}
    # Every clip keeps at least its lanes and a sentence; that room is set aside before any sound is let in.
    silent = {
        c.clip_id: player(c.duration_s, spans=spans, spans_title=title, note=OVER_BUDGET)
        for c in clips
        for spans, title in (heard_when[c.clip_id],)
    }
    left = budget - sum(len(markup.encode()) for markup in silent.values())
    for clip in clips:
        spans, title = heard_when[clip.clip_id]
        least = silent[clip.clip_id]
        media.parts[clip.clip_id] = least
        if left <= 0:
            media.over_budget += 1
            continue
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
                    chosen = least
        media.parts[clip.clip_id] = chosen
        left -= len(chosen.encode()) - len(least.encode())
    return media


def _options(row: Row) -> Markup:
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


def sample_entry(row: Row, clip: Clip | None, run: str) -> Entry:
    """A sample as an entry of the browser."""
    chain = []
    total = 0
    for i, section in enumerate(SECTIONS):
        content = getattr(row, section)
        n = text.words(content)
        total += n
        chain.append(disclosure(section.capitalize(), prose(content), colour=i, aside=f"{text.count(n)} words"))
    verdict = decision(row.verdicts)
    ids = Markup("").join(
        [
            copyable("sample", row.sample_id),
            copyable("clip", row.clip_id),
            copyable("source", f"{row.source}: {row.source_id}"),
            copyable("sound", row.audio_path),
            copyable("content key", row.content_key),
            copyable(
                "made by",
                f"{row.teacher} ({row.model})" + (f", prompt {row.prompt_sha[:12]}" if row.prompt_sha else ""),
            ),
            copyable("checks", row.checks_version),
            copyable("in a terminal", f"audio-reasoner show {run} {row.sample_id}"),
        ]
    )
    body = Markup("{}{}{}<h3 class='question' dir='auto'>{}</h3>{}{}{}{}{}").format(
        _chips(
            [
                ("", row.task),
                ("asks for", row.family),
                ("difficulty", f"{row.difficulty} of 3"),
                ("", text.seconds(row.duration_s)),
                ("source", row.source),
                ("licence", row.licence or "not stated"),
                ("language", row.language or ""),
                ("split", row.split or ""),
            ]
        ),
        shared(row.clip_id),
        _chips(label_pairs(clip)),
        row.question,
        _options(row),
        Markup('<p class="hint">Chain of {} words</p>').format(text.count(total)),
        Markup("").join(chain),
        disclosure("Verdicts", _verdicts(row.verdicts), colour=5, aside=verdict),
        disclosure("Where it comes from", Markup('<dl class="ids">{}</dl>').format(ids), colour=5, opened=False),
    )
    return Entry(
        row.sample_id,
        row.question,
        body,
        facets={
            "task": row.task,
            "type": row.family,
            "difficulty": str(row.difficulty),
            "verdict": verdict,
            "source": row.source,
        },
        badges=[row.family, "●" * row.difficulty + "○" * (3 - row.difficulty), MARKS.get(verdict, "–") + " " + verdict],
        alarm=verdict == "rejected",
    )


def clip_entry(clip: Clip) -> Entry:
    """A clip without samples as an entry of the browser."""
    heard = list(dict.fromkeys(e.label for e in clip.timeline.events)) if clip.timeline else []
    title = ", ".join(heard or [x.value for x in clip.labels]) or clip.source_id
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
