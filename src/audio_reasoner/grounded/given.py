"""Questions whose right answer comes with the data: an Annotator must take these and invent none of its own.

Decision: a translation, an emotion, a sarcasm label and a timeline each answer one kind of question exactly. A language
model asked to invent such a question would have to invent its answer too.
"""

from __future__ import annotations

from functools import lru_cache

from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Clip, Question, Style, Task
from audio_reasoner.grounded.tasks import is_list, task_of
from audio_reasoner.grounded.teacher import DESKS, LISTS, GroundedTeacher

GIVEN_TASKS: frozenset[Task] = frozenset(("s2tt", "ser", "sarcasm", "multi_speaker", "complex_audio"))
"""Tasks with questions of this kind; of the others an Annotator invents questions.

Music is one where a timeline tells its metre, melody and entries; labels alone leave most of a piece to be asked."""


def given_questions(
    clip: Clip,
    *,
    seed: int,
    questions_per_clip: int,
    vocabulary: tuple[str, ...],
    families: tuple[str, ...] = (),
) -> tuple[Question, ...]:
    """The questions of a clip whose answers its labels or its timeline give, easy ones first.

    Args:
        clip: the clip; only its labels and its timeline count here, brought evidence does not.
        seed: global seed; the questions are a function of it and the clip's id.
        questions_per_clip: at most so many.
        vocabulary: all labels of the run, for wrong options.
        families: only these question types; empty for all.

    Returns:
        Empty where nothing is given and the Annotator has to think of questions itself.
    """
    task = task_of(clip)
    if task not in GIVEN_TASKS and not (task == "music_qa" and clip.timeline is not None):
        return ()
    given = (LISTS if is_list(clip) else DESKS[task]).given
    wanted = tuple(f for f in given if not families or f in families)
    if not wanted or (task == "multi_speaker" and clip.timeline is None):
        return ()
    plain = clip.model_copy(update={"evidence": ()})
    try:
        return _teacher("full", vocabulary, seed, questions_per_clip, wanted).annotate(plain).questions
    except TeacherError:
        return ()


@lru_cache(maxsize=8)
def _teacher(
    style: Style, vocabulary: tuple[str, ...], seed: int, questions_per_clip: int, families: tuple[str, ...]
) -> GroundedTeacher:
    return GroundedTeacher(style, vocabulary, seed, questions_per_clip, families)
