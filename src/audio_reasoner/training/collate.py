"""Samples to tensors: each clip is encoded once and read once, however many questions are asked about it.

Decision: a training unit is a clip with all its questions. The prompt up to the end of the audio is the same for all of
them, so the model reads it once (the *shared part*) and each question continues from its keys and values. That is the
same computation as one row per question, in exact arithmetic (``tests/training/test_collate.py``), with a third fewer
tokens at four questions a clip. Padding stands on the right, positions are given explicitly.

The loss is on the answer alone (paper, equation 6: the chain C and the response R given audio and question), its end
token included (`loss.py`).

This is the *grouped* way to compute a batch, fast where many clips of similar length are asked several things.
`packing.py` is the other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.features import conv_frames_of, pad_mels

if TYPE_CHECKING:
    import torch

IGNORE = -100


@dataclass(frozen=True)
class Encoded:
    """One sample as ids. `ids[:shared]` is common to the clip's samples, `ids[answer:]` is what is learned."""

    sample_id: str
    ids: tuple[int, ...]
    shared: int
    answer: int


@dataclass(frozen=True)
class Unit:
    """A clip and the samples about it. `frames` is its number of mel frames, `tokens` counts every token once."""

    clip: str
    frames: int
    samples: tuple[Encoded, ...]

    def turn(self, number: int, most: int | None) -> Unit:
        """The unit with `most` of its samples, other ones in the next turn, so that all are seen equally often."""
        n = len(self.samples)
        if most is None or most >= n:
            return self
        return Unit(self.clip, self.frames, tuple(self.samples[(number * most + i) % n] for i in range(most)))

    @property
    def targets(self) -> int:
        """Tokens that are learned."""
        return sum(len(s.ids) - s.answer for s in self.samples)

    @property
    def length(self) -> tuple[int, int]:
        """What grouping by length sorts by: sound first, then tokens.

        Sorted by the sum of audio and text tokens, 600 clips of 0.5 to 10 s with one to four questions had 32 % padding
        in the language model and 36 % in the encoder; sorted so, 27 % and 3 %.
        """
        return self.frames, self.tokens

    @property
    def tokens(self) -> int:
        """Tokens the model reads for this unit: the shared part once, the rest per sample."""
        return self.samples[0].shared + sum(len(s.ids) - s.shared for s in self.samples)


@dataclass(frozen=True)
class Sizes:
    """What a batch holds and what is computed for it.

    `tokens` are real, `positions` computed; the same for the encoder's frames of 20 ms, `audio` and `audio_positions`.
    """

    samples: int = 0
    tokens: int = 0
    positions: int = 0
    targets: int = 0
    audio: int = 0
    audio_positions: int = 0


@dataclass
class Rows:
    """Samples of similar length that are computed together.

    Shapes: `ids`, `labels` [samples, S]; `clip_of`, `starts` [samples]: the row of the shared part that a sample
    continues, and the position of its first own token. `labels[i, t]` is the token to be predicted *at* position t
    (already shifted), IGNORE where nothing is learned.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    clip_of: torch.Tensor
    starts: torch.Tensor


@dataclass
class Batch:
    """Tensors of some units. Shapes: `mels` [clips, bands, frames]; `shared` [clips, P]."""

    mels: torch.Tensor
    frames: list[int]
    shared: torch.Tensor
    rows: list[Rows]
    sizes: Sizes

    def to(self, device: str) -> Batch:
        """The same batch on a device."""
        rows = [Rows(*(t.to(device) for t in (r.ids, r.labels, r.clip_of, r.starts))) for r in self.rows]
        return Batch(self.mels.to(device), self.frames, self.shared.to(device), rows, self.sizes)

    def states(self, model: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Last hidden states where something is learned [targets, hidden], and the tokens to predict [targets]."""
        return answer_states(model, self)


