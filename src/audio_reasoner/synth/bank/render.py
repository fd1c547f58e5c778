"""The procedural sound bank: each class is a function of a random generator and a length.

Decision: parameters instead of recordings. Every render of a class draws its own pitch, rate, number of strokes,
timbre, envelope and noise from its seed, so that a model cannot learn one file by heart, nothing has to be downloaded,
and nobody's licence is touched. No realism is claimed: the sounds are cartoons of their names, different from each
other by ear and by spectrum (`benchmarks/bank_separation.py`).

An *event* is one contiguous stretch with one label. "clap" is one burst of claps, "footsteps" a few steps, "dog" one to
a few barks. The pauses inside an event stay below `MAX_INNER_GAP_S`, and the planner keeps two neighbouring events of
one class twice as far apart, so that a listener can tell two events from one.

A *track* is one event of up to a minute that goes on alone: rain, an engine, a crowd. Its rhythm and its changes are
measured in seconds and not as shares of its length, so that a track of 30 s is not one blow drawn out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank import animals, machines, nature, people, signals, things
from audio_reasoner.synth.dsp import RATE, Rng, Wave, place

Synth = Callable[[Rng, int], Wave]
Kind = Literal["event", "track", "both"]

LEVEL_DBFS = -26.0
"""Loudness of an event with gain_db 0: root mean square of its active frames in dBFS (see `loudness_dbfs`)."""
EVENT_PEAK = 0.44
"""Soft limit of an event with gain_db 0: with 6 dB more it still lies below the 0.9 at which a scene is turned down."""
FADE_S = 0.010
MAX_INNER_GAP_S = 0.3
"""No event falls silent for longer than this before its end (silent: 40 dB below its loudest 10 ms)."""
MIN_EVENT_S = 0.2
"""Shortest event the planner allows: one bark, one step, one chirp still fit."""
MIN_TRACK_S: Final = 2.0
"""Shortest stretch in which a class that is only a track shows what it is: a gust, a syllable, a clack come by."""
MIN_SAMPLES: Final = 400
MAX_SAMPLES: Final = 60 * RATE

BANK: dict[str, Synth] = {
    "alarm": signals.alarm,
    "bell": signals.bell,
    "bird": animals.bird,
    "cat": animals.cat,
    "clap": people.clap,
    "clock": things.clock,
    "cow": animals.cow,
    "crickets": animals.crickets,
    "crowd": people.crowd,
    "dog": animals.dog,
    "drum": things.drum,
    "engine": machines.engine,
    "fan": machines.fan,
    "fire": nature.fire,
    "footsteps": people.footsteps,
    "frog": animals.frog,
    "glass": things.glass,
    "helicopter": machines.helicopter,
    "horn": signals.horn,
    "knock": people.knock,
    "laughter": people.laughter,
    "phone": signals.phone,
    "rain": nature.rain,
    "saw": things.saw,
    "siren": signals.siren,
    "stream": nature.stream,
    "thunder": nature.thunder,
    "train": machines.train,
    "typing": people.typing,
    "vacuum": machines.vacuum,
    "whistle": signals.whistle,
    "wind": nature.wind,
}
CLASSES: tuple[str, ...] = tuple(sorted(BANK))

KINDS_OF_SOUND: dict[str, Kind] = {
    "alarm": "both",
    "bell": "event",
    "bird": "both",
    "cat": "event",
    "clap": "both",
    "clock": "both",
    "cow": "event",
    "crickets": "both",
    "crowd": "track",
    "dog": "both",
    "drum": "both",
    "engine": "both",
    "fan": "track",
    "fire": "track",
    "footsteps": "both",
    "frog": "both",
    "glass": "event",
    "helicopter": "both",
    "horn": "event",
    "knock": "event",
    "laughter": "event",
    "phone": "event",
    "rain": "both",
    "saw": "both",
    "siren": "both",
    "stream": "track",
    "thunder": "event",
    "train": "both",
    "typing": "both",
    "vacuum": "both",
    "whistle": "event",
    "wind": "track",
}
"""What a class can be in a scene: "event", one of several short sounds (0.2 to about 3 s); "track", a long texture
that goes on under or beside others (2 to 60 s); "both"."""
LONGEST_S: Final[dict[str, float]] = {
    "bell": 6.0,
    "cat": 2.5,
    "cow": 3.0,
    "glass": 4.0,
    "horn": 5.0,
    "thunder": 8.0,
    "whistle": 3.0,
}
"""How long one meow, one stroke of a bell may last, seconds: a longer event of these classes is a row of several."""
EVENT_CLASSES: tuple[str, ...] = tuple(c for c in CLASSES if KINDS_OF_SOUND[c] != "track")
TRACK_CLASSES: tuple[str, ...] = tuple(c for c in CLASSES if KINDS_OF_SOUND[c] != "event")


def check_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names` without repeats, in alphabetical order.

    Raises:
        ConfigError: ``synth.unknown_class`` or ``synth.no_class``.
    """
    unknown = sorted(set(names) - set(BANK))
    if unknown:
        raise ConfigError(
            f"unknown sound class {', '.join(map(repr, unknown))}",
            code="synth.unknown_class",
            hint=f"The bank has: {', '.join(CLASSES)}.",
        )
    if not names:
        raise ConfigError("no sound class given", code="synth.no_class", hint=f"Choose from: {', '.join(CLASSES)}.")
    return tuple(sorted(set(names)))


