"""Passages of MIDI files as clips: our instruments play them, so the timeline is exact; the notes lie in the recipe.

Decision: a passage of 8 to 25 seconds is taken where one to four of our instruments play, tempo and metre stay, and
hardly anything is left out. A fact is told only where file and notes agree: a metre that the file states and the notes
accent, a tempo whose grid the notes keep, a key that the file states and an estimate confirms (the estimate alone is
wrong for more than one passage in twenty). Melody, chords and loudness of a file are nobody's word and are not told.
The licence is unknown unless the user states one; all passages of one file are one group.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.harmony import Key, direction_of, estimate_key, key_named
from audio_reasoner.core.records import Clip, Fact
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.compose import METRES
from audio_reasoner.synth.music.instruments import INSTRUMENTS
from audio_reasoner.synth.music.midi_file import Played, Song, read_midi
from audio_reasoner.synth.music.music import TEMPI, Voice, clip_of, waypoints

SOURCE: Final = "synth-midi"
SUFFIXES: Final = (".mid", ".midi", ".kar", ".rmi")
SECONDS: Final = (8.0, 25.0)
MOST_INSTRUMENTS: Final = 4
MOST_NOTES: Final = 1200
LEAST_NOTES: Final = 4
"""An instrument that plays fewer notes in a passage may go unnoticed: such a passage is not taken."""
MOST_LEFT_OUT: Final = 0.3
"""Share of a passage's notes whose instruments we do not have; with more left out it would be another piece."""
MOST_PAUSE_S: Final = 2.5
_TRIES: Final = 24
_GAIN: Final = {"bass": -3.0, "drums": -7.0}


@dataclass(frozen=True)
class Problem:
    """A file from which no clip was made."""

    name: str
    code: str
    detail: str


