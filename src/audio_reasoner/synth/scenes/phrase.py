"""Phrases that go on under other sounds: an instrument as a track of a composite scene (paper, appendix B).

Decision: an accompaniment, not a composition. A walk over a pentatonic scale at a steady pace never sounds wrong and
never rests, so that the track is heard from its start to its end; pieces with a known tempo, key and form are made by
`synth.music`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.instruments import INSTRUMENTS

SCALES: Final = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10))
"""Steps of the major and the minor pentatonic scale, semitones."""
_KICK, _SNARE, _HAT = 36, 38, 42


def phrase_source(rng: np.random.Generator, instrument: str, length: int) -> dict[str, Any]:
    """The source of one track: `length` samples of a phrase on `instrument`."""
    step = int(rng.uniform(0.22, 0.42) * RATE)
    starts = range(0, max(length - step // 2, 1), step)
    notes: list[list[float]] = []
    if instrument == "drums":
        for i, at in enumerate(starts):
            key = _KICK if i % 4 == 0 else _SNARE if i % 4 == 2 else _HAT
            notes.append([at, min(step, length - at), key, round(float(rng.uniform(-6.0, 0.0)), 1)])
    else:
        kind = INSTRUMENTS[instrument]
        root = int(rng.integers(12))
        scale = SCALES[int(rng.integers(len(SCALES)))]
        keys = [k for k in range(kind.low, kind.high + 1) if (k - root) % 12 in scale]
        # Two octaves around a middle: a player stays in a position.
        middle = int(rng.integers(len(keys) // 3, max(2 * len(keys) // 3, len(keys) // 3 + 1)))
        keys = keys[max(middle - 5, 0) : middle + 6]
        at_key = len(keys) // 2
        for at in starts:
            at_key = int(np.clip(at_key + rng.integers(-2, 3), 0, len(keys) - 1))
            notes.append([at, min(step, length - at), keys[at_key], round(float(rng.uniform(-6.0, 0.0)), 1)])
    return {"instrument": instrument, "seed": int(rng.integers(1 << 48)), "notes": notes}
