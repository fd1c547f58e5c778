"""The loss: summed cross entropy over the answers' tokens, with logits of a few tokens at a time if memory is short.

Decision: the loss is a module of its own around the model, because sharded weights are gathered when a module's
``forward`` begins: embeddings, convolutions and the output layer are used by us directly, and so belong to the module
that uses them. Cross entropy is *summed*; who calls divides by the tokens of the whole step over all processes, so that
neither accumulation nor data parallelism changes the result.

At a vocabulary of 156,032 the 32-bit logits of 4,096 targets and their gradient take 5 GB. With `chunk` they exist for
so many targets at once and are computed again in the backward pass.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint


class Readable(Protocol):
    """A batch that knows how a model reads it (`collate.Batch`, `packing.Packed`)."""

    def states(self, model: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Last hidden states where something is learned [targets, hidden], and the tokens to predict [targets]."""
        ...


def _part(head: nn.Module, states: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    logits = head(states).float()
    return functional.cross_entropy(logits, labels, reduction="sum"), (logits.argmax(-1) == labels).sum()


def cross_entropy(
    head: nn.Module, states: torch.Tensor, labels: torch.Tensor, chunk: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed cross entropy in nats, and the number of tokens predicted right.

    Args:
        head: the output layer, hidden state to logits.
        states: [targets, hidden].
        labels: [targets].
        chunk: compute the logits of at most so many targets at once, and again in the backward pass; None: all.
    """
    if chunk is None or len(labels) <= chunk:
        return _part(head, states, labels)
    loss, right = states.new_zeros((), dtype=torch.float32), labels.new_zeros(())
    for some, wanted in zip(torch.split(states, chunk), torch.split(labels, chunk), strict=True):
        more, hits = checkpoint(_part, head, some, wanted, use_reentrant=False, preserve_rng_state=False)
        loss, right = loss + more, right + hits
    return loss, right


class Objective(nn.Module):
    """The model with its loss. `forward(batch)` gives (summed cross entropy in nats, tokens predicted right)."""

    def __init__(self, model: nn.Module, chunk: int | None = None) -> None:
        super().__init__()
        self.model = model
        self.chunk = chunk

    def forward(self, batch: Readable) -> tuple[torch.Tensor, torch.Tensor]:
        """Summed cross entropy over the batch's answers, and how many of their tokens were predicted right."""
        states, labels = batch.states(self.model)
        return cross_entropy(self.model.get_output_embeddings(), states, labels, self.chunk)  # type: ignore[operator]
