"""Small models that write in tokenizers of both kinds: the chain's tags as single tokens, and in several pieces that
cross the tags' borders."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import torch
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.models import nano
from audio_reasoner.models.qwen2_audio import Loaded

CHAIN = (
    "<THINK>\n<PLANNING>I plan: höre 你好，世界 🙂.</PLANNING>\n<CAPTION>1 dog, 2 bell.</CAPTION>\n"
    "<REASONING>Last is 2. (a) dog no. (b) bell yes.</REASONING>\n<SUMMARY>bell.</SUMMARY>\n</THINK>\n"
    "<RESPONSE>(b) bell</RESPONSE>"
)
# Of the form that released tokenizers of this family use: one sign may stand before a word, signs take line ends along.
PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def pieces_tokenizer(pattern: str = PIECES, size: int = 700) -> Any:
    """A byte-level tokenizer that knows no tags; without a pattern its tokens join anything with anything."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    split = [pre_tokenizers.Split(Regex(pattern), behavior="isolated")] if pattern else []
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [*split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(nano.CONTROL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator([CHAIN, CHAIN.lower(), *TEXTS] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=nano.PAD,
        eos_token="<|im_end|>",
        additional_special_tokens=["<|im_start|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"],
        clean_up_tokenization_spaces=False,
    )


def babbler(tags_are_tokens: bool, seed: int = 3) -> Loaded:
    """A model with random weights, which writes anything."""
    if tags_are_tokens:
        loaded = nano.create(MICRO, [CHAIN, *TEXTS], seed)
    else:
        with mock.patch.object(nano, "train_tokenizer", return_value=pieces_tokenizer()):
            loaded = nano.create(MICRO, TEXTS, seed)
    with torch.no_grad():
        loaded.model.lm_head.weight.normal_(0.0, 1.0, generator=torch.Generator().manual_seed(seed))
    loaded.model.eval()
    return loaded


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(samples + seed).standard_normal(samples) * 0.1).astype(np.float32)
