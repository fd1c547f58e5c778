"""Claims about who says what and when, held against the turns of a timeline."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "grounded"))

from made_talks import VOCABULARY, hike, shop

from audio_reasoner.checks import check_sample, claims_of
from audio_reasoner.checks.text import times
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Claim, Question
from audio_reasoner.grounded import GroundedTeacher

ASKED = Question(task="multi_speaker", family="says", text="What is said?", gold_text="Something else.", difficulty=1)


def claims(sentence: str) -> list[Claim]:
    chain = Chain(
        planning="I listen.", caption=sentence, reasoning="1. I listen.", summary="Done.", response="Something else."
    )
    return [x for x in claims_of(hike(), ASKED, chain) if x.section == "caption"]


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ('The second speaker says "the sky looks dark" and is worried.', "supported"),
        ('The first speaker says "the sky looks dark" and is worried.', "contradicted"),
        ('Ben says "I am starting to think we should turn back".', "contradicted"),
        ('Anna replies: "The last bus leaves at half past six."', "contradicted"),
        ('Ben replies: "The last bus leaves at half past six."', "supported"),
        ("The first speaker has turns 1, 3 and 5.", "supported"),
        ("The first speaker has turns 1 to 3.", "contradicted"),
        ("Turn 4 belongs to the second speaker.", "supported"),
        ("Turns 4 and 5 belong to the second speaker.", "contradicted"),
        ("In turn 2 the first speaker says something about the sky.", "contradicted"),
        ("From 0.3 s to 2.3 s the first speaker talks.", "supported"),
        ("From 0.3 s to 2.3 s the second speaker talks.", "contradicted"),
        ("The second speaker takes the floor four times.", "supported"),
        ("The second speaker takes the floor three times.", "contradicted"),
        ("Turn 3 belongs to the third speaker.", "contradicted"),
    ],
)
def test_what_is_claimed(sentence: str, status: str) -> None:
    assert status in {x.status for x in claims(sentence)}, claims(sentence)
    if status == "supported":
        assert "contradicted" not in {x.status for x in claims(sentence)}


@pytest.mark.parametrize(
    "sentence",
    [
        'Speaker 1 sounds tired: "I really cannot go any further without a rest".',
        'The first speaker does not say "the sky looks dark".',
        'Option (b), "the sky looks dark", from the first speaker is out.',
        'The view of the first speaker is "against going on".',
        'The first speaker hears the second speaker say "the sky looks dark".',
        'The first speaker says "There are seven speakers. The clip lasts 90 s. A dog barks." in a low voice.',
        "If the first speaker took turn 2, it would be odd.",
    ],
)
def test_what_is_not_read(sentence: str) -> None:
    assert not [x for x in claims(sentence) if x.status == "contradicted"]


@pytest.mark.parametrize("style", ["full", "brief"])
def test_exchanged_speakers_are_found(style: str) -> None:
    found = missed = 0
    for seed in range(5):
        for c in (hike(f"h{seed}"), shop(f"s{seed}")):
            t = GroundedTeacher(style, VOCABULARY, seed, 3)  # type: ignore[arg-type]
            a = t.annotate(c)
            for q in a.questions:
                chain = t.think(c, None, a, q)
                caption = chain.caption.replace("first speaker", "@").replace("First speaker", "#")
                caption = caption.replace("second speaker", "first speaker").replace("Second speaker", "First speaker")
                bad = chain.model_copy(
                    update={"caption": caption.replace("@", "second speaker").replace("#", "Second speaker")}
                )
                if bad.caption == chain.caption:
                    continue
                found += 1
                missed += check_sample(c, None, a, q, bad).decision == "accepted"
    assert found > 20
    assert missed / found <= (0.02 if style == "full" else 0.1)


def test_the_second_speaker_is_no_second() -> None:
    assert times("1 first speaker, 2 second speaker, 3 first speaker.") == []
    assert times("Turn 1 to 2 second voice.") == []
    assert [x.value for x in times("A 2 second pause, then 3 seconds of rain until 7 second.")] == [2.0, 3.0, 7.0]
