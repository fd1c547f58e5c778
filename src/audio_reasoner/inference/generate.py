"""Decoding with a key-value cache, greedy or sampled: a batch of prompts in, token ids out, as they come.

Decision: our own loop instead of transformers' `generate`, for four reasons that matter on a CPU: clips that several
prompts share are encoded once; equal prompts (many samples of one question) are read once and their keys and values
repeated; the encoder is the exact short-clip one; and rows that are done leave the batch, so that a long answer does
not keep the others computing. Rows are padded on the left, which greedy decoding does not notice
(``tests/inference/test_reasoner.py``). A sampled row draws from its own random numbers, so that its words do not depend
on what is decoded beside it.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference.cache import moves, roomy_cache
from audio_reasoner.inference.step import stepper
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

    Prompts that hold equal log-mels share one pass through the encoder, and those with equal ids too share all of what
    is computed before their first own token. `guide` constrains the tokens, if
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


def _choose(logprobs: Any, prompts: Sequence[Prompt]) -> tuple[list[int], list[float]]:
    """The next token of each row and its log probability under the model.

    Args:
        logprobs: natural log probabilities [rows, vocabulary], float32.
        prompts: the rows' prompts.

    Raises:
        InputError: ``model.overflow``: there are none, see `_check_numbers`.
    """
    import torch

    best = logprobs.max(dim=-1)
    chosen, values = best.indices.tolist(), best.values.tolist()
    _check_numbers(values, prompts)
    free: list[int] = []
    changed: list[int] = []
    for k, prompt in enumerate(prompts):
        drawn = prompt.sampling is not None and prompt.sampling.temperature > 0.0
        allowed, banned = _constraint(prompt.guide)
        if allowed is None and banned is None:
            if drawn:
                free.append(k)
            continue
        changed.append(k)
        row = logprobs[k]
        open_ids = None
        if banned is not None:
            row = row.clone()
            row[_tensor(banned, row.device)] = -torch.inf
        if allowed is not None:
            open_ids = _tensor(allowed, row.device)
            row = row[open_ids]
        at = _draw_rows(row[None], [prompt])[0] if drawn else int(row.argmax())
        chosen[k] = at if open_ids is None else int(open_ids[at])
    if free:
        some = logprobs if len(free) == len(prompts) else logprobs[torch.tensor(free, device=logprobs.device)]
        for k, token in zip(free, _draw_rows(some, [prompts[k] for k in free]), strict=True):
            chosen[k] = token
        changed += free
    if changed:
        places = torch.tensor([[k, chosen[k]] for k in changed], device=logprobs.device)
        for k, value in zip(changed, logprobs[places[:, 0], places[:, 1]].tolist(), strict=True):
            values[k] = value
    return chosen, values


def _check_numbers(values: Sequence[float], prompts: Sequence[Prompt]) -> None:
    """Refuse log probabilities that are no numbers: the likeliest of them would always be the first token, "!!!!!".

    An activation that float16 cannot hold becomes infinite, and what is computed from it no number; damaged weights do
    the same.

    Raises:
        InputError: ``model.overflow``. Not a fault of the model as a whole: another sound or question may go well.
    """
    bad = sum(math.isnan(value) for value in values)
    if bad:
        raise InputError(
            f"the model computes no numbers (NaN) for {bad} of {len(prompts)} prompts.",
            code="model.overflow",
            hint="In float16 large values overflow: load it with dtype bfloat16 or float32. Otherwise its weights are "
            "damaged.",
        )


def _tensor(ids: Sequence[int], device: Any) -> Any:
    """Token ids as a tensor; a guide's own sets keep theirs."""
    import torch

    kept = getattr(ids, "tensor", None)
    return kept(device) if kept is not None else torch.as_tensor(ids, dtype=torch.long, device=device)


def _constraint(guide: Guide | None) -> tuple[Sequence[int] | None, Sequence[int] | None]:
    """What a guide allows and what it bans at this place; None where it says nothing."""
    if guide is None:
        return None, None
    ban = getattr(guide, "banned", None)
    return guide.allowed(), (ban() if ban is not None else None) or None


