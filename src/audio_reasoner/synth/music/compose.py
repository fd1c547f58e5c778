"""Writes short pieces whose every trait is decided before the first note.

Decision: the traits come first (metre, tempo, key, chords, direction, dynamics, who plays what and from when), then the
notes are written so that each trait can be heard: the lowest note of every bar is the chord's root on an accented first
beat, each four bars end on the tonic, the melody follows its contour on chord notes, and one level curve rules all
parts. A melody whose notes do not show its direction clearly is written again. Nothing here knows of clips or seeds:
the same traits and the same generator give the same piece.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from audio_reasoner.core.harmony import Key, direction_of
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.instruments import INSTRUMENTS

Rng = np.random.Generator

METRES: Final = ("3/4", "4/4", "5/4", "6/8")
DIRECTIONS: Final = ("arch", "falling", "level", "rising", "wave")
DYNAMICS: Final = ("crescendo", "diminuendo", "steady", "sudden")
BEATS: Final[dict[str, int]] = {"3/4": 3, "4/4": 4, "5/4": 5, "6/8": 2}
"""Beats in a bar; the beat of 6/8 is a dotted quarter, divided by three."""
_STRONG: Final[dict[str, tuple[int, ...]]] = {"3/4": (0,), "4/4": (0, 2), "5/4": (0, 3), "6/8": (0, 1)}
_SECOND: Final[dict[str, int]] = {"3/4": 0, "4/4": 2, "5/4": 3, "6/8": 1}
"""The beat of the secondary accent."""
CRESCENDO_DB: Final = 20.0
SUDDEN_DB: Final = 13.0
_RHYTHMS: Final[dict[str, tuple[tuple[float, ...], ...]]] = {
    "3/4": ((1, 1, 1), (2, 1), (1.5, 0.5, 1), (1, 0.5, 0.5, 1), (1, 1, 0.5, 0.5)),
    "4/4": ((1, 1, 1, 1), (2, 1, 1), (1, 1, 2), (1.5, 0.5, 1, 1), (1, 0.5, 0.5, 1, 1), (1, 1, 0.5, 0.5, 1)),
    "5/4": ((1, 1, 1, 1, 1), (2, 1, 1, 1), (1.5, 0.5, 1, 1, 1), (1, 1, 1, 2), (1, 0.5, 0.5, 1, 1, 1)),
    "6/8": ((1, 2 / 3, 1 / 3), (2 / 3, 1 / 3, 2 / 3, 1 / 3), (2 / 3, 1 / 3, 1), (1 / 3, 1 / 3, 1 / 3, 1)),
}
"""Lengths of a bar's notes in beats; each begins with a note on the first beat."""
Note = tuple[float, float, int, float]
"""Start and length in beats, MIDI number, level in dB before the piece's dynamics."""


@dataclass(frozen=True)
class Traits:
    """What a piece is to be.

    Args:
        parts: instrument and role ("melody", "chords", "bass", "drums", "solo": melody over its own chords).
        entries: for each part the bar in which it enters.
        bars: a multiple of four.
        degrees: the four chords, by degree, one a bar.
    """

    metre: str
    bpm: float
    key: Key
    degrees: tuple[int, ...]
    bars: int
    direction: str
    dynamics: str
    parts: tuple[tuple[str, str], ...]
    entries: tuple[int, ...]

    @property
    def beats(self) -> int:
        """Beats in a bar."""
        return BEATS[self.metre]

    @property
    def seconds(self) -> float:
        """Length of the piece without its last note's ring."""
        return self.bars * self.beats * 60.0 / self.bpm


@dataclass(frozen=True)
class Part:
    """One instrument's notes: rows of start, length (samples from the piece's beginning), MIDI number, level in dB."""

    instrument: str
    role: str
    notes: tuple[tuple[int, int, int, float], ...]
    direction: str | None = None
    """Of a melody, where its notes show it clearly."""
    tune: tuple[tuple[int, int, int], ...] = ()
    """The melody alone: start, length, MIDI number."""

    @property
    def start(self) -> int:
        """First sample."""
        return self.notes[0][0]


def sudden_beat(traits: Traits) -> int:
    """The beat from which on a sudden change of loudness holds: the first of the bar in the middle."""
    return traits.bars // 2 * traits.beats


