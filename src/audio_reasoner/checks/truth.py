"""What is surely true of a clip, as plain values that claims are held against.

Decision: the timeline is exact; what a user brought (speaker turns) is taken at its word; a measured item counts only
where its published error is below `MAX_ERROR`. What has no source here is None, and claims about it are undecidable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from audio_reasoner.core.records import Clip

_FOLD = re.compile(r"[_\"“”„«»]")


@dataclass(frozen=True)
class Truth:
    """The timeline as plain values: label (case folded), start and end in seconds, in order of start."""

    duration: float
    events: tuple[tuple[str, float, float], ...]

    @property
    def sequence(self) -> list[str]:
        """Labels in order."""
        return [e[0] for e in self.events]


def folded(label: str) -> str:
    """A label as claims are compared: case folded, underscores and runs of space as one space, quotes alike."""
    return " ".join(_FOLD.sub(lambda m: " " if m[0] == "_" else "'", label).casefold().split())


def truth_of(clip: Clip) -> Truth | None:
    """The truth a clip's timeline gives, else None."""
    line = clip.timeline
    if line is None:
        return None
    events = tuple((folded(e.label), line.seconds(e.start), line.seconds(e.end)) for e in line.events)
    return Truth(line.seconds(line.length), events)