def midi_files(folder: Path) -> list[str]:
    """Paths of the MIDI files below a folder, relative to it, in alphabetical order.

    Raises:
        InputError: ``midi.no_folder``, ``midi.no_files``.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", code="midi.no_folder", hint="Name the folder of the MIDI files.")
    found = []
    for root, dirs, files in os.walk(folder):
        dirs.sort()
        base = os.path.relpath(root, folder)
        found += [f"{base}/{name}" for name in files if name.lower().endswith(SUFFIXES)]
    if not found:
        raise InputError(
            f"no MIDI file below {folder}.", code="midi.no_files", hint=f"Their names end in {', '.join(SUFFIXES)}."
        )
    return sorted(name.removeprefix("./") for name in found)


def plan_midi(
    folder: Path,
    n: int,
    seed: int,
    *,
    instruments: Sequence[str] | None = None,
    licence: str | None = None,
    on_problem: Callable[[Problem], None] | None = None,
) -> Iterator[Clip]:
    """Up to `n` clips, one passage of each file, the files in an order that the seed decides.

    Args:
        folder: the tree of MIDI files.
        n: at most so many clips; fewer where the folder does not hold enough usable files.
        seed: decides which files and which passages.
        instruments: the only ones to use; None means all.
        licence: of the files.
        on_problem: told each file from which no clip is made, and why.

    Raises:
        InputError: ``midi.no_folder``, ``midi.no_files``.
    """
    names = midi_files(folder)
    chosen = frozenset(INSTRUMENTS if instruments is None else instruments)
    shown = {name: os.fsencode(name).decode("utf-8", "replace") for name in names}
    names.sort(key=lambda name: ids.derive_seed(seed, "midi", shown[name]))
    return _clips(folder, names, shown, n, seed, chosen, licence, on_problem or (lambda _: None))


def _clips(
    folder: Path,
    names: Sequence[str],
    shown: dict[str, str],
    n: int,
    seed: int,
    chosen: frozenset[str],
    licence: str | None,
    on_problem: Callable[[Problem], None],
) -> Iterator[Clip]:
    made: set[str] = set()
    for name in names:
        if len(made) >= n:
            return
        try:
            song = read_midi(folder / name)
        except InputError as e:
            on_problem(Problem(shown[name], e.code, e.message.removeprefix(f"{folder / name}: ").rstrip(".")))
            continue
        if song.key in made:
            on_problem(Problem(shown[name], "midi.double", "the same file lies in the folder under another name"))
            continue
        clip = passage_clip(song, seed, shown[name], chosen, licence)
        if clip is None:
            on_problem(
                Problem(
                    shown[name],
                    "midi.no_passage",
                    f"no passage of {SECONDS[0]:g} to {SECONDS[1]:g} s with one to four of our instruments",
                )
            )
            continue
        made.add(song.key)
        yield clip


def passage_clip(
    song: Song, seed: int, name: str, chosen: frozenset[str] = frozenset(INSTRUMENTS), licence: str | None = None
) -> Clip | None:
    """A passage of a song as a clip; None where none suits."""
    rng = np.random.default_rng(ids.derive_seed(seed, "midi/passage", song.key))
    onsets = sorted({round(x.start, 4) for x in song.notes})
    if song.end < 4.0:
        return None
    starts = [t for t in onsets if t <= max(song.end - SECONDS[0], onsets[0])]
    # Where the metre is known a passage begins with a bar, if notes begin there.
    bars = _bar_starts(song)
    first = [t for t in starts if any(abs(t - b) < 0.03 for b in bars)] if bars else []
    for pool in (first, starts):
        for i in rng.permutation(len(pool))[:_TRIES]:
            notes = _passage(song, pool[int(i)], float(rng.uniform(*SECONDS)), chosen)
            if notes:
                return _clip(song, notes, pool[int(i)], seed, name, licence, rng)
    return None


def _bar_starts(song: Song) -> list[float]:
    """Times at which a bar begins and a note too, as far as the metre is stated."""
    out = []
    for n in song.notes:
        metre, since = _at(song.metres, n.beat)
        if metre is not None:
            top, bottom = metre.split("/")
            bar = int(top) * 4.0 / int(bottom)
            if bar > 0 and abs((n.beat - since) / bar - round((n.beat - since) / bar)) * bar < 0.02:
                out.append(n.start)
    return sorted(set(out))


def _at(changes: tuple[tuple[float, str], ...], beat: float) -> tuple[str | None, float]:
    """The value that holds at a beat, and since which beat."""
    value: tuple[str | None, float] = (None, 0.0)
    for since, text in changes:
        if since <= beat + 1e-6:
            value = (text, since)
    return value


def _passage(song: Song, start: float, length: float, chosen: frozenset[str]) -> list[Played] | None:
    """The notes of a passage that begin in it, of instruments that play enough; None if it does not suit."""
    inside = [n for n in song.notes if start - 1e-4 <= n.start < start + length]
    if not inside or inside[-1].end - start < SECONDS[0]:
        return None
    kept = [n for n in inside if n.instrument in chosen]
    counts = Counter(n.instrument for n in kept)
    if not 1 <= len(counts) <= MOST_INSTRUMENTS or min(counts.values()) < LEAST_NOTES or len(kept) > MOST_NOTES:
        return None
    if len(inside) - len(kept) > MOST_LEFT_OUT * len(inside) or set(counts) == {"drums"}:
        return None
    if _pause(kept, start) > MOST_PAUSE_S:
        return None
    return kept if _steady(song, kept[0].beat, kept[-1].beat) else None


def _pause(notes: Sequence[Played], start: float) -> float:
    """The longest silence between the beginning of a passage and its last note, seconds."""
    longest, end = 0.0, start
    for n in notes:
        longest = max(longest, n.start - end)
        end = max(end, n.end)
    return longest


def _steady(song: Song, first: float, last: float) -> bool:
    """Whether tempo (within 3 %) and metre hold between two beats."""
    tempi = [b for _, b in song.tempi[_held(song.tempi, first) : _held(song.tempi, last) + 1]]
    metres = [m for _, m in song.metres[_held(song.metres, first) : _held(song.metres, last) + 1]]
    return (not tempi or max(tempi) <= 1.03 * min(tempi)) and len(set(metres)) <= 1


def _held(changes: Sequence[tuple[float, object]], beat: float) -> int:
    """Place of the change that holds at a beat; 0 before the first."""
    return max(sum(b <= beat + 1e-6 for b, _ in changes) - 1, 0)


def _clip(
    song: Song, notes: list[Played], start: float, seed: int, name: str, licence: str | None, rng: np.random.Generator
) -> Clip:
    lead = int(rng.uniform(0.1, 0.4) * RATE)
    end = start + SECONDS[1]
    voices: list[Voice] = []
    for instrument in sorted({str(n.instrument) for n in notes}):
        rows = []
        for n in notes:
            if n.instrument == instrument:
                at = lead + round((n.start - start) * RATE)
                samples = max(round((min(n.end, end) - n.start) * RATE), 480)
                rows.append((at, samples, _playable(instrument, n.pitch), _level(n.velocity)))
        gain = _GAIN.get(instrument, 0.0) + float(rng.uniform(-1.0, 1.0))
        voices.append(Voice(instrument, tuple(sorted(set(rows))), round(gain, 1), int(rng.integers(1 << 48))))
    voices.sort(key=lambda v: (v.notes[0][0], v.instrument))
    return clip_of(
        voices,
        _facts(song, notes, voices),
        seed=seed,
        source_id=f"{seed}/{song.key[:20]}",
        background=None,
        tail_s=0.3,
        licence=licence,
        source=SOURCE,
        group=f"midi-{song.key[:20]}",
        origin={"midi": song.key, "name": name, "from_ms": round(start * 1000)},
    )


def _playable(instrument: str, pitch: int) -> int:
    """A pitch moved by octaves into what our instrument can play."""
    if instrument == "drums":
        return min(max(pitch, 12), 120)
    kind = INSTRUMENTS[instrument]
    while pitch < kind.low - 5:
        pitch += 12
    while pitch > kind.high + 7:
        pitch -= 12
    return pitch


def _level(velocity: int) -> float:
    """A note's level in dB, 0 for the hardest touch."""
    return max(round(30.0 * float(np.log10(max(velocity, 1) / 127.0)), 1), -30.0)


