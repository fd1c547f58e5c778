"""Questions a scene can answer, with options from which nothing can be guessed.

Decision: the gold option is never the centre of its distractors. Orderings are drawn either as random permutations or
as the four corners of a square of two independent changes; numbers are drawn uniformly from one window; so a voter
over the options, who hears nothing, stays at chance. A question's text is one of a few templates per family, and
`target_of` reads the sound it names back out of the text, so that a question carries no hidden fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import permutations

import numpy as np

from audio_reasoner.checks.ontology import COMMON, confusable
from audio_reasoner.core.records import Question, Task
from audio_reasoner.grounded.scene import ORDER_GAP_S, Scene

Rng = np.random.Generator
N_OPTIONS = 4
LONGEST_RATIO = 1.25
"""How much longer the longest sound must be than any other kind's longest one."""
LONGEST_MARGIN_S = 0.25
DURATION_RATIO = 1.8
"""Neighbouring duration options differ by this factor, so that one can be told by ear."""

DIFFICULTY: dict[str, int] = {
    "first": 1, "last": 1, "presence": 1, "sound": 1,
    "count": 2, "before": 2, "after": 2, "longest": 2, "duration": 2, "loudness": 2,
    "order": 3, "count_of": 3, "describe": 3,
}  # fmt: skip

TEMPLATES: dict[str, tuple[str, ...]] = {
    "order": (
        "In which order do the sounds occur?",
        "What is the order of the sounds?",
        "Which option lists the sounds in the order they are heard?",
        "Which sequence matches the clip from start to end?",
        "How do the sounds follow one another?",
    ),
    "count": (
        "How many separate sounds are there in all?",
        "How many separate sounds are heard in total?",
        "What is the total number of separate sounds?",
        "How many separate sounds does the clip hold?",
    ),
    "count_of": (
        "How many separate times does the {x} sound occur?",
        "On how many separate occasions is the {x} sound heard?",
        "How many separate times does the clip bring the {x} sound?",
        "How many separate times can the {x} sound be heard?",
    ),
    "first": (
        "Which sound comes first?",
        "What is the first sound?",
        "Which sound opens the clip?",
        "With which sound does the clip begin?",
    ),
    "last": (
        "Which sound comes last?",
        "What is the last sound?",
        "Which sound starts last?",
        "Which sound is the final one to come in?",
    ),
    "before": (
        "Which sound comes right before the {x} sound?",
        "What is heard just before the {x} sound?",
        "Which sound directly precedes the {x} sound?",
    ),
    "after": (
        "Which sound comes right after the {x} sound?",
        "What is heard just after the {x} sound?",
        "Which sound directly follows the {x} sound?",
    ),
    "presence_which": (
        "Which of these sounds is heard?",
        "Which of these sounds occurs in the clip?",
        "Which one of these can be heard?",
    ),
    "presence_is": (
        "Is the {x} sound heard?",
        "Does the {x} sound occur in the clip?",
        "Can the {x} sound be heard?",
    ),
    "longest": (
        "Which sound lasts longest?",
        "Which sound is the longest?",
        "What is the longest sound in the clip?",
    ),
    "duration": (
        "How long is the clip?",
        "About how long does the clip last?",
        "What is the length of the clip?",
    ),
    "loudness": (
        "How does the loudness change over the clip?",
        "What course does the loudness take?",
        "How does the volume develop from start to end?",
    ),
    "describe": (
        "Describe what is heard and how it unfolds over time.",
        "What can be heard in this clip, and how does it develop from start to end?",
        "Give an account of the sound in this clip and its course over time.",
        "Put into words what is heard and when.",
    ),
    "sound": (
        "Which sound is heard in the clip?",
        "What sound can be heard?",
        "What makes the sound in this clip?",
        "Which of these is the sound in the recording?",
    ),
}


@lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str]:
    head, _, tail = template.partition("{x}")
    return re.compile(re.escape(head) + "(.+)" + re.escape(tail), re.DOTALL)


