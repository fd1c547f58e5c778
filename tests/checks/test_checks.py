"""Planted defects are found, each under its code; sound chains of any wording pass."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from grounded_scenes import VOCABULARY, random_scene, recording, scene

from audio_reasoner.checks import CHECKS_VERSION, check_sample, claims_of
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.grounded import GroundedTeacher

CLIP = scene([("dog", 0.5, 1.4), ("bell", 2.0, 3.1), ("siren", 3.6, 5.0), ("dog", 5.4, 6.0)])
ORDER = Question(
    task="complex_audio",
    family="order",
    text="In which order do the sounds occur?",
    options=("bell, dog, siren, dog", "dog, bell, siren, dog", "dog, dog, bell, siren", "siren, dog, bell, dog"),
    gold_text="dog, bell, siren, dog",
    gold_index=1,
    difficulty=3,
)
AFTER = Question(
    task="complex_audio",
    family="after",
    text="Which sound comes right after the bell sound?",
    options=("rain", "dog", "siren", "piano"),
    gold_text="siren",
    gold_index=2,
    difficulty=2,
)
# In the manner of a language model: nothing of this wording comes from our own patterns.
HAND = Chain(
    planning="The user wants the chronological order. I will list the events and match them with the choices.",
    caption="A dog barks at about 0.5 s. Then a bell rings from 2.0 s to 3.1 s, followed by a siren between 3.6 s "
    "and 5 s. Finally, the dog is back at 5.4 s. There are 4 sounds in all; the dog occurs twice.",
    reasoning="1. The first sound is the dog.\n2. The bell is the second sound.\n3. The siren comes third.\n"
    "4. Option (a) starts with the bell, so it is wrong. Option (b) matches every step.",
    summary="The order is dog, bell, siren, dog, so option (b) is right.",
    response="The sounds come in the order given by the second choice. The answer is (b).",
)


def codes(chain: Chain, question: Question = ORDER, clip: Clip = CLIP) -> set[str]:
    return {f.code for f in check_sample(clip, None, None, question, chain).findings}


def test_a_sound_chain_in_other_words_is_accepted() -> None:
    verdict = check_sample(CLIP, None, None, ORDER, HAND)
    assert verdict.decision == "accepted", verdict.findings
    assert verdict.judge == "checks"
    assert re.fullmatch(r"checks/\d+", CHECKS_VERSION)
    kinds = {(c.kind, c.status) for c in claims_of(CLIP, ORDER, HAND)}
    assert {("order", "supported"), ("time", "supported"), ("count", "supported")} <= kinds
    assert "contradicted" not in {status for _, status in kinds}


@pytest.mark.parametrize(
    ("section", "old", "new", "code"),
    [
        ("response", "(b)", "(c)", "gold_reached"),
        ("response", "The answer is (b).", "Hard to say.", "gold_reached"),
        ("response", "(b)", "(b) bell, dog, siren, dog", "gold_reached"),
        ("summary", "(b)", "(d)", "summary_disagrees"),
        ("summary", "dog, bell, siren, dog", "bell, dog, siren, dog", "claim.contradicted"),
        ("caption", "at about 0.5 s", "at about 1.5 s", "claim.contradicted"),
        ("caption", "from 2.0 s to 3.1 s", "from 2.0 s to 4.5 s", "claim.contradicted"),
        ("caption", "5.4 s", "9.4 s", "time_outside"),
        ("caption", "There are 4 sounds", "There are 5 sounds", "claim.contradicted"),
        ("caption", "the dog occurs twice", "the dog occurs three times", "claim.contradicted"),
        ("caption", "There are 4", "A piano plays softly. There are 4", "claim.contradicted"),
        ("reasoning", "The first sound is the dog", "The first sound is the siren", "claim.contradicted"),
        ("reasoning", "The siren comes third", "The siren comes second", "claim.contradicted"),
        ("planning", "The user", "As the ground truth says, the user", "leak"),
        ("planning", "I will list", "From the provided annotation I will list", "leak"),
        ("summary", "The order", "According to the metadata the order", "leak"),
        ("reasoning", "1. The first", "I'm sorry, but I cannot listen to audio. The first", "teacher_error"),
        ("reasoning", "1. The first", '{"error": {"code": 429}} The first', "teacher_error"),
        ("planning", "The user wants", "Here is the original description: The user wants", "teacher_error"),
        ("caption", "A dog barks", "{caption} A dog barks", "teacher_error"),
        ("planning", "the chronological order", "a caption of this", "question_mismatch"),
    ],
)
def test_one_planted_defect_is_named(section: str, old: str, new: str, code: str) -> None:
    before = getattr(HAND, section)
    assert old in before
    assert code in codes(HAND.replace(**{section: before.replace(old, new, 1)}))


def test_other_defects() -> None:
    assert "repetition" in codes(HAND.replace(reasoning=HAND.reasoning + " and then the bell" * 9))
    assert "repetition" in codes(HAND.replace(reasoning="The bell is the second sound. " * 3 + HAND.reasoning))
    assert "language" in codes(
        HAND.replace(reasoning="Сначала лает собака, затем звонит колокол, потом сирена и снова собака. (b)")
    )
    assert "length" in codes(
        HAND.replace(planning="Order.", caption="x", reasoning="x (b)", summary="x", response="(b)")
    )
    assert "length" in codes(HAND.replace(caption=" ".join(f"word{i}" for i in range(2500))))
    assert "structure" in codes(HAND.replace(planning=HAND.planning + " </ reasoning"))


def test_swapped_options_are_another_question() -> None:
    t = GroundedTeacher(style="full", vocabulary=VOCABULARY, seed=1)
    chain = t.think(CLIP, None, t.annotate(CLIP), AFTER)
    assert codes(chain, AFTER) == set()
    turned = Question(**{**AFTER.model_dump(), "options": ("dog", "rain", "siren", "piano")})
    assert "question_mismatch" in codes(chain, turned)
    other = Question(**{**AFTER.model_dump(), "text": "Which sound comes right after the thunder sound?"})
    assert "question_mismatch" in codes(chain, other)


@pytest.mark.parametrize(
    "form",
    [
        '"{o}", offered as ({L}),',
        '"{o}", listed as option ({L}),',
        'Option ({L}), that is "{o}",',
        '"{o}" in option ({L})',
    ],
)
def test_an_option_is_read_in_whatever_way_it_is_shown(form: str) -> None:
    t = GroundedTeacher(style="full", vocabulary=VOCABULARY, seed=1)
    chain = t.think(CLIP, None, t.annotate(CLIP), AFTER)
    for place, text in ((1, AFTER.options[1]), (1, AFTER.options[2])):
        said = form.format(o=text, L="abcd"[place]) + " is looked at too."
        found = codes(chain.replace(reasoning=f"{said} {chain.reasoning}"), AFTER)
        assert ("question_mismatch" in found) == (text != AFTER.options[place])


def test_labels_cannot_trip_the_rules() -> None:
    """Words of leaks and errors are harmless inside a label."""
    vocabulary = ("metadata hum", "as an AI voice", "piano", "rain", "cough")
    for tag in vocabulary[:2]:
        clip = recording([tag])
        for style in ("full", "brief"):
            t = GroundedTeacher(style=style, vocabulary=vocabulary, seed=2)  # type: ignore[arg-type]
            a = t.annotate(clip)
            for q in a.questions:
                if q.family == "sound":
                    assert codes(t.think(clip, None, a, q), q, clip) == set()


def swap(text: str, a: str, b: str) -> str:
    return re.sub(rf"\b({a}|{b})\b", lambda m: b if m[0] == a else a, text)


def swap_caption(clip: Clip, q: Question, chain: Chain) -> Chain | None:
    assert clip.timeline is not None
    labels = list(dict.fromkeys(e.label for e in clip.timeline.events))
    return chain.replace(caption=swap(chain.caption, labels[0], labels[1])) if len(labels) > 1 else None


def wrong_letter(clip: Clip, q: Question, chain: Chain) -> Chain | None:
    assert q.gold_index is not None
    other = "abcd"[(q.gold_index + 1) % len(q.options)]
    return chain.replace(response=chain.response.replace(f"({'abcd'[q.gold_index]})", f"({other})"))


def wrong_answer(clip: Clip, q: Question, chain: Chain) -> Chain | None:
    assert q.gold_index is not None
    i = (q.gold_index + 1) % len(q.options)
    return chain.replace(response=f"({'abcd'[i]}) {q.options[i]}")


def wrong_summary(clip: Clip, q: Question, chain: Chain) -> Chain | None:
    assert q.gold_index is not None
    return chain.replace(summary=f"So option ({'abcd'[(q.gold_index + 1) % len(q.options)]}) it is.")


def invented(clip: Clip, q: Question, chain: Chain) -> Chain | None:
    assert clip.timeline is not None
    heard = {e.label for e in clip.timeline.events}
    other = next(v for v in VOCABULARY if v not in heard and v not in q.options and v not in q.text)
    last = clip.timeline.events[-1].label
    return chain.replace(caption=re.sub(rf"\b{last}\b", other, chain.caption))


@pytest.mark.parametrize("style", ["full", "brief"])
@pytest.mark.parametrize("defect", [swap_caption, wrong_letter, wrong_answer, wrong_summary, invented])
def test_planted_defects_in_our_own_chains(style: str, defect: Callable[[Clip, Question, Chain], Chain | None]) -> None:
    t = GroundedTeacher(style=style, vocabulary=VOCABULARY, seed=21)  # type: ignore[arg-type]
    planted = missed = 0
    for seed in range(60):
        clip = random_scene(90_000 + seed)
        a = t.annotate(clip)
        for q in a.questions:
            bad = defect(clip, q, t.think(clip, None, a, q))
            if bad is not None:
                planted += 1
                missed += check_sample(clip, None, a, q, bad).decision == "accepted"
    assert planted > 60
    assert missed / planted <= 0.01


def test_foreign_chains_are_found() -> None:
    t = GroundedTeacher(style="full", vocabulary=VOCABULARY, seed=8)
    samples = []
    for seed in range(120):
        clip = random_scene(70_000 + seed)
        a = t.annotate(clip)
        samples.append((clip, a.questions[-1], t.think(clip, None, a, a.questions[-1])))
    moved = zip(samples, [*samples[1:], samples[0]], strict=True)
    missed = sum(check_sample(c, None, None, q, other).decision == "accepted" for (c, q, _), (_, _, other) in moved)
    assert missed == 0


def test_claims_without_a_timeline_are_not_made() -> None:
    assert claims_of(recording(["dog"]), AFTER, HAND) == ()
