"""Reads a MIDI file into notes in seconds, with tempo, metre and key as far as the file says them.

Decision: a file is either read as a whole or refused with a reason; nothing in it is mended. Type 2 files (independent
patterns) and SMPTE time have no beat to speak of and are refused. Limits keep one hostile file from stopping a run.
"""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audio_reasoner.core.errors import EnvironmentProblem, InputError

MAX_BYTES: Final = 4_000_000
MAX_MESSAGES: Final = 400_000
MAX_HOURS: Final = 4.0
DRUM_CHANNEL: Final = 9
PROGRAMS: Final[dict[int, str]] = {
    **dict.fromkeys(range(8), "piano"),
    **dict.fromkeys((8, 9, 10, 11), "glockenspiel"),
    **dict.fromkeys((12, 13), "marimba"),
    **dict.fromkeys(range(16, 21), "organ"),
    **dict.fromkeys((21, 23), "accordion"),
    **dict.fromkeys(range(24, 29), "guitar"),
    **dict.fromkeys(range(32, 40), "bass"),
    40: "violin",
    56: "trumpet",
    71: "clarinet",
    **dict.fromkeys((72, 73), "flute"),
}
"""General MIDI programs (from 0) that one of our instruments can stand for; notes of the others are left out."""


@dataclass(frozen=True)
class Played:
    """One note: instrument (None: none of ours), start and end in seconds and in beats, MIDI number, velocity."""

    instrument: str | None
    start: float
    end: float
    beat: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Song:
    """A MIDI file. Each change is (beat, value) in order; a beat is a quarter note.

    Args:
        key: sha256 of the file, 64 hexadecimal digits.
        tempi: beats per minute; empty where the file sets none (120 is then assumed for the times).
        metres: such as "3/4"; empty where the file has none.
        keys: such as "F# minor"; empty where the file has none.
    """

    key: str
    notes: tuple[Played, ...]
    tempi: tuple[tuple[float, float], ...]
    metres: tuple[tuple[float, str], ...]
    keys: tuple[tuple[float, str], ...]

    @property
    def end(self) -> float:
        """Seconds until the last note's end."""
        return max(n.end for n in self.notes)


def _refuse(path: Path, what: str, code: str) -> InputError:
    return InputError(f"{path}: {what}.", code=f"midi.{code}", hint="Leave the file out, or repair it in a sequencer.")


def read_midi(path: Path) -> Song:
    """Read one file.

    Raises:
        InputError: ``midi.unreadable``, ``midi.huge``, ``midi.broken``, ``midi.type2``, ``midi.smpte``,
            ``midi.tempo``, ``midi.empty``.
        EnvironmentProblem: ``midi.no_mido``: the package mido is not installed.
    """
    try:
        import mido
    except ImportError as e:
        raise EnvironmentProblem(
            "reading MIDI files needs the package mido.",
            code="midi.no_mido",
            hint="pip install 'audio-reasoner[midi]'",
        ) from e
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refuse(path, f"{path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read", "huge")
        raw = path.read_bytes()
    except OSError as e:
        raise _refuse(path, f"cannot be read: {e.strerror or e}", "unreadable") from e
    if raw[:4] == b"RIFF" and raw[8:12] == b"RMID":
        raw = raw[20:]
    if raw[:4] != b"MThd" or len(raw) < 14:
        raise _refuse(path, "no MIDI file: it does not begin with MThd" if raw else "the file is empty", "broken")
    division = int.from_bytes(raw[12:14], "big", signed=True)
    if int.from_bytes(raw[8:10], "big") == 2:
        raise _refuse(path, "a type 2 file, whose tracks are no parts of one piece", "type2")
    if division <= 0:
        raise _refuse(path, "its time is not counted in beats", "smpte")
    try:
        file = mido.MidiFile(file=io.BytesIO(raw), clip=True)
        count = sum(len(t) for t in file.tracks)
        if count > MAX_MESSAGES:
            raise _refuse(path, f"{count:,} messages; at most {MAX_MESSAGES:,} are read", "huge")
        messages = list(mido.merge_tracks(file.tracks))
    except InputError:
        raise
    except Exception as e:  # mido answers broken bytes with whatever its parser stumbles over
        raise _refuse(path, f"broken: {type(e).__name__} {str(e)[:120]}".rstrip(), "broken") from e
    return _song(path, hashlib.sha256(raw).hexdigest(), messages, division)


def _song(path: Path, key: str, messages: list[Any], division: int) -> Song:
    tempi: list[tuple[int, float]] = []
    metres: list[tuple[float, str]] = []
    keys: list[tuple[float, str]] = []
    events: list[tuple[int, Any]] = []
    tick = 0
    for m in messages:
        tick += int(m.time)
        if m.type == "set_tempo":
            if m.tempo <= 0:
                raise _refuse(path, "a beat of no length: its tempo is 0", "tempo")
            tempi.append((tick, 60e6 / m.tempo))
        elif m.type == "time_signature":
            metres.append((tick / division, f"{m.numerator}/{m.denominator}"))
        elif m.type == "key_signature":
            name = str(m.key)
            keys.append((tick / division, f"{name[:-1]} minor" if name.endswith("m") else f"{name} major"))
        elif m.type in ("note_on", "note_off", "program_change"):
            events.append((tick, m))
    clock = _Clock(tempi, division)
    if events and clock.seconds(events[-1][0]) > MAX_HOURS * 3600:
        raise _refuse(path, f"longer than {MAX_HOURS:g} hours", "huge")
    notes = _notes(events, clock, division)
    if not notes:
        raise _refuse(path, "no notes", "empty")
    return Song(key, tuple(notes), tuple((t / division, b) for t, b in tempi), tuple(metres), tuple(keys))


class _Clock:
    """Ticks to seconds under a list of tempo changes."""

    def __init__(self, tempi: list[tuple[int, float]], division: int) -> None:
        changes = tempi if tempi and tempi[0][0] == 0 else [(0, 120.0), *tempi]
        self.ticks = [t for t, _ in changes]
        self.rates = [60.0 / (b * division) for _, b in changes]
        self.times = [0.0]
        for i in range(1, len(changes)):
            self.times.append(self.times[-1] + (self.ticks[i] - self.ticks[i - 1]) * self.rates[i - 1])

    def seconds(self, tick: int) -> float:
        i = bisect_right(self.ticks, tick) - 1
        return self.times[i] + (tick - self.ticks[i]) * self.rates[i]


def _notes(events: list[tuple[int, Any]], clock: _Clock, division: int) -> list[Played]:
    program = [0] * 16
    sounding: dict[tuple[int, int], list[tuple[int, int, str | None]]] = {}
    out: list[Played] = []

    def close(channel: int, pitch: int, tick: int) -> None:
        waiting = sounding.get((channel, pitch))
        if waiting:
            start, velocity, name = waiting.pop(0)
            if tick > start:
                out.append(Played(name, clock.seconds(start), clock.seconds(tick), start / division, pitch, velocity))

    for tick, m in events:
        if m.type == "program_change":
            program[m.channel] = m.program
        elif m.type == "note_on" and m.velocity > 0:
            name = "drums" if m.channel == DRUM_CHANNEL else PROGRAMS.get(program[m.channel])
            sounding.setdefault((m.channel, m.note), []).append((tick, m.velocity, name))
        else:
            close(m.channel, m.note, tick)
    last = events[-1][0] if events else 0
    for (channel, pitch), waiting in list(sounding.items()):
        while waiting:
            close(channel, pitch, last)
    return sorted(out, key=lambda n: (n.start, n.pitch, n.end))
