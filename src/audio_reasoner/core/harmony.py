"""Keys, chords and what can be told about a list of notes: spelled as a musician would write them.

Decision: a chord is a degree of the key, so its name follows from the key's letters (no A# in F major), and every
pattern ends on the tonic, so the key can be heard. What is read out of notes (key, melodic direction) is either clear
or None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

LETTERS: Final = "CDEFGAB"
_NATURAL: Final = (0, 2, 4, 5, 7, 9, 11)
STEPS: Final[dict[str, tuple[int, ...]]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
TONICS: Final[dict[str, tuple[str, ...]]] = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
"""The usual spelling of the twelve keys of each mode, by pitch class."""
_QUALITY: Final[dict[str, tuple[str, ...]]] = {
    "major": ("", "m", "m", "", "", "m", "dim"),
    "minor": ("m", "dim", "", "m", "", "", ""),
}
"""Triads on the seven degrees; in minor the fifth degree has its leading note and is major."""
PROGRESSIONS: Final[dict[str, tuple[tuple[int, ...], ...]]] = {
    "major": (
        (1, 4, 5, 1), (1, 6, 5, 1), (1, 2, 5, 1), (1, 6, 4, 1), (1, 5, 4, 1), (1, 3, 4, 1), (1, 3, 5, 1),
        (6, 4, 5, 1), (6, 2, 5, 1), (3, 6, 5, 1), (4, 2, 5, 1), (2, 4, 5, 1), (6, 5, 4, 1), (3, 4, 5, 1),
        (4, 6, 5, 1), (5, 6, 4, 1),
    ),
    "minor": (
        (1, 4, 5, 1), (1, 6, 5, 1), (1, 6, 7, 1), (1, 7, 4, 1), (1, 7, 5, 1), (1, 3, 5, 1), (1, 6, 4, 1),
        (6, 4, 5, 1), (6, 7, 5, 1), (3, 7, 5, 1), (4, 7, 5, 1), (4, 6, 5, 1), (7, 6, 5, 1), (3, 4, 5, 1),
        (6, 3, 5, 1), (7, 4, 5, 1),
    ),
}  # fmt: skip
"""Four chords by degree, one a bar; all end on the tonic, most through the fifth or the fourth degree."""


@dataclass(frozen=True)
class Key:
    """A key: `tonic` as a pitch class 0 to 11, `mode` "major" or "minor"."""

    tonic: int
    mode: str

    @property
    def name(self) -> str:
        """As it is written: "F# minor"."""
        return f"{TONICS[self.mode][self.tonic]} {self.mode}"

    def degree(self, number: int) -> str:
        """Name of the note on a degree, 1 to 7, in the natural scale: one letter for each degree.

        >>> Key(5, "major").degree(4), Key(8, "minor").degree(5)
        ('Bb', 'D#')
        """
        tonic = TONICS[self.mode][self.tonic]
        at = (LETTERS.index(tonic[0]) + number - 1) % 7
        pitch = (self.tonic + STEPS[self.mode][number - 1]) % 12
        shift = (pitch - _NATURAL[at] + 6) % 12 - 6
        return LETTERS[at] + ("#" * shift if shift > 0 else "b" * -shift)

    def note(self, pitch: int) -> str:
        """Name of a MIDI number with its octave, spelled in the key where it belongs to it.

        >>> Key(5, "major").note(70), Key(9, "minor").note(68), Key(2, "minor").note(73), Key(10, "minor").note(69)
        ('Bb4', 'G#4', 'C#5', 'A4')
        """
        names = [self.degree(i) for i in range(1, 8)]
        flat = any("b" in x for x in names)
        plain = "C Db D Eb E F Gb G Ab A Bb B" if flat else "C C# D D# E F F# G G# A A# B"
        if self.mode == "minor" and pitch % 12 == (self.tonic + 11) % 12:
            # The leading note keeps the letter of the seventh degree: C# in D minor, never Db.
            names.append(names[6].removesuffix("b") if "b" in names[6] else names[6] + "#")
        name = next((x for x in names if _class_of(x) == pitch % 12), plain.split()[pitch % 12])
        return f"{name}{(pitch - name.count('#') + name.count('b')) // 12 - 1}"

    def chord(self, number: int) -> str:
        """Name of the triad on a degree: "Bbm"."""
        return self.degree(number) + _QUALITY[self.mode][number - 1]

    def triad(self, number: int) -> tuple[int, int, int]:
        """Pitch classes of the triad on a degree: root, third, fifth."""
        root = (self.tonic + STEPS[self.mode][number - 1]) % 12
        third, fifth = {"": (4, 7), "m": (3, 7), "dim": (3, 6)}[_QUALITY[self.mode][number - 1]]
        return root, (root + third) % 12, (root + fifth) % 12

    def scale(self, number: int) -> tuple[int, ...]:
        """Pitch classes to use over the triad on a degree: in minor the leading note over the fifth degree."""
        steps = list(STEPS[self.mode])
        if self.mode == "minor" and number == 5:
            steps[6] = 11
        return tuple(sorted((self.tonic + s) % 12 for s in steps))


def _class_of(name: str) -> int:
    return (_NATURAL[LETTERS.index(name[0])] + name.count("#") - name[1:].count("b")) % 12


def key_named(text: str) -> Key | None:
    """The key of a name such as "Bb minor", in any spelling; None if it is none.

    >>> key_named("A# minor"), key_named("loud")
    (Key(tonic=10, mode='minor'), None)
    """
    note, _, mode = text.partition(" ")
    if mode not in STEPS or note[:1] not in tuple(LETTERS) or set(note[1:]) - {"#", "b"}:
        return None
    return Key(_class_of(note), mode)


_PROFILE: Final = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""Krumhansl and Kessler's ratings of how well each note fits a key."""


