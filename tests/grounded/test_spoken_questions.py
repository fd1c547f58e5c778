"""Questions and chains about spoken lists, held against the list by the checks and by counting."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from audio_reasoner.checks import check_sample, claims_of
from audio_reasoner.core import ids
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Question, Style, Timeline
from audio_reasoner.grounded import FAMILIES, GroundedTeacher, words_of_clip
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.given import given_questions
from audio_reasoner.grounded.known import known_of
from audio_reasoner.grounded.teacher import LISTS
from audio_reasoner.synth.scripts.lists import WORDS, write_lists

RATE = 16_000
SPOKEN = ("spoken_nth", "spoken_count", "spoken_order", "who_says", "voices")


def said(words: tuple[str, ...], voices: tuple[int, ...], name: str = "x", sort: str = "digits") -> Clip:
    """A list of words, each 0.4 s long, one every 0.9 s."""
    events = tuple(
        Event(
            start=int((0.3 + 0.9 * i) * RATE), end=int((0.7 + 0.9 * i) * RATE), label="speech", speaker=f"s{v}", text=w
        )
        for i, (w, v) in enumerate(zip(words, voices, strict=True))
    )
    length = int((0.9 * len(words) + 0.5) * RATE)
    recipe = {"test": name}
    return Clip(
        clip_id=ids.clip_id("t", name, 0, None), source="t", source_id=name, audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe), duration_s=length / RATE, domains=("speech",), language="en",
        group=name,
        timeline=Timeline(sample_rate=RATE, length=length, events=events, facts=(Fact(kind="list", value=sort),)),
    )  # fmt: skip


def run_of(n: int, seed: int = 0) -> list[Clip]:
    scripts = write_lists(n, seed, turns=(1, 5), speakers=(1, 4), sorts=("digits", "names"))
    return [
        said(
            tuple(x.text for x in s.lines), tuple(x.speaker for x in s.lines), f"{seed}/{i}", s.of_kind("list")[0].value
        )
        for i, s in enumerate(scripts)
    ]


def vocabulary(clips: list[Clip]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*(words_of_clip(c) for c in clips))))


def teacher(clips: list[Clip], style: Style = "brief", families: tuple[str, ...] = (), n: int = 5) -> GroundedTeacher:
    return GroundedTeacher(style, vocabulary(clips), 0, n, families)


def asked(clip: Clip, clips: list[Clip], family: str) -> Question:
    (question,) = teacher(clips, families=(family,)).annotate(clip).questions
    return question


CLIPS = run_of(300)
ONE = said(("three", "nine", "zero", "five"), (0, 1, 0, 2), "one")


@pytest.mark.parametrize("style", ["brief", "full"])
def test_every_family_is_asked_and_its_chain_stands(style: Style) -> None:
    seen: Counter[str] = Counter()
    t = teacher(CLIPS, style)
    for clip in CLIPS[:40]:
        annotation = t.annotate(clip)
        for question in annotation.questions:
            chain = t.think(clip, None, annotation, question)
            checked = check_sample(clip, None, annotation, question, chain)
            assert checked.decision == "accepted", checked
            found = claims_of(clip, question, chain)
            assert {x.status for x in found} <= {"supported"}, [x for x in found if x.status != "supported"]
            assert found or style == "full"
            seen[question.family] += 1
            if style == "brief":
                words = " ".join(getattr(chain, x) for x in ("planning", "caption", "reasoning", "summary", "response"))
                assert len(words.split()) <= 100
    assert set(seen) == set(SPOKEN)
    assert set(SPOKEN) <= set(FAMILIES)


def test_the_right_answers() -> None:
    clips = [*CLIPS, ONE]
    assert asked(ONE, clips, "spoken_order").gold_text == "three, nine, zero, five"
    nth = asked(ONE, clips, "spoken_nth")
    place = next(w for w in ("first", "second", "third", "fourth", "last") if w in nth.text)
    at = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": 3}[place]
    assert nth.gold_text == ("three", "nine", "zero", "five")[at]
    who = asked(ONE, clips, "who_says")
    word = next(w for w in ("three", "nine", "zero", "five") if f'"{w}"' in who.text)
    speakers = {"three": "first", "nine": "second", "zero": "first", "five": "third"}
    assert who.gold_text == f"the {speakers[word]} speaker"
    assert sorted(who.options) == ["the first speaker", "the second speaker", "the third speaker"]
    numbers = GroundedTeacher("brief", (), 0, 5, ("voices", "spoken_count")).annotate(ONE).questions
    assert {q.family: q.gold_text for q in numbers} == {"voices": "3", "spoken_count": "4"}


def test_one_voice_is_counted_and_not_asked_for_by_number() -> None:
    alone = said(("Anna", "David"), (0, 0), "alone", "names")
    questions = GroundedTeacher("brief", vocabulary(CLIPS), 0, 5, SPOKEN).annotate(alone).questions
    assert "who_says" not in {q.family for q in questions}
    (voices,) = GroundedTeacher("brief", (), 0, 5, ("voices",)).annotate(alone).questions
    assert voices.gold_text == "1"
    assert len(voices.options) == 4
    chain = GroundedTeacher("brief").think(alone, None, GroundedTeacher("brief").annotate(alone), voices)
    assert chain.reasoning.startswith("first speaker new 1, first speaker again 1.")


def test_numbers_are_asked_for_equally_often() -> None:
    clips = run_of(1400, 3)
    words = vocabulary(clips)
    answers: dict[str, Counter[str]] = {"voices": Counter(), "spoken_count": Counter()}
    for clip in clips:
        asking = Asking(known_of(clip, None), clip.clip_id, (), words, np.random.default_rng(0), "brief")
        for family, found in answers.items():
            if (question := LISTS.ask(family, asking)) is not None:
                found[question.gold_text] += 1
    # Of 1,400 clips 500 have one speaker and 200 have four: without leaving questions out it would be 2.5 to 1.
    assert set(answers["voices"]) == {"1", "2", "3", "4"}
    assert max(answers["voices"].values()) < 1.3 * min(answers["voices"].values())
    assert set(answers["spoken_count"]) == {"1", "2", "3", "4", "5"}
    assert max(answers["spoken_count"].values()) < 1.5 * min(answers["spoken_count"].values())


def test_no_order_stands_out_among_the_options() -> None:
    """As alike to the others, and its words as often in the others, as any wrong one."""
    t = teacher(CLIPS, families=("spoken_order",))
    shares = []
    for clip in CLIPS:
        if len(clip.timeline.events) < 2:  # type: ignore[union-attr]
            continue
        (q,) = t.annotate(clip).questions
        rows = [o.split(", ") for o in q.options]
        assert len(rows) == 4
        likeness = np.zeros(4)
        for (i, a), (k, b) in combinations(enumerate(rows), 2):
            same = sum(x == y for x, y in zip(a, b, strict=True)) + 0.1 * len(set(a) & set(b))
            likeness[[i, k]] += same
        best = np.flatnonzero(likeness >= likeness.max() - 1e-9)
        shares.append((q.gold_index in best) / len(best))
    # 1/4 but for chance: 279 questions, 2.6 points of standard error.
    assert abs(float(np.mean(shares)) - 0.25) < 0.08


def test_what_is_wrong_is_found() -> None:
    t = teacher([*CLIPS, ONE])
    annotation = t.annotate(ONE)
    for question in annotation.questions:
        chain = t.think(ONE, None, annotation, question)
        for a, b in (
            ("2 nine second", "2 nine third"),
            ("2 nine second", "2 eight second"),
            (", 4 five third speaker", ""),
        ):
            assert a in chain.caption
            wrong = chain.model_copy(update={"caption": chain.caption.replace(a, b)})
            assert "contradicted" in {x.status for x in claims_of(ONE, question, wrong)}, wrong.caption
    full = teacher([*CLIPS, ONE], "full", ("who_says",))
    annotation = full.annotate(ONE)
    (question,) = annotation.questions
    chain = full.think(ONE, None, annotation, question)
    wrong = chain.model_copy(update={"caption": 'At first the third speaker says "three".'})
    assert "contradicted" in {x.status for x in claims_of(ONE, question, wrong)}
    wrong = chain.model_copy(update={"caption": 'The second word is "zero".'})
    assert "contradicted" in {x.status for x in claims_of(ONE, question, wrong)}


@pytest.mark.parametrize(
    "words",
    [
        ("three", "three"),
        ("three", "Three"),
        ("three", ""),
        ("one, two", "three"),
        ("(b)", "three"),
        ("x" * 80, "three"),
        tuple(f"word{i}" for i in range(40)),
    ],
)
def test_lists_that_cannot_be_asked_about_fairly_are_left_alone(words: tuple[str, ...]) -> None:
    clip = said(words, tuple(i % 2 for i in range(len(words))), "odd")
    with pytest.raises(TeacherError) as told:
        GroundedTeacher("brief", vocabulary(CLIPS), 0, 5, SPOKEN).annotate(clip)
    assert told.value.code == "grounded.nothing_known"


@pytest.mark.parametrize("words", [("zéro", "東京", "naïve"), ("yes", "no", "none"), ("{x}", "%s", "\\1")])
def test_unusual_words_break_nothing(words: tuple[str, ...]) -> None:
    clip = said(words, (0, 1, 0), "odd", "things {said}")
    for style in ("brief", "full"):
        t = GroundedTeacher(style, (*vocabulary(CLIPS), *words_of_clip(clip)), 0, 5)  # type: ignore[arg-type]
        annotation = t.annotate(clip)
        for question in annotation.questions:
            chain = t.think(clip, None, annotation, question)
            assert not [x for x in claims_of(clip, question, chain) if x.status == "contradicted"]


def test_lists_and_talks_do_not_spoil_each_other() -> None:
    words = words_of_clip(ONE)
    assert not any(w.startswith(("talk", "line", "topic")) for w in words)
    (entry,) = (w for w in words if w.startswith("list["))
    assert entry.endswith("voices=3 words=4 of digits ‖ three ‖ nine ‖ zero ‖ five")
    given = given_questions(ONE, seed=0, questions_per_clip=5, vocabulary=vocabulary(CLIPS))
    assert {q.family for q in given} <= set(SPOKEN)
    assert given
    # Without the fact that says so it is a conversation like any other.
    assert ONE.timeline is not None
    talk = ONE.model_copy(update={"timeline": ONE.timeline.model_copy(update={"facts": ()})})
    assert not {q.family for q in given_questions(talk, seed=0, questions_per_clip=9, vocabulary=())} & {
        "spoken_nth",
        "spoken_order",
    }


def test_wrong_words_are_of_the_same_sort() -> None:
    t = teacher(CLIPS, families=("spoken_nth",))
    for clip in CLIPS[:60]:
        sort = clip.timeline.facts[0].value  # type: ignore[union-attr]
        (question,) = t.annotate(clip).questions
        assert len(question.options) == 4
        assert set(question.options) <= set(WORDS[sort])
