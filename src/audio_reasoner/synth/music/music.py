"""Plans clips of music: traits drawn evenly, a piece written for them, and everything known about it told.

Decision: item `i` is a function of (seed, i) and the choice of instruments alone. Each trait (metre, key, direction,
dynamics, number of instruments, tempo) is balanced within blocks of consecutive items, independently of the others, so
that no answer is likelier than another. Who plays the melody and who comes in first are drawn by lot among the
instruments of a piece, so that neither can be guessed from their names. A fact is told only where it can be heard: a
metre where something marks it, chords where a part plays them through, a change of loudness only where all play from
the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.harmony import PROGRESSIONS, Key, estimate_key
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Label, Timeline
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.compose import BEATS, DIRECTIONS, DYNAMICS, METRES, Part, Traits, sudden_beat, write
from audio_reasoner.synth.music.instruments import INSTRUMENTS, MELODIC
from audio_reasoner.synth.recipes import COLOURS, KIND_MUSIC, RECIPE_VERSION

SOURCE: Final = "synth-music"
LICENCE: Final = "CC0-1.0"
TEMPI: Final = (50.0, 180.0)
"""Beats per minute, evenly by ratio."""
SECONDS: Final = (6.0, 24.5)
LEAST_LONGEST_S: Final = 11.5
"""The least that `max_seconds` can be: four bars of 6/8 at the slowest tempo, and what is before and after them."""
_AROUND_S: Final = 1.6
"""At most so much before and after a piece: silence, and the last note ringing on."""
"""Least and greatest length of a piece."""
ENTRY_GAP_S: Final = 1.2
"""Two instruments that enter one after the other do so at least this far apart."""
_GAIN: Final = {"melody": 0.0, "solo": 0.0, "chords": -7.0, "bass": -5.0, "drums": -9.0}
_WITH: Final[dict[int, tuple[tuple[tuple[str, ...], float], ...]]] = {
    1: (((), 1.0),),
    2: ((("chords",), 0.6), (("bass",), 0.2), (("drums",), 0.2)),
    3: ((("chords", "bass"), 0.5), (("chords", "drums"), 0.5)),
    4: ((("chords", "bass", "drums"), 1.0),),
}
"""What joins the melody in a piece of so many instruments, with its share."""


def plan_music(
    n: int, seed: int, *, instruments: Sequence[str] | None = None, start: int = 0, max_seconds: float | None = None
) -> Iterator[Clip]:
    """Plan `n` clips of music, items ``start … start + n - 1`` of the endless sequence that belongs to `seed`.

    Args:
        n: number of clips.
        seed: the sequence; use different seeds for training and testing.
        instruments: names to draw from (`INSTRUMENTS`), at least one of them melodic; None means all.
        start: number of the first item.
        max_seconds: longest piece, 10 and more. Tempi stay even; a slow piece then has one of the metres whose four
            bars fit.

    Raises:
        ConfigError: ``synth.unknown_instrument``, ``synth.no_melody``, ``synth.bad_range``.

    >>> [e.label for e in next(plan_music(1, 7)).timeline.events]  # doctest: +SKIP
    ['violin', 'guitar', 'drums']
    """
    chosen = check_instruments(instruments)
    if n < 0 or start < 0:
        raise ConfigError(f"cannot plan {n} clips from number {start}.", code="synth.bad_range")
    if max_seconds is not None and not LEAST_LONGEST_S <= max_seconds <= SECONDS[1]:
        raise ConfigError(
            f"pieces of at most {max_seconds:g} s cannot be planned.",
            code="synth.bad_range",
            hint=f"Give {LEAST_LONGEST_S:g} to {SECONDS[1]:g} seconds: the slowest four bars need as long.",
        )
    return (_clip(seed, i, chosen, max_seconds) for i in range(start, start + n))


def check_instruments(names: Sequence[str] | None) -> tuple[str, ...]:
    """The chosen instruments in alphabetical order.

    Raises:
        ConfigError: ``synth.unknown_instrument`` or ``synth.no_melody``.
    """
    if names is None:
        return tuple(sorted(INSTRUMENTS))
    unknown = sorted(set(names) - set(INSTRUMENTS))
    if unknown:
        raise ConfigError(
            f"unknown instrument {', '.join(map(repr, unknown))}.",
            code="synth.unknown_instrument",
            hint=f"There are: {', '.join(INSTRUMENTS)}.",
        )
    if not set(names) & set(MELODIC):
        raise ConfigError(
            "no instrument that can play a melody was chosen.",
            code="synth.no_melody",
            hint=f"Choose at least one of: {', '.join(MELODIC)}.",
        )
    return tuple(sorted(set(names)))


def _even(seed: int, what: str, index: int, width: int) -> int:
    """0 … width - 1 for item `index`: each block of `width` items holds every number once."""
    order = np.random.default_rng(ids.derive_seed(seed, f"music/{what}", index // width)).permutation(width)
    return int(order[index % width])


def _parts(rng: np.random.Generator, count: int, chosen: Sequence[str]) -> tuple[tuple[str, str], ...]:
    melodic = [x for x in chosen if x in MELODIC]
    ways = [
        (roles, share)
        for roles, share in _WITH[count]
        if all(r in chosen for r in roles if r != "chords") and ("chords" not in roles or len(melodic) > 1)
    ]
    shares = np.array([share for _, share in ways])
    roles = ways[int(rng.choice(len(ways), p=shares / shares.sum()))][0]
    players = [melodic[int(i)] for i in rng.permutation(len(melodic))[:2]]
    lead = "solo" if count == 1 and INSTRUMENTS[players[0]].chords else "melody"
    return ((players[0], lead), *((players[1] if r == "chords" else r, r) for r in roles))


def _counts(chosen: Sequence[str]) -> list[int]:
    melodic = sum(x in MELODIC for x in chosen)
    out = []
    for count, ways in _WITH.items():
        if any(all(r in chosen for r in rs if r != "chords") and ("chords" not in rs or melodic > 1) for rs, _ in ways):
            out.append(count)
    return out


def traits_of(
    seed: int, index: int, chosen: Sequence[str], rng: np.random.Generator, max_seconds: float | None = None
) -> Traits:
    """What item `index` is to be."""
    longest = SECONDS[1] if max_seconds is None else max_seconds - _AROUND_S
    metre = METRES[_even(seed, "metre", index, len(METRES))]
    slot = (_even(seed, "tempo", index, 6) + float(rng.random())) / 6.0
    bpm = float(round(TEMPI[0] * (TEMPI[1] / TEMPI[0]) ** slot))
    tonality = _even(seed, "key", index, 24)
    key = Key(tonality % 12, "major" if tonality < 12 else "minor")
    counts = _counts(chosen)
    parts = _parts(rng, counts[_even(seed, "count", index, len(counts))], chosen)
    patterns = PROGRESSIONS[key.mode]
    if max_seconds is not None and 4 * BEATS[metre] * 60.0 / bpm > longest:
        short = [m for m in METRES if 4 * BEATS[m] * 60.0 / bpm <= longest]
        metre = short[int(rng.integers(len(short)))]
    bar = BEATS[metre] * 60.0 / bpm
    # Of short pieces the lower bound asks too much: four fast bars may last three seconds.
    least = SECONDS[0] if max_seconds is None else 0.0
    fitting = [b for b in range(4, 64, 4) if least <= b * bar <= longest]
    staggered = len(parts) > 1 and _even(seed, "entries", index, 2) == 1
    if staggered:
        fitting = [b for b in fitting if b * bar / len(parts) >= 2.0] or fitting[-1:]
        fitting = [b for b in fitting if b >= 8] or fitting
    bars = fitting[int(rng.integers(len(fitting)))]
    entries = [0] * len(parts)
    if staggered:
        step = max(bars // len(parts), 1)
        gap = min(max(1, int(np.ceil(ENTRY_GAP_S / bar))), step)
        at = 0
        for i in rng.permutation(len(parts)):
            entries[int(i)] = at
            at += int(rng.integers(gap, step + 1))
    direction = DIRECTIONS[_even(seed, "direction", index, len(DIRECTIONS))]
    dynamics = "steady" if staggered else DYNAMICS[_even(seed, "dynamics", index, len(DYNAMICS))]
    degrees = patterns[int(rng.integers(len(patterns)))]
    return Traits(metre, bpm, key, degrees, bars, direction, dynamics, parts, tuple(entries))


@dataclass(frozen=True)
class Voice:
    """One instrument of a clip as it goes into the recipe: notes from the clip's beginning, in samples."""

    instrument: str
    notes: tuple[tuple[int, int, int, float], ...]
    gain_db: float
    seed: int
    style: str | None = None


