"""Writes sentences from patterns with alternatives, chosen by seed.

Decision: variety comes from small alternatives inside sentences, "[First|At the start], {x} [is heard|sounds]",
rather than from a language model: a few dozen patterns give thousands of wordings, all of them read by us. A writer
never repeats a sentence within one chain and prefers patterns it has not used yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from audio_reasoner.grounded.language import capital


class _Alternatives(tuple[tuple["str | _Alternatives", ...], ...]):
    """Alternatives, each a sequence of text and further alternatives."""

    __slots__ = ()


_Sequence = tuple["str | _Alternatives", ...]


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
        return "".join(n if isinstance(n, str) else self._expand(n[self.draw(len(n))]) for n in nodes)

    def bit(self, pattern: str, **slots: str) -> str:
        """A fragment from one pattern, without sentence rules."""
        return self._expand(compile_pattern(pattern)).format_map(slots)

    def say(self, patterns: Sequence[str], **slots: str) -> str:
        """One sentence from one of the patterns, new within this chain, with a capital letter and single spaces."""
        fresh = [p for p in patterns if p not in self._used_patterns] or list(patterns)
        text = ""
        for _ in range(8):
            pattern = fresh[self.draw(len(fresh))]
            text = capital(" ".join(self.bit(pattern, **slots).split()).replace(" ,", ",").replace(" .", "."))
            if text not in self._used_sentences:
                self._used_patterns.add(pattern)
                break
        self._used_sentences.add(text)
        return text
