"""Weights that make classes come equally often although some stand in each other's way.

Decision: measured instead of derived. Two classes that a listener could confuse never meet in a scene, so a class with
many relatives is drawn too seldom; by how much depends on all their relations and on how many sounds a scene has. A few
thousand scenes are drawn at once as arrays, and each class's weight is corrected until all come equally often: some
tenths of a second for a hundred classes, once per plan.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

ROUNDS: Final = 10
MOST_SCENES: Final = 12_000
CELLS: Final = 600_000
"""Scenes times classes at most."""

Related = tuple[tuple[bool, ...], ...]
"""Row by row, whether the class of the row keeps the class of the column out of its scene (always itself)."""


def scenes_for(classes: int) -> int:
    """How many scenes are drawn to weigh so many classes."""
    return max(500, min(MOST_SCENES, CELLS // max(classes, 1)))


def picked(keys: Numbers, related: Flags, barred: Flags, counts: Counts) -> Flags:
    """Which classes each scene takes: in order of its `keys`, none that an earlier one or `barred` keeps out.

    Args:
        keys: [scenes, classes], positive; the smallest goes first.
        related: [classes, classes].
        barred: [scenes, classes].
        counts: [scenes], how many each may take.
    """
    left = np.where(barred, np.inf, keys)
    rows = np.arange(left.shape[0])
    hits = np.zeros(left.shape, dtype=bool)
    for j in range(int(counts.max(initial=0))):
        best = np.argmin(left, axis=1)
        takes = (counts > j) & np.isfinite(left[rows, best])
        hits[rows[takes], best[takes]] = True
        left[related[best] & takes[:, None]] = np.inf
    return hits


def _weigh(rng: np.random.Generator, related: Flags, barred: Flags, counts: Counts) -> tuple[Numbers, Flags]:
    waits = rng.standard_exponential(barred.shape)
    weights = np.ones(barred.shape[1])
    hits = picked(waits, related, barred, counts)
    for _ in range(ROUNDS):
        found = np.maximum(hits.sum(axis=0), 1)
        weights *= (found.mean() / found) ** 0.8
        weights = np.clip(weights / weights.mean(), 1e-2, 1e2)
        hits = picked(waits / weights, related, barred, counts)
    # Few digits: what another machine rounds otherwise in the last ones plans the same scenes.
    return np.round(weights, 4), hits


@lru_cache(maxsize=64)
def event_weights(related: Related, low: int, high: int, repeats: float) -> Numbers:
    """For scenes of `low` to `high` events of which each after the first repeats a class with the chance `repeats`."""
    rng = np.random.default_rng(0)
    flags = np.array(related, dtype=bool)
    n = scenes_for(len(flags))
    counts = rng.integers(low, high + 1, n)
    counts = 1 + rng.binomial(counts - 1, 1.0 - repeats)
    return _weigh(rng, flags, np.zeros((n, len(flags)), dtype=bool), counts)[0]


@lru_cache(maxsize=64)
def mix_weights(
    tracks: Related, events: Related, beside: Related, how_many: tuple[int, int], targets: tuple[int, int]
) -> tuple[Numbers, Numbers]:
    """For composite scenes: the weights of foreground tracks and of the short sounds among them.

    Args:
        tracks: relations of the classes that can be tracks.
        events: relations of the classes that can be short.
        beside: a row for each track class and a column for each short one.
        how_many: least and greatest number of tracks, the background included; it is drawn evenly before the others.
        targets: least and greatest number of short sounds.
    """
    rng = np.random.default_rng(0)
    flags = np.array(tracks, dtype=bool)
    n = scenes_for(max(len(flags), len(events)))
    ground = rng.integers(0, len(flags), n)
    counts = rng.integers(how_many[0], how_many[1] + 1, n) - 1
    front, hits = _weigh(rng, flags, flags[ground], counts)
    if not events:
        return front, np.ones(0)
    hits[np.arange(n), ground] = True
    near = np.array(beside, dtype=np.int64)
    barred = hits.astype(np.int64) @ near > 0
    wanted = rng.integers(max(targets[0], 1), max(targets[1], 1) + 1, n)
    return front, _weigh(rng, np.array(events, dtype=bool), barred, wanted)[0]
