"""Chains of both styles: valid, true, readable, varied, repeatable."""

from __future__ import annotations

import pickle
import re
import time
from collections import Counter

import numpy as np
import pytest
from grounded_scenes import ODD, VOCABULARY, measured, random_scene, recording, scene

from audio_reasoner.checks import check_sample
from audio_reasoner.core.chain import Chain, parse_strict
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.grounded import GroundedTeacher
from audio_reasoner.grounded.language import article, phrase
from audio_reasoner.grounded.writer import Writer, wordings

Samples = list[tuple[Clip, Question, Chain]]
FORBIDDEN = re.compile(
    r"\b(label|labelled|annotation|metadata|ground truth|timeline|evidence|file ?name|as an AI|data ?set)\b",
    re.IGNORECASE,
)


def build(style: str, clips: list[Clip], vocabulary: tuple[str, ...] = VOCABULARY) -> Samples:
    t = GroundedTeacher(style=style, vocabulary=vocabulary, seed=11)  # type: ignore[arg-type]
    out = []
    for clip in clips:
        a = t.annotate(clip)
        out += [(clip, q, t.think(clip, None, a, q)) for q in a.questions]
    return out


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [random_scene(50_000 + i) for i in range(200)]


@pytest.fixture(scope="module")
def full(clips: list[Clip]) -> Samples:
    return build("full", clips)


@pytest.fixture(scope="module")
def brief(clips: list[Clip]) -> Samples:
    return build("brief", clips)


def words(chain: Chain) -> int:
    return sum(len(getattr(chain, s).split()) for s in ("planning", "caption", "reasoning", "summary", "response"))


def test_every_response_means_the_gold_option(full: Samples, brief: Samples) -> None:
    for _, q, chain in (*full, *brief):
        assert match_option(chain.response, q.options).index == q.gold_index, chain.response
        assert parse_strict(chain.to_text()) == chain


def test_brief_responses_are_exactly_letter_and_text(brief: Samples) -> None:
    for _, q, chain in brief:
        assert q.gold_index is not None
        assert chain.response == f"({'abcd'[q.gold_index]}) {q.gold_text}"


def test_full_responses_end_with_the_answer(full: Samples) -> None:
    for _, q, chain in full:
        assert q.gold_index is not None
        assert chain.response.endswith(f"The answer is ({'abcd'[q.gold_index]}) {q.gold_text}.")


def test_word_counts(full: Samples, brief: Samples) -> None:
    assert max(words(c) for _, _, c in brief) <= 80
    many = [words(c) for clip, _, c in full if clip.timeline and len(clip.timeline.events) >= 3]
    assert max(many) <= 500
    assert sum(250 <= n <= 500 for n in many) / len(many) > 0.85
    assert all(words(c) >= 90 for _, _, c in full)


def test_full_captions_tell_every_sound_with_its_true_times(full: Samples) -> None:
    for clip, _, chain in full:
        assert clip.timeline is not None
        for e in clip.timeline.events:
            start = f"{round(clip.timeline.seconds(e.start), 1):g} s"
            told = [s for s in re.split(r"(?<=\.)\s", chain.caption) if e.label in s and start in s]
            assert told, (e.label, start, chain.caption)


def test_full_captions_name_no_other_sound(full: Samples) -> None:
    for clip, _, chain in full:
        assert clip.timeline is not None
        heard = {e.label for e in clip.timeline.events}
        for other in set(VOCABULARY) - heard:
            assert not re.search(rf"\b{other}\b", chain.caption), (other, chain.caption)


def test_brief_captions_are_the_sounds_in_order(brief: Samples) -> None:
    for clip, q, chain in brief:
        assert clip.timeline is not None
        named = re.findall(r"(?:^|, )\d+ ([a-z]+)", chain.caption)
        assert named == [e.label for e in clip.timeline.events], (q.family, chain.caption)


