"""What may be said about a clip: its sounds in order, as a listener could tell them apart.

Decision: a timeline is truth about the recipe, not about what can be heard. Order is only spoken of when successive
starts lie at least `ORDER_GAP_S` apart, and a length comparison only when the margin is audible. A clip whose
timeline holds a sound nobody could hear (shorter than `MIN_SOUND_S`, far below the others, or drowned in one that lies
over it) yields no counts at all. A background lies beneath the scene and is neither counted nor ordered; a track that
goes on from the clip's start to its end is neither its first sound nor its last. A crossfade is no overlap: two sounds
are heard together from `OVERLAP_S` on.
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
MASKED_DB = 15.0
"""A sound this far below another one may not be heard while that one lasts."""
CLEAR_S = 0.25
"""So much of a sound (or half of it) must stick out of what drowns it."""
OVERLAP_S = 0.3
"""Two sounds with a shorter stretch in common follow one another, with a crossfade."""
TRACK_S = 4.0
"""A sound that lasts as long as this is a track: something that goes on, not something that happens."""
DRONE = 5
"""So often a sound may not follow itself where every sound is gone through in the same words."""
EDGE_S = 0.25
"""A sound that begins and ends this near to the clip's edges goes on throughout."""


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


def together(a: Sound, b: Sound) -> float:
    """For how many seconds two sounds are heard at the same time."""
    return max(0.0, min(a.exact[1], b.exact[1]) - max(a.exact[0], b.exact[0]))


def overlapping(a: Sound, b: Sound) -> bool | None:
    """Whether two sounds overlap; None where a listener could not be sure."""
    if together(a, b) >= OVERLAP_S:
        return True
    apart = max(a.exact[0], b.exact[0]) - min(a.exact[1], b.exact[1])
    return False if apart >= 0.1 else None


@dataclass(frozen=True)
class Scene:
    """A clip's sounds in order of their start; `duration` in seconds.

    `beneath` are the backgrounds: they are heard, but neither counted nor ordered. A clip that consists of backgrounds
    alone has them as its sounds.
    """

    duration: float
    sounds: tuple[Sound, ...]
    beneath: tuple[Sound, ...] = ()

    @property
    def all(self) -> tuple[Sound, ...]:
        """Sounds and backgrounds in order of their start."""
        return tuple(sorted((*self.sounds, *self.beneath), key=lambda s: s.exact[0]))

    @property
    def heard(self) -> tuple[str, ...]:
        """Distinct labels of sounds and backgrounds, the backgrounds last."""
        return tuple(dict.fromkeys((*self.sequence, *(s.label for s in self.beneath))))

    @property
    def mixed(self) -> bool:
        """Whether two sounds that are heard at the same time can be heard together at some moment."""
        every = self.all
        return any(overlapping(a, b) for i, a in enumerate(every) for b in every[i + 1 :])

    def throughout(self, s: Sound) -> bool:
        """Whether a sound goes on from the clip's start to its end."""
        return s.exact[0] <= EDGE_S and s.exact[1] >= self.duration - EDGE_S

    @property
    def tracks(self) -> tuple[Sound, ...]:
        """The sounds that go on for long."""
        return tuple(s for s in self.sounds if s.exact[1] - s.exact[0] >= TRACK_S)

    def clear(self, s: Sound) -> bool:
        """Whether enough of a sound can be heard beside those that are heard with it."""
        a, b = s.exact
        if b - a < MIN_SOUND_S:
            return False
        covers = sorted(
            (max(a, o.exact[0]), min(b, o.exact[1]))
            for o in (*self.sounds, *self.beneath)
            if o is not s and o.gain_db - s.gain_db >= MASKED_DB and together(o, s) > 0
        )
        free, at = b - a, a
        for x, y in covers:
            if y > at:
                free -= y - max(x, at)
                at = y
        return free >= min(CLEAR_S, 0.5 * (b - a))

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
    def droning(self) -> bool:
        """Whether one sound follows itself so often that going through them all would be a litany."""
        return any(len(set(self.sequence[i : i + DRONE])) == 1 for i in range(len(self.sounds) - DRONE + 1))

    @property
    def audible(self) -> bool:
        """Whether every sound can be heard, so that counting is fair."""
        if not self.sounds:
            return False
        loudest = max(s.gain_db for s in self.sounds)
        return all(loudest - s.gain_db < MAX_GAIN_SPREAD_DB and self.clear(s) for s in self.sounds)

    @property
    def whole(self) -> bool:
        """Whether every background can be heard too."""
        return self.audible and all(self.clear(s) for s in self.beneath)

    @property
    def ordered(self) -> bool:
        """Whether the order of the starts can be told by ear."""
        if len(self.sounds) > 1 and any(self.throughout(s) for s in self.sounds):
            return False
        starts = [s.exact[0] for s in self.sounds]
        return all(b - a >= ORDER_GAP_S for a, b in pairwise(starts))

    @property
    def countable(self) -> bool:
        """Whether repeats of one label are heard as separate sounds: none may overlap or touch another of its kind."""
        if {s.label for s in self.beneath} & set(self.sequence):
            return False
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
    front = tuple(s for s in sounds if s.role == "foreground")
    if not front:
        return Scene(t.seconds(t.length), tuple(sounds))
    return Scene(t.seconds(t.length), front, tuple(s for s in sounds if s.role == "background"))
