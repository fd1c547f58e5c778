"""One step of reinforcement learning: ask, draw chains, reward them, push the model towards the better ones.

Decision: everything random in a step comes from a seed that names the step, so nothing of it has to be kept; and a line
of figures is made here, beside what it is about. The loss of a step is a sum over its tokens divided by their number,
so taking its questions one at a time changes nothing.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audio_reasoner.core import ids
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Clip
from audio_reasoner.dataset import Row
from audio_reasoner.models.features import audio_tokens_of
from audio_reasoner.training import lora, rewards
from audio_reasoner.training.data import Hearing
from audio_reasoner.training.policy import Asked, Drawn, advantages, draw, likelihood, push
from audio_reasoner.training.recipe import ModelPart
from audio_reasoner.training.rl_recipe import RlRecipe
from audio_reasoner.training.stepper import rate_at

if TYPE_CHECKING:
    import torch

    from audio_reasoner.inference import Reasoner


@dataclass
class _Sums:
    """What one update did."""

    loss: float = 0.0
    kl: float = 0.0
    clipped: int = 0
    apart: float = 0.0
    """Summed distance between the sampler's log probabilities and the forward pass's."""


class RlStepper:
    """The model, the one it is tied to, and its optimiser, ready to take steps.

    Args:
        reasoner: the model as it was loaded, on its device.
        path: where it was loaded from.
        recipe: what is rewarded, and how.
        clips: the clips that are asked about.
        hearing: their sound.
    """

    def __init__(
        self, reasoner: Reasoner, path: str, recipe: RlRecipe, clips: Mapping[str, Clip], hearing: Hearing
    ) -> None:
        import torch

        self.reasoner, self.recipe, self.clips, self.hearing = reasoner, recipe, clips, hearing
        self.model = reasoner.model
        # One reference for all steps; dropout, if the model has any, stays off, or the policy would not be what it was
        # when its chains were drawn.
        self.reference = copy.deepcopy(self.model).requires_grad_(False) if recipe.beta else None
        lora.prepare(self.model, ModelPart(path=path, train=recipe.train), recipe.seed)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.trained, lr=recipe.learning_rate, betas=recipe.betas, weight_decay=recipe.weight_decay
        )

    def step(self, planned: Sequence[Row], number: int) -> dict[str, Any]:
        """One step.

        Args:
            planned: its questions; those that cannot be asked are left out and counted.
            number: the step's number, counted from 0.

        Returns:
            Its line of the log.

        Raises:
            InputError: `rl.no_questions`: none can be asked; `rl.diverged`: a gradient or the loss is not finite.
        """
        import torch

        recipe = self.recipe
        ready = [(r, a) for r in planned if (a := self._asked(r)) is not None]
        if not ready:
            raise InputError(f"no question of step {number + 1} can be asked.", code="rl.no_questions")
        rows, asked = [r for r, _ in ready], [a for _, a in ready]
        began = time.perf_counter()
        drawn: list[list[Drawn]] = []
        at_once = max(1, recipe.rows // recipe.chains)
        for start in range(0, len(asked), at_once):
            drawn += draw(
                self.model,
                self.reasoner.processor.tokenizer,
                asked[start : start + at_once],
                recipe.chains,
                temperature=recipe.temperature,
                max_new_tokens=recipe.max_new_tokens,
                stop_ids=self.reasoner.stop_ids,
                pad_id=self.reasoner.pad_id,
                seed=ids.derive_seed(recipe.seed, "step", number),
            )
        sampling = time.perf_counter() - began
        judged = [[self._judge(chain, row) for chain in group] for group, row in zip(drawn, rows, strict=True)]
        earned = [[rewards.combined(parts, recipe.rewards) for parts in group] for group in judged]
        worth = [advantages(group, recipe.divide_by_spread) for group in earned]
        tokens = sum(len(c.ids) for group in drawn for c in group)
        olds: list[torch.Tensor | None] = [None] * len(asked)
        sums, norm = _Sums(), 0.0
        rate = rate_at(recipe, number, number / recipe.steps)
        for _ in range(recipe.updates):
            sums = self._update(asked, drawn, worth, olds, tokens, sums.apart)
            norm = float(torch.nn.utils.clip_grad_norm_(self.trained, recipe.gradient_clip))
            if not math.isfinite(norm) or not math.isfinite(sums.loss):
                raise InputError(
                    f"the gradient is {norm} at step {number + 1}.",
                    code="rl.diverged",
                    hint="Lower learning_rate or raise beta; --resume goes on from the last checkpoint.",
                )
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
        everything = [parts for group in judged for parts in group]
        flat = [r for group in earned for r in group]
        chains = [c for group in drawn for c in group]
        return {
            "step": number + 1,
            "reward": round(sum(flat) / len(flat), 5),
            "parts": {k: round(sum(p[k] for p in everything) / len(everything), 5) for k in everything[0]},
            "left_out": len(planned) - len(rows),
            "even_groups": round(sum(not any(w) for w in worth) / len(worth), 4),
            "tokens_per_chain": round(tokens / len(chains), 2),
            "ended": round(sum(c.ended for c in chains) / len(chains), 4),
            "loss": round(sums.loss / tokens, 6),
            "kl": round(sums.kl / tokens, 6),
            "clipped": round(sums.clipped / tokens, 5),
            "gradient": round(norm, 5),
            "sampler_apart": round(sums.apart / tokens, 9),
            "learning_rate": rate,
            "sampling_seconds": round(sampling, 3),
            "tokens_per_second": round(tokens / max(sampling, 1e-9), 1),
        }

    def _asked(self, row: Row) -> Asked | None:
        """A row as the model reads it; None if its clip cannot be heard or its text holds a control token."""
        from audio_reasoner.inference.generate import Heard

        frames = self.hearing.frames.get(row.clip_id)
        if frames is None:
            return None
        try:
            prompt = self.reasoner.format.prompt(render_question(row.question, row.options), audio_tokens_of(frames))
        except InputError:
            return None
        return Asked(row.sample_id, tuple(prompt), Heard(self.hearing.mel(row.clip_id), frames))

    def _update(
        self,
        asked: Sequence[Asked],
        drawn: Sequence[Sequence[Drawn]],
        worth: Sequence[Sequence[float]],
        olds: list[torch.Tensor | None],
        tokens: int,
        apart: float,
    ) -> _Sums:
        """Gradients of one update over all chains of the step, one question at a time."""
        import torch

        recipe, sums = self.recipe, _Sums(apart=apart)
        for number, (question, group, values) in enumerate(zip(asked, drawn, worth, strict=True)):
            chains = [c.ids for c in group]
            now = likelihood(self.model, question, chains, recipe.temperature, self.reasoner.pad_id)
            old = olds[number]
            if old is None:
                old = olds[number] = now.policy.detach()
                sampled = torch.cat([torch.tensor(c.logprobs) for c in group]).to(now.plain.device)
                sums.apart += float((now.plain[now.mask] - sampled).abs().sum())
            reference = None
            if self.reference is not None:
                with torch.no_grad():
                    reference = likelihood(
                        self.reference, question, chains, recipe.temperature, self.reasoner.pad_id
                    ).policy
            done = push(
                now.policy,
                old,
                reference,
                torch.tensor(values, device=old.device),
                now.mask,
                clip=recipe.clip,
                beta=recipe.beta,
            )
            (done.loss / tokens).backward()  # type: ignore[no-untyped-call]
            sums.loss += float(done.loss.detach())
            sums.kl += done.kl
            sums.clipped += done.clipped
        return sums

    def _judge(self, chain: Drawn, row: Row) -> dict[str, float]:
        """The rewards of one chain, by name."""
        recipe = self.recipe
        found = rewards.parts(
            chain.text, row.gold_text, row.options, target=recipe.length.target, most=recipe.length.most
        )
        if recipe.rewards.get("claims", 0.0) > 0:
            found["claims"] = rewards.claims_reward(chain.text, self.clips[row.clip_id], row.asked)
        return found
