"""The voices of the embedded speaker and the prosody classes: what is asked of espeak-ng, and what we do to its sound.

Decision: a voice is a place on a scale of pitches with a timbre of its own. espeak-ng's variants alone are too alike
(ten of them speak at 96 to 111 Hz), so each preset sets its own median pitch, 2.2 semitones from its neighbours, the
length of the vocal tract (resampling moves all formants; pitch and pace are set so that only they move), a tilt of the
spectrum and an accent. Two voices of one dialogue are at least two places apart. `benchmarks/voice_separation.py`
measures how well they are told apart. Variants with breath in them (f2, f3, f5, Alicia) never sound the same twice,
even in fresh processes, and are not used.

Prosody classes set pitch, its range, pace and level. They are ways of speaking and are called that: no class stands for
a feeling, and nobody should be taught that one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from audio_reasoner.synth.dsp import RATE, high_pass, low_pass


@dataclass(frozen=True)
class Preset:
    """One embedded voice.

    Attributes:
        name: its name in timelines' sources and caches.
        pitch_hz: median pitch when it speaks neutrally.
        variant: espeak-ng's variant it starts from.
        base_hz: median pitch of that variant when espeak-ng is left alone (English, measured).
        tract: factor on all formants; above 1 is a shorter vocal tract.
        tilt_db: gain above 1.5 kHz.
        pace: factor on the usual pace.
        accent: its English; other languages have their own.
    """

    name: str
    pitch_hz: float
    variant: str
    base_hz: float
    tract: float
    tilt_db: float
    pace: float = 1.0
    accent: str = "en-us"


PRESETS: Final[tuple[Preset, ...]] = (
    Preset("cedar", 75.0, "m7", 114.0, 0.90, -6.0, 0.96),
    Preset("flint", 85.0, "m3", 96.5, 1.05, 6.0, 1.04, "en"),
    Preset("harbour", 97.0, "m1", 92.0, 0.94, -3.0),
    Preset("reed", 110.0, "m2", 96.5, 1.12, 4.0, 1.05),
    Preset("mill", 125.0, "m4", 91.5, 1.00, -6.0, 0.97, "en-gb-scotland"),
    Preset("copper", 142.0, "m3", 105.0, 1.20, 7.0, 1.03),
    Preset("heather", 161.0, "f1", 180.0, 0.88, -5.0, 0.97),
    Preset("larch", 183.0, "shelby", 170.0, 0.99, 6.0, 1.03, "en"),
    Preset("amber", 208.0, "f4", 182.0, 0.95, -4.0),
    Preset("willow", 236.0, "belinda", 223.0, 1.06, 5.0, 1.04, "en-gb-x-rp"),
    Preset("plover", 268.0, "linda", 235.0, 1.00, -5.0, 0.98),
    Preset("wren", 304.0, "Annie", 232.0, 1.18, 4.0, 1.06),
)
LEAST_APART: Final = 2
"""Places between two voices of one dialogue: 4.4 semitones at least."""
HIGH_HZ: Final = 150.0
_TRIES: Final = 60
WORDS_PER_MINUTE: Final = 170
# What espeak-ng's parameters do to the median pitch of its voices (measured; 50 leaves it alone).
_PITCH: Final = ((0, 0.70), (10, 0.75), (25, 0.825), (40, 0.92), (50, 1.0), (60, 1.085), (75, 1.26), (99, 1.62))
_RANGE: Final = ((0, 0.84), (20, 0.91), (50, 1.0), (80, 1.085), (100, 1.13))


@dataclass(frozen=True)
class Prosody:
    """How a class differs from neutral: semitones, factors on pitch range and pace, dB of level and of tilt."""

    semitones: float = 0.0
    pitch_range: float = 1.0
    pace: float = 1.0
    level_db: float = 0.0
    tilt_db: float = 0.0


PROSODY: Final[dict[str, Prosody]] = {
    "neutral": Prosody(),
    "calm": Prosody(semitones=-1.0, pitch_range=0.35, pace=0.88, level_db=-2.0),
    "lively": Prosody(semitones=2.0, pitch_range=1.8, pace=1.12, level_db=1.0),
    "low": Prosody(semitones=-2.0, pitch_range=0.6, pace=0.95, level_db=-7.0, tilt_db=-4.0),
    "loud": Prosody(semitones=2.0, pitch_range=1.2, pace=0.97, level_db=6.0, tilt_db=4.0),
    "fast": Prosody(pace=1.4),
    "slow": Prosody(pace=0.7),
}


@dataclass(frozen=True)
class Jitter:
    """How one dialogue's voice differs from its preset: small enough to stay itself."""

    semitones: float = 0.0
    tract: float = 1.0
    pace: float = 1.0


