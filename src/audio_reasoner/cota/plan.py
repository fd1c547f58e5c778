"""A plan: everything that decides what a build makes, so that equal plans make equal samples.

Decision: the plan's id covers the settings that decide samples, the models and the prompts behind them, the vocabulary
(wrong options are drawn from it) and the versions of whatever computes; not the number of workers, limits, prices or
retries, which change only when something is made, and not the address of a server: the same model behind another
address is the same teacher, as it is for the ledger's `call_key`. Filters (`keep`) choose among finished samples, so
they are no part of it either: another filter costs no new call. Clips added to a run may bring new labels: then it is a
new plan, and only the measured evidence and equal calls are used again.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audio_reasoner.core import ids
from audio_reasoner.core.records import Clip, Style
from audio_reasoner.core.run import RunDir

DERIVED_VERSION = "2"
"""Version of the JSON in the ledger's `derived` table. 2: verdicts of a judge and solvers' answers have their own
stages."""
FACTS = "facts"
"""Stage under which `facts_of` of an annotated clip is stored."""
WORDS_PER_KIND = 256
"""Most translations, emotions, … of a run from which wrong options are drawn: the vocabulary travels with every clip
that is worked on, and a corpus of speech has as many sentences as clips. Sounds are few, and all kept."""
_NO_OPTIONS = frozenset({"transcript"})
"""Kinds that are nobody's wrong option: more speech in a run must not make another plan for nothing."""
NOBODY = "none"
"""The discriminator that judges nothing."""


class Keep(BaseModel):
    """Which finished samples go into the data set. A figure that a sample does not have does not keep it out.

    Difficulties are those that the solver found (1 easy to 3 hard). `max_blind`: largest share of right answers without
    hearing the clip; `min_audio_dependence`: how much hearing it must help.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_difficulty: int | None = Field(default=None, ge=1, le=3)
    max_difficulty: int | None = Field(default=None, ge=1, le=3)
    max_blind: float | None = Field(default=None, ge=0, le=1)
    min_audio_dependence: float | None = Field(default=None, ge=-1, le=1)
    drop_label_noise: bool = False

    @property
    def everything(self) -> bool:
        """Whether nothing is asked for."""
        return self == Keep()


class BuildSettings(BaseModel):
    """What a user decides about a build; the `build` section of a recipe. `NOT_IN_PLAN`: what decides no sample."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    teacher: str = "grounded"
    discriminator: str | None = Field(default=None, description="who judges; the teacher itself if it can, or none")
    solver: str | None = Field(default=None, description="who answers blind and with audio; nobody if not given")
    trials: int = Field(default=3, ge=1, le=100, description="answers of the solver per way of hearing")
    style: Style = "full"
    seed: int = Field(default=0, ge=0)
    questions_per_clip: int = Field(default=3, ge=1, le=26)
    families: tuple[str, ...] = Field(default=(), description="question types to ask; all if empty")
    one_call: bool = Field(default=False, description="one call for all chains of a clip")
    give_evidence: bool = Field(default=False, description="write measured and brought evidence into the prompts")
    best_of: int = Field(default=1, ge=1, le=16, description="chains written per question, of which one is kept")
    captions: bool = Field(default=False, description="a row per clip that asks for its description")
    dialogues: bool = Field(default=False, description="a row per clip with its questions as one dialogue")
    prompts: Path | None = Field(default=None, description="folder with templates that replace ours")
    keep: Keep = Keep()
    max_cost: float | None = Field(default=None, gt=0, description="USD; the build stops before it would spend more")
    rpm: float | None = Field(default=None, gt=0, description="requests per minute of the account, if known")
    tpm: float | None = Field(default=None, gt=0, description="tokens per minute of the account, if known")
    max_in_flight: int | None = Field(default=None, ge=1, description="calls at the same time, if known")
    timeout_s: float = Field(default=120.0, gt=0, description="seconds until a call counts as lost")
    patience_s: float = Field(default=300.0, gt=0, description="seconds to wait for a teacher that does not answer")
    prices: Path | None = Field(default=None, description="YAML file with prices")

    @model_validator(mode="after")
    def _filters_need_figures(self) -> Self:
        if not self.keep.everything and self.solver is None:
            raise ValueError("`keep` filters by what a solver finds: name one with `solver`")
        return self

    @property
    def judge(self) -> str | None:
        """Spec of the discriminator, or None for nobody."""
        from audio_reasoner import teachers

        if self.discriminator == NOBODY:
            return None
        return self.discriminator or (self.teacher if teachers.is_remote(self.teacher) else None)

    @property
    def specs(self) -> tuple[str, ...]:
        """All models that are asked, each once."""
        return tuple(dict.fromkeys(s for s in (self.teacher, self.judge, self.solver) if s is not None))


