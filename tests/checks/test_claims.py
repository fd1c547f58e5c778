"""Claims in the words of language models: what is false is contradicted, what is true or only looks false is not."""

from __future__ import annotations

import pytest
from grounded_scenes import measured, recording, scene
from test_checks import AFTER, CLIP, HAND, ORDER

from audio_reasoner.checks import check_annotation, check_sample, claims_of
from audio_reasoner.checks.answers import true_answer
from audio_reasoner.core.records import Annotation, Clip, Event, EvidenceItem, Label, Question, Timeline

RATE = 16_000


def statuses(sentence: str, clip: Clip = CLIP, section: str = "caption") -> set[tuple[str, str]]:
    """Kinds and statuses of the claims of one sentence put before everything else."""
    chain = HAND.replace(**{section: sentence})
    return {(c.kind, c.status) for c in claims_of(clip, ORDER, chain) if c.section == section}


@pytest.mark.parametrize(
    ("true", "false", "kind"),
    [
        ("The bell comes before the siren.", "The siren comes before the bell.", "order"),
        ("After the bell, the siren can be heard.", "After the siren, the bell can be heard.", "order"),
        ("The siren is heard after the ringing bell.", "The ringing bell is heard after the siren.", "order"),
        ("The bell is directly followed by the siren.", "The siren is directly followed by the bell.", "order"),
        ("The clip opens with the dog bark.", "The clip opens with the siren.", "order"),
        ("The recording ends with the dog.", "The recording ends with the bell.", "order"),
        ("In chronological order I hear dog, bell, siren.", "In chronological order I hear siren, bell, dog.", "order"),
        ("In total, four sounds can be heard.", "In total, six sounds can be heard.", "count"),
        ("The dog is heard twice.", "The dog is heard three times.", "count"),
        ("There are two occurrences of the dog.", "There are four occurrences of the dog.", "count"),
        ("The only sounds are a dog, a bell, and a siren.", "The only sounds are a dog and a bell.", "count"),
        ("There is no piano in the recording.", "There is no bell in the recording.", "count"),
        ("The siren starts at about 3.6 seconds.", "The siren starts at about 1.2 seconds.", "time"),
        ("The bell is heard from 2.0 to 3.1 seconds.", "The bell is heard from 4.0 to 5.1 seconds.", "time"),
        ("The bell lasts about 1.1 seconds.", "The bell lasts about 3.1 seconds.", "duration"),
        ("This is a 6.3-second recording.", "This is a 12-second recording.", "duration"),
        ("From 1.4 to 2.0 seconds, nothing is heard.", "From 3.6 to 5.0 seconds, nothing is heard.", "silence"),
        ("The clip opens with 0.5 seconds of silence.", "The clip opens with 2 seconds of silence.", "silence"),
        ("No speech is heard.", "A man is speaking in the background.", "speech"),
        ("No speech is heard.", "A woman says something.", "speech"),
        (
            "The siren follows directly on the bell, with nothing in between.",
            "The dog follows directly on the bell, with nothing in between.",
            "order",
        ),
        ("The sound just before the siren is the bell.", "The sound just before the siren is the dog.", "order"),
        ("The first sound after the bell is the siren.", "The first sound after the siren is the bell.", "order"),
        ("The clip kicks off with the dog.", "The clip kicks off with the siren.", "order"),
        ("The dog closes the recording.", "The bell closes the recording.", "order"),
        ("All I can hear is a dog, a bell and a siren.", "All I can hear is a dog and a siren.", "count"),
        (
            "The clip contains a dog, a bell and a siren and no other sound.",
            "The clip contains a dog and a bell and no other sound.",
            "count",
        ),
        ("At no point is a piano audible.", "At no point is the bell audible.", "count"),
        ("There are two instances of the barking dog.", "There are three instances of the barking dog.", "count"),
        ("After about 3.6 seconds, the siren begins.", "After about 4.8 seconds, the siren begins.", "time"),
        ("The length of the bell is about 1.1 seconds.", "The length of the bell is about 3 seconds.", "duration"),
        ("[2.0s - 3.1s] The bell.", "[4.0s - 5.1s] The bell.", "time"),
    ],
)
def test_a_false_statement_is_contradicted_and_its_true_twin_is_not(true: str, false: str, kind: str) -> None:
    assert (kind, "contradicted") in statuses(false)
    assert (kind, "supported") in statuses(true)
    assert "contradicted" not in {status for _, status in statuses(true)}


