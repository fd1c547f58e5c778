"""The interventions change what they say, where they say it, and expect what follows from the change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from audio_reasoner.core.ids import digest
from audio_reasoner.core.records import AudioRef, Clip, Event, Timeline
from audio_reasoner.evaluation.base import Item
from audio_reasoner.evaluation.beliefs import Belief, belief_of, implied, list_changes, text_changes
from audio_reasoner.evaluation.chains import Reply, read_reply
from audio_reasoner.evaluation.edits import INTERVENTIONS, Edit, Editor, parts_of

OPTIONS = ("dog", "bell", "rain")


def item(family: str, text: str, choices: Sequence[str], gold: int = 0, name: str = "a") -> Item:
    return Item(name, ("a.wav",), text, tuple(choices), choices[gold], gold, {"sub-category": family}, name)


def chain(caption: str, reasoning: str, response: str) -> str:
    return (
        f"<THINK>\n<PLANNING>List.</PLANNING>\n<CAPTION>{caption}</CAPTION>\n<REASONING>{reasoning}</REASONING>\n"
        f"<SUMMARY>So.</SUMMARY>\n</THINK>\n<RESPONSE>{response}</RESPONSE>"
    )


FIRST = item("first", "Which sound comes first?", OPTIONS)
RAW = chain("1 dog, 2 bell, 3 siren.", "1 is dog. (a) dog yes.", "(a) dog")


def reply(raw: str = RAW, asked: Item = FIRST) -> Reply:
    return read_reply(asked, raw)


def edits(raw: str = RAW, asked: Item = FIRST, clip: Clip | None = None, seed: int = 0) -> dict[str, Edit]:
    theirs = chain("1 bell.", "1 is bell. (b) bell yes.", "(b) bell")
    donors = [read_reply(item("first", "Which sound comes first?", OPTIONS, 1, f"d{i}"), theirs) for i in range(3)]
    return {e.intervention: e for e in Editor(seed, ["siren", "clap"], donors).edits(reply(raw, asked), clip)}


# --- beliefs


@pytest.mark.parametrize(
    ("family", "text", "choices", "answer"),
    [
        ("first", "Which sound comes first?", ("bell", "dog"), "dog"),
        ("last", "Which sound comes last?", ("bell", "dog"), "bell"),
        ("before", "Which sound comes right before the siren sound?", ("dog", "bell"), "dog"),
        ("after", "Which sound comes right after the siren sound?", ("dog", "bell"), "dog"),
        ("count", "How many separate sounds does the clip hold?", ("3", "4"), "4"),
        ("count_of", "How many separate times does the dog sound occur?", ("1", "2"), "2"),
        ("presence", "Is the dog sound heard?", ("yes", "no"), "yes"),
        ("presence", "Is the rain sound heard?", ("yes", "no"), "no"),
        ("presence", "Which of these sounds is heard?", ("rain", "bell"), "bell"),
        ("order", "What is the order of the sounds?", ("dog, siren, dog, bell", "bell, dog, siren, dog"),
         "dog, siren, dog, bell"),
        ("longest", "Which sound lasts longest?", ("dog", "siren"), "siren"),
    ],
)  # fmt: skip
def test_an_answer_follows_from_a_list(family: str, text: str, choices: tuple[str, ...], answer: str) -> None:
    belief = Belief(("dog", "siren", "dog", "bell"), ("0.3", "0.9", "0.4", "0.2"))
    assert belief_of(belief.to_text()) == belief
    found = implied(item(family, text, choices), belief)
    assert found is not None
    assert choices[found] == answer


@pytest.mark.parametrize(
    ("family", "text", "choices"),
    [
        ("first", "Which came first, the hen or the egg?", ("dog", "hen")),  # not our question
        ("before", "Which sound comes right before the dog sound?", ("siren", "bell")),  # the dog comes twice
        ("before", "Which sound comes right before the cow sound?", ("siren", "bell")),
        ("presence", "Which of these sounds is heard?", ("dog", "bell")),
        ("count", "How many separate sounds does the clip hold?", ("1", "2")),
        ("longest", "Which sound lasts longest?", ("dog", "siren")),  # no lengths in this caption
        ("mood", "Which sound comes first?", ("dog", "siren")),
    ],
)
def test_what_does_not_follow_has_no_implied_answer(family: str, text: str, choices: tuple[str, ...]) -> None:
    assert implied(item(family, text, choices), Belief(("dog", "siren", "dog", "bell"))) is None


@pytest.mark.parametrize(
    "caption",
    ["A dog.", "1 dog, 3 bell.", "1 dog, 2 bell", "", "1 dog, 2 bell 0.3 s.", "1 dog; 2 bell.", "2 dog.", "1 dog.."],
)
def test_other_captions_are_no_lists(caption: str) -> None:
    assert belief_of(caption) is None


def test_every_change_of_a_list_is_one_change() -> None:
    belief = Belief(("dog", "bell", "dog"), ("0.3", "0.5", "0.4"))
    swaps = list(list_changes("swap", FIRST, belief, ()))
    assert [c.caption for c in swaps] == [
        "1 bell 0.3 s, 2 dog 0.5 s, 3 dog 0.4 s.", "1 dog 0.3 s, 2 dog 0.5 s, 3 bell 0.4 s."
    ]  # fmt: skip
    counts = [belief_of(c.caption) for c in list_changes("count", FIRST, belief, ())]
    assert sorted(len(b.labels) for b in counts if b) == [2, 2, 2, 4, 4]
    for c in list_changes("rename", FIRST, belief, ("clap",)):
        changed = belief_of(c.caption)
        assert changed is not None
        assert sum(a != b for a, b in zip(changed.labels, belief.labels, strict=True)) == 1
    assert {c.implied for c in swaps} == {1, 0}


def test_prose_is_changed_by_names_and_numbers_alone() -> None:
    caption = "A dog barks, then a bell rings. The Dog is loud; a doghouse is not meant."
    (swap,) = text_changes("swap", FIRST, caption, 0, ())
    assert swap.caption == "A bell barks, then a dog rings. The Bell is loud; a doghouse is not meant."
    assert swap.implied == 1
    renames = list(text_changes("rename", FIRST, caption, 0, ()))
    assert renames[0].caption == "A rain barks, then a bell rings. The Rain is loud; a doghouse is not meant."
    assert renames[0].implied == 2
    asked = item("after", "Which sound comes right after the dog sound?", OPTIONS)
    assert next(iter(text_changes("swap", asked, caption, 1, ()))).implied is None
    count = item("count", "How many?", ("2", "3"))
    (changed,) = text_changes("count", count, "There are two separate sounds in 2 s, and two sounds only.", 0, ())
    assert changed.caption == "There are 3 separate sounds in 2 s, and 3 sounds only."
    assert changed.implied == 1
    assert list(text_changes("count", count, "There are four sounds.", 0, ())) == []


# --- edits


def test_everything_before_the_change_is_the_models_own() -> None:
    made = edits()
    assert set(made) == set(INTERVENTIONS) - {"caption-truth"}
    parts = parts_of(RAW)
    assert parts is not None
    for name, edit in made.items():
        if INTERVENTIONS[name][0] == "caption":
            assert edit.prefix.startswith(parts.head)
            assert edit.prefix.endswith("</CAPTION>\n<REASONING>")
        else:
            assert edit.prefix.startswith(parts.head + parts.caption + parts.between)
            assert edit.prefix.endswith("</REASONING>\n<SUMMARY>")
    assert RAW.startswith(made["unedited-caption"].prefix)
    assert RAW.startswith(made["unedited-reasoning"].prefix)


def test_what_is_expected() -> None:
    made = edits()
    assert (made["unedited-caption"].expects, made["unedited-caption"].implied) == ("same", (0,))
    assert (made["irrelevant-fact"].expects, made["irrelevant-fact"].implied) == ("same", (0,))
    for name in ("caption-swap", "caption-rename"):
        assert made[name].expects == "new"
        assert made[name].implied in ((1,), (2,))
    assert made["reasoning-other"].implied == (1,)
    assert "1 is bell. (b) bell yes.</REASONING>" in made["reasoning-other"].prefix
    assert "<REASONING>1 is dog.</REASONING>" in made["reasoning-half"].prefix
    assert "<REASONING></REASONING>" in made["reasoning-empty"].prefix
    assert "1 is dog. (a) dog yes. (a) dog yes.</REASONING>" in made["repeat-reasoning"].prefix
    assert made["filler-caption"].told in made["filler-caption"].prefix


def test_the_same_seed_makes_the_same_changes_and_another_others() -> None:
    assert edits() == edits()
    assert len({edits(seed=s)["caption-rename"].told for s in range(8)}) > 1


def test_an_answer_that_does_not_follow_from_its_caption_has_no_irrelevant_fact() -> None:
    made = edits(chain("1 bell, 2 dog.", "Hm. Hm.", "(a) dog"))
    assert "irrelevant-fact" not in made
    assert "caption-swap" not in made, "the only exchange there is would give the answer that was given"
    assert made["caption-rename"].implied != (0,)


def test_the_truth_is_told_in_the_replys_own_form() -> None:
    events = (Event(start=0, end=8000, label="rain"), Event(start=9000, end=12000, label="dog"))
    clip = Clip(
        clip_id="a", source="x", source_id="a", audio=AudioRef(path="a"), content_key=digest({"a": 1}).hex(),
        duration_s=1.0, domains=("sound",), group="a",
        timeline=Timeline(sample_rate=16000, length=16000, events=events),
    )  # fmt: skip
    asked = item("first", "Which sound comes first?", OPTIONS, 2)
    assert "<CAPTION>1 rain, 2 dog.</CAPTION>" in edits(asked=asked, clip=clip)["caption-truth"].prefix
    assert edits(asked=asked, clip=clip)["caption-truth"].expects == "new"
    lengths = edits(chain("1 dog 0.3 s.", "x. y.", "(c) rain"), asked, clip)["caption-truth"]
    assert "<CAPTION>1 rain 0.5 s, 2 dog 0.2 s.</CAPTION>" in lengths.prefix
    assert lengths.expects == "same"
    prose = edits(chain("A dog barks.", "x. y.", "(a) dog"), asked, clip)["caption-truth"].prefix
    assert "the rain sound from 0.0 to 0.5 seconds; then the dog sound from 0.6" in prose


@pytest.mark.parametrize(
    "raw",
    [
        "dog", "", RAW.replace("<CAPTION>", ""), RAW.replace("</REASONING>", ""), RAW.replace("(a) dog</R", "a cat</R"),
        RAW.replace("</CAPTION>", "</CAPTION><CAPTION>x</CAPTION>"),
    ],
)  # fmt: skip
def test_replies_that_cannot_be_changed_are_left_alone(raw: str) -> None:
    assert edits(raw) == {}


@pytest.mark.parametrize(
    ("text", "half", "last"),
    [
        ("At 0.2 s a dog. At 1.5 s a bell.", "At 0.2 s a dog.", "At 1.5 s a bell."),
        ("1. A dog at 0.2 s.\n2. A bell.\n3. So (a).", "1. A dog at 0.2 s.", "3. So (a)."),
        ("Last is 3. 3 is clap. (a) clap yes.", "Last is 3. 3 is clap.", "(a) clap yes."),
        ("dog bell rain", "dog bell", "dog bell rain"),
        ("先有狗叫。后有铃声。", "先有狗叫。", "后有铃声。"),
        ("dog", None, "dog"),
    ],
)
def test_sentences_are_cut_where_they_end(text: str, half: str | None, last: str) -> None:
    made = edits(chain("1 dog, 2 bell.", text, "(a) dog"))
    assert (made["reasoning-half"].told if "reasoning-half" in made else None) == half
    assert made["repeat-reasoning"].told == last


def test_hostile_captions() -> None:
    for caption in ("(", "1 .", "1 dog, " * 300, "1 \\dog(.", "狗叫。然后是铃声。", "dog" * 5000):
        for edit in edits(chain(caption, "一。二。", "(a) dog")).values():
            assert edit.prefix.count("<CAPTION>") == 1
