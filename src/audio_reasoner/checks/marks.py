"""Finds the sounds that a sentence names, in the words of a listener, and which sound of the clip each of them means.

Decision: a mention is exact (the label, or a form of one of its words), near (a word for a sound that could be taken
for exactly one of the clip's), unclear (for several), or absent (for none). Each mention becomes one character of a
private range, so that the patterns of `statements` see places of sounds and never their spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from audio_reasoner.checks import text as t
from audio_reasoner.checks.ontology import GROUPS, KINDS, SOUND_WORDS, confusable, words_of

FIRST_MARK = 0xE000
MARK = "[\ue000-\ue0ff]"
Kind = Literal["exact", "near", "unclear", "absent"]

_VAGUE = frozenset(
    """
    power line step steps port mine mill market school station children child people person crowd university hospital
    static noise hiss hum humming tone click clicks machine water wave waves sea lake tool vehicle animal music
    instrument break breaking building site construction factory bass keyboard hat tom kick press metal wood power mine
    farm crane boat ship gas spray song songs recorder fan bear fly mouse organ washing seal ram ox pick cart shot pipe
    voice speech talking man woman speaker conversation vocals singing choir sine white pink crying plate dish dishes
    drop drops drip tap typing triangle mobile ping ding roll horn's snare line lines power triangle tick triangle sweep
    plane frying idling strings string electric harbour pouring cock ape fire jet saw robin
    pop explosion blower breath breathing subway traffic police neighbourhood playground shovel gravel digging
    """.split()  # noqa: SIM905
)
"""Words of the ontology that say too little, or something else as well, to be taken for the name of a sound."""
_MORE = frozenset("rainfall sawing drumming knocking clapping whistling baby airplane motorcycle waterfall".split())  # noqa: SIM905


def stem(word: str) -> str:
    """A word without its ending: knocking, knocks and knock are one.

    >>> stem("drumming"), stem("whistling"), stem("footsteps"), stem("siren")
    ('drum', 'whistl', 'footstep', 'siren')
    """
    w = word.casefold().removesuffix("'s")
    if len(w) > 5 and w.endswith("ing"):
        w = w[:-3]
        if len(w) > 3 and w[-1] == w[-2] and w[-1] not in "ls":
            w = w[:-1]
    elif len(w) > 3 and w.endswith("s") and not w.endswith("ss"):
        w = w[:-1]
    return w[:-1] if len(w) > 4 and w.endswith("e") else w


_WIDE = frozenset(stem(w) for w in (*SOUND_WORDS, *_MORE, *(w for g in (*GROUPS, *map(str.split, KINDS.values())) for w in g))) - frozenset(stem(w) for w in _VAGUE)  # fmt: skip  # noqa: E501
NOUNS = frozenset(stem(w) for w in (*SOUND_WORDS, *_MORE)) - frozenset(
    stem(w) for w in ("knocking", "clapping", "sawing")
)
"""Words that name a sound wherever they stand in an account of a clip."""
_WORD = re.compile(r"[^\W\d_]+(?:['’]s\b)?")
_GLUE = re.compile(r"(?:['’]s)?(?: | of (?:an? |the )?| on (?:an? |the )?| from (?:an? |the )?|-)$")
_VERB_BEFORE = re.compile(r"\b(?:I|we|as|they|you)\s+$", re.IGNORECASE)


class Mention(NamedTuple):
    """One named sound: which label of the clip it means ("" if none or unclear), how surely, in which words."""

    label: str
    kind: Kind
    word: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence whose sounds are single characters; `mentions[i]` belongs to the character 0xE000 + i."""

    text: str
    mentions: tuple[Mention, ...]

    def of(self, mark: str) -> Mention:
        """The mention behind a mark."""
        return self.mentions[ord(mark) - FIRST_MARK]

    @property
    def labels(self) -> set[str]:
        """Labels of the clip that are named."""
        return {m.label for m in self.mentions if m.label}

    @property
    def sure(self) -> bool:
        """Whether each mention means one sound of the clip."""
        return all(m.label for m in self.mentions)