def _clip(seed: int, index: int, chosen: tuple[str, ...], max_seconds: float | None) -> Clip:
    rng = np.random.default_rng(ids.derive_seed(seed, "music", index))
    traits = traits_of(seed, index, chosen, rng, max_seconds)
    louder = bool(rng.random() < 0.5)
    written = write(traits, rng, louder)
    lead = int(rng.uniform(0.1, 0.5) * RATE)
    staggered = len(set(traits.entries)) > 1
    voices = [
        Voice(
            p.instrument,
            tuple((a + lead, n, pitch, db) for a, n, pitch, db in p.notes),
            round(_GAIN[p.role] + float(rng.uniform(-1.0, 1.0)), 1),
            int(rng.integers(1 << 48)),
            None if staggered else traits.dynamics,
        )
        for p in written
    ]
    order = sorted(range(len(voices)), key=lambda i: (voices[i].notes[0][0], voices[i].instrument))
    change: tuple[str, float] | None = None
    if traits.dynamics == "sudden":
        at = lead / RATE + sudden_beat(traits) * 60.0 / traits.bpm
        change = ("louder" if louder else "softer", at)
    facts = _facts(traits, [written[i] for i in order], [traits.entries[i] for i in order], change)
    place = str(seed)
    if chosen != tuple(sorted(INSTRUMENTS)):
        place += f"-{ids.digest({'instruments': list(chosen)}).hex()[:8]}"
    if max_seconds is not None:
        place += f"-{max_seconds:g}s"
    background = {
        "colour": tuple(COLOURS)[int(rng.integers(len(COLOURS)))],
        "level_db": round(float(rng.uniform(-80.0, -62.0)), 1),
        "seed": int(rng.integers(1 << 48)),
    }
    return clip_of(
        [voices[i] for i in order], facts, seed=seed, source_id=f"{place}/{index:07d}", background=background,
        tail_s=float(rng.uniform(0.1, 0.5)), licence=LICENCE,
    )  # fmt: skip


