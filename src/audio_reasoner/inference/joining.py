"""One chain out of what a server keeps in two fields: the reasoning and the answer.

Decision: a server that knows our tags may send what stands inside THINK as `reasoning` and what stands inside RESPONSE
as `content`; put together they are the text the model wrote. Other models' hidden thoughts come in the same field.
They stand inside THINK too, without sections, and the reading of the chain says so; but if the answer is a chain of its
own, they are no part of it. Where such thoughts speak of RESPONSE in its brackets ("the answer goes inside <RESPONSE>",
as models think that were just told so), it is put in others: it would pass for the beginning of the answer. However a
reply is cut into pieces, the result is the same.
"""

from __future__ import annotations

import re

_SPOKEN_OF = re.compile("<(/?RESPONSE)>", re.IGNORECASE | re.ASCII)
_THINK, _END_THINK, _RESPONSE, _END_RESPONSE = "<THINK>", "</THINK>", "<RESPONSE>", "</RESPONSE>"
_OURS = (_THINK, "<PLANNING>")
# Lower case: not ours, but what servers leave in front of an answer that do not take thoughts off.
_INLINE, _END_INLINE = "<think>", "</think>"


def join(reasoning: str, content: str) -> str:
    """A whole reply as one text.

    >>> join("<PLANNING>x</PLANNING>", "(a) dog")
    '<THINK>\\n<PLANNING>x</PLANNING>\\n</THINK>\\n<RESPONSE>(a) dog</RESPONSE>'
    >>> join("", "It is a dog.")
    'It is a dog.'
    """
    reasoning, content = _split(reasoning, content)
    if not reasoning.strip():
        return content
    if not content.strip():
        return _thoughts(reasoning)
    text = _together(reasoning, content)
    return text + _END_RESPONSE if _wrapped(reasoning, content) else text


class Joiner:
    """`join` for a reply that comes in pieces; what `feed` and `finish` return adds up to the same text."""

    def __init__(self) -> None:
        self._reasoning = ""
        self._content = ""
        self._shown = 0

    def feed(self, reasoning: str, content: str) -> str:
        """Take a piece of each field; returns the text that has become certain."""
        self._take(reasoning, content)
        text = self._certain()
        piece = text[self._shown :]
        self._shown = max(self._shown, len(text))
        return piece

    def finish(self) -> str:
        """The rest."""
        return join(self._reasoning, self._content)[self._shown :]

    def _take(self, reasoning: str, content: str) -> None:
        if not self._content.strip():  # thoughts after the answer are none
            self._reasoning += reasoning
        self._content += content

    def _certain(self) -> str:
        begun = self._content.lstrip()
        if not self._reasoning.strip() and _may_become(begun, _INLINE):
            return ""
        reasoning, content = _split(self._reasoning, self._content)
        if not reasoning.strip():
            return content
        content = content.lstrip()
        if not content or _may_become(content, _RESPONSE, _THINK):
            # Foreign thoughts wait: the answer may be a chain of its own.
            return _thoughts(reasoning) if reasoning.lstrip().startswith(_OURS) else ""
        return _together(reasoning, content)


def _may_become(text: str, *words: str) -> bool:
    return any(len(text) < len(word) and word.startswith(text) for word in words)


def _split(reasoning: str, content: str) -> tuple[str, str]:
    if not reasoning.strip() and (begun := content.lstrip()).startswith(_INLINE):
        inline, _, rest = begun[len(_INLINE) :].partition(_END_INLINE)
        return inline, rest
    return reasoning, content


def _thoughts(reasoning: str) -> str:
    text = reasoning.strip()
    return text if text.startswith(_THINK) else f"{_THINK}\n{text}"


def _own_chain(reasoning: str, content: str) -> bool:
    return content.lstrip().startswith(_THINK) and not reasoning.lstrip().startswith(_OURS)


def _wrapped(reasoning: str, content: str) -> bool:
    return not _own_chain(reasoning, content) and not content.lstrip().startswith(_RESPONSE)


def _together(reasoning: str, content: str) -> str:
    content = content.lstrip()
    if _own_chain(reasoning, content):
        return content
    if not reasoning.lstrip().startswith(_OURS):
        reasoning = _SPOKEN_OF.sub("\u2039\\1\u203a", reasoning)
    thoughts = _thoughts(reasoning)
    end = "\n" if thoughts.endswith(_END_THINK) else f"\n{_END_THINK}\n"
    return thoughts + end + (_RESPONSE if _wrapped(reasoning, content) else "") + content
