"""How options are drawn, so that a question cannot be answered without hearing.

Decision: a label is drawn as a wrong option as often as it is right, numbers evenly from those that occur, lengths from
one ladder for all clips; so a guesser who knows all other questions gains nothing from an option's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from audio_reasoner.checks.ontology import COMMON, KINDS, confusable, words_of
from audio_reasoner.core.records import Question, Task
from audio_reasoner.grounded.scene import Scene
from audio_reasoner.grounded.templates import ASIDE, FRONT
from audio_reasoner.grounded.weights import Part, weights_of

Rng = np.random.Generator
N_OPTIONS = 4
LENGTHS = (1, 2, 4, 8)
LONG_LENGTHS = (5, 10, 20, 40)
LONG_S = 8.85
"""The lengths (s) that are offered of clips, those of clips over `LONG_S`: each twice the one before."""
NEAR_RUNG = 1.13
"""A length is asked for only if it is within this factor of a rung: told as "about" that rung, it is true."""
DIFFICULTY: dict[str, int] = {
    "first": 1, "last": 1, "presence": 1, "sound": 1, "loudest": 1, "target": 1, "background": 1,
    "count": 2, "before": 2, "after": 2, "longest": 2, "duration": 2, "loudness": 2, "overlap": 2, "interval": 2,
    "order": 3, "count_of": 3, "describe": 3,
}  # fmt: skip
"""How hard a family is by itself; a scene's sounds, their likeness and their overlap add to it (`level`)."""

_OF_SCENE = frozenset(("order", "count", "count_of", "interval", "overlap"))
"""Families whose options are no single sounds: there the sounds of the scene are compared."""


def pick(rng: Rng, items: Sequence[str]) -> str:
    """One of `items`, evenly."""
    return items[int(rng.integers(len(items)))]


def sequence_text(labels: Sequence[str]) -> str:
    """How an ordering is written as an option; a semicolon where a label itself has a comma."""
    return ("; " if any("," in x for x in labels) else ", ").join(labels)


def sequence_items(option: str) -> list[str]:
    """The labels of an ordering option: the inverse of `sequence_text`."""
    return option.split("; " if "; " in option else ", ")


def distractors(
    rng: Rng, known: Sequence[str], vocabulary: Sequence[str], n: int, parts: tuple[Part, ...] = ()
) -> list[str]:
    """Up to `n` labels that are surely not heard: none confusable with a known label or with one another.

    Args:
        rng: draws them.
        known: labels of sounds that are in the clip.
        vocabulary: the user's labels; the ontology's common sounds stand in when they do not suffice.
        n: how many.
        parts: what the scene consists of (`World.parts`), if it is one.
    """
    out: list[str] = []
    for pool in (tuple(vocabulary), COMMON):
        if len(out) == n:
            break
        weights, _ = weights_of(pool, parts or ((pool, len(set(known))),))
        # The order of a weighted draw without replacement: the smallest of exponential waiting times first.
        for i in np.argsort(rng.exponential(size=len(pool)) / weights):
            if len(out) == n:
                return out
            candidate = pool[int(i)]
            if not any(confusable(candidate, other) for other in (*known, *out)):
                out.append(candidate)
    return out


def kept(rng: Rng, gold: str, vocabulary: tuple[str, ...], parts: tuple[Part, ...], outside: float = 1.0) -> bool:
    """Whether a question with this right answer is asked: less often if it could seldom be a wrong option elsewhere.

    Args:
        rng: draws.
        gold: the right answer.
        vocabulary: the labels it is offered among.
        parts: what the scene consists of.
        outside: the share of wrong options that are not heard; those that are heard are fair by themselves.
    """
    if gold not in vocabulary:
        return True
    _, keep = weights_of(vocabulary, parts)
    return bool(rng.random() < 1.0 - outside * (1.0 - keep[vocabulary.index(gold)]))


@lru_cache(maxsize=4096)
def kin(label: str) -> frozenset[str]:
    """The kinds a label belongs to (animal, vehicle, …): sounds of one kind are harder to tell apart."""
    words = words_of(label)
    return frozenset(k for k, members in _MEMBERS.items() if words & members)


