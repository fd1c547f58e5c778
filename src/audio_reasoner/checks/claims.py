# ruff: noqa: E501 -- a regular expression is read in one piece
"""Claims of a chain about its clip, held against the timeline.

Decision: three outcomes. A claim that can be read and agrees is supported, one that can be read and does not is
contradicted, and everything else is undecidable and never counts against a chain. Only a sentence that speaks of
exactly one of the clip's sounds is read, because which of two sounds a time belongs to is a guess. Tolerances are
those of a careful listener, not of the timeline: `TIME_S` for a moment, `LENGTH_S` plus a tenth for a length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from audio_reasoner.checks import text as t
from audio_reasoner.checks.marks import MARK, Marked, Mention, marker
from audio_reasoner.checks.ontology import confusable
from audio_reasoner.checks.statements import Statements
from audio_reasoner.checks.truth import Facts, Truth, facts_of, folded
from audio_reasoner.checks.turns import talk_of, turn_claims, without_speech
from audio_reasoner.checks.voices import doubtful
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Claim, ClaimKind, ClaimStatus, Clip, Evidence, Question

TIME_S = 0.35
LENGTH_S = 0.25
NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|without|neither|nor|missing|absent|isn't|doesn't|cannot|other than|instead|out|wrong|"
    r"dropped|whether|fails|differs)\b",
)
_NEGATION_PIECES = (
    "no",
    "neither",
    "never",
    "without",
    "missing",
    "absent",
    "n't",
    "than",
    "instead",
    "out",
    "wrong",
    "dropped",
    "whether",
    "fails",
    "differs",
)
_CLAUSE = re.compile(r",? followed by |,? and then |, then ")
_BEGINS = re.compile(r"\b(?:begins?|starts?|starting|onset|sets? in|enters?|comes? in|kicks in|from)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:ends?|stops?|over|fades?|silent|finish\w*|ceases?)\b", re.IGNORECASE)
_LONG = re.compile(
    r"\b(?:is|are|was) (?:about |around |roughly |approximately |only |just )?(\d+(?:\.\d+)?) ?(?:s|seconds?) long\b|"
    r"\b(?:continues|goes on|carries on|rings|sounds) for (?:about |around |roughly )?(\d+(?:\.\d+)?) ?(?:s|seconds?)\b",
    re.IGNORECASE,
)
_CLIP_ITSELF = re.compile(r"\b(?:clip|recording|audio)\b", re.IGNORECASE)
_RUNNING = re.compile(
    rf"(?:I counted|(?:my|the) count (?:came to|is now|stops at|reached|comes to|ended at)|the total is) ({t.NUMBER})\b(?! more)",
    re.IGNORECASE,
)
_LIST = re.compile(r"^1[.)]? .+")
_ITEM = re.compile(
    r"(?:^|, )(\d+) (.+?)"
    r"(?: at (?P<at>\d+(?:\.\d+)?) s| (?P<from>\d+(?:\.\d+)?)-(?P<to>\d+(?:\.\d+)?) s| (?P<long>\d+(?:\.\d+)?) s)?"
    r"(?=, \d+ |\.|$)"
)
_NTH = re.compile(rf"\b(?:the|in|as the) ({t.ORDINAL}) (?:sound|place|event)\b|\bcomes ({t.ORDINAL})\b", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:place|position|number|sound number) (\d+)\b", re.IGNORECASE)
_OPENING = re.compile(r"(?:first|to begin with|the (?:opening|first) sound)[ ,]", re.IGNORECASE)
_CLOSING = re.compile(r"(?:finally|last of all|the (?:last|final|closing) sound)[ ,]", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_NTH_PIECES = ("st ", "nd ", "rd ", "th ", "comes ")
_STEP = re.compile(r"(?:^|, )(\S.*?) (\d+)(?=, |\.)")
_IS_SOUND, _SOUND_IS = re.compile(r"(\d+) is (.+)\."), re.compile(r"(.+) is (\d+)\.")
_BARE = re.compile(rf"(?:the |an? )?{MARK}(?: sound| noise)?", re.IGNORECASE)
_X = "\x02(\\d+)\x03"
_THE = r"(?:the |an? )?(?:sound of )?"
_SIDE = r"(?:right|directly|just|immediately) (before|after)"
_OFTEN = re.compile(r"once|twice|times", re.IGNORECASE)
_NEAR = re.compile(r"\b(?:before|after|followed)\b", re.IGNORECASE)
_SIDE_FIRST = re.compile(rf"{_SIDE} {_THE}{_X}(?: sound)?,? (?:comes|there is|I hear|is) {_THE}{_X}", re.IGNORECASE)
_SIDE_LATER = re.compile(rf"{_X}(?: sound)? (?:comes|is heard|stands|is) {_SIDE} {_THE}{_X}", re.IGNORECASE)
_FOLLOWED = re.compile(rf"{_X}(?: sound)? is (?:directly |immediately )?followed by {_THE}{_X}", re.IGNORECASE)
_KIND_COUNT = re.compile(rf"{_X} (?:is heard )?(once|twice|{t.NUMBER} times)\b", re.IGNORECASE)


def option_labels(question: Question) -> list[str]:
    """Sounds that the options name: whole options, or the items of ordered lists."""
    out: list[str] = []
    for option in question.options:
        items = re.split(r"; | -> |, ", option)
        out += [x for x in items if not re.search(r"\d", x) and x.casefold() not in ("yes", "no")]
    return out


class Reader:
    """Collects the claims of one chain."""

    def __init__(self, facts: Facts, question: Question) -> None:
        self.facts, self.question = facts, question
        self.truth = facts.truth or Truth(facts.duration, ())
        self.labels = {x for x, _, _ in self.truth.heard}
        others = {folded(x) for x in option_labels(question)} if question.family in _LABEL_FAMILIES else set()
        self.marker = marker(frozenset(self.labels), frozenset(others))
        self.statements = Statements(
            facts,
            question.family in ("count", "count_of"),
            frozenset(m.word for m in self.marker.mark(question.text).mentions),
        )
        self.claims: list[Claim] = []
        self.keys: list[tuple[str, ...]] = []

    def note(self, kind: ClaimKind, section: str, sentence: str, good: bool | None, detail: str = "") -> None:
        """Add a claim; None is undecidable. The same claim of one sentence is noted once."""
        status: ClaimStatus = "undecidable" if good is None else "supported" if good else "contradicted"
        key = (kind, section, sentence[:200], status, detail)
        if key not in self.keys[-4:]:
            self.keys.append(key)
            self.claims.append(Claim(kind=kind, section=section, text=sentence[:200], status=status, detail=detail))

    # --- one section

    def read(self, section: str, text: str) -> None:
        """All claims of one section."""
        for sentence in t.sentences(text):
            if self.facts.truth is None:
                self._plain(section, sentence, Marked(sentence, ()))
                continue
            if section == "caption" and _LIST.match(sentence) and self._list(section, sentence):
                continue
            marked = self.marker.mark(sentence)
            self._plain(section, sentence, marked)
            self._running_count(section, sentence)
            low = sentence.lower()
            if (t.has(low, _NEGATION_PIECES) and NEGATION.search(low)) or doubtful(low):
                self._small_steps(section, sentence)
                continue
            self._single(section, sentence, marked)
            self._neighbours(section, sentence)
            self._kinds(section, sentence)
            self._small_steps(section, sentence)

    def _plain(self, section: str, sentence: str, marked: Marked) -> None:
        self.statements.read(
            section, marked, lambda kind, good, detail="": self.note(kind, section, sentence, good, detail)
        )

    def _single(self, section: str, sentence: str, marked: Marked) -> None:
        """Times, lengths and places, where it is plain whose they are."""
        if len(marked.labels) == 1 and marked.sure:
            (label,) = marked.labels
            self._moments(section, sentence, label)
            self._place(section, sentence, label)
        elif len(marked.mentions) > 1:
            for clause in _CLAUSE.split(sentence):
                part = self.marker.mark(clause)
                if len(part.labels) == 1 and part.sure:
                    (label,) = part.labels
                    self._moments(section, clause, label)

    def _list(self, section: str, sentence: str) -> bool:
        """ "1 dog, 2 bell, 3 siren." or with lengths, starts or both ends; True if it was such a list."""
        items = list(_ITEM.finditer(sentence))
        if [int(m[1]) for m in items] != list(range(1, len(items) + 1)):
            return False
        sounds = [self._one_sound(m[2]) for m in items]
        known = [x for x in sounds if x is not None]
        if not known or (len(known) < len(items) and not any(x.kind == "exact" for x in known)):
            return False
        named = ["" if x is None else x.label or x.word for x in sounds]
        sequence, detail = self.truth.sequence, f"in truth: {', '.join(self.truth.sequence)}"
        same = len(named) == len(sequence) and all(
            x is None or self._stands_at(k, x) is not False for k, x in enumerate(sounds, start=1)
        )
        counted = set(named) == self.labels and all(sequence.count(x) == k for k, x in enumerate(named, start=1))
        if counted and not same:
            return True  # "1 dog, 2 bells." is a list of how many, and a true one
        if len(known) < len(items) or (same and named != sequence):
            self.note("order", section, sentence, None if same else False, detail)
        elif sorted(named) == sorted(sequence):
            self.note("order", section, sentence, same, detail)
        else:
            self.note("count", section, sentence, False, detail)
        for m, (_, a, b) in zip(items if same else (), self.truth.events, strict=False):
            if m["long"]:
                good = self._near_length(float(m["long"]), b - a)
                self.note("duration", section, m[2], good, f"in truth {b - a:.2f} s")
            for said, true in ((m["at"], a), (m["from"], a), (m["to"], b)):
                if said:
                    self.note("time", section, m[0], abs(float(said) - true) <= TIME_S, f"in truth {a:.2f}–{b:.2f} s")
        return True

    def _one_sound(self, words: str) -> Mention | None:
        """The sound that these words name and nothing else; None for any other words ("compared with what I heard")."""
        marked = self.marker.mark(words)
        if len(marked.mentions) != 1 or not _BARE.fullmatch(marked.text):
            return None
        return marked.mentions[0]

    def _stands_at(self, place: int, sound: Mention) -> bool | None:
        """Whether the event of that number (from 1) is that sound; None where its words leave room for it."""
        if not 1 <= place <= len(self.truth.sequence):
            return False
        true = self.truth.sequence[place - 1]
        if sound.label == true:
            return True
        return None if sound.kind != "exact" and confusable(sound.word, true) else False

    @staticmethod
    def _near_length(said: float, true: float, slack: float = 0.0) -> bool:
        return abs(said - true) <= LENGTH_S + slack + 0.1 * true

    def _running_count(self, section: str, sentence: str) -> None:
        if self.question.family in ("count", "count_of"):
            for m in _RUNNING.finditer(sentence):
                gold = self.question.gold_text
                if gold.isdigit() and "now" not in m[0]:
                    self.note("count", section, sentence, t.number(m[1]) == int(gold), f"in truth {gold}")

    def _moments(self, section: str, sentence: str, label: str) -> None:
        spans = self.truth.spans(label)
        if not _DIGIT.search(sentence):
            return
        found = t.times(sentence)
        begins = _BEGINS.search(sentence) is not None
        where = ", ".join(f"{a:.2f}–{b:.2f}" for a, b in spans)
        for time in found:
            near = TIME_S + time.slack
            if time.role == "start":
                good = any(abs(a - time.value) <= near for a, _ in spans)
                # "At 2 s the bell can be heard": true at any moment of it.
                good = good or (not begins and any(a - near <= time.value <= b for a, b in spans))
                good = good or (
                    _ENDS.search(sentence) is not None and any(abs(b - time.value) <= near for _, b in spans)
                )
            elif time.role == "end":
                good = any(abs(a - time.value) <= near or abs(b - time.value) <= near for a, b in spans)
            elif time.role == "after":
                # Since the clip's start, or since something that was heard before: both are how people talk.
                marks = [0.0, *(x for _, a, b in self.truth.heard for x in (a, b))]
                good = any(abs(a - x - time.value) <= near for a, _ in spans for x in marks if x < a)
                if not begins or _ENDS.search(sentence):
                    continue
            elif time.role == "length":
                if _CLIP_ITSELF.search(sentence):
                    continue
                good = any(self._near_length(time.value, b - a, time.slack) for a, b in spans)
            else:
                continue
            kind: ClaimKind = "duration" if time.role == "length" else "time"
            self.note(kind, section, sentence, good, f"{label} is at {where} s")
        if not any(x.role == "length" for x in found) and (m := _LONG.search(sentence)) is not None:
            good = any(self._near_length(float(m[1] or m[2]), b - a, t.slack(m[1] or m[2])) for a, b in spans)
            self.note("duration", section, sentence, good, f"{label} is at {where} s")

    def _place(self, section: str, sentence: str, label: str) -> None:
        sequence = self.truth.sequence
        places: list[int] = []
        for m in _NTH.finditer(sentence) if t.has(sentence, _NTH_PIECES) else ():
            k = t.ordinal(m[1] or m[2])
            if k is not None:
                places.append(k)
        if _DIGIT.search(sentence):
            places += [int(k) for k in _PLACE.findall(sentence)]
        if section == "caption" and _OPENING.match(sentence):
            places.append(1)
        if section == "caption" and _CLOSING.match(sentence):
            places.append(len(sequence))
        if not any(x == label for x, _, _ in self.truth.events):
            return  # a background has no place in the order
        for k in set(places):
            good = 1 <= k <= len(sequence) and sequence[k - 1] == label
            self.note("order", section, sentence, good, f"in truth: {', '.join(sequence)}")

    def _marked(self, sentence: str) -> tuple[str, list[str]]:
        """The sentence with each mention of a sound as a mark, so that fixed patterns can be used; and the sounds."""
        pattern = self.marker.exact
        if pattern is None:
            return sentence, []
        found: list[str] = []

        def mark(m: re.Match[str]) -> str:
            found.append(folded(m[1]))
            return f"\x02{len(found) - 1}\x03"

        return pattern.sub(mark, sentence), found

    def _kinds(self, section: str, sentence: str) -> None:
        """ "the dog once, the bell twice": a count for each of several sounds."""
        if _OFTEN.search(sentence) is None:
            return
        marked, found = self._marked(sentence)
        pairs = _KIND_COUNT.findall(marked)
        if len(pairs) > 1:
            for i, word in pairs:
                n = len(self.truth.spans(found[int(i)]))
                self.note("count", section, sentence, t.how_often(word) == n, f"{found[int(i)]} is heard {n} times")

    def _neighbours(self, section: str, sentence: str) -> None:
        """ "right after the dog comes the bell", "the bell comes right after the dog", "the dog is followed by the bell"."""
        if not _NEAR.search(sentence):
            return
        marked, found = self._marked(sentence)
        for m in _SIDE_FIRST.finditer(marked):
            self._pair(section, sentence, found[int(m[2])], found[int(m[3])], m[1])
        for m in _SIDE_LATER.finditer(marked):
            self._pair(section, sentence, found[int(m[3])], found[int(m[1])], m[2])
        for m in _FOLLOWED.finditer(marked):
            self._pair(section, sentence, found[int(m[1])], found[int(m[2])], "after")

    def _pair(self, section: str, sentence: str, here: str, other: str, side: str) -> None:
        pairs = list(zip(self.truth.sequence, self.truth.sequence[1:], strict=False))
        good = ((here, other) if side.lower() == "after" else (other, here)) in pairs
        self.note("order", section, sentence, good, f"in truth: {', '.join(self.truth.sequence)}")

    def _small_steps(self, section: str, sentence: str) -> None:
        """Brief reasoning: "3 is bell", "bell is 3", and the running count "dog 1, bell 1, dog 2"."""
        if section != "reasoning":
            return
        sequence = self.truth.sequence
        numbered = self.question.family in ("count", "count_of")  # there, a number is a count or an option, not a place
        if (m := _IS_SOUND.fullmatch(sentence)) is not None:
            sound = self._one_sound(m[2])
            if sound is not None:
                self.note("order", section, sentence, self._stands_at(int(m[1]), sound))
        elif not numbered and (m := _SOUND_IS.fullmatch(sentence)) is not None:
            sound = self._one_sound(m[1])
            if sound is not None and sound.label:
                self.note("order", section, sentence, self._stands_at(int(m[2]), sound))
        items = _STEP.findall(sentence) if _DIGIT.search(sentence) else []
        if items and all(folded(x) in self.labels for x, _ in items) and len(items) == len(sequence):
            said = [int(n) for _, n in items]
            named = [folded(x) for x, _ in items]
            if self.question.family == "count":
                self.note("count", section, sentence, said == list(range(1, len(sequence) + 1)))
            elif self.question.family == "count_of":
                steps = [b - a for a, b in zip([0, *said], said, strict=False)]
                risen = {x for x, s in zip(named, steps, strict=True) if s == 1}
                even = all(s in (0, 1) for s in steps) and len(risen) <= 1
                right = even and all((x in risen) == (s == 1) for x, s in zip(named, steps, strict=True))
                self.note("count", section, sentence, right and str(said[-1]) == self.question.gold_text)
            self.note("order", section, sentence, named == sequence, f"in truth: {', '.join(sequence)}")


_LABEL_FAMILIES = frozenset(
    (
        "order",
        "first",
        "last",
        "before",
        "after",
        "presence",
        "longest",
        "sound",
        "loudest",
        "overlap",
        "target",
        "background",
    )
)  # families whose options may be sounds


def claims_of(clip: Clip, question: Question, chain: Chain, evidence: Evidence | None = None) -> tuple[Claim, ...]:
    """All claims of a chain that are read; without timeline or evidence only those about the clip's length."""
    reader = Reader(facts_of(clip, evidence), question)
    talk = talk_of(clip)
    for section in ("caption", "reasoning", "summary", "response"):
        body = getattr(chain, section)
        reader.read(section, body if talk is None else without_speech(body, question))
    return tuple(reader.claims) if talk is None else (*reader.claims, *turn_claims(talk, question, chain))


def contradicted(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that the truth contradicts."""
    return [c for c in claims if c.status == "contradicted"]
