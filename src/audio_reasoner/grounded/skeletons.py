"""Sentence skeletons: what is left of a sentence when labels, numbers and quotations are masked.

Decision: two sentences with one skeleton are one sentence to a reader who has seen many chains. Masked are quotations,
the words that the caller names (labels, with their article), numbers in digits and words, ordinals, option letters and
names of languages. A chain's fixed ending ("The answer is (b) …") and what has fewer than three words left is no
skeleton; neither is the response of an open question, which is the gold text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.grounded.language import clean_label
from audio_reasoner.grounded.languages import NAMES

_NUMBERS = re.compile(
    r"(?<![\w#])\d+(?:\.\d+)?(?:st|nd|rd|th)?\b|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|"
    r"twice|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b",
    re.IGNORECASE,
)
_LANGUAGES = re.compile(rf"\b(?:{'|'.join(NAMES.values())})\b")
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")
_SPLIT = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9\"(Q])")
_MUSIC = re.compile(r"(?<!\w)[A-G](?:#|b)?(?:maj|min|dim|aug|sus|m|\d)*(?: (?:major|minor))?(?![\w'])")


@lru_cache(maxsize=4096)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    if not words:
        return None
    body = "|".join(re.escape(x) for x in sorted(words, key=lambda x: (-len(x), x)))
    return re.compile(rf"(?<!\w)(?:(?:a|an|the) )?(?:sound of )?(?:{body})(?: sound)?(?!\w)", re.IGNORECASE)


def words_for(clip: Clip | None, question: Question | None = None) -> tuple[str, ...]:
    """The words that a skeleton leaves out: the clip's labels and events, and short options."""
    words: set[str] = set()
    if clip is not None:
        words.update(clean_label(x.value) for x in clip.labels if len(x.value) <= 60)
        if clip.timeline is not None:
            words.update(clean_label(e.label) for e in clip.timeline.events)
    for option in question.options if question is not None else ():
        words.update(re.split(r"; |, ", option) if len(option) <= 120 else [option])
    return tuple(sorted(w for w in words if w and w.casefold() not in ("yes", "no")))


def skeleton(sentence: str, words: Iterable[str] = ()) -> str:
    """One sentence masked; `words` are the labels to leave out.

    >>> skeleton("At 0.4 s the dog barks, the second sound.", ["dog"])
    'at N s X barks, the N sound.'
    """
    text = _QUOTED.sub("Q", re.sub(r"^\d+\. ", "", sentence.strip()))
    text = re.sub(r"\([a-z]\)", "(L)", text)
    if (pattern := _pattern(tuple(words))) is not None:
        text = pattern.sub("X", text)
    text = _NUMBERS.sub("N", _LANGUAGES.sub("X", text))
    text = re.sub(r"\bX(?:(?:, | and |; )X)+", "X", _MUSIC.sub("X", text))
    return text[:1].lower() + text[1:] if not text.startswith(("X", "N", "Q")) else text


def skeletons(chain: Chain, words: Iterable[str] = ()) -> list[str]:
    """The skeletons of a chain's sentences, each once, in order of first appearance.

    Args:
        chain: any chain, of whatever teacher.
        words: labels to leave out, e.g. `words_for(clip, question)`.
    """
    known = tuple(words)
    out: dict[str, None] = {}
    spoken = chain.response if " The answer is (" in chain.response else ""
    for text in (chain.planning, chain.caption, chain.reasoning, chain.summary, spoken):
        for line in text.splitlines():
            quotes: list[str] = []

            def keep(m: re.Match[str], quotes: list[str] = quotes) -> str:
                quotes.append(m[0])
                return '"Q."' if m[0][-2:-1] in ".?!" else '"Q"'

            # A quotation may hold sentences of its own; they are none of the chain's.
            bare = _QUOTED.sub(keep, re.sub(r"^\d+\. ", "", line))
            for sentence in _SPLIT.split(re.sub(r"(\"Q\.\")(?= [A-Z])", r"\1.", bare)):
                masked = skeleton(sentence, known)
                if len(masked.split()) > 2 and not sentence.startswith("The answer is ("):
                    out[masked] = None
    return list(out)
