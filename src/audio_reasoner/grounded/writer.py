"""Writes sentences from patterns with alternatives, chosen by seed.

Decision: variety comes from small alternatives inside sentences, "[First|At the start], {x} [is heard|sounds]",
rather than from a language model: a few dozen patterns give thousands of wordings, all of them read by us. A pattern
(and an alternative) is chosen the more often the more wordings it holds, up to `MOST_WEIGHT`, because evenly chosen
patterns let the plainest one stand in every fourth chain. A writer never repeats a sentence within one chain and
prefers patterns it has not used yet.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np

from audio_reasoner.grounded.language import capital

MOST_WEIGHT = 64
"""A pattern of more wordings is not chosen more often, so that short patterns stay in use."""


class _Alternatives(tuple[tuple["str | _Alternatives", ...], ...]):
    """Alternatives, each a sequence of text and further alternatives."""

    __slots__ = ()


_Sequence = tuple["str | _Alternatives", ...]


@lru_cache(maxsize=65536)
def _count(nodes: _Sequence) -> int:
    """How many wordings a sequence holds."""
    return math.prod(sum(map(_count, n)) for n in nodes if not isinstance(n, str))


@lru_cache(maxsize=65536)
def _steps(branches: tuple[_Sequence, ...]) -> tuple[int, ...]:
    """The branches' weights, summed up."""
    return tuple(accumulate(min(_count(b), MOST_WEIGHT) for b in branches))


@lru_cache(maxsize=4096)
def _choice(patterns: tuple[str, ...]) -> tuple[int, ...]:
    return _steps(tuple(compile_pattern(p) for p in patterns))


def wordings(patterns: Sequence[str]) -> int:
    """How many different texts some patterns hold.

    >>> wordings(["[a|b] c[ d|]", "e"])
    5
    """
    return sum(_count(compile_pattern(p)) for p in patterns)


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> _Sequence:
    """Parse "[a|b[c|d]]" into a tree.

    Raises:
        ValueError: brackets do not match.
    """
    tokens = re.findall(r"[\[\]|]|[^\[\]|]+", pattern)
    position = 0

    def sequence(depth: int) -> _Sequence:
        nonlocal position
        out: list[str | _Alternatives] = []
        while position < len(tokens):
            t = tokens[position]
            if t == "[":
                position += 1
                branches = [sequence(depth + 1)]
                while position < len(tokens) and tokens[position] == "|":
                    position += 1
                    branches.append(sequence(depth + 1))
                if position >= len(tokens) or tokens[position] != "]":
                    raise ValueError(f"unclosed alternative in {pattern!r}")
                position += 1
                out.append(_Alternatives(tuple(branches)))
            elif t in "|]" and depth:
                break
            elif t == "]":
                raise ValueError(f"unopened alternative in {pattern!r}")
            else:
                out.append(t)
                position += 1
        return tuple(out)

    return sequence(0)


class Writer:
    """Chooses patterns and alternatives for one chain."""

    def __init__(self, rng: np.random.Generator) -> None:
        # Many small draws: a block of floats costs less than a call per draw.
        self._rng = rng
        self._draws: list[float] = []
        self._used_patterns: set[str] = set()
        self._used_sentences: set[str] = set()

    def draw(self, n: int) -> int:
        """A number from 0 to n - 1."""
        if not self._draws:
            self._draws = self._rng.random(256).tolist()
        return int(self._draws.pop() * n)

    def chance(self, p: float) -> bool:
        """True with probability `p`."""
        return self.draw(1000) < p * 1000

    def _expand(self, nodes: _Sequence) -> str:
        return "".join(n if isinstance(n, str) else self._expand(n[self._weighted(_steps(n))]) for n in nodes)

    def _weighted(self, steps: tuple[int, ...]) -> int:
        """An index, drawn by weights that have been summed up."""
        return bisect_right(steps, self.draw(steps[-1]))

    def bit(self, pattern: str, **slots: str) -> str:
        """A fragment from one pattern, without sentence rules."""
        return self._expand(compile_pattern(pattern)).format_map(slots)

    def clause(self, patterns: Sequence[str], **slots: str) -> str:
        """A part of a sentence from one of the patterns, one that this chain has not used yet if there is any."""
        text = ""
        for _ in range(8):
            text = self.bit(patterns[self._weighted(_choice(tuple(patterns)))], **slots)
            if text not in self._used_sentences:
                break
        self._used_sentences.add(text)
        return text

    def say(self, patterns: Sequence[str], **slots: str) -> str:
        """One sentence from one of the patterns, new within this chain, with a capital letter and single spaces."""
        fresh = tuple(p for p in patterns if p not in self._used_patterns) or tuple(patterns)
        text = ""
        for _ in range(8):
            pattern = fresh[self._weighted(_choice(fresh))]
            text = capital(" ".join(self.bit(pattern, **slots).split()).replace(" ,", ",").replace(" .", "."))
            if text not in self._used_sentences:
                self._used_patterns.add(pattern)
                break
        self._used_sentences.add(text)
        return text
