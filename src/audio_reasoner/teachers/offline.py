"""The adapter of the offline teacher: it computes, so its work goes to the process pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question
from audio_reasoner.teachers.base import Run

if TYPE_CHECKING:
    from audio_reasoner.grounded import GroundedTeacher


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
