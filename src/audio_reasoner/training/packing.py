"""Packing: units of any length side by side in rows, each seeing nothing but itself.

Decision: a unit (a clip and its questions) is laid out as a tree in one line: the shared part, then every question with
its answer as a branch that continues from the end of the shared part. A branch sees the shared part and itself;
positions count along a branch. Units are put into rows by first fit, longest first, and see nothing of each other. So
a batch is one pass through the language model without a cache, which is also what activation checkpointing and divided
weights need. That it is the same computation as one row per question is proved in ``tests/training/test_packing.py``.
Clips grouped by length without packing are faster on a CPU (``benchmarks/packing_speed.py``), so that is the default.

The encoder is packed as well: after the convolutions, the clips' own frames stand side by side in rows as long as the
longest clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.features import conv_frames_of, pad_mels
from audio_reasoner.training.collate import IGNORE, Sizes, Unit

if TYPE_CHECKING:
    import torch

FILLING = -1


def first_fit(lengths: Sequence[int], width: int) -> list[list[int]]:
    """Indices of `lengths` in rows of at most `width`, longest first, each in the first row that has room.

    >>> first_fit([3, 5, 2, 4], 7)
    [[1, 2], [3, 0]]
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        r = next((r for r, left in enumerate(room) if lengths[i] <= left), len(rows))
        if r == len(rows):
            rows.append([])
            room.append(max(width, lengths[i]))
        rows[r].append(i)
        room[r] -= lengths[i]
    return rows


