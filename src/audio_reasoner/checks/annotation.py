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
from audio_reasoner.checks.answers import true_answer
from audio_reasoner.checks.truth import folded
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


def check_question(clip: Clip, evidence: Evidence | None, question: Question) -> Iterator[Finding]:
    """Findings about one question."""
    if m := ABOUT_TEXT.search(t.unquoted(question.text)):
        yield Finding(code="question_about_text", detail=f"it asks about {m[0]!r}, not about what is heard")
    yield from _options(question)
    gold = true_answer(clip, evidence, question)
    if gold is not None and gold != question.gold_index:
        yield Finding(
            code="gold_wrong",
            detail=f"the gold answer is {question.gold_text!r}, what is known says {question.options[gold]!r}",
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