def _draw_rows(logprobs: Any, prompts: Sequence[Prompt]) -> list[int]:
    """Draw one token for each row [rows, tokens], each with its own temperature, top_p and next random number."""
    import torch

    drawn = [(p.sampling, p.random.random()) for p in prompts if p.sampling is not None and p.random is not None]
    out = [0] * len(drawn)
    # Apart, because sorting changes which token a number falls on, and a neighbour must not.
    for top in (False, True):
        some = [k for k, (sampling, _) in enumerate(drawn) if (sampling.top_p < 1.0) == top]
        if some:
            part = logprobs if len(some) == len(drawn) else logprobs[torch.tensor(some, device=logprobs.device)]
            for k, token in zip(
                some, _draw(part, [drawn[k][0] for k in some], [drawn[k][1] for k in some]), strict=True
            ):
                out[k] = token
    return out


def _draw(logprobs: Any, samplings: Sequence[Sampling], numbers: Sequence[float]) -> list[int]:
    """The places that `numbers` (0 to 1) fall on among the log probabilities of some tokens, whatever they sum to.

    Args:
        logprobs: [rows, tokens]; -inf is never drawn.
        samplings: one per row, each with a temperature above 0; top_p is 1 for all rows or for none.
        numbers: one per row.
    """
    import torch

    if logprobs.device.type == "mps":  # which has no double precision
        logprobs = logprobs.cpu()
    # Below 1e-300 even a likely token's quotient would be infinite, and the first token would be drawn.
    heat = logprobs.new_tensor([[max(s.temperature, 1e-300)] for s in samplings], dtype=torch.float64)
    shares = torch.softmax(logprobs.double() / heat, dim=-1)
    order = None
    if samplings[0].top_p < 1.0:
        shares, order = torch.sort(shares, dim=-1, descending=True, stable=True)
        # The fewest tokens that reach top_p: those before which less than top_p has been gathered; the first always.
        beyond = shares.cumsum(-1) - shares >= shares.new_tensor([[s.top_p] for s in samplings])
        beyond[:, 0] = False
        shares = shares.masked_fill(beyond, 0.0)
    mass = shares.cumsum(-1)
    whole = mass[:, -1:]
    at = torch.searchsorted(mass, whole * whole.new_tensor([[n] for n in numbers]), right=True)
    # Rounding must not lead past the last token that has any share.
    at = torch.minimum(at, (shares > 0).cumsum(-1).argmax(-1, keepdim=True))
    return [int(i) for i in (at if order is None else order.gather(1, at))[:, 0].tolist()]


