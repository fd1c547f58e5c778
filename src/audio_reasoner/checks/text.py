# ruff: noqa: E501 -- a regular expression is read in one piece
"""Reads small facts out of English prose: sentences, numbers, times, mentions of sounds.

Decision: what is not read with certainty is not read at all. A time counts only with a word before it that says what
it is the time of; a sound counts by the clip's own labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

NUMBER_WORDS = {
    w: i
    for i, w in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
} | {"no": 0, "a single": 1}
ORDINALS = {
    w: i + 1
    for i, w in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"]
    )
}
_TIMES = {"never": 0, "once": 1, "twice": 2}
NUMBER = r"(?:\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
ORDINAL = rf"(?:\d+(?:st|nd|rd|th)|{'|'.join(ORDINALS)})"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“(])|\n+|;\s+")
_LIST_NUMBER = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")
_TIME = re.compile(r"(?<![\w.:])(?:(\d+):(\d\d(?:\.\d+)?)|(\d+(?:\.\d+)?)\s?(?:s|sec|secs|second|seconds))(?!\w)")

TimeRole = Literal["start", "end", "length", "unknown"]


class Time(NamedTuple):
    """A time in seconds, what the words before it say it is, and where it stands in the text."""

    value: float
    role: TimeRole
    at: int


_QUOTED = re.compile(r"[\"“][^\"”\n]{0,200}[\"”]")


def unquoted(text: str) -> str:
    """The text without what stands in double quotation marks."""
    return _QUOTED.sub(" ", text)


def number(word: str) -> int | None:
    """ "three" or "3" → 3."""
    return int(word) if word.isdigit() else NUMBER_WORDS.get(word.lower())


def ordinal(word: str) -> int | None:
    """ "third" or "3rd" → 3."""
    return int(m[1]) if (m := re.match(r"(\d+)", word)) else ORDINALS.get(word.lower())


def how_often(word: str) -> int | None:
    """ "twice", "three times" → how often."""
    word = word.lower()
    return _TIMES[word] if word in _TIMES else number(word.removesuffix(" times"))


def sentences(text: str) -> list[str]:
    """Sentences and list items, without list numbers; a semicolon ends one too."""
    out = []
    for line in text.splitlines():
        bare = _LIST_NUMBER.sub("", line)
        out += [s.strip() for s in _SENTENCE_END.split(bare) if s.strip()]
    return out


_LATER = re.compile(r"\s*(?:later|without|of (?:near )?silence|before|long)")
_PAUSE = re.compile(r"(?:pause|gap|silence|after|another)(?: of)?(?: about| roughly| some| around)*\s*$", re.I)
_FOR = re.compile(
    r"(?:\bfor|\blasting|\blasts|\btakes|\btaking|, with|goes on for)(?: about| roughly| only| around)*\s*$", re.I
)
_START = re.compile(r"(?:\bat|\bfrom|\bbetween|\bstarting at|^around|, around)(?: about| roughly| around)*\s*$", re.I)
_END = re.compile(r"(?:\bto|\buntil|\band|\bending at|\bends at|\bends? by|\bover at|\bended at|\bstops at)(?: about| roughly| around)*\s*$", re.I)  # fmt: skip


def times(text: str) -> list[Time]:
    """All times of a sentence with their roles."""
    out = []
    for m in _TIME.finditer(text):
        value = int(m[1]) * 60 + float(m[2]) if m[1] else float(m[3])
        before = text[max(0, m.start() - 30) : m.start()]
        role: TimeRole = "unknown"
        if _LATER.match(text, m.end()) or _PAUSE.search(before):
            role = "unknown"
        elif _FOR.search(before):
            role = "length"
        elif _END.search(before):
            role = "end"
        elif _START.search(before):
            role = "start"
        out.append(Time(value, role, m.start()))
    return out


def label_pattern(labels: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of the labels (plural too), longest first; None without labels."""
    return _compiled(tuple(sorted({x.casefold() for x in labels if x.strip()}, key=lambda x: (-len(x), x))))


@lru_cache(maxsize=4096)
def _compiled(known: tuple[str, ...]) -> re.Pattern[str] | None:
    if not known:
        return None
    body = "|".join(re.escape(x).replace(r"\ ", r"\s+") for x in known)
    return re.compile(rf"(?<!\w)({body})(?:s|es)?(?!\w)", re.IGNORECASE)


def mentions(pattern: re.Pattern[str] | None, text: str) -> list[str]:
    """Labels in the order of their mention, case folded, white space single."""
    if pattern is None:
        return []
    return [" ".join(m[1].casefold().split()) for m in pattern.finditer(text)]