def test_brief_orders_are_worked_out_event_by_event() -> None:
    clip = scene([("dog", 0.2, 0.9), ("bell", 1.2, 2.0), ("siren", 2.5, 3.5)])
    t = GroundedTeacher(style="brief", vocabulary=VOCABULARY, seed=0)
    question = Question(
        task="complex_audio",
        family="order",
        text="In which order do the sounds occur?",
        options=("bell, dog, siren", "dog, siren, bell", "dog, bell, siren"),
        gold_text="dog, bell, siren",
        gold_index=2,
        difficulty=3,
    )
    chain = t.think(clip, None, t.annotate(clip), question)
    assert chain.caption == "1 dog, 2 bell, 3 siren."
    assert chain.reasoning == "(a) bell no. (b) dog yes, siren no. (c) dog yes, bell yes, siren yes."


def test_full_chains_go_through_every_option(full: Samples) -> None:
    for _, q, chain in full:
        if len(q.options) == 4:
            for i, option in enumerate(q.options):
                assert f"({'abcd'[i]})" in chain.reasoning
                assert f'"{option}"' in chain.reasoning


def test_no_sentence_is_said_twice_and_nothing_speaks_of_data(full: Samples) -> None:
    for _, _, chain in full:
        body = "\n".join([chain.planning, chain.caption, chain.reasoning, chain.summary])
        said = [re.sub(r"^\d+\. ", "", s) for s in re.split(r"(?<=[.?])\s+(?=[A-Z\"0-9(])|\n", body)]
        repeated = [s for s, n in Counter(s for s in said if len(s.split()) > 3).items() if n > 1]
        assert not repeated
        assert not FORBIDDEN.search(body), FORBIDDEN.search(body)


def test_full_chains_read_cleanly(full: Samples) -> None:
    for _, _, chain in full:
        text = chain.to_text()
        assert "  " not in text
        assert not re.search(r"\ba [aeio]\w*", text), re.search(r"\ba [aeio]\w*", text)
        assert not re.search(r"\ban [bcdfgklmnprstvwz]\w*", text)
        assert not re.search(r"[{}\[\]|]|\.\.|,,| ,| \.", text)


def test_a_pattern_is_drawn_by_its_wordings() -> None:
    patterns = ("plain.", "[a|b|c] [d|e|f] [g|h|i].")
    assert wordings(patterns) == 28
    drawn = Counter(Writer(np.random.default_rng(s)).say(patterns) for s in range(1400))
    assert drawn["Plain."] < 120  # 50 expected; 700 if both patterns were drawn equally often


def test_yes_or_no_about_a_tagged_recording_is_worked_out() -> None:
    for i in range(12):
        clip = recording(["bell"], seconds=3.0, name=f"yesno{i}.wav")
        t = GroundedTeacher(vocabulary=("bell", "bee", "dog", "rain"), seed=i, families=("presence",))
        a = t.annotate(clip, None)
        chain = t.think(clip, None, a, a.questions[0])
        assert len(chain.reasoning.splitlines()) >= 4
        assert "the bee" not in chain.planning  # a sound that may be absent is "a bee"


def test_skeletons_vary(full: Samples) -> None:
    seen: Counter[str] = Counter()
    for _, q, chain in full:
        masked = chain.planning
        for label in VOCABULARY:
            masked = masked.replace(label, "X")
        seen.update({(q.family + masked)})
    assert max(seen.values()) <= 2


def test_the_checks_accept_the_teachers_own_chains(full: Samples, brief: Samples) -> None:
    # All of 10,000 are judged in benchmarks/grounded_variety.py.
    for clip, q, chain in (*full[::3], *brief[::3]):
        verdict = check_sample(clip, None, None, q, chain)
        assert verdict.decision == "accepted", (verdict.findings, chain.to_text())


