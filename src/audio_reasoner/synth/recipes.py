"""Recipes: a scene as a few hundred bytes of JSON, and the one function that turns it into sound.

Decision: recipe first, audio later. A million scenes can be planned, split and questioned without a single sample of
audio; the audio is a function of (recipe, package versions) and is rendered when somebody listens. Offsets are whole
samples, so the timeline of a scene is exact by construction, not estimated.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank import render_event
from audio_reasoner.synth.dsp import RATE, coloured_noise

RECIPE_VERSION: Final = 1
"""Raised whenever a recipe would sound different, also by a change in the bank: content keys hash the recipe, not the
audio, and stored evidence and samples speak about what the recipe sounded like when they were made."""
KIND_TEMPORAL: Final = "complex/temporal"
COLOURS: Final[dict[str, float]] = {"white": 0.0, "pink": 1.0, "brown": 2.0}
"""Background colours: exponent of the fall of power with frequency."""
PEAK: Final = 0.9
MAX_SECONDS: Final = 30.0
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
    if recipe.get("kind") != KIND_TEMPORAL:
        raise _bad(f"its kind is {recipe.get('kind')!r}, known is {KIND_TEMPORAL!r}", "synth.recipe_kind")
    if recipe.get("rate") != RATE:
        raise _bad(f"its rate is {recipe.get('rate')!r} Hz, everything synthetic is at {RATE} Hz")
    length = _int(recipe, "length", "the scene")
    if not 0 < length <= int(MAX_SECONDS * RATE):
        raise _bad(f"its length is {length} samples; 1 to {int(MAX_SECONDS * RATE)} are possible")
    events = recipe.get("events")
    if not isinstance(events, list) or not all(isinstance(e, dict) for e in events):
        raise _bad(f"its events are {type(events).__name__}, expected a list of objects")
    for i, e in enumerate(events):
        start, n = _int(e, "start", f"event {i}"), _int(e, "length", f"event {i}")
        if _int(e, "seed", f"event {i}") < 0:
            raise _bad(f"event {i} has a negative seed")
        if not -MAX_DB <= _number(e, "gain_db", f"event {i}") <= MAX_DB:
            raise _bad(f"event {i} has a gain of {e['gain_db']} dB; {-MAX_DB:g} to {MAX_DB:g} are possible")
        if start < 0 or n < 400 or start + n > length:
            raise _bad(f"event {i} ({e.get('class')!r}) spans samples {start} to {start + n} of a scene of {length}")
    background = recipe.get("background")
    if background is None:
        return
    if not isinstance(background, dict) or background.get("colour") not in COLOURS:
        raise _bad(f"its background is {background!r}; colours are {', '.join(COLOURS)}")
    if _int(background, "seed", "the background") < 0:
        raise _bad("the background has a negative seed")
    if not -2 * MAX_DB <= _number(background, "level_db", "the background") <= 0.0:
        raise _bad(f"its background has {background['level_db']} dBFS; {-2 * MAX_DB:g} to 0 are possible")


def render(recipe: dict[str, Any]) -> np.ndarray:
    """The sound of a recipe: float32 [length], 16 kHz mono, no sample above 0.9.

    Each event occupies exactly ``start … start + length``; the background (if any) lies under the whole scene. If the
    sum would exceed the peak, the whole scene is turned down, so that the relations of loudness stay as planned.

    Raises:
        ConfigError: ``synth.recipe_version``, ``synth.recipe_kind``, ``synth.unknown_class``, ``synth.bad_recipe``.
    """
    check_recipe(recipe)
    background = recipe.get("background")
    out = np.zeros(recipe["length"], dtype=np.float32)
    for e in recipe["events"]:
        x = render_event(str(e.get("class")), e["seed"], e["length"])
        out[e["start"] : e["start"] + e["length"]] += x * np.float32(10.0 ** (e["gain_db"] / 20.0))
    if background is not None:
        level = np.float32(10.0 ** (background["level_db"] / 20.0))
        rng = np.random.default_rng(background["seed"])
        out += coloured_noise(rng, recipe["length"], COLOURS[background["colour"]]) * level
    peak = float(np.max(np.abs(out)))
    if peak > PEAK:
        out *= np.float32(PEAK * (1.0 - 1e-6) / peak)
    return out
