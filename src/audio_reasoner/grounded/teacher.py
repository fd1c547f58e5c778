"""The offline teacher: Annotator and Thinker without network, key or language model.

Decision: a statement needs a source. The timeline is truth; a tag label is what the user said; a measured value may speak
only when its estimator's error rate is known and below `MAX_ERROR`. Whatever has no such source is not said, and a clip of
which nothing can be said raises `grounded.nothing_known` instead of yielding padding. Everything is a function of
(seed, clip_id), so a build can be repeated in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from audio_reasoner.core.chain import TAG_LITERALS, Chain
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Style
from audio_reasoner.grounded import questions as q
from audio_reasoner.grounded.brief import brief_chain
from audio_reasoner.grounded.scene import Scene, scene_of

MAX_ERROR = 0.05
"""An estimator whose measured error rate is not below this stays silent."""
MAX_LABEL_CHARS = 120
"""A longer label is a description, not a name."""

# A clip gets one question of each difficulty in turn, so that questions rise from easy to hard.
_TIERS: tuple[tuple[str, ...], ...] = (
    ("first", "last", "presence"),
    ("count", "before", "after", "longest", "duration"),
    ("order", "count_of"),
)

_WEIGHTS = {"duration": 0.3, "order": 1.5}
"""How likely a family is drawn within its tier, where it is not 1."""


def check_label(label: str, clip: Clip) -> None:
    """Refuse a label that would break a chain.

    Raises:
        TeacherError: `grounded.label_unusable`.
    """
    upper = label.upper()
    why = ""
    if not label.strip():
        why = "is empty"
    elif any(t in upper for t in TAG_LITERALS):
        why = "contains a tag of the chain"
    elif any(ord(c) < 32 or ord(c) == 127 for c in label):
        why = "contains a line break or control character"
    elif len(label) > MAX_LABEL_CHARS:
        why = f"has {len(label)} characters; at most {MAX_LABEL_CHARS} are a name"
    if why:
        raise TeacherError(
            f"{clip.source}:{clip.source_id}: the label {label[:80]!r} {why}.",
            code="grounded.label_unusable",
            hint="Rename the label, for example in labels.csv.",
        )


@dataclass(frozen=True)
class GroundedTeacher:
    """Annotates clips and writes chains from labels, timeline and evidence alone.

    Args:
        style: "full" (300 to 500 words) or "brief" (under about 80).
        vocabulary: all labels of the data set, from which wrong options are drawn.
        seed: global seed; a clip's own seed is derived from it and the clip's id.
        questions_per_clip: how many questions to ask where the clip can answer that many.
    """

    style: Style = "full"
    vocabulary: tuple[str, ...] = ()
    seed: int = 0
    questions_per_clip: int = 3

    name: ClassVar[str] = "grounded"
    model: ClassVar[str] = "grounded/1"

    def annotate(self, clip: Clip, evidence: Evidence | None = None) -> Annotation:
        """Caption and questions of a clip.

        Raises:
            TeacherError: `grounded.nothing_known`, `grounded.label_unusable`.
        """
        rng = np.random.default_rng(derive_seed(self.seed, clip.clip_id, "annotate"))
        scene = scene_of(clip)
        if scene is None:
            raise TeacherError(
                f"{clip.source}:{clip.source_id}: nothing certain is known about this clip.",
                code="grounded.nothing_known",
            )
        for label in scene.labels:
            check_label(label, clip)
        questions = self._scene_questions(scene, rng)
        if not questions:
            raise TeacherError(
                f"{clip.source}:{clip.source_id}: nothing can be asked about this clip.", code="grounded.nothing_known"
            )
        return Annotation(caption=_caption(scene), questions=questions)

    def _scene_questions(self, scene: Scene, rng: np.random.Generator) -> tuple[Question, ...]:
        chosen: list[Question] = []
        used: set[str] = set()
        vocabulary = tuple(v for v in self.vocabulary if v.strip())
        for i in range(self.questions_per_clip):
            tiers = [_TIERS[i % 3], *(_TIERS[j] for j in range(3) if j != i % 3)]
            for tier in tiers:
                found = self._one_of(tier, scene, vocabulary, used, rng)
                if found is not None:
                    chosen.append(found)
                    used.add(found.family)
                    break
        return tuple(sorted(chosen, key=lambda x: x.difficulty))

    def _one_of(
        self, tier: Sequence[str], scene: Scene, vocabulary: Sequence[str], used: set[str], rng: np.random.Generator
    ) -> Question | None:
        weights = np.array([_WEIGHTS.get(f, 1.0) for f in tier])
        for k in rng.choice(len(tier), size=len(tier), replace=False, p=weights / weights.sum()):
            family = tier[int(k)]
            if family in used:
                continue
            if family == "duration":
                found = q.duration(scene.duration, rng, "complex_audio")
            else:
                found = q.SCENE_FAMILIES[family](scene, vocabulary, rng, "complex_audio")
            if found is not None:
                return found
        return None

    def think(self, clip: Clip, evidence: Evidence | None, annotation: Annotation, question: Question) -> Chain:
        """The chain that answers one of the annotation's questions.

        Raises:
            TeacherError: `grounded.nothing_known` if the question is not one of this teacher's.
        """
        scene = scene_of(clip)
        if scene is None:
            raise TeacherError(
                f"{clip.source}:{clip.source_id}: no timeline to reason from.", code="grounded.nothing_known"
            )
        return brief_chain(question, scene)


def _caption(scene: Scene) -> str:
    parts = [f"{s.label} from {s.start:.1f} s to {s.end:.1f} s" for s in scene.sounds]
    return f"In order: {'; '.join(parts)}."
