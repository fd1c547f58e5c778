"""The offline teacher: questions and chains from labels, timeline and evidence, without network or language model."""

from audio_reasoner.grounded.given import GIVEN_TASKS, given_questions
from audio_reasoner.grounded.skeletons import skeleton, skeletons, words_for
from audio_reasoner.grounded.tasks import speakers_of, task_of
from audio_reasoner.grounded.teacher import FAMILIES, GroundedTeacher
from audio_reasoner.grounded.vocabulary import words_of_clip

__all__ = [
    "FAMILIES",
    "GIVEN_TASKS",
    "GroundedTeacher",
    "given_questions",
    "skeleton",
    "skeletons",
    "speakers_of",
    "task_of",
    "words_for",
    "words_of_clip",
]
