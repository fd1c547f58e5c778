"""Plans scenes of several sounds (paper, appendix B): one after the other, or long tracks at once.

Decision: item `i` is a function of (seed, i) and the settings alone. 500 scenes are a prefix of 1,000, workers need
no common state, and a scene that fails can be planned again by its number. The number of events is balanced exactly
within each block of consecutive items; classes are balanced in expectation. Two seeds share no scene and no render of
a procedural event: train with one, test with another. Recordings are shared between scenes; they are kept apart by
pools (see `palette`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip
from audio_reasoner.synth.bank.render import CLASSES
from audio_reasoner.synth.recipes import COLOURS, KIND_COMPOSITE, KIND_TEMPORAL
from audio_reasoner.synth.rooms import draw_room, need_rooms
from audio_reasoner.synth.scenes.composite import lay_composite
from audio_reasoner.synth.scenes.palette import (
    PHRASES,
    PROCEDURAL_LICENCE,
    TEST_SHARE,
    Bank,
    Palette,
    Pool,
    make_palette,
)
from audio_reasoner.synth.scenes.scene import clip_of
from audio_reasoner.synth.scenes.settings import SAME_CLASS_GAP_S, Settings
from audio_reasoner.synth.scenes.temporal import lay_temporal

__all__ = ["LICENCE", "SAME_CLASS_GAP_S", "SOURCE", "plan_complex"]

SOURCE = "synth-complex"
LICENCE = PROCEDURAL_LICENCE
ITEMS_A_TEST = round(1.0 / TEST_SHARE)
FEW_TRACKS = 4
"""With fewer classes of tracks a composite scene says which one its background is before it is heard."""


def plan_complex(
    n: int,
    seed: int,
    *,
    kind: str = "temporal",
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
    crossfade_probability: float = 0.0,
    crossfade_seconds: tuple[float, float] = (0.05, 0.25),
    tracks: tuple[int, int] = (2, 4),
    track_seconds: tuple[float, float] = (10.0, 25.0),
    targets: tuple[int, int] = (0, 3),
    snr_db: tuple[float, float] = (0.0, 10.0),
    plausible_probability: float = 0.0,
    rooms: float = 0.0,
    banks: Sequence[Bank | str | None] = (None,),
    sources: str | None = None,
    split: str | None = None,
    start: int = 0,
    told: Callable[[str], None] | None = None,
) -> Iterator[Clip]:
    """Plan `n` scenes, items ``start … start + n - 1`` of the endless sequence that belongs to `seed`.

    Args:
        n: number of scenes.
        seed: the sequence; use different seeds for training and testing.
        kind: "temporal" (sounds one after the other), "composite" (long tracks at once) or "mixed" (half and half).
        min_events: least number of events in a temporal scene.
        max_events: greatest number of events in a temporal scene.
        classes: labels to draw from; None means all that the banks hold.
        min_gap_s: shortest gap between two events, seconds (neighbours of one class keep at least `SAME_CLASS_GAP_S`).
        max_gap_s: longest gap between two events of different classes, seconds.
        event_seconds: shortest and longest event, seconds.
        edge_seconds: shortest and longest stretch without event at the beginning and at the end, seconds.
        gain_db: range of an event's gain relative to the bank's common level, at most 6 dB: beyond that a scene might
            have to be turned down. (In a scene with crossfades all gains may lie up to 3 dB lower.)
        background_db: range of the background noise in dBFS, at most -20; None for digital silence.
        repeat_probability: chance that an event after the first takes a class the scene already has. With fewer classes
            than events, repeats happen regardless.
        crossfade_probability: chance that two neighbours of different classes blend into each other.
        crossfade_seconds: shortest and longest blend; never more than a third of either event.
        tracks: least and greatest number of tracks in a composite scene, the background among them.
        track_seconds: shortest and longest track, seconds.
        targets: least and greatest number of short sounds in a composite scene.
        snr_db: range of the power of all foreground tracks over that of the background track, dB.
        plausible_probability: chance that a composite scene holds, as far as they go, sounds often heard where its
            background is. The higher it is, the more of the background can be guessed from the other sounds.
        rooms: share of scenes that stand in a room, 0 to 1.
        banks: banks of recordings (`synth.recordings.bank.open_bank`); None in it is the procedural bank,
            "instruments" are phrases on instruments as tracks.
        sources: path of the store in which the recordings are found; several separated as in PATH.
        split: "train" or "test": draw on the recordings of that side only; None takes all and writes into each clip
            where it belongs.
        start: number of the first item.
        told: told what of the banks cannot be used, if anything.

    Raises:
        ConfigError: a setting contradicts itself, a scene could last longer than 30 seconds, or a class cannot be used
            as the kind of scene asks.
        EnvironmentProblem: ``environment.package``: rooms without pyroomacoustics.
    """
    if n < 0 or start < 0:
        raise ConfigError(f"cannot plan {n} scenes from number {start}.", code="synth.bad_range")
    s = Settings(
        kind=kind,
        min_events=min_events,
        max_events=max_events,
        min_gap_s=min_gap_s,
        max_gap_s=max_gap_s,
        event_seconds=event_seconds,
        edge_seconds=edge_seconds,
        gain_db=gain_db,
        background_db=background_db,
        repeat_probability=repeat_probability,
        crossfade_probability=crossfade_probability,
        crossfade_seconds=crossfade_seconds,
        tracks=tracks,
        track_seconds=track_seconds,
        targets=targets,
        snr_db=snr_db,
        plausible_probability=plausible_probability,
        rooms=rooms,
    )
    s.check()
    if rooms > 0.0:
        need_rooms()
    palette = make_palette(banks, classes, s, split, sources)
    _check_palette(palette, s, classes)
    if told is not None and palette.left_out:
        told("recordings left out: " + ", ".join(f"{n:,} {why}" for why, n in palette.left_out.items()))
    alone = _alone(palette, s)
    if told is not None and alone:
        told(
            f"only one class is left, {', '.join(map(repr, alone))}: of such scenes one can ask little but how many; "
            "take more classes or another bank beside it"
        )
    few = min((p.tracks.labels for p in palette.pools), key=len)
    if told is not None and s.kind != "temporal" and len(few) < FEW_TRACKS:
        told(
            f"in part of the scenes only {len(few)} classes can be long tracks, {', '.join(few)}: the background "
            "can be guessed; add recordings of 4 s and more, or '--bank procedural'"
        )
    ours = [x for x in ("procedural", PHRASES) if (None if x == "procedural" else x) in banks]
    place = _place(seed, s, palette, ours, classes, split)
    stream = "complex" if split is None else f"complex/{split}"
    return (_clip(seed, i, s, palette, place, stream) for i in range(start, start + n))


def _check_palette(palette: Palette, s: Settings, classes: Sequence[str] | None) -> None:
    """Refuse classes that could never sound in the scenes asked for."""
    heard: set[str] = set()
    for pool in palette.pools:
        where = f" in part {pool.name}" if pool.name else ""
        if s.kind != "composite" and not pool.short:
            raise ConfigError(
                f"no class{where} can be a short event.",
                code="synth.no_event",
                hint="Take other classes, or --kind composite.",
            )
        if s.kind != "temporal" and len(pool.tracks.labels) < 2:
            raise ConfigError(
                f"a composite scene needs two long tracks that nobody could confuse; there are "
                f"{len(pool.tracks.labels)}{where}.",
                code="synth.too_few_tracks",
                hint="Take more classes, add '--bank procedural', or use longer recordings (4 s and more).",
            )
        heard |= set(pool.short) if s.kind == "temporal" else {*pool.short, *pool.long}
    if classes is not None and set(classes) != set(CLASSES) and (never := sorted(set(classes) - heard)):
        raise ConfigError(
            f"{', '.join(map(repr, never))} cannot sound in {s.kind} scenes.",
            code="synth.no_event",
            hint="These are long textures only (--kind composite), or all their recordings are too short.",
        )


def _alone(palette: Palette, s: Settings) -> list[str]:
    """The classes that have nothing beside them: those of parts in which one class alone can sound."""
    heard = [set(p.short) if s.kind == "temporal" else {*p.short, *p.tracks.labels} for p in palette.pools]
    return sorted({label for labels in heard if len(labels) == 1 for label in labels})


def _place(
    seed: int, s: Settings, palette: Palette, ours: list[str], classes: Sequence[str] | None, split: str | None
) -> str:
    """Name of the endless sequence a scene stands in: the seed, and a mark if the settings are not the usual ones.

    Without the mark, scene 3 of seed 7 with three classes and with twenty would be two clips of one name.
    """
    chosen = None if classes is None or set(classes) == set(CLASSES) else sorted(set(classes))
    if s == Settings() and not palette.mark and ours == ["procedural"] and chosen is None and split is None:
        return str(seed)
    plain = {**s.plain(), "classes": chosen, "banks": [palette.mark, *ours], "split": split}
    return f"{seed}-{ids.digest({'settings': plain}).hex()[:8]}"


@lru_cache(maxsize=1024)
def _order(seed: int, name: str, block: int, width: int) -> tuple[int, ...]:
    return tuple(int(x) for x in np.random.default_rng(ids.derive_seed(seed, name, block)).permutation(width))


def _balanced(seed: int, name: str, index: int, low: int, high: int) -> int:
    """A number from `low` to `high` for item `index`: each block of consecutive items holds every number once."""
    width = high - low + 1
    return low if width == 1 else low + _order(seed, name, index // width, width)[index % width]


def _pool(palette: Palette, seed: int, index: int) -> Pool:
    """The pool of item `index`: of five consecutive items one is for testing, whatever the number of pools."""
    pools = palette.pools
    tests = [p for p in pools if p.split == "test"]
    if tests and len(tests) < len(pools):
        test = _balanced(seed, "complex/split", index, 1, ITEMS_A_TEST) == 1
        pools = tuple(p for p in pools if (p.split == "test") == test)
        # Counted within the side, so that each side goes through its pools evenly.
        index = index // ITEMS_A_TEST if test else index - index // ITEMS_A_TEST
    return pools[_balanced(seed, "complex/pool", index, 0, len(pools) - 1)]


def _clip(seed: int, index: int, s: Settings, palette: Palette, place: str, stream: str) -> Clip:
    rng = np.random.default_rng(ids.derive_seed(seed, stream, index))
    pool = _pool(palette, seed, index)
    composite, nth = s.kind == "composite", index
    if s.kind == "mixed":
        composite, nth = _balanced(seed, "complex/kind", index, 0, 1) == 1, index // 2
    if composite:
        tracks = _balanced(seed, "complex/tracks", nth, *s.tracks)
        targets = _balanced(seed, "complex/targets", nth // (s.tracks[1] - s.tracks[0] + 1), *s.targets)
        laid = lay_composite(rng, s, pool, tracks, targets)
    else:
        laid = lay_temporal(rng, s, pool, _balanced(seed, "complex/block", nth, s.min_events, s.max_events))
    background: dict[str, Any] | None = None
    if s.background_db is not None:
        background = {
            "colour": tuple(COLOURS)[int(rng.integers(len(COLOURS)))],
            "level_db": round(float(rng.uniform(*s.background_db)), 1),
            "seed": int(rng.integers(1 << 48)),
        }
    room = draw_room(rng, [e.label for e in laid.events]) if s.rooms > 0.0 and rng.random() < s.rooms else None
    return clip_of(
        laid,
        kind=KIND_COMPOSITE if composite else KIND_TEMPORAL,
        seed=seed,
        source=SOURCE,
        source_id=f"{place}/{index:07d}",
        background=background,
        room=room,
        group=None if pool.name is None else f"{SOURCE}/{pool.name}",
        split=pool.split,
        sources=palette.sources,
    )
