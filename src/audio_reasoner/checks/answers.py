# ruff: noqa: E501 -- a regular expression is read in one piece
"""Which option is right, where timeline, labels and the clip's length decide it and the question's words leave no doubt.

Decision: a question is answered here only if its text is one of a few plain forms and exactly one option is true; a
word such as "background" or "loudest" that could mean something else makes it nobody's business.
"""

from __future__ import annotations

import re

from audio_reasoner.checks import text as t
from audio_reasoner.checks.marks import NOUNS, marker, stem
from audio_reasoner.checks.ontology import confusable
from audio_reasoner.checks.truth import Truth, facts_of, folded
from audio_reasoner.core.records import Clip, Evidence, Question

LONGER, LONGER_S = 1.25, 0.25
"""The longest sound must be longer than the next by this factor and so many seconds."""
NEAR_LENGTH, FAR_LENGTH = 0.15, 0.35
"""A named length means the clip's if it is off by less than the first share (or 0.5 s), another if by more than the second."""
_HOW_MANY = re.compile(
    r"\b(?:how many|number of) ((?:separate |distinct |individual |different )*(?:sound events|events|sounds))\b",
    re.IGNORECASE,
)
_HOW_OFTEN = re.compile(
    r"\bhow (?:many (?:\w+ )?(?:times|occasions)|often)\b|\bnumber of (?:times|occasions)\b", re.IGNORECASE
)
_FIRST = re.compile(
    r"\b(?:first|opens?|earliest|begins? the|starts? the|does the \w+ (?:begin|start|open)|at the (?:very )?(?:beginning|start))\b",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"\b(?:last|final|closes?|ends? the|does the \w+ (?:end|close)|at the (?:very )?end)\b", re.IGNORECASE
)
_ORDER = re.compile(
    r"\b(?:in (?:which|what|the) order|(?:correct|right|true|chronological) (?:order|sequence)|(?:what is the|which|the) (?:order|sequence)|follow (?:one another|each other))\b",
    re.IGNORECASE,
)
_REVERSE = re.compile(r"\b(?:reverse|backwards?|latest to|last to)\b", re.IGNORECASE)
_EACH_OTHER = re.compile(r"\bfollow (?:one another|each other)\b", re.IGNORECASE)
_NEXT = re.compile(r"\b(?:right|directly|immediately|just) (?:after|follows?|following|behind)\b", re.IGNORECASE)
_PREVIOUS = re.compile(
    r"\b(?:right|directly|immediately|just) (?:before|precedes?|preceding|ahead of)\b", re.IGNORECASE
)
_NEAR = re.compile(
    r"\b(?:before|after|follow\w*|preced\w*|between|during|while|second|third|loud\w*|quiet\w*|long\w*|short\w*|not)\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"^(?:is|are|was|can|does|do|did|could)\b.*\b(?:heard|hear|occur|appear|present|audible|contain|come up|turn up|part of|in the)\b",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"^(?:which|what)(?: one)?(?: of (?:these|the following)(?: sounds?)?)?(?: (?:sounds?|sound source))? (?:(?:is|are|can be|could be) (?:heard|audible|present|the sound)|occurs?|appears?|(?:can|do|could) you hear|makes? the sound|is (?:in|part of))(?: in (?:the|this) (?:clip|recording|audio))?\?$",
    re.IGNORECASE,
)
_LONGEST = re.compile(
    r"^what is the longest sound(?: in (?:the|this) (?:clip|recording|audio))?\?$|^(?:which|what)(?: of (?:these|the))? (?:sounds?|events?) (?:is|lasts?|goes on|continues)(?: for)? (?:the )?longest(?: in (?:the|this) (?:clip|recording|audio))?\?$",
    re.IGNORECASE,
)
_CLIP_LENGTH = re.compile(
    r"\b(?:how long (?:is|does) (?:the|this)(?: whole| entire)? (?:clip|recording|audio)(?: clip)?|(?:length|duration) of (?:the|this)(?: whole| entire)? (?:clip|recording|audio))\b",
    re.IGNORECASE,
)
_SPEAKERS = re.compile(
    r"\bhow many (?:different |distinct |separate )?(?:speakers|voices|people|persons)\b(?! (?:laugh|sing|shout|ask|agree))",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\b(?:the|an?|any) ((?:(?!of\b)[\w'-]+ ){1,3})sounds?\b", re.IGNORECASE)
_SECONDS = re.compile(r"^(?:about |around |roughly |approximately )?(\d+(?:\.\d+)?) ?(?:s|sec|seconds?)\.?$")


def true_answer(clip: Clip, evidence: Evidence | None, question: Question) -> int | None:
    """The option that is surely right; None where words, options or facts leave room for another reading."""
    text, labels = question.text.strip(), [folded(o) for o in question.options]
    if not labels:
        return None
    if _CLIP_LENGTH.search(text) and not re.search(
        r"\b(?:until|before|after|silen\w+|first|last(?! ?\?))\b", text, re.IGNORECASE
    ):
        return _length(labels, clip.duration_s, question.gold_index)
    facts = facts_of(clip, evidence)
    if _SPEAKERS.search(text):
        return None if facts.speakers is None else _number(labels, facts.speakers)
    if facts.truth is None or not facts.truth.events:
        tags = [folded(x.value) for x in clip.labels if x.kind in ("tag", "instrument")]
        return _of_tags(tags, text, labels)
    return _of_timeline(facts.truth, text, labels)


def _length(labels: list[str], true: float, gold: int | None) -> int | None:
    said = [_SECONDS.match(x) for x in labels]
    if gold is None or not all(said):
        return None
    off = [abs(float(m[1]) - true) for m in said if m is not None]
    near = [i for i, x in enumerate(off) if x <= max(0.5, NEAR_LENGTH * true)]
    if gold in near:
        return gold
    if off[gold] <= max(0.5, FAR_LENGTH * true) or len(near) != 1:
        return None
    return near[0]


def _of_tags(tags: list[str], text: str, labels: list[str]) -> int | None:
    """What is tagged is heard; what is not tagged may be heard all the same."""
    if not tags or _NEAR.search(text):
        return None
    if _WHICH.match(text):
        return _heard(labels, tags)
    if _PRESENT.search(text) and sorted(labels) == ["no", "yes"]:
        asked = t.mentions(t.label_pattern(tags), text)
        plain = (m := _ASKED.search(text)) is not None and folded(m[1]) in asked
        return labels.index("yes") if plain and len(asked) == 1 else None
    return None


def _heard(labels: list[str], known: list[str]) -> int | None:
    """The one option that is a known sound, if no other option could be another name of one."""
    right = [i for i, x in enumerate(labels) if x in known]
    if len(right) != 1 or any(confusable(x, k) for i, x in enumerate(labels) if i != right[0] for k in known):
        return None
    return right[0]


def _of_timeline(truth: Truth, text: str, labels: list[str]) -> int | None:
    sequence = truth.sequence
    known = [x for x, _, _ in truth.heard]
    if _WHICH.match(text):
        return _heard(labels, known)
    if _LONGEST.match(text):
        return _longest(truth, labels)
    order = _ORDER.search(text) is not None
    near = _NEAR.search(_EACH_OTHER.sub("", text)) is not None
    found = set(t.mentions(t.label_pattern(known), text))
    if (
        not found
        and not near
        and (_HOW_OFTEN.search(text) or (_PRESENT.search(text) and sorted(labels) == ["no", "yes"]))
    ):
        if not _absent(known, text):
            return None
        return labels.index("no") if "no" in labels else _number(labels, 0)
    if len(found) == 1 and truth.beneath and _PRESENT.search(text) and not near and sorted(labels) == ["no", "yes"]:
        return labels.index("yes")
    if not truth.apart or truth.beneath:
        return None
    if len(found) == 1:
        (label,) = found
        return _about(label, sequence, text, labels, near)
    if found or near:
        return None
    if order:
        items = [re.split(r"; |, | -> | → ", o) for o in labels]
        if _REVERSE.search(text) or not all(len(i) == len(sequence) for i in items) or items.count(sequence) != 1:
            return None
        return items.index(sequence)
    if (m := _HOW_MANY.search(text)) is not None:
        if re.search(r"\b(?:kinds?|types?|sources?)\b", text):
            return None
        n, kinds = len(sequence), len(set(sequence))
        plain = n == kinds or ("different" not in m[1] and ("separate" in m[1] or "event" in m[1]))
        return _number(labels, n) if plain else None
    first, last = _FIRST.search(text) is not None, _LAST.search(text) is not None
    if "sound" not in text or first == last:
        return None
    return _only(labels, sequence[0 if first else -1], sequence)


def _about(label: str, sequence: list[str], text: str, labels: list[str], near: bool) -> int | None:
    """Questions that name one sound of the clip."""
    if any(confusable(label, x) for x in sequence if x != label):
        return None
    if _HOW_OFTEN.search(text) and not near:
        return _number(labels, sequence.count(label))
    if _PRESENT.search(text) and not near and sorted(labels) == ["no", "yes"]:
        return labels.index("yes")
    step = 1 if _NEXT.search(text) else -1 if _PREVIOUS.search(text) else 0
    if step and sequence.count(label) == 1 and 0 <= (i := sequence.index(label) + step) < len(sequence):
        return _only(labels, sequence[i], sequence)
    return None


def _absent(sequence: list[str], text: str) -> bool:
    """Whether the question names one sound, and one that nothing in the clip could be called."""
    if (m := _ASKED.search(text)) is not None:
        name = folded(m[1])
        return not any(confusable(name, x) for x in sequence) and not re.search(r"\b(?:separate|other|same)\b", name)
    mentions = marker(frozenset(sequence)).mark(text).mentions
    return len(mentions) == 1 and mentions[0].kind == "absent" and stem(mentions[0].word) in NOUNS


def _longest(truth: Truth, labels: list[str]) -> int | None:
    best: dict[str, float] = {}
    for label, a, b in truth.events:
        best[label] = max(best.get(label, 0.0), b - a)
    ranked = sorted(best, key=lambda x: -best[x])
    if len(ranked) > 1 and best[ranked[0]] < max(LONGER * best[ranked[1]], LONGER_S + best[ranked[1]]):
        return None
    return _only(labels, ranked[0], list(best))


def _number(labels: list[str], n: int) -> int | None:
    numbers = [t.how_often(x) if x.isascii() else None for x in labels]
    return numbers.index(n) if numbers.count(n) == 1 else None


def _only(labels: list[str], right: str, sequence: list[str]) -> int | None:
    """The one option that names the right sound, if the gold could not be another name of it."""
    known = set(sequence)
    if labels.count(right) != 1 or any(x not in known for x in labels if x != right and right in x):
        return None
    return labels.index(right)
