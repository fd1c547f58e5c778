"""Rooms: what a room does to a sound on its way to the microphone, by the image method of pyroomacoustics.

Decision: the timeline stays exact. The impulse response begins with the direct sound, because the time it travels is
cut off, so an event still begins at its planned sample; its echoes go on after its planned end. An event keeps the
loudness that its recipe gives it, near the microphone and far from it, so ratios stay as planned.

Scenes draw from `ROOMS` rooms of fixed sizes and places instead of a new one each, so that a process computes some
hundred responses once instead of some for every scene.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem
from audio_reasoner.synth.bank.render import loudness_dbfs
from audio_reasoner.synth.dsp import RATE

SPEED_M_S: Final = 343.0
"""Speed of sound that pyroomacoustics uses by default."""
MAX_ORDER: Final = 48
"""Reflections that are followed. A larger room dies within fewer; the smallest of ours has lost 40 dB by then."""
SIZE_M: Final = (1.5, 30.0)
T60_S: Final = (0.05, 1.5)
WALL_M: Final = 0.3
"""Least distance of microphone and sources from a wall."""
ROOMS: Final = 48
"""Rooms that plans draw from."""
PLACES: Final = 8
"""Places in each of them where something may sound."""


def _bad(what: str) -> ConfigError:
    return ConfigError(f"this recipe cannot be rendered: its room {what}.", code="synth.bad_room")


def _point(value: Any, name: str) -> tuple[float, float, float]:
    ok = isinstance(value, list | tuple) and len(value) == 3
    if not ok or any(isinstance(x, bool) or not isinstance(x, int | float) or not math.isfinite(x) for x in value):
        raise _bad(f"has {name} {value!r}; expected three numbers in metres")
    return float(value[0]), float(value[1]), float(value[2])


def check_room(room: Any, events: int) -> None:
    """Refuse a room that cannot be: of a recipe with `events` events.

    Raises:
        ConfigError: ``synth.bad_room``.
    """
    if not isinstance(room, dict):
        raise _bad(f"is {type(room).__name__}, expected an object")
    if unknown := sorted(set(room) - {"size_m", "t60_s", "mic_m", "places_m"}):
        raise _bad(f"has unknown fields {', '.join(map(repr, unknown))}")
    size = _point(room.get("size_m"), "size_m")
    if not all(SIZE_M[0] <= x <= SIZE_M[1] for x in size):
        raise _bad(f"measures {size} m; {SIZE_M[0]:g} to {SIZE_M[1]:g} m a side are possible")
    t60 = room.get("t60_s")
    if isinstance(t60, bool) or not isinstance(t60, int | float) or not T60_S[0] <= t60 <= T60_S[1]:
        raise _bad(f"has t60_s {t60!r}; {T60_S[0]:g} to {T60_S[1]:g} s are possible")
    places = room.get("places_m")
    if not isinstance(places, list) or len(places) != events:
        raise _bad(f"needs one place for each of the {events} events")
    mic = _point(room.get("mic_m"), "mic_m")
    for p in (mic, *(_point(x, "a place") for x in places)):
        if not all(0.0 < a < b for a, b in zip(p, size, strict=True)):
            raise _bad(f"of {size} m does not contain the point {p}")
    if any(math.dist(mic, _point(x, "a place")) < 0.1 for x in places):
        raise _bad("has a source within 10 cm of its microphone")


def need_rooms() -> None:
    """Make sure that rooms can be computed here.

    Raises:
        EnvironmentProblem: ``environment.package``: pyroomacoustics is missing.
    """
    try:
        import pyroomacoustics  # noqa: F401
    except ImportError as error:
        raise EnvironmentProblem(
            f"Scenes in rooms need the package pyroomacoustics, which cannot be used: {error}.",
            code="environment.package",
            hint='pip install "audio-reasoner[rooms]"',
        ) from error


@lru_cache(maxsize=512)
def response(
    size: tuple[float, float, float],
    t60: float,
    mic: tuple[float, float, float],
    place: tuple[float, float, float],
) -> np.ndarray:
    """Impulse response from `place` to `mic` (metres): float32 [n] at 16 kHz, direct sound first, energy 1.

    Raises:
        EnvironmentProblem: ``environment.package``.
        ConfigError: ``synth.bad_room``: no wall reflects so much that this room has this reverberation time.
    """
    need_rooms()
    import pyroomacoustics as pra

    try:
        absorption, order = pra.inverse_sabine(t60, list(size))
    except ValueError as error:
        raise _bad(f"of {size} m cannot have a reverberation time of {t60:g} s") from error
    room = pra.ShoeBox(
        list(size), fs=RATE, materials=pra.Material(min(absorption, 1.0)), max_order=min(order, MAX_ORDER)
    )
    room.add_source(list(place))
    room.add_microphone(list(mic))
    with _one_thread(pra):
        room.compute_rir()
    whole = np.asarray(room.rir[0][0], dtype=np.float64)
    # Its fractional delays are filters of odd length around the true arrival; what rings before it is cut as well.
    lead = int(pra.constants.get("frac_delay_length")) // 2
    first = math.floor(math.dist(mic, place) / SPEED_M_S * RATE + 0.5) + lead
    h = whole[first:]
    # Beyond 60 dB under the first samples nothing is heard and everything costs time.
    tail = np.cumsum(np.square(h[::-1]))[::-1]
    h = h[: int(np.searchsorted(-tail, -1e-6 * tail[0])) + 1]
    return np.asarray(h / math.sqrt(float(np.sum(np.square(h)))), dtype=np.float32)


@contextmanager
def _one_thread(pra: Any) -> Iterator[None]:
    """Several threads add up the reflections in another order, so the last bits would depend on their number."""
    before = pra.constants.get("num_threads")
    pra.constants.set("num_threads", 1)
    try:
        yield
    finally:
        pra.constants.set("num_threads", before)


def in_room(x: np.ndarray, room: dict[str, Any], event: int) -> np.ndarray:
    """The sound `x` of one event as it reaches the microphone: float32, longer than `x` by its echoes.

    A room makes one tone louder and another one softer; the result is brought back to the loudness of `x`, because the
    recipe says how loud its events are where they are heard.
    """
    from scipy.signal import oaconvolve

    h = response(
        _as_point(room["size_m"]), float(room["t60_s"]), _as_point(room["mic_m"]), _as_point(room["places_m"][event])
    )
    wet = oaconvolve(x, h)
    gain = 10.0 ** ((loudness_dbfs(x) - loudness_dbfs(wet[: x.shape[0]])) / 20.0)
    return np.asarray(wet * np.float32(gain), dtype=np.float32)


def _as_point(value: Any) -> tuple[float, float, float]:
    return float(value[0]), float(value[1]), float(value[2])


@lru_cache(maxsize=ROOMS)
def known_room(number: int) -> tuple[dict[str, Any], tuple[tuple[float, float, float], ...]]:
    """Room `number` of those that plans draw from: its size, reverberation time and microphone, and its places."""
    rng = np.random.default_rng(ids.derive_seed(0, "room", number))
    size = (float(rng.uniform(3.5, 9.0)), float(rng.uniform(3.0, 7.0)), float(rng.uniform(2.4, 3.6)))
    size = (round(size[0], 2), round(size[1], 2), round(size[2], 2))

    def point(low_z: float, high_z: float) -> tuple[float, float, float]:
        x, y = (round(float(rng.uniform(WALL_M, s - WALL_M)), 2) for s in size[:2])
        return x, y, round(float(rng.uniform(low_z, high_z)), 2)

    mic = point(1.0, 1.6)
    places: list[tuple[float, float, float]] = []
    while len(places) < PLACES:
        p = point(0.4, 2.0)
        if math.dist(p, mic) >= 0.5:
            places.append(p)
    room = {"size_m": list(size), "t60_s": round(float(rng.uniform(0.2, 0.5)), 2), "mic_m": list(mic)}
    return room, tuple(places)


def draw_room(rng: np.random.Generator, sounds: list[str]) -> dict[str, Any]:
    """A room for a recipe, with one place for each of `sounds`: equal names stand at one place."""
    room, places = known_room(int(rng.integers(ROOMS)))
    order = rng.permutation(PLACES)
    at: dict[str, int] = {}
    for name in sounds:
        at.setdefault(name, int(order[len(at) % PLACES]))
    return {**room, "places_m": [list(places[at[name]]) for name in sounds]}
