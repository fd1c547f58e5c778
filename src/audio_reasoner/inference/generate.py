"""Decoding with a key-value cache, greedy or sampled: a batch of prompts in, token ids out, as they come.

Decision: our own loop instead of transformers' `generate`, for three reasons that matter on a CPU: clips that several
prompts share are encoded once; the encoder is the exact short-clip one; and rows that are done leave the batch, so
that a long answer does not keep the others computing. Rows are padded on the left, which greedy decoding does not
notice (``tests/inference/test_reasoner.py``). A sampled row draws from its own random numbers, so that its words do not
depend on what is decoded beside it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.features import pad_mels

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn instead of taking the likeliest.

    Attributes:
        temperature: 0 is greedy; 1 draws from the model's own distribution.
        top_p: draw only from the fewest likeliest tokens that together have this probability; 1 is all of them.
        seed: which random numbers; equal seeds give equal answers.

    Raises:
        ConfigError: `sampling.bad_value`.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature <= 100.0 or not 0.0 < self.top_p <= 1.0:
            raise ConfigError(
                f"temperature {self.temperature:g} and top_p {self.top_p:g}; expected 0 <= temperature <= 100 and "
                "0 < top_p <= 1.",
                code="sampling.bad_value",
            )


class Guide(Protocol):
    """What constrains the next tokens of one row: a forced beginning, a format that must not be left.

    A guide may also have ``banned() -> Sequence[int] | None``: tokens that must not come, where what is allowed is
    nearly the whole vocabulary and would be slow to list.
    """

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next, at least one; None for any."""

    def take(self, token: int) -> bool:
        """Go on by a token; True if it only spelled what was forced, so that it does not count as generated."""


@dataclass(frozen=True)
class Heard:
    """One recording of a prompt: its log-mel [bands, frames] and its own number of frames."""

    mel: torch.Tensor = field(repr=False)
    frames: int


@dataclass(frozen=True)
class Prompt:
    """Token ids with placeholders for the audio tokens of its recordings, in their order; there may be none.

    Prompts that hold the *same* log-mel object share one pass through the encoder. `guide` constrains the tokens, if
    anything does; `sampling` and `random` say how tokens are drawn, None is greedy.
    """

    ids: Sequence[int]
    heard: tuple[Heard, ...] = ()
    guide: Guide | None = None
    sampling: Sampling | None = None
    random: random.Random | None = None


class Token(NamedTuple):
    """One generated token of one prompt. `logprob` is its natural log probability under the model, unconstrained.

    `forced`: it only spelled what its guide forced.
    """

    row: int
    id: int
    logprob: float
    forced: bool = False


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


def _choose(logprobs: Any, prompts: Sequence[Prompt]) -> tuple[list[int], list[float]]:
    """The next token of each row and its log probability under the model.

    Args:
        logprobs: natural log probabilities [rows, vocabulary], float32.
        prompts: the rows' prompts.
    """
    import torch

    best = logprobs.max(dim=-1)
    chosen, values = best.indices.tolist(), best.values.tolist()
    for k, prompt in enumerate(prompts):
        sampling = prompt.sampling
        drawn = sampling is not None and sampling.temperature > 0.0
        allowed, banned = _constraint(prompt.guide)
        if allowed is None and banned is None and not drawn:
            continue
        row = logprobs[k]
        open_ids = None
        if banned is not None:
            row = row.clone()
            row[torch.tensor(list(banned), dtype=torch.long, device=row.device)] = -torch.inf
        if allowed is not None:
            open_ids = torch.tensor(list(allowed), dtype=torch.long, device=row.device)
            row = row[open_ids]
        if drawn:
            assert sampling is not None
            assert prompt.random is not None
            at = _draw(row, sampling, prompt.random.random())
        else:
            at = int(row.argmax())
        chosen[k] = at if open_ids is None else int(open_ids[at])
        values[k] = float(logprobs[k, chosen[k]])
    return chosen, values


def _constraint(guide: Guide | None) -> tuple[Sequence[int] | None, Sequence[int] | None]:
    """What a guide allows and what it bans at this place; None where it says nothing."""
    if guide is None:
        return None, None
    ban = getattr(guide, "banned", None)
    return guide.allowed(), (ban() if ban is not None else None) or None


def _draw(logprobs: Any, sampling: Sampling, number: float) -> int:
    """The index that `number` (0 to 1) falls on among the log probabilities of some tokens, whatever they sum to."""
    import torch

    if logprobs.device.type == "mps":  # which has no double precision
        logprobs = logprobs.cpu()
    shares = torch.softmax(logprobs.double() / sampling.temperature, dim=-1)
    order = None
    if sampling.top_p < 1.0:
        shares, order = torch.sort(shares, descending=True, stable=True)
        # The fewest tokens that reach top_p: those before which less than top_p has been gathered.
        kept = max(1, int((shares.cumsum(0) - shares < sampling.top_p).sum()))
        shares = shares[:kept]
    mass = shares.cumsum(0)
    at = int(torch.searchsorted(mass, mass[-1:] * number, right=True))
    at = min(at, len(mass) - 1)
    return at if order is None else int(order[at])


def decode(
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
        max_new_tokens: most tokens per answer; those that only spell what is forced do not count.
        pad_id: token for the filling on the left.
        take: told (row, token) of each token before it is yielded; True ends that row.
        ended: told the rows that a stop token ended.
    """
    import torch

    device = model.device
    if max_new_tokens < 1:
        return
    with torch.inference_mode():
        clips: dict[int, int] = {}
        order: list[Heard] = []
        for heard in (h for p in prompts for h in p.heard):
            if id(heard.mel) not in clips:
                clips[id(heard.mel)] = len(order)
                order.append(heard)
        audio = None
        if order:
            flat, lengths = qwen2_audio.encode(model, pad_mels([h.mel for h in order]), [h.frames for h in order])
            pieces = torch.split(flat, lengths)
            audio = torch.cat([pieces[clips[id(h.mel)]] for p in prompts for h in p.heard])
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
        left = [max_new_tokens] * len(prompts)
        while True:
            logprobs = torch.log_softmax(model.lm_head(states).float(), dim=-1)
            chosen, values = _choose(logprobs, [prompts[row] for row in rows])
            keep: list[int] = []
            for k, (row, token, value) in enumerate(zip(rows, chosen, values, strict=True)):
                if token in stop_ids:
                    ended(row)
                    continue
                guide = prompts[row].guide
                forced = guide is not None and guide.take(token)
                left[row] -= not forced
                if not take(row, token) and left[row] > 0:
                    keep.append(k)
                yield Token(row, token, value, forced)
            if not keep:
                return
            if len(keep) < len(rows):
                index = torch.tensor(keep, device=device)
                cache.batch_select_indices(index)
                alive, at = alive[index], at[index]
                rows = [rows[k] for k in keep]
            tokens = torch.tensor([chosen[k] for k in keep], device=device)
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