def target_of(text: str) -> str | None:
    """The sound that a question's text names, or None if it names none.

    >>> target_of("Which sound comes right after the bell sound?")
    'bell'
    """
    for templates in TEMPLATES.values():
        for t in templates:
            if (x := named_by(t, text)) is not None:
                return x
    return None


def named_by(template: str, text: str) -> str | None:
    """What stands in `text` where the template has its {x}; None if the text is not made from it."""
    if "{x}" not in template:
        return None
    m = _pattern(template).fullmatch(text)
    return m.group(1) if m is not None else None


def pick(rng: Rng, items: Sequence[str]) -> str:
    """One of `items`, evenly."""
    return items[int(rng.integers(len(items)))]


def sequence_text(labels: Sequence[str]) -> str:
    """How an ordering is written as an option; a semicolon where a label itself has a comma."""
    return ("; " if any("," in x for x in labels) else ", ").join(labels)


def sequence_items(option: str) -> list[str]:
    """The labels of an ordering option: the inverse of `sequence_text`."""
    return option.split("; " if "; " in option else ", ")


def distractors(rng: Rng, known: Sequence[str], vocabulary: Sequence[str], n: int) -> list[str]:
    """Up to `n` labels that are surely not heard: none confusable with a known label or with one another.

    Args:
        known: labels of sounds that are in the clip.
        vocabulary: the user's labels; the ontology's common sounds stand in when they do not suffice.
    """
    out: list[str] = []
    for pool in (vocabulary, COMMON):
        for i in rng.permutation(len(pool)):
            if len(out) == n:
                return out
            candidate = pool[int(i)]
            if not any(confusable(candidate, other) for other in (*known, *out)):
                out.append(candidate)
    return out


def _ask(
    rng: Rng, task: Task, family: str, text: str, options: Sequence[str], gold: str, shuffle: bool = True
) -> Question | None:
    unique = list(dict.fromkeys(options))
    if len(unique) < 2 or len({o.casefold() for o in unique}) < len(unique):
        return None
    if shuffle:
        unique = [unique[int(i)] for i in rng.permutation(len(unique))]
    return Question(
        task=task,
        family=family,
        text=text,
        options=tuple(unique),
        gold_text=gold,
        gold_index=unique.index(gold),
        difficulty=DIFFICULTY[family],
    )


def window(rng: Rng, gold: int, lo: int, width: int) -> list[str]:
    """Four numbers with gold: three others drawn evenly from the window, so no rank is likelier than another."""
    if gold >= lo + width:
        lo = gold - int(rng.integers(width))
    others = [v for v in range(lo, lo + width) if v != gold]
    chosen = rng.permutation(len(others))[: N_OPTIONS - 1]
    return [str(gold), *(str(others[int(i)]) for i in chosen)]


