"""Pieces of music as they are shown on a page: tempo, metre, key, chords, dynamics, and what each instrument does.

Decision: only what the timeline says of the whole piece and of each instrument; the notes stay in the recipe.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from markupsafe import Markup

from audio_reasoner import report
from audio_reasoner.core.records import Clip, Timeline

_WHOLE = ("tempo", "metre", "key", "chords", "dynamics", "change")
_BIN_BPM = 20


def _of(timeline: Timeline, kind: str) -> str | None:
    value = next((f.value for f in timeline.facts if f.kind == kind), None)
    if value is None:
        return None
    if kind == "change":  # "louder 6.4"
        how, _, at = value.rpartition(" ")
        return f"{how} from {at} s on" if how else value
    return f"{value} bpm" if kind == "tempo" else value


def piece_title(clip: Clip) -> str:
    """Key, metre and tempo of a piece, as far as they are known, and its instruments."""
    assert clip.timeline is not None
    traits = [told for kind in ("key", "metre", "tempo") if (told := _of(clip.timeline, kind)) is not None]
    parts = ", ".join(dict.fromkeys(e.label for e in clip.timeline.events if e.role != "background"))
    return f"{', '.join(traits)}: {parts}" if traits else parts


def piece_table(timeline: Timeline) -> Markup:
    """What is known of the whole piece, and what of each instrument."""
    whole = [(kind, told) for kind in _WHOLE if (told := _of(timeline, kind)) is not None]
    rows = []
    for i, e in enumerate(timeline.events):
        own = {f.kind: f.value for f in timeline.facts if f.subject == e.label and i in f.events}
        tune = any(f.kind == "melody" and i in f.events for f in timeline.facts)
        rows.append(
            (
                f"{e.label} (melody)" if tune else e.label,
                f"{timeline.seconds(e.start):.1f}\u202f–\u2060\u202f{timeline.seconds(e.end):.1f}\u00a0s",
                own.get("direction", ""),
                own.get("contour", ""),
                e.style or "",
            )
        )
    parts = report.table(("instrument", "time", "direction", "notes", "dynamics"), rows, caption="Instruments")
    if not whole:
        return parts
    piece = report.table([kind for kind, _ in whole], [[told for _, told in whole]], caption="The piece")
    return Markup("{}{}").format(piece, parts)


@dataclass
class Pieces:
    """What a set of pieces consists of."""

    pieces: int = 0
    parts: Counter[int] = field(default_factory=Counter)
    """Pieces by number of instruments."""
    instruments: Counter[str] = field(default_factory=Counter)
    tempi: Counter[int] = field(default_factory=Counter)
    """Pieces by tempo, in steps of 20 bpm."""
    values: dict[str, Counter[str]] = field(default_factory=dict)
    """By kind of fact the pieces with each value."""

    def add(self, clip: Clip) -> None:
        """Count one piece."""
        assert clip.timeline is not None
        events = [e for e in clip.timeline.events if e.role != "background"]
        self.pieces += 1
        self.parts[len(events)] += 1
        self.instruments.update(e.label for e in events)
        for f in clip.timeline.facts:
            if f.kind == "tempo":
                self.tempi[int(float(f.value)) // _BIN_BPM * _BIN_BPM] += 1
            self.values.setdefault(f.kind, Counter())[f.value] += 1

    def tiles(self) -> list[Markup]:
        """Headline numbers."""
        low, high = min(self.parts), max(self.parts)
        known = [
            report.tile(f"{kind} known", report.text.share(self.values.get(kind, Counter()).total(), self.pieces))
            for kind in ("key", "metre", "chords")
        ]
        return [
            report.tile("instruments", str(len(self.instruments)), f"{low} to {high} in a piece"),
            report.tile("keys", str(len(self.values.get("key", ())))),
            *known,
        ]

    def charts(self) -> list[Markup]:
        """Cards of the balance."""

        def bars(title: str, items: list[tuple[str, int]], lead: str = "") -> Markup:
            return report.card(title, report.bars([report.Bar(k, v) for k, v in items], title, limit=60), lead)

        def common(counts: Counter[str]) -> list[tuple[str, int]]:
            return sorted(counts.items(), key=lambda x: (-x[1], x[0]))

        cards = [bars("Instruments in a piece", [(str(k), v) for k, v in sorted(self.parts.items())])]
        tempi = [(f"{k} to {k + _BIN_BPM - 1}", v) for k, v in sorted(self.tempi.items())]
        cards += [bars("Tempo, bpm", tempi)] if tempi else []
        for kind, title in (("metre", "Metre"), ("dynamics", "Dynamics"), ("direction", "Direction of the melody")):
            cards += [bars(title, common(self.values[kind]))] if kind in self.values else []
        cards.append(bars("Instruments", common(self.instruments)))
        cards += [bars("Key", common(self.values["key"]))] if "key" in self.values else []
        return cards
