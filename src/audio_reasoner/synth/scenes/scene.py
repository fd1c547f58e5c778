"""A planned scene becomes a clip: recipe, timeline, names, licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from audio_reasoner.core import ids
from audio_reasoner.core.records import AudioRef, Clip, Event, Label, Timeline
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.recipes import RECIPE_VERSION

Role = Literal["foreground", "background"]


@dataclass
class Placed:
    """A sound at its place: `fields` as they stand in the recipe."""

    label: str
    fields: dict[str, Any]
    licence: str
    role: Role = "foreground"


@dataclass
class Laid:
    """The sounds of a scene in order of their start, and the scene's length in samples."""

    events: list[Placed]
    length: int


def joint_licence(licences: set[str]) -> str:
    """What a mix of sounds under these licences may be used under: all of them, written out.

    >>> joint_licence({"CC0-1.0", "CC-BY-4.0"}), joint_licence({"CC0-1.0"})
    ('CC-BY-4.0', 'CC0-1.0')
    """
    asking = licences - {"CC0-1.0"}  # asks for nothing, so it adds nothing beside another
    return " AND ".join(sorted(f"({x})" if " OR " in x else x for x in asking)) or "CC0-1.0"


def clip_of(
    laid: Laid,
    *,
    kind: str,
    seed: int,
    source: str,
    source_id: str,
    background: dict[str, Any] | None,
    room: dict[str, Any] | None,
    group: str | None,
    split: str | None,
    sources: str | None,
) -> Clip:
    """The clip of a planned scene; without a `group` it is a group of its own."""
    recipe: dict[str, Any] = {
        "v": RECIPE_VERSION,
        "kind": kind,
        "rate": RATE,
        "length": laid.length,
        "seed": seed,
        "events": [e.fields for e in laid.events],
        "background": background,
    }
    if room is not None:
        recipe["room"] = room
    events = tuple(
        Event(
            start=e.fields["start"],
            end=e.fields["start"] + e.fields["length"],
            label=e.label,
            gain_db=e.fields["gain_db"],
            role=e.role,
        )
        for e in laid.events
    )
    clip_id = ids.clip_id(source, source_id, 0, None)
    return Clip(
        clip_id=clip_id,
        source=source,
        source_id=source_id,
        audio=AudioRef(recipe=recipe, sources=sources),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=laid.length / RATE,
        domains=("sound", "music") if any("instrument" in e.fields["source"] for e in laid.events) else ("sound",),
        labels=tuple(Label(kind="tag", value=x, language="en") for x in sorted({e.label for e in laid.events})),
        licence=joint_licence({e.licence for e in laid.events}),
        group=group or clip_id,
        split=split,
        timeline=Timeline(sample_rate=RATE, length=laid.length, events=events),
    )