def waypoints(tune: Sequence[tuple[int, int, int]], most: int = 9) -> list[int]:
    """At most `most` notes of a melody, evenly over its length from the first to the last: MIDI numbers.

    Args:
        tune: start, length, MIDI number.
        most: at least 2.
    """
    starts = [a for a, _, _ in tune]
    k = min(most, len(tune))
    marks = np.linspace(starts[0], starts[-1], k)
    return [tune[int(np.searchsorted(starts, m + 0.5, side="right")) - 1][2] for m in marks]


def _facts(
    traits: Traits, parts: Sequence[Part], entries: Sequence[int], change: tuple[str, float] | None
) -> tuple[Fact, ...]:
    """What can be heard in the piece beyond its events; `parts` in the order of the timeline.

    `change` is a sudden change of loudness: "louder" or "softer", and when, in seconds.
    """
    every = tuple(range(len(parts)))
    out = [Fact(kind="tempo", value=f"{traits.bpm:g}", events=every)]
    marked = tuple(i for i in every if parts[i].role != "melody" and traits.bars - entries[i] >= 3)
    # A bass plays on the beats and does not tell 6/8 from two beats of any kind.
    if any(parts[i].role != "bass" or traits.metre != "6/8" for i in marked):
        out.append(Fact(kind="metre", value=traits.metre, events=marked))
    if _key_is_clear(traits.key, parts):
        out.append(Fact(kind="key", value=traits.key.name, events=tuple(i for i in every if parts[i].role != "drums")))
    # Played through from the first chord of a group of four, so that nobody hears another beginning.
    full = tuple(i for i in every if parts[i].role in ("chords", "solo") and entries[i] % 4 == 0)
    if full:
        names = [traits.key.chord(d) for d in traits.degrees]
        out.append(Fact(kind="chords", value=", ".join(names), events=full))
    for i in every:
        if parts[i].role in ("melody", "solo"):
            if parts[i].direction is not None:
                value = str(parts[i].direction)
                out.append(Fact(kind="direction", value=value, subject=parts[i].instrument, events=(i,)))
                line = ", ".join(traits.key.note(p) for p in waypoints(parts[i].tune))
                out.append(Fact(kind="contour", value=line, subject=parts[i].instrument, events=(i,)))
            if sum(p.role != "drums" for p in parts) > 1:
                out.append(Fact(kind="melody", value=parts[i].instrument, events=(i,)))
    if len(set(entries)) == 1:
        out.append(Fact(kind="dynamics", value=traits.dynamics, events=every))
        if change is not None:
            out.append(Fact(kind="change", value=f"{change[0]} {change[1]:.1f}", events=every))
    return tuple(out)


