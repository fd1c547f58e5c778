"""Questions about how sounds lie over one another: loudest, overlap, interval, target in a mix, background.

Decision: whatever is offered could have been right. A background is offered among backgrounds, a track among tracks;
two sounds that overlap stand against two that surely do not, of the same clip; a pair of sounds is offered in a ring
(ab, ac, bd, cd), where every sound stands twice; and intervals come from one ladder. What a listener could not be sure
of is not asked: a margin of loudness under `LOUDER_DB`, an overlap no longer than a crossfade, an interval between two
rungs.
"""

from __future__ import annotations

from collections.abc import Sequence

from audio_reasoner.core.records import Question, Task
from audio_reasoner.grounded.options import N_OPTIONS, Rng, akin, ask, distractors, kept, pick, rungs
from audio_reasoner.grounded.scene import ORDER_GAP_S, Scene, Sound, overlapping
from audio_reasoner.grounded.templates import TEMPLATES
from audio_reasoner.grounded.world import World

LOUDER_DB = 4.0
"""How far the loudest sound must stand above every other one; all sounds of a bank are levelled alike before."""
AKIN = 0.2
"""How often four sounds of one kind are tried."""
TIMES = ("0", "1", "2", "3")
"""How often a sound may occur: always all four are offered."""
INTERVALS = (1, 2, 4, 8)
"""The intervals (s) that are offered: always all four."""


def single(scene: Scene) -> list[Sound]:
    """The sounds whose label occurs once, so that a question can name them."""
    names = [s.label for s in scene.all]
    return [s for s in scene.sounds if names.count(s.label) == 1]


def sound_of(scene: Scene, label: str) -> Sound:
    """The first sound of that name."""
    return next(s for s in scene.all if s.label == label)


def alike(scene: Scene, gold: str) -> list[str]:
    """The other labels that occur as this one does, short or long: a track among barks would be known by its name."""
    tracks = {s.label for s in scene.tracks}
    return [x for x in scene.labels if x != gold and (x in tracks) == (gold in tracks)]


def filled(rng: Rng, scene: Scene, world: World, gold: str, inside: Sequence[str]) -> list[str] | None:
    """The right label, these others of the scene, the rest from outside, all of the same sort."""
    pool, parts, n = world.like(scene, sound_of(scene, gold)), world.parts(scene), N_OPTIONS - 1 - len(inside)
    if not kept(rng, gold, pool, parts, n / (N_OPTIONS - 1)):
        return None
    return [gold, *inside, *distractors(rng, scene.heard, pool, n, parts)]


def beside(rng: Rng, scene: Scene, world: World, gold: str) -> list[str] | None:
    """The right label, up to three others of the scene, the rest from outside, all of the same sort."""
    inside = alike(scene, gold)
    return filled(rng, scene, world, gold, [inside[int(i)] for i in rng.permutation(len(inside))][: N_OPTIONS - 1])


def around(rng: Rng, scene: Scene, world: World, s: Sound) -> list[str] | None:
    """A sound of the scene and three that are not heard, at times all four of one kind (harder); None if none are."""
    pool = world.like(scene, s)
    # Which of the two is tried does not depend on the sound: else animals, having relatives, would seldom be right
    # beside other sounds, and be known by that.
    if rng.random() < AKIN:
        others = akin(rng, s.label, scene.heard, pool)
        return None if others is None else [s.label, *others]
    return filled(rng, scene, world, s.label, ())


