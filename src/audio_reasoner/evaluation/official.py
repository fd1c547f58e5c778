"""MMAU's own matcher, rebuilt from its description, bugs included: the *strict* score.

Decision: a number may be called official only if it is computed as the authors compute it. Their rule compares sets
of words, so order and repetition vanish: "first neutral, then anger" equals "first anger, then neutral", a filler
word that occurs in another choice makes a right reply wrong, and a bare letter is never right. We keep all of that
here and report our own reading beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"\w+")  # greedy, so the same runs as between word boundaries


def words(text: str) -> frozenset[str]:
    """The set of maximal runs of word characters of the lower-cased text.

    >>> sorted(words("Don't: ninety-one!"))
    ['don', 'ninety', 'one', 't']
    """
    return frozenset(_WORD.findall(text.lower()))


class OfficialVerdict(NamedTuple):
    """Whether a reply passes, the answer's words it lacks, and the words of other choices it must not hold."""

    correct: bool
    missing: frozenset[str]
    intruders: frozenset[str]

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        if self.correct:
            return "holds all words of the answer and none that only other choices have"
        parts = []
        if self.missing:
            parts.append(f"lacks {', '.join(sorted(self.missing))}")
        if self.intruders:
            parts.append(f"holds words of other choices: {', '.join(sorted(self.intruders))}")
        return "; ".join(parts) or "holds no words"


@dataclass(frozen=True)
class OfficialKey:
    """The words a reply to one item must and must not hold; `passing` are the choices whose own text passes."""

    wanted: frozenset[str]
    unwanted: frozenset[str]
    passing: frozenset[str]
    passing_at: tuple[bool, ...]

    def judge(self, prediction: str) -> OfficialVerdict:
        """Apply the rule: not empty, all wanted words, no unwanted one."""
        said = words(prediction)
        if not said:
            return OfficialVerdict(False, self.wanted, frozenset())
        missing, intruders = self.wanted - said, self.unwanted & said
        return OfficialVerdict(not missing and not intruders, missing, intruders)

    def passes(self, index: int) -> bool:
        """Whether the text of choice `index` would be counted as right."""
        return self.passing_at[index]


_choice_words = lru_cache(maxsize=16384)(words)  # labels come back in thousands of questions


@lru_cache(maxsize=16384)
def _key(answer: str, choices: tuple[str, ...]) -> OfficialKey:
    wanted = words(answer)
    others = [_choice_words(choice) for choice in choices]
    unwanted = frozenset().union(*(other - wanted for other in others if other != wanted))
    passing_at = tuple(bool(other) and wanted <= other and not other & unwanted for other in others)
    passing = frozenset(choice for choice, passes in zip(choices, passing_at, strict=True) if passes)
    return OfficialKey(wanted, unwanted, passing, passing_at)


def official_key(answer: str, choices: Sequence[str]) -> OfficialKey:
    """Prepare an item. A choice with the same word set as the answer (its duplicate, a permutation) forbids nothing."""
    return _key(answer, tuple(choices))


def official_match(answer: str, prediction: str, choices: Sequence[str]) -> OfficialVerdict:
    """Whether MMAU's script counts `prediction` as right."""
    return official_key(answer, choices).judge(prediction)


def substring_match(answer: str, prediction: str, choices: Sequence[str]) -> bool:
    """MMAU's first rule, of October 2024, on which early leaderboard numbers may rest.

    Right if the reply holds the answer's text and the text of no other choice, letter case aside. Choices are told
    from the answer with their case, so a choice that differs from it in case only makes every reply wrong.

    >>> substring_match("Bell", "a bell.", ["Bell", "dog"]), substring_match("Bell", "bell", ["Bell", "bell"])
    (True, False)
    """
    if not prediction:
        return False
    said = prediction.lower()
    return answer.lower() in said and not any(c.lower() in said for c in choices if c != answer)
