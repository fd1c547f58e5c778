"""Replies of language models: what is taken, what is refused, under which name."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner.clients.replies import Unusable
from audio_reasoner.core.chain import Chain
from audio_reasoner.teachers import parse
from audio_reasoner.teachers.schemas import CHAIN_GRAMMAR

CHAIN = Chain(planning="First.", caption="A dog barks.", reasoning="1. So.", summary="Thus.", response="(a) dog")
TEXT = CHAIN.to_text()


def code_of(function, *arguments):
    with pytest.raises(Unusable) as caught:
        function(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    "reply",
    [
        TEXT,
        f"\n\n  {TEXT}  \n",
        f"```\n{TEXT}\n```",
        f"```xml\n{TEXT}\n```\n",
        f"<think>Let me see. A <b>dog</b>?</think>\n\n{TEXT}",
        TEXT.replace("<CAPTION>", "\n\n<CAPTION>\n").replace("</CAPTION>", "\n</CAPTION>\n"),
    ],
)
def test_harmless_wrapping_of_a_chain_is_taken_off(reply):
    assert parse.chain_of(reply) == CHAIN


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", "reply.empty"),
        ("   \n", "reply.empty"),
        (f"{TEXT}\n{TEXT}", "chain.several"),
        (f"{TEXT}\n\n<RESPONSE>Another.</RESPONSE>", "chain.several"),
        (TEXT.replace("</CAPTION>", ""), "chain.unclosed"),
        (TEXT.replace("</RESPONSE>", ""), "chain.unclosed"),
        (f"Here is the chain:\n{TEXT}", "chain.text_outside"),
        (f"{TEXT}\nI hope this helps!", "chain.text_outside"),
        (TEXT.replace("A dog barks.", ""), "chain.empty"),
        (TEXT.replace("SUMMARY", "summary"), "chain.lower_case_tag"),
        ("The answer is a dog.", "chain.untagged"),
        ("I'm sorry, I cannot help with that.", "reply.refused"),
        ("I’m sorry, but I can’t listen to audio files.", "reply.refused"),
        ("As an AI language model, I am unable to hear.", "reply.refused"),
        ("Lo siento, no puedo escuchar el audio.", "reply.refused"),
        ("Je suis désolé, je ne peux pas écouter cet audio.", "reply.refused"),
        ("Es tut mir leid, ich kann die Audiodatei nicht abspielen.", "reply.refused"),
        ("很抱歉，我无法处理音频。", "reply.refused"),
        ("К сожалению, я не могу прослушать аудио.", "reply.refused"),
        ('{"error": {"message": "overloaded", "code": 529}}', "reply.error_text"),
        ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "reply.error_text"),
        ("Internal Server Error", "reply.error_text"),
        (TEXT.replace("Thus.", '{"error": {"message": "overloaded"}}'), "reply.error_text"),
        (TEXT.replace("A dog barks.", "As an AI, I cannot hear the audio."), "reply.refused"),
    ],
)
def test_a_reply_that_is_no_single_chain_is_refused_by_name(reply, code):
    assert code_of(parse.chain_of, reply) == code


@pytest.mark.parametrize(
    "line",
    ['A man says: "I\'m sorry, I cannot come."', '"Sorry, I\'m late," says a woman.', "He shouts: I can't hear you!"],
)
def test_an_apology_in_a_clip_is_no_refusal(line):
    assert parse.chain_of(TEXT.replace("A dog barks.", line)).caption == line
    assert parse.caption_of(json.dumps({"caption": line})) == line


def test_the_grammar_accepts_a_chain_as_we_write_it():
    import re

    assert re.fullmatch(CHAIN_GRAMMAR, TEXT)
    assert not re.fullmatch(CHAIN_GRAMMAR, TEXT + TEXT)


CHOICE = {"question": "Which sound?", "options": ["a dog", "a cat", "a cow", "a bell"], "answer": "a cow"}
OPEN = {"question": "What is going on?", "options": [], "answer": "A walk."}


def annotation(*questions, **more):
    return json.dumps({"caption": "A cow.", "questions": list(questions)} | more)


@pytest.mark.parametrize(
    "wrap", ["{}", "```json\n{}\n```", "Here it is:\n```json\n{}\n```\nDone.", "Sure! {}", "<think>hm {{</think>{}"]
)
def test_an_annotation_is_read_from_json_however_it_is_wrapped(wrap):
    reply = wrap.replace("{{", "{").replace("{}", annotation(CHOICE, OPEN))
    caption, (choice, open_) = parse.annotation_of(reply, 2)
    assert caption == "A cow."
    assert (choice.options[choice.gold], choice.answer) == ("a cow", "a cow")
    assert open_ == ("What is going on?", (), "A walk.", None)


@pytest.mark.parametrize(
    ("question", "gold"),
    [
        (CHOICE | {"answer": "A cow"}, 2),
        (CHOICE | {"answer": "(c) a cow"}, 2),
        (CHOICE | {"answer": "The answer is C."}, 2),
        (CHOICE | {"options": ["(a) dog", "(b) cat", "(c) cow", "(d) bell"], "answer": "(d) bell"}, 3),
        ({"question": "Which? (a) a dog (b) a cat (c) a cow (d) a bell", "options": [], "answer": "B"}, 1),
    ],
)
def test_the_right_option_is_the_one_the_answer_means(question, gold):
    _, (made,) = parse.annotation_of(annotation(question), 1)
    assert len(made.options) == 4
    assert made.gold == gold
    assert made.answer == made.options[gold]
    assert not made.options[0].startswith("(")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (annotation(CHOICE), "question.too_few"),
        (annotation(CHOICE, CHOICE), "question.repeated"),
        (annotation(OPEN, CHOICE | {"answer": "a horse"}), "question.answer"),
        (annotation(OPEN, CHOICE | {"answer": "a dog or a cat"}), "question.answer"),
        (annotation(OPEN, CHOICE | {"options": ["a", "b"]}), "question.options"),
        (annotation(OPEN, CHOICE | {"options": ["x", "X", "y", "a cow"]}), "question.options"),
        (annotation(OPEN, CHOICE | {"options": ["a dog", "a cat", "a cow", "none of the above"]}), "question.refers"),
        (annotation(OPEN, {"question": "?", "answer": ""}), "json.form"),
        (annotation(OPEN, CHOICE, caption="  "), "json.form"),
        (annotation(OPEN, CHOICE, caption="<THINK> it </THINK>"), "caption.tags"),
        (annotation(OPEN, CHOICE, caption="I cannot listen to audio, but here goes."), "reply.refused"),
        (annotation(OPEN, CHOICE, error="x"), "reply.error_text"),
        (annotation(OPEN, CHOICE)[:-4], "json.syntax"),
        (annotation(OPEN, CHOICE) * 2, "json.several"),
        ('{"caption": "x", "caption": "y"}', "json.syntax"),
        ('{"caption": NaN}', "json.syntax"),
        (annotation(OPEN, CHOICE, caption="\ud800"), "json.syntax"),
        ("Sorry, I can't do that.", "reply.refused"),
        ("[1, 2]", "json.syntax"),
    ],
)
def test_an_annotation_that_cannot_be_used_is_refused_by_name(reply, code):
    assert code_of(parse.annotation_of, reply, 2) == code


def test_a_question_of_another_kind_than_asked_for_is_refused():
    assert code_of(parse.annotation_of, annotation(OPEN), 1, ("choice",)) == "question.kind"


def test_judgements_are_booleans_with_reasons():
    assert parse.judged_of('{"reasons": [], "verdict": true}') == (True, ())
    assert parse.judged_of('{"verdict": "False", "reasons": "a dog is invented"}') == (False, ("a dog is invented",))
    assert code_of(parse.judged_of, '{"verdict": "maybe", "reasons": []}') == "verdict.form"
    assert code_of(parse.judged_of, "True") == "json.syntax"


def test_several_chains_are_told_apart_by_number_and_fail_one_by_one():
    good = CHAIN.model_dump()
    reply = json.dumps({"chains": [{"question": 2, **good}, {"question": 1, **good, "summary": "</RESPONSE>"}]})
    found = parse.chains_of(reply, 3)
    assert found[1] == CHAIN
    assert [found[0].code, found[2].code] == ["chain.invalid_text", "chain.missing"]
    twice = json.dumps({"chains": [{"question": 1, **good}, {"question": 1, **good}]})
    assert code_of(parse.chains_of, twice, 2) == "json.form"
    assert code_of(parse.chains_of, json.dumps({"chains": [{"question": 9, **good}]}), 2) == "json.form"


def test_a_refusal_is_an_answer_of_a_solver_and_an_error_is_none():
    assert parse.answer_of("I'm sorry, I cannot hear it.") == "I'm sorry, I cannot hear it."
    assert code_of(parse.answer_of, "") == "reply.empty"
    assert code_of(parse.answer_of, "Too many requests") == "reply.error_text"


@given(st.text(max_size=200), st.integers(0, len(TEXT)))
@settings(deadline=None, max_examples=120)
def test_no_reply_ends_in_another_error(noise, cut):
    for reply in (noise, TEXT[:cut] + noise + TEXT[cut:], annotation(CHOICE)[:cut] + noise):
        for function in (parse.chain_of, parse.caption_of, parse.judged_of, parse.answer_of):
            with contextlib.suppress(Unusable):
                function(reply)
        for function in (parse.annotation_of, parse.chains_of, parse.judgements_of):
            with contextlib.suppress(Unusable):
                function(reply, 2)
