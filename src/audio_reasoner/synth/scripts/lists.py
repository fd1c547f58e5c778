"""Spoken lists: digits or first names, one word for each turn, said by one to four people in any order.

Decision: the shortest clips in which words, voices and order can all be asked about, for models that hear a few seconds
and have learnt no language. Numbers of turns and of speakers are dealt like cards in pairs, every possible pair equally
often, so that one tells no more about the other than it must; who speaks when is drawn evenly. No word comes twice in a
list: an order of words then has one wording and a word one speaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import numpy as np
from pydantic import Field

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Fact
from audio_reasoner.synth.scripts.script import LIST, MAX_LINES, Line, Script

WRITER: Final = "lists/1"
"""Raised whenever a list of the same seed and number would read differently."""
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "digits": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "names": (
        "Anna", "Carla", "David", "Emma", "Frank", "Helen", "Jacob", "Oscar", "Peter", "Susan", "Tony", "Victor",
    ),
}  # fmt: skip
MAX_TURNS: Final = min(len(words) for words in WORDS.values())
MAX_SPEAKERS: Final = 4


class SpokenList(Script):
    """A script of single words; unlike a dialogue it may have one speaker and one turn."""

    least_speakers: ClassVar[int] = 1

    lines: tuple[Line, ...] = Field(min_length=1, max_length=MAX_LINES)


def check_lists(turns: tuple[int, int], speakers: tuple[int, int], sorts: Sequence[str]) -> None:
    """Refuse impossible settings before anything is made.

    Raises:
        ConfigError: ``synth.bad_range``, ``synth.unknown_words``.
    """
    if not 1 <= turns[0] <= turns[1] <= MAX_TURNS:
        raise ConfigError(
            f"{turns[0]} to {turns[1]} turns; 1 to {MAX_TURNS} are possible, the lower number first.",
            code="synth.bad_range",
            hint="No word comes twice in a list, and there are ten digits.",
        )
    if not 1 <= speakers[0] <= speakers[1] <= MAX_SPEAKERS:
        raise ConfigError(
            f"{speakers[0]} to {speakers[1]} speakers; 1 to {MAX_SPEAKERS} are possible, the lower number first.",
            code="synth.bad_range",
        )
    if speakers[0] > turns[1]:
        raise ConfigError(
            f"{speakers[0]} speakers or more in at most {turns[1]} turns: everybody has a turn of their own.",
            code="synth.bad_range",
            hint="Allow more turns (--max-turns) or fewer speakers.",
        )
    unknown = [s for s in sorts if s not in WORDS]
    if unknown or not sorts:
        raise ConfigError(
            f"there are no lists of {unknown[0]!r}." if unknown else "no sort of words is named.",
            code="synth.unknown_words",
            hint=f"Choose from {', '.join(WORDS)}.",
        )


def write_lists(
    n: int, seed: int, *, turns: tuple[int, int], speakers: tuple[int, int], sorts: Sequence[str]
) -> Iterator[SpokenList]:
    """Lists number 0 to n - 1 of a seed; each depends on the settings and its number alone.

    Args:
        n: how many.
        seed: which lists.
        turns: fewest and most words.
        speakers: fewest and most speakers; nobody has no turn.
        sorts: what is listed, keys of `WORDS`.

    Raises:
        ConfigError: as `check_lists`.
    """
    check_lists(turns, speakers, sorts)
    deck = [
        (sort, t, k)
        for sort in dict.fromkeys(sorts)
        for t in range(turns[0], turns[1] + 1)
        for k in range(speakers[0], min(t, speakers[1]) + 1)
    ]
    for i in range(n):
        deal = np.random.default_rng(derive_seed(seed, "lists/deal", i // len(deck))).permutation(len(deck))
        sort, t, k = deck[int(deal[i % len(deck)])]
        rng = np.random.default_rng(derive_seed(seed, "lists/words", i))
        words = [WORDS[sort][int(j)] for j in rng.permutation(len(WORDS[sort]))[:t]]
        # Everybody once, the rest by lot, in any order; then numbered in the order in which they are first heard.
        who = [*range(k), *(int(x) for x in rng.integers(k, size=t - k))]
        who = [who[int(j)] for j in rng.permutation(t)]
        order = {v: place for place, v in enumerate(dict.fromkeys(who))}
        yield SpokenList(
            scenario=f"a list of {sort}",
            language="en",
            names=(None,) * k,
            lines=tuple(Line(speaker=order[v], text=word) for v, word in zip(who, words, strict=True)),
            facts=(Fact(kind=LIST, value=sort),),
            written_by=WRITER,
        )
