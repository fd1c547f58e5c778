"""What wraps an answer of a language model, and replies that are no answers at all.

Decision: lenient about the wrapping, strict about the content. White space, one code fence, the visible thoughts of a
reasoning model in front and (for JSON) a sentence around it do no harm and are taken off. Whoever asks for a form says
what is wrong with everything else, by raising `Unusable`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from audio_reasoner.clients import refusals


class Unusable(Exception):
    """A reply that cannot be used.

    Codes here: `reply.empty`, `reply.refused`, `reply.error_text`, `json.syntax`, `json.several`; those who read a form
    add their own.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


# --- wrapping ---

_FENCE = re.compile(r"\A\s*(`{3,}|~{3,})[^\n`]*\n(.*?)\n?\s*\1\s*\Z", re.DOTALL)
_ANY_FENCE = re.compile(r"^(`{3,})(?:json)?[ \t]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
# Lower case and in front of the real thing: the thoughts of a reasoning model whose server does not take them off.
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>\s*(?=\S)", re.DOTALL)


def unwrap(text: str) -> str:
    """The reply without what harmlessly surrounds it: thoughts in front, white space, one fence around all."""
    text = _THOUGHTS.sub("", text, count=1).strip()
    fence = _FENCE.match(text)
    return (fence[2] if fence else text).strip()


def not_an_answer(text: str) -> Unusable | None:
    """What a text without the asked form says about itself, if it says anything."""
    if not text:
        return Unusable("reply.empty", "the reply is empty")
    if refusals.is_error(text):
        return Unusable("reply.error_text", f"the reply is an error message: {cut(text)}")
    if refusals.is_refusal(text):
        return Unusable("reply.refused", f"the model declines: {cut(text)}")
    return None


def cut(text: str) -> str:
    """The beginning of a text, quoted, for an error."""
    words = " ".join(text.split())
    return repr(words if len(words) <= 80 else words[:79] + "…")


# --- JSON ---


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key occurs twice")
    return fields


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, strict=False)


def json_of(reply: str) -> dict[str, Any]:
    """The one JSON object of a reply: bare, in a fence, or with a sentence around it.

    Raises:
        Unusable: reply.*, json.syntax, json.several.
    """
    text = unwrap(reply)
    fences = _ANY_FENCE.findall(text)
    if len(fences) == 1 and "{" in fences[0][1]:
        text = fences[0][1].strip()
    start = text.find("{")
    if start < 0:
        raise not_an_answer(text) or Unusable("json.syntax", f"no JSON object: {cut(text)}")
    try:
        value, end = _DECODER.raw_decode(text, start)
        written = json.dumps(value, ensure_ascii=False)
        written.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unusable("json.syntax", "a lone surrogate is no text") from error
    except (ValueError, RecursionError) as error:
        raise not_an_answer(text) or Unusable("json.syntax", f"{error}: {cut(text)}") from error
    if not value.keys().isdisjoint(("error", "errors")):
        raise Unusable("reply.error_text", f"the reply is an error message: {cut(text)}")
    if "\\u0000" in written:
        raise Unusable("json.syntax", "a NUL is no text")
    if "{" in text[end:]:
        raise Unusable("json.several", "the reply holds more than one JSON object")
    return dict(value)