_MEMBERS = {k: words_of(v) for k, v in KINDS.items()}


def akin(rng: Rng, gold: str, heard: Sequence[str], pool: Sequence[str]) -> list[str] | None:
    """Three wrong options of one kind with the right one, or None: among three of a kind the fourth would be out."""
    for kind in sorted(kin(gold)):
        found = distractors(rng, heard, [x for x in pool if kind in kin(x)], N_OPTIONS - 1)
        if len(found) == N_OPTIONS - 1 and all(kind in kin(x) for x in found):
            return found
    return None


def level(family: str, scene: Scene | None, options: Sequence[str]) -> int:
    """How hard a question is, 1 to 3: its family, the number of sounds, their overlap, how alike the options are."""
    if scene is None:
        return DIFFICULTY[family]
    n = len(scene.sounds) + len(scene.beneath)
    names = scene.heard if family in _OF_SCENE else options
    alike = any(kin(a) & kin(b) for i, a in enumerate(names) for b in names[i + 1 :])
    points = DIFFICULTY[family] + (n >= 4) + (n >= 6) + alike + scene.mixed
    return max(1, min(points - 1, 3))


def ask(
    rng: Rng,
    task: Task,
    family: str,
    text: str,
    options: Sequence[str],
    gold: str,
    scene: Scene | None = None,
) -> Question | None:
    """A question with its options in random order; None where two options read alike."""
    unique = list(dict.fromkeys(options))
    if len(unique) < 2 or len({o.casefold() for o in unique}) < len(unique):
        return None
    unique = [unique[int(i)] for i in rng.permutation(len(unique))]
    if scene is not None and scene.beneath and family in FRONT:
        text = pick(rng, ASIDE) + text[:1].lower() + text[1:]
    return Question(
        task=task,
        family=family,
        text=text,
        options=tuple(unique),
        gold_text=gold,
        gold_index=unique.index(gold),
        difficulty=level(family, scene, unique),
    )


def numbers(rng: Rng, gold: int, among: Sequence[int]) -> list[str]:
    """The right number and three others, each drawn evenly from `among`, so that no rank is likelier than another."""
    others = [v for v in among if v != gold]
    if len(others) < N_OPTIONS - 1:
        others = [v for v in range(max(0, gold - 3), max(0, gold - 3) + 7) if v != gold]
    elif gold not in among:  # beyond what was expected: a window that reaches up to it
        low = gold - int(rng.integers(N_OPTIONS))
        others = [v for v in range(low, low + N_OPTIONS) if v != gold]
    chosen = rng.permutation(len(others))[: N_OPTIONS - 1]
    return [str(gold), *(str(others[int(i)]) for i in chosen)]


def window(rng: Rng, gold: int, lo: int, width: int) -> list[str]:
    """Four numbers with gold: three others drawn evenly from the window, so no rank is likelier than another."""
    if gold >= lo + width:
        lo = gold - int(rng.integers(width))
    return numbers(rng, gold, range(lo, lo + width))


def rungs(seconds: float, ladder: Sequence[int]) -> list[str] | None:
    """A length in words and the other rungs of a ladder of lengths; None if it lies between two rungs.

    The rungs are always the same: options drawn around the true length would say which lengths are usual, and a guesser
    who knows that picks the middle one.
    """
    near = [x for x in ladder if max(x / seconds, seconds / x) <= NEAR_RUNG]
    return [seconds_text(near[0]), *(seconds_text(x) for x in ladder if x != near[0])] if near else None


def seconds_text(value: float) -> str:
    """A duration in words a listener would use: halves under 3 s, whole seconds above, fives above half a minute."""
    if value < 3:
        rounded = max(round(value * 2) / 2, 0.5)
    elif value < 30:
        rounded = float(round(value))
    else:
        rounded = float(round(value / 5) * 5)
    number = f"{rounded:g}"
    return f"about {number} second" + ("" if number == "1" else "s")
