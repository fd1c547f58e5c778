"""Plans temporal scenes: 1 to 6 events, one after the other, over a quiet background (paper, appendix B).

Decision: item `i` is a function of (seed, i) and the settings alone. 500 scenes are a prefix of 1,000, workers need
no common state, and a scene that fails can be planned again by its number. The number of events is balanced exactly
within each block of consecutive items; classes are balanced in expectation. Two seeds share no scene and no render of
an event: train with one, test with another.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import AudioRef, Clip, Event, Label, Timeline
from audio_reasoner.synth.bank import CLASSES, MAX_INNER_GAP_S, MIN_EVENT_S, check_classes
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.recipes import COLOURS, KIND_TEMPORAL, MAX_SECONDS, RECIPE_VERSION

SOURCE = "synth-complex"
LICENCE = "CC0-1.0"
SAME_CLASS_GAP_S = 2 * MAX_INNER_GAP_S
"""Least distance between two neighbouring events of one class: twice the longest pause inside an event."""


def _range(name: str, low: float, high: float, least: float, most: float = MAX_SECONDS) -> None:
    if not least <= low <= high <= most:
        raise ConfigError(
            f"{name} goes from {low:g} to {high:g}; expected {least:g} <= low <= high <= {most:g}.",
            code="synth.bad_range",
        )


def plan_complex(
    n: int,
    seed: int,
    *,
    min_events: int = 1,
    max_events: int = 6,
    classes: Sequence[str] | None = None,
    min_gap_s: float = 0.1,
    max_gap_s: float = 0.6,
    event_seconds: tuple[float, float] = (0.3, 1.2),
    edge_seconds: tuple[float, float] = (0.05, 0.4),
    gain_db: tuple[float, float] = (-6.0, 6.0),
    background_db: tuple[float, float] | None = (-70.0, -50.0),
    repeat_probability: float = 0.25,
    start: int = 0,
) -> Iterator[Clip]:
    """Plan `n` scenes, items ``start … start + n - 1`` of the endless sequence that belongs to `seed`.

    Args:
        n: number of scenes.
        seed: the sequence; use different seeds for training and testing.
        min_events: least number of events in a scene.
        max_events: greatest number of events in a scene.
        classes: labels to draw from; None means the whole bank.
        min_gap_s: shortest gap between two events, seconds (neighbours of one class keep at least `SAME_CLASS_GAP_S`).
        max_gap_s: longest gap between two events of different classes, seconds.
        event_seconds: shortest and longest event, seconds.
        edge_seconds: shortest and longest stretch without event at the beginning and at the end, seconds.
        gain_db: range of an event's gain relative to the bank's common level, at most 6 dB: beyond that a scene might
            have to be turned down.
        background_db: range of the background noise in dBFS, at most -20; None for digital silence.
        repeat_probability: chance that an event after the first takes a class the scene already has. With fewer classes
            than events, repeats happen regardless.
        start: number of the first item.

    Raises:
        ConfigError: a setting contradicts itself or a scene could last longer than 30 seconds.
    """
    bank = CLASSES if classes is None else check_classes(tuple(classes))
    if n < 0 or start < 0:
        raise ConfigError(f"cannot plan {n} scenes from number {start}.", code="synth.bad_range")
    if not 1 <= min_events <= max_events:
        raise ConfigError(
            f"a scene of {min_events} to {max_events} events; expected 1 <= min <= max.", code="synth.bad_range"
        )
    _range("the gap", min_gap_s, max_gap_s, 0.1)
    _range("the length of an event in seconds", *event_seconds, MIN_EVENT_S)
    _range("the stretch at the edges in seconds", *edge_seconds, 0.0)
    _range("the gain in dB", *gain_db, -30.0, 6.0)
    if background_db is not None:
        _range("the background in dBFS", *background_db, -120.0, -20.0)
    if not 0.0 <= repeat_probability <= 1.0:
        raise ConfigError(f"repeat_probability is {repeat_probability}, not within 0..1.", code="synth.bad_range")
    widest_gap = max_gap_s + max(SAME_CLASS_GAP_S - min_gap_s, 0.0)
    longest = max_events * event_seconds[1] + (max_events - 1) * widest_gap + 2 * edge_seconds[1]
    if longest > MAX_SECONDS:
        raise ConfigError(
            f"a scene of {max_events} events could last {longest:.1f} s; {MAX_SECONDS:g} s are possible.",
            code="synth.too_long",
            hint="Ask for fewer or shorter events, or for shorter gaps.",
        )
    settings: dict[str, Any] = {
        "min_events": min_events,
        "max_events": max_events,
        "bank": bank,
        "min_gap_s": min_gap_s,
        "max_gap_s": max_gap_s,
        "event_seconds": event_seconds,
        "edge_seconds": edge_seconds,
        "gain_db": gain_db,
        "background_db": background_db,
        "repeat_probability": repeat_probability,
    }
    place = _place(seed, settings)
    return (_clip(seed, i, place, **settings) for i in range(start, start + n))


_DEFAULTS: Final[dict[str, Any]] = {
    name: p.default
    for name, p in inspect.signature(plan_complex).parameters.items()
    if name not in ("n", "seed", "start")
}


def _place(seed: int, settings: dict[str, Any]) -> str:
    """Name of the endless sequence a scene stands in: the seed, and a mark if the settings are not the usual ones.

    Without the mark, scene 3 of seed 7 with three classes and with twenty would be two clips of one name.
    """
    usual = {**_DEFAULTS, "bank": CLASSES}
    del usual["classes"]
    if settings == usual:
        return str(seed)
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
    return f"{seed}-{ids.digest({'settings': plain}).hex()[:8]}"


def _count(seed: int, index: int, low: int, high: int) -> int:
    """Number of events of item `index`: each block of ``high - low + 1`` items holds every number once."""
    width = high - low + 1
    if width == 1:
        return low
    order = np.random.default_rng(ids.derive_seed(seed, "complex/block", index // width)).permutation(width)
    return low + int(order[index % width])


def _labels(rng: np.random.Generator, bank: Sequence[str], count: int, repeat_probability: float) -> list[str]:
    fresh = [bank[i] for i in rng.permutation(len(bank))]
    chosen: list[str] = []
    for _ in range(count):
        again = chosen and (not fresh or rng.random() < repeat_probability)
        chosen.append(sorted(set(chosen))[int(rng.integers(len(set(chosen))))] if again else fresh.pop())
    return [chosen[i] for i in rng.permutation(count)]


def _clip(
    seed: int,
    index: int,
    place: str,
    *,
    min_events: int,
    max_events: int,
    bank: Sequence[str],
    min_gap_s: float,
    max_gap_s: float,
    event_seconds: tuple[float, float],
    edge_seconds: tuple[float, float],
    gain_db: tuple[float, float],
    background_db: tuple[float, float] | None,
    repeat_probability: float,
) -> Clip:
    rng = np.random.default_rng(ids.derive_seed(seed, "complex", index))
    count = _count(seed, index, min_events, max_events)
    labels = _labels(rng, bank, count, repeat_probability)
    events: list[dict[str, Any]] = []
    # Ceilings keep a drawn gap or length from falling below the promised least by a rounded sample.
    at = int(np.ceil(rng.uniform(*edge_seconds) * RATE))
    for i, label in enumerate(labels):
        if i:
            # The width of the range stays, so that a gap alone does not give a repeated class away by its one length.
            more = max(SAME_CLASS_GAP_S - min_gap_s, 0.0) if label == labels[i - 1] else 0.0
            at += int(np.ceil((more + rng.uniform(min_gap_s, max_gap_s)) * RATE))
        length = int(np.ceil(rng.uniform(*event_seconds) * RATE))
        # 48 bits: exact in every JSON reader, also in those that keep numbers as doubles.
        event = {"source": {"class": label, "seed": int(rng.integers(1 << 48))}, "start": at, "length": length}
        events.append({**event, "gain_db": round(float(rng.uniform(*gain_db)), 2)})
        at += length
    length = min(at + int(np.ceil(rng.uniform(*edge_seconds) * RATE)), int(MAX_SECONDS * RATE))
    background: dict[str, Any] | None = None
    if background_db is not None:
        background = {
            "colour": tuple(COLOURS)[int(rng.integers(len(COLOURS)))],
            "level_db": round(float(rng.uniform(*background_db)), 1),
            "seed": int(rng.integers(1 << 48)),
        }
    recipe: dict[str, Any] = {
        "v": RECIPE_VERSION,
        "kind": KIND_TEMPORAL,
        "rate": RATE,
        "length": length,
        "seed": seed,
        "events": events,
        "background": background,
    }
    source_id = f"{place}/{index:07d}"
    timeline = Timeline(
        sample_rate=RATE,
        length=length,
        events=tuple(
            Event(start=e["start"], end=e["start"] + e["length"], label=e["source"]["class"], gain_db=e["gain_db"])
            for e in events
        ),
    )
    clip_id = ids.clip_id(SOURCE, source_id, 0, None)
    return Clip(
        clip_id=clip_id,
        source=SOURCE,
        source_id=source_id,
        audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=length / RATE,
        domains=("sound",),
        labels=tuple(Label(kind="tag", value=x, language="en") for x in sorted(set(labels))),
        licence=LICENCE,
        group=clip_id,
        timeline=timeline,
    )
