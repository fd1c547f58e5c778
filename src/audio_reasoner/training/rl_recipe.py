"""A recipe for reinforcement learning (GRPO): one YAML file that a user copies and edits.

Decision: its own file and not a section of a training recipe, because it starts from a model that is trained already
and shares hardly a setting with how that was done. The defaults are careful: a frozen audio tower, a small rate, a
leash to the model it began with. What a reward is worth stands in the recipe, because that is what the model becomes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from audio_reasoner.core import config
from audio_reasoner.training.recipe import Beta, Part, TrainedParts
from audio_reasoner.training.rewards import MOST_WORDS, TARGET_WORDS, WEIGHTS


class RlWatch(Part):
    """How often to look, and to save."""

    eval_every_steps: int | None = Field(default=None, ge=1, description="held-out questions between; none: never")
    eval_samples: int = Field(default=64, ge=0)
    final_samples: int = Field(default=512, ge=0, description="asked before the first and after the last step")
    checkpoint_every_steps: int = Field(default=10, ge=1)


class RlLength(Part):
    """The `length` reward: 1 up to `target` words, falling to 0 at `most`."""

    target: int = Field(default=TARGET_WORDS, ge=1)
    most: int = Field(default=MOST_WORDS, ge=2)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.most <= self.target:
            raise ValueError("`most` must be above `target`")
        return self


class RlRecipe(Part):
    """A whole recipe."""

    train: TrainedParts = TrainedParts(tower=False)
    steps: int = Field(default=60, ge=1)
    questions: int = Field(default=8, ge=1, description="different questions per step")
    chains: int = Field(default=8, ge=2, description="chains drawn for each question; their rewards are compared")
    updates: int = Field(default=1, ge=1, description="optimiser steps on the same chains; above 1 `clip` matters")
    rows: int = Field(default=64, ge=1, description="most chains drawn at once")
    learning_rate: float = Field(default=2e-5, gt=0)
    warmup_steps: int = Field(default=5, ge=0)
    final_share: float = Field(default=0.1, ge=0, le=1, description="of the peak, reached by a cosine")
    weight_decay: float = Field(default=0.0, ge=0)
    betas: tuple[Beta, Beta] = (0.9, 0.98)
    gradient_clip: float = Field(default=1.0, gt=0)
    temperature: float = Field(default=1.0, gt=0, le=10)
    max_new_tokens: int = Field(default=512, ge=1)
    beta: float = Field(default=0.02, ge=0, description="weight of the divergence from the model it began with")
    clip: float = Field(default=0.2, gt=0, lt=1)
    divide_by_spread: bool = Field(default=True, description="advantages in standard deviations of their group")
    rewards: dict[str, float] = Field(default_factory=lambda: dict(WEIGHTS) | {"claims": 0.0})
    length: RlLength = RlLength()
    families: tuple[str, ...] = Field(default=(), description="only these question types; none: all")
    held_out: float = Field(default=0.02, ge=0, lt=1, description="as in the recipe the model was trained with")
    watch: RlWatch = RlWatch()
    ram_gb: float = Field(default=3.0, ge=0)
    workers: int | None = Field(default=None, ge=0)
    seed: int = Field(default=7, ge=0)
    device: str | None = None
    threads: int | None = Field(default=None, ge=1, le=1024)

    @field_validator("rewards")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - set(WEIGHTS))
        if unknown:
            raise ValueError(f"there is no reward {unknown[0]!r}; there are {', '.join(WEIGHTS)}")
        if any(w < 0 for w in value.values()) or not any(value.values()):
            raise ValueError("rewards have weights from 0, at least one of them above 0")
        return value


def load_rl_recipe(path: Path | str) -> RlRecipe:
    """Read a recipe file.

    Raises:
        ConfigError: missing file, broken YAML, unknown key or impossible value; the message names the key.
    """
    return config.load(Path(path), RlRecipe)
