"""The model as a policy: chains drawn from it, how likely it finds them, and which way to push it.

Decision: chains are drawn by the same decoding as everything else (one prefill per question), and their log
probabilities are computed again by an ordinary forward pass that keeps a graph. The two must agree, or the model is
pushed by a gradient of something it did not do; `tests/training/test_policy.py` holds them together within 1e-4 and
every training logs their distance. The policy is the distribution that is drawn from, temperature included.

The objective is GRPO's (Shao et al. 2024, arXiv 2402.03300, equations 3 and 4), summed over tokens: an advantage is how
much better a chain's reward is than its group's mean, every token of a chain carries it, and who calls divides by the
tokens of the whole step, so that a token counts the same whatever the length of its chain.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from audio_reasoner.core import ids as names
from audio_reasoner.inference.answer import SectionClock
from audio_reasoner.inference.generate import Heard, Prompt, Sampling, decode
from audio_reasoner.inference.prefix import Pieces
from audio_reasoner.models import qwen2_audio

if TYPE_CHECKING:
    import torch

SPREAD_FLOOR = 1e-4
"""Added to the standard deviation of a group, so that rewards that hardly differ push hardly."""


@dataclass(frozen=True)
class Asked:
    """A question as the model reads it: token ids with placeholders for the audio, and what is heard."""

    name: str
    ids: tuple[int, ...]
    heard: Heard


@dataclass(frozen=True)
class Drawn:
    """A chain: its token ids (the end token too, if it came), their natural log probabilities at temperature 1 as the
    sampler saw them, its text, and whether it came to an end by itself."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    text: str
    ended: bool


class Likelihood(NamedTuple):
    """Log probabilities of chains [chains, tokens of the longest]: of the policy (with a graph), and at temperature 1
    (without). `mask` is true where there is a token."""

    policy: torch.Tensor
    plain: torch.Tensor
    mask: torch.Tensor


class Pushed(NamedTuple):
    """The objective of some chains, summed over tokens: `loss` to descend; `kl` and `clipped` only to be looked at."""

    loss: torch.Tensor
    kl: float
    clipped: int


def draw(
    model: Any,
    tokenizer: Any,
    asked: Sequence[Asked],
    chains: int,
    *,
    temperature: float,
    max_new_tokens: int,
    stop_ids: frozenset[int],
    pad_id: int,
    seed: int,
) -> list[list[Drawn]]:
    """Draw `chains` chains for each question; each question is heard and read once.

    A chain ends with a stop token, which belongs to it, or with the closing tag of RESPONSE. Chain j of a question
    depends on the model, the seed, the question's name and j, not on what is drawn beside it.
    """
    pieces = Pieces(tokenizer)
    prompts = [
        Prompt(
            a.ids,
            (a.heard,),
            None,
            Sampling(temperature),
            random.Random(names.derive_seed(seed, "chain", a.name, j)),
        )
        for a in asked
        for j in range(chains)
    ]
    said: list[list[int]] = [[] for _ in prompts]
    likely: list[list[float]] = [[] for _ in prompts]
    clocks = [SectionClock() for _ in prompts]
    ended = [False] * len(prompts)

    def take(row: int, token: int) -> bool:
        said[row].append(token)
        ended[row] = token in stop_ids or clocks[row].feed(pieces.bytes_of(token), 0.0)
        return ended[row]

    # Stop tokens are told as any other here, because choosing one is an act of the policy.
    made = decode(model, prompts, stop_ids=frozenset(), max_new_tokens=max_new_tokens, pad_id=pad_id, take=take)
    for token in made:
        likely[token.row].append(token.logprob)
    # The text is the one that `Reasoner.ask` would give: what only ends an answer is no part of it.
    told = [i[:-1] if i and i[-1] in stop_ids else i for i in said]
    out = [
        Drawn(tuple(i), tuple(p), str(tokenizer.decode(t, skip_special_tokens=True)), e)
        for i, p, t, e in zip(said, likely, told, ended, strict=True)
    ]
    return [out[i : i + chains] for i in range(0, len(out), chains)]


