"""Questions a scene can answer, with options from which nothing can be guessed.

Decision: the gold option is never the centre of its distractors. Orderings are drawn either as random permutations or
as the four corners of a square of two independent changes; numbers are drawn evenly from those that occur; so a voter
over the options, who hears nothing, stays at chance. Sounds are counted and ordered, backgrounds are not. The wording
stands in `templates`, the drawing of options in `options`, questions about mixtures in `questions_mix`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

from audio_reasoner.checks.ontology import confusable
from audio_reasoner.core.records import Question, Task
from audio_reasoner.grounded import questions_mix as mix
from audio_reasoner.grounded.options import LENGTHS, LONG_LENGTHS, LONG_S, ask, kept, numbers, rungs
from audio_reasoner.grounded.options import N_OPTIONS as N_OPTIONS
from audio_reasoner.grounded.options import Rng as Rng
from audio_reasoner.grounded.options import distractors as distractors
from audio_reasoner.grounded.options import pick as pick
from audio_reasoner.grounded.options import seconds_text as seconds_text
from audio_reasoner.grounded.options import sequence_items as sequence_items
from audio_reasoner.grounded.options import sequence_text as sequence_text
from audio_reasoner.grounded.options import window as window
from audio_reasoner.grounded.scene import ORDER_GAP_S, Scene
from audio_reasoner.grounded.templates import TEMPLATES as TEMPLATES
from audio_reasoner.grounded.templates import named_by as named_by
from audio_reasoner.grounded.templates import target_of as target_of
from audio_reasoner.grounded.world import World

LONGEST_RATIO = 1.25
"""How much longer the longest sound must be than any other kind's longest one."""
LONGEST_MARGIN_S = 0.25
TIMES_WEIGHT = (1.0, 1.0, 1.2, 4.0)
"""How much rather a sound that occurs so often is asked about: few occur twice, fewer three times."""


