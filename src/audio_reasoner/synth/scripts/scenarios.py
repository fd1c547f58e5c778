"""What the embedded writer knows of a scenario, and the little language its texts are written in.

Decision: a scenario holds only what belongs to it alone: how talk begins there, what can be decided, what can be known,
what somebody may want. How people agree, doubt, ask and give in is the same everywhere (`script_phrases_*.py`).
Everything that is put into a sentence is a clause or an infinitive that fits every frame, so that grammar does not
depend on luck.

`{six|seven}` in a text is one of the alternatives; `{time}` and its like are values of a pool. A value of a pool may be
misheard as one that sounds similar.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Option:
    """Something the people might do together: "turn back", "turning back", and reasons for it (clauses).

    `english` says the same where another language is spoken, because the values of facts are in English.
    """

    do: str
    doing: str
    reasons: tuple[str, ...]
    english: tuple[str, str] | None = None

    @property
    def to(self) -> str:
        """What somebody wants or all agree on, as a fact's value."""
        return f"to {self.english[0] if self.english else self.do}"

    @property
    def pro(self) -> str:
        """The opinion for it, as a fact's value."""
        return f"for {self.english[1] if self.english else self.doing}"

    @property
    def contra(self) -> str:
        """The opinion against it, as a fact's value."""
        return f"against {self.english[1] if self.english else self.doing}"


@dataclass(frozen=True)
class Ask:
    """Something one of them knows: a question, and a clause without I, you or we that answers it."""

    question: str
    clause: str


@dataclass(frozen=True)
class Scenario:
    """One situation.

    Attributes:
        name: short name for tables and options.
        about: noun phrase in English, the value of the fact "scenario".
        opens: pairs of a first line and an answer to it; neither decides anything.
        choices: what may be decided, each between two options.
        asks: what may be asked and known.
        wants: infinitives without "to" of what one person may want; in other languages than English followed by
            " = " and the same in English.
    """

    name: str
    about: str
    opens: tuple[tuple[str, str], ...]
    choices: tuple[tuple[Option, Option], ...]
    asks: tuple[Ask, ...]
    wants: tuple[str, ...]


@dataclass(frozen=True)
class Pools:
    """Values of a language's slots; `alike` maps a value to those it may be misheard as."""

    values: dict[str, tuple[str, ...]]
    alike: dict[str, str]


@dataclass(frozen=True)
class Filled:
    """A text with its slots filled; `heard` and `misheard` are a value in it and what it may be taken for."""

    text: str
    heard: str = ""
    misheard: str = ""


def fill(text: str, pools: Pools, rng: random.Random) -> Filled:
    """Put values into the slots of a text.

    Raises:
        KeyError: a slot names no pool.
    """
    heard = misheard = ""

    def value(slot: re.Match[str]) -> str:
        nonlocal heard, misheard
        inner: str = slot.group(1)
        if "|" in inner:
            return rng.choice(inner.split("|"))
        chosen = rng.choice(pools.values[inner])
        if chosen in pools.alike:
            heard, misheard = chosen, pools.alike[chosen]
        return chosen

    return Filled(_SLOT.sub(value, text), heard, misheard)
