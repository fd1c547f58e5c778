"""One decoding step of the language model, without what a single token does not need.

Decision: transformers' forward pass builds masks, checks inputs, records outputs and takes each norm apart into six
operations; with one token per row that costs a quarter of the time of a small model (`benchmarks/step_speed.py`). Here
the same modules and the same attention kernel are called directly, so adapters and quantised layers stay what they are
and float32 results are the same to the last bit. A model that is not plain (sliding windows, grouped keys, wrapped
layers, layers spread over devices) takes transformers' own way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_plain(model: Any) -> bool:
    """Whether the direct way computes what transformers would."""
    text = model.model.language_model
    config = text.config
    layers = list(text.layers)
    return (
        bool(layers)
        and all(type(layer).__name__ == "Qwen2DecoderLayer" for layer in layers)
        and getattr(config, "_attn_implementation", None) == "sdpa"
        and config.num_key_value_heads == config.num_attention_heads
        and set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
        and config.hidden_act == "silu"
        and all(hasattr(layer.self_attn, name) for layer in layers for name in ("q_proj", "k_proj", "v_proj", "o_proj"))
        and not any(hasattr(m, "_hf_hook") or m._forward_hooks or m._forward_pre_hooks for m in (text, *layers))
    )


def stepper(model: Any) -> Callable[[Any, Any, Any, Any], Any]:
    """How to take a step: (tokens [rows], positions [rows], mask, cache) to the last hidden states [rows, hidden].

    The mask [rows, length] is 1 where a row has tokens, or None if it has them everywhere; the cache is a
    `cache.roomy_cache` that has read the prompts.
    """
    text, embed = model.model.language_model, model.get_input_embeddings()
    if not is_plain(model):

        def long_way(tokens: Any, at: Any, alive: Any, cache: Any) -> Any:
            return text(
                inputs_embeds=embed(tokens[:, None]),
                attention_mask=alive,
                position_ids=at[:, None],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state[:, -1]

        return long_way

    import torch
    from torch.nn import functional

    def norm(module: Any, x: Any) -> Any:
        if x.dtype != torch.float32:  # in 16 bits the module rounds twice, and is not to be contradicted
            return module(x)
        return functional.rms_norm(x, module.weight.shape, module.weight, module.variance_epsilon)

    def turn(x: Any, cos: Any, sin: Any) -> Any:
        half = x.shape[-1] // 2
        return x * cos + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sin

    def direct(tokens: Any, at: Any, alive: Any, cache: Any) -> Any:
        x = embed(tokens[:, None])
        rows = x.shape[0]
        cos, sin = (part[:, None] for part in text.rotary_emb(x, at[:, None]))
        mask = None if alive is None else alive.bool()[:, None, None]
        for layer, known in zip(text.layers, cache.layers, strict=True):
            attention, mlp = layer.self_attn, layer.mlp
            h = norm(layer.input_layernorm, x)
            q, k, v = (
                project(h).view(rows, 1, -1, attention.head_dim).transpose(1, 2)
                for project in (attention.q_proj, attention.k_proj, attention.v_proj)
            )
            keys, values = known.update(turn(k, cos, sin), v)
            seen = functional.scaled_dot_product_attention(
                turn(q, cos, sin), keys, values, attn_mask=mask, scale=attention.scaling
            )
            x = x + attention.o_proj(seen.transpose(1, 2).reshape(rows, 1, -1))
            h = norm(layer.post_attention_layernorm, x)
            x = x + mlp.down_proj(functional.silu(mlp.gate_proj(h)) * mlp.up_proj(h))
        return norm(text.norm, x)[:, -1]

    return direct