def write(traits: Traits, rng: Rng, louder: bool = True) -> tuple[Part, ...]:
    """The parts of a piece, in the order of `traits.parts`; `louder`: where a sudden change leads."""
    sudden_at = sudden_beat(traits)
    made = []
    for (instrument, role), entry in zip(traits.parts, traits.entries, strict=True):
        shown: str | None = None
        tune: list[Note] = []
        if role == "drums":
            notes = _drums(traits, entry, rng)
        elif role == "bass":
            notes = _bass(traits, instrument, entry)
        elif role == "chords":
            notes = _chords(traits, instrument, entry, rng)
        else:
            tune, shown = _melody(traits, instrument, entry, rng)
            notes = tune
            if role == "solo":
                notes = sorted([*notes, *_under(traits, instrument, entry, notes)])
        rows = [
            (*_span(traits, start, length, instrument), pitch, _level(traits, start, db, sudden_at, louder))
            for start, length, pitch, db in notes
        ]
        line = tuple((*_span(traits, start, length, instrument), pitch) for start, length, pitch, _ in tune)
        made.append(Part(instrument, role, tuple(rows), shown, line))
    return tuple(made)


def _span(traits: Traits, start: float, length: float, instrument: str) -> tuple[int, int]:
    """Beats to samples; a note ends a little before the next one begins, as it is played."""
    beat = 60.0 / traits.bpm * RATE
    at, end = round(start * beat), round((start + length) * beat)
    short = 0.97 if INSTRUMENTS[instrument].held is not None else 1.0
    return at, max(int((end - at) * short), 400)


def _level(traits: Traits, start: float, db: float, sudden_at: float, louder: bool) -> float:
    """A note's level in dB under the piece's dynamics; 0 is the loudest."""
    x = start / (traits.bars * traits.beats)
    if traits.dynamics == "crescendo":
        db -= CRESCENDO_DB * (1.0 - x)
    elif traits.dynamics == "diminuendo":
        db -= CRESCENDO_DB * x
    elif traits.dynamics == "sudden" and (start < sudden_at - 1e-6) == louder:
        db -= SUDDEN_DB
    return round(db, 1)


def _nearest(target: float, classes: Sequence[int], low: int, high: int) -> int:
    """The MIDI number within low..high nearest to `target` whose pitch class is one of `classes`."""
    fitting = [p for p in range(low, high + 1) if p % 12 in classes]
    return min(fitting, key=lambda p: (abs(p - target), p))


def _contour(direction: str, x: float) -> float:
    """Height of a melody at x (0 to 1), in semitones above its lowest tonic."""
    if direction == "rising":
        return 12.0 * x
    if direction == "falling":
        return 12.0 * (1.0 - x)
    if direction == "arch":
        return 12.0 * math.pow(math.sin(math.pi * x), 1.2)
    if direction == "wave":
        return 5.5 * (1.0 - math.cos(4.0 * math.pi * x))
    return 0.0


def _melody(traits: Traits, instrument: str, entry: int, rng: Rng) -> tuple[list[Note], str | None]:
    """A melody of the wanted direction; the direction is None where thirty tries did not show it clearly."""
    kind = INSTRUMENTS[instrument]
    low, high = kind.low, kind.high
    home = [p for p in range(max(low, min(60, high - 19)), high - 13) if p % 12 == traits.key.tonic]
    if not home:
        home = [p for p in range(low, high - 12) if p % 12 == traits.key.tonic]
    base = home[0]
    if traits.direction == "level" and base + 12 <= high and rng.random() < 0.5:
        base += 12 if base < 66 else 0
    for attempt in range(30):
        rhythm = [_RHYTHMS[traits.metre][int(i)] for i in rng.permutation(len(_RHYTHMS[traits.metre]))[:2]]
        if traits.metre == "6/8" and traits.bpm > 110:
            rhythm = [(1.0, 1.0), (1.0, 2 / 3, 1 / 3)]
        notes = _line(traits, base, low, high, entry, rhythm, rng, 1.6 if attempt < 15 else 0.6)
        starts, heights = [n[0] for n in notes], [n[2] for n in notes]
        # Clear also to somebody who hears the last note shorter or longer than it is written.
        ends = [notes[-1][0] + notes[-1][1] * share for share in (0.5, 0.97, 1.0, 1.2)]
        if all(direction_of([*starts, end], heights) == traits.direction for end in ends):
            return notes, traits.direction
    return notes, None


