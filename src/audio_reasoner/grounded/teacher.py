"""The offline teacher: Annotator and Thinker without network, key or language model.

Decision: a statement needs a source. The timeline is truth; a tag label is what the user said; a measured value may
speak only when its estimator's error rate is known and below `MAX_ERROR`. Whatever has no such source is not said,
and a clip of which nothing can be said raises `grounded.nothing_known` instead of yielding padding. Everything is a
function of (seed, clip_id), so a build can be repeated in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Style, Task
from audio_reasoner.grounded.desk import Asking, Desk
from audio_reasoner.grounded.dialogue import Dialogue
from audio_reasoner.grounded.feeling import Feeling, Sarcasm
from audio_reasoner.grounded.known import Known, known_of
from audio_reasoner.grounded.language import clean_label, why_unusable
from audio_reasoner.grounded.lists import Lists
from audio_reasoner.grounded.music import Music
from audio_reasoner.grounded.s2tt import SpeechTranslation
from audio_reasoner.grounded.scenes import Scenes
from audio_reasoner.grounded.speech import Speech
from audio_reasoner.grounded.tagged import Recordings
from audio_reasoner.grounded.tasks import is_list, task_of
from audio_reasoner.grounded.vocabulary import sounds
from audio_reasoner.grounded.writer import Writer

DESKS: dict[Task, Desk] = {
    "complex_audio": Scenes(),
    "sound_qa": Recordings(),
    "music_qa": Music(),
    "speech_qa": Speech(),
    "multi_speaker": Dialogue(),
    "s2tt": SpeechTranslation(),
    "ser": Feeling(),
    "sarcasm": Sarcasm(),
}
"""Who asks and answers, by task. A clip gets one question of each tier in turn, so that they rise in difficulty."""
LISTS = Lists()
"""Speaks about clips of the task "multi_speaker" that are spoken lists."""
FAMILIES = tuple(sorted({family for desk in (*DESKS.values(), LISTS) for tier in desk.tiers for family in tier}))
"""Every question type that this teacher can ask."""
TRIES = 8
"""How often a clip is looked at again that got no question at all."""
_WEIGHTS = {"duration": 0.3, "order": 1.5, "says_nth": 0.4}
"""How likely a family is drawn within its tier, where it is not 1."""
_NO_STOPGAP = frozenset(("count", "count_of", "duration", "interval", "spoken_count"))
"""Families not asked for want of another, except where there is none: what else a clip can be asked depends on how many
sounds it has and how long it is, so the number would be known from the fact that it is asked for."""


def check_label(label: str, clip: Clip) -> None:
    """Refuse a label that would break a chain.

    Raises:
        TeacherError: `grounded.label_unusable`.
    """
    why = why_unusable(label)
    if why is not None:
        raise _unusable(label, clip, why)


def _unusable(label: str, clip: Clip, why: str) -> TeacherError:
    return TeacherError(
        f"{clip.source}:{clip.source_id}: the label {label[:80]!r} {why}.",
        code="grounded.label_unusable",
        hint="Rename the label, for example in labels.csv.",
    )


@dataclass(frozen=True)
class GroundedTeacher:
    """Annotates clips and writes chains from labels, timeline and evidence alone.

    Args:
        style: "full" (scenes mostly 300 to 450 words, tag-only recordings 90 to 240) or "brief" (under about 80).
        vocabulary: all labels of the data set, from which wrong options are drawn.
        seed: global seed; a clip's own seed is derived from it and the clip's id.
        questions_per_clip: how many questions to ask where the clip can answer that many.
        families: ask only these question types; empty for all of `FAMILIES`.
    """

    style: Style = "full"
    vocabulary: tuple[str, ...] = ()
    seed: int = 0
    questions_per_clip: int = 3
    families: tuple[str, ...] = ()

    name: ClassVar[str] = "grounded"
    model: ClassVar[str] = "grounded/6"

    def annotate(self, clip: Clip, evidence: Evidence | None = None) -> Annotation:
        """Caption and questions of a clip.

        Raises:
            TeacherError: `grounded.nothing_known`, `grounded.label_unusable`.
        """
        rng = np.random.default_rng(derive_seed(self.seed, clip.clip_id, "annotate"))
        known = _known(clip, evidence)
        for desk in _desks(clip):
            caption = desk.caption(known, Writer(rng))
            asking = Asking(known, caption, _usable(self.vocabulary), self.vocabulary, rng, self.style)

            def make(family: str, desk: Desk = desk, asking: Asking = asking) -> Question | None:
                return desk.ask(family, asking)

            tiers: Sequence[Sequence[str]] = desk.tiers
            if self.families:
                kept = (tuple(f for f in tier if f in self.families) for tier in tiers)
                tiers = tuple(tier for tier in kept if tier)
            # Questions are left out at random to keep the answers even; a clip with few to choose from gets more tries.
            for left in reversed(range(TRIES)):
                questions = self._choose([t for t in tiers if t], make, rng, not left)
                if questions:
                    return Annotation(caption=caption, questions=questions)
        raise _nothing(clip, "no fair question can be asked about it")

    def _choose(
        self,
        tiers: Sequence[Sequence[str]],
        make: Callable[[str], Question | None],
        rng: np.random.Generator,
        anything: bool,
    ) -> tuple[Question, ...]:
        """Up to `questions_per_clip` questions of different families, easy ones first."""
        chosen: list[Question] = []
        used: set[str] = set()
        for i in range(self.questions_per_clip if tiers else 0):
            start = i % len(tiers)
            # An empty tier hands its place to the next ones.
            for tier in (*tiers[start:], *tiers[:start]):
                found = _one_of(tier, make, used, rng, anything)
                if found is not None:
                    chosen.append(found)
                    used.add(found.family)
                    break
        return tuple(sorted(chosen, key=lambda x: x.difficulty))

    def think(self, clip: Clip, evidence: Evidence | None, annotation: Annotation, question: Question) -> Chain:  # noqa: ARG002
        """The chain that answers one of the annotation's questions.

        Raises:
            TeacherError: `grounded.nothing_known` if what the question asks is not known about the clip,
                `grounded.label_unusable`.
        """
        known = _known(clip, evidence)
        desks = _desks(clip)
        desk = next((d for d in desks if any(question.family in tier for tier in d.tiers)), desks[0])
        rng = np.random.default_rng(derive_seed(self.seed, clip.clip_id, "think", question.family, question.text))
        try:
            return desk.think(question, known, Writer(rng), self.style)
        except ValueError as error:
            raise _nothing(clip, str(error)) from error


def _nothing(clip: Clip, why: str) -> TeacherError:
    return TeacherError(
        f"{clip.source}:{clip.source_id}: {why}.",
        code="grounded.nothing_known",
        hint="Give the clip a tag, a timeline or measured evidence, or use another teacher.",
    )


def _known(clip: Clip, evidence: Evidence | None) -> Known:
    """What may be said about a clip, every word of it fit for a chain."""
    known = known_of(clip, evidence)
    names = known.scene.heard if known.scene is not None else (*known.tags, *known.instruments, *known.genres)
    for label in names:
        check_label(label, clip)
    for said in (known.transcript, known.translation):
        if said is not None and (why := why_unusable(said.text, passage=True)) is not None:
            raise _unusable(said.text, clip, why)
    for text in (*(t.text for t in known.turns), *(f.value for f in known.told)):
        if text is not None and (why := why_unusable(text, passage=True)) is not None:
            raise _unusable(text, clip, why)
    if not known.anything:
        raise _nothing(clip, "it has no timeline, no label and no evidence that may speak, so nothing true can be said")
    return known


def _desks(clip: Clip) -> tuple[Desk, ...]:
    """Who may speak about a clip: its task's desk, then the one that needs only a tag."""
    desk = LISTS if is_list(clip) else DESKS[task_of(clip)]
    if isinstance(desk, Scenes | Recordings):
        return (desk,)
    return (
        desk,
        Recordings("music_qa" if "music" in clip.domains else "speech_qa" if "speech" in clip.domains else "sound_qa"),
    )


@lru_cache(maxsize=16)
def _usable(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """The vocabulary without labels that cannot stand in a chain, and without doubles."""
    kept: dict[str, str] = {}
    for label in sounds(vocabulary):
        shown = clean_label(label)
        if why_unusable(shown) is None:
            kept.setdefault(shown.casefold(), shown)
    return tuple(kept.values())


def _one_of(
    tier: Sequence[str],
    make: Callable[[str], Question | None],
    used: set[str],
    rng: np.random.Generator,
    anything: bool,
) -> Question | None:
    weights = np.array([_WEIGHTS.get(f, 1.0) for f in tier])
    for place, k in enumerate(rng.choice(len(tier), size=len(tier), replace=False, p=weights / weights.sum())):
        family = tier[int(k)]
        if family in used or (place and family in _NO_STOPGAP and not anything):
            continue
        if (found := make(family)) is not None:
            return found
    return None