def draw_jitter(rng: np.random.Generator) -> Jitter:
    """A small variation: up to 0.5 semitones, 2 % of the formants, 5 % of the pace."""
    return Jitter(
        round(float(rng.uniform(-0.5, 0.5)), 2),
        round(float(rng.uniform(0.98, 1.02)), 3),
        round(float(rng.uniform(0.95, 1.05)), 3),
    )


def cast(rng: np.random.Generator, wishes: Sequence[str | None]) -> list[int]:
    """Places of the voices of one dialogue, every two at least `LEAST_APART` apart.

    Args:
        rng: every set that keeps the distance is equally likely, as far as the wishes allow.
        wishes: for each speaker "m" (a voice below `HIGH_HZ`), "f" (above) or None, by the name that goes with it. A
            dialogue of five men cannot have five low voices that differ; as many wishes as can be are met.

    >>> [PRESETS[i].pitch_hz < HIGH_HZ for i in cast(np.random.default_rng(1), ["f", "m", None])][:2]
    [False, True]
    """
    n = len(wishes)
    room = len(PRESETS) - (n - 1) * (LEAST_APART - 1)
    best: tuple[int, list[int]] = (-1, [])
    for _ in range(_TRIES):
        chosen = np.sort(rng.permutation(room)[:n]) + np.arange(n) * (LEAST_APART - 1)
        places = [int(chosen[i]) for i in rng.permutation(n)]
        met = sum(
            w is None or (w == "f") == (PRESETS[i].pitch_hz > HIGH_HZ) for w, i in zip(wishes, places, strict=True)
        )
        if met > best[0]:
            best = (met, places)
        if met == n:
            break
    return best[1]


def _inverse(table: tuple[tuple[int, float], ...], factor: float) -> int:
    return round(float(np.interp(factor, [f for _, f in table], [p for p, _ in table])))


def parameters(preset: Preset, jitter: Jitter, prosody: Prosody, language_voice: str) -> dict[str, Any]:
    """What to ask espeak-ng for, and `tract` and `tilt_db` for `colour`.

    The resampling of `colour` raises pitch and pace by `tract`; both are asked for that much lower here.
    """
    tract = preset.tract * jitter.tract
    pitch_range = max(0, min(100, round(50 * prosody.pitch_range)))
    raised = float(np.interp(pitch_range, [p for p, _ in _RANGE], [f for _, f in _RANGE]))
    wanted = preset.pitch_hz * 2.0 ** ((jitter.semitones + prosody.semitones) / 12.0)
    return {
        "voice": f"{language_voice}+{preset.variant}",
        "rate": max(80, min(450, round(WORDS_PER_MINUTE * preset.pace * jitter.pace * prosody.pace / tract))),
        "pitch": _inverse(_PITCH, wanted / (preset.base_hz * tract * raised)),
        "range": pitch_range,
        "tract": round(tract, 4),
        "tilt_db": preset.tilt_db + prosody.tilt_db,
    }


def colour(pcm: np.ndarray, rate: int, tract: float, tilt_db: float) -> np.ndarray:
    """espeak-ng's samples as the voice speaks them: float32 [n], 16 kHz.

    Args:
        pcm: float32 [m] at `rate` Hz.
        rate: sample rate of `pcm`.
        tract: factor on all frequencies (and on the pace).
        tilt_db: gain of what lies above about 1.5 kHz.
    """
    from audio_reasoner.core.audio import resample

    x = resample(pcm, round(rate * tract), RATE).astype(np.float64)
    if x.size and tilt_db:
        gain = 10.0 ** (abs(tilt_db) / 20.0) - 1.0
        x = x + gain * (high_pass(x, 1500.0) if tilt_db > 0 else low_pass(x, 700.0))
    return x.astype(np.float32)


def semitones(a_hz: float, b_hz: float) -> float:
    """Distance of two pitches."""
    return 12.0 * math.log2(a_hz / b_hz)
