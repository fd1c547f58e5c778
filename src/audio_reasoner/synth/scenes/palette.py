"""What a plan draws its sounds from: the procedural bank, banks of recordings, or both.

Decision: leak-free by construction. A recording sounds in many scenes, so single scenes cannot be put on one side of a
split or the other. The recordings are therefore divided into pools by their `group` before anything is planned, a scene
draws from one pool only, and its own group is that pool: whoever splits by group never hears a recording on both
sides. Renders of the procedural bank belong to one scene each and need no pool.

Classes come equally often although some stand in the way of others: two classes that a listener could confuse never
meet in a scene, so a class with many relatives would be drawn less; its weight makes up for that.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from audio_reasoner.checks.ontology import confusable
from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank.render import CLASSES, EVENT_CLASSES, TRACK_CLASSES
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.instruments import INSTRUMENTS
from audio_reasoner.synth.scenes.phrase import phrase_source
from audio_reasoner.synth.scenes.settings import Settings
from audio_reasoner.synth.scenes.weights import Related, event_weights, mix_weights
from audio_reasoner.synth.store import SourceInfo

PHRASES: Final = "instruments"
"""Name of the bank of phrases."""
PROCEDURAL_LICENCE: Final = "CC0-1.0"
UNKNOWN_LICENCE: Final = "LicenseRef-unknown"
TRACK_RECORDING: Final = 4 * RATE
"""Samples from which on a recording counts as a texture that may become a long track; it is repeated to fill it."""
LOOP_FADE: Final = RATE // 2
"""Samples over which a repeated recording is blended with its beginning."""
MAX_POOLS: Final = 10
TEST_SHARE: Final = 0.2
SPLITS: Final = ("train", "test")


Fades = dict[str, int]
"""`fade_in` and `fade_out` of an event, samples, where it has any."""
CUT_FADES: Final = (80, 320)
"""Samples; as at the ends of a recording in a bank."""


class Bank(Protocol):
    """A bank of recordings, as `synth.recordings.bank.open_bank` gives it."""

    def __iter__(self) -> Iterator[SourceInfo]:
        """Every recording it holds."""


@dataclass(frozen=True)
class Take:
    """One recording that may sound in a scene; `length` in samples."""

    key: str
    length: int
    licence: str | None
    single: bool = True
    """Whether it holds one event, so that it may be counted."""
    firm: tuple[int, int] = (0, 0)
    """The stretch, in samples, that is as loud as the whole: parts are taken from there (see `takes.firm_stretch`)."""

    @property
    def texture(self) -> bool:
        """Whether it may become a long track: a struck bell, repeated, would swell and fade and be no background."""
        return (self.firm[1] - self.firm[0] if self.single else self.length) >= TRACK_RECORDING

    def part(self, rng: np.random.Generator, length: int) -> tuple[dict[str, Any], Fades]:
        """`length` samples of it as a recipe's source, and the short fades that a cut needs so as not to click."""
        low, high = self.firm if self.single else (0, self.length)
        last = self.length - length
        first = min(_draw(rng, low, max(low, high - length)), last)
        ends = (("fade_in", CUT_FADES[0], first > 0), ("fade_out", CUT_FADES[1], first < last))
        return {"key": self.key, "from": first}, {name: n for name, n, cut in ends if cut}


@dataclass(frozen=True)
class Choice:
    """Labels to draw from, with the weights that make them come equally often."""

    labels: tuple[str, ...]
    weights: np.ndarray
    conflicts: dict[str, frozenset[str]]

    def fresh(
        self, rng: np.random.Generator, taken: Iterable[str] = (), first: frozenset[str] = frozenset()
    ) -> Iterator[str]:
        """Labels in random order, those of `first` before the others.

        Each is confusable with none before it nor with any of `taken`.
        """
        barred: set[str] = set()
        for label in taken:
            barred |= self.conflicts.get(label) or {x for x in self.labels if confusable(x, label)}
        order = [self.labels[i] for i in np.argsort(rng.standard_exponential(len(self.labels)) / self.weights)]
        for label in sorted(order, key=lambda x: x not in first) if first else order:
            if label not in barred:
                barred |= self.conflicts[label]
                yield label


Makers = dict[str, tuple[tuple[Take, ...] | None, ...]]
"""Who can make the sounds of a label: we ourselves (None), recordings, or either with equal chances."""


