"""The world that a run's clips belong to: what wrong options about its scenes are drawn from.

Decision: what is offered occurs in the run in the same way as what is right: backgrounds stand beside backgrounds,
tracks beside tracks, numbers are those that scenes of the run have. The vocabulary carries it
(`vocabulary.words_of_clip`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from audio_reasoner.grounded.language import why_unusable
from audio_reasoner.grounded.scene import Scene, Sound
from audio_reasoner.grounded.vocabulary import of_kind
from audio_reasoner.grounded.weights import Part

LEAST = 4
"""With fewer sounds of a kind all sounds are offered."""
MOST = 7
"""Scenes of more sounds of a kind are weighed as scenes of so many."""


@dataclass(frozen=True)
class World:
    """The run's sounds, by how they occur, and how many sounds its scenes have: what wrong options are drawn from."""

    sounds: tuple[str, ...]
    tracks: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    def like(self, scene: Scene, s: Sound) -> tuple[str, ...]:
        """Sounds that occur in the same way as this one of a scene."""
        kind = self.backgrounds if s in scene.beneath else self.tracks if s in scene.tracks else self.sounds
        return kind if len(kind) >= LEAST else self.every

    def parts(self, scene: Scene) -> tuple[Part, ...]:
        """What a scene consists of: from which sounds of the run so many different ones are heard in it."""
        tracks = {s.label for s in scene.tracks}
        counts = (
            ({s.label for s in scene.beneath}, self.backgrounds),
            (tracks, self.tracks),
            (set(scene.labels) - tracks, self.sounds),
        )
        out = [(pool if len(pool) >= LEAST else self.every, min(len(found), MOST)) for found, pool in counts if found]
        return tuple(out)

    @property
    def every(self) -> tuple[str, ...]:
        """All sounds."""
        return tuple(dict.fromkeys((*self.sounds, *self.tracks, *self.backgrounds)))


@lru_cache(maxsize=16)
def world_of(vocabulary: tuple[str, ...], usable: tuple[str, ...]) -> World:
    """The world of a run.

    Args:
        vocabulary: all entries.
        usable: the plain entries that can stand in a chain.
    """

    def kept(kind: str) -> tuple[str, ...]:
        return tuple(x for x in of_kind(vocabulary, kind) if why_unusable(x) is None)

    counts = sorted(int(x) for x in of_kind(vocabulary, "count") if x.isascii() and x.isdigit())
    return World(usable, kept("track"), kept("background"), tuple(counts))
