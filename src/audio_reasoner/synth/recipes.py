"""Recipes: a scene as a few hundred bytes of JSON, and the one function that turns it into sound.

Decision: recipe first, audio later. A million scenes can be planned, split and questioned without a single sample of
audio; the audio is a function of (recipe, package versions) and is rendered when somebody listens. Offsets are whole
samples, so the timeline of a scene is exact by construction, not estimated.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank.render import render_event
from audio_reasoner.synth.dsp import RATE, coloured_noise
from audio_reasoner.synth.store import missing

RECIPE_VERSION: Final = 2
"""Raised whenever a recipe would sound different, also by a change in the bank: content keys hash the recipe, not the
audio, and stored evidence and samples speak about what the recipe sounded like when they were made."""
KIND_TEMPORAL: Final = "complex/temporal"
KIND_COMPOSITE: Final = "complex/composite"
KIND_DIALOGUE: Final = "dialogue"
KIND_MUSIC: Final = "music"
COLOURS: Final[dict[str, float]] = {"white": 0.0, "pink": 1.0, "brown": 2.0}
"""Background colours: exponent of the fall of power with frequency."""
PEAK: Final = 0.9
MAX_SECONDS: Final = 30.0
MAX_SECONDS_OF: Final[dict[str, float]] = {
    KIND_TEMPORAL: MAX_SECONDS,
    KIND_COMPOSITE: MAX_SECONDS,
    KIND_MUSIC: MAX_SECONDS,
    KIND_DIALOGUE: 60.0,
}
MIN_EVENT: Final = 400
"""Samples of the shortest event: 25 ms."""
MAX_DB: Final = 60.0
_SCENE_FIELDS: Final = frozenset({"v", "kind", "rate", "length", "seed", "events", "background", "room", "origin"})
"""`seed` and `origin` (the MIDI file that the notes come from) do not change the sound."""
_EVENT_FIELDS: Final = frozenset({"source", "start", "length", "gain_db", "fade_in", "fade_out"})
_SOURCE_FIELDS: Final = {
    "class": frozenset({"class", "seed"}),
    "key": frozenset({"key", "from", "loop"}),
    "instrument": frozenset({"instrument", "seed", "notes"}),
}


def _bad(what: str, code: str = "synth.bad_recipe", hint: str = "") -> ConfigError:
    return ConfigError(f"this recipe cannot be rendered: {what}.", code=code, hint=hint)


def _int(fields: dict[str, Any], name: str, where: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _bad(f"{where} needs a whole number {name!r}, found {value!r}")
    return value


def _number(fields: dict[str, Any], name: str, where: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise _bad(f"{where} needs a number {name!r}, found {value!r}")
    return float(value)


def check_recipe(recipe: dict[str, Any]) -> None:
    """Refuse what this version cannot render.

    Raises:
        ConfigError: ``synth.recipe_version``, ``synth.recipe_kind`` or ``synth.bad_recipe``.
    """
    if not isinstance(recipe, dict):
        raise _bad(f"it is {type(recipe).__name__}, expected an object")
    version = recipe.get("v")
    if version != RECIPE_VERSION:
        raise _bad(
            f"its version is {version!r}, this package renders version {RECIPE_VERSION}",
            "synth.recipe_version",
            "Plan the clips again with this version, or render with the one that planned them.",
        )
    kind = recipe.get("kind")
    if kind not in MAX_SECONDS_OF:
        raise _bad(f"its kind is {kind!r}, known are {', '.join(MAX_SECONDS_OF)}", "synth.recipe_kind")
    _only(recipe, _SCENE_FIELDS, "the scene")
    if recipe.get("rate") != RATE:
        raise _bad(f"its rate is {recipe.get('rate')!r} Hz, everything synthetic is at {RATE} Hz")
    length, most = _int(recipe, "length", "the scene"), int(MAX_SECONDS_OF[kind] * RATE)
    if not 0 < length <= most:
        raise _bad(f"its length is {length} samples; 1 to {most} are possible")
    events = recipe.get("events")
    if not isinstance(events, list) or not all(isinstance(e, dict) for e in events):
        raise _bad(f"its events are {type(events).__name__}, expected a list of objects")
    for i, e in enumerate(events):
        _check_event(e, f"event {i}", length)
    background = recipe.get("background")
    if background is not None:
        _check_background(background)
    if recipe.get("room") is not None:
        from audio_reasoner.synth.rooms import check_room

        check_room(recipe["room"], len(events))


def _only(fields: dict[str, Any], known: frozenset[str], where: str) -> None:
    """A field this version does not know may mean something that would be left out of the sound."""
    if unknown := sorted(map(repr, set(fields) - known)):
        raise _bad(f"{where} has unknown fields {', '.join(unknown)}")


def _check_event(e: dict[str, Any], where: str, length: int) -> None:
    _only(e, _EVENT_FIELDS, where)
    start, n = _int(e, "start", where), _int(e, "length", where)
    if start < 0 or n < MIN_EVENT or start + n > length:
        raise _bad(f"{where} spans samples {start} to {start + n} of a scene of {length}")
    if not -MAX_DB <= _number(e, "gain_db", where) <= MAX_DB:
        raise _bad(f"{where} has a gain of {e['gain_db']} dB; {-MAX_DB:g} to {MAX_DB:g} are possible")
    fades = [_int(e, name, where) for name in ("fade_in", "fade_out") if name in e]
    if any(f < 0 for f in fades) or sum(fades) > n:
        raise _bad(f"{where} has fades of {fades} samples in {n}")
    _check_source(e.get("source"), f"the source of {where}")


def _check_source(source: Any, where: str) -> None:
    kinds = [k for k in _SOURCE_FIELDS if isinstance(source, dict) and k in source]
    if len(kinds) != 1:
        raise _bad(f"{where} names none or several of {', '.join(_SOURCE_FIELDS)}: {source!r:.200}")
    _only(source, _SOURCE_FIELDS[kinds[0]], where)
    if not isinstance(source[kinds[0]], str):
        raise _bad(f"{where} has the {kinds[0]} {source[kinds[0]]!r:.80}, expected a text")
    if kinds[0] != "key":
        if _int(source, "seed", where) < 0:
            raise _bad(f"{where} has a negative seed")
        if kinds[0] == "instrument" and not isinstance(source.get("notes"), list):
            raise _bad(f"{where} names an instrument and brings no notes")
        return
    if _int(source, "from", where) < 0:
        raise _bad(f"{where} begins before its recording")
    loop = source.get("loop")
    if loop is not None:
        if not isinstance(loop, dict):
            raise _bad(f"{where} has the loop {loop!r}, expected its length and fade")
        _only(loop, frozenset({"length", "fade"}), where)
        whole, fade = _int(loop, "length", where), _int(loop, "fade", where)
        if not (fade >= 0 and whole >= max(2 * fade, MIN_EVENT)):
            raise _bad(f"{where} repeats {whole} samples blended over {fade}")


def _check_background(background: Any) -> None:
    if not isinstance(background, dict) or str(background.get("colour")) not in COLOURS:
        raise _bad(f"its background is {background!r:.200}; colours are {', '.join(COLOURS)}")
    _only(background, frozenset({"colour", "level_db", "seed"}), "the background")
    if _int(background, "seed", "the background") < 0:
        raise _bad("the background has a negative seed")
    if not -2 * MAX_DB <= _number(background, "level_db", "the background") <= 0.0:
        raise _bad(f"its background has {background['level_db']} dBFS; {-2 * MAX_DB:g} to 0 are possible")


class Recordings(Protocol):
    """What a recipe's content keys are looked up in."""

    def pcm(self, key: str) -> np.ndarray:
        """The recording: float32 [n], 16 kHz mono, at the bank's common level."""


