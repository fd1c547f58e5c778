"""How large a Qwen2-Audio model is, from its configuration alone: every weight's name and shape, without torch.

Decision: one list of shapes serves two questions. What a checkpoint's files must hold is compared with it name by name
(`check_up`), so a missing weight is found without loading sixteen gigabytes; and what a training costs is computed from
it (`training.plan`), also for a model that is not on this machine. ``tests/models/test_sizes.py`` holds it against
transformers' own model of the same configuration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audio_reasoner.core.errors import InputError
from audio_reasoner.models.nano import NanoSizes

Part = Literal["audio tower", "projector", "language model", "head"]
PARTS: tuple[Part, ...] = ("audio tower", "projector", "language model", "head")
_PREFIX: dict[str, Part] = {
    "audio_tower.": "audio tower",
    "multi_modal_projector.": "projector",
    "language_model.model.": "language model",
    "language_model.lm_head.": "head",
}


@dataclass(frozen=True)
class Sizes:
    """Widths and depths of a model. The defaults are Qwen2-Audio-7B's: 8.397 billion weights.

    Attributes:
        positions: positions of the encoder, 20 ms each.
        context: positions that the language model was made for.
        tied: the output layer is the table of embeddings itself.
    """

    mels: int = 128
    audio_width: int = 1280
    audio_layers: int = 32
    audio_heads: int = 20
    audio_ffn: int = 5120
    positions: int = 1500
    vocabulary: int = 156_032
    width: int = 4096
    layers: int = 32
    heads: int = 32
    kv_heads: int = 32
    head_dim: int = 128
    ffn: int = 11_008
    context: int = 8192
    tied: bool = False

    def weights(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every weight, as files name them."""
        out: dict[str, tuple[int, ...]] = {}

        def linear(name: str, inputs: int, outputs: int, bias: bool = True) -> None:
            out[f"{name}.weight"] = (outputs, inputs)
            if bias:
                out[f"{name}.bias"] = (outputs,)

        def norm(name: str, width: int, bias: bool) -> None:
            out[f"{name}.weight"] = (width,)
            if bias:
                out[f"{name}.bias"] = (width,)

        d = self.audio_width
        for name, inputs in (("conv1", self.mels), ("conv2", d)):
            out[f"audio_tower.{name}.weight"] = (d, inputs, 3)
            out[f"audio_tower.{name}.bias"] = (d,)
        out["audio_tower.embed_positions.weight"] = (self.positions, d)
        for i in range(self.audio_layers):
            at = f"audio_tower.layers.{i}"
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(f"{at}.self_attn.{name}", d, d, bias=name != "k_proj")
            norm(f"{at}.self_attn_layer_norm", d, bias=True)
            linear(f"{at}.fc1", d, self.audio_ffn)
            linear(f"{at}.fc2", self.audio_ffn, d)
            norm(f"{at}.final_layer_norm", d, bias=True)
        norm("audio_tower.layer_norm", d, bias=True)
        linear("multi_modal_projector.linear", d, self.width)
        h, queries, keys = self.width, self.heads * self.head_dim, self.kv_heads * self.head_dim
        out["language_model.model.embed_tokens.weight"] = (self.vocabulary, h)
        for i in range(self.layers):
            at = f"language_model.model.layers.{i}"
            linear(f"{at}.self_attn.q_proj", h, queries)
            linear(f"{at}.self_attn.k_proj", h, keys)
            linear(f"{at}.self_attn.v_proj", h, keys)
            linear(f"{at}.self_attn.o_proj", queries, h, bias=False)
            for name in ("gate_proj", "up_proj"):
                linear(f"{at}.mlp.{name}", h, self.ffn, bias=False)
            linear(f"{at}.mlp.down_proj", self.ffn, h, bias=False)
            norm(f"{at}.input_layernorm", h, bias=False)
            norm(f"{at}.post_attention_layernorm", h, bias=False)
        norm("language_model.model.norm", h, bias=False)
        if not self.tied:
            out["language_model.lm_head.weight"] = (self.vocabulary, h)
        return out

    def count(self) -> dict[Part, int]:
        """Number of weights by part; embeddings belong to the language model."""
        found: dict[Part, int] = dict.fromkeys(PARTS, 0)
        for name, shape in self.weights().items():
            part = part_of(name)
            assert part is not None
            found[part] += math.prod(shape)
        return found

    @property
    def total(self) -> int:
        """Number of weights."""
        return sum(self.count().values())

    @property
    def embeddings(self) -> int:
        """Weights of the table of embeddings, which are looked up and not multiplied."""
        return self.vocabulary * self.width

    def cache_bytes(self, tokens: int, bytes_per_value: int = 2) -> int:
        """Keys and values of `tokens` tokens."""
        return 2 * self.layers * self.kv_heads * self.head_dim * tokens * bytes_per_value


