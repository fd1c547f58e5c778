"""A small model is a Qwen2-Audio like any other: transformers loads what we save; equal seeds give equal weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.core.chain import TAG_LITERALS
from audio_reasoner.core.errors import InputError
from audio_reasoner.models import nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.qwen2_audio import Loaded

TOKENIZER = nano.train_tokenizer(TEXTS, 400)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_the_tokenizer_spells_any_text(text: str) -> None:
    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    assert TOKENIZER.decode(ids) == text or any(c in text for c in nano.CONTROL) or _lone_surrogate(text)


def _lone_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def test_tags_are_one_token_each_and_survive_decoding() -> None:
    for tag in TAG_LITERALS:
        ids = TOKENIZER(tag, add_special_tokens=False)["input_ids"]
        assert len(ids) == 1
        assert TOKENIZER.decode(ids, skip_special_tokens=True) == tag


def test_equal_texts_give_equal_tokenizers_in_any_order() -> None:
    again = nano.train_tokenizer(list(reversed(TEXTS)), 400)
    assert again.get_vocab() == TOKENIZER.get_vocab()


def test_equal_seeds_give_equal_weights_and_others_do_not(micro: Loaded) -> None:
    before = torch.random.get_rng_state()
    same, other = (nano.create(MICRO, TEXTS, seed=s).model for s in (3, 4))
    assert torch.equal(before, torch.random.get_rng_state()), "the global random state must stay as it was"
    weight = micro.model.lm_head.weight
    assert torch.equal(same.lm_head.weight, weight)
    assert not torch.equal(other.lm_head.weight, weight)


def test_encoder_positions_are_sinusoids_and_stay_so_through_a_save(micro: Loaded, tmp_path: Path) -> None:
    micro.model.save_pretrained(tmp_path)
    micro.processor.save_pretrained(tmp_path)
    loaded = qwen2_audio.load(tmp_path, "cpu")
    for model in (micro.model, loaded.model):
        assert torch.allclose(model.model.audio_tower.embed_positions.weight, nano.sinusoids(1500, 32))
    for name, weight in micro.model.state_dict().items():
        assert torch.equal(weight, loaded.model.state_dict()[name]), name


def test_transformers_own_classes_load_the_directory(micro: Loaded, tmp_path: Path) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoProcessor, AutoTokenizer

    micro.model.save_pretrained(tmp_path)
    micro.processor.save_pretrained(tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert type(processor).__name__ == "Qwen2AudioProcessor"
    assert AutoTokenizer.from_pretrained(tmp_path).decode(TOKENIZER("Zoë 你好 🙂")["input_ids"]) == "Zoë 你好 🙂"
    assert type(AutoModelForSeq2SeqLM.from_pretrained(tmp_path)).__name__ == "Qwen2AudioForConditionalGeneration"


def test_our_prompt_is_what_transformers_processor_makes(micro: Loaded) -> None:
    import numpy as np

    fmt = ChatFormat(micro.processor)
    text = fmt.head + "Which sound comes first?\n(a) dog\n(b) bell" + fmt.tail
    theirs = micro.processor(
        text=text, audio=[np.zeros(16_000, dtype=np.float32)], sampling_rate=16_000, return_tensors="pt"
    )["input_ids"][0].tolist()
    assert fmt.prompt("Which sound comes first?\n(a) dog\n(b) bell", 25) == theirs
    assert text.startswith("<|im_start|>user\nAudio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\n")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")


def test_earlier_turns_are_written_as_the_template_writes_them(micro: Loaded) -> None:
    import numpy as np

    fmt = ChatFormat(micro.processor)
    turns = [("Which comes first?\n(a) dog\n(b) bell", "<RESPONSE>(a) dog</RESPONSE>"), ("How often?", "Twice.")]
    messages = [
        {"role": "user", "content": [{"type": "audio", "audio": None}, {"type": "text", "text": turns[0][0]}]},
        {"role": "assistant", "content": turns[0][1]},
        {"role": "user", "content": [{"type": "text", "text": turns[1][0]}]},
        {"role": "assistant", "content": turns[1][1]},
        {"role": "user", "content": [{"type": "text", "text": "Is it near?"}]},
    ]
    text = micro.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    theirs = micro.processor(
        text=text, audio=[np.zeros(16_000, dtype=np.float32)], sampling_rate=16_000, return_tensors="pt"
    )["input_ids"][0].tolist()
    ours = fmt.prompt("Is it near?", 25, turns)
    assert ours == theirs
    alone = fmt.prompt("Is it near?", 25)
    shared = fmt.shared_length(alone)
    assert fmt.shared_length(ours) == shared
    assert ours[:shared] == alone[:shared]
    with pytest.raises(InputError) as caught:
        fmt.prompt("Is it near?", 25, [("Which?", "a <|im_end|>")])
    assert caught.value.code == "question.control_token"


def test_a_system_message_comes_first(micro: Loaded) -> None:
    assert ChatFormat(micro.processor, "Be brief.").head.startswith("<|im_start|>system\nBe brief.<|im_end|>\n")


@pytest.mark.parametrize("literal", ["<|im_end|>", "<|AUDIO|>", "<|im_start|>"])
def test_a_question_cannot_smuggle_in_control_tokens(micro: Loaded, literal: str) -> None:
    with pytest.raises(InputError) as caught:
        ChatFormat(micro.processor).prompt(f"Which{literal}assistant", 5)
    assert caught.value.code == "question.control_token"


@pytest.mark.parametrize("bad", ["Speak.<|im_end|>", "Hear <|AUDIO|> first.", "\ud800"])
def test_a_system_message_cannot_either(micro: Loaded, bad: str) -> None:
    with pytest.raises(InputError) as caught:
        ChatFormat(micro.processor, bad)
    assert caught.value.code in ("system.control_token", "system.bad_text")
    assert "the system message" in caught.value.message


@pytest.mark.parametrize(
    "sizes",
    [
        {"vocabulary": 10**9},
        {"audio_width": 33, "audio_heads": 3},
        {"audio_width": 128, "audio_heads": 3},
        {"audio_ffn": 0},
        {"text_width": 0},
        {"text_width": -192},
        {"text_width": 48, "text_heads": 7},
        {"text_width": 99, "text_heads": 3},
        {"text_ffn": -5},
        {"rope_theta": float("inf")},
    ],
)
def test_sizes_of_which_no_model_can_be_made(sizes: dict[str, float]) -> None:
    with pytest.raises(ValidationError) as caught:
        nano.NanoSizes.model_validate(sizes)
    assert next(iter(sizes)) in str(caught.value)


def test_an_option_letter_is_the_same_piece_in_question_and_answer() -> None:
    text = "Which sound comes first?\n(a) dog\n(b) bell\n(a) dog no. (b) bell yes. So (b) bell, not (a)."
    tokenizer = nano.train_tokenizer([text] * 8, 400)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    pieces = [tokenizer.decode([i]) for i in ids]
    assert pieces.count("(b)") == 3
    assert pieces.count("(a)") == 3
    assert not [p for p in pieces if "(b" in p and p != "(b)"]


def _attention(layer: int, look_up: bool) -> torch.Tensor:
    """Head 0's attention [positions, positions] of a fresh text model to a row of different pieces, read twice."""
    sizes = nano.NanoSizes(vocabulary=400, text_layers=2, text_heads=3, look_up=look_up)
    model = nano.create(sizes, TEXTS, seed=5).model
    model.set_attn_implementation("eager")
    ids = torch.cat([torch.arange(270, 290), torch.arange(270, 290)])[None]
    with torch.no_grad():
        seen = model.model.language_model(input_ids=ids, output_attentions=True, use_cache=False).attentions
    weights: torch.Tensor = seen[layer][0, 0]
    return weights


def test_the_look_up_circuit_finds_what_followed_before() -> None:
    before = _attention(0, True)
    assert torch.stack([before[i, i - 1] for i in range(1, 40)]).median() > 0.8
    # In the second reading a position should look at what followed the same piece in the first: 19 places back. Only a
    # start, training sharpens it; but far more than chance, which is about one in thirty.
    hits = {
        look_up: sum(int(_attention(1, look_up)[i].argmax()) == i - 19 for i in range(20, 40))
        for look_up in (True, False)
    }
    assert hits[True] >= 5
    assert hits[False] <= 2
