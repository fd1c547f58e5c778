"""The offline teacher: Annotator and Thinker without network, key or language model.

Decision: a statement needs a source. The timeline is truth; a tag label is what the user said; a measured value may
speak only when its estimator's error rate is known and below `MAX_ERROR`. Whatever has no such source is not said,
and a clip of which nothing can be said raises `grounded.nothing_known` instead of yielding padding. Everything is a
function of (seed, clip_id), so a build can be repeated in any order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from audio_reasoner.core.chain import TAG_LITERALS, Chain
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Annotation, Clip, Evidence, LabelKind, Question, Style, Task
from audio_reasoner.grounded import questions as q
from audio_reasoner.grounded.brief import brief_chain
from audio_reasoner.grounded.facts import Facts, facts_of
from audio_reasoner.grounded.full import full_scene_chain, scene_caption
from audio_reasoner.grounded.language import clean_label
from audio_reasoner.grounded.scene import Scene, scene_of
from audio_reasoner.grounded.tagged import brief_tag_chain, describe_chain, description, full_tag_chain, tag_caption
from audio_reasoner.grounded.writer import Writer

MAX_LABEL_CHARS = 120
"""A longer label is a description, not a name."""

# A clip gets one question of each difficulty in turn, so that questions rise from easy to hard.
_TIERS: tuple[tuple[str, ...], ...] = (
    ("first", "last", "presence"),
    ("count", "before", "after", "longest", "duration", "loudness"),
    ("order", "count_of"),
)
_TAG_TIERS: tuple[tuple[str, ...], ...] = (
    ("sound", "presence"),
    ("duration", "loudness"),
    ("describe",),
)
FAMILIES = tuple(sorted({family for tier in (*_TIERS, *_TAG_TIERS) for family in tier}))
"""Every question type that this teacher can ask."""
_TAG_KINDS: tuple[LabelKind, ...] = ("tag", "instrument")
_WEIGHTS = {"duration": 0.3, "order": 1.5}
"""How likely a family is drawn within its tier, where it is not 1."""


def why_unusable(label: str) -> str | None:
    """Why a label cannot stand in a chain, or None."""
    upper = label.upper()
    if not any(c.isalnum() for c in label):
        return "has no letter or digit"
    if any(t in upper for t in TAG_LITERALS):
        return "contains a tag of the chain"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in label):
        return "contains a control character"
    if len(label) > MAX_LABEL_CHARS:
        return f"has {len(label)} characters; at most {MAX_LABEL_CHARS} are a name"
    if label.casefold() in ("yes", "no"):
        return "cannot be told from an answer"
    return None


def check_label(label: str, clip: Clip) -> None:
    """Refuse a label that would break a chain.

    Raises:
        TeacherError: `grounded.label_unusable`.
    """
    why = why_unusable(label)
    if why is not None:
        raise TeacherError(
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
    model: ClassVar[str] = "grounded/1"

    def annotate(self, clip: Clip, evidence: Evidence | None = None) -> Annotation:
        """Caption and questions of a clip.

        Raises:
            TeacherError: `grounded.nothing_known`, `grounded.label_unusable`.
        """
        rng = np.random.default_rng(derive_seed(self.seed, clip.clip_id, "annotate"))
        scene, tags, facts = _known(clip, evidence)
        for label in scene.labels if scene is not None else tags:
            check_label(label, clip)
        vocabulary = _usable(self.vocabulary)
        writer = Writer(rng)
        if scene is not None:
            caption = scene_caption(scene)
            tiers = _TIERS
        else:
            caption = description(tags, facts, writer) if tags else tag_caption(tags, facts, writer, "describe")
            tiers = _TAG_TIERS

        def make(family: str) -> Question | None:
            task: Task = "sound_qa" if scene is None else "complex_audio"
            if family == "duration":
                return q.duration(clip.duration_s if scene is None else scene.duration, rng, task)
            if family == "loudness":
                return q.loudness(facts.course, rng, task) if facts.course is not None else None
            if scene is not None:
                return q.SCENE_FAMILIES[family](scene, vocabulary, rng, task)
            if not tags:
                return None
            if family == "describe":
                return self._describe(caption, facts, rng)
            return (q.sound if family == "sound" else q.tag_presence)(tags, vocabulary, rng, task)

        if self.families:
            kept = (tuple(f for f in tier if f in self.families) for tier in tiers)
            tiers = tuple(tier for tier in kept if tier)
        questions = self._choose(tiers, make, rng)
        if not questions:
            raise _nothing(clip, "no fair question can be asked about it")
        return Annotation(caption=caption, questions=questions)

    def _describe(self, caption: str, facts: Facts, rng: np.random.Generator) -> Question | None:
        """An open question, in full style and only where more than the sound's name is known."""
        if self.style == "brief" or (facts.stretches is None and facts.course is None):
            return None
        text = q.pick(rng, q.TEMPLATES["describe"])
        return Question(task="caption", family="describe", text=text, gold_text=caption, difficulty=3)

    def _choose(
        self, tiers: Sequence[Sequence[str]], make: Callable[[str], Question | None], rng: np.random.Generator
    ) -> tuple[Question, ...]:
        """Up to `questions_per_clip` questions of different families, easy ones first."""
        chosen: list[Question] = []
        used: set[str] = set()
        for i in range(self.questions_per_clip):
            start = i % len(tiers)
            # An empty tier hands its place to the next ones.
            for tier in (*tiers[start:], *tiers[:start]):
                found = _one_of(tier, make, used, rng)
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
        scene, tags, facts = _known(clip, evidence)
        if question.family == "loudness" and facts.course is None:
            raise _nothing(clip, "the course of its loudness is not known")
        rng = np.random.default_rng(derive_seed(self.seed, clip.clip_id, "think", question.family, question.text))
        if scene is not None:
            if question.family not in q.SCENE_FAMILIES and question.family not in ("duration", "loudness"):
                raise _nothing(clip, f"no question of family {question.family!r} is asked about a timeline")
            if self.style == "brief":
                return brief_chain(question, scene, facts)
            return full_scene_chain(question, scene, facts, Writer(rng))
        if question.family not in ("sound", "presence", "duration", "loudness", "describe"):
            raise _nothing(clip, f"a question of family {question.family!r} needs a timeline")
        if self.style == "brief" and question.options:
            return brief_tag_chain(question, tags, facts)
        if question.family == "describe":
            return describe_chain(question, tags, facts, Writer(rng))
        return full_tag_chain(question, tags, facts, Writer(rng))


