"""Everything that may be said about a clip, with where it is known from.

Decision: one reading of labels, timeline and evidence for all tasks. What the owner says (a label, brought evidence) is
believed unless the owner states an error of `MAX_ERROR` or more; what we measure is believed by the rule of
`facts.py`. A value of an unexpected form is as good as absent. `sources` names for each field who said so; a field
without a source is empty, and a chain that needs it is not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from audio_reasoner.core.records import Clip, Evidence, EvidenceItem, Fact, Label, Timeline
from audio_reasoner.grounded.facts import MAX_ERROR, Facts, facts_of
from audio_reasoner.grounded.language import clean_label
from audio_reasoner.grounded.scene import Scene, scene_of
from audio_reasoner.grounded.tasks import LIST, turns_in

BEAT_RANGE = (30.0, 300.0)
"""Beats per minute that a tempo can have; anything else is a mistake in the table."""
_KEY = re.compile(r"\b([A-Ga-g])\s*(#|♯|♭|b|[- ]sharp|[- ]flat)?[ :_-]*(major|minor|maj|min|m)\b", re.UNICODE)
_CHORD = re.compile(r"[A-G](?:#|b|♯|♭)?(?:maj|min|dim|aug|sus|add|m|M|\d|[#b]\d)*(?:/[A-G][#b]?)?")
_TRUE = frozenset(("true", "1", "yes", "sarcastic", "sarcasm", "y", "t"))
_FALSE = frozenset(("false", "0", "no", "not sarcastic", "non-sarcastic", "nonsarcastic", "sincere", "n", "f", "none"))


@dataclass(frozen=True)
class Said:
    """Words and their language (a code such as "fr", or None)."""

    text: str
    language: str | None = None


@dataclass(frozen=True)
class Turn:
    """One stretch of one voice; `voice` counts voices from 0 in the order in which they are first heard. Seconds.

    `style` is its prosody class where the maker of the clip has set one; `who` is the maker's name of the voice, which
    nobody hears; `event` is the turn's place in the timeline; `gain_db` its level relative to the other turns.
    """

    voice: int
    start: float
    end: float
    text: str | None = None
    style: str | None = None
    who: str = ""
    event: int | None = None
    gain_db: float = 0.0


@dataclass(frozen=True)
class Known:
    """What may be said; empty means silence. `tempo` in beats per minute.

    `told` is what the maker of a synthetic clip knows beyond its events; its `events` are places in the timeline.
    """

    facts: Facts
    scene: Scene | None = None
    tags: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    transcript: Said | None = None
    translation: Said | None = None
    emotion: str | None = None
    sarcastic: bool | None = None
    tempo: float | None = None
    key: str | None = None
    chords: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    told: tuple[Fact, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def voices(self) -> int:
        """How many voices the turns have."""
        return len({t.voice for t in self.turns})

    @property
    def anything(self) -> bool:
        """Whether something true can be said at all."""
        return bool(self.sources)


def sort_of(known: Known) -> str:
    """What a spoken list consists of ("digits"); "words" where its maker does not say."""
    return next((plain_text(f.value) for f in known.told if f.kind == LIST and plain_text(f.value)), "words")


def brought(clip: Clip, evidence: Evidence | None, name: str) -> EvidenceItem | None:
    """Evidence that the owner brought, of the clip or merged into `evidence`; None if its stated error is large."""
    items: Iterable[EvidenceItem] = (*clip.evidence, *(evidence.items if evidence is not None else ()))
    for item in items:
        if item.name == name and not item.source.startswith("measured:"):
            return item if item.error is None or 0.0 <= item.error < MAX_ERROR else None
    return None


def plain_text(text: str) -> str:
    """Words as they can be quoted: one line, NFC, single quotes.

    >>> plain_text('He said  "no".')
    "He said 'no'."
    """
    return clean_label(text)


def key_of(text: str) -> str | None:
    """A key in the form "G# minor", or None.

    >>> key_of("The key is G# minor."), key_of("Bbm"), key_of("F major"), key_of("loud")
    ('G# minor', 'Bb minor', 'F major', None)
    """
    m = _KEY.search(text)
    if m is None:
        return None
    accidental = {"#": "#", "♯": "#", "♭": "b", "b": "b"}.get(m[2] or "", "")
    if m[2] and not accidental:
        accidental = "#" if "sharp" in m[2] else "b"
    mode = "major" if m[3] in ("major", "maj") else "minor"
    return f"{m[1].upper()}{accidental} {mode}"


def tempo_of(value: Any) -> float | None:
    """Beats per minute out of a number or a text such as "120 bpm"; None if there is no sensible one."""
    found = re.search(r"\d+(?:\.\d+)?", str(value)) if not isinstance(value, bool) else None
    bpm = float(found[0]) if found else 0.0
    return bpm if BEAT_RANGE[0] <= bpm <= BEAT_RANGE[1] else None


def chords_of(value: Any) -> tuple[str, ...]:
    """Chord names in order, out of a text or of [[start_s, name], …]; repeats in a row are one chord.

    >>> chords_of("C - G | Am, F"), chords_of([[0, "C"], [1.5, "C"], [2, "Dm7"]]), chords_of("no idea")
    (('C', 'G', 'Am', 'F'), ('C', 'Dm7'), ())
    """
    if isinstance(value, str):
        names = [x for x in re.split(r"[\s,;|>→–—]+|-(?=[A-G\s])", value) if x and x != "-"]
    else:
        try:
            names = [str(row[1]) for row in value]
        except (TypeError, IndexError, KeyError):
            return ()
    names = [n for n in names if n not in ("N", "N.C.", "NC")]
    if any(_CHORD.fullmatch(n) is None for n in names):
        return ()
    return tuple(n for i, n in enumerate(names) if i == 0 or n != names[i - 1])


def sarcastic_of(text: str) -> bool | None:
    """Yes or no out of a sarcasm label, or None."""
    word = text.strip().casefold().replace("_", " ")
    return True if word in _TRUE else False if word in _FALSE else None


def _turns(rows: Iterable[tuple[float, float, str]]) -> tuple[Turn, ...]:
    order: dict[str, int] = {}
    out = []
    for a, b, name in sorted(rows):
        start = round(a, 1)
        voice = order.setdefault(name, len(order))
        out.append(Turn(voice, start, max(round(b, 1), round(start + 0.1, 1)), who=name))
    return tuple(out)


def _turns_of(line: Timeline) -> tuple[Turn, ...]:
    """The turns of a timeline, with all that it says of them; its events are in order of their start."""
    spoken = [(i, e) for i, e in enumerate(line.events) if e.speaker]
    spoken.sort(key=lambda x: (x[1].start, x[1].end, x[1].speaker))
    bare = _turns((line.seconds(e.start), line.seconds(e.end), e.speaker or "") for _, e in spoken)
    return tuple(
        replace(t, text=plain_text(e.text or "") or None, style=e.style, event=i, gain_db=e.gain_db)
        for t, (i, e) in zip(bare, spoken, strict=True)
    )


def _first(clip: Clip, kind: str) -> Label | None:
    return next((x for x in clip.labels if x.kind == kind and x.value.strip()), None)


def _scored(value: Any) -> list[str]:
    """Tags out of ["dog", …] or [["dog", 0.9], …]; a tag with a score under one half is not believed."""
    out = []
    for row in value if isinstance(value, list | tuple) else ():
        if isinstance(row, str):
            out.append(row)
        elif (
            isinstance(row, list | tuple)
            and len(row) == 2
            and isinstance(row[0], str)
            and isinstance(row[1], int | float)
            and row[1] >= 0.5
        ):
            out.append(row[0])
    return out


def known_of(clip: Clip, evidence: Evidence | None) -> Known:
    """All that is known about a clip, read once."""
    facts, scene = facts_of(clip, evidence), scene_of(clip)
    found: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def put(name: str, value: Any, source: str) -> None:
        if value not in (None, (), "") and name not in found:
            found[name], sources[name] = value, source

    def label(kind: str) -> str:
        return f"label:{kind}"

    put("scene", scene, "timeline")
    for kind, name in (("tag", "tags"), ("instrument", "instruments"), ("genre", "genres"), ("caption", "captions")):
        values = (clean_label(x.value) for x in clip.labels if x.kind == kind)
        put(name, tuple(dict.fromkeys(v for v in values if v)), label(kind))
    for kind, name in (("transcript", "transcript"), ("translation", "translation")):
        if (x := _first(clip, kind)) is not None:
            language = x.language or (clip.language if kind == "transcript" else None)
            put(name, Said(plain_text(x.value), language), label(kind))
    if (x := _first(clip, "emotion")) is not None:
        put("emotion", clean_label(x.value).lower(), label("emotion"))
    if (x := _first(clip, "sarcasm")) is not None and (flag := sarcastic_of(x.value)) is not None:
        put("sarcastic", flag, label("sarcasm"))
    if (x := _first(clip, "tempo")) is not None:
        put("tempo", tempo_of(x.value), label("tempo"))
    if (x := _first(clip, "key")) is not None:
        put("key", key_of(x.value), label("key"))
    if (x := _first(clip, "chords")) is not None:
        put("chords", chords_of(x.value), label("chords"))
    if clip.timeline is not None:
        line = clip.timeline
        put("turns", _turns_of(line), "timeline")
        put("told", line.facts, "timeline")
    if (item := brought(clip, evidence, "asr")) is not None and isinstance(item.value, str):
        put("transcript", Said(plain_text(item.value), clip.language), item.source)
    if (item := brought(clip, evidence, "tags")) is not None:
        put("tags", tuple(dict.fromkeys(c for x in _scored(item.value) if (c := clean_label(x)))), item.source)
    if (item := brought(clip, evidence, "rttm")) is not None:
        put("turns", _turns(turns_in(item.value, clip.duration_s)), item.source)
    if (item := brought(clip, evidence, "tempo_bpm")) is not None:
        put("tempo", tempo_of(item.value), item.source)
    if (item := brought(clip, evidence, "key")) is not None and isinstance(item.value, str):
        put("key", key_of(item.value), item.source)
    if (item := brought(clip, evidence, "chords")) is not None:
        put("chords", chords_of(item.value), item.source)
    if (item := brought(clip, evidence, "beats")) is not None:
        put("tempo", _tempo_of_beats(item.value), item.source)
    for name, value in (("course", facts.course), ("stretches", facts.stretches)):
        if value is not None:
            sources[name] = f"measured:{name}"
    return Known(facts=facts, sources=sources, **found)


def _tempo_of_beats(value: Any) -> float | None:
    """The tempo of beat times (seconds): their median distance, from four beats on."""
    try:
        beats = [float(x) for x in value]
    except (TypeError, ValueError):
        return None
    gaps = sorted(b - a for a, b in pairwise(beats))
    if len(gaps) < 3 or gaps[0] <= 0:
        return None
    return tempo_of(round(60.0 / gaps[len(gaps) // 2], 1))