def likelihood(
    model: Any, asked: Asked, chains: Sequence[Sequence[int]], temperature: float, pad_id: int
) -> Likelihood:
    """How likely the model finds some chains after a question. The prompt is read once for all of them.

    Args:
        model: its weights' `requires_grad` decides what gets a gradient.
        asked: the question.
        chains: token ids, none empty.
        temperature: of the policy.
        pad_id: fills the shorter chains on the right, where nothing real can see it.
    """
    import torch
    from transformers import DynamicCache

    text, device = model.model.language_model, model.device
    prompt = torch.tensor([asked.ids], device=device)
    audio, _ = qwen2_audio.encode(model, asked.heard.mel[None], [asked.heard.frames])
    known = DynamicCache()
    # The last token of the prompt predicts the first of each chain, so it goes with the chains.
    text(
        inputs_embeds=qwen2_audio.embed(model, prompt, audio)[:, :-1],
        past_key_values=known,
        use_cache=True,
    )
    rows, width = len(chains), max(map(len, chains))
    fed = torch.full((rows, width), pad_id, dtype=torch.long)
    wanted = torch.zeros((rows, width), dtype=torch.long)
    mask = torch.zeros((rows, width), dtype=torch.bool)
    for r, chain in enumerate(chains):
        said = torch.tensor([asked.ids[-1], *chain])
        fed[r, : len(chain)], wanted[r, : len(chain)], mask[r, : len(chain)] = said[:-1], said[1:], True
    fed, wanted, mask = fed.to(device), wanted.to(device), mask.to(device)
    cache = DynamicCache()
    for depth, layer in enumerate(known.layers):
        cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), depth)
    start = len(asked.ids) - 1
    states = text(
        inputs_embeds=model.get_input_embeddings()(fed),
        past_key_values=cache,
        use_cache=True,
        position_ids=torch.arange(start, start + width, device=device)[None].expand(rows, -1),
    ).last_hidden_state
    # The output layer only where there is a token.
    logits = model.lm_head(states[mask]).float()
    picked = wanted[mask][:, None]
    plain = torch.log_softmax(logits, dim=-1).gather(1, picked)[:, 0]
    own = plain if temperature == 1.0 else torch.log_softmax(logits / temperature, dim=-1).gather(1, picked)[:, 0]
    empty = torch.zeros(mask.shape, device=device, dtype=own.dtype)
    return Likelihood(empty.masked_scatter(mask, own), empty.masked_scatter(mask, plain.detach()), mask)


def advantages(rewards: Sequence[float], divide_by_spread: bool = True) -> list[float]:
    """How much better each chain of a group is than the group's mean, in standard deviations of the group if asked.

    >>> advantages([1.0, 0.0, 0.0, 1.0], False)
    [0.5, -0.5, -0.5, 0.5]
    """
    if len(set(rewards)) == 1:
        # Exactly 0: a mean of equal numbers is rounded, and nobody could tell a group that teaches nothing.
        return [0.0] * len(rewards)
    mean = sum(rewards) / len(rewards)
    over = [r - mean for r in rewards]
    if not divide_by_spread:
        return over
    spread = (sum(o * o for o in over) / len(over)) ** 0.5
    return [o / (spread + SPREAD_FLOOR) for o in over]


def push(
    policy: torch.Tensor,
    old: torch.Tensor,
    reference: torch.Tensor | None,
    advantage: torch.Tensor,
    mask: torch.Tensor,
    *,
    clip: float,
    beta: float,
) -> Pushed:
    """The clipped objective with the divergence from the reference, summed over tokens.

    Args:
        policy: log probabilities now, with a graph [chains, tokens].
        old: the same when the chains were drawn.
        reference: the same under the model it began with; needed if `beta` is above 0.
        advantage: one per chain [chains].
        mask: where there is a token.
        clip: a ratio beyond 1 ± clip is not pushed further.
        beta: weight of the divergence, estimated per token as exp(d) - d - 1 with d = reference - policy.
    """
    import torch

    policy, old = policy[mask], old[mask]
    worth = advantage[:, None].expand(mask.shape)[mask]
    ratio = (policy - old).exp()
    held = ratio.clamp(1 - clip, 1 + clip)
    loss = -torch.minimum(ratio * worth, held * worth).sum()
    kl = 0.0
    if reference is not None:
        apart = reference[mask] - policy
        divergence = (apart.exp() - apart - 1).sum()
        kl = float(divergence.detach())
        if beta:
            loss = loss + beta * divergence
    return Pushed(loss, kl, int((ratio * worth > held * worth).sum()))
