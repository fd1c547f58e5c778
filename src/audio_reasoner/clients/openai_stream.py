"""Chat completions that come piece by piece: server-sent events read from raw bytes, and what one of them says.

Decision: lines are cut at line feeds only. A text may hold other characters that some libraries take for line ends
(U+2028, U+0085), and a server may send them unescaped. A stream is complete when a choice says why it finished or the
server says `[DONE]`; one that merely ends was broken off.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from audio_reasoner.clients.messages import Finish
from audio_reasoner.clients.openai_chat import FINISH, count_of, error_text, text_of
from audio_reasoner.clients.transport import CallFailed, RawReply, status_failure

MOST_LINE = 1 << 24
"""Bytes of one event; more is no chat completion."""


class Events:
    """Cuts bytes into the data of events; comments and other fields are skipped.

    >>> events = Events()
    >>> events.feed(b'data: {"a": 1}\\r\\n\\r\\n: ping\\n'), events.feed(b"da"), events.feed(b"ta:[DONE]\\n\\n")
    ([b'{"a": 1}'], [], [b'[DONE]'])
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that are complete now.

        Raises:
            CallFailed: teacher.garbage: a line without end.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MOST_LINE:
            raise _garbage("an event that does not end")
        out: list[bytes] = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if not line:
                if self._data:
                    out.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
        return out

    def finish(self) -> list[bytes]:
        """What the last event holds if no empty line follows it."""
        return self.feed(b"\n\n")


@dataclass(frozen=True)
class Piece:
    """New text of the answer, and of the reasoning that the server keeps apart from it."""

    text: str = ""
    reasoning: str = ""


@dataclass
class Stream:
    """Gathers the events of one reply.

    Attributes:
        done: the server has said that nothing more comes.
    """

    done: bool = False
    _finish: Finish | None = None
    _text: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _half: dict[str, str] = field(default_factory=dict)
    _usage: dict[str, Any] = field(default_factory=dict)
    _version: str = ""

    def take(self, data: bytes) -> Piece | None:
        """What an event adds; None for nothing.

        Raises:
            CallFailed: teacher.garbage, teacher.error_reply, or what an error with a status in it means.
        """
        if data.strip() == b"[DONE]":
            self.done = True
            return None
        try:
            event = json.loads(data)
        except (ValueError, UnicodeDecodeError, RecursionError):
            raise _garbage(f"an event that is no JSON: {data[:80]!r}") from None
        if not isinstance(event, dict):
            raise _garbage("an event that is no object")
        if event.get("error"):
            message, code = error_text(data)
            if code.isdigit() and 400 <= int(code) < 600:
                raise status_failure(int(code), f"The server sent an error: {message}")
            raise CallFailed("teacher.error_reply", retryable=True, message=f"The server sent an error: {message}")
        if isinstance(usage := event.get("usage"), dict):
            self._usage = usage
        self._version = text_of(event.get("model")) or self._version
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return None
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        piece = Piece(
            self._whole("text", text_of(delta.get("content"))),
            self._whole("reasoning", text_of(delta.get("reasoning_content")) or text_of(delta.get("reasoning"))),
        )
        refusal = text_of(delta.get("refusal"))
        if refusal:
            self._finish, piece = "refusal", Piece(refusal)
        if choice.get("finish_reason") and self._finish != "refusal":
            self._finish = FINISH.get(choice["finish_reason"], "other")
        self._text.append(piece.text)
        self._reasoning.append(piece.reasoning)
        return piece if piece.text or piece.reasoning else None

    def _whole(self, name: str, text: str) -> str:
        """New text without a character of which only the first half has come: servers that count in UTF-16 cut there,
        and two halves in two strings are no character in Python."""
        if not text:
            return text
        text = self._half.pop(name, "") + text
        if "\ud800" <= text[-1] <= "\udbff":
            self._half[name], text = text[-1], text[:-1]
        if any("\ud800" <= sign <= "\udbff" for sign in text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return text

    def end(self) -> RawReply:
        """The whole reply, once the connection has ended.

        Raises:
            CallFailed: teacher.broken_stream: it was not complete; teacher.empty: it holds nothing.
        """
        text = "".join([*self._text, self._half.get("text", "")])
        reasoning = "".join([*self._reasoning, self._half.get("reasoning", "")])
        if self._finish is None and not self.done:
            raise CallFailed(
                "teacher.broken_stream",
                retryable=True,
                message=f"The answer broke off after {len(text) + len(reasoning)} characters.",
                maybe_paid=True,
            )
        finish: Finish = self._finish or "stop"
        if not text.strip() and not reasoning.strip() and finish in ("stop", "other"):
            raise CallFailed("teacher.empty", retryable=True, message="The reply holds no text.", maybe_paid=True)
        return RawReply(
            text=text,
            finish=finish,
            tokens_in=count_of(self._usage.get("prompt_tokens")),
            tokens_out=count_of(self._usage.get("completion_tokens")),
            reasoning=reasoning,
            raw=json.dumps({"usage": self._usage}).encode(),
            version=self._version,
        )


def _garbage(what: str) -> CallFailed:
    return CallFailed("teacher.garbage", retryable=True, message=f"The server sent {what}.", maybe_paid=True)
