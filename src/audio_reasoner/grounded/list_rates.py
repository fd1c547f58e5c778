"""What the spoken lists of a run have in common: how many words and voices, and which words.

Decision: as with conversations (`talk_rates.py`), a clip adds one entry to the vocabulary. From these a question about
a number is asked with a probability that makes all its answers equally likely, and wrong options are words of other
lists of the same sort. A run without such entries asks every question.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from audio_reasoner.grounded.known import Turn
from audio_reasoner.grounded.talk_words import JOIN, SHARDS

KIND = "list"
LEAST_SHARE = 0.04
"""A number that is right less often is not asked for."""
_ENTRY = re.compile(r"list\[\d+\]: \S+ voices=(\d+) words=(\d+) of ([^‖]+) ‖ (.+)", re.DOTALL)
VOICES, WORDS = "voices", "words"


def entry_of(clip_id: str, turns: tuple[Turn, ...], sort: str) -> str:
    """What a list adds to the vocabulary; `sort` is what it consists of ("digits")."""
    shard = zlib.crc32(clip_id.encode()) % SHARDS
    numbers = f"voices={len({t.voice for t in turns})} words={len(turns)}"
    return f"{KIND}[{shard}]: {clip_id[-8:]} {numbers} of {JOIN.join((sort, *(t.text or '' for t in turns)))}"


@dataclass(frozen=True)
class ListRates:
    """How often each number of voices and of words comes up, and the words of each sort, by alphabet."""

    counts: dict[str, Counter[int]] = field(default_factory=dict)
    said: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def usual(self, of: str) -> list[int]:
        """The numbers that come up often enough."""
        found = self.counts.get(of, Counter())
        total = sum(found.values())
        return sorted(k for k, n in found.items() if n >= LEAST_SHARE * total)

    def fair(self, of: str, number: int, rng: np.random.Generator) -> bool:
        """Whether to ask a question with this answer; draws once."""
        drawn = float(rng.random())
        usual = self.usual(of)
        if not usual:
            return True
        least = min(self.counts[of][k] for k in usual)
        return number in usual and drawn * self.counts[of][number] < least


_KNOWN: list[tuple[tuple[str, ...], ListRates]] = []
"""The last few vocabularies: to hash one for each question costs more than the question."""


def rates_of(vocabulary: tuple[str, ...]) -> ListRates:
    """The rates of a run's lists."""
    for known, rates in _KNOWN:
        if known is vocabulary:
            return rates
    counts: dict[str, Counter[int]] = {VOICES: Counter(), WORDS: Counter()}
    said: dict[str, set[str]] = defaultdict(set)
    for word in vocabulary:
        if (m := _ENTRY.fullmatch(word)) is not None:
            counts[VOICES][int(m[1])] += 1
            counts[WORDS][int(m[2])] += 1
            said[m[3]].update(m[4].split(JOIN))
    rates = ListRates(counts, {sort: tuple(sorted(words)) for sort, words in said.items()})
    _KNOWN.append((vocabulary, rates))
    del _KNOWN[:-4]
    return rates
