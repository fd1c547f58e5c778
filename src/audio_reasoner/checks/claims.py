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
from audio_reasoner.checks.ontology import SOUND_WORDS, confusable, words_of
from audio_reasoner.checks.truth import Truth, folded, truth_of
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Claim, ClaimKind, ClaimStatus, Clip, Evidence, Question

TIME_S = 0.35
LENGTH_S = 0.25
CLIP_S = 0.6
NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|without|neither|nor|missing|absent|isn't|doesn't|cannot|other than|instead|out|wrong|"
    r"dropped|whether|fails|differs)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r",? followed by |,? and then |, then ")
_LIST = re.compile(r"^1[.)]? .+")
_ITEM = re.compile(r"(?:^|, )(\d+) (.+?)(?: (\d+(?:\.\d+)?) s)?(?=, \d+ |\.|$)")
_X = "\x02(\\d+)\x03"
_THE = r"(?:the |an? )?(?:sound of )?"
_SIDE = r"(?:right|directly|just|immediately) (before|after)"
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

    def __init__(self, truth: Truth, question: Question) -> None:
        self.truth, self.question = truth, question
        self.labels = set(truth.sequence)
        known = (
            {*self.labels, *(folded(x) for x in option_labels(question))}
            if question.family in _LABEL_FAMILIES
            else self.labels
        )
        self.pattern = t.label_pattern(known)
        self.claims: list[Claim] = []

    def note(self, kind: ClaimKind, section: str, sentence: str, good: bool | None, detail: str = "") -> None:
        """Add a claim; None is undecidable."""
        status: ClaimStatus = "undecidable" if good is None else "supported" if good else "contradicted"
        self.claims.append(Claim(kind=kind, section=section, text=sentence[:200], status=status, detail=detail))

    # --- one section

    def read(self, section: str, text: str) -> None:
        """All claims of one section."""
        for sentence in t.sentences(text):
            if section == "caption" and _LIST.match(sentence) and self._list(section, sentence):
                continue
            self._clip_length(section, sentence)
            self._total(section, sentence)
            self._order_list(section, sentence)
            if section == "planning" or NEGATION.search(sentence):
                continue
            found = set(t.mentions(self.pattern, sentence))
            if section == "caption":
                self._invented(section, sentence)
            if len(found) == 1:
                label = found.pop()
                if label not in self.labels:
                    if section == "caption":
                        self.note("count", section, sentence, False, f"no {label!r} is in the clip")
                    continue
                self._moments(section, sentence, label)
                self._place(section, sentence, label)
                self._often(section, sentence, label)
            elif len(found) > 1:
                for clause in _CLAUSE.split(sentence):
                    only = set(t.mentions(self.pattern, clause))
                    if len(only) == 1 and (label := only.pop()) in self.labels:
                        self._moments(section, clause, label)
            self._neighbours(section, sentence)
            self._kinds(section, sentence)
            self._small_steps(section, sentence)

    def _list(self, section: str, sentence: str) -> bool:
        """ "1 dog, 2 bell, 3 siren." or with lengths; True if it was such a list."""
        items = _ITEM.findall(sentence)
        if [int(i) for i, _, _ in items] != list(range(1, len(items) + 1)):
            return False
        named = [folded(x) for _, x, _ in items]
        if not self.labels & set(named):
            return False
        same = named == self.truth.sequence
        if sorted(named) == sorted(self.truth.sequence):
            self.note("order", section, sentence, same, f"in truth: {', '.join(self.truth.sequence)}")
        else:
            self.note("count", section, sentence, False, f"in truth: {', '.join(self.truth.sequence)}")
        for (_, label, length), (_, a, b) in zip(items, self.truth.events, strict=False):
            if length and same:
                self.note(
                    "duration", section, label, self._near_length(float(length), b - a), f"in truth {b - a:.2f} s"
                )
        return True

    @staticmethod
    def _near_length(said: float, true: float) -> bool:
        return abs(said - true) <= LENGTH_S + 0.1 * true

    def _clip_length(self, section: str, sentence: str) -> None:
        for m in re.finditer(
            r"(?:clip|recording|audio)(?: as a whole)?(?:,? which)? (?:lasts|runs for|takes|of|is|ends at)(?: about| roughly)* "
            r"(\d+(?:\.\d+)?) ?s(?:econds?)?\b",
            sentence,
        ):
            said = float(m[1])
            good = abs(said - self.truth.duration) <= CLIP_S + 0.1 * self.truth.duration
            self.note("duration", section, sentence, good, f"the clip lasts {self.truth.duration:.2f} s")

    def _total(self, section: str, sentence: str) -> None:
        n = len(self.truth.events)
        for m in re.finditer(
            rf"(?:there are|holds|contains|total (?:is|of)|I (?:hear|count|counted|get|have)|arrive at|in sum|together)"
            rf"(?: a total of| exactly| in all)? ({t.NUMBER}) (?:separate |distinct |different )?(?:sounds?|sound events|events)\b",
            sentence,
            re.IGNORECASE,
        ):
            self.note("count", section, sentence, t.number(m[1]) == n, f"in truth {n} sounds")
        for m in re.finditer(
            rf"({t.NUMBER}) (?:separate |distinct )?(?:sounds|sound events|events) (?:in all|in total|altogether)",
            sentence,
            re.I,
        ):
            self.note("count", section, sentence, t.number(m[1]) == n, f"in truth {n} sounds")
        if self.question.family in ("count", "count_of"):
            for m in re.finditer(
                rf"(?:I counted|(?:my|the) count (?:came to|is now|stops at|reached|comes to|ended at)|the total is) ({t.NUMBER})\b(?! more)",
                sentence,
                re.IGNORECASE,
            ):
                gold = self.question.gold_text
                if gold.isdigit() and "now" not in m[0]:
                    self.note("count", section, sentence, t.number(m[1]) == int(gold), f"in truth {gold}")

    def _order_list(self, section: str, sentence: str) -> None:
        m = re.search(r"(?:order|sequence)(?: is| of the sounds is| has)?:? (.+)", sentence)
        if m is None or self.pattern is None or re.search(r"backward|from the end", sentence):
            return
        run: list[str] = []
        at = 0
        rest = m[1]
        while (hit := self.pattern.match(rest, at)) is not None:
            run.append(" ".join(hit[1].casefold().split()))
            joint = re.compile(r"(?:,? and (?:then )?|,? then |, |; )(?:the |an? )?").match(rest, hit.end())
            if joint is None:
                break
            at = joint.end()
        if len(run) >= 2:
            good = (
                run == self.truth.sequence[: len(run)]
                if len(run) < len(self.truth.events)
                else run == self.truth.sequence
            )
            self.note("order", section, sentence, good, f"in truth: {', '.join(self.truth.sequence)}")

    def _invented(self, section: str, sentence: str) -> None:
        plain = re.sub(r"[\"“][^\"”]*[\"”]", " ", sentence)
        for word in sorted({w for w in words_of(plain) if w in SOUND_WORDS}):
            if not any(confusable(word, label) for label in self.labels):
                self.note("count", section, sentence, False, f"no {word!r} is in the clip")

    def _moments(self, section: str, sentence: str, label: str) -> None:
        spans = [(a, b) for x, a, b in self.truth.events if x == label]
        for time in t.times(sentence):
            if time.role == "start":
                good = any(abs(a - time.value) <= TIME_S for a, _ in spans)
            elif time.role == "end":
                good = any(abs(a - time.value) <= TIME_S or abs(b - time.value) <= TIME_S for a, b in spans)
            elif time.role == "length":
                good = any(self._near_length(time.value, b - a) for a, b in spans)
            else:
                continue
            kind: ClaimKind = "duration" if time.role == "length" else "time"
            where = ", ".join(f"{a:.2f}–{b:.2f}" for a, b in spans)
            self.note(kind, section, sentence, good, f"{label} is at {where} s")

    def _place(self, section: str, sentence: str, label: str) -> None:
        sequence = self.truth.sequence
        places: list[int] = []
        for m in re.finditer(
            rf"\b(?:the|in|as the) ({t.ORDINAL}) (?:sound|place|event)\b|\bcomes ({t.ORDINAL})\b", sentence, re.I
        ):
            k = t.ordinal(m[1] or m[2])
            if k is not None:
                places.append(k)
        places += [int(k) for k in re.findall(r"\b(?:place|position|number|sound number) (\d+)\b", sentence, re.I)]
        if (
            re.match(r"(?:first|to begin with|the (?:opening|first) sound)[ ,]", sentence, re.I)
            and section == "caption"
        ):
            places.append(1)
        if (
            re.match(r"(?:finally|last of all|the (?:last|final|closing) sound)[ ,]", sentence, re.I)
            and section == "caption"
        ):
            places.append(len(sequence))
        for k in set(places):
            good = 1 <= k <= len(sequence) and sequence[k - 1] == label
            self.note("order", section, sentence, good, f"in truth: {', '.join(sequence)}")

    def _often(self, section: str, sentence: str, label: str) -> None:
        if re.search(r"\bat once\b|\bonce more\b|\bthe \w+ time\b", sentence, re.I):
            return
        m = re.search(rf"(?<!than )\b(once|twice|never|{t.NUMBER} times)\b", sentence, re.I)
        if m is not None:
            n = self.truth.sequence.count(label)
            self.note("count", section, sentence, t.how_often(m[1]) == n, f"{label} is heard {n} times")

    def _marked(self, sentence: str) -> tuple[str, list[str]]:
        """The sentence with each mention of a sound as a mark, so that fixed patterns can be used; and the sounds."""
        if self.pattern is None:
            return sentence, []
        found: list[str] = []

        def mark(m: re.Match[str]) -> str:
            found.append(folded(m[1]))
            return f"\x02{len(found) - 1}\x03"

        return self.pattern.sub(mark, sentence), found

    def _kinds(self, section: str, sentence: str) -> None:
        """ "the dog once, the bell twice": a count for each of several sounds."""
        marked, found = self._marked(sentence)
        pairs = _KIND_COUNT.findall(marked)
        if len(pairs) > 1:
            for i, word in pairs:
                n = self.truth.sequence.count(found[int(i)])
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
        if m := re.fullmatch(r"(\d+) is (.+)\.", sentence):
            k = int(m[1])
            self.note("order", section, sentence, 1 <= k <= len(sequence) and sequence[k - 1] == folded(m[2]))
        elif m := re.fullmatch(r"(.+) is (\d+)\.", sentence):
            k, label = int(m[2]), folded(m[1])
            if label in self.labels:
                self.note("order", section, sentence, 1 <= k <= len(sequence) and sequence[k - 1] == label)
        items = re.findall(r"(?:^|, )(\S.*?) (\d+)(?=, |\.)", sentence)
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
    ["order", "first", "last", "before", "after", "presence", "longest", "sound"]
)  # families whose options may be sounds


def claims_of(clip: Clip, question: Question, chain: Chain, evidence: Evidence | None = None) -> tuple[Claim, ...]:  # noqa: ARG001
    """All claims of a chain that can be held against the clip's timeline; none without one."""
    truth = truth_of(clip)
    if truth is None:
        return ()
    reader = Reader(truth, question)
    for section in ("caption", "reasoning", "summary", "response"):
        reader.read(section, getattr(chain, section))
    return tuple(reader.claims)


def contradicted(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that the truth contradicts."""
    return [c for c in claims if c.status == "contradicted"]
