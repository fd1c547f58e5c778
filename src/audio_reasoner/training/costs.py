"""What one training step takes, computed: bytes by what they hold, and floating-point operations by part.

Decision: the bytes are counted from what our loop keeps, tensor by tensor, not scaled from a rule of thumb. For each
layer that is what PyTorch saves for the backward pass: in 32 bits every intermediate result at 4 bytes; in mixed
precision (`torch.autocast`) the stream between layers and the inputs of the norms at 4 bytes, everything around a
matrix product at 2, the input of q, k and v (and of gate and up) once per product, because each casts it for itself.
`benchmarks/memory_plan.py --measure` holds the sum against steps of real, small models and says the error.

Operations are two per weight and token forward, as many again for the gradient of the inputs, and again for that of the
weights, if they learn; attention is counted in causal form. A utilisation says what share of a device's peak a training
reaches; nothing else is in the hours (no evaluation, no reading of data, no restarts).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio_reasoner.models.sizes import Sizes

CONTEXT = 1.5e9
"""Bytes that a CUDA context with its libraries takes, an allowance."""
COMMUNICATION = 2.0e9
"""Bytes for exchange between GPUs, an allowance."""
GAPS = 0.05
"""Share of everything else that the allocator loses between blocks, an allowance."""
PADDED_FRAMES = 1500
"""Conv frames (20 ms) of a clip padded to 30 s, and their audio tokens."""


@dataclass(frozen=True)
class Work:
    """A training as its costs see it.

    Attributes:
        learned: weights that learn, by part (tower, projector, language); with adapters, the adapters' weights.
        adapted: parts whose own weights are frozen and that learn through adapters.
        frozen_bytes: bytes per frozen weight.
        mixed: 16-bit products and 32-bit sums (autocast); else everything in 32 bits.
        tokens: positions of the language model that are computed at once.
        clips: clips that are computed at once.
        targets: tokens to be predicted among `tokens`.
        repeated: keys and values that are copied for rows that continue a shared prompt, in positions.
        seconds: length of each clip.
        checkpointing: keep each layer's input only and compute the layer again in the backward pass.
        chunk: most targets whose logits exist at once; None is all.
        mask: bytes per number of what the adapters' dropout keeps, the mask: 1 on a GPU, 4 on a CPU; 0 without dropout.
    """

    sizes: Sizes
    learned: dict[str, int]
    adapted: frozenset[str]
    frozen_bytes: int
    mixed: bool
    tokens: int
    clips: float
    targets: float
    repeated: float
    seconds: float
    checkpointing: bool = False
    chunk: int | None = None
    mask: int = 0

    @property
    def stream(self) -> int:
        """Bytes per number of the stream between the language model's layers."""
        return 2 if self.mixed and self.frozen_bytes == 2 else 4

    def with_(self, **changes: object) -> Work:
        """The same with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def own_weights(sizes: Sizes) -> dict[str, int]:
    """Weights by the parts of a recipe: tower, projector, language (with embeddings and output layer)."""
    count = sizes.count()
    return {
        "tower": count["audio tower"],
        "projector": count["projector"],
        "language": count["language model"] + count["head"],
    }


def conv_frames(seconds: float, padded: bool) -> float:
    """Frames of 20 ms that the encoder computes for a clip."""
    return float(PADDED_FRAMES) if padded else seconds * 50


# ------------------------------------------------------------------------------------------------------------- memory


def memory(work: Work, gpus: int = 1, padded: bool = False) -> dict[str, float]:
    """Bytes per GPU at the peak of a step, by what they hold.

    Weights, gradients and optimiser states are divided among the GPUs (FSDP); the rest is each GPU's own.

    Args:
        work: the training; `tokens` and `clips` are those of one GPU.
        gpus: how many GPUs share the states.
        padded: each clip is encoded as 30 seconds.
    """
    learned = sum(work.learned.values())
    frozen = sum(n for p, n in own_weights(work.sizes).items() if p in work.adapted or not work.learned.get(p))
    layer = language_layer(work)
    saved = work.sizes.layers * (work.sizes.width * work.stream if work.checkpointing else layer) * work.tokens
    # In the backward pass of one layer: its own results again, and the gradients on their way through it.
    way = (4 * work.sizes.ffn * _wide(work) + 2 * work.sizes.width * 4) * work.tokens
    again = (layer * work.tokens if work.checkpointing else 0.0) + way
    targets = work.targets if work.chunk is None else min(work.targets, work.chunk)
    # Logarithms, gradient of the loss to them, and to the logits, 4 bytes each.
    logits = 12.0 * work.sizes.vocabulary * targets
    out = {
        "weights": (4.0 * learned + work.frozen_bytes * frozen) / gpus,
        "gradients": 4.0 * learned / gpus,
        "optimiser states": 8.0 * learned / gpus,
        "working copies": _copies(work, gpus),
        "encoder": encoder(work, padded),
        "activations": float(saved + _repeated(work)),
        "logits or one layer": float(max(logits, again)),
    }
    out["allowances"] = CONTEXT + (COMMUNICATION if gpus > 1 else 0.0) + GAPS * sum(out.values())
    return out


def step_bytes(work: Work) -> float:
    """Bytes that a step adds to weights, gradients and optimiser states, without allowances: what can be measured."""
    out = memory(work)
    return out["working copies"] + out["encoder"] + out["activations"] + out["logits or one layer"]


def _wide(work: Work) -> int:
    return 2 if work.mixed else 4


def language_layer(work: Work) -> float:
    """Bytes per position that one layer of the language model keeps for the backward pass."""
    s = work.sizes
    h, q, k, f = s.width, s.heads * s.head_dim, s.kv_heads * s.head_dim, s.ffn
    if work.mixed:
        # norm (stream, normalised stream); inputs of q, k, v; q, k, v; attention; norm; inputs of gate, up; four of MLP
        kept = 8 * h + 6 * h + 2 * (q + 2 * k) + 2 * q + 8 * h + 4 * h + 8 * f
    else:
        kept = 8 * h + 4 * h + 4 * (q + 2 * k) + 4 * q + 8 * h + 4 * h + 16 * f
    return kept + _dropped(work, "language", 5 * h + q + f, (0 if work.mixed else 3 * h) + q)


def _dropped(work: Work, part: str, inputs: int, copies: int) -> float:
    """Bytes that the dropout of a layer's adapters adds.

    Args:
        work: the training.
        part: of the model.
        inputs: numbers in the inputs of all products; each keeps a mask of its own.
        copies: those of which nothing else keeps a copy. In 32 bits products of one input would share it.
    """
    return float(work.mask * inputs + _wide(work) * copies) if part in work.adapted and work.mask else 0.0


def _repeated(work: Work) -> float:
    if work.checkpointing:
        return 2.0 * work.sizes.kv_heads * work.sizes.head_dim * work.repeated * _wide(work)
    return float(work.sizes.cache_bytes(1, _wide(work)) * work.repeated)


def _copies(work: Work, gpus: int) -> float:
    """Whole weights beside the stored ones: 16-bit copies for the products; with several GPUs what is gathered."""
    s = work.sizes
    count = s.count()
    layer = (count["language model"] - s.embeddings) / s.layers
    table = s.embeddings + count["head"]
    own = "language" in work.learned and "language" not in work.adapted
    if gpus > 1:
        # Two layers at a time (one computes, the next arrives) and the tables, with their gradients where they learn.
        stored = 4 if own else work.frozen_bytes
        cast = 2 if work.mixed and stored == 4 else 0
        gathered = 2 * layer * (stored + cast) + table * stored + count["head"] * cast
        return gathered + (4 * (layer + table) if own else 0.0)
    if not work.mixed:
        return 0.0
    copies = 2.0 * (sum(work.learned.values()) - (s.embeddings if own else 0))
    if not own and work.frozen_bytes == 4:
        # Frozen in 32 bits, and passed by the gradient: cast anew for each product and kept until its backward pass.
        copies += 2.0 * (layer * (1 if work.checkpointing else s.layers) + count["head"])
    return copies


def encoder(work: Work, padded: bool) -> float:
    """Bytes of the audio tower's own results."""
    s = work.sizes
    d, f, w = s.audio_width, s.audio_ffn, _wide(work)
    frames = conv_frames(work.seconds, padded) * work.clips
    inputs = (6 if work.mixed else 4) * d
    # norm, inputs of q, k, v; q, k, v; attention; norm, input of the first of MLP, two of MLP.
    layer = (4 * d + inputs + 3 * w * d + w * d + 4 * d + w * d + 2 * w * f) * frames
    layer += _dropped(work, "tower", 5 * d + f, (0 if work.mixed else 2 * d) + d) * frames
    stem = (5 * w * d + 4 * d) * frames
    if not work.learned.get("tower"):
        # Nothing is kept, but one layer's results exist while it runs, and the stem's before it.
        return float(max(6 * w * d + 2 * w * f, 5 * w * d + 4 * d) * frames)
    if work.checkpointing:
        return float(s.audio_layers * 4 * d * frames + layer + stem)
    return float(s.audio_layers * layer + stem)


