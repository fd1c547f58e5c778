"""Clips made by hand for the tests of the grounded teacher and the checks: random timelines, tagged recordings."""

from __future__ import annotations

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.records import AudioRef, Clip, Event, Evidence, EvidenceItem, Label, Timeline

RATE = 16_000
VOCABULARY = ("dog", "cat", "bell", "siren", "rain", "drum", "glass", "crow", "frog", "train", "piano", "cough")
ODD = (
    "dig crumbly",
    "small dog",
    "glass breaking",
    "собака",
    'the "old" gate',
    "Vehicle horn, car horn",
    "church_bells",
    "x" * 70,
)


def scene(events: list[tuple[str, float, float]], name: str = "scene", gain: dict[int, float] | None = None) -> Clip:
    """A clip with a timeline; `events` are (label, start, end) in seconds."""
    gains = gain or {}
    length = int((max(e[2] for e in events) + 0.3) * RATE)
    found = tuple(
        Event(start=int(a * RATE), end=int(b * RATE), label=x, gain_db=gains.get(i, 0.0))
        for i, (x, a, b) in enumerate(events)
    )
    recipe = {"name": name, "events": [list(e) for e in events]}
    clip_id = ids.clip_id("test", name, 0, None)
    return Clip(
        clip_id=clip_id,
        source="test",
        source_id=name,
        audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=length / RATE,
        domains=("sound",),
        group=clip_id,
        timeline=Timeline(sample_rate=RATE, length=length, events=found),
    )


def random_scene(seed: int, vocabulary: tuple[str, ...] = VOCABULARY) -> Clip:
    """One to six sounds, some of them repeated, with gaps from 0.1 to 0.8 s."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    palette = [vocabulary[int(i)] for i in rng.permutation(len(vocabulary))[: max(2, n - 1)]]
    events, at = [], 0.0
    for _ in range(n):
        start = at + float(rng.uniform(0.1, 0.8))
        at = start + float(rng.uniform(0.2, 2.0))
        events.append((palette[int(rng.integers(len(palette)))], start, at))
    return scene(events, f"random/{seed}")


def recording(tags: list[str], seconds: float = 3.4, name: str = "r.wav") -> Clip:
    """A file clip of which only tags are known (the file itself is not read by the teacher)."""
    clip_id = ids.clip_id("test", name, 0, None)
    return Clip(
        clip_id=clip_id,
        source="test",
        source_id=name,
        audio=AudioRef(path=f"/nowhere/{name}"),
        content_key=ids.content_key_of_recipe({"file": name}),
        duration_s=seconds,
        domains=("sound",),
        labels=tuple(Label(kind="tag", value=x) for x in tags),
        group=clip_id,
    )


def measured(clip: Clip, error: float | None, **values: object) -> Evidence:
    """Evidence with the same error for every item."""
    items = tuple(EvidenceItem(name=k, value=v, source="measured:test/1", error=error) for k, v in values.items())
    return Evidence(content_key=clip.content_key, version="1", items=items)
