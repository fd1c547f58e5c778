"""Recipes: a scene as a few hundred bytes of JSON, and the one function that turns it into sound.

Decision: recipe first, audio later. A million scenes can be planned, split and questioned without a single sample of
audio; the audio is a function of (recipe, package versions) and is rendered when somebody listens. Offsets are whole
samples, so the timeline of a scene is exact by construction, not estimated.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank import render_event
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


def _check_event(e: dict[str, Any], where: str, length: int) -> None:
    start, n = _int(e, "start", where), _int(e, "length", where)
    if start < 0 or n < MIN_EVENT or start + n > length:
        raise _bad(f"{where} spans samples {start} to {start + n} of a scene of {length}")
    if not -MAX_DB <= _number(e, "gain_db", where) <= MAX_DB:
        raise _bad(f"{where} has a gain of {e['gain_db']} dB; {-MAX_DB:g} to {MAX_DB:g} are possible")
    fades = [_int(e, name, where) for name in ("fade_in", "fade_out") if name in e]
    if any(f < 0 for f in fades) or sum(fades) > n:
        raise _bad(f"{where} has fades of {fades} samples in {n}")
    source = e.get("source")
    if not isinstance(source, dict):
        raise _bad(f"{where} has no source but {source!r}")
    if "class" in source or "instrument" in source:
        if _int(source, "seed", f"the source of {where}") < 0:
            raise _bad(f"{where} has a negative seed")
        if "instrument" in source and not isinstance(source.get("notes"), list):
            raise _bad(f"{where} names an instrument and brings no notes")
    elif "key" in source:
        if _int(source, "from", f"the source of {where}") < 0:
            raise _bad(f"{where} begins before its recording")
    else:
        raise _bad(f"{where} has a source without class, key or instrument: {source!r}")


def _check_background(background: Any) -> None:
    if not isinstance(background, dict) or background.get("colour") not in COLOURS:
        raise _bad(f"its background is {background!r}; colours are {', '.join(COLOURS)}")
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
        from audio_reasoner.synth.instruments import render_notes

        return np.asarray(render_notes(str(source["instrument"]), source["notes"], length, source["seed"]))
    if recordings is None:
        raise missing(str(source["key"]), [])
    x = recordings.pcm(str(source["key"]))[source["from"] : source["from"] + length]
    if x.shape[0] < length:
        raise _bad(f"the recording {source['key'][:16]}… ends {length - x.shape[0]} samples before its event")
    return x


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

    Each event occupies exactly ``start … start + length``; the background (if any) lies under the whole scene. If the
    sum would exceed the peak, the whole scene is turned down, so that the relations of loudness stay as planned.

    Args:
        recipe: the scene.
        recordings: where its content keys are found; not needed for scenes of the procedural bank.

    Raises:
        ConfigError: ``synth.recipe_version``, ``synth.recipe_kind``, ``synth.unknown_class``, ``synth.bad_recipe``.
        IntegrityError: ``synth.no_source``, ``synth.source_changed``.
    """
    check_recipe(recipe)
    background = recipe.get("background")
    out = np.zeros(recipe["length"], dtype=np.float32)
    for e in recipe["events"]:
        x = source_audio(e["source"], e["length"], recordings)
        x = faded(x, e.get("fade_in", 0), e.get("fade_out", 0))
        out[e["start"] : e["start"] + e["length"]] += x * np.float32(10.0 ** (e["gain_db"] / 20.0))
    if background is not None:
        level = np.float32(10.0 ** (background["level_db"] / 20.0))
        rng = np.random.default_rng(background["seed"])
        out += coloured_noise(rng, recipe["length"], COLOURS[background["colour"]]) * level
    peak = float(np.max(np.abs(out)))
    if peak > PEAK:
        out *= np.float32(PEAK * (1.0 - 1e-6) / peak)
    return out
