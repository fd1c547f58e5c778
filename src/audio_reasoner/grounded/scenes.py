"""Timelines of sounds: the task `complex_audio`."""

from __future__ import annotations

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import questions as q
from audio_reasoner.grounded.brief import brief_chain
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.full import full_scene_chain, scene_caption
from audio_reasoner.grounded.known import Known
from audio_reasoner.grounded.world import world_of
from audio_reasoner.grounded.writer import Writer


class Scenes:
    """Questions whose answers the timeline gives."""

    tiers = (
        ("first", "last", "presence", "loudest", "target", "background"),
        ("count", "before", "after", "longest", "duration", "loudness", "interval"),
        ("order", "count_of", "overlap"),
    )
    given = (*q.SCENE_FAMILIES, "duration")

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the scene families."""
        scene, course, rng = a.known.scene, a.known.facts.course, a.rng
        if scene is None:
            return None
        if family == "duration":
            if scene.beneath:
                return None  # mixtures are planned to be about equally long: the names alone would tell
            return q.duration(scene.duration, rng, "complex_audio")
        if family == "loudness":
            return q.loudness(course, rng, "complex_audio") if course is not None else None
        return q.SCENE_FAMILIES[family](scene, world_of(a.vocabulary, a.sounds), rng, "complex_audio")

    def caption(self, known: Known, w: Writer) -> str:  # noqa: ARG002
        """Every sound with its times."""
        assert known.scene is not None
        return scene_caption(known.scene)

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Through the sounds, then through the options."""
        if known.scene is None or (
            question.family not in q.SCENE_FAMILIES and question.family not in ("duration", "loudness")
        ):
            raise ValueError(f"no question of family {question.family!r} is asked about a timeline")
        if question.family == "loudness" and known.facts.course is None:
            raise ValueError("the course of its loudness is not known")
        if style == "brief":
            return brief_chain(question, known.scene, known.facts)
        return full_scene_chain(question, known.scene, known.facts, w)
