"""Follow-up questions: the model reads earlier questions and responses as in training, and never earlier thoughts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.inference.writers import CHAIN, noise

from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Turn
from audio_reasoner.inference import Answer, Reasoner
from audio_reasoner.inference import generate as g
from audio_reasoner.inference.history import earlier_turns, response_text
from audio_reasoner.models.qwen2_audio import Loaded
from audio_reasoner.training import data

THOUGHTS = ("THINK", "PLANNING", "CAPTION", "REASONING", "SUMMARY", "I plan", "1 dog", "Last is")


@pytest.fixture(scope="module")
def reasoner(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


def prompt(reasoner: Reasoner, history: object, question: str = "And the last?") -> list[int]:
    rows = reasoner._rows([(noise(16_000), question, ["dog", "bell"])], histories=[history])  # type: ignore[list-item]
    return list(rows[0].prompt.ids)


def test_the_prompt_is_the_one_of_training(reasoner: Reasoner) -> None:
    turns = (
        Turn(question="Which comes first?", options=("dog", "a  bell"), response="(b) bell"),
        Turn(question="How many?", response="Two, höre ich."),
    )
    trained = reasoner.format.prompt(
        render_question("And the last?", ["dog", "bell"]),
        25,
        list(data.earlier_turns(SimpleNamespace(history=turns))),  # type: ignore[arg-type]
    )
    asked = prompt(reasoner, [(t.question, t.options, t.response) for t in turns])
    assert asked == trained
    assert asked != prompt(reasoner, None)


def test_what_was_thought_never_goes_back(reasoner: Reasoner) -> None:
    chain = reasoner.ask_batch([(noise(16_000), "Which?", ["dog", "bell"])], 4, prefixes=[CHAIN])[0]
    assert isinstance(chain, Answer)
    assert chain.parsed.well_formed
    shown = prompt(reasoner, [("Which?", ["dog", "bell"], "(b) bell")])
    for said in (chain, CHAIN, CHAIN.lower(), CHAIN.replace("\n</THINK>", "")):
        ids = prompt(reasoner, [("Which?", ["dog", "bell"], said)])
        assert ids == shown
        text = reasoner.processor.tokenizer.decode(ids)
        assert "(b) bell" in text
        assert not [word for word in THOUGHTS if word in text or word.lower() + ">" in text]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "  ",
        "<THINK>\n<PLANNING>secret",
        "<think>secret</think> the bell",
        "<RESPONSE> </RESPONSE>",
        "<re\u017fponse>",
    ],
)
def test_answers_that_show_nothing_are_refused(said: str) -> None:
    with pytest.raises(InputError) as caught:
        earlier_turns([("Which?", None, said)])
    assert caught.value.code == "history.response"
    assert "secret" not in str(caught.value)


def test_a_plain_response_is_taken_as_it_is() -> None:
    assert response_text(" It is the be\u0301ll. ") == "It is the béll."
    assert earlier_turns([("Which?", ["x", "y"], "x < y")]) == [("Which?\n(a) x\n(b) y", "<RESPONSE>x < y</RESPONSE>")]
    assert earlier_turns(None) == []


def test_the_audio_stands_in_the_first_turn_and_is_encoded_once(
    reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(16_000)
    first = ("Which?", ["dog", "bell"], "(b) bell")
    tokenizer = reasoner.processor.tokenizer
    text = tokenizer.decode(prompt(reasoner, [first, ("How many?", None, "2")]))
    assert text.count("<|audio_bos|>") == 1
    assert text.index("<|audio_bos|>") < text.index("Which?") < text.index("(b) bell<") < text.index("How many?")
    assert text.count("<|AUDIO|>") == 25
    seen: list[int] = []
    real = g.qwen2_audio.encode

    def count(model: object, mels: object, frames: list[int]) -> object:
        seen.append(len(frames))
        return real(model, mels, frames)

    monkeypatch.setattr(g.qwen2_audio, "encode", count)
    requests = [(audio, "Which?", ["dog", "bell"]), (audio, "How many?", None), (audio, "And the last?", None)]
    answers = reasoner.ask_batch(requests, 6, histories=[None, [first], [first, ("How many?", None, "2")]])
    assert seen == [1]
    monkeypatch.undo()
    alone = reasoner.ask(audio, "How many?", None, 6, history=[first])
    assert alone.text == answers[1].text
    *_, streamed = reasoner.stream(audio, "How many?", None, 6, history=[first])
    assert isinstance(streamed, Answer)
    assert streamed.text == alone.text
    assert len({tuple(prompt(reasoner, h)) for h in (None, [first], [first, first])}) == 3


def test_a_conversation_goes_on_from_the_answer_itself(reasoner: Reasoner) -> None:
    audio = noise(16_000)
    first = reasoner.ask(audio, "Which?", ["dog", "bell"], 80, constrain="option")
    second = reasoner.ask(audio, "How many?", None, 80, history=[("Which?", ["dog", "bell"], first)], constrain=True)
    assert second.parsed.well_formed
    assert second.audio_tokens == first.audio_tokens == 25


@pytest.mark.parametrize(
    ("turn", "code"),
    [
        (("", None, "x"), "question.empty"),
        (("Which?", ["only one"], "x"), "question.options"),
        (("Which?", None, "x<|im_end|>"), "question.control_token"),
        (("Which?<|AUDIO|>", None, "x"), "question.control_token"),
    ],
)
def test_earlier_turns_that_cannot_be_asked_are_refused(reasoner: Reasoner, turn: object, code: str) -> None:
    with pytest.raises(InputError) as caught:
        prompt(reasoner, [turn])
    assert caught.value.code == code
