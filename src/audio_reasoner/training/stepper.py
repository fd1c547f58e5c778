"""One optimiser step: a step's units in parts that fit the memory, over all processes, with one sum of gradients.

Decision: the loss of a step is the summed cross entropy over its answer tokens divided by their number in the whole
step, so neither splitting it to save memory nor sharing it among processes changes it. Random numbers (dropout) start
anew with every step from (seed, step, process), so nothing of their state has to be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.training import data
from audio_reasoner.training.collate import Sizes, Unit, collate
from audio_reasoner.training.distributed import World, outline, whole
from audio_reasoner.training.packing import pack
from audio_reasoner.training.progress import Sums

if TYPE_CHECKING:
    import torch

    from audio_reasoner.training.recipe import OptimiserPart, Recipe
    from audio_reasoner.training.rl_recipe import RlRecipe


class Stepper:
    """The model, its loss and its optimiser, ready to take steps.

    Args:
        model: on the CPU or on its device; with a world that divides weights it is divided here.
        recipe: the training recipe.
        world: the processes of the training.
        mel: a clip's log-mel by clip id.
        pad_id: token that fills rows.
        bf16: whether products are done in 16 bits. The weights stay as they are.
    """

    def __init__(
        self,
        model: Any,
        recipe: Recipe,
        world: World,
        mel: Callable[[str], torch.Tensor],
        pad_id: int,
        bf16: bool,
    ) -> None:
        from audio_reasoner.training.loss import Objective

        self.model, self.world, self.bf16 = model, world, bf16
        self._recipe, self._mel, self._pad_id = recipe, mel, pad_id
        spare = recipe.memory.activation_checkpointing or world.checkpoints_activations
        # Layers that are computed again must not write a cache, and divided ones be called equally often everywhere.
        self.packing = recipe.batch.packing or spare or world.sharded
        if world.sharded and recipe.batch.packing is False:
            from audio_reasoner.core.errors import ConfigError

            raise ConfigError(
                "batch.packing is false, but divided weights (FSDP) need it.",
                code="training.packing",
                hint="Leave it out: it is chosen where it is needed.",
            )
        if spare:
            checkpoint_layers(model)
        self._objective = Objective(model, recipe.memory.loss_chunk)
        self.outline = outline(model) if world.sharded else None
        if world.sharded:
            world.divide(self._objective, bf16)
        self.optimiser = optimiser_of(model, recipe.optimiser)
        self._trained = [p for p in model.parameters() if p.requires_grad]

    def step(self, units: Sequence[Unit], rate: float, number: int) -> Sums:
        """One optimiser step.

        Args:
            units: what all processes learn in this step.
            rate: learning rate.
            number: the step's number, counted from 0.

        Raises:
            InputError: `training.diverged`: the loss or a gradient is not finite. The weights have not been touched.
        """
        import torch

        torch.manual_seed(ids.derive_seed(self._recipe.seed, "step", number, self.world.rank))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        most = self._recipe.batch.tokens
        parts = [data.split_by_tokens(share, most) for share in self.world.share(units)]
        mine = parts[self.world.rank]
        targets = sum(u.targets for u in units)
        # The processes' gradients of divided weights are averaged; the loss is a sum.
        scale = (self.world.size if self.world.sharded else 1) / max(1, targets)
        done: list[Sizes] = []
        loss_sum, right = 0.0, 0
        for part in mine:
            loss, hits, sizes = self._forward(part)
            (loss * scale).backward()  # type: ignore[no-untyped-call]
            loss_sum += float(loss.detach())
            right += int(hits)
            done.append(sizes)
        if self.world.sharded:
            # Divided weights are gathered by all processes together, so the others need this one until they are done.
            for _ in range(max(map(len, parts)) - len(mine)):
                loss, _, _ = self._forward([min(units, key=lambda u: u.tokens)])
                (loss * 0.0).backward()  # type: ignore[no-untyped-call]
        sums = self._summed(loss_sum, right, done)
        self.world.add_gradients(self._trained)
        norm = float(whole(torch.nn.utils.clip_grad_norm_(self._trained, self._recipe.optimiser.gradient_clip)))
        if not (math.isfinite(sums.loss) and math.isfinite(norm)):
            what = f"the loss is {sums.loss}" if not math.isfinite(sums.loss) else f"the gradient's norm is {norm}"
            raise InputError(
                f"{what} at step {number + 1}.",
                code="training.diverged",
                hint="Start again (--overwrite) with a lower optimiser.learning_rate or more optimiser.warmup_steps.",
            )
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return sums

    def _forward(self, units: Sequence[Unit]) -> tuple[torch.Tensor, torch.Tensor, Sizes]:
        import torch

        mels = [self._mel(u.clip) for u in units]
        part = self._recipe.batch
        batch = (
            pack(units, mels, self._pad_id, part.row_tokens)
            if self.packing
            else collate(units, mels, self._pad_id, part.rows_per_group)
        )
        device = self.world.device
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=self.bf16):
            loss, hits = self._objective(batch.to(device))
        return loss, hits, batch.sizes

    def _summed(self, loss: float, right: int, done: Sequence[Sizes]) -> Sums:
        sizes = [sum(getattr(s, name) for s in done) for name in Sizes.__dataclass_fields__]
        loss, hits, *rest = self.world.total([loss, float(right), *map(float, sizes)])
        return Sums(loss, int(hits), Sizes(*(int(x) for x in rest)))


def checkpoint_layers(model: Any) -> None:
    """Let every layer of encoder and decoder keep its input alone, and compute the rest again in the backward pass."""
    how = {"use_reentrant": False}
    newer = getattr(model, "activation_checkpointing_enable", None)
    if newer is not None:
        newer(activation_checkpointing_kwargs=how)
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=how)


def optimiser_of(model: Any, part: OptimiserPart) -> torch.optim.Optimizer:
    """AdamW over the weights that learn. Gains, biases and embeddings have no reason to be small: they do not decay."""
    import torch

    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    plain = [p for n, p in trained if p.ndim < 2 or "embed_tokens" in n]
    decayed = [p for n, p in trained if not (p.ndim < 2 or "embed_tokens" in n)]
    groups = [{"params": decayed, "weight_decay": part.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=part.learning_rate, betas=part.betas, fused=True)


def rate_at(part: OptimiserPart | RlRecipe, step: int, share: float) -> float:
    """The learning rate of a step (from 0) after `share` of the budget: a linear warm-up times a cosine."""
    warm = min(1.0, (step + 1) / max(1, part.warmup_steps))
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return part.learning_rate * warm * (part.final_share + (1 - part.final_share) * cosine)