def source_audio(source: dict[str, Any], length: int, recordings: Recordings | None) -> np.ndarray:
    """One source as it is mixed, before gain and fades: float32 [length] at the bank's common level.

    Raises:
        ConfigError: ``synth.unknown_class``, ``synth.bad_recipe``: the recording is shorter than the event.
        IntegrityError: ``synth.no_source``.
    """
    if "class" in source:
        return render_event(str(source["class"]), source["seed"], length)
    if "instrument" in source:
        from audio_reasoner.synth.music.instruments import render_notes

        return np.asarray(render_notes(str(source["instrument"]), source["notes"], length, source["seed"]))
    if recordings is None:
        raise missing(str(source["key"]), [])
    loop = source.get("loop")
    needed = length if loop is None else loop["length"]
    x = recordings.pcm(source["key"])[source["from"] : source["from"] + needed]
    if x.shape[0] < needed:
        raise _bad(f"the recording {source['key'][:16]}… ends {needed - x.shape[0]} samples before its event")
    return x if loop is None else repeated(x, loop["fade"], length)


def repeated(x: np.ndarray, fade: int, length: int) -> np.ndarray:
    """`x` again and again until `length` samples are full; the end of each turn is blended with the start of the next.

    The blend keeps the common power, so that a texture goes on without a dip or a click.
    """
    out = np.zeros(length, dtype=np.float32)
    step = x.shape[0] - fade
    first, middle = faded(x, 0, fade), faded(x, fade, fade)
    for at in range(0, length, step):
        turn = first if at == 0 else middle
        out[at : at + turn.shape[0]] += turn[: length - at]
    return out