def collate(units: Sequence[Unit], mels: Sequence[torch.Tensor], pad_id: int, rows_per_group: int = 16) -> Batch:
    """Make a batch.

    Args:
        units: clips with their samples; the samples of a unit share their first tokens.
        mels: their log-mels, in the same order.
        pad_id: token that fills the rows; it is never learned and never attended to by a real token.
        rows_per_group: samples are sorted by length and computed in groups of so many, because answers to different
            questions differ in length by a factor of three, and padding costs what tokens cost.
    """
    import torch

    pairs = sorted(
        ((i, s) for i, u in enumerate(units) for s in u.samples), key=lambda p: (len(p[1].ids) - p[1].shared, p[0])
    )
    heads = [u.samples[0].ids[: u.samples[0].shared] for u in units]
    shared = torch.full((len(units), max(map(len, heads))), pad_id, dtype=torch.long)
    for row, head in zip(shared, heads, strict=True):
        row[: len(head)] = torch.tensor(head)
    groups = [pairs[i : i + rows_per_group] for i in range(0, len(pairs), rows_per_group)]
    rows = [_rows(group, pad_id) for group in groups]
    heard = [conv_frames_of(u.frames) for u in units]
    return Batch(
        mels=pad_mels(list(mels)),
        frames=[u.frames for u in units],
        shared=shared,
        rows=rows,
        sizes=Sizes(
            samples=len(pairs),
            tokens=sum(u.tokens for u in units),
            positions=shared.numel() + sum(r.ids.numel() for r in rows),
            targets=sum(u.targets for u in units),
            audio=sum(heard),
            audio_positions=len(units) * max(heard),
        ),
    )


def _rows(pairs: Sequence[tuple[int, Encoded]], pad_id: int) -> Rows:
    import torch

    width = max(len(s.ids) - s.shared for _, s in pairs)
    ids = torch.full((len(pairs), width), pad_id, dtype=torch.long)
    labels = torch.full((len(pairs), width), IGNORE, dtype=torch.long)
    for r, (_, s) in enumerate(pairs):
        own = torch.tensor(s.ids[s.shared :])
        ids[r, : len(own)] = own
        first = s.answer - s.shared
        labels[r, first - 1 : len(own) - 1] = own[first:]
    return Rows(ids, labels, torch.tensor([i for i, _ in pairs]), torch.tensor([s.shared for _, s in pairs]))


def answer_states(model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Last hidden states where something is learned [targets, hidden], and the tokens to predict there [targets]."""
    import torch
    from transformers import DynamicCache

    audio, _ = qwen2_audio.encode(model, batch.mels, batch.frames)
    text = model.model.language_model
    known = DynamicCache()
    # No mask: rows are padded on the right, so under causal attention no real token can see the filling.
    text(inputs_embeds=qwen2_audio.embed(model, batch.shared, audio), past_key_values=known, use_cache=True)
    head = batch.shared.shape[1]
    device = batch.shared.device
    states, labels = [], []
    for rows in batch.rows:
        samples, width = rows.ids.shape
        cache = DynamicCache()
        for depth, layer in enumerate(known.layers):
            cache.update(layer.keys[rows.clip_of], layer.values[rows.clip_of], depth)
        heard = torch.arange(head, device=device)[None, :] < rows.starts[:, None]
        causal = torch.ones(width, width, dtype=torch.bool, device=device).tril()
        mask = torch.cat([heard[:, None, :].expand(samples, width, head), causal.expand(samples, width, width)], dim=2)
        out = text(
            inputs_embeds=model.get_input_embeddings()(rows.ids),
            past_key_values=cache,
            use_cache=True,
            attention_mask=mask[:, None],
            position_ids=rows.starts[:, None] + torch.arange(width, device=device)[None, :],
        ).last_hidden_state
        learned = rows.labels != IGNORE
        states.append(out[learned])
        labels.append(rows.labels[learned])
    return torch.cat(states), torch.cat(labels)


def summed_loss(model: Any, batch: Batch) -> tuple[torch.Tensor, int]:
    """Summed cross entropy over the answers' tokens in nats, and how many of them were predicted right."""
    from audio_reasoner.training.loss import Objective

    loss, right = Objective(model)(batch)
    return loss, int(right)
