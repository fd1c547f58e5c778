"""The short way through a decoding step gives what transformers' own way gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from audio_reasoner.inference import step
from audio_reasoner.inference.cache import roomy_cache
from audio_reasoner.models.qwen2_audio import Loaded


def walk(model: Any, take: Any, padded: bool) -> torch.Tensor:
    """The states of five steps after a prompt of five places."""
    rows, length = 3, 5
    ids = torch.arange(rows * length).view(rows, length) + 7
    alive = torch.ones(rows, length, dtype=torch.long)
    if padded:
        alive[0, :2] = 0
        alive[2, :1] = 0
    positions = (alive.cumsum(1) - 1).clamp(min=0)
    cache, out = roomy_cache(3), []
    with torch.inference_mode():
        model.model.language_model(
            inputs_embeds=model.get_input_embeddings()(ids),
            attention_mask=alive if padded else None,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        at = positions[:, -1]
        for number in range(5):
            at = at + 1
            alive = torch.cat([alive, torch.ones(rows, 1, dtype=torch.long)], dim=1)
            out.append(take(torch.tensor([11, 12, 13]) + number, at, alive if padded else None, cache))
    return torch.stack(out)


@pytest.mark.parametrize("padded", [False, True])
def test_both_ways_give_the_same(micro: Loaded, padded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert step.is_plain(micro.model)
    short = walk(micro.model, step.stepper(micro.model), padded)
    monkeypatch.setattr(step, "is_plain", lambda _model: False)
    long = walk(micro.model, step.stepper(micro.model), padded)
    assert torch.allclose(short, long, atol=1e-6)
    assert len({tuple(row.tolist()) for states in short for row in states}) == 15


def test_what_is_not_plain_goes_the_long_way(micro: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    config = micro.model.model.language_model.config
    for name, value in (
        ("num_key_value_heads", 1),
        ("layer_types", ["sliding_attention"]),
        ("hidden_act", "gelu"),
        ("_attn_implementation", "eager"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(config, name, value)
            assert not step.is_plain(micro.model), name
    layer = micro.model.model.language_model.layers[0]
    hook = layer.register_forward_hook(lambda *_: None)
    assert not step.is_plain(micro.model)
    hook.remove()
    assert step.is_plain(micro.model)