def decode(
    model: Any,
    prompts: Sequence[Prompt],
    *,
    stop_ids: frozenset[int],
    max_new_tokens: int,
    pad_id: int,
    take: Callable[[int, int], bool] = lambda _row, _token: False,
    ended: Callable[[int], None] = lambda _row: None,
    closed: Callable[[int], None] = lambda _row: None,
    wanted: Callable[[int], bool] = lambda _row: True,
    reached: Callable[[str], None] = lambda _stage: None,
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
        closed: told each row that is over, however it ended, once all its tokens were yielded.
        wanted: asked after each step about every row that goes on; False abandons it.
        reached: told "heard" when the sounds are encoded and "read" when the prompts are.
    """
    import torch

    device = model.device
    if max_new_tokens < 1:
        return
    # Left before each token is handed out: the mode belongs to the thread, not to this generator. Kept open, it would
    # rule whatever the caller does between two tokens, two streams read in turns would end each other's, and a stream
    # that goes on in another thread would do without.
    with torch.inference_mode():
        states, at, alive, cache = _prefill(model, prompts, pad_id, max_new_tokens, reached)
    rows = list(range(len(prompts)))
    left = [max_new_tokens] * len(prompts)
    step = stepper(model)
    while True:
        with torch.inference_mode():
            logprobs = torch.log_softmax(model.lm_head(states).float(), dim=-1)
            chosen, values = _choose(logprobs, [prompts[row] for row in rows])
        over = [False] * len(rows)
        for k, (row, token, value) in enumerate(zip(rows, chosen, values, strict=True)):
            if token in stop_ids:
                ended(row)
                over[k] = True
                continue
            guide = prompts[row].guide
            forced = guide is not None and guide.take(token)
            left[row] -= not forced
            over[k] = take(row, token) or left[row] <= 0
            yield Token(row, token, value, forced)
        for k, row in enumerate(rows):
            if over[k]:
                closed(row)
        gone = [k for k, row in enumerate(rows) if over[k] or not wanted(row)]
        if len(gone) == len(rows):
            return
        with torch.inference_mode():
            if gone:
                pairs, stay = moves(len(rows), gone), len(rows) - len(gone)
                cache.close_gaps(pairs, stay)
                for to, source in pairs:
                    rows[to], chosen[to] = rows[source], chosen[source]
                    at[to], alive[to] = at[source], alive[source]
                rows, chosen, at, alive = rows[:stay], chosen[:stay], at[:stay], alive[:stay]
            at = at + 1
            padded = alive.shape[1] > 0
            if padded:
                alive = torch.cat([alive, torch.ones(len(rows), 1, dtype=alive.dtype, device=device)], dim=1)
            states = step(torch.tensor(chosen, device=device), at, alive if padded else None, cache)


def _mark(reached: Callable[[str], None], stage: str, device: Any) -> None:
    """Say that a stage is over; a GPU is waited for, which is told its work long before it has done it."""
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)
    reached(stage)


def _sound_keys(prompts: Sequence[Prompt]) -> dict[int, object]:
    """For each log-mel object (by id) a key that equal sounds share."""
    mels = {id(h.mel): h for p in prompts for h in p.heard}
    shapes = Counter((h.frames, tuple(h.mel.shape)) for h in mels.values())
    keys: dict[int, object] = {}
    for name, h in mels.items():
        shape = (h.frames, tuple(h.mel.shape))
        # Sounds of different lengths need not be compared.
        same = b"" if shapes[shape] == 1 else hashlib.sha256(h.mel.detach().cpu().numpy().tobytes()).digest()
        keys[name] = (shape, same)
    return keys


def _prefill(
    model: Any, prompts: Sequence[Prompt], pad_id: int, most: int, reached: Callable[[str], None]
) -> tuple[Any, Any, Any, Any]:
    """Read the prompts: each distinct sound is encoded once, each distinct prompt read once, whoever shares it.

    Returns:
        The rows' last hidden states [rows, hidden]; the positions of their last tokens [rows]; which places hold
        tokens [rows, length] (0 columns if all do); and the cache.
    """
    import torch

    device = model.device
    sounds = _sound_keys(prompts)
    places: dict[object, int] = {}
    distinct: list[Prompt] = []
    index: list[int] = []
    for p in prompts:
        key = (tuple(p.ids), tuple(sounds[id(h.mel)] for h in p.heard))
        if key not in places:
            places[key] = len(distinct)
            distinct.append(p)
        index.append(places[key])
    clips: dict[object, int] = {}
    order: list[Heard] = []
    for heard in (h for p in distinct for h in p.heard):
        if sounds[id(heard.mel)] not in clips:
            clips[sounds[id(heard.mel)]] = len(order)
            order.append(heard)
    audio = None
    if order:
        flat, lengths = qwen2_audio.encode(model, pad_mels([h.mel for h in order]), [h.frames for h in order])
        pieces = torch.split(flat, lengths)
        audio = torch.cat([pieces[clips[sounds[id(h.mel)]]] for p in distinct for h in p.heard])
    _mark(reached, "heard", device)
    longest = max(len(p.ids) for p in distinct)
    ids = torch.full((len(distinct), longest), pad_id, dtype=torch.long)
    alive = torch.zeros(len(distinct), longest, dtype=torch.long)
    for row, (p, seen) in enumerate(zip(distinct, alive, strict=True)):
        ids[row, longest - len(p.ids) :] = torch.tensor(p.ids)
        seen[longest - len(p.ids) :] = 1
    ids, alive = ids.to(device), alive.to(device)
    padded = bool((alive == 0).any())
    positions = (alive.cumsum(1) - 1).clamp(min=0)
    cache = roomy_cache(most)
    states = model.model.language_model(
        inputs_embeds=qwen2_audio.embed(model, ids, audio),
        attention_mask=alive if padded else None,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state[:, -1]
    _mark(reached, "read", device)
    at = positions[:, -1]
    if not padded:
        alive = alive[:, :0]
    if len(distinct) < len(prompts):
        spread = torch.tensor(index, device=device)
        cache.spread(spread)
        states, at, alive = states[spread], at[spread], alive[spread]
    return states, at, alive, cache
