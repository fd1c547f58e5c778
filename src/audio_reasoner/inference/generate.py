"""Greedy decoding with a key-value cache: a batch of prompts in, token ids out, as they come.

Decision: our own loop instead of transformers' `generate`, for three reasons that matter on a CPU: clips that several
prompts share are encoded once; the encoder is the exact short-clip one; and rows that are done leave the batch, so that a
long answer does not keep the others computing. Rows are padded on the left, which greedy decoding does not notice
(``tests/inference/test_reasoner.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.features import pad_mels

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Prompt:
    """Token ids with placeholders for the clip's audio tokens, its log-mel [bands, frames] and its number of frames.

    Prompts that hold the *same* log-mel object share one pass through the encoder.
    """

    ids: Sequence[int]
    mel: torch.Tensor = field(repr=False)
    frames: int


class Token(NamedTuple):
    """One generated token of one prompt. `logprob` is its natural log probability."""

    row: int
    id: int
    logprob: float


def greedy(
    model: Any,
    prompts: Sequence[Prompt],
    *,
    stop_ids: frozenset[int],
    max_new_tokens: int,
    pad_id: int,
    done: Callable[[int, int], bool] | None = None,
) -> Iterator[Token]:
    """Decode all prompts side by side, yielding tokens in the order they are made; stop tokens are not yielded.

    Args:
        model: a Qwen2AudioForConditionalGeneration in eval mode.
        prompts: what to answer; at least one.
        stop_ids: tokens that end an answer.
        max_new_tokens: most tokens per answer.
        pad_id: token for the filling on the left.
        done: told (row, token) after each token; True ends that row.
    """
    import torch
    from transformers import DynamicCache

    device = model.device
    with torch.inference_mode():
        clips: dict[int, int] = {}
        order: list[Prompt] = []
        for p in prompts:
            if id(p.mel) not in clips:
                clips[id(p.mel)] = len(order)
                order.append(p)
        flat, lengths = qwen2_audio.encode(model, pad_mels([p.mel for p in order]), [p.frames for p in order])
        pieces = flat.split(lengths)
        audio = torch.cat([pieces[clips[id(p.mel)]] for p in prompts])
        longest = max(len(p.ids) for p in prompts)
        ids = torch.full((len(prompts), longest), pad_id, dtype=torch.long)
        alive = torch.zeros(len(prompts), longest, dtype=torch.long)
        for row, (p, seen) in enumerate(zip(prompts, alive, strict=True)):
            ids[row, longest - len(p.ids) :] = torch.tensor(p.ids)
            seen[longest - len(p.ids) :] = 1
        ids, alive = ids.to(device), alive.to(device)
        padded = bool((alive == 0).any())
        positions = (alive.cumsum(1) - 1).clamp(min=0)
        cache = DynamicCache()
        text = model.model.language_model
        states = text(
            inputs_embeds=qwen2_audio.embed(model, ids, audio),
            attention_mask=alive if padded else None,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state[:, -1]
        rows = list(range(len(prompts)))
        at = positions[:, -1]
        for _ in range(max_new_tokens):
            logprobs = torch.log_softmax(model.lm_head(states).float(), dim=-1)
            best = logprobs.max(dim=-1)
            chosen, values = best.indices.tolist(), best.values.tolist()
            keep: list[int] = []
            for k, (row, token, value) in enumerate(zip(rows, chosen, values, strict=True)):
                if token in stop_ids:
                    continue
                yield Token(row, token, value)
                if done is None or not done(row, token):
                    keep.append(k)
            if not keep:
                return
            if len(keep) < len(rows):
                index = torch.tensor(keep, device=device)
                cache.batch_select_indices(index)
                alive, at, tokens = alive[index], at[index], best.indices[index]
                rows = [rows[k] for k in keep]
            else:
                tokens = best.indices
            at = at + 1
            if padded:
                alive = torch.cat([alive, torch.ones(len(rows), 1, dtype=alive.dtype, device=device)], dim=1)
            states = text(
                inputs_embeds=model.get_input_embeddings()(tokens[:, None]),
                attention_mask=alive if padded else None,
                position_ids=at[:, None],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state[:, -1]
