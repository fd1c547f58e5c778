"""How likely each sound is to be drawn as a wrong option, so that none gives itself away by how often it is right.

Decision: a bell has many relatives that it must not stand beside, a cough has none. Drawn evenly, a bell would be
offered seldom and be right nearly whenever it is offered; a guesser who has seen many questions knows that. So scenes
are drawn at random in which all sounds are heard equally often, questions are asked about them, and the weight of a
sound that is offered too often for how often it is right is lowered. Where that does not suffice (beside three machines
no engine can be offered at all) questions to which the sound is the answer are left out in part.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from audio_reasoner.checks.ontology import confusable

MOST = 400
"""Of a larger vocabulary all labels are drawn evenly: weighing them would take long and change little."""
SCENES = 1500
FURTHEST = 5.0
"""No weight and no share is further from 1 than by this factor."""
_ROUNDS = 30
_WRONG = 3


@lru_cache(maxsize=32)
def _free(labels: tuple[str, ...]) -> np.ndarray:
    """Which labels may stand together: [n, n]."""
    return np.array([[not confusable(a, b) for b in labels] for a in labels], dtype=bool)


def _drawn(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each row one column, by its chances; -1 where all are 0. The rows share the draws evenly among themselves."""
    edges = np.cumsum(chances, axis=1)
    even = (rng.permutation(len(chances)) + rng.random()) / len(chances)
    at = (edges < (even * edges[:, -1])[:, None]).sum(axis=1)
    return np.where(edges[:, -1] > 0, np.minimum(at, chances.shape[1] - 1), -1)


Part = tuple[tuple[str, ...], int]
"""Labels, and how many of them a scene has."""


@lru_cache(maxsize=64)
def _scenes(parts: tuple[Part, ...]) -> list[np.ndarray]:
    """Scenes of sounds that may stand together: for each part which labels are heard, each about equally often."""
    every = tuple(dict.fromkeys(x for pool, _ in parts for x in pool))
    free, place = _free(every), {x: i for i, x in enumerate(every)}
    columns = [np.array([place[x] for x in pool]) for pool, _ in parts]
    weights = [np.ones(len(pool)) for pool, _ in parts]
    out: list[np.ndarray] = []
    for turn in range(_ROUNDS):
        rng = np.random.default_rng(turn)
        left = np.ones((SCENES, len(every)), dtype=bool)
        out = []
        for p, (pool, count) in enumerate(parts):
            scenes = np.zeros((SCENES, len(pool)), dtype=bool)
            for _ in range(count):
                chosen = _drawn(left[:, columns[p]] * weights[p], rng)
                rows = np.flatnonzero(chosen >= 0)
                scenes[rows, chosen[rows]] = True
                left[rows] &= free[columns[p][chosen[rows]]]
            often = scenes.mean(axis=0)
            change = np.clip(often.mean() / np.maximum(often, 1e-6), 0.5, 2.0) ** 0.7
            weights[p] = np.clip(weights[p] * change / weights[p].mean(), 1e-3, 1e3)
            out.append(scenes)
    return out


@lru_cache(maxsize=256)
def weights_of(pool: tuple[str, ...], parts: tuple[Part, ...]) -> tuple[np.ndarray, np.ndarray]:
    """For each label of the pool its weight as a wrong option, and the share of questions to keep in which it is right.

    Args:
        pool: the labels to draw from, one of the parts' pools (else all weights are equal).
        parts: what the scene consists of: its backgrounds, its tracks, its other sounds.
    """
    n = len(pool)
    which = next((i for i, (labels, k) in enumerate(parts) if labels == pool and k), None)
    if which is None or n < 3 or len({x for labels, _ in parts for x in labels}) > MOST:
        return np.ones(n), np.ones(n)
    every = tuple(dict.fromkeys(x for labels, _ in parts for x in labels))
    place = {x: i for i, x in enumerate(every)}
    columns = [np.array([place[x] for x in labels]) for labels, _ in parts]
    scenes = _scenes(parts)
    asked = scenes[which].any(axis=1)
    free = _free(every)[:, columns[which]]
    allowed = np.ones((int(asked.sum()), n), dtype=bool)
    for heard, at in zip(scenes, columns, strict=True):
        allowed &= (heard[asked].astype(float) @ (~free[at]).astype(float)) == 0
    inside = scenes[which][asked] / scenes[which][asked].sum(axis=1, keepdims=True)
    right = np.maximum(inside.sum(axis=0), 1e-9)
    weights, keep = np.ones(n), np.ones(n)
    for turn in range(_ROUNDS):
        rng = np.random.default_rng(turn)
        left, offered = allowed.copy(), np.zeros(n)
        kept = (inside * keep).sum(axis=1, keepdims=True)
        for _ in range(_WRONG):
            chances = left * weights
            chances = chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-12)
            offered += (kept * chances).sum(axis=0)
            chosen = _drawn(chances, rng)
            rows = np.flatnonzero(chosen >= 0)
            left[rows] &= free[columns[which][chosen[rows]]]
        ratio = np.maximum(offered, 1e-9) / (_WRONG * keep * right)  # 1: as often offered as is fair
        weights = np.clip(weights * np.clip(1.0 / ratio, 0.5, 2.0) ** 0.5, 1.0 / FURTHEST, FURTHEST)
        keep = np.clip(keep * np.clip(ratio, 0.5, 2.0) ** 0.5, 1.0 / FURTHEST, 1.0)
    return weights, keep