@pytest.mark.parametrize("style", ["full", "brief"])
def test_odd_labels_work_in_scenes(style: str) -> None:
    vocabulary = (*ODD, "piano", "rain", "cough")
    for clip, q, chain in build(style, [random_scene(s, vocabulary) for s in range(40)], vocabulary):
        assert match_option(chain.response, q.options).index == q.gold_index
        verdict = check_sample(clip, None, None, q, chain)
        assert verdict.decision == "accepted", (verdict.findings, chain.to_text())


@pytest.mark.parametrize("style", ["full", "brief"])
def test_tagged_recordings(style: str) -> None:
    tags = [
        "cow",
        "fire engine",
        "dig crumbly",
        "footsteps",
        "собака",
        "Vehicle horn, car horn, honking",
        "glass_breaking",
    ]
    seen = Counter()
    for i in range(70):
        clip = recording([tags[i % len(tags)]], seconds=0.8 + i % 11, name=f"{i}.wav")
        spans = [[0.1, 0.5], [0.7, clip.duration_s - 0.05]] if i % 2 else [[0.0, clip.duration_s]]
        evidence = measured(clip, 0.01, loudness_course="rising", segments=spans) if i % 3 else None
        t = GroundedTeacher(style=style, vocabulary=tuple(tags), seed=i)  # type: ignore[arg-type]
        a = t.annotate(clip, evidence)
        for q in a.questions:
            chain = t.think(clip, evidence, a, q)
            seen[q.family] += 1
            verdict = check_sample(clip, evidence, a, q, chain)
            assert verdict.decision == "accepted", (verdict.findings, chain.to_text())
            if q.options:
                assert match_option(chain.response, q.options).index == q.gold_index
            else:
                assert chain.response == q.gold_text == a.caption
            assert words(chain) <= (350 if style == "full" else 80)
            assert not FORBIDDEN.search(chain.to_text())
    assert {"sound", "presence", "duration", "loudness"} <= set(seen)
    assert ("describe" in seen) == (style == "full")


def test_a_question_about_what_is_not_known_raises() -> None:
    clip = recording(["dog"])
    t = GroundedTeacher(style="full", vocabulary=VOCABULARY)
    question = Question(
        task="sound_qa", family="order", text="In which order do the sounds occur?", gold_text="dog", difficulty=3
    )
    with pytest.raises(TeacherError) as caught:
        t.think(clip, None, t.annotate(clip), question)
    assert caught.value.code == "grounded.nothing_known"


def test_same_seed_same_chain_and_pickle(clips: list[Clip]) -> None:
    t = GroundedTeacher(style="full", vocabulary=VOCABULARY, seed=5)
    copy = pickle.loads(pickle.dumps(t))
    for clip in clips[:40]:
        a = t.annotate(clip)
        assert copy.annotate(clip) == a
        for q in a.questions:
            assert copy.think(clip, None, a, q) == t.think(clip, None, a, q)


def test_fast_enough(clips: list[Clip]) -> None:
    # The bound is 3 ms on an idle core; ten times that still catches a slip to quadratic work on a busy one.
    began = time.process_time()
    build("full", clips[:200])
    assert (time.process_time() - began) / 200 < 0.03


@pytest.mark.parametrize(
    ("word", "expected"),
    [("engine", "an"), ("ukulele", "a"), ("hour", "an"), ("unicorn", "a"), ("dog", "a"), ("éclair", "an")],
)
def test_articles(word: str, expected: str) -> None:
    assert article(word) == expected


@pytest.mark.parametrize(
    ("label", "new", "known"),
    [
        ("dog", "a dog", "the dog"),
        ("Fire Engine", "a fire engine", "the fire engine"),
        ("rain", "the sound of rain", "the rain"),
        ("footsteps", "the sound of footsteps", "the sound of footsteps"),
        ("dig crumbly", "a dig crumbly sound", "the dig crumbly sound"),
        ("traffic noise", "the sound of traffic noise", "the traffic noise"),
        ("собака", 'a "собака" sound', 'the "собака" sound'),
    ],
)
def test_phrases(label: str, new: str, known: str) -> None:
    assert (phrase(label).new, phrase(label).known) == (new, known)