class Marker:
    """Marks sentences about a clip with these labels; `others` are further names of sounds (options)."""

    def __init__(self, labels: frozenset[str], others: frozenset[str] = frozenset()) -> None:
        self.labels = sorted(labels)
        self.names = labels | others
        self.heads: dict[str, list[str]] = {}
        for name in sorted({x.lower() for x in self.names if x.strip()}, key=lambda x: (-len(x), x)):
            self.heads.setdefault(name[:2], []).append(name)
        # Names are looked up by the first letters of words; those that begin otherwise need the pattern.
        self.plain = all(
            len(head) == 2 and head[0].isalpha() and x == x.casefold() for head, v in self.heads.items() for x in v
        )
        stems: dict[str, set[str]] = {}
        for label in labels:
            for word in words_of(label):
                if len(word) == 1 and word.isascii():
                    continue  # "a baby's cry" has an "s", and so has every time in seconds
                stems.setdefault(stem(word), set()).add(label)
        self.stems = {k: tuple(sorted(v)) for k, v in stems.items()}
        self.known: dict[str, Mention | None] = {}

    @cached_property
    def exact(self) -> re.Pattern[str] | None:
        """A pattern that finds all names; compiled where it is needed."""
        return t.label_pattern(self.names)

    def _spans(self, sentence: str) -> list[tuple[int, int, Mention]]:
        """Where names and words for sounds stand, and what they mean."""
        low = sentence.lower()
        if not self.plain or len(low) != len(sentence) or "\n" in sentence or "  " in sentence:
            return self._spans_by_pattern(sentence)
        spans: list[tuple[int, int, Mention]] = []
        done = 0
        for m in _WORD.finditer(low):
            at = m.start()
            if at < done:
                continue
            for name in self.heads.get(low[at : at + 2], ()):
                if low.startswith(name, at) and (end := t.label_end(low, at, name)):
                    spans.append((at, end, self._whole(name)))
                    done = end
                    break
            else:
                word = m[0]
                found = self.known[word] if word in self.known else self._word(word)
                if found is not None:
                    spans.append((at, m.end(), found))
        return spans

    def _spans_by_pattern(self, sentence: str) -> list[tuple[int, int, Mention]]:
        """The same for names that are not plain words, or sentences with other white space."""
        found = self.exact.finditer(sentence) if self.exact is not None else ()
        spans = [(m.start(), m.end(), self._whole(m[1])) for m in found]
        taken = [(a, b) for a, b, _ in spans]
        for m in _WORD.finditer(sentence):
            mention = self._word(m[0].casefold())
            if mention is not None and not any(a < m.end() and m.start() < b for a, b in taken):
                spans.append((m.start(), m.end(), mention))
        return sorted(spans, key=lambda x: x[0])

    def _whole(self, word: str) -> Mention:
        folded = " ".join(word.casefold().split())
        if folded in self.labels:
            return Mention(folded, "exact", folded)
        return self._guess(folded)

    def _guess(self, word: str) -> Mention:
        near = [x for x in self.labels if confusable(word, x)]
        if len(near) == 1:
            return Mention(near[0], "near", word)
        return Mention("", "unclear" if near else "absent", word)

    def _word(self, word: str) -> Mention | None:
        if word not in self.known:
            found: Mention | None = None
            s = stem(word)
            if s in self.stems:
                same = self.stems[s]
                found = Mention(same[0], "exact", word) if len(same) == 1 else Mention("", "unclear", word)
            elif s in _WIDE:
                found = self._guess(word.removesuffix("'s"))
                if found.kind == "absent" and (other := self._guess(s)).kind != "absent":
                    found = other
            self.known[word] = found
        return self.known[word]

    def mark(self, sentence: str) -> Marked:
        """The sentence with its sounds as marks; neighbouring words for one sound are one mark."""
        spans = self._spans(sentence)
        spans = [x for x in spans if not (x[2].word in ("saw", "clap") and _VERB_BEFORE.search(sentence[: x[0]]))]
        joined: list[tuple[int, int, Mention]] = []
        for a, b, mention in spans:
            if joined and _GLUE.fullmatch(sentence[joined[-1][1] : a]):
                joined[-1] = (joined[-1][0], b, _together(joined[-1][2], mention))
            else:
                joined.append((a, b, mention))
        out, at = [], 0
        for i, (a, b, _) in enumerate(joined[:200]):
            out += [sentence[at:a], chr(FIRST_MARK + i)]
            at = b
        return Marked("".join([*out, sentence[at:]]), tuple(m for _, _, m in joined[:200]))


def _together(a: Mention, b: Mention) -> Mention:
    """Two words for one thing ("knocking on a door"): the surer one; two different sure ones are unclear."""
    if a.label == b.label:
        return a if a.kind == "exact" else b
    if a.kind == b.kind == "exact":
        return Mention("", "unclear", f"{a.word} {b.word}")
    for kind in ("exact", "near", "unclear"):
        for m in (b, a):
            if m.kind == kind:
                return m
    return b


@lru_cache(maxsize=4096)
def marker(labels: frozenset[str], others: frozenset[str] = frozenset()) -> Marker:
    """A cached `Marker`."""
    return Marker(labels, others)
