"""From a reply to a record, or to the reason why not.

Decision: lenient about the wrapping, strict about the content. White space, one code fence, the visible thoughts of a
reasoning model in front and (for JSON) a sentence around it do no harm and are taken off. Everything else that is not
the asked form is an `Unusable` with a stable code; the teacher asks again and, after the last try, says the code.
A question's right option is never guessed: the answer must mean exactly one option.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from audio_reasoner.clients import refusals
from audio_reasoner.clients.replies import Unusable, cut, json_of, not_an_answer, unwrap
from audio_reasoner.core.chain import SECTIONS, TAG_LITERALS, Chain, parse_chain
from audio_reasoner.core.choices import match_option, split_question

PARSER_VERSION = "llm/1"
"""Goes up whenever the same reply gives another record."""


class Invented(NamedTuple):
    """A question of an Annotator: `gold` is the place of the right option, None for an open question."""

    text: str
    options: tuple[str, ...]
    answer: str
    gold: int | None


class Judged(NamedTuple):
    """A Discriminator's opinion."""

    verdict: bool
    reasons: tuple[str, ...]


# --- fields ---


def _text_field(fields: dict[str, Any], name: str, where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Unusable("json.form", f"{where} has no text {name!r}")
    return unicodedata.normalize("NFC", value).strip()


def _list_field(fields: dict[str, Any], name: str, where: str) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise Unusable("json.form", f"{where} has no list {name!r}")
    return value


def _objects(fields: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    items = _list_field(fields, name, where)
    if not all(isinstance(item, dict) for item in items):
        raise Unusable("json.form", f"{name!r} of {where} holds something that is no object")
    return items


# --- Annotator ---


def caption_of(reply: str) -> str:
    """The caption of a reply to `schemas.CAPTION`.

    Raises:
        Unusable: reply.*, json.*, caption.*.
    """
    return _caption(json_of(reply))


def _caption(fields: dict[str, Any]) -> str:
    caption = _text_field(fields, "caption", "the reply")
    if any(literal in caption.upper() for literal in TAG_LITERALS):
        raise Unusable("caption.tags", "the caption holds a tag of a chain")
    if refusals.is_deaf(caption) or refusals.is_refusal(caption):
        raise Unusable("reply.refused", f"the caption declines: {cut(caption)}")
    if refusals.has_error(caption):
        raise Unusable("reply.error_text", f"the caption is an error message: {cut(caption)}")
    return caption


def annotation_of(reply: str, n: int, kinds: Sequence[str] = ("choice", "open")) -> tuple[str, tuple[Invented, ...]]:
    """Caption and the first `n` questions of a reply to `schemas.annotation`.

    Args:
        kinds: what was asked for: questions with four options ("choice"), without ("open"), or both.

    Raises:
        Unusable: reply.*, json.*, caption.*, question.*.
    """
    fields = json_of(reply)
    caption = _caption(fields)
    items = _objects(fields, "questions", "the reply")[:n]
    if len(items) < n:
        raise Unusable("question.too_few", f"{len(items)} questions instead of {n}")
    questions = tuple(_question(item, i) for i, item in enumerate(items, start=1))
    for i, q in enumerate(questions, start=1):
        if ("choice" if q.options else "open") not in kinds:
            raise Unusable("question.kind", f"question {i} is not of the kind asked for")
    if len({" ".join(q.text.casefold().split()) for q in questions}) < n:
        raise Unusable("question.repeated", "two questions are the same")
    return caption, questions


_LETTERED = [re.compile(rf"^\s*[(\[]?{a}[)\].:]\s*(?=\S)", re.IGNORECASE) for a in "abcd"]
_REFERS = re.compile(
    r"\b(?:all|none|both|neither|any|either) of (?:the )?(?:above|these|them|those)\b|"
    r"\bnone of the (?:others?|options)\b|"
    r"\b(?:both|either|neither) \(?[a-d]\)? (?:and|or|nor) \(?[a-d]\b|以上",
    re.IGNORECASE,
)
"""Options that speak of other options: they would be wrong once the options are put in another order."""


def _question(item: dict[str, Any], number: int) -> Invented:
    where = f"question {number}"
    text = _text_field(item, "question", where)
    answer = _text_field(item, "answer", where)
    raw = item.get("options") or []
    if not isinstance(raw, list) or not all(isinstance(x, str) for x in raw):
        raise Unusable("json.form", f"the options of {where} are no list of texts")
    options = [" ".join(unicodedata.normalize("NFC", x).split()) for x in raw]
    if not options:
        text, inline = split_question(text)
        options = list(inline)
    if not options:
        return Invented(text, (), answer, None)
    if not text:
        raise Unusable("question.text", f"{where} has options and no text")
    if len(options) != 4 or not all(options):
        raise Unusable("question.options", f"{where} has {len([x for x in options if x])} options instead of 4")
    if all(p.match(x) for p, x in zip(_LETTERED, options, strict=True)):
        options = [p.sub("", x, count=1) for p, x in zip(_LETTERED, options, strict=True)]
    if len({x.casefold() for x in options}) < 4:
        raise Unusable("question.options", f"{where} has the same option twice")
    if refers := next((x for x in options if _REFERS.search(x)), None):
        raise Unusable("question.refers", f"an option of {where} speaks of the others: {refers!r}")
    same = [i for i, x in enumerate(options) if x.casefold() == " ".join(answer.casefold().split())]
    gold = same[0] if same else match_option(answer, options).index
    if gold is None:
        raise Unusable("question.answer", f"the answer of {where} is none of its options: {cut(answer)}")
    return Invented(text, tuple(options), options[gold], gold)


# --- Thinker ---


def chain_of(reply: str) -> Chain:
    """The one chain of a reply in tags.

    Raises:
        Unusable: reply.*, chain.*.
    """
    text = unwrap(reply)
    parsed = parse_chain(text)
    if not parsed.tagged:
        raise not_an_answer(text) or Unusable("chain.untagged", f"no chain: {cut(text)}")
    if text.upper().count("<THINK>") > 1 or text.upper().count("<RESPONSE>") > 1:
        raise Unusable("chain.several", "the reply holds more than one chain")
    if parsed.defects:
        raise Unusable(f"chain.{parsed.defects[0].code}", "; ".join(d.detail for d in parsed.defects))
    chain = parsed.chain
    assert chain is not None
    return _sound(chain)


def _sound(chain: Chain) -> Chain:
    for name in SECTIONS:
        section = getattr(chain, name)
        if refusals.has_error(section):
            raise Unusable("reply.error_text", f"{name} holds an error message: {cut(section)}")
        if refusals.is_deaf(section):
            raise Unusable("reply.refused", f"{name} says that the sound cannot be heard: {cut(section)}")
    return chain


def chains_of(reply: str, n: int) -> dict[int, Chain | Unusable]:
    """What the reply to `schemas.chains(n)` holds for each question (0-based): a chain, or why there is none.

    Raises:
        Unusable: reply.*, json.*: nothing in it can be used.
    """
    items = _objects(json_of(reply), "chains", "the reply")
    found: dict[int, Chain | Unusable] = {
        k: Unusable("chain.missing", f"no chain for question {k + 1}") for k in range(n)
    }
    for k, item in _by_number(items, n):
        try:
            sections = {name: _text_field(item, name, f"chain {k + 1}") for name in SECTIONS}
            found[k] = _sound(Chain(**sections))
        except ValueError:
            found[k] = Unusable("chain.invalid_text", f"a section of chain {k + 1} holds a tag")
        except Unusable as problem:
            found[k] = problem
    return found


def _by_number(items: list[dict[str, Any]], n: int) -> list[tuple[int, dict[str, Any]]]:
    """The items by their 0-based number; without numbers, or with the same twice, nothing is assumed."""
    numbers = [item.get("question") for item in items]
    if len(set(map(repr, numbers))) < len(numbers):
        raise Unusable("json.form", "two items answer the same question")
    if not all(type(x) is int and 1 <= x <= n for x in numbers):
        raise Unusable("json.form", f"the items are not numbered 1 to {n}")
    return [(int(str(x)) - 1, item) for x, item in zip(numbers, items, strict=True)]


# --- Discriminator ---


def judged_of(reply: str) -> Judged:
    """The opinion of a reply to `schemas.JUDGEMENT`.

    Raises:
        Unusable: reply.*, json.*, verdict.*.
    """
    return _judged(json_of(reply))


def judgements_of(reply: str, n: int) -> dict[int, Judged | Unusable]:
    """What the reply to `schemas.judgements(n)` says about each chain (0-based).

    Raises:
        Unusable: reply.*, json.*.
    """
    items = _objects(json_of(reply), "verdicts", "the reply")
    found: dict[int, Judged | Unusable] = {
        k: Unusable("verdict.missing", f"no verdict on chain {k + 1}") for k in range(n)
    }
    for k, item in _by_number(items, n):
        try:
            found[k] = _judged(item)
        except Unusable as problem:
            found[k] = problem
    return found


def _judged(fields: dict[str, Any]) -> Judged:
    verdict = fields.get("verdict")
    if isinstance(verdict, str) and verdict.strip().lower() in ("true", "false"):
        verdict = verdict.strip().lower() == "true"
    if not isinstance(verdict, bool):
        raise Unusable("verdict.form", "the verdict is neither true nor false")
    reasons = fields.get("reasons") or []
    if isinstance(reasons, str):
        reasons = [reasons]
    if not isinstance(reasons, list) or not all(isinstance(x, str) for x in reasons):
        raise Unusable("verdict.form", "the reasons are no list of texts")
    return Judged(verdict, tuple(x.strip() for x in reasons if x.strip()))


# --- Solver ---


def answer_of(reply: str) -> str:
    """A solver's answer as text. A refusal is an answer too: it means no option.

    Raises:
        Unusable: reply.empty, reply.error_text.
    """
    text = unwrap(reply)
    if not text or refusals.is_error(text):
        raise not_an_answer(text) or Unusable("reply.empty", "the reply is empty")
    return text