def order(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Four orderings; None where order cannot be told or there are not 2 to 5 sounds."""
    seq = scene.sequence
    if not (scene.audible and scene.ordered and scene.countable) or not 2 <= len(seq) <= 5 or len(set(seq)) < 2:
        return None
    square = len(seq) == 2 or rng.random() < 0.3
    every = sorted(set(permutations(seq)))
    if not square and len(every) >= N_OPTIONS:
        others = [p for p in every if p != seq]
        chosen = [others[int(i)] for i in rng.permutation(len(others))[: N_OPTIONS - 1]]
        options = [seq, *chosen]
    else:
        options = _square(scene, vocabulary, rng)
    texts = [sequence_text(o) for o in options]
    if len(set(texts)) < N_OPTIONS:
        return None
    return _ask(rng, task, "order", pick(rng, TEMPLATES["order"]), texts, texts[0])


def _square(scene: Scene, vocabulary: Sequence[str], rng: Rng) -> list[tuple[str, ...]]:
    """The true ordering and three others: two changes, each made or not, in every combination."""
    seq = scene.sequence
    n = len(seq)
    places = [int(i) for i in rng.permutation(n)]
    swaps = [(i, j) for i in range(n) for j in range(i + 1, n) if seq[i] != seq[j]]
    new = distractors(rng, scene.labels, vocabulary, 2)
    if n >= 3 and new:
        i, j = swaps[int(rng.integers(len(swaps)))]
        k = next(p for p in places if p not in (i, j))

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


def count(scene: Scene, _vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """How many sounds in all."""
    if not (scene.audible and scene.countable and scene.ordered):
        return None
    if len(scene.sounds) == 1 and rng.random() < 0.7:
        return None  # clips of one sound can be asked little else; without this, one would be the commonest count
    options = window(rng, len(scene.sounds), 1, 6)
    return _ask(rng, task, "count", pick(rng, TEMPLATES["count"]), options, options[0])


def count_of(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """How often one sound occurs; repeats are preferred, because nought and once are what most clips have."""
    if not (scene.audible and scene.countable):
        return None
    counts = scene.counts
    by_value: dict[int, list[str]] = {}
    for label, c in counts.items():
        by_value.setdefault(c, []).append(label)
    absent = distractors(rng, scene.labels, vocabulary, 1)
    if absent:
        by_value[0] = absent
    values = sorted(by_value)
    if values[-1] < 2 and rng.random() < 0.45:
        return None  # most clips repeat nothing; asked of each, nought and once would be the answer most of the time
    # Values above one are rare among scenes; these weights even the golds out.
    weights = np.array([(1.0, 1.0, 6.0, 14.0)[min(v, 3)] for v in values])
    value = values[int(rng.choice(len(values), p=weights / weights.sum()))]
    target = pick(rng, by_value[value])
    if any(confusable(target, other) for other in counts if other != target):
        return None
    options = window(rng, value, 0, 5)
    return _ask(rng, task, "count_of", pick(rng, TEMPLATES["count_of"]).format(x=target), options, str(value))


def _one_sound(scene: Scene, gold: str, exclude: Sequence[str], vocabulary: Sequence[str], rng: Rng) -> list[str]:
    """Gold, up to two other sounds of the clip, the rest from outside."""
    inside = [x for x in scene.labels if x != gold and x not in exclude]
    inside = [inside[int(i)] for i in rng.permutation(len(inside))][: int(rng.integers(1, 3))]
    outside = distractors(rng, scene.labels, vocabulary, N_OPTIONS - 1 - len(inside))
    return [gold, *inside, *outside]


def first(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which sound starts first."""
    if len(scene.sounds) < 2 or not scene.audible or not scene.ordered:
        return None
    gold = scene.sequence[0]
    return _ask(rng, task, "first", pick(rng, TEMPLATES["first"]), _one_sound(scene, gold, (), vocabulary, rng), gold)


def last(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which sound starts last (and so is the last in the list)."""
    if len(scene.sounds) < 2 or not scene.audible or not scene.ordered:
        return None
    if scene.sounds[-1].exact[1] < max(s.exact[1] for s in scene.sounds) - ORDER_GAP_S:
        return None  # another sound outlasts it: "last" would have two readings
    gold = scene.sequence[-1]
    return _ask(rng, task, "last", pick(rng, TEMPLATES["last"]), _one_sound(scene, gold, (), vocabulary, rng), gold)


def _neighbour(
    scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task, family: str, step: int
) -> Question | None:
    if len(scene.sounds) < 2 or not (scene.audible and scene.ordered and scene.countable):
        return None
    seq, counts = scene.sequence, scene.counts
    places = [i for i, x in enumerate(seq) if counts[x] == 1 and 0 <= i + step < len(seq)]
    if not places:
        return None
    i = places[int(rng.integers(len(places)))]
    gold = seq[i + step]
    text = pick(rng, TEMPLATES[family]).format(x=seq[i])
    return _ask(rng, task, family, text, _one_sound(scene, gold, (seq[i],), vocabulary, rng), gold)


def before(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which sound stands directly before one that occurs once."""
    return _neighbour(scene, vocabulary, rng, task, "before", -1)


def after(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which sound stands directly after one that occurs once."""
    return _neighbour(scene, vocabulary, rng, task, "after", 1)


def presence(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which of four is heard, or whether one is heard (yes and no evenly)."""
    if not scene.audible:
        return None
    heard = pick(rng, scene.labels)
    if rng.random() < 0.5:
        options = [heard, *distractors(rng, scene.labels, vocabulary, N_OPTIONS - 1)]
        return _ask(rng, task, "presence", pick(rng, TEMPLATES["presence_which"]), options, heard)
    yes = rng.random() < 0.5
    if not yes:
        absent = distractors(rng, scene.labels, vocabulary, 1)
        if not absent:
            return None
        heard = absent[0]
    text = pick(rng, TEMPLATES["presence_is"]).format(x=heard)
    return _ask(rng, task, "presence", text, ["yes", "no"], "yes" if yes else "no")


def longest(scene: Scene, vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
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
    inside = [x for x in scene.labels if x != gold]
    inside = [inside[int(i)] for i in rng.permutation(len(inside))][: N_OPTIONS - 1]
    outside = distractors(rng, scene.labels, vocabulary, N_OPTIONS - 1 - len(inside))
    return _ask(rng, task, "longest", pick(rng, TEMPLATES["longest"]), [gold, *inside, *outside], gold)


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


def duration(seconds: float, rng: Rng, task: Task) -> Question | None:
    """How long the clip is, among four lengths well apart: three others from a ladder around the true one."""
    shorter = [x for j in (1, 2, 3) if (x := seconds * DURATION_RATIO**-j) >= 0.5]
    if len(shorter) < 2:
        return None  # with nothing shorter to offer, the shortest option would always be right
    longer = [seconds * DURATION_RATIO**j for j in (1, 2, 3)]
    gold = seconds_text(seconds)
    # The rank among the four is drawn first and evenly; drawing the others from one ladder would favour the middle.
    rank = int(rng.integers(len(shorter) + 1))
    chosen = [shorter[int(j)] for j in rng.permutation(len(shorter))[:rank]]
    chosen += [longer[int(j)] for j in rng.permutation(3)[: N_OPTIONS - 1 - rank]]
    others = [seconds_text(x) for x in chosen]
    if len({gold, *others}) < N_OPTIONS:
        return None  # a clip so short that lengths round to the same words
    return _ask(rng, task, "duration", pick(rng, TEMPLATES["duration"]), [gold, *others], gold)


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
    return _ask(rng, task, "loudness", text, [COURSE_TEXT[course], *chosen], COURSE_TEXT[course])


def sound(tags: Sequence[str], vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Which of four sounds is heard, for a clip of which only its tags are known."""
    gold = pick(rng, tags)
    options = [gold, *distractors(rng, tags, vocabulary, N_OPTIONS - 1)]
    return _ask(rng, task, "sound", pick(rng, TEMPLATES["sound"]), options, gold)


def tag_presence(tags: Sequence[str], vocabulary: Sequence[str], rng: Rng, task: Task) -> Question | None:
    """Whether one sound is heard, yes and no evenly."""
    yes = rng.random() < 0.5
    named = [pick(rng, tags)] if yes else distractors(rng, tags, vocabulary, 1)
    if not named:
        return None
    text = pick(rng, TEMPLATES["presence_is"]).format(x=named[0])
    return _ask(rng, task, "presence", text, ["yes", "no"], "yes" if yes else "no")


Maker = Callable[[Scene, Sequence[str], Rng, Task], Question | None]
SCENE_FAMILIES: dict[str, Maker] = {
    "first": first, "last": last, "presence": presence, "count": count, "before": before, "after": after,
    "longest": longest, "order": order, "count_of": count_of,
}  # fmt: skip
"""Families that need a timeline."""