def _line(
    traits: Traits,
    base: int,
    low: int,
    high: int,
    entry: int,
    rhythm: Sequence[tuple[float, ...]],
    rng: Rng,
    play: float,
) -> list[Note]:
    notes: list[Note] = []
    first, last = entry * traits.beats, (traits.bars - 1) * traits.beats
    previous = -1
    for bar in range(entry, traits.bars):
        degree = traits.degrees[bar % 4]
        triad, scale = traits.key.triad(degree), traits.key.scale(degree)
        at = float(bar * traits.beats)
        final = bar == traits.bars - 1
        lengths = (float(traits.beats),) if final else rhythm[1] if bar % 4 == 3 else rhythm[bar % 2]
        for length in lengths:
            x = min((at - first) / max(last - first, 1), 1.0)
            target = base + _contour(traits.direction, x) + float(rng.normal(0.0, play))
            strong = (
                abs(at % traits.beats - round(at % traits.beats)) < 1e-6
                and round(at % traits.beats) in _STRONG[traits.metre]
            )
            classes: Sequence[int] = triad if strong else scale
            if final:
                target, classes = base + _contour(traits.direction, 1.0), (traits.key.tonic,)
            pitch = _nearest(target, classes, low, high)
            if pitch == previous and not final:
                away = target + (1.5 if rng.random() < 0.5 else -1.5)
                pitch = _nearest(away, classes, low, high)
            db = 0.0 if at % traits.beats < 1e-6 else -3.0 if strong else -5.0
            notes.append((at, length, pitch, db))
            previous = pitch
            at += length
    return notes


def _voicing(triad: Sequence[int], before: Sequence[int] | None, low: int, high: int) -> tuple[int, ...]:
    """Three notes of a chord within low..high that move least from the chord before."""
    middle = (low + high) / 2.0
    best: tuple[float, tuple[int, ...]] | None = None
    for turn in range(3):
        order = [triad[(turn + j) % 3] for j in range(3)]
        for bottom in range(low, high + 1):
            if bottom % 12 != order[0]:
                continue
            second = bottom + (order[1] - bottom) % 12
            third = second + (order[2] - second) % 12
            if third > high:
                continue
            chord = (bottom, second, third)
            cost = abs(sum(chord) / 3.0 - middle) * 0.3
            if before is not None:
                cost += sum(abs(a - b) for a, b in zip(chord, before, strict=True))
            if best is None or cost < best[0]:
                best = (cost, chord)
    assert best is not None
    return best[1]


def _figure(
    traits: Traits, root: int, chord: Sequence[int], chords: bool, style: int
) -> list[tuple[float, float, int, float]]:
    """One bar of accompaniment: offsets and lengths in beats. The root sounds first, alone at the bottom, accented."""
    beats, second = traits.beats, _SECOND[traits.metre]
    third = 1 / 3 if traits.metre == "6/8" else 0.5
    out: list[tuple[float, float, int, float]] = [(0.0, 1.0, root, 0.0)]
    if chords and style == 0:
        # The root, then the chord on every other beat (6/8: on the last two thirds of each).
        offbeats = [b + j * third for b in range(beats) for j in (1, 2)] if traits.metre == "6/8" else range(1, beats)
        for at in offbeats:
            length = third if traits.metre == "6/8" else 1.0
            out += [(float(at), length, p, -5.0) for p in chord]
        if second and traits.metre == "6/8":
            out.append((float(second), third, chord[2] - 12 if chord[2] - 12 > root else chord[0], -3.0))
        return out
    if chords and style == 1:
        # The whole chord on the first beat and, less, on the second accent; single notes between them.
        out += [(0.0, 1.0, p, -1.0) for p in chord]
        for b in range(1, beats):
            out += [(float(b), 1.0, p, -3.0 if b == second else -6.0) for p in (chord if b == second else chord[1:])]
        return out
    # One note after the other: upwards and back.
    steps = round(beats / third)
    ring = (*chord, chord[1])
    out = [(0.0, third, root, 0.0)]
    for j in range(1, steps):
        at = j * third
        strong = abs(at - second) < 1e-6 and second > 0
        out.append((at, third, ring[(j - 1) % 4], -2.5 if strong else -6.0))
    return out


def _room(instrument: str) -> tuple[int, int]:
    """Where an instrument plays chords: an octave and a half from its low end up, leaving room for the root below."""
    low = INSTRUMENTS[instrument].low
    start = max(low, 45)
    return start + 7, min(start + 26, INSTRUMENTS[instrument].high)


