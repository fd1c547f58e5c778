"""Scenes in which sounds lie over one another: what is asked is fair and true, and the checks accept the chains."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from grounded_scenes import VOCABULARY, scene

from audio_reasoner.checks import check_sample, claims_of
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.grounded import GroundedTeacher, words_of_clip
from audio_reasoner.grounded.options import level
from audio_reasoner.grounded.questions_mix import INTERVALS, LOUDER_DB
from audio_reasoner.grounded.scene import Scene, scene_of
from audio_reasoner.grounded.templates import ASIDE, bare_text, pair_of, target_of
from audio_reasoner.grounded.weights import weights_of
from audio_reasoner.grounded.world import World, world_of

TRACKS = ("rain", "train", "piano", "crowd", "wind", "clock", "sheep", "violin", "trumpet")
SHORT = ("dog", "cough", "glass", "frog", "drum", "bell")
NEW = ("loudest", "overlap", "interval", "target", "background")


def beneath(clip: Clip, *places: int) -> Clip:
    """The clip with some of its events in the background."""
    assert clip.timeline is not None
    events = tuple(
        e.model_copy(update={"role": "background"}) if i in places else e for i, e in enumerate(clip.timeline.events)
    )
    return clip.model_copy(update={"timeline": clip.timeline.model_copy(update={"events": events})})


def mixture(seed: int) -> Clip:
    """A background, one or two tracks, up to four short sounds."""
    rng = np.random.default_rng(seed)
    names = [TRACKS[int(i)] for i in rng.permutation(len(TRACKS))]
    events = [(names[0], 0.0, 14.0), (names[1], 0.8, 9.0)]
    if rng.random() < 0.5:
        events.append((names[2], 4.0, 13.0))
    at = 1.5
    for _ in range(int(rng.integers(0, 5))):
        length = float(rng.uniform(0.4, 1.2))
        events.append((SHORT[int(rng.integers(len(SHORT)))], at, at + length))
        at += length + float(rng.uniform(0.6, 2.5))
    gain = {0: -8.0, **{i: float(rng.uniform(0, 9)) for i in range(1, len(events))}}
    order = sorted(range(len(events)), key=lambda i: events[i][1])
    clip = scene([events[i] for i in order], f"mix/{seed}", {k: gain[i] for k, i in enumerate(order)})
    return beneath(clip, 0)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [mixture(s) for s in range(120)]


@pytest.fixture(scope="module")
def vocabulary(clips: list[Clip]) -> tuple[str, ...]:
    return tuple(sorted({w for c in clips for w in words_of_clip(c)}))


def asked_of(clip: Clip, family: str, vocabulary: tuple[str, ...] = VOCABULARY, tries: int = 16) -> list[Question]:
    """The questions of one family that some seeds ask."""
    out = []
    for seed in range(tries):
        try:
            out += GroundedTeacher("brief", vocabulary, seed, 3, (family,)).annotate(clip).questions
        except TeacherError as error:
            if error.code != "grounded.nothing_known":
                raise
    return out


@pytest.mark.system
def test_chains_about_mixtures_are_accepted(clips: list[Clip], vocabulary: tuple[str, ...]) -> None:
    seen: Counter[str] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    for clip in clips:
        for style in ("full", "brief"):
            t = GroundedTeacher(style, vocabulary, 4, 5)  # type: ignore[arg-type]
            a = t.annotate(clip)
            for q in a.questions:
                chain = t.think(clip, None, a, q)
                seen[q.family] += 1
                assert match_option(chain.response, q.options).index == q.gold_index
                verdict = check_sample(clip, None, a, q, chain)
                assert verdict.decision == "accepted", (verdict.findings, chain.to_text())
                told.update((c.kind, c.status) for c in claims_of(clip, q, chain))
                assert not re.search(r"[{}\[\]|]|\.\.|,,| ,| \.|  ", chain.to_text())
    assert all(seen[f] > 10 for f in NEW), seen
    assert told["overlap", "supported"] > 30
    assert told["loudness", "supported"] > 3
    assert told["time", "supported"] > 3000


def test_the_vocabulary_tells_backgrounds_tracks_and_numbers_apart(vocabulary: tuple[str, ...]) -> None:
    assert set(SHORT) <= set(vocabulary)
    assert {f"background: {x}" for x in TRACKS} <= set(vocabulary)
    assert {f"track: {x}" for x in TRACKS} <= set(vocabulary)
    assert not set(TRACKS) & set(vocabulary)
    assert any(re.fullmatch(r"count: \d", x) for x in vocabulary)
    world = world_of(vocabulary, SHORT)
    assert set(world.backgrounds) == set(world.tracks) == set(TRACKS)
    assert world.counts


def test_options_are_of_the_sort_of_the_right_one(clips: list[Clip], vocabulary: tuple[str, ...]) -> None:
    t = GroundedTeacher("brief", vocabulary, 1, 6)
    n = 0
    for clip in clips[:100]:
        for q in t.annotate(clip).questions:
            if q.family in ("first", "last", "longest", "loudest", "before", "after") and n < 200:
                n += 1
                assert len({o in TRACKS for o in q.options}) == 1, (q.family, q.options)
    assert n > 60


def test_a_background_is_put_aside_in_words(clips: list[Clip], vocabulary: tuple[str, ...]) -> None:
    t = GroundedTeacher("full", vocabulary, 2, 6)
    for clip in clips[:80]:
        a = t.annotate(clip)
        assert "In the background" in a.caption
        for q in a.questions:
            aside = q.text.startswith(ASIDE)
            assert aside == (q.family in ("first", "last", "before", "after", "order", "count", "longest", "loudest"))
            assert bare_text(q.text)[0].isupper()
            if q.family in ("before", "after"):
                assert target_of(q.text) in {e.label for e in clip.timeline.events}  # type: ignore[union-attr]


def test_loudest_only_with_a_margin() -> None:
    def clip(db: float) -> Clip:
        return scene([("dog", 0.5, 1.5), ("cough", 2.0, 3.0), ("glass", 4.0, 5.0)], gain={1: db})

    assert not asked_of(clip(LOUDER_DB - 0.5), "loudest")
    assert not asked_of(clip(0.0), "loudest")
    assert {q.gold_text for q in asked_of(clip(LOUDER_DB + 0.5), "loudest")} == {"cough"}


def test_a_louder_background_is_never_the_loudest() -> None:
    clip = beneath(scene([("rain", 0.0, 6.0), ("dog", 1.0, 2.0), ("cough", 3.0, 4.0)], gain={0: 3.0, 1: 5.0}), 0)
    assert not asked_of(clip, "loudest")


def test_a_crossfade_is_no_overlap() -> None:
    clip = scene([("dog", 0.5, 1.5), ("cough", 1.3, 3.0), ("glass", 4.0, 5.0), ("drum", 6.0, 7.0)])
    assert not asked_of(clip, "overlap")
    assert asked_of(clip, "order")


def test_overlap_is_asked_in_all_forms() -> None:
    clip = scene([("dog", 0.5, 2.0), ("cough", 1.2, 3.0), ("glass", 4.0, 5.0), ("drum", 6.0, 7.0)])
    questions = asked_of(clip, "overlap")
    golds = {q.gold_text for q in questions}
    assert {"yes", "no", "dog", "cough"} <= golds
    assert golds & {"dog and cough", "cough and dog"}
    for q in questions:
        if " and " in q.gold_text:
            names = Counter(x for o in q.options for x in o.split(" and "))
            assert set(names.values()) == {2}  # each sound stands twice: no vote finds the pair
        elif q.gold_text == "yes":
            assert set(pair_of(q.text, ("dog", "cough", "glass", "drum")) or ()) == {"dog", "cough"}


def test_intervals_share_their_options_and_keep_away_from_the_middle() -> None:
    far = scene([("dog", 0.5, 1.0), ("cough", 2.5, 3.0), ("glass", 8.5, 9.0)])
    for q in asked_of(far, "interval"):
        assert sorted(float(o.split()[1]) for o in q.options) == list(INTERVALS)
        pair = pair_of(q.text, ("dog", "cough", "glass"))
        assert (pair, q.gold_text) in (
            (("dog", "cough"), "about 2 seconds"), (("dog", "glass"), "about 8 seconds"),
        )  # fmt: skip
    between = scene([("dog", 0.5, 1.0), ("cough", 3.4, 4.0)])  # 2.9 s: neither 2 nor 4
    assert not asked_of(between, "interval")


def test_tracks_are_neither_first_nor_counted() -> None:
    whole = scene([("rain", 0.0, 8.0), ("piano", 0.0, 8.1), ("dog", 3.0, 4.0)])
    for family in ("first", "last", "order", "count", "before", "after"):
        assert not asked_of(whole, family), family
    assert asked_of(whole, "target")


def test_what_is_drowned_keeps_a_scene_from_being_counted() -> None:
    over = scene([("piano", 0.0, 6.0), ("dog", 2.0, 2.6), ("cough", 7.0, 7.5)], gain={0: 18.0})
    assert scene_of(over) is not None
    assert not scene_of(over).audible  # type: ignore[union-attr]
    beside = scene([("piano", 0.0, 2.0), ("dog", 3.0, 3.6), ("cough", 7.0, 7.5)], gain={0: 18.0})
    assert scene_of(beside).audible  # type: ignore[union-attr]


def test_two_backgrounds_are_not_asked_for_as_one() -> None:
    two = beneath(scene([("rain", 0.0, 6.0), ("train", 0.0, 6.0), ("dog", 2.0, 3.0)]), 0, 1)
    assert not asked_of(two, "background")
    assert asked_of(two, "target")
    one = beneath(scene([("rain", 0.0, 6.0), ("dog", 2.0, 3.0)]), 0)
    assert {q.gold_text for q in asked_of(one, "background")} == {"rain"}


SPEECH = ("the first sound", "dog and bell sound", "the dog sound and the bell", "about 4 seconds", "3", "no sound")
"""Labels that read like a piece of a chain."""
HOSTILE = (
    "a 'loud' bell", "rain, heavy", "Vehicle horn, car horn, honking", "собака", "犬の声", "background", "x" * 100,
    "café's door", *SPEECH,
)  # fmt: skip


def attacks() -> list[Clip]:
    same = [("dog", float(i), i + 0.5) for i in range(30)]
    many = [(f"thing{chr(97 + i % 26)}{chr(97 + i // 26)}", i * 0.9, i * 0.9 + 0.6) for i in range(30)]
    touching = [(x, float(i), i + 1.0) for i, x in enumerate(SHORT)]
    total = [(x, 0.0, 5.0) for x in TRACKS]
    hostile = [(x, i * 1.3, i * 1.3 + 1.7 - (i % 3) * 0.5) for i, x in enumerate(HOSTILE)]
    out = [
        scene([("dog", 0.2, 1.0)], "one"),
        scene([("dog", 0.0, 0.01)], "tiny"),
        scene(same, "same"),
        scene(many, "thirty"),
        scene(touching, "touching"),
        scene(total, "total"),
        scene(hostile, "hostile"),
        scene([("dog", 0.0, 5.0), ("dog", 0.0, 5.0)], "twice at once"),
        beneath(scene(total, "grounds"), 0, 1),
        beneath(scene(total, "only grounds"), *range(len(TRACKS))),
        beneath(scene([("dog", 0.0, 6.0), ("dog", 2.0, 3.0)], "dog over dog"), 0),
        beneath(scene(hostile, "hostile ground"), 0, 3),
        scene([("dog", 0.5, 1.5), ("bell", 2.0, 3.0), ("frog", 4.0, 5.0)], "equal gains"),
        scene([("dog", 0.5, 59.0), ("bell", 2.0, 58.0)], "a minute"),
    ]
    return [*out, *(scene([(x, 0.3, 1.0), (y, 0.8, 2.0), ("frog", 3.0, 4.0), ("cough", 4.1, 5.0)], f"{x}/{y}")
                    for x, y in pairwise(HOSTILE))]  # fmt: skip


@pytest.mark.system
@pytest.mark.parametrize("style", ["full", "brief"])
def test_strange_scenes_give_true_questions_or_a_clear_error(style: str) -> None:
    n = 0
    for clip in attacks():
        for vocabulary in ((*HOSTILE, *SHORT), ()):
            t = GroundedTeacher(style, vocabulary, 7, 9)  # type: ignore[arg-type]
            try:
                a = t.annotate(clip)
            except TeacherError as error:
                if error.code != "grounded.nothing_known":
                    raise
                continue
            for q in a.questions:
                chain = t.think(clip, None, a, q)
                n += 1
                assert match_option(chain.response, q.options).index == q.gold_index
                verdict = check_sample(clip, None, a, q, chain)
                if set(SPEECH) & {*scene_of(clip).heard, *q.options}:  # type: ignore[union-attr]
                    continue  # a chain that reads ambiguously may be refused
                assert verdict.decision == "accepted", (clip.source_id, q, verdict.findings, chain.to_text())
    assert n > 100


def test_difficulty_follows_number_likeness_and_overlap() -> None:
    easy = scene([("dog", 0.5, 1.0), ("cough", 2.0, 2.6)])
    many = scene([(x, i * 1.2, i * 1.2 + 0.6) for i, x in enumerate(SHORT)])
    assert {q.difficulty for q in asked_of(easy, "presence", ("glass", "drum", "piano"))} == {1}
    assert min(q.difficulty for q in asked_of(many, "presence", ("rain", "train", "piano"))) >= 2
    assert {q.difficulty for q in asked_of(many, "before")} == {3}
    two = scene_of(scene([("cat", 0.5, 1.0), ("cough", 2.0, 2.6)]))
    over = scene_of(scene([("cat", 0.5, 2.5), ("cough", 2.0, 2.6)]))
    assert level("before", two, ("cat", "rain", "glass")) == 1
    assert level("before", two, ("cat", "cow", "glass")) == 2  # two animals
    assert level("before", over, ("cat", "rain", "glass")) == 2
    assert level("order", over, ("cat, cough", "cough, cat")) == 3


def test_weights_even_out_labels_with_many_relatives() -> None:
    pool = ("bell", "alarm", "siren", "phone", "dog", "cough", "glass", "typing", "rain", "frog")
    weights, keep = weights_of(pool, ((pool, 2),))
    assert weights[pool.index("alarm")] > 1.2 * weights[pool.index("dog")]
    assert (keep <= 1.0).all()
    assert (keep > 0.1).all()
    for odd in ((), ("dog",), ("dog", "dog", "dog"), ("dog", "wolf", "hound")):
        w, k = weights_of(odd, ((odd, 1),))
        assert len(w) == len(k) == len(odd)
        assert np.isfinite(w).all()


def test_a_world_without_kinds_offers_all_sounds() -> None:
    found = scene_of(mixture(3))
    assert isinstance(found, Scene)
    world = World(SHORT)
    assert world.like(found, found.beneath[0]) == SHORT
    assert all(pool == SHORT for pool, _ in world.parts(found))