def loudness_dbfs(x: np.ndarray) -> float:
    """Root mean square in dBFS of the frames (25 ms) that carry at least a tenth of the mean power.

    Pauses do not count, so three knocks in a second are as loud as three knocks in half a second. Not weighted by
    frequency: the timeline's gains and a measured level speak of the same thing.
    """
    m = max(x.shape[0] // 400, 1)
    frames = np.asarray(x[: m * 400], dtype=np.float64)
    power = np.mean(np.square(frames.reshape(m, -1)), axis=1)
    mean = float(np.mean(power))
    if mean <= 0.0:
        return -200.0
    return 10.0 * float(np.log10(np.mean(power[power >= 0.1 * mean])))


def _row(name: str, rng: Rng, length: int) -> Wave:
    """One event of class `name`, as several in a row with short pauses where one would be unnaturally long."""
    most = LONGEST_S.get(name)
    if most is None or length <= most * RATE:
        return BANK[name](rng, length)
    count = int(np.ceil(length / (0.8 * most * RATE)))
    ends = [round((i + (rng.uniform(-0.1, 0.1) if i < count else 0.0)) * length / count) for i in range(1, count + 1)]
    out = np.zeros(length)
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        pause = int(rng.uniform(0.08, 0.15) * RATE) if end < length else 0
        one = BANK[name](rng, end - start - pause)
        place(out, start, one / max(float(np.max(np.abs(one))), 1e-12))
    return out


def render_event(name: str, seed: int, length: int) -> np.ndarray:
    """One event of class `name`: float32 [length] at 16 kHz and `LEVEL_DBFS`, faded in 5 ms and out in 10 ms.

    The fade at the start is half as long, because 10 ms would take the blow out of a knock.

    Args:
        name: one of `CLASSES`.
        seed: what distinguishes this render from every other of its class; not negative.
        length: samples, 400 (25 ms) to 960,000 (60 s).

    Raises:
        ConfigError: ``synth.unknown_class``, ``synth.bad_length`` or ``synth.bad_seed``.

    >>> render_event("bell", seed=3, length=8000).shape
    (8000,)
    """
    if name not in BANK:
        check_classes((name,))
    if not MIN_SAMPLES <= length <= MAX_SAMPLES:
        raise ConfigError(
            f"{name!r} cannot last {length} samples; {MIN_SAMPLES} to {MAX_SAMPLES} are possible.",
            code="synth.bad_length",
            hint=f"Samples at {RATE} Hz, not seconds.",
        )
    if seed < 0:
        raise ConfigError(f"the seed of {name!r} is {seed}; it must not be negative.", code="synth.bad_seed")
    x = _row(name, np.random.default_rng(seed), length)
    fade = min(int(FADE_S * RATE), length // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)
    half = ramp[::2]
    x[: half.size] *= half
    x[-fade:] *= ramp[::-1]
    x *= 10.0 ** ((LEVEL_DBFS - loudness_dbfs(x)) / 20.0)
    if float(np.max(np.abs(x))) > EVENT_PEAK:
        # Limiting a spiky sound (a clock's tick) takes loudness away; drive it harder until it is as loud as planned.
        drive = 1.0
        for _ in range(6):
            limited = EVENT_PEAK * np.tanh(drive * x / EVENT_PEAK)
            short_db = LEVEL_DBFS - loudness_dbfs(limited)
            if abs(short_db) < 0.1:
                break
            drive *= 10.0 ** (1.3 * short_db / 20.0)
        x = limited
    return x.astype(np.float32)
