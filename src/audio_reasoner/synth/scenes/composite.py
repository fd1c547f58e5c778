"""Composite scenes: long tracks at once, one of them the background, and short sounds to be found in the mix.

Decision: the signal-to-noise ratio of a scene is the power of all its foreground tracks together over the power of the
background track, in dB, both while they sound. Every source has the same loudness before its gain, so the ratio follows
from the gains alone: it is exact, and can be read from the recipe. The foreground tracks differ by up to `SPREAD_DB`
among themselves. A short sound lies `TARGET_DB` above all tracks together: it can be heard wherever it falls.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import Final

import numpy as np

from audio_reasoner.checks.ontology import found_with
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.scenes.palette import Pool
from audio_reasoner.synth.scenes.scene import Laid, Placed
from audio_reasoner.synth.scenes.settings import SAME_CLASS_GAP_S, Settings
from audio_reasoner.synth.scenes.temporal import PEAK_GAIN, draw_labels

SPREAD_DB: Final = 6.0
TARGET_DB: Final = (0.0, 6.0)
APART: Final = RATE // 2
"""Samples between the starts of two tracks, so that their order can be told."""
TRACK_FADE: Final = RATE // 20
_TRIES: Final = 24


def lay_composite(rng: np.random.Generator, s: Settings, pool: Pool, tracks: int, targets: int) -> Laid:
    """One composite scene of `tracks` long tracks and up to `targets` short sounds.

    There are fewer where the classes left over could be confused with those that sound already, but never fewer than
    two tracks.
    """
    low, high = (math.ceil(x * RATE) for x in s.track_seconds)
    # The background first and evenly; drawn among the others, a class with many relatives would stand there more often.
    labels = [pool.tracks.labels[int(rng.integers(len(pool.tracks.labels)))]]
    near: frozenset[str] = frozenset()
    if s.plausible_probability > 0.0 and rng.random() < s.plausible_probability:
        near = frozenset(x for x in (*pool.long, *pool.short) if x in found_with(labels[0]))
    labels += islice(pool.tracks.fresh(rng, labels, near), tracks - 1)
    source, length, licence = pool.track(rng, labels[0], (low + high) // 2, high)
    fades = {"fade_in": TRACK_FADE, "fade_out": TRACK_FADE}
    ground = Placed(
        labels[0], {"source": source, "start": 0, "length": length, "gain_db": 0.0, **fades}, licence, "background"
    )
    front: list[Placed] = []
    taken = [0]
    for label in labels[1:]:
        source, n, licence = pool.track(rng, label, low, max(low, min(high, length - 2 * APART)))
        n = min(n, length)
        start = _start(rng, length - n, taken)
        taken.append(start)
        front.append(Placed(label, {"source": source, "start": start, "length": n, "gain_db": 0.0, **fades}, licence))
    _level(rng, s, front)
    short = _targets(rng, s, pool, labels, near, targets, length)
    over = 10.0 * math.log10(sum(10.0 ** (x.fields["gain_db"] / 10.0) for x in (ground, *front)))
    for x in short:
        x.fields["gain_db"] = over + float(rng.uniform(*TARGET_DB))
    _leave_room(ground, front, short)
    events = sorted((ground, *front, *short), key=lambda x: (x.fields["start"], x.role != "background", x.label))
    return Laid(events, length)


def _start(rng: np.random.Generator, room: int, taken: list[int]) -> int:
    """A start that keeps away from the others if one is found; the best of those drawn if not."""
    drawn = rng.integers(0, room + 1, _TRIES)
    nearest = np.min(np.abs(drawn[:, None] - np.array(taken)), axis=1)
    far = nearest >= APART
    return int(drawn[np.argmax(far) if far.any() else np.argmax(nearest)])


def _level(rng: np.random.Generator, s: Settings, front: list[Placed]) -> None:
    """Gains of the tracks: the background at 0 dB, the foreground together at the drawn ratio above it."""
    snr = float(rng.uniform(*s.snr_db))
    offsets = rng.uniform(-SPREAD_DB / 2, SPREAD_DB / 2, len(front))
    together = 10.0 * math.log10(float(np.sum(10.0 ** (offsets / 10.0))))
    for x, offset in zip(front, offsets, strict=True):
        x.fields["gain_db"] = snr + float(offset) - together


def _targets(
    rng: np.random.Generator, s: Settings, pool: Pool, labels: list[str], near: frozenset[str], count: int, length: int
) -> list[Placed]:
    """Short sounds, spread over the scene, none over another."""
    low, high = (math.ceil(x * RATE) for x in s.event_seconds)
    chosen = draw_labels(rng, pool.targets, count, s.repeat_probability, labels, near)
    made = [(label, *pool.event(rng, label, low, high)) for label in chosen]
    gap = math.ceil(max(SAME_CLASS_GAP_S, s.min_gap_s) * RATE)
    while made and sum(n + gap for _, _, n, *_ in made) + gap > length:
        made.pop()
    spare = length - sum(n + gap for _, _, n, *_ in made) - gap
    cuts = sorted(int(x) for x in rng.integers(0, spare + 1, len(made)))
    placed, at = [], gap
    for (label, source, n, licence, fades), cut in zip(made, cuts, strict=True):
        fields = {"source": source, "start": at + cut, "length": n, "gain_db": 0.0, **fades}
        placed.append(Placed(label, fields, licence))
        at += n + gap
    return placed


def _leave_room(ground: Placed, front: list[Placed], short: list[Placed]) -> None:
    """Turn everything down together until the peaks of all that sounds at once stay below what a scene can hold."""
    factor = {id(x): 10.0 ** (x.fields["gain_db"] / 20.0) for x in (ground, *front, *short)}
    most = sum(factor[id(x)] for x in (ground, *front)) + max((factor[id(x)] for x in short), default=0.0)
    down = 20.0 * math.log10(most / PEAK_GAIN)
    for x in (ground, *front, *short):
        x.fields["gain_db"] = round(x.fields["gain_db"] - down, 2)
