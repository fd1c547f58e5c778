"""What every task's module offers to the teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded.known import Known
from audio_reasoner.grounded.writer import Writer


@dataclass(frozen=True)
class Asking:
    """What a question is made from.

    Args:
        known: what may be said of the clip.
        caption: the annotation's caption, the answer of a request for a description.
        sounds: the run's labels that can stand as names of sounds, for wrong options.
        vocabulary: the run's labels of all kinds.
        rng: draws for this clip.
        style: the style of the chains.
    """

    known: Known
    caption: str
    sounds: tuple[str, ...]
    vocabulary: tuple[str, ...]
    rng: np.random.Generator
    style: Style


class Desk(Protocol):
    """Questions and chains of one task."""

    @property
    def tiers(self) -> tuple[tuple[str, ...], ...]:
        """Its question types from easy to hard; a clip gets one of each in turn."""

    @property
    def given(self) -> tuple[str, ...]:
        """Question types whose right answer comes with the data, so that no Annotator may invent it."""

    def ask(self, family: str, a: Asking) -> Question | None:
        """A fair question of that type, or None."""

    def caption(self, known: Known, w: Writer) -> str:
        """The annotation's caption."""

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """The chain; raises ValueError where what is asked is not known."""