def part_of(name: str) -> Part | None:
    """The part that a weight belongs to, None for a name that no part has."""
    return next((part for prefix, part in _PREFIX.items() if name.startswith(prefix)), None)


def plain_name(name: str) -> str:
    """A weight's name as files have it, from any of the three ways in which transformers has named it.

    >>> plain_name("model.language_model.layers.0.mlp.up_proj.weight")
    'language_model.model.layers.0.mlp.up_proj.weight'
    >>> plain_name("lm_head.weight"), plain_name("model.audio_tower.conv1.bias")
    ('language_model.lm_head.weight', 'audio_tower.conv1.bias')
    """
    inner = name.removeprefix("model.")
    if inner.startswith("lm_head."):
        return f"language_model.{inner}"
    if inner.startswith("language_model.") and not inner.startswith(
        ("language_model.model.", "language_model.lm_head.")
    ):
        return "language_model.model." + inner.removeprefix("language_model.")
    return inner


def sizes_of_config(config: Mapping[str, Any], where: str = "config.json") -> Sizes:
    """Sizes that a configuration file says. What it leaves out is what Qwen2-Audio's classes take then.

    Args:
        config: content of a config.json.
        where: how messages call it.

    Raises:
        InputError: ``model.config``: a size is not a positive whole number.
    """
    audio, text = _section(config, "audio_config", where), _section(config, "text_config", where)

    def whole(section: Mapping[str, Any], key: str, otherwise: int) -> int:
        value = section.get(key)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{where}: `{key}` is {value!r}, expected a positive whole number.", code="model.config")
        return value

    base = Sizes()
    width, heads = whole(text, "hidden_size", base.width), whole(text, "num_attention_heads", base.heads)
    # 4.x read a missing number of key heads as 32; where it would not divide, one per head was meant.
    kv_heads = whole(text, "num_key_value_heads", base.kv_heads if heads % base.kv_heads == 0 else heads)
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings", False))
    return Sizes(
        mels=whole(audio, "num_mel_bins", base.mels),
        audio_width=whole(audio, "d_model", base.audio_width),
        audio_layers=whole(audio, "encoder_layers", base.audio_layers),
        audio_heads=whole(audio, "encoder_attention_heads", base.audio_heads),
        audio_ffn=whole(audio, "encoder_ffn_dim", base.audio_ffn),
        positions=whole(audio, "max_source_positions", base.positions),
        vocabulary=whole(text, "vocab_size", 151_936),
        width=width,
        layers=whole(text, "num_hidden_layers", base.layers),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=whole(text, "head_dim", max(1, width // heads)),
        ffn=whole(text, "intermediate_size", 22_016),
        context=whole(text, "max_position_embeddings", 32_768),
        tied=bool(tied),
    )


def _section(config: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = config.get(key) or {}
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: `{key}` is {type(value).__name__}, expected an object.", code="model.config")
    return value


def sizes_of_nano(nano: NanoSizes) -> Sizes:
    """Sizes of a small model before it exists: its vocabulary is counted at its upper bound."""
    return Sizes(
        audio_width=nano.audio_width,
        audio_layers=nano.audio_layers,
        audio_heads=nano.audio_heads,
        audio_ffn=nano.audio_ffn,
        vocabulary=nano.vocabulary,
        width=nano.text_width,
        layers=nano.text_layers,
        heads=nano.text_heads,
        kv_heads=nano.text_heads,
        head_dim=nano.text_width // nano.text_heads,
        ffn=nano.text_ffn,
    )
