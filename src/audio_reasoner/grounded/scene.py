"""What may be said about a clip: its sounds in order, as a listener could tell them apart.

Decision: a timeline is truth about the recipe, not about what can be heard. Order is only spoken of when successive
starts lie at least `ORDER_GAP_S` apart, and a length comparison only when the margin is audible. A clip whose
timeline holds a sound nobody could hear (shorter than `MIN_SOUND_S`, or far below the others) yields no counts at
all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from audio_reasoner.core.records import Clip, Role
from audio_reasoner.grounded.language import clean_label

ORDER_GAP_S = 0.15
"""Two starts closer than this are heard as one moment."""
MIN_SOUND_S = 0.04
"""A shorter sound may pass unnoticed."""
MAX_GAIN_SPREAD_DB = 24.0
"""A sound this far below the loudest one may be masked."""


@dataclass(frozen=True)
class Sound:
    """One event of a scene; times in seconds to 0.1 s, as they are told, so that lengths and gaps agree with them.

    Args:
        label: the cleaned label.
        start: start, rounded.
        end: end, rounded, at least 0.1 s after the start.
        gain_db: gain relative to the other sounds.
        exact: start and end as the timeline has them.
        role: "background" for a sound that goes on beneath the others.
    """

    label: str
    start: float
    end: float
    gain_db: float
    exact: tuple[float, float]
    role: Role = "foreground"

    @property
    def length(self) -> float:
        """Length in seconds, to 0.1 s."""
        return round(self.end - self.start, 1)


@dataclass(frozen=True)
class Scene:
    """A clip's sounds in order of their start; `duration` in seconds."""

    duration: float
    sounds: tuple[Sound, ...]

    @property
    def sequence(self) -> tuple[str, ...]:
        """Labels in order of their start, repeats included."""
        return tuple(s.label for s in self.sounds)

    @property
    def labels(self) -> tuple[str, ...]:
        """Distinct labels in order of their first start."""
        return tuple(dict.fromkeys(self.sequence))

    @property
    def counts(self) -> Counter[str]:
        """How often each label occurs."""
        return Counter(self.sequence)

    @property
    def audible(self) -> bool:
        """Whether every sound can be heard, so that counting is fair."""
        if not self.sounds:
            return False
        loudest = max(s.gain_db for s in self.sounds)
        return all(
            s.exact[1] - s.exact[0] >= MIN_SOUND_S and loudest - s.gain_db < MAX_GAIN_SPREAD_DB for s in self.sounds
        )

    @property
    def ordered(self) -> bool:
        """Whether the order of the starts can be told by ear."""
        starts = [s.exact[0] for s in self.sounds]
        return all(b - a >= ORDER_GAP_S for a, b in pairwise(starts))

    @property
    def countable(self) -> bool:
        """Whether repeats of one label are heard as separate sounds: none may overlap or touch another of its kind."""
        last_end: dict[str, float] = {}
        for s in self.sounds:
            if s.exact[0] - last_end.get(s.label, -1.0) < ORDER_GAP_S:
                return False
            last_end[s.label] = max(s.exact[1], last_end.get(s.label, -1.0))
        return True


def scene_of(clip: Clip) -> Scene | None:
    """The scene of a clip with a timeline, else None."""
    t = clip.timeline
    if t is None or not t.events:
        return None
    sounds = []
    for e in t.events:
        a, b = t.seconds(e.start), t.seconds(e.end)
        start = round(a, 1)
        sounds.append(
            Sound(clean_label(e.label), start, max(round(b, 1), round(start + 0.1, 1)), e.gain_db, (a, b), e.role)
        )
    return Scene(t.seconds(t.length), tuple(sounds))
