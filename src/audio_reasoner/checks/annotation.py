# ruff: noqa: E501 -- a regular expression is read in one piece
"""Judgements of an annotation alone, before any chain is paid for.

Decision: a question must be answerable by listening and by nothing else. What can be told from the text alone (an
option twice, the gold answer much longer than the rest, a question about "the label") is rejected; whether the gold
answer is true is asked of the timeline where the question's words leave no doubt about what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audio_reasoner.checks import text as t
from audio_reasoner.checks.ontology import confusable
from audio_reasoner.checks.truth import Truth, folded, truth_of
from audio_reasoner.core.records import Annotation, Clip, Evidence, Finding, Question

MAX_LENGTH_RATIO = 2.5
"""A gold option this many times longer than the longest other one gives itself away."""
MIN_LONG_WORDS = 8
ABOUT_TEXT = re.compile(
    r"\b(?:the|this|that|your|given|provided|original) (?:caption|label|annotation|description|transcript(?:ion)? (?:provided|given|above)|metadata|tag|data ?set|file ?name|ground truth)s?\b"
    r"|\b(?:caption|label|annotation|metadata|description) (?:says|states|mentions|provided|given|above|describes|indicates)\b"
    r"|\b(?:annotated|labell?ed|tagged) (?:as|with|in)\b|\bfile ?name\b|\bdata ?set\b|\bsample rate of the file\b|\bground[ -]truth\b",
    re.IGNORECASE,
)
CAPTION_TEXT = re.compile(
    r"\b(?:original|given|provided|supplied) (?:caption|label|annotation|description)|\baccording to the (?:caption|label|tag|annotation|metadata|description)"
    r"|\bas (?:the|its) (?:label|caption|description|tag)s? (?:says|states|indicates)|\bI(?:'m| am) sorry\b|\bas an AI\b|\b(?:cannot|can't|unable to) (?:hear|listen|access|process)",
    re.IGNORECASE,
)
_ALL = re.compile(r"\b(?:all|none|both|neither) of (?:the (?:above|others|options|these)|these|them)\b", re.IGNORECASE)


def check_annotation(clip: Clip, evidence: Evidence | None, annotation: Annotation) -> tuple[Finding, ...]:
    """Findings about a caption and its questions; empty if nothing is wrong.

    The detail of a finding about a question begins with its number ("question 2: …"), counted from 1.
    """
    out = [*_caption(annotation)]
    for k, question in enumerate(annotation.questions, start=1):
        out += [
            Finding(code=found.code, detail=f"question {k}: {found.detail}")
            for found in check_question(clip, evidence, question)
        ]
    return tuple(out)


def _caption(annotation: Annotation) -> Iterator[Finding]:
    if m := CAPTION_TEXT.search(t.unquoted(annotation.caption)):
        yield Finding(code="caption_about_text", detail=f"the caption says {m[0]!r}")


def check_question(clip: Clip, evidence: Evidence | None, question: Question) -> Iterator[Finding]:  # noqa: ARG001
    """Findings about one question."""
    if m := ABOUT_TEXT.search(t.unquoted(question.text)):
        yield Finding(code="question_about_text", detail=f"it asks about {m[0]!r}, not about what is heard")
    yield from _options(question)
    truth = truth_of(clip)
    if truth is not None:
        gold = true_answer(truth, question)
        if gold is not None and gold != question.gold_index:
            yield Finding(
                code="gold_wrong",
                detail=f"the gold answer is {question.gold_text!r}, the timeline says {question.options[gold]!r}",
            )


def _options(question: Question) -> Iterator[Finding]:
    options = [" ".join(o.casefold().split()).rstrip(".") for o in question.options]
    if len(set(options)) < len(options):
        yield Finding(code="options_equal", detail="two options read the same")
    if question.options and question.gold_index is not None:
        lengths = [len(o.split()) for o in options]
        others = [n for i, n in enumerate(lengths) if i != question.gold_index]
        gold = lengths[question.gold_index]
        if gold >= MIN_LONG_WORDS and gold > MAX_LENGTH_RATIO * max(others):
            yield Finding(
                code="option_length", detail=f"the gold option has {gold} words, the others at most {max(others)}"
            )
    for option in question.options:
        if m := _ALL.search(option):
            yield Finding(code="option_meta", detail=f"an option is {m[0]!r}")
            return
    if not question.options:
        gold_text = folded(question.gold_text)
        if len(gold_text.split()) >= 3 and gold_text in folded(question.text):
            yield Finding(code="question_gives_answer", detail="the question holds its own answer")


_HOW_MANY = re.compile(
    r"\b(?:how many|number of) ((?:separate |distinct |individual |different )*(?:sound events|events|sounds))\b",
    re.IGNORECASE,
)
_HOW_OFTEN = re.compile(r"\bhow (?:many times|often)\b|\bnumber of times\b", re.IGNORECASE)
_FIRST = re.compile(
    r"\b(?:first|opens?|earliest|begins? the|starts? the|at the (?:very )?(?:beginning|start))\b", re.IGNORECASE
)
_LAST = re.compile(r"\b(?:last|final|closes?|ends? the|at the (?:very )?end)\b", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(?:in (?:which|what) order|(?:correct|right|true|chronological) (?:order|sequence)|what is the (?:order|sequence)|order of the)\b",
    re.IGNORECASE,
)
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


def true_answer(truth: Truth, question: Question) -> int | None:
    """The option that the timeline makes right; None where words or options leave room for another reading."""
    text, options, sequence = question.text.strip(), question.options, truth.sequence
    if not options or not sequence or not truth.apart:
        return None
    labels = [folded(o) for o in options]
    found = set(t.mentions(t.label_pattern(sequence), text))
    near = _NEAR.search(text) is not None
    if len(found) == 1:
        (label,) = found
        alone = not any(confusable(label, x) for x in sequence if x != label)
        if not alone:
            return None
        if _HOW_OFTEN.search(text) and not near:
            return _number(labels, sequence.count(label))
        if _PRESENT.search(text) and not near and sorted(labels) == ["no", "yes"]:
            return labels.index("yes")
        step = 1 if _NEXT.search(text) else -1 if _PREVIOUS.search(text) else 0
        if step and sequence.count(label) == 1 and 0 <= (i := sequence.index(label) + step) < len(sequence):
            return _only(labels, sequence[i], sequence)
        return None
    if found or near:
        return None
    if _ORDER.search(text):
        if re.search(r"\b(?:reverse|backwards?|latest to|last to)\b", text, re.IGNORECASE):
            return None
        items = [re.split(r"; |, | -> | → ", o) for o in labels]
        if all(len(i) == len(sequence) for i in items) and items.count(sequence) == 1:
            return items.index(sequence)
        return None
    if (m := _HOW_MANY.search(text)) is not None:
        if re.search(r"\b(?:kinds?|types?|sources?)\b", text):
            return None
        n, kinds = len(sequence), len(set(sequence))
        plain = n == kinds or ("different" not in m[1] and ("separate" in m[1] or "event" in m[1]))
        return _number(labels, n) if plain else None
    if _FIRST.search(text) and not _LAST.search(text) and "sound" in text:
        return _only(labels, sequence[0], sequence)
    if _LAST.search(text) and not _FIRST.search(text) and "sound" in text:
        return _only(labels, sequence[-1], sequence)
    return None


def _number(labels: list[str], n: int) -> int | None:
    numbers = [t.how_often(x) if x.isascii() else None for x in labels]
    return numbers.index(n) if numbers.count(n) == 1 else None


def _only(labels: list[str], right: str, sequence: list[str]) -> int | None:
    """The one option that names the right sound, if the gold could not be another name of it."""
    known = set(sequence)
    if labels.count(right) != 1 or any(x not in known for x in labels if x != right and right in x):
        return None
    return labels.index(right)