NOT_IN_PLAN = frozenset(
    {"prompts", "keep", "max_cost", "rpm", "tpm", "max_in_flight", "timeout_s", "patience_s", "prices"}
)
"""Settings that cannot change what a sample says (`prompts` is replaced by the hash of what stands in the folder)."""


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
    """The plan of these settings for a run with these labels.

    Raises:
        ConfigError: an unknown teacher, or prompts that cannot be used.
    """
    from audio_reasoner import checks, evidence, teachers

    model = teachers.model_of(settings.teacher)
    config: dict[str, Any] = {
        "settings": deciding(settings),
        "teacher": teachers.name_of(settings.teacher),
        "prompt_sha": teachers.prompt_sha(settings.teacher, settings.prompts),
        "prompt_shas": sorted({sha for spec in settings.specs if (sha := teachers.prompt_sha(spec, settings.prompts))}),
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


def deciding(settings: BuildSettings) -> dict[str, Any]:
    """The settings that decide samples, as a plan stores them: two that agree here make the same data set."""
    roles = {"teacher": settings.teacher, "discriminator": settings.judge or NOBODY, "solver": settings.solver}
    return {
        **settings.model_dump(mode="json", exclude=set(NOT_IN_PLAN)),
        **{role: None if spec is None else without_address(spec) for role, spec in roles.items()},
    }


def without_address(spec: str) -> str:
    """A spec with provider and model alone.

    >>> without_address("grounded")
    'grounded'
    """
    from audio_reasoner import teachers

    if spec == NOBODY or not teachers.is_remote(spec):
        return spec
    return f"{teachers.name_of(spec)}:{teachers.model_of(spec)}"


@dataclass(frozen=True)
class Survey:
    """One pass over a run's clips: their ids in order, what is known of each as a hash, and their words.

    `vocabulary`: every sound that is named, and of other kinds of labels at most `WORDS_PER_KIND`.
    """

    clip_ids: list[str]
    vocabulary: tuple[str, ...]
    facts: tuple[bytes, ...] = ()


def survey(run: RunDir) -> Survey:
    """Read all clips once.

    Raises:
        ConfigError: there are none.
    """
    from audio_reasoner.core.errors import ConfigError
    from audio_reasoner.dataset import read_clips

    clip_ids = []
    facts: list[bytes] = []
    words: dict[str, set[str]] = defaultdict(set)
    for clip in read_clips(run.path):
        clip_ids.append(clip.clip_id)
        facts.append(facts_of(clip))
        _add_words(words, clip)
    if not clip_ids:
        raise ConfigError(
            f"{run.path} has no clips yet.",
            code="run.no_clips",
            hint=f"Add some with `audio-reasoner clips folder DIR -o {run.path}` "
            f"or `audio-reasoner synth complex -n 500 -o {run.path}`.",
        )
    vocabulary = sorted(w for kind, found in words.items() for w in (_some(found) if kind else found))
    return Survey(clip_ids, tuple(vocabulary), tuple(facts))


def facts_of(clip: Clip) -> bytes:
    """Hash of all that a teacher may know of a clip, 8 bytes: labels, evidence, timeline, the sound itself.

    A clip listed again with another label keeps its id; this tells that what was made of it is out of date.
    """
    known = clip.model_dump_json(include={"labels", "evidence", "timeline", "content_key", "domains", "language"})
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).digest()[:8]


def _add_words(words: dict[str, set[str]], clip: Clip) -> None:
    """Add what a clip brings to the vocabulary, by kind; sounds have none."""
    from audio_reasoner.grounded import words_of_clip
    from audio_reasoner.grounded.vocabulary import kind_of

    for word in words_of_clip(clip):
        kind = kind_of(word)
        if kind in _NO_OPTIONS:
            continue
        found = words[kind]
        found.add(word)
        if found is not words[""] and len(found) > 4 * WORDS_PER_KIND:
            kept = _some(found)
            found.clear()
            found.update(kept)


def _some(words: set[str]) -> list[str]:
    """Those with the smallest hashes: the same ones in whatever order, and however many at a time, they came."""
    return heapq.nsmallest(WORDS_PER_KIND, words, key=lambda w: hashlib.sha256(w.encode("utf-8", "replace")).digest())