@pytest.mark.parametrize(
    "sentence",
    [
        "The siren does not come before the bell.",
        "If there were three sounds, one of them would be missing.",
        "At least two sounds are heard.",
        "Perhaps there are five sounds.",
        "Option (a) puts the siren before the bell.",
        'The sign says "the siren comes before the bell".',
        "It could be mistaken for a piano.",
        "Is there a piano?",
        "No second bell follows the siren.",
        "There are three kinds of sounds.",
        "The dog barks five times.",
        "Two more sounds follow after the bell.",
        "I count two sounds before the siren.",
        "I ask whether the siren opens the clip.",
        "The timbre is like a trumpet.",
        "No second bell is heard.",
        "There is no other dog in the clip.",
        "After half a second of silence, the siren begins.",
        "The longest sound after the bell is the siren.",
        "The dog is the first sound of two.",
        "The siren opens with a rising tone.",
    ],
)
@pytest.mark.parametrize("section", ["caption", "reasoning"])
def test_what_only_looks_false_is_left_alone(sentence: str, section: str) -> None:
    assert "contradicted" not in {status for _, status in statuses(sentence, section=section)}


NUMBERS = Question(
    task="complex_audio", family="count", text="How many separate sounds occur?", options=("1", "2", "3", "4"),
    gold_text="4", gold_index=3, difficulty=2,
)  # fmt: skip


@pytest.mark.parametrize(
    "sentence",
    [
        "1 is compared with what I heard.",
        "3 is one short.",
        "The number of dogs is 2.",
        "1 bell, 1 siren, 2 dogs.",
        "The only sound that occurs twice is the dog.",
        "The first two sounds are the dog and the bell.",
        "The last sound before the siren is the bell.",
    ],
)
@pytest.mark.parametrize("section", ["caption", "reasoning"])
@pytest.mark.parametrize("question", [ORDER, NUMBERS], ids=["order", "count"])
def test_a_number_that_is_an_option_or_a_count_states_no_order(sentence: str, section: str, question: Question) -> None:
    chain = HAND.replace(**{section: sentence})
    assert "contradicted" not in {c.status for c in claims_of(CLIP, question, chain)}


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("reasoning", "2 is siren."),
        ("reasoning", "2 is the piano."),
        ("reasoning", "5 is dog."),
        ("reasoning", "bell is 3."),
        ("caption", "1 dog, 2 siren, 3 bell, 4 dog."),
        ("caption", "1 dog, 2 piano, 3 siren, 4 dog."),
        ("caption", "1 dog, 2 bell."),
        ("caption", "The only sound is the dog."),
    ],
)
def test_a_wrong_place_in_a_numbered_list_is_contradicted(section: str, sentence: str) -> None:
    assert "contradicted" in {status for _, status in statuses(sentence, section=section)}


@pytest.mark.parametrize("sentence", ["2 is bell.", "siren is 3.", "1 dog, 2 bell, 3 siren, 4 dog."])
def test_a_right_place_in_a_numbered_list_is_supported(sentence: str) -> None:
    section = "caption" if "," in sentence else "reasoning"
    assert {status for _, status in statuses(sentence, section=section)} == {"supported"}


def dialogue(speakers: int) -> Clip:
    events = tuple(
        Event(start=k * RATE, end=k * RATE + 14_000, label="speech", speaker=f"s{k}", text="Hello.")
        for k in range(speakers)
    )
    clip = scene([("x", 0.1, 0.5)])
    line = Timeline(sample_rate=RATE, length=speakers * RATE, events=events)
    return clip.model_copy(update={"timeline": line, "duration_s": float(speakers)})


def test_speakers_are_counted_by_timeline_turns_and_labels() -> None:
    two = "The conversation involves two people."
    assert ("speakers", "supported") in statuses(two, dialogue(2))
    assert ("speakers", "contradicted") in statuses(two, dialogue(3))
    bare = recording(["speech"])
    assert ("speakers", "contradicted") not in statuses(two, bare)
    turns = [[0.0, 1.0, "a"], [1.0, 2.0, "b"], [2.0, 3.0, "c"]]
    brought = (EvidenceItem(name="rttm", value=turns, source="user:rttm"),)
    assert ("speakers", "contradicted") in statuses(two, bare.model_copy(update={"evidence": brought}))
    named = tuple(Label(kind="speaker", value=v) for v in ("Ann", "Ben", "Cy"))
    assert ("speakers", "contradicted") in statuses(two, bare.model_copy(update={"labels": named}))


def question(text: str, options: tuple[str, ...], gold: str) -> Question:
    at = options.index(gold)
    return Question(
        task="complex_audio", family="x", text=text, options=options, gold_text=gold, gold_index=at, difficulty=1
    )


@pytest.mark.parametrize(
    ("text", "options", "right", "wrong"),
    [
        ("How do the sounds follow one another?", ORDER.options, "dog, bell, siren, dog", "bell, dog, siren, dog"),
        ("Which of these can be heard?", ("rain", "piano", "siren"), "siren", "piano"),
        ("Can the piano sound be heard?", ("yes", "no"), "no", "yes"),
        ("How often is the piano sound heard?", ("0", "1", "2"), "0", "2"),
        ("How long is the clip?", ("about 6 seconds", "about 12 seconds"), "about 6 seconds", "about 12 seconds"),
    ],
)
def test_a_gold_answer_that_the_timeline_denies_is_wrong(
    text: str, options: tuple[str, ...], right: str, wrong: str
) -> None:
    assert true_answer(CLIP, None, question(text, options, right)) == options.index(right)
    assert true_answer(CLIP, None, question(text, options, wrong)) == options.index(right)


