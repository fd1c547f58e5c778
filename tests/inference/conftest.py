"""Micro models: the real architecture, too small to be of use."""

from __future__ import annotations

import pytest
import torch
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.models import nano
from audio_reasoner.models.qwen2_audio import Loaded


@pytest.fixture(scope="session")
def micro() -> Loaded:
    loaded = nano.create(MICRO, TEXTS, seed=3)
    # A fresh model's output layer is a copy of its embeddings, so it repeats its last piece for ever; one that babbles
    # tells a wrong order of rows, a lost cache or a wrong position apart.
    with torch.no_grad():
        loaded.model.lm_head.weight.normal_(0.0, 1.0, generator=torch.Generator().manual_seed(3))
    loaded.model.eval()
    return loaded
