"""Greedy decoding with a key-value cache: a batch of prompts in, token ids out, as they come.

Decision: our own loop instead of transformers' `generate`, for three reasons that matter on a CPU: clips that several
prompts share are encoded once; the encoder is the exact short-clip one; and rows that are done leave the batch, so
that a long answer does not keep the others computing. Rows are padded on the left, which greedy decoding does not
notice (``tests/inference/test_reasoner.py``).
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


def _roomy_cache(most: int) -> Any:
    """A dynamic cache that grows in strides instead of copying all keys and values at every token.

    Copying is what transformers' own cache does; with a hundred rows it cost half of the decoding time on a CPU.
    """
    import torch
    from transformers.cache_utils import Cache, DynamicLayer

    stride = max(1, min(128, most))

    class RoomyLayer(DynamicLayer):  # type: ignore[misc]
        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.room: tuple[Any, Any] | None = None
                self.used = 0
            new = key_states.shape[-2]
            end = self.used + new
            if self.room is None or self.room[0].shape[0] != key_states.shape[0] or end > self.room[0].shape[-2]:
                self._grow(key_states, value_states, end)
            assert self.room is not None
            for room, states in zip(self.room, (key_states, value_states), strict=True):
                room[:, :, self.used : end] = states
            self.used = end
            self.keys, self.values = self.room[0][:, :, :end], self.room[1][:, :, :end]
            return self.keys, self.values

        def _grow(self, key_states: Any, value_states: Any, end: int) -> None:
            old = (self.keys, self.values) if self.used else (None, None)
            room = []
            for states, before in zip((key_states, value_states), old, strict=True):
                rows, heads, _, width = states.shape
                fresh = torch.empty(rows, heads, end + stride, width, dtype=states.dtype, device=states.device)
                if before is not None:
                    fresh[:, :, : self.used] = before
                room.append(fresh)
            self.room = (room[0], room[1])

        def batch_select_indices(self, indices: Any) -> None:
            super().batch_select_indices(indices)
            self.room = None

    return Cache(layer_class_to_replicate=RoomyLayer)


def greedy(
    model: Any,
    prompts: Sequence[Prompt],
    *,
    stop_ids: frozenset[int],
    max_new_tokens: int,
    pad_id: int,
    take: Callable[[int, int], bool] = lambda _row, _token: False,
    ended: Callable[[int], None] = lambda _row: None,
) -> Iterator[Token]:
    """Decode all prompts side by side, yielding tokens in the order they are made; stop tokens are not yielded.

    Args:
        model: a Qwen2AudioForConditionalGeneration in eval mode.
        prompts: what to answer; at least one.
        stop_ids: tokens that end an answer.
        max_new_tokens: most tokens per answer.
        pad_id: token for the filling on the left.
        take: told (row, token) of each token before it is yielded; True ends that row.
        ended: told the rows that a stop token ended.
    """
    import torch

    device = model.device
    with torch.inference_mode():
        clips: dict[int, int] = {}
        order: list[Prompt] = []
        for p in prompts:
            if id(p.mel) not in clips:
                clips[id(p.mel)] = len(order)
                order.append(p)
        flat, lengths = qwen2_audio.encode(model, pad_mels([p.mel for p in order]), [p.frames for p in order])
        pieces = torch.split(flat, lengths)
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
        cache = _roomy_cache(max_new_tokens)
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
                    ended(row)
                    continue
                if not take(row, token):
                    keep.append(k)
                yield Token(row, token, value)
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