def faded(x: np.ndarray, fade_in: int, fade_out: int) -> np.ndarray:
    """`x` with equal-power fades: two neighbours that fade over the same samples keep their common power."""
    if not fade_in and not fade_out:
        return x
    out = np.array(x, dtype=np.float32)
    if fade_in:
        out[:fade_in] *= np.sin(0.5 * np.pi * (np.arange(fade_in) + 0.5) / fade_in).astype(np.float32)
    if fade_out:
        out[-fade_out:] *= np.cos(0.5 * np.pi * (np.arange(fade_out) + 0.5) / fade_out).astype(np.float32)
    return out


def render(recipe: dict[str, Any], recordings: Recordings | None = None) -> np.ndarray:
    """The sound of a recipe: float32 [length], 16 kHz mono, no sample above 0.9.

    Each event occupies exactly ``start … start + length``, in a room also its echoes after that; the background (if
    any) lies under the whole scene. If the sum would exceed the peak, the whole scene is turned down, so that the
    relations of loudness stay as planned. Everything is added in the recipe's order on one thread: the same recipe
    gives the same samples in every process of one machine type.

    Args:
        recipe: the scene.
        recordings: where its content keys are found; not needed for scenes of the procedural bank.

    Raises:
        ConfigError: ``synth.recipe_version``, ``synth.recipe_kind``, ``synth.unknown_class``, ``synth.bad_recipe``,
            ``synth.bad_room``.
        IntegrityError: ``synth.no_source``, ``synth.source_changed``.
        EnvironmentProblem: ``environment.package``: a scene in a room without pyroomacoustics.
    """
    check_recipe(recipe)
    background, room = recipe.get("background"), recipe.get("room")
    out = np.zeros(recipe["length"], dtype=np.float32)
    for i, e in enumerate(recipe["events"]):
        x = source_audio(e["source"], e["length"], recordings)
        x = faded(x, e.get("fade_in", 0), e.get("fade_out", 0))
        if room is not None:
            from audio_reasoner.synth.rooms import in_room

            x = in_room(x, room, i)[: out.shape[0] - e["start"]]
        out[e["start"] : e["start"] + x.shape[0]] += x * np.float32(10.0 ** (e["gain_db"] / 20.0))
    if background is not None:
        level = np.float32(10.0 ** (background["level_db"] / 20.0))
        rng = np.random.default_rng(background["seed"])
        out += coloured_noise(rng, recipe["length"], COLOURS[background["colour"]]) * level
    peak = float(np.max(np.abs(out)))
    if peak > PEAK:
        out *= np.float32(PEAK * (1.0 - 1e-6) / peak)
    return out
