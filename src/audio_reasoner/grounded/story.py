"""What a conversation is about, as its maker knows it and as its turns show it.

Decision: a fact of the maker is believed only where the turns it points to can show it. The turns must be of the
person it is about (a name may also be said to that person), a name must stand among the words, a question must end
with a question mark, and what two facts say otherwise is not told at all. What fails is left out and never guessed:
a listener would not know it either. All places are counted in turns, from 0, in the order in which they start.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from audio_reasoner.core.records import Fact
from audio_reasoner.grounded.known import Known, Turn, plain_text
from audio_reasoner.grounded.quoting import pieces

KINDS = ("scenario", "name", "opinion", "changed_mind", "intent", "fact", "answer_to", "agreed", "corrected")
MAX_VALUE_CHARS = 120
"""A longer value is no option that somebody reads."""
PASSAGE = 60
"""So many characters of a turn stand in a question or an option."""
WHOLE = 100
"""A first sentence of so many stands there whole: half a sentence reads like a mistake."""
LETTER = re.compile(r"\([A-Za-z]\)")
"""What looks like the letter of an option: words that hold it are never offered."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SMALL = frozenset(
    """
    the a an and or but if of to in on at by for from with about against as is are was were be been do does did have has
    had will would can could should shall may might must not no yes it its this that these those they them their there
    here he she his her we us our you your i me my who what when where which how why so too very just than then some any
    all one two get got go going goes take takes make makes let lets want wants need needs much more most own out up off
    into over after before again still only
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Point:
    """A fact that the turns show: `voice` is whom it is about, `turns` are the places that show it."""

    kind: str
    value: str
    voice: int | None
    turns: tuple[int, ...]


@dataclass(frozen=True)
class Story:
    """Turns and what can be told of them."""

    turns: tuple[Turn, ...]
    points: tuple[Point, ...]

    @property
    def voices(self) -> int:
        """How many people speak."""
        return len({t.voice for t in self.turns})

    def of(self, kind: str, voice: int | None = None) -> list[Point]:
        """The points of one kind, of one voice if it is given."""
        return [p for p in self.points if p.kind == kind and voice in (None, p.voice)]

    def name(self, voice: int) -> Point | None:
        """The name under which a voice is known, where exactly one is heard."""
        found = self.of("name", voice)
        return found[0] if len(found) == 1 else None

    def turns_of(self, voice: int) -> tuple[int, ...]:
        """Places of a voice's turns."""
        return tuple(i for i, t in enumerate(self.turns) if t.voice == voice)

    @property
    def words(self) -> frozenset[str]:
        """All words that are said, folded to stems."""
        return _stems(" ".join(t.text or "" for t in self.turns))


def stem(word: str) -> str:
    """A word without its commonest endings: enough to find "hikers" in "a hike".

    >>> stem("hiking"), stem("hikes"), stem("tickets"), stem("parties"), stem("party")
    ('hik', 'hik', 'ticket', 'parti', 'parti')
    """
    w = word.casefold()
    for ending in ("ing", "ers", "ed", "er", "es", "e", "s"):
        if w.endswith(ending) and len(w) - len(ending) >= 3:
            w = w.removesuffix(ending)
            break
    return f"{w[:-1]}i" if w.endswith("y") and len(w) > 3 else w


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(w) for w in content_words(text))


def content_words(text: str) -> list[str]:
    """The words that carry the meaning, in order.

    >>> content_words("to buy a ticket for the train")
    ['buy', 'ticket', 'train']
    """
    return [w for w in _WORD.findall(text) if w.casefold() not in _SMALL and (len(w) > 1 or w.isdigit())]


def alike(a: str, b: str) -> bool:
    """Whether two values could be taken for one another: they share half of the words of the shorter one.

    >>> alike("buying a train ticket", "a lost train ticket"), alike("a lost ticket", "a new road")
    (True, False)
    """
    x, y = _stems(a), _stems(b)
    if not x or not y or x == y:
        return a.casefold() == b.casefold() or bool(x and y)
    # Short words are mostly little ones, in other languages than English too.
    return 2 * sum(len(w) > 2 and (len(w) > 3 or w.isdigit()) for w in x & y) >= min(len(x), len(y))


def holds_word(text: str | None, word: str) -> bool:
    """Whether a word (a name) stands in a text as a word of its own, with its capital letters."""
    return text is not None and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def story_of(known: Known) -> Story:
    """The facts of a conversation that its turns show."""
    return _story(known.turns, known.told)


@lru_cache(maxsize=64)
def _story(turns: tuple[Turn, ...], told: tuple[Fact, ...]) -> Story:
    place = {t.event: i for i, t in enumerate(turns) if t.event is not None}
    voice_of = {t.who: t.voice for t in turns if t.who}
    points: dict[Point, None] = {}
    for f in told:
        found = _point(f, turns, place, voice_of)
        if found is not None:
            points.setdefault(found)
    return Story(turns, _without_contradictions(tuple(points)))