def loudest(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound is loudest, where its margin over every other one can be heard."""
    if len(scene.labels) < 2 or not scene.audible:
        return None
    best: dict[str, float] = {}
    for s in (*scene.sounds, *scene.beneath):
        best[s.label] = max(best.get(s.label, s.gain_db), s.gain_db)
    gold, second = sorted(best, key=lambda x: -best[x])[:2]
    if best[gold] - best[second] < LOUDER_DB or gold not in scene.labels:
        return None
    options = beside(rng, scene, world, gold)
    if options is None:
        return None
    return ask(rng, task, "loudest", pick(rng, TEMPLATES["loudest"]), options, gold, scene)


def overlap(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which two sounds overlap, what is heard together with one, or whether two overlap (yes and no evenly)."""
    if not scene.audible or len(scene.sounds) < 2:
        return None
    ways = [_overlap_pair, _overlap_which, _overlap_is]
    for i in rng.permutation(len(ways)):
        found = ways[int(i)](scene, world, rng, task)
        if found is not None:
            return found
    return None


def _overlap_is(scene: Scene, _world: World, rng: Rng, task: Task) -> Question | None:
    tracks, named = scene.tracks, single(scene)
    # Two short sounds overlap seldom, two tracks often. A pair is asked about only where a pair of the same sort in the
    # same clip would have the other answer: else the names would tell.
    sorts: dict[int, dict[bool, list[tuple[Sound, Sound]]]] = {}
    for i, a in enumerate(named):
        for b in named[i + 1 :]:
            if (found := overlapping(a, b)) is not None:
                sorts.setdefault((a in tracks) + (b in tracks), {}).setdefault(found, []).append((a, b))
    both = [sorts[k] for k in sorted(sorts) if len(sorts[k]) == 2]
    if not both:
        return None
    pairs = both[int(rng.integers(len(both)))]
    yes = rng.random() < 0.5
    a, b = pairs[yes][int(rng.integers(len(pairs[yes])))]
    if rng.random() < 0.5:
        a, b = b, a
    text = pick(rng, TEMPLATES["overlap_is"]).format(x=a.label, y=b.label)
    return ask(rng, task, "overlap", text, ["yes", "no"], "yes" if yes else "no", scene)


def _overlap_which(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    tracks = scene.tracks
    found: list[tuple[Sound, Sound, list[str]]] = []
    for x in single(scene):
        state = {s: overlapping(x, s) for s in scene.sounds if s is not x}
        with_x = dict.fromkeys(s.label for s, o in state.items() if o)
        for y in (s for s, o in state.items() if o):
            # What may or may not overlap, and a second sound that does, cannot stand beside the right one.
            never = [
                s.label
                for s, o in state.items()
                if o is False and (s in tracks) == (y in tracks) and s.label not in with_x
            ]
            unsure = {s.label for s, o in state.items() if o is None}
            found.append((x, y, [n for n in dict.fromkeys(never) if n not in unsure]))
    if not found:
        return None
    x, y, others = found[int(rng.integers(len(found)))]
    inside = [others[int(i)] for i in rng.permutation(len(others))][: N_OPTIONS - 1]
    options = filled(rng, scene, world, y.label, inside)
    if options is None:
        return None
    text = pick(rng, TEMPLATES["overlap_which"]).format(x=x.label)
    return ask(rng, task, "overlap", text, options, y.label, scene)


def _overlap_pair(scene: Scene, _world: World, rng: Rng, task: Task) -> Question | None:
    tracks = scene.tracks
    short = [s for s in single(scene) if s not in tracks and " and " not in s.label]
    state = {(a.label, b.label): overlapping(a, b) for a in short for b in short if a is not b}
    rings = []
    for i in rng.permutation(len(short)):
        a = short[int(i)].label
        for b in (s.label for s in short if state.get((a, s.label))):
            rest = [s.label for s in short if s.label not in (a, b)]
            free = [
                (c, d)
                for c in rest
                for d in rest
                if c != d and state[a, c] is False and state[b, d] is False and state[c, d] is False
            ]
            rings += [(a, b, c, d) for c, d in free]
    if not rings:
        return None
    a, b, c, d = rings[int(rng.integers(len(rings)))]
    options = [pair_text(rng, *p) for p in ((a, b), (a, c), (b, d), (c, d))]
    return ask(rng, task, "overlap", pick(rng, TEMPLATES["overlap_pair"]), options, options[0], scene)


def pair_text(rng: Rng, a: str, b: str) -> str:
    """Two sounds as an option, in either order."""
    first, second = (a, b) if rng.random() < 0.5 else (b, a)
    return f"{first} and {second}"


def pair_in(option: str, labels: tuple[str, ...]) -> tuple[str, str] | None:
    """The two sounds of such an option: the inverse of `pair_text`."""
    return next(((a, b) for a in labels for b in labels if f"{a} and {b}" == option), None)


def interval(scene: Scene, _world: World, rng: Rng, task: Task) -> Question | None:
    """How much time passes between the starts of two sounds, among four lengths well apart."""
    if not scene.audible:
        return None
    named = single(scene)
    by_rung: dict[str, list[tuple[Sound, Sound, list[str]]]] = {}
    for i, a in enumerate(named):
        for b in named[i + 1 :]:
            passed = b.exact[0] - a.exact[0]
            options = rungs(passed, INTERVALS) if passed >= ORDER_GAP_S else None
            if options is not None:
                by_rung.setdefault(options[0], []).append((a, b, options))
    if not by_rung:
        return None
    # The rung is drawn first: drawn from all pairs, short intervals would be right most of the time.
    rung = pick(rng, sorted(by_rung))
    a, b, options = by_rung[rung][int(rng.integers(len(by_rung[rung])))]
    text = pick(rng, TEMPLATES["interval"]).format(x=a.label, y=b.label)
    return ask(rng, task, "interval", text, options, options[0], scene)


def target(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound is in the mix, whether one is, or how often."""
    if not (scene.whole and scene.mixed) or scene.droning:
        return None
    every = scene.all
    s = every[int(rng.integers(len(every)))]
    pool = world.like(scene, s)
    way = rng.random()
    if way < 0.4:
        options = around(rng, scene, world, s)
        if options is None:
            return None
        return ask(rng, task, "target", pick(rng, TEMPLATES["target_which"]), options, s.label, scene)
    if way < 0.7:
        if not kept(rng, s.label, pool, world.parts(scene)):
            return None
        yes = rng.random() < 0.5
        named = [s.label] if yes else distractors(rng, scene.heard, pool, 1, world.parts(scene))
        if not named:
            return None
        text = pick(rng, TEMPLATES["target_is"]).format(x=named[0])
        return ask(rng, task, "target", text, ["yes", "no"], "yes" if yes else "no", scene)
    tracks = {t.label for t in scene.tracks}
    short = [x for x in scene.labels if x not in tracks]
    by_value = by_times(scene, distractors(rng, scene.heard, world.sounds, 1, world.parts(scene)), short)
    if not scene.countable or max(by_value, default=0) < 2:
        return None
    values = sorted(by_value)
    value = values[int(rng.integers(len(values)))]
    x = pick(rng, by_value[value])
    return ask(rng, task, "target", pick(rng, TEMPLATES["target_count"]).format(x=x), TIMES, str(value), scene)


def by_times(scene: Scene, absent: list[str], labels: Sequence[str]) -> dict[int, list[str]]:
    """The labels by how often they occur, as far as that is offered."""
    found: dict[int, list[str]] = {0: absent} if absent else {}
    counts = scene.counts
    for x in labels:
        if str(counts[x]) in TIMES:
            found.setdefault(counts[x], []).append(x)
    return found


def background(scene: Scene, world: World, rng: Rng, task: Task) -> Question | None:
    """Which sound goes on beneath one that is named."""
    if not scene.whole or len(scene.beneath) != 1:
        return None
    (under,) = scene.beneath
    over = list(dict.fromkeys(s.label for s in scene.sounds if overlapping(s, under) and s.label != under.label))
    if not over or under.label in scene.labels:
        return None
    options = filled(rng, scene, world, under.label, ())
    if options is None:
        return None
    text = pick(rng, TEMPLATES["background"]).format(x=pick(rng, over))
    return ask(rng, task, "background", text, options, under.label, scene)
