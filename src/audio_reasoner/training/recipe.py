"""A training recipe: one YAML file that a user copies and edits.

Decision: unknown keys are errors, every value has a range, and the resolved recipe is stored with the model. A budget
is given in steps, epochs or minutes; minutes are for demonstrations ("train for seven minutes on whatever this machine
is"), steps for results that must repeat exactly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audio_reasoner.core import config
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.cota import BuildSettings
from audio_reasoner.models.nano import NanoSizes
from audio_reasoner.training.targets import Learn

Beta = Annotated[float, Field(ge=0, lt=1)]
"""How much of an average of AdamW stays from step to step."""


class Part(BaseModel):
    """A part of a recipe: unknown keys are refused, and so are NaN and infinity, which slip through most ranges."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TrainedParts(Part):
    """Which parts of the model learn. The others stay as they were loaded."""

    tower: bool = Field(default=True, description="the audio encoder; its positions never learn")
    projector: bool = Field(default=True, description="the layer between encoder and language model")
    language: bool = Field(default=True, description="the language model with its embeddings and output layer")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.tower or self.projector or self.language):
            raise ValueError("nothing would learn: set one of tower, projector, language to true")
        return self


class LoraPart(Part):
    """Low-rank adapters in the parts that `model.train` names, on the layers listed here by name."""

    rank: int = Field(default=16, ge=1)
    alpha: float = Field(default=32.0, gt=0, description="an adapter's product is scaled by alpha / rank")
    dropout: float = Field(default=0.05, ge=0, lt=1)
    language: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    tower: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
    projector: tuple[str, ...] = ("linear",)
    merge: bool = Field(default=False, description="write the whole model with the adapters added to its weights")


class ModelPart(Part):
    """What to train: a small model from scratch (`nano`), or an existing model (`path`), and which parts of it."""

    nano: NanoSizes | None = None
    path: str | None = None
    system: str | None = Field(default=None, description="system message of every prompt")
    train: TrainedParts = TrainedParts()
    lora: LoraPart | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.nano is None) == (self.path is None):
            raise ValueError("give either `nano` (sizes of a new small model) or `path` (a model directory)")
        if self.nano is not None and self.lora is not None:
            raise ValueError("`lora` adapts a trained model (`path`); a new one has nothing to adapt")
        if self.lora is not None:
            bare = [
                p for p in ("tower", "projector", "language") if getattr(self.train, p) and not getattr(self.lora, p)
            ]
            if bare:
                raise ValueError(f"`train` lets {bare[0]} learn, but `lora.{bare[0]}` names no layers")
        return self

    @property
    def partial(self) -> bool:
        """Whether only a part of the weights learns; the rest is in the base and stands in no checkpoint."""
        whole = self.train.tower and self.train.projector and self.train.language
        return self.path is not None and (self.lora is not None or not whole)


class OptimiserPart(Part):
    """AdamW with a linear warm-up and a cosine to `final_share` of the peak."""

    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_steps: int = Field(default=50, ge=0)
    final_share: float = Field(default=0.02, ge=0, le=1)
    weight_decay: float = Field(default=0.05, ge=0)
    betas: tuple[Beta, Beta] = (0.9, 0.98)
    gradient_clip: float = Field(default=1.0, gt=0)


class BatchPart(Part):
    """How much one optimiser step sees, and how much is computed at once."""

    samples: int = Field(default=64, ge=1, description="samples per optimiser step, give or take one clip's")
    tokens: int = Field(default=16_000, ge=256, description="most tokens computed at once; more are accumulated")
    questions_per_clip: int | None = Field(
        default=None, ge=1, description="so many of a clip's questions at a time, other ones in the next epoch"
    )
    rows_per_group: int = Field(default=16, ge=1)
    group_by_length: bool = Field(default=True, description="units of similar length go together, within 32 steps")
    packing: bool | None = Field(
        default=None, description="units of any length side by side in rows; none: only where something else needs it"
    )
    row_tokens: int | None = Field(default=None, ge=64, description="width of a packed row; none: the longest unit")