def _facts(song: Song, notes: Sequence[Played], voices: Sequence[Voice]) -> tuple[Fact, ...]:
    every = tuple(range(len(voices)))
    out: list[Fact] = []
    metre, since = _at(song.metres, notes[0].beat)
    told_metre = metre if metre in METRES and _accented(notes, metre, since) else None
    bpm = tempo_of(song, notes, told_metre)
    if bpm is not None:
        out.append(Fact(kind="tempo", value=f"{bpm:g}", events=every))
    if told_metre is not None:
        out.append(Fact(kind="metre", value=told_metre, events=every))
    pitched = [n for n in notes if n.instrument != "drums"]
    stated, _ = _at(song.keys, notes[0].beat)
    key = agreed_key(stated, pitched)
    if key is not None:
        events = tuple(i for i in every if voices[i].instrument != "drums")
        out.append(Fact(kind="key", value=key.name, events=events))
    lead = _lead(notes, voices)
    if lead is not None:
        i, direction, tune = lead
        line = ", ".join((key or Key(0, "major")).note(p) for p in waypoints(tune))
        out.append(Fact(kind="direction", value=direction, subject=voices[i].instrument, events=(i,)))
        out.append(Fact(kind="contour", value=line, subject=voices[i].instrument, events=(i,)))
    return tuple(out)


def tempo_of(song: Song, notes: Sequence[Played], metre: str | None) -> float | None:
    """Beats per minute where the file sets a tempo and the notes lie on its grid; of 6/8 the dotted quarters."""
    held = [b for beat, b in song.tempi if beat <= notes[0].beat + 1e-6]
    if not held:
        return None
    # Sixteenths and triplets of a quarter: what a player with a click plays.
    places = np.array([n.beat % 1.0 for n in notes])
    grid = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0])
    off = np.min(np.abs(places[:, None] - grid[None, :]), axis=1)
    # By chance about half of all notes would lie so near.
    if float(np.mean(off < 0.03)) < 0.85 or float(np.mean(np.minimum(places, 1 - places) < 0.03)) < 0.2:
        return None
    bpm = round(held[-1] * 2 / 3 if metre == "6/8" else held[-1])
    return float(bpm) if TEMPI[0] <= bpm <= TEMPI[1] else None


def _accented(notes: Sequence[Played], metre: str, since: float) -> bool:
    """Whether the first beat of the bar carries clearly more than the other beats: in lows, strokes and loudness."""
    top, bottom = (int(x) for x in metre.split("/"))
    unit = 4.0 / bottom
    weight = np.zeros(top)
    for n in notes:
        place = (n.beat - since) / unit
        if abs(place - round(place)) * unit < 0.05:
            low = 2.0 if n.instrument == "bass" or (n.instrument == "drums" and n.pitch in (35, 36)) else 1.0
            weight[round(place) % top] += low * n.velocity
    others = np.delete(weight, 0)
    return bool(weight[0] > 1.3 * np.mean(others) and weight[0] >= np.max(others))


def agreed_key(stated: str | None, notes: Sequence[Played]) -> Key | None:
    """The key that the file states, where the estimate from the notes is the same; else None."""
    key = key_named(stated) if stated is not None else None
    if key is None:
        return None
    weights = np.zeros(12)
    for n in notes:
        weights[n.pitch % 12] += n.end - n.start
    return key if estimate_key(weights.tolist())[0] == key else None


def _lead(notes: Sequence[Played], voices: Sequence[Voice]) -> tuple[int, str, list[tuple[int, int, int]]] | None:
    """The highest instrument, if it plays one note at a time and its line has a clear direction."""
    pitched = [i for i, v in enumerate(voices) if v.instrument not in ("bass", "drums")]
    if not pitched or not notes:
        return None
    top = max(pitched, key=lambda i: float(np.mean([p for _, _, p, _ in voices[i].notes])))
    tune = [(a, n, p) for a, n, p, _ in voices[top].notes]
    alone = [b[0] >= a[0] + 0.8 * a[1] for a, b in pairwise(tune)]
    if len(tune) < 8 or float(np.mean(alone)) < 0.95:
        return None
    found = direction_of([a for a, _, _ in tune] + [tune[-1][0] + tune[-1][1]], [p for _, _, p in tune])
    return (top, found, tune) if found is not None else None
