"""Flags of scenes that `synth complex` and `synth benchmark` share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

MinEvents = Annotated[int, typer.Option(help="Least number of events in a scene.")]
MaxEvents = Annotated[int, typer.Option(help="Greatest number of events in a scene.")]
Classes = Annotated[str | None, typer.Option(help="Sound classes, separated by commas; all of the bank if not given.")]
EventSeconds = Annotated[
    tuple[float, float], typer.Option(help="Shortest and longest event, seconds.", metavar="LOW HIGH")
]
GapSeconds = Annotated[
    tuple[float, float], typer.Option(help="Shortest and longest gap between events, seconds.", metavar="LOW HIGH")
]
Repeats = Annotated[float, typer.Option(help="Chance that an event takes a class its scene already has, 0 to 1.")]


def scene_settings(
    min_events: int,
    max_events: int,
    classes: str | None,
    event_seconds: tuple[float, float],
    gap_seconds: tuple[float, float],
    repeats: float,
) -> dict[str, Any]:
    """The flags as keywords of `plan_complex`."""
    settings: dict[str, Any] = {
        "min_events": min_events,
        "max_events": max_events,
        "event_seconds": event_seconds,
        "min_gap_s": gap_seconds[0],
        "max_gap_s": gap_seconds[1],
        "repeat_probability": repeats,
    }
    if classes is not None:
        settings["classes"] = tuple(sorted({c.strip() for c in classes.split(",") if c.strip()}))
    return settings
