"""Temporal scenes: short sounds one after the other, with gaps, crossfades and repeats (paper, appendix B).

Decision: neighbours that blend into each other share whole samples, and both fade over exactly those, so that the
timeline's starts and ends are those of the sounds and not of their fades. At most a third of an event is shared, so
never more than two sound at once and every start can be told from the one before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.scenes.palette import Choice, Pool
from audio_reasoner.synth.scenes.scene import Laid, Placed
from audio_reasoner.synth.scenes.settings import SAME_CLASS_GAP_S, Settings

PEAK_GAIN = 2.0
"""Greatest sum of factors of sounds at one moment for which a scene is never turned down (see bank.EVENT_PEAK)."""


def draw_labels(
    rng: np.random.Generator,
    choice: Choice,
    count: int,
    repeats: float,
    taken: Iterable[str] = (),
    first: frozenset[str] = frozenset(),
) -> list[str]:
    """`count` labels in random order; each after the first is one of the earlier ones with the chance `repeats`.

    None of them is confusable with another or with any of `taken`; those of `first` come before the others; the list is
    empty where nothing is left.
    """
    fresh = choice.fresh(rng, taken, first)
    chosen: list[str] = []
    ahead = next(fresh, None)
    if ahead is None:
        return []
    for _ in range(count):
        if ahead is None or (chosen and rng.random() < repeats):
            known = sorted(set(chosen))
            chosen.append(known[int(rng.integers(len(known)))])
        else:
            chosen.append(ahead)
            ahead = next(fresh, None)
    return [chosen[i] for i in rng.permutation(count)]


def lay_temporal(rng: np.random.Generator, s: Settings, pool: Pool, count: int) -> Laid:
    """One temporal scene of `count` events."""
    # Ceilings keep a drawn gap or length from falling below the promised least by a rounded sample.
    low, high = (math.ceil(x * RATE) for x in s.event_seconds)
    events: list[Placed] = []
    at = math.ceil(rng.uniform(*s.edge_seconds) * RATE)
    for label in draw_labels(rng, pool.events, count, s.repeat_probability):
        source, length, licence, fades = pool.event(rng, label, low, high)
        fields: dict[str, Any] = {"source": source, "start": at, "length": length, **fades}
        if events:
            last = events[-1]
            blend = last.label != label and s.crossfade_probability > 0.0 and rng.random() < s.crossfade_probability
            if blend:
                shared = math.ceil(rng.uniform(*s.crossfade_seconds) * RATE)
                shared = min(shared, length // 3, last.fields["length"] // 3)
                last.fields["fade_out"] = fields["fade_in"] = shared
                fields["start"] = at - shared
            else:
                # The width of the range stays, so that a gap alone does not give a repeated class away by its length.
                more = max(SAME_CLASS_GAP_S - s.min_gap_s, 0.0) if label == last.label else 0.0
                fields["start"] = at + math.ceil((more + rng.uniform(s.min_gap_s, s.max_gap_s)) * RATE)
        fields["gain_db"] = round(float(rng.uniform(*s.gain_db)), 2)
        events.append(Placed(label, fields, licence))
        at = fields["start"] + length
    _leave_room(events)
    return Laid(events, at + math.ceil(rng.uniform(*s.edge_seconds) * RATE))


def _leave_room(events: list[Placed]) -> None:
    """Turn all events down together where two that blend could add up to more than a scene can hold."""
    worst = 0.0
    for a, b in pairwise(events):
        if b.fields["start"] < a.fields["start"] + a.fields["length"]:
            worst = max(worst, math.hypot(*(10.0 ** (x.fields["gain_db"] / 20.0) for x in (a, b))))
    if worst > PEAK_GAIN:
        down = math.ceil(2000.0 * math.log10(worst / PEAK_GAIN)) / 100.0
        for e in events:
            e.fields["gain_db"] = round(e.fields["gain_db"] - down, 2)
