"""What would give a wrong answer, or spoil somebody else's work, without a word."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.errors import InputError
from audio_reasoner.inference import Answer, Reasoner, Sampling
from audio_reasoner.inference.history import response_text
from audio_reasoner.inference.joining import Joiner, join
from audio_reasoner.inference.votes import normalised
from audio_reasoner.models.qwen2_audio import Loaded


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(samples + seed).standard_normal(samples) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def reasoner(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


# --- streams


def test_two_streams_are_read_in_turns_and_torch_stays_as_it_was(reasoner: Reasoner) -> None:
    """The one that ended first took the other's mode away, and left its own behind for the whole process."""
    questions = ("Which?", "How many?")
    alone = [reasoner.ask(noise(16_000), q, max_new_tokens=n).text for q, n in zip(questions, (6, 24), strict=True)]
    streams = [reasoner.stream(noise(16_000), q, max_new_tokens=n) for q, n in zip(questions, (6, 24), strict=True)]
    last: list[object] = [None, None]
    left = [0, 1]
    while left:
        for i in list(left):
            piece = next(streams[i], None)
            assert not torch.is_inference_mode_enabled(), "a caller between two pieces may want gradients"
            if piece is None:
                left.remove(i)
            else:
                last[i] = piece
    for said, expected in zip(last, alone, strict=True):
        assert isinstance(said, Answer)
        assert said.text == expected


def test_a_stream_may_go_on_in_another_thread(reasoner: Reasoner) -> None:
    """As web servers do that read a generator from a pool of threads."""
    stream = reasoner.stream(noise(16_000), "Which?", max_new_tokens=24)
    found: list[object] = []
    while not (found and isinstance(found[-1], Answer)):
        thread = threading.Thread(target=lambda: found.append(next(stream)))
        before = len(found)
        thread.start()
        thread.join()
        assert len(found) > before
    assert isinstance(found[-1], Answer)
    assert found[-1].text == reasoner.ask(noise(16_000), "Which?", max_new_tokens=24).text


# --- numbers that are none


@pytest.mark.parametrize("sampling", [None, Sampling(0.8, 0.9, 1)])
def test_a_model_that_overflows_does_not_answer(reasoner: Reasoner, sampling: Sampling | None) -> None:
    """In 16-bit floats a large activation becomes infinite, then no number; the likeliest token was then the first."""
    weight = reasoner.model.model.language_model.norm.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(float("inf"))
    try:
        with pytest.raises(InputError) as caught:
            reasoner.ask(noise(16_000), "Which?", max_new_tokens=4, sampling=sampling)
    finally:
        with torch.no_grad():
            weight.copy_(kept)
    assert caught.value.code == "model.overflow"


# --- answers to open questions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C# minor", "C minor"),
        ("B\u266d", "B"),
        ("-3", "3"),
        ("50 %", "5 %"),
        ("0:30", "0 30"),
        ("\u0915\u0940", "\u0915\u093e"),  # two syllables of Hindi that differ in their vowel, which is a mark
        ("\u0e17\u0e35\u0e48", "\u0e17\u0e35\u0e49"),  # Thai: in their tone
        ("\u266a", "\U0001f642"),
    ],
)
def test_different_answers_are_not_counted_together(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)
    assert normalised(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Bell.", " the  bell"),
        ("**bell**", "`bell`"),
        ("__bell__", "bell"),
        ("C\u266f", "c#"),
        ("1, 2, 3", "1,2,3"),
        ("1-2-3", "1 2 3"),
        ("\u22123 dB", "-3 db"),
        ("", " \u2026?!"),
        ("e\u0301cole", "\u00e9cole"),
    ],
)
def test_equal_answers_are_counted_together(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


# --- a server's thoughts


THOUGHTS = "They want the answer inside <RESPONSE>, so <response>(a) dog</response>? No, I hear a bell."


@pytest.mark.parametrize("content", ["(b) bell", "<RESPONSE>(b) bell</RESPONSE>", f"<think>{THOUGHTS}</think>(b) bell"])
def test_thoughts_that_speak_of_the_answer_are_not_the_answer(content: str) -> None:
    """A model that is told to answer inside <RESPONSE> says so to itself, and what followed was read as its answer."""
    thoughts = "" if "think" in content else THOUGHTS
    text = join(thoughts, content)
    assert response_body(parse_chain(text), text) == "(b) bell"
    assert response_text(text) == "(b) bell", "nor do the thoughts go back into the dialogue"
    assert "I hear a bell" in text
    rng = random.Random(3)
    for _ in range(30):
        joiner, out = Joiner(), ""
        for part, first in ((thoughts, True), (content, False)):
            while part:
                n = rng.randint(1, 1 + len(part) // 2)
                piece, part = part[:n], part[n:]
                out += joiner.feed(piece, "") if first else joiner.feed("", piece)
        assert out + joiner.finish() == text
