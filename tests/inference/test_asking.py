"""Sampling, forced beginnings, no audio and several recordings: what they change, and that greedy asking knows nothing
of them."""

from __future__ import annotations

import json
import random
from collections import Counter

import numpy as np
import pytest
import torch
from tests.models.conftest import TEXTS

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import Reasoner, Sampling
from audio_reasoner.inference.generate import Prompt, _draw_rows
from audio_reasoner.inference.prefix import Spelling, Vocabulary
from audio_reasoner.models import nano
from audio_reasoner.models.qwen2_audio import Loaded

CHAIN = (
    "<THINK>\n<PLANNING>Plan: höre 你好，世界 🙂.</PLANNING>\n<CAPTION>1 dog, 2 bell.</CAPTION>\n"
    "<REASONING>Last is 2. (a) dog no. (b) bell yes.</REASONING>\n<SUMMARY>bell.</SUMMARY>\n</THINK>\n"
    "<RESPONSE>(b) bell</RESPONSE>"
)


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(samples + seed).standard_normal(samples) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def reasoner(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


# --- sampling


def test_a_sampled_row_depends_on_its_seed_and_place_alone(reasoner: Reasoner) -> None:
    asked = [(noise(16_000, i), "Which?", None) for i in range(3)]
    hot = Sampling(temperature=0.9, top_p=0.95, seed=5)
    first = [a.text for a in reasoner.ask_batch(asked, 16, sampling=hot)]
    assert first == [a.text for a in reasoner.ask_batch(asked, 16, sampling=hot)]
    assert first[:2] == [a.text for a in reasoner.ask_batch(asked[:2], 16, sampling=hot)]
    assert first != [a.text for a in reasoner.ask_batch(asked, 16, sampling=Sampling(0.9, 0.95, 6))]
    greedy = [a.text for a in reasoner.ask_batch(asked, 16)]
    assert greedy == [a.text for a in reasoner.ask_batch(asked, 16, sampling=Sampling(0.0, 1.0, 5))]
    assert greedy != first


def test_rows_with_seeds_of_their_own_keep_their_answers_in_any_batch(reasoner: Reasoner) -> None:
    asked = [(noise(16_000, i), "Which?", None) for i in range(3)]
    own = [Sampling(1.0, 1.0, seed) for seed in (1, 2, 3)]
    together = [a.text for a in reasoner.ask_batch(asked, 12, sampling=own)]
    assert together[2] == reasoner.ask_batch(asked[2:], 12, sampling=own[2:])[0].text


def test_equal_questions_get_different_samples(reasoner: Reasoner) -> None:
    asked = [(noise(16_000), "Which?", None)] * 8
    assert len({a.text for a in reasoner.ask_batch(asked, 12, sampling=Sampling(1.0, 1.0, 1))}) == 8


def draw(logprobs: torch.Tensor, sampling: Sampling, number: float) -> int:
    """Drawn between rows of other settings, which must not matter."""
    rows = torch.stack([logprobs.flip(0), logprobs, logprobs])
    settings = (Sampling(0.3, 0.4), sampling, Sampling(2.0, 1.0))
    prompts = [Prompt([0], sampling=s, random=_Fixed(n)) for s, n in zip(settings, (0.5, number, 0.7), strict=True)]
    return _draw_rows(rows, prompts)[1]


class _Fixed(random.Random):
    def __init__(self, number: float) -> None:
        super().__init__(0)
        self.number = number

    def random(self) -> float:
        return self.number


def test_draws_follow_the_distribution_and_its_top() -> None:
    logprobs = torch.log(torch.tensor([0.1, 0.6, 0.05, 0.25]))
    rng = random.Random(1)
    seen = Counter(draw(logprobs, Sampling(1.0, 1.0), rng.random()) for _ in range(4000))
    assert [round(seen[i] / 4000, 1) for i in range(4)] == pytest.approx([0.1, 0.6, 0.1, 0.2], abs=0.1001)
    assert seen[2] / 4000 == pytest.approx(0.05, abs=0.015)
    top = Counter(draw(logprobs, Sampling(1.0, 0.8), rng.random()) for _ in range(4000))
    assert set(top) == {1, 3}  # 0.6 does not reach 0.8, 0.6 + 0.25 does
    assert top[1] / 4000 == pytest.approx(0.6 / 0.85, abs=0.03)
    cold = Counter(draw(logprobs, Sampling(0.5, 1.0), rng.random()) for _ in range(4000))
    assert cold[1] / 4000 == pytest.approx(0.36 / (0.01 + 0.36 + 0.0025 + 0.0625), abs=0.03)
    assert {draw(logprobs, Sampling(1.0, p), n) for p in (1e-9, 1.0) for n in (0.0, 1.0 - 1e-16)} <= {0, 1, 3}


@pytest.mark.parametrize(("temperature", "top_p"), [(-0.1, 1.0), (1.0, 0.0), (1.0, 1.1), (float("nan"), 1.0)])
def test_impossible_sampling_is_refused(temperature: float, top_p: float) -> None:
    with pytest.raises(ConfigError) as caught:
        Sampling(temperature, top_p)
    assert caught.value.code == "sampling.bad_value"


# --- forced beginnings


def _many_piece_tokenizer() -> object:
    """Like a released model's: the tags are no tokens of their own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.train_from_iterator(
        [CHAIN, *TEXTS] * 4,
        trainers.BpeTrainer(
            vocab_size=500,
            special_tokens=["<|im_end|>"],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>")


@pytest.mark.parametrize("kind", ["tags are tokens", "tags are many tokens"])
def test_wherever_a_text_is_cut_its_own_tokens_go_on(kind: str) -> None:
    """A model that writes in the tokens it was trained on can go on from any place of its text."""
    tokenizer = nano.train_tokenizer([CHAIN, *TEXTS] * 4, 420) if kind == "tags are tokens" else _many_piece_tokenizer()
    vocabulary = Vocabulary(tokenizer)
    whole = tokenizer(CHAIN, add_special_tokens=False)["input_ids"]  # type: ignore[operator]
    changed = 0
    for cut in range(1, len(CHAIN)):
        begun, rest = vocabulary.cut(CHAIN[:cut])
        assert b"".join(vocabulary.bytes_of(i) for i in begun) + rest == CHAIN[:cut].encode()
        assert begun == whole[: len(begun)], "what is fed is what training showed"
        naive = tokenizer(CHAIN[:cut], add_special_tokens=False)["input_ids"]  # type: ignore[operator]
        changed += naive != whole[: len(naive)]
        spelling = Spelling(vocabulary, rest)
        for token in whole[len(begun) :]:
            if not spelling.rest:
                break
            assert token in (spelling.allowed() or ())
            spelling.take(token)
        assert not spelling.rest
    assert changed > 50, "no cut changed any token: this text tests nothing"


def test_an_answer_begins_as_it_must_and_goes_on(reasoner: Reasoner) -> None:
    prefixes = ["", CHAIN[:1], CHAIN[: CHAIN.index("REASON") + 3], CHAIN[: CHAIN.index("你好") + 1], CHAIN[:-20]]
    asked = [(noise(16_000, i), "Which?", ["dog", "bell"]) for i in range(len(prefixes))]
    answers = reasoner.ask_batch(asked, 6, prefixes=prefixes)
    for prefix, answer in zip(prefixes, answers, strict=True):
        assert answer.text.startswith(prefix)
        assert 0 < answer.tokens <= 6
        assert answer.stopped == "end" or answer.tokens == 6
    assert answers[0].text == reasoner.ask(*asked[0], max_new_tokens=6).text
    drawn = reasoner.ask_batch(asked, 6, prefixes=prefixes, sampling=Sampling(1.0, 1.0, 3))
    assert all(a.text.startswith(p) for p, a in zip(prefixes, drawn, strict=True))
    assert [a.text for a in drawn] != [a.text for a in answers]


def test_one_new_token_is_enough_room_for_any_beginning(reasoner: Reasoner) -> None:
    prefix = "<THINK>\n<PLANNING>" + "你好世界" * 20
    (answer,) = reasoner.ask_batch([(noise(16_000), "Which?", None)], 1, prefixes=[prefix])
    assert answer.text.startswith(prefix)
    assert answer.tokens == 1


def test_what_follows_depends_on_the_beginning(reasoner: Reasoner) -> None:
    asked = [(noise(16_000), "Which?", None)] * 3
    prefixes = ["<THINK>\n<PLANNING>dog", "<THINK>\n<PLANNING>bell", "<THINK>\n<PLANNING>bell"]
    said = [a.text[len(p) :] for p, a in zip(prefixes, reasoner.ask_batch(asked, 12, prefixes=prefixes), strict=True)]
    assert said[0] != said[1] == said[2]


def test_a_whole_answer_is_not_continued(reasoner: Reasoner) -> None:
    asked = [(noise(16_000), "Which?", ["dog", "bell"]), (noise(16_000), "Which?", None)]
    done, other = reasoner.ask_batch(asked, 5, prefixes=[CHAIN, ""])
    assert (done.text, done.tokens, done.stopped) == (CHAIN, 0, "end")
    assert done.option is not None
    assert done.option.index == 1
    assert other.tokens > 0


@pytest.mark.parametrize(
    ("prefix", "code"),
    [("a<|im_end|>", "prefix.control_token"), ("a<|AUDIO|>", "prefix.control_token"), ("\ud800", "prefix.bad_text")],
)
def test_beginnings_that_are_no_words_are_refused(reasoner: Reasoner, prefix: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        reasoner.ask_batch([(noise(16_000), "Which?", None)], 4, prefixes=[prefix])
    assert caught.value.code == code


def test_as_many_beginnings_and_samplings_as_questions(reasoner: Reasoner) -> None:
    for wrong in ({"prefixes": ["a", "b"]}, {"sampling": []}):
        with pytest.raises(ConfigError) as caught:
            reasoner.ask_batch([(noise(16_000), "Which?", None)], 4, **wrong)  # type: ignore[arg-type]
        assert caught.value.code == "ask.lengths"


# --- no audio, several recordings


def test_without_audio_the_prompt_has_no_audio_part(reasoner: Reasoner) -> None:
    row = reasoner._rows([(None, "Which?", ["dog", "bell"])])[0]
    said = reasoner.processor.tokenizer.decode(row.prompt.ids)
    assert "<|AUDIO|>" not in said
    assert "<|audio_bos|>" not in said
    assert "Audio" not in said
    mixed = reasoner.ask_batch([(None, "Which?", None), (noise(16_000), "Which?", None), (None, "How?", None)], 8)
    assert [a.audio_tokens for a in mixed] == [0, 25, 0]
    assert mixed[0].text == reasoner.ask_batch([(None, "Which?", None)], 8)[0].text
    assert mixed[1].text == reasoner.ask(noise(16_000), "Which?", None, 8).text


def test_several_recordings_stand_in_one_prompt_in_order(reasoner: Reasoner) -> None:
    a, b = noise(16_000), noise(24_000)
    row = reasoner._rows([([a, b], "Which?", None)])[0]
    said = reasoner.processor.tokenizer.decode(row.prompt.ids)
    assert said.index("Audio 1: <|audio_bos|>") < said.index("Audio 2: <|audio_bos|>")
    assert said.count("<|AUDIO|>") == row.audio_tokens == 25 + 37
    alone = reasoner.ask_batch([([a], "Which?", None), (a, "Which?", None)], 8)
    assert alone[0].text == alone[1].text
    states = []
    for clips in ([a, b], [a, noise(24_000, 9)], [noise(16_000, 9), b]):
        row = reasoner._rows([(clips, "Which?", None)])[0]
        states.append(float(next(iter(_first(reasoner, row)))))
    assert len(set(states)) == 3, "each of the recordings must be heard"


def _first(reasoner: Reasoner, row: object) -> list[float]:
    from audio_reasoner.inference.generate import decode

    prompts = [row.prompt]  # type: ignore[attr-defined]
    return [t.logprob for t in decode(reasoner.model, prompts, stop_ids=frozenset(), max_new_tokens=1, pad_id=0)]


def test_an_empty_list_of_recordings_is_an_error(reasoner: Reasoner) -> None:
    with pytest.raises(InputError) as caught:
        reasoner.ask_batch([([], "Which?", None)], 4)
    assert caught.value.code == "audio.missing"


def test_greedy_answers_are_those_of_the_first_release(reasoner: Reasoner) -> None:
    """Recorded from the decoding before sampling and forced beginnings came into it."""
    asked = [(noise(n, i), f"Which {i}?", ["dog", "bell"]) for i, n in enumerate((1_600, 16_000, 40_123))]
    ids = [reasoner.processor.tokenizer(a.text)["input_ids"] for a in reasoner.ask_batch(asked, 10)]
    assert json.dumps(ids) == RECORDED


RECORDED = (
    "[[10, 177, 129, 127, 75, 42, 42, 20, 271, 282, 295, 207], [10, 177, 129, 127, 75, 42, 42, 206, 81, 1"
    "77, 129, 127, 216, 66], [10, 274, 94, 177, 129, 127, 282, 144, 100, 202, 177, 129, 127, 274]]"
)