def estimate_key(weights: Sequence[float]) -> tuple[Key, float]:
    """The key whose profile agrees best with how long each pitch class sounds, and its lead over the second best.

    Args:
        weights: 12 numbers, from C on.

    Returns:
        The key, and the difference between the two best correlations (0 where nothing sounds).
    """
    x = np.asarray(weights, dtype=np.float64)
    found: list[tuple[float, Key]] = []
    for mode, profile in _PROFILE.items():
        for tonic in range(12):
            p = np.roll(np.asarray(profile), tonic)
            deviation = float(np.std(x) * np.std(p))
            r = float(np.mean((x - x.mean()) * (p - p.mean()))) / deviation if deviation > 1e-12 else 0.0
            found.append((r, Key(tonic, mode)))
    found.sort(key=lambda f: -f[0])
    return found[0][1], found[0][0] - found[1][0]


def direction_of(times: Sequence[float], pitches: Sequence[float]) -> str | None:
    """How a melody moves as a whole: rising, falling, arch, wave or level; None if it is none of them clearly.

    Args:
        times: onset of each note, in any unit, and one more: the end of the last note.
        pitches: MIDI numbers.
    """
    if len(pitches) < 4 or len(times) != len(pitches) + 1:
        return None
    grid = np.linspace(times[0], times[-1], 121)[:-1]
    at = np.clip(np.searchsorted(np.asarray(times), grid, side="right") - 1, 0, len(pitches) - 1)
    raw = np.asarray(pitches, dtype=np.float64)[at]
    wide = np.pad(raw, 9, mode="edge")
    y = np.convolve(wide, np.ones(19) / 19, "valid")
    span = float(np.max(y) - np.min(y))
    if span <= 3.0:
        return "level" if float(np.max(raw) - np.min(raw)) <= 7.5 else None
    if span < 4.5:
        return None
    turns = _turns(y, 0.35 * span)
    up, down = y[-1] - y[0] >= 0.75 * span, y[0] - y[-1] >= 0.75 * span
    if len(turns) == 0 and (up or down):
        return "rising" if up else "falling"
    if len(turns) == 1 and turns[0][1] > 0 and 0.2 <= turns[0][0] / y.size <= 0.8:
        both = max(y[0], y[-1]) - np.min(y) <= 0.35 * span
        return "arch" if both else None
    return "wave" if len(turns) >= 3 else None


def _turns(y: np.ndarray, depth: float) -> list[tuple[int, int]]:
    """Turning points that rise or fall by at least `depth` to both sides: place and +1 (top) or -1 (bottom)."""
    out: list[tuple[int, int]] = []
    low = high = 0
    way = 0
    for i in range(1, y.size):
        low = i if y[i] < y[low] else low
        high = i if y[i] > y[high] else high
        if way >= 0 and y[high] - y[i] >= depth:
            if way > 0 or y[high] - y[0] >= depth:
                out.append((high, 1))
            way, low = -1, i
            high = i
        elif way <= 0 and y[i] - y[low] >= depth:
            if way < 0 or y[0] - y[low] >= depth:
                out.append((low, -1))
            way, high = 1, i
            low = i
    return out