@dataclass(frozen=True)
class Pool:
    """The part of a palette that one scene draws from; `name` and `split` are None where nothing is recorded."""

    name: str | None
    split: str | None
    events: Choice
    tracks: Choice
    targets: Choice
    """Events again, with the weights that make them come equally often beside tracks."""
    short: Makers
    long: Makers

    def event(
        self, rng: np.random.Generator, label: str, low: int, high: int
    ) -> tuple[dict[str, Any], int, str, Fades]:
        """A sound of that label between `low` and `high` samples long: its source, its length, its licence, its fades.

        A recording is used whole where it fits and cut where only longer ones are left.
        """
        take = _pick(rng, self.short[label])
        if take is None:
            return _procedural(rng, label), _draw(rng, low, high), PROCEDURAL_LICENCE, {}
        if take.length <= high:
            return {"key": take.key, "from": 0}, take.length, take.licence or UNKNOWN_LICENCE, {}
        length = _draw(rng, low, high)
        source, fades = take.part(rng, length)
        return source, length, take.licence or UNKNOWN_LICENCE, fades

    def track(self, rng: np.random.Generator, label: str, low: int, high: int) -> tuple[dict[str, Any], int, str]:
        """A long sound of that label; a recording that is too short is repeated."""
        take, length = _pick(rng, self.long[label]), _draw(rng, low, high)
        if take is None and label in INSTRUMENTS:
            return phrase_source(rng, label, length), length, PROCEDURAL_LICENCE
        if take is None:
            return _procedural(rng, label), length, PROCEDURAL_LICENCE
        licence = take.licence or UNKNOWN_LICENCE
        first, end = take.firm if take.single else (0, take.length)
        if end - first >= length:
            return take.part(rng, length)[0], length, licence  # every track fades in and out
        loop = {"length": end - first, "fade": min(LOOP_FADE, (end - first) // 4)}
        return {"key": take.key, "from": first, "loop": loop}, length, licence


def _draw(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def _procedural(rng: np.random.Generator, label: str) -> dict[str, Any]:
    # 48 bits: exact in every JSON reader, also in those that keep numbers as doubles.
    return {"class": label, "seed": int(rng.integers(1 << 48))}


def _pick(rng: np.random.Generator, makers: Sequence[tuple[Take, ...] | None]) -> Take | None:
    takes = makers[int(rng.integers(len(makers)))] if len(makers) > 1 else makers[0]
    return None if takes is None else takes[int(rng.integers(len(takes)))]


@dataclass(frozen=True)
class Palette:
    """Everything a plan may use; `mark` names the recordings by content, empty where there are none."""

    pools: tuple[Pool, ...]
    mark: str
    sources: str | None
    left_out: dict[str, int]
    """Recordings that no scene can use, by reason."""


def make_palette(
    banks: Sequence[Bank | str | None],
    classes: Sequence[str] | None,
    s: Settings,
    split: str | None,
    sources: str | None = None,
) -> Palette:
    """Divide banks into pools and weigh their classes.

    Args:
        banks: banks of recordings; None stands for the procedural bank, "instruments" for phrases as tracks.
        classes: labels to draw from; None is all.
        s: how long and how many the sounds of a scene are.
        split: take only the pools of "train" or "test"; None takes all and says for each scene where it belongs.
        sources: where the recordings are found when a scene is rendered.

    Raises:
        ConfigError: ``synth.unknown_class``, ``synth.no_class``, ``synth.empty_bank``, ``synth.no_split``.
    """
    ours = (set(CLASSES) if None in banks else set()) | (set(INSTRUMENTS) if PHRASES in banks else set())
    infos = list({i.key: i for b in banks if b is not None and not isinstance(b, str) for i in b}.values())
    splits = sorted({*SPLITS, *(_said(i) for i in infos if _said(i))})
    if split is not None and split not in splits:
        raise ConfigError(f"the split is {split!r}; known are {', '.join(splits)}.", code="synth.no_split")
    known = sorted({i.label for i in infos} | ours)
    if not known:
        raise ConfigError(
            "the bank holds no sound.", code="synth.empty_bank", hint="Look at it with 'audio-reasoner synth bank'."
        )
    wanted = _wanted(known, classes)
    left: Counter[str] = Counter()
    usable = [i for i in infos if i.label in wanted]
    short_low, short_high = (math.ceil(x * RATE) for x in s.event_seconds)
    left["of other classes"] = len(infos) - len(usable)
    left[f"shorter than {short_low / RATE:g} s"] = sum(i.length < short_low for i in usable)
    usable = [i for i in usable if i.length >= short_low]
    several = "with several events, too short for a track"
    left[several] = sum(_several(i) and i.length < TRACK_RECORDING for i in usable)
    usable = [i for i in usable if not _several(i) or i.length >= TRACK_RECORDING]
    conflicts = _conflicts(sorted(wanted))
    own = wanted & ours
    mark = bank_mark(infos) if infos else ""
    pools = []
    for number, (side, short, long) in enumerate(_parts(usable, own, short_high, conflicts, s)):
        if (split is None or side in (None, split)) and (short or long):
            name = f"{mark}/{number}" if usable else None
            pools.append(Pool(name, side or split, *_choices(short, long, conflicts, s), short, long))
    if not pools:
        raise ConfigError(
            f"no recording is left for the split {split!r}." if split else "no recording of the bank can be used.",
            code="synth.no_split" if split else "synth.empty_bank",
            hint="A split needs classes with recordings of at least two groups."
            if split
            else f"Left out: {', '.join(f'{n:,} {why}' for why, n in left.items() if n)}.",
        )
    return Palette(tuple(pools), mark, sources, {why: n for why, n in left.items() if n})


def _wanted(known: Sequence[str], classes: Sequence[str] | None) -> set[str]:
    if classes is None:
        return set(known)
    unknown = sorted(set(classes) - set(known))
    shown = ", ".join(known[:60]) + (f" and {len(known) - 60:,} more" if len(known) > 60 else "")
    if unknown:
        raise ConfigError(
            f"unknown sound class {', '.join(map(repr, unknown))}",
            code="synth.unknown_class",
            hint=f"The bank has: {shown}.",
        )
    if not classes:
        raise ConfigError("no sound class given", code="synth.no_class", hint=f"Choose from: {shown}.")
    return set(classes)


def _conflicts(labels: Sequence[str]) -> dict[str, frozenset[str]]:
    """For each label those that must not stand beside it, itself included."""
    found: dict[str, set[str]] = {x: {x} for x in labels}
    for i, a in enumerate(labels):
        for b in labels[:i]:
            if confusable(a, b):
                found[a].add(b)
                found[b].add(a)
    return {x: frozenset(y) for x, y in found.items()}


def _parts(
    usable: Sequence[SourceInfo], own: set[str], high: int, conflicts: dict[str, frozenset[str]], s: Settings
) -> list[tuple[str | None, Makers, Makers]]:
    """The pools with their splits and what each can make: as many as leave none without what the scenes need."""
    found: list[tuple[str | None, Makers, Makers]] = []
    for most in range(MAX_POOLS, 0, -1):
        sides = _sides(usable, most)
        if found and len(sides) == len(found):
            continue
        found = []
        for side, part in sides:
            by_label: dict[str, list[Take]] = defaultdict(list)
            for i in part:
                by_label[i.label].append(_take(i))
            found.append((side, *_makers(by_label, own, high)))
        if all(
            (short or s.kind == "composite") and (s.kind == "temporal" or len(_with_partner(long, conflicts)) > 1)
            for _, short, long in found
        ):
            break
    return found


def _choices(
    short: Iterable[str], long: Iterable[str], conflicts: dict[str, frozenset[str]], s: Settings
) -> tuple[Choice, Choice, Choice]:
    """What a pool's scenes choose from: events, tracks, and events that stand beside tracks."""
    events, tracks = sorted(short), sorted(_with_partner(long, conflicts))

    def related(rows: Sequence[str], columns: Sequence[str]) -> Related:
        return tuple(tuple(c in conflicts[r] for c in columns) for r in rows)

    def choice(labels: Sequence[str], weights: np.ndarray) -> Choice:
        return Choice(tuple(labels), weights, {x: conflicts[x] for x in labels})

    among = related(events, events)
    alone = np.ones(len(events))
    if s.kind != "composite" and events:
        alone = event_weights(among, s.min_events, s.max_events, s.repeat_probability)
    front, beside = np.ones(len(tracks)), np.ones(len(events))
    if s.kind != "temporal" and tracks:
        front, beside = mix_weights(related(tracks, tracks), among, related(tracks, events), s.tracks, s.targets)
    return choice(events, alone), choice(tracks, front), choice(events, beside)


def _with_partner(labels: Iterable[str], conflicts: dict[str, frozenset[str]]) -> list[str]:
    """Those labels that can stand beside at least one other."""
    among = set(labels)
    return [x for x in among if among - conflicts[x]]


def _makers(by_label: dict[str, list[Take]], procedural: set[str], high: int) -> tuple[Makers, Makers]:
    short: Makers = {}
    long: Makers = {}
    for label in sorted({*by_label, *procedural}):
        takes = sorted(by_label.get(label, ()), key=lambda t: t.key)
        single = tuple(t for t in takes if t.single)
        whole = tuple(t for t in single if t.length <= high) or single
        textures = tuple(t for t in takes if t.texture)
        own = label in procedural
        if events := (*((None,) if own and label in EVENT_CLASSES else ()), *((whole,) if whole else ())):
            short[label] = events
        if tracks := (
            *((None,) if own and (label in TRACK_CLASSES or label in INSTRUMENTS) else ()),
            *((textures,) if textures else ()),
        ):
            long[label] = tracks
    return short, long


def bank_mark(infos: Iterable[SourceInfo]) -> str:
    """A bank by its content: equal wherever it lies, another as soon as a recording or what is said of it changes."""
    facts = sorted((i.key, i.label, i.group, _said(i)) for i in infos)
    return ids.digest({"recordings": [list(f) for f in facts]}).hex()[:8]


def _several(info: SourceInfo) -> bool:
    return info.extra.get("kind") == "several"


def _take(info: SourceInfo) -> Take:
    # A bank made before this was measured counts as loud throughout.
    first, end = info.extra.get("firm") or (0, info.length)
    return Take(info.key, info.length, info.licence, not _several(info), (first, end))


def _said(info: SourceInfo) -> str:
    """The split that the recording's owner gave it."""
    return str(info.extra.get("split") or "")


def _sides(infos: Sequence[SourceInfo], most: int) -> list[tuple[str | None, list[SourceInfo]]]:
    """Pools with the split each belongs to: as the recordings' owner said, else the last fifth of them for testing."""
    if not infos:
        return [(None, [])]
    if any(_said(i) for i in infos):
        of_split: dict[str, list[SourceInfo]] = defaultdict(list)
        at: dict[str, str] = {}
        for i in infos:
            side = _said(i) or "train"
            if at.setdefault(i.group, side) != side:
                raise ConfigError(
                    f"recordings of the group {i.group!r} are said to belong to {at[i.group]!r} and to {side!r}.",
                    code="synth.split_leak",
                    hint="Give all recordings of a group the same split in the bank's labels file.",
                )
            of_split[side].append(i)
        return [(side, part) for side in sorted(of_split) for part in _divide(of_split[side], most, 0.0)]
    parts = _divide(infos, most, TEST_SHARE)
    tests = _tests(len(parts), TEST_SHARE)
    return [("test" if n >= len(parts) - tests else "train", part) for n, part in enumerate(parts)]


def _tests(pools: int, share: float) -> int:
    return max(1, round(share * pools)) if share and pools > 1 else 0


def _divide(infos: Sequence[SourceInfo], most: int, test_share: float) -> list[list[SourceInfo]]:
    """Recordings in at most `most` pools that share no group, each class spread over them as its groups allow.

    The last pools, those for testing, hold about `test_share` of a class together.
    """
    groups: dict[str, list[SourceInfo]] = defaultdict(list)
    of_label: dict[str, set[str]] = defaultdict(set)
    for i in infos:
        groups[i.group].append(i)
        of_label[i.label].add(i.group)
    several = [len(g) for g in of_label.values() if len(g) > 1]
    if not several:
        return [list(infos)]
    count = min(min(several), most)
    pools: list[list[SourceInfo]] = [[] for _ in range(count)]
    held: list[Counter[str]] = [Counter() for _ in range(count)]
    tests = _tests(count, test_share)
    part = [(1.0 - test_share * (tests > 0)) / (count - tests)] * (count - tests) + [test_share / max(tests, 1)] * tests
    placed: set[str] = set()
    # Rare classes choose first: three groups in three pools must not find two of them already together.
    for label in sorted(of_label, key=lambda x: (len(of_label[x]), x)):
        for group in sorted(of_label[label] - placed, key=lambda g: ids.derive_seed(0, "pool", g)):
            # The training side, the lower numbers, gets what cannot be shared.
            where = min(range(count), key=lambda p: (held[p][label] / part[p], p))
            pools[where] += groups[group]
            held[where].update(i.label for i in groups[group])
            placed.add(group)
    return pools
