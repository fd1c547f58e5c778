"""The protocol every teacher follows, and the adapter of the offline one.

Decision: a teacher is asynchronous and knows nothing of ledgers, retries or questions of other clips; it turns one clip
(and one question) into one record or raises `TeacherError`. The grounded teacher computes, so its adapter sends it to
the process pool; a teacher behind a network would await its reply instead, and the engine could not tell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Style, Verdict

if TYPE_CHECKING:
    from audio_reasoner.grounded import GroundedTeacher

AVAILABLE = ("grounded",)
T = TypeVar("T")


class Teacher(Protocol):
    """Stages 1 and 2 of the paper's pipeline (Annotator and Thinker) for one clip at a time.

    Attributes:
        name: as the user chose it, e.g. "grounded".
        model: what answered, with its version; part of every sample's provenance.
        prompt_sha: hash of the prompt templates; empty for a teacher that reads none.
        judges_itself: whether its own True/False on its samples means anything.
    """

    name: str
    model: str
    prompt_sha: str
    judges_itself: bool

    async def annotate(self, clip: Clip, evidence: Evidence) -> Annotation:
        """Caption and questions."""

    async def think(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, question: Question, take: int = 0
    ) -> Chain:
        """The chain that answers one question; `take` counts the candidates when the best of several is kept."""


class Judge(Protocol):
    """Stage 3 (Discriminator): True or False with reasons about one sample."""

    name: str
    model: str

    async def judge(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, question: Question, chain: Chain
    ) -> Verdict:
        """`accepted` or `rejected` with findings; `judge` is the name with the model."""


Hearing = Literal["audio", "silence", "text"]


@dataclass(frozen=True)
class Solved:
    """One blind answer: what was said and which option it means (None: none, or an open question)."""

    hearing: Hearing
    trial: int
    text: str
    index: int | None
    correct: bool | None


class Solver(Protocol):
    """Answers a question without knowing the gold answer, hearing the clip, silence, or nothing at all."""

    name: str
    model: str

    async def solve(self, clip: Clip, question: Question, hearing: Hearing, trial: int) -> Solved:
        """One independent answer; `trial` counts from 0."""


class Run(Protocol):
    """How an adapter gets something computed: `compute.Batcher.run`."""

    def __call__(self, fn: Callable[[Any], T], item: Any, stage: int = 0) -> Awaitable[T]:
        """`fn(item)` in a worker; higher stages go first."""


def _annotate(item: tuple[GroundedTeacher, Clip, Evidence]) -> Annotation:
    teacher, clip, evidence = item
    return teacher.annotate(clip, evidence)


def _think(item: tuple[GroundedTeacher, Clip, Evidence, Annotation, Question]) -> Chain:
    teacher, clip, evidence, annotation, question = item
    return teacher.think(clip, evidence, annotation, question)


class GroundedAdapter:
    """The grounded teacher in the process pool."""

    prompt_sha = ""
    judges_itself = False

    def __init__(self, teacher: GroundedTeacher, run: Run) -> None:
        self.name = teacher.name
        self.model = teacher.model
        self._teacher = teacher
        self._run = run

    async def annotate(self, clip: Clip, evidence: Evidence) -> Annotation:
        """Caption and questions from labels, timeline and evidence."""
        return await self._run(_annotate, (self._teacher, clip, evidence), stage=1)

    async def think(
        self,
        clip: Clip,
        evidence: Evidence,
        annotation: Annotation,
        question: Question,
        take: int = 0,  # noqa: ARG002 -- it has one way to say it
    ) -> Chain:
        """A chain worked out step by step; every take is the same."""
        return await self._run(_think, (self._teacher, clip, evidence, annotation, question), stage=2)


def check_spec(spec: str, families: tuple[str, ...] = ()) -> None:
    """Refuse a teacher that this version does not have, and question types that it does not ask.

    Raises:
        ConfigError: teacher.unknown, teacher.unknown_family.
    """
    if spec not in AVAILABLE:
        raise ConfigError(
            f"There is no teacher {spec!r} in this version.",
            code="teacher.unknown",
            hint=f"Available: {', '.join(AVAILABLE)}.",
        )
    if families:
        from audio_reasoner.grounded import FAMILIES

        if unknown := sorted(set(families) - set(FAMILIES)):
            raise ConfigError(
                f"The {spec} teacher asks no questions of type {', '.join(unknown)}.",
                code="teacher.unknown_family",
                hint=f"It asks: {', '.join(FAMILIES)}.",
            )


def model_of(spec: str) -> str:
    """The model name of a teacher, as it goes into the plan."""
    check_spec(spec)
    from audio_reasoner.grounded import GroundedTeacher

    return GroundedTeacher.model


def make(
    spec: str,
    *,
    style: Style,
    vocabulary: tuple[str, ...],
    seed: int,
    questions_per_clip: int,
    run: Run,
    families: tuple[str, ...] = (),
) -> Teacher:
    """The teacher that `spec` names.

    Args:
        spec: "grounded".
        style: "full" or "brief".
        vocabulary: all labels of the run, for wrong options.
        seed: global seed.
        questions_per_clip: how many questions to ask about a clip that can answer that many.
        run: where computing happens.
        families: ask only these question types; empty for all.

    Raises:
        ConfigError: teacher.unknown, teacher.unknown_family.
    """
    check_spec(spec, families)
    from audio_reasoner.grounded import GroundedTeacher

    return GroundedAdapter(
        GroundedTeacher(
            style=style, vocabulary=vocabulary, seed=seed, questions_per_clip=questions_per_clip, families=families
        ),
        run,
    )