def checkpoint_bytes(work: Work, partial: bool) -> float:
    """Bytes of checkpoint.pt: what learns with its optimiser states; a whole training also what does not."""
    learned = sum(work.learned.values())
    return 12.0 * learned if partial else 4.0 * work.sizes.total + 8.0 * learned


# --------------------------------------------------------------------------------------------------------- operations


def operations(work: Work, padded: bool = False) -> dict[str, float]:
    """Floating-point operations of one computation (`work.tokens` positions), by part, recomputation counted in."""
    s = work.sizes
    count = s.count()
    again = 1 if work.checkpointing else 0
    frames = conv_frames(work.seconds, padded)
    per_clip = 2 * (count["audio tower"] - s.positions * s.audio_width) * frames
    per_clip += 4 * frames * frames * s.audio_width * s.audio_layers
    tower = per_clip * work.clips * _times(work, "tower", again)
    audio = frames / 2 * work.clips
    projector = 2 * count["projector"] * audio * _times(work, "projector", 0)
    inner = count["language model"] - s.embeddings
    rows = max(work.clips, 1.0)
    attention = 2 * (work.tokens / rows) ** 2 * s.heads * s.head_dim * s.layers * rows
    language = (2 * inner * work.tokens + attention) * _times(work, "language", again)
    table = s.embeddings if s.tied else count["head"]
    head = 2 * table * work.targets * _times(work, "language", 1 if work.chunk is not None else 0)
    return {"tower": tower, "projector": projector, "language": language, "head": head}


def _times(work: Work, part: str, again: int) -> int:
    """How often the forward operations of a part are done in a step."""
    order = ("tower", "projector", "language")
    before = any(work.learned.get(p) for p in order[: order.index(part) + 1])
    if not before:
        return 1  # no gradient passes here
    own = work.learned.get(part) and part not in work.adapted
    return (3 if own else 2) + again
