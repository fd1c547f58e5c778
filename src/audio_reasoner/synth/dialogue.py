"""A script and its spoken turns become a clip: who speaks when, how loud, in which room, over what.

Decision: the order of turns is the script's and nothing is ever cut. Pauses are drawn from Gamma distributions, as in
meetings; where a line may overlap it does so with a probability of one half, by at most two fifths of either turn and
half of a turn in all, so that a listener still hears both; a turn never reaches back over the turn before the last. So
starts and ends come in the order of the script, and every fact that names a line names the same place in the timeline.

A simulator that was asked for three speakers and puts two into the sound makes wrong gold answers. So each finished
dialogue is rendered, and every speaker must be heard alone, above the background, for half a second (who says less:
for most of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Label, Timeline
from audio_reasoner.synth.bank.render import CLASSES
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.recipes import COLOURS, KIND_DIALOGUE, MAX_SECONDS_OF, RECIPE_VERSION, Recordings, render
from audio_reasoner.synth.scripts.script import LIST, Script
from audio_reasoner.synth.voices.presets import PROSODY
from audio_reasoner.synth.voices.take import Spoilt
from audio_reasoner.synth.voices.text import expected_seconds
from audio_reasoner.synth.voices.voices import STORE_NAME, Cast, Kept

SOURCE: Final = "synth-dialogue"
LABEL: Final = "speech"
MAX_SECONDS: Final = MAX_SECONDS_OF[KIND_DIALOGUE]
TEXTURES: Final = tuple(
    x for x in ("crickets", "engine", "fan", "fire", "rain", "stream", "train", "wind") if x in CLASSES
)
"""Sounds that may go on beneath a dialogue: none of them a voice, none of them single events."""
PAUSE: Final = (2.0, 0.45, 0.12)
"""Between two speakers: shape and mean of the Gamma distribution, shortest; seconds."""
OWN_PAUSE: Final = (4.0, 0.6, 0.35)
"""Before somebody goes on speaking."""
OVERLAP: Final = (2.0, 0.5, 0.15)
MOST_PAUSE_S: Final = 2.5
MOST_OVERLAP: Final = 0.4
"""Share of either turn that may be spoken over."""
ALONE: Final = 0.5
"""Share of a turn that may be spoken over in all, at its beginning and its end."""
LEAST_START_APART_S: Final = 0.4
ALONE_S: Final = 0.5
ABOVE_DB: Final = 6.0
"""Every speaker is heard alone for `ALONE_S`, in frames that are so far above what is there without any voice."""
SHORT: Final = 0.6
"""Who says no more than "Yes." is heard alone for this share of it."""


@dataclass(frozen=True)
class Mixing:
    """How dialogues are put together.

    Attributes:
        overlap: chance that a line that may overlap does.
        rooms: share of dialogues that take place in a room.
        background: share of dialogues with a sound beneath them.
        level_db: range of a speaker's level around the common one.
        background_db: range of the background's level relative to the voices.
        noise_db: range of the faint noise under every other dialogue, dBFS.
        max_seconds: longest dialogue; a longer one is left out.
        pause: distribution of all pauses, as `PAUSE`; None: `PAUSE` between two speakers, else `OWN_PAUSE`.
    """

    overlap: float = 0.5
    rooms: float = 0.0
    background: float = 0.0
    level_db: tuple[float, float] = (-3.0, 3.0)
    background_db: tuple[float, float] = (-24.0, -16.0)
    noise_db: tuple[float, float] = (-75.0, -60.0)
    max_seconds: float = MAX_SECONDS
    pause: tuple[float, float, float] | None = None


def expected_length(script: Script) -> float:
    """About how long a dialogue of this script takes, seconds; those of the embedded voices take 0.79 to 1.02 of it."""
    speech = sum(expected_seconds(line.text) / PROSODY[line.prosody].pace for line in script.lines)
    return speech + 0.35 * len(script.lines) + 1.0


def _gamma(rng: np.random.Generator, how: tuple[float, float, float], most: float) -> float:
    shape, mean, least = how
    return float(np.clip(rng.gamma(shape, mean / shape), least, most))


def starts_of(
    script: Script,
    lengths: list[int],
    rng: np.random.Generator,
    overlap: float,
    pauses: tuple[float, float, float] | None = None,
) -> list[int]:
    """First sample of each turn, the first turn's at 0; as many draws for every script of one length.

    Args:
        script: the dialogue.
        lengths: samples of its turns.
        rng: decides pauses and overlaps.
        overlap: chance that a line that may overlap does.
        pauses: one distribution for all pauses.
    """
    starts = [0]
    earlier = 0  # where everything before the last turn has ended
    taken = 0  # of the last turn, what is spoken over at its beginning
    for i in range(1, len(lengths)):
        last, line = script.lines[i - 1], script.lines[i]
        end = starts[-1] + lengths[i - 1]
        own = _gamma(rng, pauses or OWN_PAUSE, MOST_PAUSE_S)
        pause = _gamma(rng, pauses or PAUSE, MOST_PAUSE_S)
        over = round(_gamma(rng, OVERLAP, MAX_SECONDS) * RATE)
        wants = line.overlap and line.speaker != last.speaker and bool(rng.random() < overlap)
        least = max(earlier + round(0.1 * RATE), starts[-1] + round(LEAST_START_APART_S * RATE))
        over = min(over, int(MOST_OVERLAP * min(lengths[i - 1], lengths[i])), int(ALONE * lengths[i - 1]) - taken)
        at = max(end - over, least)
        if not wants or at >= end:
            at = end + round((own if line.speaker == last.speaker else pause) * RATE)
        earlier, taken = end, max(end - at, 0)
        starts.append(at)
    return starts


def assemble(
    script: Script,
    cast: Cast,
    kept: list[Kept],
    styles: list[str | None],
    *,
    seed: int,
    place: str,
    index: int,
    mixing: Mixing,
    source: str = SOURCE,
) -> Clip | Spoilt:
    """The clip of a script whose turns are spoken, or why there is none (``dialogue.too_long``).

    Args:
        script: what is said.
        cast: who speaks.
        kept: the turns in the store, one per line.
        styles: the prosody class that each turn is really spoken in.
        seed: of the run.
        place: name of the sequence of dialogues that this one stands in.
        index: its number there.
        mixing: how it is put together.
        source: the source that the clip belongs to.
    """
    rng = np.random.default_rng(ids.derive_seed(seed, "dialogue/mix", index))
    level = {s: float(rng.uniform(*mixing.level_db)) for s in range(script.speakers)}
    lead, tail = (int(rng.uniform(0.2, 0.7) * RATE) for _ in range(2))
    lengths = [k.length for k in kept]
    starts = [lead + s for s in starts_of(script, lengths, rng, mixing.overlap, mixing.pause)]
    room = rng.random() < mixing.rooms
    beneath = _background(rng, mixing)
    # Echoes go on after the last turn.
    length = max(s + n for s, n in zip(starts, lengths, strict=True)) + tail + (int(0.5 * RATE) if room else 0)
    if length > (most := mixing.max_seconds) * RATE:
        return Spoilt("dialogue.too_long", f"{length / RATE:.1f} s; {most:g} s are allowed, and nothing is cut")
    recipe_events: list[dict[str, Any]] = []
    events: list[Event] = []
    if (texture := beneath.get("texture")) is not None:
        name, texture_seed, gain = texture
        fade = RATE // 4
        recipe_events.append(
            {"source": {"class": name, "seed": texture_seed}, "start": 0, "length": length, "gain_db": gain,
             "fade_in": fade, "fade_out": fade}
        )  # fmt: skip
        events.append(Event(start=0, end=length, label=name, gain_db=gain, role="background"))
    shift = len(events)
    for line, k, start, style in zip(script.lines, kept, starts, styles, strict=True):
        gain = round(level[line.speaker] + PROSODY[line.prosody].level_db, 2)
        recipe_events.append(
            {"source": {"key": k.source_key, "from": 0}, "start": start, "length": k.length, "gain_db": gain}
        )
        speaker = f"s{line.speaker}"
        events.append(
            Event(
                start=start,
                end=start + k.length,
                label=LABEL,
                speaker=speaker,
                text=line.text,
                gain_db=gain,
                style=style,
            )
        )
    recipe: dict[str, Any] = {
        "v": RECIPE_VERSION,
        "kind": KIND_DIALOGUE,
        "rate": RATE,
        "length": length,
        "seed": seed,
        "events": recipe_events,
        "background": beneath["noise"],
    }
    if room:
        from audio_reasoner.synth.rooms import draw_room

        names = ["beneath"] * shift + [f"s{line.speaker}" for line in script.lines]
        recipe["room"] = draw_room(rng, names)
    facts = tuple(
        Fact(kind=f.kind, value=f.value, subject=f.subject, events=tuple(e + shift for e in f.events))
        for f in (*_scenario(script), *script.facts)
    )
    source_id = f"{place}/{index:07d}"
    clip_id = ids.clip_id(source, source_id, 0, None)
    speakers = dict.fromkeys(e.speaker for e in events if e.speaker)
    licences = sorted({v.licence for v in cast.voices if v.licence})
    said = " ".join(line.text for line in script.lines)
    return Clip(
        clip_id=clip_id,
        source=source,
        source_id=source_id,
        audio=AudioRef(recipe=recipe, sources=STORE_NAME),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=length / RATE,
        domains=("speech",),
        labels=(
            *(Label(kind="speaker", value=s) for s in speakers),
            Label(kind="transcript", value=said, language=script.language),
        ),
        licence=" AND ".join(licences) or None,
        language=script.language,
        group=cast.group or clip_id,
        split=cast.split,
        timeline=Timeline(sample_rate=RATE, length=length, events=tuple(events), facts=facts),
    )


def _scenario(script: Script) -> tuple[Fact, ...]:
    """The scenario as a fact, where the writer did not state it as one; a list is about nothing."""
    return () if script.of_kind("scenario") or script.of_kind(LIST) else (Fact(kind="scenario", value=script.scenario),)


def _background(rng: np.random.Generator, mixing: Mixing) -> dict[str, Any]:
    """What is beneath the voices: a texture of the bank or coloured noise that is heard, else faint noise or nothing.

    Every draw is made in every case, so that one share does not change what another one draws.
    """
    texture = TEXTURES[int(rng.integers(len(TEXTURES)))]
    seed, gain = int(rng.integers(1 << 48)), round(float(rng.uniform(*mixing.background_db)), 2)
    colour = tuple(COLOURS)[int(rng.integers(len(COLOURS)))]
    noise_seed, faint = int(rng.integers(1 << 48)), round(float(rng.uniform(*mixing.noise_db)), 1)
    heard, is_texture, quiet = (float(x) for x in rng.random(3))
    if heard < mixing.background:
        if is_texture < 0.5:
            return {"texture": (texture, seed, gain), "noise": None}
        # As loud as a texture would be: the common level of all sources is -26 dBFS.
        return {"noise": {"colour": colour, "level_db": round(gain - 26.0, 1), "seed": noise_seed}}
    if quiet < 0.5:
        return {"noise": {"colour": colour, "level_db": faint, "seed": noise_seed}}
    return {"noise": None}


def unheard(clip: Clip, recordings: Recordings) -> Spoilt | None:
    """The speaker that the rendered clip does not let hear alone (``dialogue.inaudible``); None if all are heard.

    Rendered twice: as it is, and without any voice.
    """
    assert clip.timeline is not None
    assert clip.audio.recipe is not None
    recipe, events = clip.audio.recipe, clip.timeline.events
    mix = _power(render(recipe, recordings))
    voices = [i for i, e in enumerate(events) if e.speaker]
    silent = {**recipe, "events": [e for i, e in enumerate(recipe["events"]) if i not in voices]}
    if recipe.get("room") is not None:
        places = [p for i, p in enumerate(recipe["room"]["places_m"]) if i not in voices]
        silent["room"] = {**recipe["room"], "places_m": places} if places else None
    floor = _power(render(silent, recordings)) + 1e-9
    loud = 10.0 * np.log10((mix + 1e-12) / floor[: mix.shape[0]]) >= ABOVE_DB
    speaking: dict[str, np.ndarray] = {}
    for e in events:
        if e.speaker:
            frames = speaking.setdefault(e.speaker, np.zeros(mix.shape[0], dtype=bool))
            frames[e.start // _FRAME : -(-e.end // _FRAME)] = True
    count = sum(x.astype(np.int64) for x in speaking.values())
    for speaker, frames in speaking.items():
        alone = int(np.sum(frames & (count == 1) & loud)) * _FRAME / RATE
        needed = min(ALONE_S, SHORT * int(np.sum(frames)) * _FRAME / RATE)
        if alone < needed:
            return Spoilt(
                "dialogue.inaudible", f"{speaker} is heard alone for {alone:.2f} s; {needed:.2f} s are needed"
            )
    return None


_FRAME: Final = RATE // 100


def _power(x: np.ndarray) -> np.ndarray:
    """Mean power of frames of 10 ms, float64 [n // 160]."""
    frames = x[: x.shape[0] // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    return np.asarray(np.mean(np.square(frames), axis=1))
