"""What came back from a voice, as it is used: one channel, 16 kHz, trimmed to what is heard, and checked.

Decision: a take is measured before it is believed. Speech servers return silence, half a sentence, or a voice that
babbles on for half a minute, all with status 200; in a dialogue whose timeline claims those words, each of them would
be a false gold answer. The first and last audible 10 ms are the ends of the turn: the timeline's start and end are what
a listener hears, not what a file holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.voices.text import expected_seconds

FRAME: Final = RATE // 100
AUDIBLE_DB: Final = 35.0
"""Below the loudest 10 ms by more than this, a frame at either end is not part of the turn."""
SILENT_DBFS: Final = -55.0
SHORT: Final = 0.4
LONG: Final = 2.6
LONG_MORE_S: Final = 1.5
"""A take lasts from `SHORT` to `LONG` times what its text lets expect, and at most this much more."""
PAUSE_S: Final = 2.0
"""Longest silence inside a turn."""
CUT_DB: Final = 10.0
"""A take whose very last 10 ms are within this of its loudest was cut off: speech dies away."""
MOST_S: Final = 120.0
"""Longer sounds are not even looked at."""
PEAK: Final = 0.9
_MARGIN: Final = 80
"""Samples of the fades at both ends (5 ms)."""


@dataclass(frozen=True)
class Take:
    """One spoken turn: float32 [n], 16 kHz, loudest sample 0.9, nothing but the audible."""

    pcm: np.ndarray

    @property
    def seconds(self) -> float:
        """Its length."""
        return int(self.pcm.shape[0]) / RATE


@dataclass(frozen=True)
class Spoilt:
    """Why a turn could not be had: a stable code and a sentence; `retry` where asking again may help."""

    code: str
    detail: str
    retry: bool = False


def take_of(pcm: np.ndarray, rate: int, text: str, pace: float = 1.0, *, server: bool = False) -> Take | Spoilt:
    """The audible part of what a voice returned, or what is wrong with it.

    Args:
        pcm: float32 [m] at `rate` Hz.
        rate: in Hz.
        text: what was to be said.
        pace: how much faster than usual it was to be said.
        server: it came over a network, where an end can get lost.

    Codes: ``voice.silent``, ``voice.too_short``, ``voice.endless``, ``voice.pause``, ``voice.cut``.
    """
    from audio_reasoner.core.audio import resample

    seconds = pcm.shape[0] / rate
    expected = expected_seconds(text) / pace
    if seconds > MOST_S or seconds > LONG * expected + LONG_MORE_S + 4.0:
        return Spoilt("voice.endless", f"{seconds:.1f} s of sound for {expected:.1f} s of text", retry=True)
    x = np.asarray(resample(np.asarray(pcm, dtype=np.float32), rate, RATE) if rate != RATE else pcm, dtype=np.float32)
    if x.shape[0] < 2 * FRAME or not bool(np.all(np.isfinite(x))):
        return Spoilt("voice.silent", f"{seconds * 1000:.0f} ms of sound", retry=True)
    x = x - np.float32(np.mean(x))
    frames = x[: x.shape[0] // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    level = 10.0 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12)
    loudest = float(np.max(level))
    if loudest < SILENT_DBFS:
        return Spoilt("voice.silent", f"nothing above {loudest:.0f} dBFS", retry=True)
    heard = np.flatnonzero(level > loudest - AUDIBLE_DB)
    first, last = int(heard[0]), int(heard[-1]) + 1
    seconds = (last - first) * FRAME / RATE
    if seconds < SHORT * expected:
        return Spoilt("voice.too_short", f"{seconds:.1f} s of speech for {expected:.1f} s of text", retry=True)
    if seconds > LONG * expected + LONG_MORE_S:
        return Spoilt("voice.endless", f"{seconds:.1f} s of speech for {expected:.1f} s of text", retry=True)
    pause = float(np.max(np.diff(heard), initial=1) - 1) * FRAME / RATE
    if pause > PAUSE_S:
        return Spoilt("voice.pause", f"falls silent for {pause:.1f} s", retry=True)
    if server and last == level.shape[0] and float(level[-1]) > loudest - CUT_DB:
        return Spoilt("voice.cut", "breaks off at full voice", retry=True)
    y = x[first * FRAME : last * FRAME].copy()
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_MARGIN) + 0.5) / _MARGIN)).astype(np.float32)
    y[:_MARGIN] *= ramp
    y[-_MARGIN:] *= ramp[::-1]
    return Take(np.asarray(y * np.float32(PEAK / float(np.max(np.abs(y)))), dtype=np.float32))
