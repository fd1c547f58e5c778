"""Asking one by one, side by side and as a stream gives the same words; what cannot be answered is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.chain import SECTIONS, SectionDelta
from audio_reasoner.core.errors import AudioReasonerError, InputError
from audio_reasoner.inference import Answer, Reasoner
from audio_reasoner.inference import generate as g
from audio_reasoner.inference.making import Words
from audio_reasoner.models.qwen2_audio import Loaded

LENGTHS = (1_600, 16_000, 40_123, 16_000)


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(samples + seed).standard_normal(samples) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def reasoner(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


def requests() -> list[tuple[np.ndarray, str, list[str] | None]]:
    return [
        (noise(n, i), f"Which sound comes {'first, I wonder' * (i % 3)}?", ["dog", "bell"] if i % 2 else None)
        for i, n in enumerate(LENGTHS)
    ]


def test_side_by_side_equals_one_by_one(reasoner: Reasoner) -> None:
    together = reasoner.ask_batch(requests(), max_new_tokens=24)
    assert len({a.text for a in together}) > 1, "a model that always says the same would prove nothing"
    for answer, (audio, question, options) in zip(together, requests(), strict=True):
        alone = reasoner.ask(audio, question, options, max_new_tokens=24)
        assert alone.text == answer.text
        assert alone.audio_tokens == answer.audio_tokens > 0
        assert (answer.option is None) == (options is None)


def test_a_stream_ends_with_the_same_answer(reasoner: Reasoner) -> None:
    for audio, question, options in requests():
        pieces = list(reasoner.stream(audio, question, options, max_new_tokens=24))
        final = pieces[-1]
        assert isinstance(final, Answer)
        assert final.text == reasoner.ask(audio, question, options, max_new_tokens=24).text
        assert all(isinstance(p, SectionDelta) for p in pieces[:-1])


def scripted(monkeypatch: pytest.MonkeyPatch, reasoner: Reasoner, text: str, end: bool = True) -> None:
    """Let the model say `text`."""
    ids = reasoner.processor.tokenizer(text, add_special_tokens=False)["input_ids"]

    def say(_model: object, prompts: list[g.Prompt], *, take: object, ended: object, **_: object) -> object:
        for token in ids:
            stop = take(0, token)  # type: ignore[operator]
            yield g.Token(0, token, 0.0)
            if stop:
                return
        if end:
            ended(0)  # type: ignore[operator]

    monkeypatch.setattr("audio_reasoner.inference.reasoner.decode", say)


CHAIN = (
    "<THINK>\n<PLANNING>Plan: höre 你好 🙂.</PLANNING>\n<CAPTION>1 dog.</CAPTION>\n"
    "<REASONING>(a) dog yes.</REASONING>\n<SUMMARY>dog.</SUMMARY>\n</THINK>\n<RESPONSE>(b) bell</RESPONSE>"
)


def test_sections_arrive_in_order_and_join_to_the_whole(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, reasoner, CHAIN)
    *pieces, answer = reasoner.stream(noise(16_000), "Which?", ["dog", "bell"])
    assert isinstance(answer, Answer)
    assert answer.parsed.well_formed
    assert answer.option is not None
    assert answer.option.index == 1
    assert answer.stopped == "end"
    order = []
    for name in SECTIONS:
        parts = [p.text for p in pieces if isinstance(p, SectionDelta) and p.section == name]
        assert "".join(parts) == answer.parsed.sections[name]
        order.append(next(i for i, p in enumerate(pieces) if isinstance(p, SectionDelta) and p.section == name))
    assert order == sorted(order)


def test_what_might_have_become_a_tag_is_shown_at_the_end(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, reasoner, "<RESPONSE>smaller is written <", end=False)
    *pieces, answer = reasoner.stream(noise(16_000), "Which?")
    assert isinstance(answer, Answer)
    shown = "".join(p.text for p in pieces if isinstance(p, SectionDelta))
    assert shown == answer.parsed.response == "smaller is written <"


def test_generation_ends_at_the_closing_response(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, reasoner, CHAIN + " and more and more")
    answer = reasoner.ask(noise(16_000), "Which?", ["dog", "bell"])
    assert answer.text == CHAIN
    assert answer.stopped == "end"


def test_an_answer_cut_at_its_length_says_so(reasoner: Reasoner) -> None:
    answer = reasoner.ask(noise(16_000), "Which?", max_new_tokens=3)
    assert (answer.stopped, answer.tokens) == ("length", 3)


def test_text_comes_in_whole_characters(reasoner: Reasoner) -> None:
    tokenizer = reasoner.processor.tokenizer
    text = "Zoë 你好 🙂\n" * 40 + "é"
    words = Words(tokenizer)
    pieces = [words.feed(i) for i in tokenizer(text, add_special_tokens=False)["input_ids"]]
    assert all("\ufffd" not in p for p in pieces)
    assert "".join(pieces) + words.finish() == text


def test_prompts_that_share_a_clip_encode_it_once(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = g.qwen2_audio.encode

    def count(model: object, mels: torch.Tensor, frames: list[int]) -> object:
        seen.append(mels.shape[0])
        return real(model, mels, frames)

    monkeypatch.setattr(g.qwen2_audio, "encode", count)
    audio, other = noise(16_000), noise(20_000)
    shared = reasoner.ask_batch([(audio, "Which?", None), (other, "Which?", None), (audio, "How many?", None)], 5)
    assert seen == [2]
    monkeypatch.undo()
    assert shared[2].text == reasoner.ask(audio, "How many?", None, 5).text


def test_the_audio_is_really_heard(reasoner: Reasoner) -> None:
    """Another sound of the same length must reach the output layer."""
    states = []
    for seed in (0, 1):
        row = reasoner._rows([(noise(16_000, seed), "Which?", None)])[0]
        token = next(iter(g.decode(reasoner.model, [row.prompt], stop_ids=frozenset(), max_new_tokens=1, pad_id=0)))
        states.append(token.logprob)
    assert states[0] != states[1]


def test_files_are_heard_like_their_samples(reasoner: Reasoner, tmp_path: Path) -> None:
    pcm = np.round(noise(16_000) * 32767).astype(np.int16).astype(np.float32) / 32768
    file = tmp_path / "a.wav"
    file.write_bytes(encode_wav(pcm, 16_000))
    answer = reasoner.ask(file, "Which?", max_new_tokens=8)
    assert answer.audio_tokens == 25
    assert answer.text == reasoner.ask(pcm, "Which?", max_new_tokens=8).text


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (np.zeros(160, dtype=np.float32), "audio.too_short"),
        (np.zeros(31 * 16_000, dtype=np.float32), "audio.too_long"),
        (np.zeros((16_000, 2), dtype=np.float32), "audio.shape"),
        (np.zeros(16_000, dtype=np.int16), "audio.shape"),
        (Path("/nowhere/a.wav"), "audio.missing"),
        ("", "audio.missing"),
    ],
)
def test_audio_that_cannot_be_heard_is_an_error(reasoner: Reasoner, audio: object, code: str) -> None:
    with pytest.raises(InputError) as caught:
        reasoner.ask(audio, "Which?")  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_broken_file_is_an_error(reasoner: Reasoner, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"RIFF not audio at all")
    with pytest.raises(AudioReasonerError) as caught:
        reasoner.ask(file, "Which?")
    assert caught.value.code.startswith("audio.")


def test_an_empty_question_is_an_error(reasoner: Reasoner) -> None:
    with pytest.raises(InputError) as caught:
        reasoner.ask(noise(16_000), "  ")
    assert caught.value.code == "question.empty"