def _point(f: Fact, turns: tuple[Turn, ...], place: dict[int, int], voice_of: dict[str, int]) -> Point | None:
    value = plain_text(f.value)
    at = tuple(place[i] for i in f.events if i in place)
    voice = voice_of.get(f.subject) if f.subject is not None else None
    usable = (
        f.kind in KINDS
        and value
        and not LETTER.search(value)
        and len(value) <= MAX_VALUE_CHARS
        and len(at) == len(f.events)
    )
    if not usable or (f.subject is not None and voice is None):
        return None
    if any(turns[i].text is None for i in at):
        return None
    shown: dict[str, Callable[[], bool]] = {
        "scenario": lambda: f.subject is None,
        "agreed": lambda: bool(at) and f.subject is None,
        "name": lambda: voice is not None and _is_name(value, voice, at, turns),
        "opinion": lambda: _own(voice, at, turns) and stance(value) is not None,
        "changed_mind": lambda: _own(voice, at, turns) and len(at) == 2 and at[0] < at[1] and stance(value) is not None,
        "corrected": lambda: (
            len(at) == 2 and at[0] < at[1] and turns[at[1]].voice == voice and turns[at[0]].voice != voice
        ),
        "intent": lambda: _own(voice, at, turns) and value.casefold().startswith("to "),
        "fact": lambda: _own(voice, at, turns),
        "answer_to": lambda: len(at) == 2 and _answers(at[0], at[1], turns),
    }
    if not shown[f.kind]():
        return None
    return Point(
        f.kind,
        value.rstrip(" ."),
        voice,
        at if f.kind in ("changed_mind", "answer_to", "corrected") else tuple(sorted(at)),
    )


def _own(voice: int | None, at: tuple[int, ...], turns: tuple[Turn, ...]) -> bool:
    return voice is not None and bool(at) and all(turns[i].voice == voice for i in at)


def _is_name(name: str, voice: int, at: tuple[int, ...], turns: tuple[Turn, ...]) -> bool:
    """A name is heard where it is said, and belongs to a voice where it is plain whom it means: the person says it, or
    only two people speak, or the person speaks right before or after."""
    if not at or not all(holds_word(turns[i].text, name) for i in at):
        return False
    two = len({t.voice for t in turns}) == 2
    return any(
        two or turns[i].voice == voice or any(turns[k].voice == voice for k in (i - 1, i + 1) if 0 <= k < len(turns))
        for i in at
    )


def _answers(answer: int, question: int, turns: tuple[Turn, ...]) -> bool:
    return question < answer and turns[answer].voice != turns[question].voice and is_question(turns[question].text)


def stance(value: str) -> tuple[bool, str] | None:
    """An opinion's side and matter.

    >>> stance("for a new road"), stance("against a new road"), stance("blue")
    ((True, 'a new road'), (False, 'a new road'), None)
    """
    head, _, matter = value.partition(" ")
    return (head == "for", matter.strip()) if head in ("for", "against") and matter.strip() else None


def opposite(value: str) -> str:
    """The other side of an opinion."""
    found = stance(value)
    assert found is not None
    return f"{'against' if found[0] else 'for'} {found[1]}"


def _without_contradictions(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """No two scenarios, no name for two voices, no two opinions of one voice at the same turn."""
    scenarios = {p.value for p in points if p.kind == "scenario"}
    owners: dict[str, set[int | None]] = {}
    for p in points:
        if p.kind == "name":
            owners.setdefault(p.value.casefold(), set()).add(p.voice)
    sides: dict[tuple[int | None, int], set[str]] = {}
    for p in points:
        if p.kind == "opinion":
            for i in p.turns:
                sides.setdefault((p.voice, i), set()).add(p.value)
    return tuple(
        p
        for p in points
        if not (p.kind == "scenario" and len(scenarios) > 1)
        and not (p.kind == "name" and len(owners[p.value.casefold()]) > 1)
        and not (p.kind == "opinion" and any(len(sides[p.voice, i]) > 1 for i in p.turns))
    )


def overlaps(turns: tuple[Turn, ...], least: float) -> list[tuple[int, int]]:
    """Pairs of turns of different voices, (earlier, later), that go on together for at least `least` seconds."""
    return [
        (i, k)
        for i, a in enumerate(turns)
        for k, b in enumerate(turns[i + 1 :], i + 1)
        if a.voice != b.voice and min(a.end, b.end) - b.start >= least - 1e-9
    ]


def follow_one_another(turns: tuple[Turn, ...], least: float) -> bool:
    """Whether the starts lie far enough apart for their order to be heard."""
    return all(b.start - a.start >= least for a, b in pairwise(turns))


def passage(text: str) -> str:
    """The part of a turn that stands in an option: its first sentences, none of them cut if that can be helped."""
    first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    return (first if PASSAGE < len(first) <= WHOLE else pieces(text, PASSAGE)[0]).rstrip(" ,;:")


def lines_by_rank(s: Story) -> dict[int, list[int]]:
    """Turns whose words may be options, by their number among the turns of their voice: no first words and no last ones
    (a greeting tells its place), none too short, none said twice."""
    lines = [t.text or "" for t in s.turns]
    out: dict[int, list[int]] = {}
    count: dict[int, int] = {}
    for i, t in enumerate(s.turns):
        rank = count[t.voice] = count.get(t.voice, 0) + 1
        words = passage(lines[i]) if lines[i] and not LETTER.search(lines[i]) else ""
        if rank > 1 and i < len(lines) - 1 and len(content_words(words)) >= 2 and sum(words in x for x in lines) == 1:
            out.setdefault(rank, []).append(i)
    return out


def replies_by_rank(s: Story) -> dict[int, list[tuple[int, int]]]:
    """Questions and their answers (places), by the question's number among the questions of its voice."""
    replies = {p.turns[1]: p.turns[0] for p in s.of("answer_to")}
    out: dict[int, list[tuple[int, int]]] = {}
    count: dict[int, int] = {}
    for i, t in enumerate(s.turns):
        if is_question(t.text):
            rank = count[t.voice] = count.get(t.voice, 0) + 1
            if i in replies and not LETTER.search(turns_text(s, replies[i])):
                out.setdefault(rank, []).append((i, replies[i]))
    return out


def turns_text(s: Story, i: int) -> str:
    """The words of a turn."""
    return s.turns[i].text or ""


def is_question(text: str | None) -> bool:
    """Whether a turn ends with a question."""
    return (text or "").rstrip().endswith(("?", "？"))