class MemoryPart(Part):
    """What to spend time on to save memory. Neither changes a result beyond rounding."""

    activation_checkpointing: bool = Field(
        default=False, description="keep only what enters each layer, compute the rest again; needs packing"
    )
    loss_chunk: int | None = Field(default=None, ge=1, description="32-bit logits of at most so many targets at once")


class BudgetPart(Part):
    """When to stop: exactly one of the three."""

    steps: int | None = Field(default=None, ge=1)
    epochs: float | None = Field(default=None, gt=0)
    minutes: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(v is not None for v in (self.steps, self.epochs, self.minutes)) != 1:
            raise ValueError("give exactly one of steps, epochs, minutes")
        return self


class DataPart(Part):
    """Which samples, and which of them are held out (whole groups, chosen by a hash of their name)."""

    held_out: float = Field(default=0.05, ge=0, lt=1)
    short_first: float = Field(
        default=0.0, ge=0, le=1, description="share of clips, the shortest, seen before the rest"
    )
    learn: Learn = Field(default="chain", description="what of a chain is learned; all but `chain` are ablations")
    open_share: float = Field(
        default=0.0, ge=0, le=1, description="share of brief chains whose question is learned without its options"
    )
    max_tokens: int = Field(default=2048, ge=64, description="longer samples are left out and reported, never cut")
    ram_gb: float = Field(default=3.0, ge=0, description="log-mels kept in memory; the rest is computed again")
    workers: int | None = Field(default=None, ge=0, description="processes that compute log-mels; none: one per core")


class WatchPart(Part):
    """How often to look: at the held-out samples, and at the checkpoint."""

    eval_every_minutes: float = Field(default=2.0, gt=0)
    eval_every_steps: int | None = Field(
        default=None, ge=1, description="also after so many steps; for learning curves"
    )
    eval_samples: int = Field(default=64, ge=0)
    final_samples: int = Field(default=512, ge=0)
    max_new_tokens: int = Field(default=512, ge=1)
    checkpoint_every_minutes: float = Field(default=2.0, gt=0)
    checkpoint_every_steps: int | None = Field(default=None, ge=1)


class Recipe(Part):
    """A whole training recipe."""

    model: ModelPart
    optimiser: OptimiserPart = OptimiserPart()
    batch: BatchPart = BatchPart()
    memory: MemoryPart = MemoryPart()
    budget: BudgetPart
    data: DataPart = DataPart()
    build: BuildSettings = BuildSettings(style="brief", questions_per_clip=4)
    watch: WatchPart = WatchPart()
    seed: int = Field(default=7, ge=0)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str | None = None
    threads: int | None = Field(default=None, ge=1, le=1024, description="CPU threads; none: one per core")

    @model_validator(mode="after")
    def _packed(self) -> Self:
        if self.memory.activation_checkpointing and self.batch.packing is False:
            raise ValueError("memory.activation_checkpointing needs batch.packing: the other way reads from a cache")
        return self


def load_recipe(path: Path | str) -> Recipe:
    """Read a recipe file.

    Raises:
        ConfigError: missing file, broken YAML, unknown key or impossible value; the message names the key.
    """
    return config.load(Path(path), Recipe)


def with_flags(
    recipe: Recipe, *, minutes: float | None = None, device: str | None = None, model: str | None = None
) -> Recipe:
    """The recipe with what the command line says instead.

    Raises:
        ConfigError: `recipe.model`: a model is named, and the recipe makes a new one; `config.value`: impossible
            minutes.
    """
    changes: dict[str, object] = {}
    if model is not None:
        if recipe.model.path is None:
            raise ConfigError(
                "the recipe makes a new small model, so no other can be named.",
                code="recipe.model",
                hint="Leave out --model, or use a recipe with model.path.",
            )
        changes["model"] = recipe.model.model_copy(update={"path": model})
    if minutes is not None:
        changes["budget"] = config.parse({"minutes": minutes}, BudgetPart, "command line")
    if device is not None:
        changes["device"] = device
    return recipe.model_copy(update=changes)