@dataclass
class Packed:
    """Tensors of some units in rows.

    Shapes: `mels` [clips, bands, frames]; `ids`, `labels`, `places`, `unit`, `branch` [rows, W]. `labels[r, t]` is the
    token to be predicted at t. `unit` numbers the units of a row (FILLING where there is none), `branch` is 0 in the
    shared part and numbers the samples after it. `audio_rows` are the encoder's rows: clips by index.
    """

    mels: torch.Tensor
    frames: list[int]
    audio_rows: list[list[int]]
    ids: torch.Tensor
    labels: torch.Tensor
    places: torch.Tensor
    unit: torch.Tensor
    branch: torch.Tensor
    alone: bool
    sizes: Sizes

    def to(self, device: str) -> Packed:
        """The same batch on a device."""
        names = ("mels", "ids", "labels", "places", "unit", "branch")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    def mask(self) -> torch.Tensor | None:
        """Who sees whom, bool [rows, 1, W, W]; None where plain causal attention is that."""
        import torch

        if self.alone:
            return None
        width = self.ids.shape[1]
        causal = torch.ones(width, width, dtype=torch.bool, device=self.ids.device).tril()
        own = self.unit[:, :, None] == self.unit[:, None, :]
        along = (self.branch[:, None, :] == 0) | (self.branch[:, :, None] == self.branch[:, None, :])
        return (causal & own & along)[:, None]

    def states(self, model: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Last hidden states where something is learned [targets, hidden], and the tokens to predict [targets]."""
        audio = encode(model, self.mels, self.frames, self.audio_rows)
        out = model.model.language_model(
            inputs_embeds=qwen2_audio.embed(model, self.ids, audio),
            attention_mask=self.mask(),
            position_ids=self.places,
            use_cache=False,
        ).last_hidden_state
        learned = self.labels != IGNORE
        return out[learned], self.labels[learned]


def pack(units: Sequence[Unit], mels: Sequence[torch.Tensor], pad_id: int, row_tokens: int | None = None) -> Packed:
    """Lay units out in rows.

    Args:
        units: clips with their samples; the samples of a unit share their first tokens.
        mels: their log-mels, in the same order.
        pad_id: token that fills the ends of rows; nothing sees it and it is never learned.
        row_tokens: width of a row; a longer unit widens all rows. None: the longest unit.
    """
    import torch

    lengths = [u.tokens for u in units]
    rows = first_fit(lengths, max(max(lengths), row_tokens or 0))
    width = max(sum(lengths[i] for i in row) for row in rows)
    # Filling counts positions on and belongs to no unit: it is a row's own causal text, which nothing else sees.
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORE, dtype=torch.long)
    places = torch.arange(width).repeat(len(rows), 1)
    unit = torch.full((len(rows), width), FILLING, dtype=torch.long)
    branch = torch.zeros((len(rows), width), dtype=torch.long)
    for r, row in enumerate(rows):
        at = 0
        for number, i in enumerate(row):
            samples = units[i].samples
            head = samples[0].shared
            parts = [(0, 0, samples[0].ids[:head], head)]
            parts += [(n, head, s.ids[head:], s.answer - head) for n, s in enumerate(samples, 1)]
            for b, first, tokens, answer in parts:
                own, end = torch.tensor(tokens), at + len(tokens)
                ids[r, at:end] = own
                places[r, at:end] = torch.arange(first, first + len(tokens))
                unit[r, at:end] = number
                branch[r, at:end] = b
                labels[r, at + answer - 1 : end - 1] = own[answer:]
                at = end
    order = [i for row in rows for i in row]
    frames = [units[i].frames for i in order]
    heard = [conv_frames_of(f) for f in frames]
    audio_rows = first_fit(heard, max(heard))
    return Packed(
        mels=pad_mels([mels[i] for i in order]),
        frames=frames,
        audio_rows=audio_rows,
        ids=ids,
        labels=labels,
        places=places,
        unit=unit,
        branch=branch,
        alone=all(len(row) == 1 and len(units[row[0]].samples) == 1 for row in rows),
        sizes=Sizes(
            samples=sum(len(u.samples) for u in units),
            tokens=sum(lengths),
            positions=ids.numel(),
            targets=sum(u.targets for u in units),
            audio=sum(heard),
            audio_positions=len(audio_rows) * max(heard),
        ),
    )


def encode(model: Any, mels: torch.Tensor, frames: Sequence[int], rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Audio tokens [tokens, hidden] of clips one after another, like `qwen2_audio.encode`, computed in packed rows.

    Args:
        model: a Qwen2AudioForConditionalGeneration.
        mels: log-mels [clips, bands, kept frames of the longest].
        frames: each clip's own number of mel frames.
        rows: clips (by index) that stand side by side in a row of the encoder.
    """
    import torch
    from torch.nn import functional

    tower = model.model.audio_tower
    weight = tower.conv1.weight
    heard = [conv_frames_of(f) for f in frames]
    x = mels.to(device=weight.device, dtype=weight.dtype)
    x = functional.gelu(tower.conv2(functional.gelu(tower.conv1(x))))
    longest = max(heard)
    x = x[:, :, :longest].permute(0, 2, 1) + tower.embed_positions.weight[:longest]
    x = functional.dropout(x, p=tower.dropout, training=tower.training)
    # A row's frames by clip and place; the end of a row is filled with its first clip's first frame, seen by no clip.
    width = max(sum(heard[i] for i in row) for row in rows)
    source = torch.zeros(len(rows), width, dtype=torch.long)
    owner = torch.full((len(rows), width), FILLING, dtype=torch.long)
    start = [0] * len(frames)
    for r, row in enumerate(rows):
        at = 0
        for i in row:
            source[r, at : at + heard[i]] = i * longest + torch.arange(heard[i])
            owner[r, at : at + heard[i]] = i
            start[i] = r * width + at
            at += heard[i]
    mask = None
    if len(rows) < len(frames) or bool((owner == FILLING).any()):
        owner = owner.to(x.device)
        mask = (owner[:, :, None] == owner[:, None, :])[:, None]
    x = x.flatten(0, 1)[source.to(x.device)]
    for layer in tower.layers:
        x = layer(x, mask)
    # Two frames make a token; a clip's odd last frame makes none.
    kept = torch.cat([torch.arange(s, s + h // 2 * 2) for s, h in zip(start, heard, strict=True)])
    x = x.flatten(0, 1)[kept.to(x.device)]
    x = tower.avg_pooler(x.T[None])[0].T
    projected: torch.Tensor = model.model.multi_modal_projector(tower.layer_norm(x))
    return projected