def _nothing(clip: Clip, why: str) -> TeacherError:
    return TeacherError(
        f"{clip.source}:{clip.source_id}: {why}.",
        code="grounded.nothing_known",
        hint="Give the clip a tag, a timeline or measured evidence, or use another teacher.",
    )


def _known(clip: Clip, evidence: Evidence | None) -> tuple[Scene | None, tuple[str, ...], Facts]:
    """What may be said about a clip: its scene, else its tags; and the facts that evidence may speak of."""
    facts = facts_of(clip, evidence)
    scene = scene_of(clip)
    if scene is not None:
        return scene, (), facts
    tags = tuple(dict.fromkeys(clean_label(x.value) for x in clip.labels if x.kind in _TAG_KINDS and x.value.strip()))
    if not tags and facts.course is None and facts.stretches is None:
        raise _nothing(clip, "it has no timeline, no tag and no evidence that may speak, so nothing true can be said")
    return None, tags, facts


@lru_cache(maxsize=16)
def _usable(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """The vocabulary without labels that cannot stand in a chain, and without doubles."""
    kept: dict[str, str] = {}
    for label in vocabulary:
        shown = clean_label(label)
        if why_unusable(shown) is None:
            kept.setdefault(shown.casefold(), shown)
    return tuple(kept.values())


def _one_of(
    tier: Sequence[str], make: Callable[[str], Question | None], used: set[str], rng: np.random.Generator
) -> Question | None:
    weights = np.array([_WEIGHTS.get(f, 1.0) for f in tier])
    for k in rng.choice(len(tier), size=len(tier), replace=False, p=weights / weights.sum()):
        if tier[int(k)] not in used and (found := make(tier[int(k)])) is not None:
            return found
    return None
