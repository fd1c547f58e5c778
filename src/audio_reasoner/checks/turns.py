# ruff: noqa: E501 -- a regular expression is read in one piece
"""Claims about a conversation: who says which words, whose turn it is, when and how often somebody speaks.

Decision: a voice is named by the order in which it is first heard, or by a name that the timeline's facts give it. Words
in double quotes are what somebody says; a sentence that puts them into the mouth of one voice is held against the
turns. Words that nobody says count for nothing, because a paraphrase may stand in quotes too; words of somebody else
are a contradiction. A sentence with two voices before its quotation, with an option, a doubt or a denial is not read.
In a spoken list, which the facts of the timeline tell, single words are read as well, and so are their places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from audio_reasoner.checks import text as t
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Claim, ClaimKind, ClaimStatus, Clip, Question

LEAST_WORDS = 3
"""Fewer words in quotes may be anybody's."""
TIME_S = 0.35
LEAST_SHARE = 0.3
"""Who speaks for less of a stretch does not speak from its start to its end."""
QUOTE = re.compile(r"[\"“]([^\"”\n]*)[\"”]")
_ORDER = "|".join(t.ORDINALS)
_VOICE = re.compile(
    rf"\bthe ({_ORDER}|\d+(?:st|nd|rd|th)) (?:speaker|voice|person)\b|\bspeaker (\d)\b(?!\.\d| s\b)", re.IGNORECASE
)
_SKIP = re.compile(
    r"\boptions?\b|(?<!\w)\([a-z]\)|\b(?:not|no|never|nobody|neither|nor|none|whether|if|would|who|which|instead|rather|without|unlike|question|asked about)\b|n't\b|\?\s*$",
    re.IGNORECASE,
)
_LIST = r"(\d+(?:(?:, | and | to )\d+)*)"
_HAS_TURNS = re.compile(
    rf"\x02(\d+)\x03(?:, who)? (?:has|takes|gets|owns|speaks in|is heard in|can be heard in) turns? {_LIST}(?! of theirs)",
    re.IGNORECASE,
)
_TURNS_ARE = re.compile(
    rf"\bturns? (?:number )?{_LIST} (?:belongs? to|goes? to|(?:is|are) (?:that|those) of|(?:is|are) taken by|(?:is|are) spoken by) \x02(\d+)\x03",
    re.IGNORECASE,
)
_IN_TURN = re.compile(
    rf"^in turn {_LIST},? \x02(\d+)\x03 (?:speaks|says|is heard|talks|answers|replies|asks)", re.IGNORECASE
)
_TIMES = re.compile(
    rf"\x02(\d+)\x03 (?:speaks|talks|takes the floor|comes in|has a turn|takes a turn) (once|twice|{t.NUMBER} times)\b"
    rf"|\x02(\d+)\x03 (?:has|takes) (?:a total of )?({t.NUMBER}) turns?\b",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r"\b(?:speaks|talks|is heard|has the floor|is speaking|can be heard|has a turn|takes a turn|floor|turn)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Talk:
    """The turns of a clip: voice, start and end in seconds, words (case folded); names by voice.

    `is_list`: they are no conversation but single words, one each.
    """

    turns: tuple[tuple[int, float, float, str], ...]
    names: dict[str, int] = field(default_factory=dict, hash=False)
    is_list: bool = False

    @property
    def voices(self) -> int:
        """How many people speak."""
        return len({x[0] for x in self.turns})

    def says(self, voice: int | None, words: str) -> bool:
        """Whether words stand in a turn of that voice (None: of any)."""
        return any(words in said for v, _, _, said in self.turns if voice in (None, v))


def plain(text: str) -> str:
    """Words as they are compared: case folded, without marks and double spaces."""
    return " ".join(re.findall(r"\w+(?:['’]\w+)*", text.casefold().replace("’", "'")))


def talk_of(clip: Clip) -> Talk | None:
    """The conversation of a clip whose timeline says who speaks; None without two voices, but for lists."""
    line = clip.timeline
    if line is None:
        return None
    events = sorted((e for e in line.events if e.speaker), key=lambda e: (e.start, e.end, e.speaker))
    order: dict[str, int] = {}
    turns = []
    for e in events:
        voice = order.setdefault(e.speaker or "", len(order))
        turns.append((voice, line.seconds(e.start), line.seconds(e.end), f" {plain(e.text or '')} "))
    names = {f.value: order[f.subject] for f in line.facts if f.kind == "name" and f.subject in order}
    is_list = any(f.kind == "list" for f in line.facts)
    return Talk(tuple(turns), names, is_list) if len(order) >= (1 if is_list else 2) else None


def without_speech(text: str, question: Question) -> str:
    """A section without what is quoted or offered: what people say in a clip is no statement about it."""
    for words in (*question.options, *(() if question.options else (question.gold_text,))):
        if len(words.split()) >= LEAST_WORDS:
            text = text.replace(words, "…")
    return QUOTE.sub('"…"', text)


def turn_claims(talk: Talk, question: Question, chain: Chain) -> Iterator[Claim]:
    """The claims of a chain about who says what and when."""
    for section in ("caption", "reasoning", "summary", "response"):
        body = getattr(chain, section)
        for words in question.options:
            body = body.replace(f'"{words}"', "(o)")
        for sentence, quotes in _sentences(body):
            for kind, good, detail in _claims(talk, sentence, quotes):
                status: ClaimStatus = "undecidable" if good is None else "supported" if good else "contradicted"
                shown = _restore(sentence, quotes)[:200]
                yield Claim(kind=kind, section=section, text=shown, status=status, detail=detail)


def _sentences(body: str) -> Iterator[tuple[str, list[str]]]:
    """Sentences with each quotation as a mark, and the quotations."""
    found: list[str] = []

    def mark(m: re.Match[str]) -> str:
        found.append(m[1])
        return f"\x04{len(found) - 1}\x05"

    for line in body.splitlines():
        found.clear()
        # A quotation that ends a sentence takes its mark along: the next sentence starts anew.
        marked = re.sub(r"(\x04\d+\x05)(?= [A-Z])", r"\1.", QUOTE.sub(mark, line))
        for sentence in t.sentences(marked):
            yield sentence, list(found)


def _restore(sentence: str, quotes: list[str]) -> str:
    return re.sub(r"\x04(\d+)\x05", lambda m: f'"{quotes[int(m[1])]}"', sentence)


def _claims(talk: Talk, sentence: str, quotes: list[str]) -> Iterator[tuple[ClaimKind, bool | None, str]]:
    if _SKIP.search(sentence):
        return
    yield from _short(talk, sentence)
    if talk.is_list:
        yield from _listed(talk, sentence, quotes)
    marked = _voices(talk, sentence)
    voices = [int(x) for x in re.findall(r"\x02(\d+)\x03", marked)]
    if not voices:
        return
    for v in voices:
        if v >= talk.voices:
            yield "speakers", False, f"in truth {talk.voices} speakers"
            return
    yield from _words(talk, marked, quotes)
    yield from _places(talk, marked)
    if len(set(voices)) == 1 and _SPEAKS.search(marked):
        yield from _moments(talk, marked, voices[0])


_LISTED = re.compile(rf"({_ORDER}) speaker: (\d+(?:, \d+)*)\.?", re.IGNORECASE)
_ROW = re.compile(rf"(\d+) ({_ORDER}) speaker(?=[,.]|$)", re.IGNORECASE)


def _short(talk: Talk, sentence: str) -> Iterator[tuple[ClaimKind, bool | None, str]]:
    """ "First speaker: 1, 3, 5" and "1 first speaker, 2 second speaker", as brief chains write it."""
    found = []
    if (m := _LISTED.fullmatch(sentence)) is not None:
        found = [(int(k), m[1]) for k in m[2].split(", ")]
    elif len(rows := _ROW.findall(sentence)) > 1:
        found = [(int(k), who) for k, who in rows]
    for k, who in found:
        good = 1 <= k <= len(talk.turns) and talk.turns[k - 1][0] + 1 == t.ordinal(who)
        yield "speakers", good, f"turn {k} is another one's"


_SAID_ROW = re.compile(rf"(\d+) (?!is the )(\S+(?: \S+)*?) ({_ORDER}) speaker(?=, \d|\.|$)", re.IGNORECASE)
_WORD_IS, _IS_WORD = re.compile(r"(.+) is (\d+)\.?"), re.compile(r"(\d+) is (?!the )(.+?)\.?")
_WORD_FROM = re.compile(rf"(\d+) is the ({_ORDER}) speaker\.?", re.IGNORECASE)
_PLACED = re.compile(
    rf"\bthe ({_ORDER}|last) word(?:,[^\x04,:]*,| at [^\x04:]*)?(?: is|:) \x04(\d+)\x05"
    rf"|\x04(\d+)\x05(?:,[^\x04,]*,)? is the ({_ORDER}|last) word\b",
    re.IGNORECASE,
)


def _listed(talk: Talk, sentence: str, quotes: list[str]) -> Iterator[tuple[ClaimKind, bool | None, str]]:
    """ "1 three first speaker, 2 nine second speaker", "nine is 2", "2 is the second speaker", "the last word is …"."""
    said = [words.strip() for _, _, _, words in talk.turns]
    told = f"in truth: {', '.join(said)}"

    def at(k: int | None) -> int:
        return k - 1 if k is not None and 1 <= k <= len(said) else -1

    rows = _SAID_ROW.findall(sentence) if sentence[:2] == "1 " else []
    for place, words, who in rows:
        i = at(int(place))
        yield "order", i >= 0 and said[i] == plain(words), told
        yield "speakers", i >= 0 and talk.turns[i][0] + 1 == t.ordinal(who), f"turn {place} is another one's"
    if rows:
        yield "count", len(rows) == len(said), f"in truth {len(said)} words"
    elif (m := _WORD_FROM.fullmatch(sentence)) is not None:
        i = at(int(m[1]))
        yield "speakers", i >= 0 and talk.turns[i][0] + 1 == t.ordinal(m[2]), f"turn {m[1]} is another one's"
    elif (m := _WORD_IS.fullmatch(sentence)) is not None and plain(m[1]) in said:
        yield "order", said.index(plain(m[1])) == at(int(m[2])), told
    elif (m := _IS_WORD.fullmatch(sentence)) is not None and (i := at(int(m[1]))) >= 0 and plain(m[2]):
        yield "order", said[i] == plain(m[2]), told
    for m in _PLACED.finditer(sentence):
        order = (m[1] or m[4]).casefold()
        i = len(said) - 1 if order == "last" else at(t.ordinal(order))
        yield "order", i >= 0 and said[i] == plain(quotes[int(m[2] or m[3])]), told


def _voices(talk: Talk, sentence: str) -> str:
    """The sentence with every voice as a mark."""

    def mark(m: re.Match[str]) -> str:
        k = t.ordinal(m[1]) if m[1] else int(m[2])
        return m[0] if not k else f"\x02{k - 1}\x03"

    out = _VOICE.sub(mark, sentence)
    for name, voice in talk.names.items():
        out = re.sub(rf"(?<![\w\x02]){re.escape(name)}(?!\w)", f"\x02{voice}\x03", out)
    return out


_SENSE = re.compile(
    r"\b(?:views?|opinions?|thinks?|mind|wants?|wish\w*|purpose|after|means?|situation|settle\w*|agree\w*|details?|names?|called|sides?|is \x04)",
    re.IGNORECASE,
)
"""What is quoted there is the sense of somebody's words, which may be the wording of somebody else."""


def _words(talk: Talk, sentence: str, quotes: list[str]) -> Iterator[tuple[ClaimKind, bool | None, str]]:
    if _SENSE.search(sentence):
        return
    for m in re.finditer(r"\x04(\d+)\x05", sentence):
        before = {int(x) for x in re.findall(r"\x02(\d+)\x03", sentence[: m.start()])}
        words = f" {plain(quotes[int(m[1])])} "
        if len(words.split()) < (1 if talk.is_list else LEAST_WORDS) or len(before) != 1:
            continue
        (voice,) = before
        if talk.says(voice, words):
            yield "speakers", True, ""
        elif talk.says(None, words):
            yield "speakers", False, f"these words are not those of speaker {voice + 1}"


def _places(talk: Talk, sentence: str) -> Iterator[tuple[ClaimKind, bool | None, str]]:
    found = [(m[2], int(m[1])) for m in _HAS_TURNS.finditer(sentence)]
    found += [(m[1], int(m[2])) for p in (_TURNS_ARE, _IN_TURN) for m in p.finditer(sentence)]
    for listing, voice in found:
        turns = _numbers(listing)
        good = all(1 <= k <= len(talk.turns) and talk.turns[k - 1][0] == voice for k in turns)
        yield (
            "speakers",
            good,
            f"in truth the turns are those of speakers {', '.join(str(x[0] + 1) for x in talk.turns[:40])}",
        )
    for m in _TIMES.finditer(sentence):
        voice = int(m[1] or m[3])
        said = t.how_often(m[2] or m[4])
        mine = [k for k, x in enumerate(talk.turns) if x[0] == voice]
        # Two turns of one voice in a row may be taken for one.
        runs = sum(k == 0 or talk.turns[k - 1][0] != voice for k in mine)
        yield "count", said in (len(mine), runs), f"in truth {len(mine)} turns"


def _numbers(listing: str) -> list[int]:
    """ "1, 3 to 5 and 7" → 1, 3, 4, 5, 7."""
    out: list[int] = []
    for part in re.split(r", | and ", listing):
        a, _, b = part.partition(" to ")
        out += range(int(a), min(int(b or a), int(a) + 1000) + 1)
    return out


def _moments(talk: Talk, sentence: str, voice: int) -> Iterator[tuple[ClaimKind, bool | None, str]]:
    mine = [(a, b) for v, a, b, _ in talk.turns if v == voice]
    for a, b in t.ranges(sentence):
        if any(abs(x - a) <= TIME_S and abs(y - b) <= TIME_S for x, y in mine):
            yield "time", True, ""
            continue
        spoken = sum(max(0.0, min(b, y) - max(a, x)) for x, y in mine)
        told = ", ".join(f"{x:.1f}–{y:.1f}" for x, y in mine)
        yield "time", False if spoken < LEAST_SHARE * (b - a) else None, f"speaker {voice + 1} speaks at {told} s"