def _key_is_clear(key: Key, parts: Sequence[Part]) -> bool:
    """Whether one hears the key: chords lead home every fourth bar; a melody over a bass has to show it by its notes.

    A melody alone tells no key, and over a bass its notes fit another one better in one piece out of fourteen.
    """
    roles = {p.role for p in parts}
    if roles & {"chords", "solo"}:
        return True
    if "bass" not in roles:
        return False
    weights = np.zeros(12)
    for p in parts:
        for _, length, pitch, _ in p.notes if p.role != "drums" else ():
            weights[pitch % 12] += length
    return estimate_key(weights.tolist())[0] == key


def clip_of(
    voices: Sequence[Voice],
    facts: tuple[Fact, ...],
    *,
    seed: int,
    source_id: str,
    background: dict[str, Any] | None,
    tail_s: float,
    licence: str | None,
    source: str = SOURCE,
    group: str | None = None,
    origin: dict[str, Any] | None = None,
) -> Clip:
    """The clip of some voices in order of their first note: recipe, timeline, facts and labels.

    Args:
        voices: the instruments; each is one event from its first note to its last note's end.
        facts: what is known of the piece; their `events` are places in `voices`.
        seed: the sequence.
        source_id: the clip's name.
        background: the recipe's background noise, or None.
        tail_s: seconds after the last sound.
        licence: of the music, or None where nobody said.
        source: name of the source.
        group: what must stay on one side of a split; the clip's id if not given.
        origin: where the notes come from, kept in the recipe; rendering does not use it.
    """
    rows: list[dict[str, Any]] = []
    events: list[Event] = []
    for v in voices:
        start = v.notes[0][0]
        last = max(a + n for a, n, _, _ in v.notes)
        length = last + int((INSTRUMENTS[v.instrument].release_s + 0.02) * RATE) - start
        notes = [[a - start, n, pitch, db] for a, n, pitch, db in v.notes]
        rows.append(
            {
                "source": {"instrument": v.instrument, "seed": v.seed, "notes": notes},
                "start": start,
                "length": length,
                "gain_db": v.gain_db,
            }
        )
        events.append(Event(start=start, end=start + length, label=v.instrument, gain_db=v.gain_db, style=v.style))
    length = max(e.end for e in events) + int(tail_s * RATE)
    recipe: dict[str, Any] = {
        "v": RECIPE_VERSION,
        "kind": KIND_MUSIC,
        "rate": RATE,
        "length": length,
        "seed": seed,
        "events": rows,
        "background": background,
        "room": None,
    }
    if origin is not None:
        recipe["origin"] = origin
    names = tuple(sorted({v.instrument for v in voices}))
    labels = [Label(kind="tag", value=x, language="en") for x in names]
    labels += [Label(kind="instrument", value=x, language="en") for x in names]
    for fact in facts:
        if fact.kind in ("tempo", "key", "chords"):
            labels.append(Label(kind=fact.kind, value=fact.value))
    clip_id = ids.clip_id(source, source_id, 0, None)
    return Clip(
        clip_id=clip_id,
        source=source,
        source_id=source_id,
        audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=length / RATE,
        domains=("music",),
        labels=tuple(labels),
        licence=licence,
        group=group or clip_id,
        timeline=Timeline(sample_rate=RATE, length=length, events=tuple(events), facts=facts),
    )
