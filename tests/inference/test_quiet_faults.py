"""What would give a wrong answer, or spoil somebody else's work, without a word."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.inference.writers import babbler

from audio_reasoner.clients.openai_stream import Stream
from audio_reasoner.core.chain import parse_chain
from audio_reasoner.core.errors import InputError
from audio_reasoner.inference import Answer, Reasoner, Sampling, generate, votes
from audio_reasoner.inference.batch import fingerprint
from audio_reasoner.inference.batch_file import AnswersFile
from audio_reasoner.inference.batch_rows import bad_row, read_questions
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


def test_the_smallest_temperature_takes_the_likeliest() -> None:
    logprobs = torch.log_softmax(torch.tensor([[1.0, 3.0, 2.0]]), -1)
    for top_p in (1.0, 0.9):
        assert generate._draw(logprobs, [Sampling(1e-310, top_p)], [0.3]) == [1]


@pytest.mark.parametrize("seconds", [1, 40])
def test_integers_in_floats_are_no_sound(reasoner: Reasoner, seconds: int, tmp_path: Path) -> None:
    """The samples of a 16-bit file after `astype("float32")`, as an array and saved again."""
    import soundfile

    pcm = noise(16_000 * seconds)
    loud = (pcm * 32768).round()
    soundfile.write(tmp_path / "loud.wav", loud, 16_000, subtype="FLOAT")
    for audio in (loud, -np.abs(loud), tmp_path / "loud.wav"):
        with pytest.raises(InputError) as caught:
            reasoner.ask(audio, "Which?", max_new_tokens=2, over_30s="truncate30")
        assert caught.value.code == "audio.scale"
    reasoner.ask(pcm[:16_000] * 20, "Which?", max_new_tokens=2)  # over full scale, as files of floats may be


def test_a_beginning_that_the_model_spells_stays_within_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is spelled again takes more tokens than it was written in; past the last position words have no sense."""
    loaded = babbler(tags_are_tokens=False)
    reasoner = Reasoner(loaded.model, loaded.processor)
    config, step = loaded.model.config.text_config, generate.stepper
    highest: list[int] = []

    def noting(model: object) -> Callable[..., torch.Tensor]:
        direct = step(model)

        def one(tokens: torch.Tensor, at: torch.Tensor, *more: object) -> torch.Tensor:
            highest.append(int(at.max()))
            return direct(tokens, at, *more)

        return one

    monkeypatch.setattr(generate, "stepper", noting)
    begins = ["<THINK>\n<PLANNING>I plan: \u4f60\u597d\uff0c\u4e16\u754c \U0001f642\U0001f642\U0001f642"]
    refused = 0
    for context in range(40, 120, 8):
        monkeypatch.setattr(config, "max_position_embeddings", context)
        highest.clear()
        try:
            reasoner.ask_batch([(noise(16_000), "Which?", None)], 1, prefixes=begins)
        except InputError as error:
            refused += error.code == "question.too_long"
        else:
            assert max(highest) < context
    assert 0 < refused < 10


# --- answers to open questions


def test_a_choice_is_shown_as_its_first_chain_wrote_it_whoever_was_done_first() -> None:
    said = ["The Bell.", "the bell", "a dog"]
    texts = [f"<THINK>\u2026</THINK><RESPONSE>{x}</RESPONSE>" for x in said]
    answers = [Answer(t, parse_chain(t), None, 9, 25, "end", 0.1, 0.0) for t in texts]
    for order in ((0, 1, 2), (2, 1, 0)):
        count = votes._Count((), 3, "one", False)
        for number in order:
            count.take(number, answers[number])
        assert count.result(answers, 0.0).choices == ("The Bell.", "a dog")


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


# --- files of questions


@pytest.mark.parametrize(
    "row",
    [
        '{"audio": null, "question": "one", "question": "two"}',
        '{"audio": null, "question": "one", "meta": {"a": 1, "a": 2}}',
        '{"audio": null, "question": "one", "meta": NaN}',
        '{"audio": null, "question": "one", "meta": [1e999]}',
    ],
)
def test_rows_that_programs_read_differently_are_bad(tmp_path: Path, row: str) -> None:
    """Of two questions the last was asked; NaN went into the answers, where other programs cannot read it."""
    path = tmp_path / "q.jsonl"
    path.write_text(f'{{"audio": null, "question": "good"}}\n{row}\n')
    read = read_questions(path)
    assert [q.question for q in read.good] == ["good"]
    assert [(b.line, b.code) for b in read.bad] == [(2, "batch.json")]


def test_a_bad_row_with_the_id_of_a_question_stands_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    rows = [{"id": "x", "audio": None, "question": f"number {i}"} for i in range(3)]
    rows[1]["id"] = "y"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = read_questions(path)
    assert ([q.line for q in read.good], [b.line for b in read.bad]) == ([1, 2], [3])
    good = [{"id": q.id, "line": q.line, "asked": q.asked} for q in read.good]
    bad = [bad_row(b) for b in read.bad]
    ended = []
    for order in ([*bad, *good], [*good, *bad], [good[1], bad[0], good[0]]):
        with AnswersFile(tmp_path / f"out{len(ended)}.jsonl", {}, False) as file:
            file.write(order)
            file.put_in_order({q.id: q.line for q in read.good})
        ended.append((tmp_path / f"out{len(ended)}.jsonl").read_bytes())
    assert [json.loads(line)["line"] for line in ended[0].splitlines()] == [1, 2, 3]
    assert ended[0] == ended[1] == ended[2]


def test_a_fingerprint_of_an_adapter_knows_its_base(tmp_path: Path) -> None:
    """Answers of an adapter on another base were taken for answers of the same model."""
    base, own = tmp_path / "base", tmp_path / "own"
    for folder in (base, own):
        folder.mkdir()
    (base / "model.safetensors").write_bytes(b"1")
    (own / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    before = fingerprint(own)
    (base / "model.safetensors").write_bytes(b"2")
    assert fingerprint(own) != before


def test_a_character_that_a_server_cuts_in_two_is_one() -> None:
    """Gateways that count in UTF-16 send the halves of an emoji in two events; joined as they were, they were none."""
    text = "a \U0001f642 b\U0001f642\U0001f642"
    raw = text.encode("utf-16-be")
    units = [chr(raw[i] * 256 + raw[i + 1]) for i in range(0, len(raw), 2)]
    rng = random.Random(1)
    for field in ("content", "reasoning"):
        for _ in range(20):
            stream, rest, shown = Stream(), list(units), ""
            while rest:
                n = rng.randint(1, 3)
                piece, rest = "".join(rest[:n]), rest[n:]
                said = stream.take(json.dumps({"choices": [{"delta": {field: piece}}]}).encode())
                shown += "" if said is None else said.text + said.reasoning
            stream.take(b'{"choices": [{"delta": {}, "finish_reason": "stop"}]}')
            reply = stream.end()
            assert shown == reply.text + reply.reasoning == text
    lone = Stream()
    lone.take(b'{"choices": [{"delta": {"content": "x\\ud83d"}, "finish_reason": "stop"}]}')
    assert lone.end().text == "x\ud83d", "what came is not lost"
