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
_SENTENCE_END = re.compile(
    r"(?<=[.!?])\s+(?=[A-Z0-9\"“(\[])|(?<=[\w)]{3}[.!?])(?<!approx\.)(?<!etc\.)(?<!sec\.)\s+(?=[a-z])|\n+|;\s+"
)
_LIST_NUMBER = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")
# In "1 first speaker, 2 second speaker" the second is no unit.
_SECONDS = r"(?:s|sec|secs|seconds|second(?! (?:speaker|voice|person|word|turn)\b))"
_TIME = re.compile(rf"(?<![\w.:])(?:(\d+):(\d\d(?:\.\d+)?)|(\d+(?:\.\d+)?)\s?{_SECONDS})(?!\w)")

TimeRole = Literal["start", "end", "length", "after", "unknown"]


class Time(NamedTuple):
    """A time in seconds, what the words before it say it is, and where it stands in the text."""

    value: float
    role: TimeRole
    at: int
    slack: float = 0.0


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


_LATER = re.compile(
    r"\s*(?:later|without|of (?:near[- ]|complete |total )?silence|before|long(?! (?:before|after))|apart|in (?:length|duration|all|total))"
)
_PAUSE = re.compile(
    r"(?:pause|gap|silence|after|another|within|every|first|last|initial|opening|final|next)(?: of)?(?: about| roughly| some| around)*\s*$",
    re.I,
)
_ABOUT = r"(?: about| roughly| only| around| approximately| just| exactly| nearly| almost| some)*\s*$"
_FOR = re.compile(
    rf"(?:\bfor|\blasting|\blasts(?: for)?|\btakes|\btaking|, with|goes on for|\b(?:duration|length) (?:of|is|(?:of [\w\'’ -]{{1,30}} (?:is|was|comes to|amounts to)))){_ABOUT}",
    re.I,
)
_START = re.compile(rf"(?:\bat|\bfrom|\bbetween|\bstarting at|^around|, around|\[|\()(?: the)?{_ABOUT}", re.I)
_BETWEEN = re.compile(rf"\bbetween{_ABOUT}", re.I)
_SINCE = re.compile(rf"(?:^|[,;:] )after{_ABOUT}|\bit takes{_ABOUT}", re.I)
_END = re.compile(
    rf"(?:\bto|\buntil|\band|\bending at|\bends at|\bends? by|\bover at|\bended at|\bstops at){_ABOUT}", re.I
)
_RANGE = re.compile(
    rf"(?<![\w.:])(\d+(?:\.\d+)?)\s?{_SECONDS}?\s?(-|–|—|to|and|until)\s?(\d+(?:\.\d+)?)\s?{_SECONDS}(?!\w)"
)
_DIGIT = re.compile(r"\d")
_POINT = re.compile(
    r"(?<![\w.:])(\d+(?:\.\d+)?)(?:[- ]?(?:s|sec|second)s?[- ](mark|point)\b|-seconds?(?:-| )(?:long )?(?=\w))", re.I
)
_INTO = re.compile(r"\s*(?:into|in(?= *[,.;]|$)|after the (?:start|beginning))\b", re.I)


def slack(digits: str) -> float:
    """How far a spoken number may be from what it rounds: half of its last place."""
    return 0.5 if "." not in digits else 0.05 if len(digits.partition(".")[2]) == 1 else 0.005


def ranges(text: str) -> list[tuple[float, float]]:
    """Stretches "from 1.2 to 3 s", "1.2–3.0s", "between 1 s and 3 s"."""
    out = []
    for m in _RANGE.finditer(text):
        before = text[max(0, m.start() - 30) : m.start()]
        if (m[2] != "and" or _BETWEEN.search(before)) and not _FOR.search(before):
            a, b = float(m[1]), float(m[3])
            if a < b:
                out.append((a, b))
    return out


def times(text: str) -> list[Time]:
    """All times of a sentence with their roles."""
    if not _DIGIT.search(text):
        return []
    out = []
    seen: set[int] = set()
    for m in _RANGE.finditer(text):
        before = text[max(0, m.start() - 30) : m.start()]
        if m[2] == "and" and not _BETWEEN.search(before):
            continue
        if _FOR.search(before) or float(m[1]) >= float(m[3]):
            continue
        seen |= {m.start(1), m.start(3)}
        out += [Time(float(m[1]), "start", m.start(1), slack(m[1])), Time(float(m[3]), "end", m.start(3), slack(m[3]))]
    for m in _POINT.finditer(text):
        if m.start(1) not in seen:
            seen.add(m.start(1))
            role: TimeRole = "start" if m[2] else "length"
            out.append(Time(float(m[1]), role, m.start(1), slack(m[1])))
    for m in _TIME.finditer(text):
        if m.start() in seen:
            continue
        value = int(m[1]) * 60 + float(m[2]) if m[1] else float(m[3])
        longer = text[max(0, m.start() - 50) : m.start()]
        before = longer[-30:]
        role = "unknown"
        if _INTO.match(text, m.end()):
            role = "start"
        elif _LATER.match(text, m.end()):
            role = "unknown"
        elif _SINCE.search(longer):
            role = "after"
        elif _PAUSE.search(before):
            role = "unknown"
        elif _FOR.search(longer):
            role = "length"
        elif _END.search(before):
            role = "end"
        elif _START.search(before):
            role = "start"
        out.append(Time(value, role, m.start(), slack(m[2] or "0") if m[1] else slack(m[3])))
    return sorted(out, key=lambda x: x.at)


def has(text: str, pieces: Iterable[str]) -> bool:
    """Whether any of the pieces stands in the text: a quick look before a slow pattern."""
    # A generator in any() would cost more than the looks.
    for piece in pieces:  # noqa: SIM110
        if piece in text:
            return True
    return False


def without(text: str, labels: Iterable[str]) -> str:
    """The text without any of the labels (plural too), each a space; longest first.

    Options differ from question to question, and compiling a pattern for each cost more than looking.
    """
    low = text.lower()
    if len(low) != len(text):
        pattern = label_pattern(labels)
        return text if pattern is None else pattern.sub(" ", text)
    for label in sorted({x.lower() for x in labels if x.strip()}, key=lambda x: (-len(x), x)):
        at = low.find(label)
        while at >= 0:
            end = label_end(low, at, label)
            if end:
                text, low = f"{text[:at]} {text[end:]}", f"{low[:at]} {low[end:]}"
            at = low.find(label, at + 1)
    return text


def label_end(low: str, at: int, label: str) -> int:
    """Where a label that stands at `at` ends, its plural ending included; 0 if it is a part of another word."""
    end = at + len(label)
    if at and is_word(low[at - 1]):
        return 0
    for ending in ("", "s", "es"):
        if low.startswith(ending, end) and not is_word(low[end + len(ending) : end + len(ending) + 1]):
            return end + len(ending)
    return 0


def is_word(char: str) -> bool:
    """Whether a character is one of a word, as `\\w` has it."""
    return char.isalnum() or char == "_"


def holds(text: str, words: str) -> bool:
    """Whether `words` stand in the text as whole words.

    >>> holds("two dogs", "dog"), holds("a dog.", "dog")
    (False, True)
    """
    at = text.find(words)
    while at >= 0:
        end = at + len(words)
        if not (at and is_word(text[at - 1])) and not is_word(text[end : end + 1]):
            return True
        at = text.find(words, at + 1)
    return False


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
