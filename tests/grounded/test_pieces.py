"""Questions and chains about made pieces of music: true, fair, accepted by the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise, permutations

import pytest

from audio_reasoner.checks import check_sample
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.harmony import PROGRESSIONS, key_named
from audio_reasoner.core.records import Clip, Fact, Question, Style
from audio_reasoner.grounded import GroundedTeacher, given_questions, task_of, words_of_clip
from audio_reasoner.grounded.pieces import COUNTS, DIRECTIONS, DYNAMICS, FAMILIES, METRES, moves
from audio_reasoner.synth.music.music import plan_music

CLIPS = list(plan_music(170, 21))
WORDS = tuple(sorted(set().union(*(words_of_clip(c) for c in CLIPS))))


def asked(style: Style, clips: list[Clip] = CLIPS, per_clip: int = 3) -> Iterator[tuple[Clip, Question, Chain]]:
    teacher = GroundedTeacher(style=style, vocabulary=WORDS, questions_per_clip=per_clip)
    for clip in clips:
        annotation = teacher.annotate(clip)
        for question in annotation.questions:
            yield clip, question, teacher.think(clip, None, annotation, question)


def told(clip: Clip) -> dict[str, Fact]:
    assert clip.timeline is not None
    return {f.kind: f for f in clip.timeline.facts}


@pytest.mark.parametrize("style", ["full", "brief"])
def test_every_family_is_asked_and_every_chain_is_accepted(style: Style) -> None:
    teacher = GroundedTeacher(style=style, vocabulary=WORDS)
    seen: Counter[str] = Counter()
    for clip, question, chain in asked(style, CLIPS[:110]):
        seen[question.family] += 1
        verdict = check_sample(clip, None, teacher.annotate(clip), question, chain)
        assert verdict.decision == "accepted", (question, verdict.findings, chain.to_text())
        if style == "brief":
            assert len(chain.to_text().split()) < 110
    wanted = {*FAMILIES, "tempo", "key", "mode", "chords", "instrument", "mood"}
    assert wanted <= set(seen), wanted - set(seen)


def test_gold_answers_are_what_the_timeline_says() -> None:
    for clip, q, _ in asked("brief"):
        facts = told(clip)
        assert clip.timeline is not None
        names = [e.label for e in clip.timeline.events]
        match q.family:
            case "metre":
                assert q.gold_text == facts["metre"].value
            case "direction":
                assert q.gold_text == DIRECTIONS[facts["direction"].value]
                assert str(facts["direction"].subject) in q.text
            case "dynamics":
                assert q.gold_text == DYNAMICS[facts["dynamics"].value]
            case "how_many_instruments":
                assert q.gold_text == str(len(set(names)))
            case "melody":
                assert q.gold_text == facts["melody"].value
            case "enters":
                place = next(
                    i
                    for w, i in (("first", 0), ("second", 1), ("third", 2), ("fourth", 3), ("last", -1))
                    if w in q.text
                )
                assert q.gold_text == names[place]
            case "entry_order":
                assert q.gold_text == ", ".join(names)
            case "tempo":
                assert abs(float(q.gold_text.split()[1]) - float(facts["tempo"].value)) <= 2.5
            case "key":
                assert q.gold_text == facts["key"].value
            case "chords":
                assert q.gold_text == facts["chords"].value
            case "instrument":
                assert q.gold_text in names
                assert not {o for o in q.options if o != q.gold_text} & set(names)


def test_options_of_one_kind_give_nothing_away() -> None:
    for clip, q, _ in asked("brief"):
        if q.family in ("metre", "dynamics", "how_many_instruments"):
            everything = {"metre": METRES, "dynamics": DYNAMICS.values(), "how_many_instruments": COUNTS}[q.family]
            assert sorted(q.options) == sorted(everything)
        elif q.family == "tempo":
            values = sorted(float(o.split()[1]) for o in q.options)
            assert values[0] >= 45
            assert values[-1] <= 185
            assert all(b / a > 1.4 for a, b in pairwise(values))
        elif q.family == "key":
            keys = [key_named(o) for o in q.options]
            assert Counter(k.mode for k in keys if k) == {"major": 2, "minor": 2}
            assert all(k is not None and k.name == o for k, o in zip(keys, q.options, strict=True))
            assert not any(o.startswith("A ") for o in q.options[1:])
        elif q.family == "chords":
            key = key_named(told(clip)["key"].value)
            assert key is not None
            rows = [", ".join(key.chord(d) for d in row) for row in PROGRESSIONS[key.mode]]
            assert set(q.options) <= set(rows)
        elif q.family == "entry_order":
            assert set(q.options) <= {", ".join(o) for o in permutations(q.gold_text.split(", "))}


def test_a_full_chain_works_its_answer_out() -> None:
    seen = set()
    for clip, q, chain in asked("full"):
        facts = told(clip)
        if q.family == "direction":
            notes = facts["contour"].value.split(", ")
            assert all(n in chain.reasoning for n in (notes[0], *(n for n, _ in moves(tuple(notes)))))
        elif q.family == "metre":
            assert "one, two" in chain.reasoning.lower()
        elif q.family == "chords":
            assert all(c in chain.reasoning for c in facts["chords"].value.split(", "))
        elif q.family == "dynamics" and "change" in facts:
            at = float(facts["change"].value.split()[1])
            assert f"{round(at, 1):g} s" in chain.reasoning
        elif q.family == "enters":
            assert clip.timeline is not None
            assert all(e.label in chain.reasoning for e in clip.timeline.events)
        else:
            continue
        seen.add(q.family)
        assert chain.caption
        assert q.gold_text not in chain.caption or q.family == "enters"
    assert seen == {"direction", "metre", "chords", "dynamics", "enters"}


def test_a_timeline_of_music_is_a_task_of_music() -> None:
    assert {task_of(c) for c in CLIPS[:20]} == {"music_qa"}


def test_a_language_model_is_given_these_questions_and_invents_none() -> None:
    for clip in CLIPS[:20]:
        questions = given_questions(clip, seed=0, questions_per_clip=3, vocabulary=WORDS)
        assert questions
        assert not {q.family for q in questions} & {"genre", "describe_music"}
    recorded = CLIPS[0].model_copy(update={"timeline": None})
    assert given_questions(recorded, seed=0, questions_per_clip=3, vocabulary=WORDS) == ()


def test_facts_of_other_kinds_and_values_are_as_good_as_absent() -> None:
    clip = next(c for c in CLIPS if "metre" in told(c) and "direction" in told(c))
    assert clip.timeline is not None
    facts = (
        Fact(kind="metre", value="13/16"), Fact(kind="direction", value="sideways", subject="piano"),
        Fact(kind="dynamics", value="whirling"), Fact(kind="melody", value="kazoo"), Fact(kind="unheard of", value="x"),
    )  # fmt: skip
    odd = clip.model_copy(update={"timeline": clip.timeline.model_copy(update={"facts": facts})})
    teacher = GroundedTeacher(style="full", vocabulary=WORDS, questions_per_clip=9)
    annotation = teacher.annotate(odd)
    families = {q.family for q in annotation.questions}
    assert not families & {"metre", "direction", "dynamics", "melody"}
    for q in annotation.questions:
        assert check_sample(odd, None, annotation, q, teacher.think(odd, None, annotation, q)).decision == "accepted"


def test_what_a_chain_says_of_beats_keynote_and_drums_is_true() -> None:
    for clip, q, chain in asked("full"):
        if q.family == "tempo" and "five" in chain.reasoning and "seconds I tap" in chain.reasoning:
            beats = int(chain.reasoning.partition("about ")[2].split()[0])
            assert f"about {5 * beats} beats" in q.gold_text
        if q.family in ("mode", "key") and "chords" not in told(clip):
            assert "chord" not in chain.reasoning
        assert "sound of drums" not in chain.caption + chain.reasoning
