"""A plan: everything that decides what a build makes, so that equal plans make equal samples.

Decision: the plan's id covers the settings, the vocabulary (wrong options are drawn from it) and the versions of
whatever computes; not the number of workers, limits or retries, which change only when something is made. Clips added
to a run may bring new labels: then it is a new plan, and only the measured evidence is used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from audio_reasoner.core import ids
from audio_reasoner.core.records import Clip, Style
from audio_reasoner.core.run import RunDir

DERIVED_VERSION = "1"
"""Version of the JSON in the ledger's `derived` table."""


class BuildSettings(BaseModel):
    """What a user decides about a build; the `build` section of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    teacher: str = "grounded"
    style: Style = "full"
    seed: int = Field(default=0, ge=0)
    questions_per_clip: int = Field(default=3, ge=1, le=26)
    families: tuple[str, ...] = Field(default=(), description="question types to ask; all if empty")


@dataclass(frozen=True)
class Plan:
    """Settings with all they depend on. `vocabulary` is sorted; `clip_ids` are all clips of the run in order."""

    plan_id: str
    config: dict[str, Any]
    settings: BuildSettings
    vocabulary: tuple[str, ...]
    evidence_version: str
    checks_version: str
    model: str


def make_plan(settings: BuildSettings, vocabulary: tuple[str, ...]) -> Plan:
    """The plan of these settings for a run with these labels."""
    from audio_reasoner import checks, evidence, teachers

    model = teachers.model_of(settings.teacher)
    config: dict[str, Any] = {
        "settings": settings.model_dump(mode="json"),
        "vocabulary_sha": ids.digest({"vocabulary": list(vocabulary)}).hex(),
        "versions": {
            "teacher": model,
            "evidence": evidence.VERSION,
            "checks": checks.CHECKS_VERSION,
            "derived": DERIVED_VERSION,
        },
    }
    return Plan(
        plan_id=ids.plan_id(config),
        config=config,
        settings=settings,
        vocabulary=vocabulary,
        evidence_version=evidence.VERSION,
        checks_version=checks.CHECKS_VERSION,
        model=model,
    )


@dataclass(frozen=True)
class Survey:
    """One pass over a run's clips: their ids in order, and every tag they carry."""

    clip_ids: list[str]
    vocabulary: tuple[str, ...]


def survey(run: RunDir) -> Survey:
    """Read all clips once.

    Raises:
        ConfigError: there are none.
    """
    from audio_reasoner.core.errors import ConfigError
    from audio_reasoner.dataset import read_clips

    clip_ids = []
    words: set[str] = set()
    for clip in read_clips(run.path):
        clip_ids.append(clip.clip_id)
        words.update(_words(clip))
    if not clip_ids:
        raise ConfigError(
            f"{run.path} has no clips yet.",
            code="run.no_clips",
            hint=f"Add some with `audio-reasoner clips folder DIR -o {run.path}` "
            f"or `audio-reasoner synth complex -n 500 -o {run.path}`.",
        )
    return Survey(clip_ids, tuple(sorted(words)))


def _words(clip: Clip) -> set[str]:
    words = set(clip.labels_of("tag"))
    if clip.timeline is not None:
        words.update(e.label for e in clip.timeline.events)
    return words
