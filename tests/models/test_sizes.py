"""The list of weights that is computed from a configuration is the one that transformers makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.models.conftest import MICRO
from transformers import Qwen2AudioConfig, Qwen2AudioForConditionalGeneration, Qwen2Config

from audio_reasoner.core.errors import InputError
from audio_reasoner.models.qwen2_audio import Loaded
from audio_reasoner.models.sizes import Sizes, part_of, plain_name, sizes_of_config, sizes_of_nano

RELEASED = {
    "model_type": "qwen2_audio",
    "audio_config": {"d_model": 1280, "encoder_ffn_dim": 5120, "num_mel_bins": 128},
    "text_config": {"intermediate_size": 11008, "max_position_embeddings": 8192, "vocab_size": 156032},
}
"""What a released config.json says; the rest it leaves to its classes."""


def named(model: Qwen2AudioForConditionalGeneration) -> dict[str, tuple[int, ...]]:
    return {plain_name(n): tuple(w.shape) for n, w in model.state_dict().items()}


def test_every_weight_of_a_small_model(micro: Loaded) -> None:
    sizes = sizes_of_config(micro.model.config.to_dict())
    assert sizes.weights() == named(micro.model)
    assert sizes.total == sum(p.numel() for p in micro.model.parameters())


def test_every_weight_of_the_real_model() -> None:
    config = {k: v for k, v in RELEASED.items() if k != "model_type"}
    with torch.device("meta"):
        model = Qwen2AudioForConditionalGeneration(Qwen2AudioConfig(**config))
    assert sizes_of_config(RELEASED) == Sizes()
    assert Sizes().weights() == named(model)
    count = Sizes().count()
    assert Sizes().total == 8_397_094_912
    assert [round(count[p] / 1e6) for p in ("audio tower", "projector", "language model", "head")] == [
        637,
        5,
        7116,
        639,
    ]


def test_what_a_config_leaves_out_is_what_its_class_takes() -> None:
    default = Qwen2Config()
    sizes = sizes_of_config({})
    assert sizes.vocabulary == default.vocab_size
    assert sizes.ffn == default.intermediate_size
    assert sizes.width == default.hidden_size
    assert sizes.context == default.max_position_embeddings
    assert (sizes.layers, sizes.heads, sizes.kv_heads) == (
        default.num_hidden_layers,
        default.num_attention_heads,
        default.num_key_value_heads,
    )


def test_grouped_heads_and_tied_embeddings() -> None:
    sizes = Sizes(kv_heads=4, tied=True)
    weights = sizes.weights()
    assert weights["language_model.model.layers.0.self_attn.k_proj.weight"] == (512, 4096)
    assert not any("lm_head" in n for n in weights)
    assert sizes.cache_bytes(1) * 8 == Sizes().cache_bytes(1) == 32 * 2 * 4096 * 2


def test_a_small_model_before_it_exists(micro: Loaded) -> None:
    planned = sizes_of_nano(MICRO)
    made = sizes_of_config(micro.model.config.to_dict())
    assert planned.vocabulary >= made.vocabulary
    assert planned.count()["audio tower"] == made.count()["audio tower"]


@pytest.mark.parametrize(
    "broken",
    [
        {"text_config": {"hidden_size": "wide"}},
        {"text_config": {"num_hidden_layers": 0}},
        {"audio_config": {"d_model": -1}},
        {"audio_config": [1280]},
        {"text_config": {"vocab_size": True}},
    ],
)
def test_a_size_that_is_none_is_named(broken: dict[str, object]) -> None:
    with pytest.raises(InputError, match="config") as caught:
        sizes_of_config(broken)
    assert caught.value.code == "model.config"


def test_a_name_of_no_part() -> None:
    assert part_of("visual.patch_embed.weight") is None
    assert part_of("audio_tower.conv1.weight") == "audio tower"


def test_names_of_files_are_as_they_are(micro: Loaded, tmp_path: Path) -> None:
    from safetensors import safe_open

    micro.model.save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as f:
        assert set(map(plain_name, f.keys())) == set(
            sizes_of_config(json.loads((tmp_path / "config.json").read_text())).weights()
        )
