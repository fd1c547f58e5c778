"""What conversations give one another as wrong options.

Decision: what is offered must be right as often as it is wrong, or its words give it away. So a conversation adds to
the vocabulary exactly the group from which its own question is made: one value, or two of different voices. A question
offers its own group and that of another conversation of the same sort (`head`: the place in the talk, the sides of two
opinions, the shapes of two details), and either could be the one that is asked about. A run keeps a sample of each kind
(see `kind_of`); spread over `SHARDS` it is large, and what is not in the sample is not asked about, because options of
a few sampled talks beside answers of all talks would be known as such.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from audio_reasoner.grounded.story import Story, alike, lines_by_rank, passage, replies_by_rank

_Member = tuple[str, tuple[int, ...], int | None]
SHARDS = 16
FULL = 256
"""From so many entries on, a kind is taken to be a sample."""
JOIN = " ‖ "
"""Stands between the parts of an entry."""
PLAIN = {"scenario": "topic", "name": "name", "agreed": "agreed"}
"""Facts whose values are offered singly, by their name in the vocabulary."""
GROUPED = ("opinion", "intent", "fact", "reply", "line")
KINDS = (*PLAIN.values(), *GROUPED, "talk")
_ENTRY = re.compile(r"(\w+)(?:\[(?:\d+|[a-zA-Z-]+)\])?: (?:\[([a-zA-Z-]+)\] )?(.+)", re.DOTALL)


@dataclass(frozen=True)
class Group:
    """One value or two of a conversation, each with the places that carry it."""

    kind: str
    head: str
    members: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values."""
        return tuple(value for value, _ in self.members)

    def beside(self, value: str) -> dict[str, tuple[int, ...]]:
        """The other one."""
        return {v: turns for v, turns in self.members if v != value}


@dataclass(frozen=True)
class Pool:
    """What the conversations of a run in one language add: plain values, and groups by kind and head."""

    plain: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    talks: tuple[str, ...] = ()

    def holds(self, group: Group) -> bool:
        """Whether a question may be made from a group: it is in the sample, or the pool is no sample."""
        return self.sizes.get(group.kind, 0) < FULL or group.values in self.groups.get((group.kind, group.head), ())


@lru_cache(maxsize=64)
def groups_of(s: Story) -> tuple[Group, ...]:
    """The groups of a conversation."""
    lines = [t.text or "" for t in s.turns]
    opinions = {p.value: p.turns for p in reversed((*s.of("opinion"), *s.of("changed_mind")))}
    found: list[tuple[str, str, list[_Member]]] = [
        ("opinion", "", [(v, t, None) for v, t in reversed(opinions.items())])
    ]
    for kind in ("intent", "fact"):
        points = [
            p for v in range(s.voices) if len(x := s.of(kind, v)) == 1 for p in x if kind != "fact" or once(s, p.value)
        ]
        found.append((kind, "", [(p.value, p.turns, p.voice) for p in points]))
    for rank, places in lines_by_rank(s).items():
        found.append(("line", str(rank), [(passage(lines[i]), (i,), None) for i in places]))
    for rank, pairs in replies_by_rank(s).items():
        told: list[_Member] = [(passage(lines[k]), (i, k), None) for i, k in pairs]
        found.append(("reply", str(rank), [x for x in told if sum(x[0] in line for line in lines) == 1]))
    return tuple(g for kind, head, members in found if (g := _group(kind, head, members)) is not None)


def _group(kind: str, head: str, members: list[_Member]) -> Group | None:
    if not members:
        return None
    value, turns, _ = members[0]
    near = kind != "opinion"  # two sides of one matter share most of their words
    other = next(
        ((v, t) for v, t, _ in members[1:] if v.casefold() != value.casefold() and not (near and alike(v, value))), None
    )
    if other is None:
        return None if kind in ("line", "reply") else Group(kind, sort_of(kind, value), ((value, turns),))
    matters = {x.partition(" ")[2] for x in (value, other[0])}
    same = "=" if kind == "opinion" and len(matters) == 1 else "+"
    head = head or same.join(sorted((sort_of(kind, value), sort_of(kind, other[0]))))
    return Group(kind, head, ((value, turns), other))


def once(s: Story, value: str) -> bool:
    """Whether a detail is said in one turn only."""
    return sum(value.casefold() in (t.text or "").casefold() for t in s.turns) == 1


def entries_of(clip_id: str, s: Story, language: str | None, talk: str) -> Iterator[str]:
    """What a conversation adds to the vocabulary; `talk` says which answers its questions can have."""
    tongue = (language or "en").split("-")[0].lower()
    mark = "" if tongue == "en" else f"[{tongue}] "
    shard = zlib.crc32(clip_id.encode()) % SHARDS
    for kind, name in PLAIN.items():
        for p in s.of(kind):
            yield f"{name}: {mark}{p.value}"
    for g in groups_of(s):
        yield f"{g.kind}[{shard}]: {mark}{JOIN.join((clip_id[-8:], g.head or '-', *g.values))}"
    if talk:
        yield f"talk[{shard}]: {mark}{clip_id[-8:]} {talk}"


_POOLS: list[tuple[tuple[str, ...], str, Pool]] = []
"""The last few pools with their vocabularies: to hash a vocabulary for each question costs more than the question."""


def pool_of(vocabulary: tuple[str, ...], language: str | None) -> Pool:
    """The pool of a run's conversations in one language."""
    tongue = (language or "en").split("-")[0].lower()
    for known, its, pool in _POOLS:
        if known is vocabulary and its == tongue:
            return pool
    pool = _parse(vocabulary, tongue)
    _POOLS.append((vocabulary, tongue, pool))
    del _POOLS[:-4]
    return pool


def _parse(vocabulary: tuple[str, ...], tongue: str) -> Pool:
    plain: dict[str, list[str]] = defaultdict(list)
    groups: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    talks = []
    for word in vocabulary:
        m = _ENTRY.fullmatch(word)
        if m is None or m[1] not in KINDS or (m[2] or "en").lower() != tongue:
            continue
        kind, rest = m[1], m[3]
        if kind == "talk":
            talks.append(rest)
        elif kind in GROUPED:
            _, *parts = rest.split(JOIN)
            if 2 <= len(parts) <= 3:
                groups[kind, "" if parts[0] == "-" else parts[0]].append(tuple(parts[1:]))
                sizes[kind] += 1
        else:
            plain[kind].append(rest)
    return Pool(
        {k: tuple(dict.fromkeys(v)) for k, v in plain.items()},
        {k: tuple(v) for k, v in groups.items()},
        sizes,
        tuple(talks),
    )


def sort_of(kind: str, value: str) -> str:
    """What makes a value the odd one out among others: the side of an opinion, the shape of a detail."""
    if kind == "opinion":
        return value.partition(" ")[0]
    return shape(value) if kind == "fact" else ""


_SHAPES = (
    ("time", r"\bo'?clock\b|\b(?:half|quarter) (?:past|to)\b|\d:\d\d|\b[ap]\.?m\b|\b(?:noon|midnight)\b"),
    (
        "day",
        r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:tomorrow|tonight|weekend|morning|evening|afternoon)\b",
    ),
    ("price", r"\b(?:euros?|dollars?|pounds?|cents?|pence|crowns?|francs?)\b|[€$£]"),
    ("number", r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred)\b"),
)


def shape(value: str) -> str:
    """What sort of detail a fact is, so that a price is never offered among times.

    >>> shape("half past eight"), shape("twelve euros"), shape("platform four"), shape("the blue one")
    ('time', 'price', 'number', 'other')
    """
    return next((name for name, p in _SHAPES if re.search(p, value.casefold())), "other")