@pytest.mark.parametrize(
    ("text", "options", "gold"),
    [
        ("Which sound is heard in the background?", ("dog", "rain"), "rain"),
        ("Can the piano sound be heard?", ("yes", "no"), "yes"),
        ("How long is the clip?", ("about 2 seconds", "about 4 seconds"), "about 4 seconds"),
    ],
)
def test_of_a_tagged_recording_only_what_is_sure_is_judged(text: str, options: tuple[str, ...], gold: str) -> None:
    assert true_answer(recording(["dog"]), None, question(text, options, gold)) is None
    heard = question("What sound can be heard?", ("piano", "dog"), "piano")
    assert true_answer(recording(["dog"]), None, heard) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "I cannot hear any second bell.",
        "The siren does not last 20 seconds.",
        "I cannot help but notice that the dog comes first.",
        "The answer must fit all four sounds.",
        "I am not able to make out anything between 5 s and 5.4 s.",
    ],
)
def test_honest_sentences_are_no_refusals_and_name_no_late_time(sentence: str) -> None:
    chain = HAND.replace(reasoning=f"{HAND.reasoning} {sentence}")
    found = {f.code for f in check_sample(CLIP, None, None, ORDER, chain).findings}
    assert not found & {"teacher_error", "time_outside"}, found


def test_a_small_word_that_is_asked_for_may_be_spoken_of() -> None:
    asked = question('Which word follows "from"?', ("volume", "other"), "other")
    chain = HAND.replace(planning='I look for the word next to "from".', reasoning='Behind "from" stands "other" (b).')
    found = [f.detail for f in check_sample(recording(["speech"]), None, None, asked, chain).findings]
    assert not any("is spoken of" in x for x in found), found


def test_measured_pauses_count_only_with_a_published_error() -> None:
    clip = recording(["dog"])
    chain = HAND.replace(caption="From 0.5 to 2.5 seconds, nothing is heard.")
    for error, expected in ((0.01, "contradicted"), (0.2, None), (None, None)):
        evidence = measured(clip, error, segments=[[0.2, 3.0]])
        found = [c.status for c in claims_of(clip, ORDER, chain, evidence) if c.kind == "silence"]
        assert found == ([expected] if expected else [])


def test_annotations_are_checked_before_chains_are_paid_for() -> None:
    def codes(**changes: object) -> set[str]:
        question = Question(**{**AFTER.model_dump(), **changes})
        return {f.code for f in check_annotation(CLIP, None, Annotation(caption="A dog.", questions=(question,)))}

    assert codes() == set()
    assert codes(gold_text="dog", gold_index=1) == {"gold_wrong"}
    assert "question_about_text" in codes(text="Which sound does the caption mention right after the bell sound?")
    assert "options_equal" in codes(options=("rain", "Rain", "siren", "piano"))
    long = "siren that rises slowly and falls again twice before it ends"
    assert "option_length" in codes(options=("rain", "dog", long, "piano"), gold_text=long)
    assert "option_meta" in codes(options=("rain", "dog", "siren", "none of the above"))
    bad = Annotation(caption="According to the label a dog barks.", questions=(AFTER,))
    assert {f.code for f in check_annotation(CLIP, None, bad)} == {"caption_about_text"}


@pytest.mark.parametrize(
    ("section", "text", "code"),
    [
        ("planning", "The answer is (b), so I look for the order of the sounds.", "answer_early"),
        ("planning", "I will confirm the order dog, bell, siren, dog.", "answer_early"),
        ("caption", "A dog, a bell, a siren and a dog: option (b).", "answer_early"),
        ("reasoning", "The dog comes first, then the bell and the", "truncated"),
        ("summary", "PLANNING: find the order.\nCAPTION: a dog barks.\nSo option (b).", "two_chains"),
        ("reasoning", "Primero escucho el audio y anoto cada sonido. Después comparo la lista con (b).", "language"),
        ("reasoning", 'The order. {"detail": "Internal Server Error"} (b).', "teacher_error"),
    ],
)
def test_what_does_not_belong_into_a_chain(section: str, text: str, code: str) -> None:
    verdict = check_sample(CLIP, None, None, ORDER, HAND.replace(**{section: text}))
    assert code in {f.code for f in verdict.findings}


def test_a_planning_that_quotes_the_description_leaks() -> None:
    caption = "A dog barks twice near a church whose bell rings before a siren passes by."
    annotation = Annotation(caption=caption, questions=(ORDER,))
    chain = HAND.replace(planning=f"I put the sounds in order. {caption}")
    assert "leak" in {f.code for f in check_sample(CLIP, None, annotation, ORDER, chain).findings}
    assert check_sample(CLIP, None, annotation, ORDER, HAND).decision == "accepted"
