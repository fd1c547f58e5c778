"""Micro models: the real architecture, too small to be of use."""

from __future__ import annotations

import pytest
import torch

from audio_reasoner.models import nano
from audio_reasoner.models.qwen2_audio import Loaded

MICRO = nano.NanoSizes(
    vocabulary=400,
    audio_width=32,
    audio_layers=2,
    audio_heads=2,
    audio_ffn=64,
    text_width=32,
    text_layers=2,
    text_heads=2,
    text_ffn=64,
)
TEXTS = ["Which sound comes first?\n(a) dog\n(b) bell", "<THINK>\n<PLANNING>List the sounds.</PLANNING>"] * 4


@pytest.fixture(scope="session")
def micro() -> Loaded:
    loaded = nano.create(MICRO, TEXTS, seed=3)
    # A fresh model's output layer is a copy of its embeddings, so it repeats its last piece for ever; one that babbles
    # tells a wrong order of rows, a lost cache or a wrong position apart.
    with torch.no_grad():
        loaded.model.lm_head.weight.normal_(0.0, 1.0, generator=torch.Generator().manual_seed(3))
    loaded.model.eval()
    return loaded
