"""What a set of planned clips consists of, counted while they are planned: no audio is needed.

Decision: one pass, counters only. A million scenes are counted in a few kilobytes, and what is printed after planning
is the same that the page of a run shows.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from audio_reasoner.core.records import Clip
from audio_reasoner.synth.recipes import KIND_COMPOSITE
from audio_reasoner.synth.scenes.composite import TRACK_FADE


@dataclass
class Composition:
    """What a set of clips consists of."""

    clips: int = 0
    seconds: float = 0.0
    with_repeats: int = 0
    with_overlap: int = 0
    in_rooms: int = 0
    dropped: int = 0
    """Clips the run held before and holds no longer, because fewer were planned this time."""
    events: Counter[int] = field(default_factory=Counter)
    """Number of scenes by number of events."""
    classes: Counter[str] = field(default_factory=Counter)
    """Number of events by class."""
    kinds: Counter[str] = field(default_factory=Counter)
    backgrounds: Counter[str] = field(default_factory=Counter)
    """Number of scenes by the class of their background track."""
    difficulty: Counter[int] = field(default_factory=Counter)
    snr_db: Counter[int] = field(default_factory=Counter)
    """Number of composite scenes by signal-to-noise ratio, rounded to 1 dB."""
    splits: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)

    def add(self, clip: Clip) -> None:
        """Count one planned clip."""
        assert clip.timeline is not None
        recipe = clip.audio.recipe or {}
        events = clip.timeline.events
        labels = [e.label for e in events]
        self.clips += 1
        self.seconds += clip.duration_s
        self.with_repeats += len(set(labels)) < len(labels)
        self.with_overlap += any(a.end > b.start for a, b in pairwise(events))
        self.in_rooms += recipe.get("room") is not None
        self.events[len(labels)] += 1
        self.classes.update(labels)
        self.kinds[str(recipe.get("kind", "recorded"))] += 1
        self.backgrounds.update(e.label for e in events if e.role == "background")
        self.difficulty[scene_difficulty(clip)] += 1
        snr = snr_of(recipe, clip)
        if snr is not None:
            self.snr_db[round(snr)] += 1
        self.splits[clip.split or "none"] += 1
        self.licences[clip.licence or "unknown"] += 1


def snr_of(recipe: dict[str, Any], clip: Clip) -> float | None:
    """Power of a composite scene's foreground tracks together over that of its background track, dB; None elsewhere."""
    if recipe.get("kind") != KIND_COMPOSITE or clip.timeline is None:
        return None
    ground: float | None = None
    front = 0.0
    for fields, event in zip(recipe["events"], clip.timeline.events, strict=True):
        if event.role == "background":
            ground = float(event.gain_db)
        elif fields.get("fade_in", 0) >= TRACK_FADE:  # short sounds fade faster, if at all
            front += 10.0 ** (event.gain_db / 10.0)
    return None if ground is None or front <= 0.0 else 10.0 * math.log10(front) - ground


def scene_difficulty(clip: Clip) -> int:
    """1 (easy) to 3: how many sounds, whether they overlap, how faint the foreground is, whether a room blurs them."""
    assert clip.timeline is not None
    events = clip.timeline.events
    recipe = clip.audio.recipe or {}
    points = 0.0 if len(events) <= 3 else 1.0 if len(events) <= 5 else 2.0
    points += 0.5 * any(a.end > b.start for a, b in pairwise(events)) + 0.5 * (recipe.get("room") is not None)
    snr = snr_of(recipe, clip)
    points += 0.5 * (snr is not None and snr < 3.0)
    return 1 if points < 1.0 else 2 if points < 2.0 else 3


def unevenness(counts: Counter[str]) -> float:
    """Commonest over rarest, 1 for a perfectly even spread; 0 for nothing at all."""
    return max(counts.values()) / min(counts.values()) if counts else 0.0