def _chords(traits: Traits, instrument: str, entry: int, rng: Rng) -> list[Note]:
    kind = INSTRUMENTS[instrument]
    low, high = _room(instrument)
    style = int(rng.integers(3))
    if traits.metre == "6/8" and style == 1:
        style = 2  # whole chords on the beats would not tell its thirds
    before: tuple[int, ...] | None = None
    out: list[Note] = []
    for bar in range(entry, traits.bars):
        degree = traits.degrees[bar % 4]
        triad = traits.key.triad(degree)
        chord = _voicing(triad, before, low, high)
        before = chord
        root = _nearest(chord[0] - 9, (triad[0],), kind.low, max(chord[0] - 1, kind.low + 11))
        at = float(bar * traits.beats)
        if bar == traits.bars - 1:
            out += [(at, float(traits.beats), p, 0.0) for p in ((root, *chord) if kind.chords else (root,))]
            continue
        out += [(at + a, n, p, db) for a, n, p, db in _figure(traits, root, chord, kind.chords, style)]
    return sorted(set(out))


def _under(traits: Traits, instrument: str, entry: int, melody: Sequence[Note]) -> list[Note]:
    """What a single player adds below the own melody: the root on the first beat, the rest of the chord after it."""
    low = INSTRUMENTS[instrument].low
    bottom = min(n[2] for n in melody)
    out: list[Note] = []
    for bar in range(entry, traits.bars):
        triad = traits.key.triad(traits.degrees[bar % 4])
        ceiling = bottom - 1
        floor = max(low, ceiling - 26)
        root = _nearest(floor, (triad[0],), floor, max(ceiling - 8, floor + 11))
        upper = [p for p in range(root + 1, ceiling + 1) if p % 12 in triad[1:]][:2]
        at = float(bar * traits.beats)
        if bar == traits.bars - 1:
            out += [(at, float(traits.beats), p, -7.0) for p in (root, *upper)]
            continue
        out.append((at, 1.0, root, -4.0))
        for b in range(1, traits.beats):
            level = -7.0 if b == _SECOND[traits.metre] else -10.0
            third = 1 / 3 if traits.metre == "6/8" else 1.0
            out += [(at + b, third, p, level) for p in upper]
        if traits.metre == "6/8":
            out += [(at + b + j / 3, 1 / 3, p, -11.0) for b in range(2) for j in (1, 2) for p in upper[:1]]
    return out


def _bass(traits: Traits, instrument: str, entry: int) -> list[Note]:
    kind = INSTRUMENTS[instrument]
    out: list[Note] = []
    for bar in range(entry, traits.bars):
        root, _, fifth = traits.key.triad(traits.degrees[bar % 4])
        at = float(bar * traits.beats)
        deep = _nearest(kind.low + 7, (root,), kind.low, kind.high)
        if bar == traits.bars - 1:
            out.append((at, float(traits.beats), deep, 0.0))
            continue
        second = _SECOND[traits.metre]
        out.append((at, float(second or traits.beats), deep, 0.0))
        if second:
            over = _nearest(deep + 6, (fifth,), deep + 1, kind.high)
            out.append((at + second, float(traits.beats - second), over, -4.0))
    return out


def _drums(traits: Traits, entry: int, rng: Rng) -> list[Note]:
    """A kick on the first beat, a snare against it, hats between: one bar again and again."""
    beats = traits.beats
    hats = [j / 3 for j in range(6)] if traits.metre == "6/8" else [j / 2 for j in range(2 * beats)]
    if traits.bpm > 130 or rng.random() < 0.3:
        hats = [h for h in hats if traits.metre == "6/8" or h == int(h)]
    snares = {"3/4": (1, 2), "4/4": (1, 3), "5/4": (1, 2, 4), "6/8": (1,)}[traits.metre]
    kicks = {"3/4": (0,), "4/4": (0, 2), "5/4": (0, 3), "6/8": (0,)}[traits.metre]
    out: list[Note] = []
    for bar in range(entry, traits.bars):
        at = float(bar * beats)
        out += [(at + k, 0.4, 36, 0.0 if k == 0 else -4.0) for k in kicks]
        if bar == traits.bars - 1:
            continue
        out += [(at + s, 0.3, 38, -6.0) for s in snares]
        out += [(at + h, 0.2, 42, -9.0 if h in (0.0, float(_SECOND[traits.metre])) else -12.0) for h in hats]
    return sorted(out)
