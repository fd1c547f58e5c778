"""The questions are true, fair and cannot be answered without hearing."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from grounded_scenes import ODD, RATE, VOCABULARY, measured, random_scene, recording, scene
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner import synth
from audio_reasoner.checks.ontology import confusable
from audio_reasoner.core.choices import render_question, split_question
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Clip, Event, Question
from audio_reasoner.grounded import GroundedTeacher
from audio_reasoner.grounded.language import clean_label
from audio_reasoner.grounded.questions import target_of
from audio_reasoner.grounded.questions_mix import pair_in
from audio_reasoner.grounded.templates import pair_of


def teacher(**changes: object) -> GroundedTeacher:
    settings_: dict[str, object] = {"style": "brief", "vocabulary": VOCABULARY, "seed": 3}
    return GroundedTeacher(**{**settings_, **changes})  # type: ignore[arg-type]


def truth(clip: Clip, q: Question) -> str:
    """The gold answer derived again from the timeline, without the code under test."""
    assert clip.timeline is not None
    events = clip.timeline.events
    labels = [clean_label(e.label) for e in events]
    x = target_of(q.text)
    match q.family:
        case "order":
            return ", ".join(labels)
        case "count":
            return str(len(labels))
        case "count_of":
            return str(labels.count(x or ""))
        case "first":
            return labels[0]
        case "last":
            return labels[-1]
        case "before":
            return labels[labels.index(x or "") - 1]
        case "after":
            return labels[labels.index(x or "") + 1]
        case "presence":
            if x is not None:
                return "yes" if x in labels else "no"
            return next(o for o in q.options if o in labels)
        case "longest":
            return clean_label(max(events, key=lambda e: e.end - e.start).label)
        case "loudest":
            return clean_label(max(events, key=lambda e: e.gain_db).label)
        case "interval":
            pair = pair_of(q.text, labels)
            assert pair is not None
            a, b = (events[labels.index(name)].start / RATE for name in pair)
            return min(q.options, key=lambda o: abs(float(o.split()[1]) - (b - a)))
        case "overlap" if x is not None:
            span = events[labels.index(x)]
            both = [o for o in q.options for e in events if clean_label(e.label) == o and _share(span, e) > 0]
            assert len(set(both)) == 1, (q.text, both)
            return both[0]
        case "overlap":
            pair = pair_of(q.text, labels)
            pairs = [pair] if pair else [pair_in(o, tuple(labels)) for o in q.options]
            told = [_share(events[labels.index(a)], events[labels.index(b)]) > 0 for a, b in pairs if a]
            return ("yes" if told[0] else "no") if pair else q.options[told.index(True)]
        case "target" if x is not None:
            return str(labels.count(x)) if q.options[0].isdigit() else "yes" if x in labels else "no"
        case "target":
            (heard,) = (o for o in q.options if o in labels)
            return heard
        case "background":
            return next(clean_label(e.label) for e in events if e.role == "background")
        case _:
            raise AssertionError(q.family)


def _share(a: Event, b: Event) -> int:
    return min(a.end, b.end) - max(a.start, b.start)


@pytest.fixture(scope="module")
def asked() -> list[tuple[Clip, Question]]:
    """Every question about 1,500 random scenes."""
    t = teacher()
    clips = [random_scene(i) for i in range(1500)]
    return [(c, q) for c in clips for q in t.annotate(c).questions]


def test_gold_answers_agree_with_the_timeline(asked: list[tuple[Clip, Question]]) -> None:
    wrong = [(q.text, q.gold_text) for c, q in asked if q.family != "duration" and truth(c, q) != q.gold_text]
    assert not wrong


def test_every_family_is_asked(asked: list[tuple[Clip, Question]]) -> None:
    seen = Counter(q.family for _, q in asked)
    for family in ("order", "count", "count_of", "first", "last", "before", "after", "presence", "longest"):
        assert seen[family] > 60, seen
    assert seen["duration"] + seen["interval"] > 60, seen


def test_duration_options_lie_well_apart(asked: list[tuple[Clip, Question]]) -> None:
    for clip, q in asked:
        if q.family == "duration":
            values = sorted(float(o.split()[1]) for o in q.options)
            assert all(b / a > 1.3 for a, b in pairwise(values))
            said = float(q.gold_text.split()[1])
            assert min(values, key=lambda v: abs(v - clip.duration_s)) == said


def test_options_are_distinct_and_wrong_ones_are_not_heard(asked: list[tuple[Clip, Question]]) -> None:
    for clip, q in asked:
        assert len(set(q.options)) == len(q.options)
        assert split_question(render_question(q.text, q.options)) == (q.text, q.options)
        assert clip.timeline is not None
        heard = {e.label for e in clip.timeline.events}
        if q.family == "presence" and target_of(q.text) is None:
            absent = [o for o in q.options if o != q.gold_text]
            assert not any(confusable(o, h) for o in absent for h in heard)


def test_questions_rise_in_difficulty_and_differ(asked: list[tuple[Clip, Question]]) -> None:
    by_clip: dict[str, list[Question]] = {}
    for c, q in asked:
        by_clip.setdefault(c.clip_id, []).append(q)
    for questions in by_clip.values():
        levels = [q.difficulty for q in questions]
        assert levels == sorted(levels)
        assert len({q.family for q in questions}) == len(questions)


def test_the_answer_does_not_stand_in_the_question(asked: list[tuple[Clip, Question]]) -> None:
    for _, q in asked:
        if q.family not in ("presence", "count", "count_of"):
            assert not re.search(rf"\b{re.escape(q.gold_text)}\b", q.text)


def test_positions_and_yes_no_are_balanced(asked: list[tuple[Clip, Question]]) -> None:
    four = Counter(q.gold_index for _, q in asked if len(q.options) == 4)
    n = sum(four.values())
    assert all(abs(four[i] / n - 0.25) < 0.03 for i in range(4)), four
    answers = Counter(q.gold_text for _, q in asked if set(q.options) == {"yes", "no"})
    assert abs(answers["yes"] / sum(answers.values()) - 0.5) < 0.08, answers


def test_counts_of_a_sound_are_not_mostly_one_value(asked: list[tuple[Clip, Question]]) -> None:
    golds = Counter(q.gold_text for _, q in asked if q.family == "count_of")
    assert max(golds.values()) / sum(golds.values()) < 0.45, golds


def _vote_by_place(q: Question) -> int:
    """The ordering whose items are the most common ones at their places."""
    rows = [o.split(", ") for o in q.options]
    votes = [Counter(r[i] for r in rows if len(r) > i) for i in range(max(map(len, rows)))]
    return max(range(len(rows)), key=lambda k: sum(votes[i][x] for i, x in enumerate(rows[k])))


def _common_first(q: Question) -> int:
    firsts = Counter(o.split(", ")[0] for o in q.options)
    return max(range(len(q.options)), key=lambda k: firsts[q.options[k].split(", ")[0]])


def _middle(q: Question) -> int:
    return sorted(range(len(q.options)), key=lambda k: float(q.options[k].split()[-1].strip("s") or 0))[1]


def _longest(q: Question) -> int:
    return max(range(len(q.options)), key=lambda k: len(q.options[k]))


def test_blind_heuristics_stay_near_chance() -> None:
    t = teacher(questions_per_clip=3)
    pool = [q for i in range(2300) for q in t.annotate(random_scene(10_000 + i)).questions if len(q.options) == 4]
    order = [q for q in pool if q.family == "order"]
    numbers = [q for q in pool if q.family in ("count", "count_of")]
    assert len(order) > 500
    assert len(numbers) > 700
    assert len(pool) > 4000

    def rate(questions: list[Question], guess: object) -> float:
        return sum(guess(q) == q.gold_index for q in questions) / len(questions)  # type: ignore[operator]

    assert rate(order, _vote_by_place) < 0.30
    assert rate(order, _common_first) < 0.32
    for k in range(4):  # smallest, second, third, largest number
        share = rate(numbers, lambda q, k=k: sorted(range(4), key=lambda i: int(q.options[i]))[k])
        assert share < 0.36, (k, share)
    lengths = [q for q in pool if q.family == "duration"]
    assert len({tuple(sorted(q.options)) for q in lengths if "about 2 seconds" in q.options}) == 1
    assert rate([q for q in pool if q.family not in ("count", "count_of")], _longest) < 0.30


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((*VOCABULARY, *ODD)), st.floats(0.0, 1.0), st.floats(0.03, 2.0)),
        min_size=1,
        max_size=8,
    )
)
def test_any_timeline_gives_true_questions_or_a_clear_error(parts: list[tuple[str, float, float]]) -> None:
    at, events = 0.0, []
    for label, gap, length in parts:
        events.append((label, at + gap, at + gap + length))
        at += gap + length * 0.8  # some sounds overlap
    clip = scene(events, "hypothesis")
    t = teacher(vocabulary=(*VOCABULARY, *ODD))
    try:
        questions = t.annotate(clip).questions
    except TeacherError as error:
        if error.code != "grounded.nothing_known":
            raise
        return
    for q in questions:
        if q.family not in ("duration", "order") and q.family != "loudness":
            assert truth(clip, q) == q.gold_text
        assert t.think(clip, None, t.annotate(clip), q).response == f"({'abcd'[q.gold_index or 0]}) {q.gold_text}"


def test_order_is_not_asked_where_it_cannot_be_heard() -> None:
    together = scene([("dog", 0.5, 1.5), ("bell", 0.55, 1.6), ("siren", 2.0, 3.0)])
    families = {q.family for s in range(40) for q in teacher(seed=s).annotate(together).questions}
    assert not families & {"order", "first", "before", "after", "count"}


def test_a_sound_below_the_others_is_not_counted() -> None:
    masked = scene([("dog", 0.5, 1.5), ("bell", 2.0, 3.7)], gain={1: -40.0})
    families = {q.family for s in range(40) for q in teacher(seed=s).annotate(masked).questions}
    assert families == {"duration"}


def test_one_label_vocabulary_draws_common_sounds() -> None:
    clip = recording(["kazoo"])
    question = next(q for q in teacher(vocabulary=("kazoo",)).annotate(clip).questions if q.family == "sound")
    assert len(question.options) == 4
    assert question.gold_text == "kazoo"


def test_confusable_labels_never_stand_against_each_other() -> None:
    words = ("small dog", "wolf", "barking", "puppy", "piano", "bell", "telephone", "chime", "violin", "rain")
    for seed in range(150):
        for q in teacher(vocabulary=words, seed=seed).annotate(recording(["dog"])).questions:
            others = [o for o in q.options if o != q.gold_text]
            if q.family == "sound":
                assert not any(confusable(o, "dog") for o in others), others
                assert not any(confusable(a, b) for a in others for b in others if a != b), others


@pytest.mark.parametrize("label", ["</CAPTION>", "dog <response>(a)</response>", "...", "y" * 200, "a\x00b", "Yes"])
def test_an_unusable_label_raises_by_name(label: str) -> None:
    with pytest.raises(TeacherError) as caught:
        teacher().annotate(recording([label]))
    assert caught.value.code == "grounded.label_unusable"
    assert caught.value.hint


def test_an_unusable_label_elsewhere_is_never_an_option() -> None:
    t = teacher(vocabulary=("</CAPTION>", "yes", "dog", "piano", "rain"))
    for seed in range(60):
        for q in teacher(vocabulary=t.vocabulary, seed=seed).annotate(recording(["dog"])).questions:
            assert "</CAPTION>" not in q.options
            assert q.family == "presence" or "yes" not in q.options


def test_nothing_known_raises() -> None:
    with pytest.raises(TeacherError) as caught:
        teacher().annotate(recording([]))
    assert caught.value.code == "grounded.nothing_known"


def test_evidence_speaks_only_below_its_error_bound() -> None:
    clip = recording(["dog"], seconds=6.0)
    values = {"loudness_course": "rising", "segments": [[0.5, 2.0], [3.0, 4.4]]}
    for error in (None, 0.05, 0.4, float("nan")):
        t = teacher(style="full")
        spoken = " ".join(
            t.think(clip, e, t.annotate(clip, e), q).to_text()
            for e in (measured(clip, error, **values),)
            for q in t.annotate(clip, e).questions
        )
        assert "loud" not in spoken
        assert "silence" not in spoken
        assert "4.4 s" not in spoken
    families = {
        q.family
        for s in range(30)
        for q in teacher(style="full", seed=s).annotate(clip, measured(clip, 0.01, **values)).questions
    }
    assert {"loudness", "describe"} <= families


def test_same_seed_same_questions_other_seed_others() -> None:
    clips = [random_scene(i) for i in range(50)]
    once = [teacher().annotate(c) for c in clips]
    again = [teacher().annotate(c) for c in reversed(clips)][::-1]
    assert once == again
    assert once != [teacher(seed=4).annotate(c) for c in clips]


def test_length_is_asked_only_with_an_audible_margin() -> None:
    close = scene([("dog", 0.5, 1.5), ("bell", 2.0, 3.1)])
    assert "longest" not in {q.family for s in range(60) for q in teacher(seed=s).annotate(close).questions}
    assert close.timeline is not None
    assert close.timeline.sample_rate == RATE


def test_only_the_question_types_that_were_asked_for() -> None:
    clips = list(synth.plan_complex(40, 3, min_events=2, max_events=3))
    narrow = teacher(vocabulary=synth.CLASSES, questions_per_clip=6, families=("count", "first"))
    families = [q.family for clip in clips for q in narrow.annotate(clip).questions]
    assert set(families) == {"count", "first"}
    assert len(families) >= 60