def order(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Four orderings; None where order cannot be told or there are not 2 to 5 sounds."""
    seq = scene.sequence
    if not (scene.audible and scene.ordered and scene.countable) or not 2 <= len(seq) <= 5 or len(set(seq)) < 2:
        return None
    if 0 < len(scene.tracks) < len(seq):
        return None  # what goes on for long mostly begins early: the names alone would tell
    square = len(seq) == 2 or rng.random() < 0.3
    every = sorted(set(permutations(seq)))
    if not square and len(every) >= N_OPTIONS:
        others = [p for p in every if p != seq]
        chosen = [others[int(i)] for i in rng.permutation(len(others))[: N_OPTIONS - 1]]
        options = [seq, *chosen]
    else:
        options = _square(scene, world, rng)
    texts = [sequence_text(o) for o in options]
    if len(set(texts)) < N_OPTIONS:
        return None
    return ask(rng, task, "order", pick(rng, TEMPLATES["order"]), texts, texts[0], scene)


def _square(scene: Scene, world: World, rng: Rng) -> list[tuple[str, ...]]:
    """The true ordering and three others: two changes, each made or not, in every combination."""
    seq = scene.sequence
    n = len(seq)
    places = [int(i) for i in rng.permutation(n)]
    swaps = [(i, j) for i in range(n) for j in range(i + 1, n) if seq[i] != seq[j]]
    new = distractors(rng, scene.heard, world.like(scene, scene.sounds[0]), 2, world.parts(scene))
    if n >= 3 and new:
        i, j = swaps[int(rng.integers(len(swaps)))]
        counts = scene.counts
        # A sound that comes once is replaced: else the options would differ in how many kinds they name.
        others = [p for p in places if p not in (i, j) and counts[seq[p]] == 1]
        if not others:
            return [seq]
        k = others[0]

        def first(s: tuple[str, ...]) -> tuple[str, ...]:
            out = list(s)
            out[i], out[j] = out[j], out[i]
            return tuple(out)

        def second(s: tuple[str, ...]) -> tuple[str, ...]:
            return (*s[:k], new[0], *s[k + 1 :])
    elif len(new) == 2:
        i, k = places[:2]

        def first(s: tuple[str, ...]) -> tuple[str, ...]:
            return (*s[:i], new[0], *s[i + 1 :])

        def second(s: tuple[str, ...]) -> tuple[str, ...]:
            return (*s[:k], new[1], *s[k + 1 :])
    else:
        return [seq]
    return [seq, first(seq), second(seq), second(first(seq))]


def count(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """How many sounds in all."""
    if not (scene.audible and scene.countable and scene.ordered) or scene.tracks:
        return None  # how many tracks a mixture has is no question of separate sounds
    n = len(scene.sounds)
    if n == 1 and rng.random() < (0.3 if world.counts else 0.7):
        return None  # clips of one sound can be asked little else; without this, one would be the commonest count
    options = numbers(rng, n, world.counts if n in world.counts else range(1, 7))
    return ask(rng, task, "count", pick(rng, TEMPLATES["count"]), options, str(n), scene)


def count_of(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """How often one sound occurs, never to three times; the number is drawn first, as evenly as scenes allow."""
    if not (scene.audible and scene.countable) or scene.droning:
        return None
    by_value = mix.by_times(scene, distractors(rng, scene.heard, world.sounds, 1, world.parts(scene)), scene.labels)
    values = sorted(by_value)
    if values[-1] < 2 and rng.random() < 0.8:
        return None  # most scenes repeat nothing; asked of each, never and once would be right most of the time
    weights = np.array([TIMES_WEIGHT[v] for v in values])
    value = values[int(rng.choice(len(values), p=weights / weights.sum()))]
    target = pick(rng, by_value[value])
    if any(confusable(target, other) for other in scene.heard if other != target):
        return None
    text = pick(rng, TEMPLATES["count_of"]).format(x=target)
    return ask(rng, task, "count_of", text, mix.TIMES, str(value), scene)


def _one_sound(scene: Scene, gold: str, exclude: Sequence[str], world: World, rng: Rng) -> list[str] | None:
    """Gold, up to two other sounds of the clip, the rest from outside."""
    inside = [x for x in mix.alike(scene, gold) if x not in exclude]
    inside = [inside[int(i)] for i in rng.permutation(len(inside))][: int(rng.integers(1, 3))]
    return mix.filled(rng, scene, world, gold, inside)


def first(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound starts first."""
    if len(scene.sounds) < 2 or not scene.audible or not scene.ordered:
        return None
    gold = scene.sequence[0]
    options = _one_sound(scene, gold, (), world, rng)
    if options is None:
        return None
    return ask(rng, task, "first", pick(rng, TEMPLATES["first"]), options, gold, scene)


def last(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound starts last (and so is the last in the list)."""
    if len(scene.sounds) < 2 or not scene.audible or not scene.ordered:
        return None
    if scene.sounds[-1].exact[1] < max(s.exact[1] for s in scene.sounds) - ORDER_GAP_S:
        return None  # another sound outlasts it: "last" would have two readings
    gold = scene.sequence[-1]
    options = _one_sound(scene, gold, (), world, rng)
    if options is None:
        return None
    return ask(rng, task, "last", pick(rng, TEMPLATES["last"]), options, gold, scene)


def _neighbour(scene: Scene, world: World, rng: Rng, task: Task, family: str, step: int) -> Question | None:
    if len(scene.sounds) < 2 or not (scene.audible and scene.ordered and scene.countable):
        return None
    seq, counts = scene.sequence, scene.counts
    places = [i for i, x in enumerate(seq) if counts[x] == 1 and 0 <= i + step < len(seq)]
    if not places:
        return None
    i = places[int(rng.integers(len(places)))]
    gold = seq[i + step]
    text = pick(rng, TEMPLATES[family]).format(x=seq[i])
    options = _one_sound(scene, gold, (seq[i],), world, rng)
    return None if options is None else ask(rng, task, family, text, options, gold, scene)


def before(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound stands directly before one that occurs once."""
    return _neighbour(scene, world, rng, task, "before", -1)


def after(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound stands directly after one that occurs once."""
    return _neighbour(scene, world, rng, task, "after", 1)


def presence(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which of four is heard, or whether one is heard (yes and no evenly)."""
    if not scene.whole or scene.droning or (scene.mixed and rng.random() < 0.5):
        return None  # of a mixture the same is asked as `target`
    every = scene.all
    sound_ = every[int(rng.integers(len(every)))]
    pool = world.like(scene, sound_)
    if rng.random() < 0.5:
        options = mix.around(rng, scene, world, sound_)
        if options is None:
            return None
        return ask(rng, task, "presence", pick(rng, TEMPLATES["presence_which"]), options, sound_.label, scene)
    if not kept(rng, sound_.label, pool, world.parts(scene)):
        return None
    yes = rng.random() < 0.5
    named = [sound_.label] if yes else distractors(rng, scene.heard, pool, 1, world.parts(scene))
    if not named:
        return None
    text = pick(rng, TEMPLATES["presence_is"]).format(x=named[0])
    return ask(rng, task, "presence", text, ["yes", "no"], "yes" if yes else "no", scene)


def longest(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound lasts longest, where the margin over every other kind is audible."""
    if len(scene.labels) < 2 or not scene.audible:
        return None
    best: dict[str, float] = {}
    for s in scene.sounds:
        best[s.label] = max(best.get(s.label, 0.0), s.exact[1] - s.exact[0])
    ranked = sorted(best, key=lambda x: -best[x])
    top, second = best[ranked[0]], best[ranked[1]]
    if top < second * LONGEST_RATIO or top - second < LONGEST_MARGIN_S:
        return None
    gold = ranked[0]
    options = mix.beside(rng, scene, world, gold)
    if options is None:
        return None
    return ask(rng, task, "longest", pick(rng, TEMPLATES["longest"]), options, gold, scene)


def duration(seconds: float, rng: Rng, task: Task) -> Question | None:
    """How long the clip is, among four lengths that are the same for all clips (and four others for long ones)."""
    options = rungs(seconds, LENGTHS if seconds < LONG_S else LONG_LENGTHS)
    if options is None:
        return None
    return ask(rng, task, "duration", pick(rng, TEMPLATES["duration"]), options, options[0])


COURSE_TEXT: dict[str, str] = {
    "rising": "it grows louder",
    "falling": "it grows quieter",
    "steady": "it stays about equally loud",
    "rise_fall": "it swells and then fades",
    "fall_rise": "it fades and then swells",
    "varying": "it goes up and down several times",
}
"""The loudness courses in words, as options."""


def loudness(course: str, rng: Rng, task: Task) -> Question | None:
    """How the loudness develops, among four courses."""
    others = [c for c in COURSE_TEXT if c != course]
    chosen = [COURSE_TEXT[others[int(j)]] for j in rng.permutation(len(others))[: N_OPTIONS - 1]]
    text = pick(rng, TEMPLATES["loudness"])
    return ask(rng, task, "loudness", text, [COURSE_TEXT[course], *chosen], COURSE_TEXT[course])


def sound(tags: Sequence[str], vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which of four sounds is heard, for a clip of which only its tags are known."""
    gold = pick(rng, tags)
    options = [gold, *distractors(rng, tags, vocabulary, N_OPTIONS - 1)]
    return ask(rng, task, "sound", pick(rng, TEMPLATES["sound"]), options, gold)


def tag_presence(tags: Sequence[str], vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Whether one sound is heard, yes and no evenly."""
    yes = rng.random() < 0.5
    named = [pick(rng, tags)] if yes else distractors(rng, tags, vocabulary, 1)
    if not named:
        return None
    text = pick(rng, TEMPLATES["presence_is"]).format(x=named[0])
    return ask(rng, task, "presence", text, ["yes", "no"], "yes" if yes else "no")


Maker = Callable[[Scene, World, Rng, Task], Question | None]
SCENE_FAMILIES: dict[str, Maker] = {
    "first": first, "last": last, "presence": presence, "count": count, "before": before, "after": after,
    "longest": longest, "order": order, "count_of": count_of, "loudest": mix.loudest, "overlap": mix.overlap,
    "interval": mix.interval, "target": mix.target, "background": mix.background,
}  # fmt: skip
"""Families that need a timeline."""
