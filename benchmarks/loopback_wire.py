"""What both protocols of the loopback server have in common: a request as understood, a reply before it is packed.

Decision: the key of a request covers what the model would hear and read, not how it was packed, so that a clip sent
inline and the same clip sent by reference are one request.
"""

from __future__ import annotations

import hashlib
import io
import json
import wave
from dataclasses import dataclass
from typing import Any

TOKENS_PER_SECOND = 32
"""Tokens of one second of sound, as Gemini counts."""


class BadRequest(ValueError):
    """A request that a real service would answer with 400. `audio` names the count it belongs to."""

    def __init__(self, message: str, audio: str = "") -> None:
        super().__init__(message)
        self.audio = audio


class Refused(Exception):
    """A request that is not let in: `kind` is "in_flight", "requests", "tokens", "auth" or "model"."""

    def __init__(self, kind: str, wait_s: float = 0.0, say_when: bool = False) -> None:
        super().__init__(kind)
        self.kind = kind
        self.wait_s = wait_s
        self.say_when = say_when


@dataclass(frozen=True)
class Asked:
    """A request as understood.

    Attributes:
        model: the model's name.
        turns: (role, text) of every message, the system message first.
        audio: (sha256 of the bytes, seconds) of every part.
        by_file: how many of these came through the Files API.
        schema: the JSON schema that the reply must obey, if any.
        grammar: a regular expression that the reply must match, if any.
        max_tokens: the most tokens that may be answered.
        sampling: what else decides the reply (temperature, seed, …).
    """

    model: str
    turns: tuple[tuple[str, str], ...]
    audio: tuple[tuple[str, float], ...] = ()
    by_file: int = 0
    schema: dict[str, Any] | None = None
    grammar: str | None = None
    max_tokens: int | None = None
    sampling: str = ""

    @property
    def text(self) -> str:
        """All that was written to the model."""
        return "\n\n".join(text for _, text in self.turns)

    @property
    def key(self) -> str:
        """sha256 over everything that decides the reply."""
        parts = [self.model, self.turns, self.audio, self.schema, self.grammar, self.max_tokens, self.sampling]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def kind(self) -> str:
        """ "json", "chain" or "text": what form of reply was asked for."""
        return "json" if self.schema else "chain" if "<THINK>" in self.text else "text"

    @property
    def tokens_in(self) -> int:
        """Tokens of text and sound, roughly."""
        return tokens_of_text(self.text) + round(TOKENS_PER_SECOND * sum(seconds for _, seconds in self.audio))


@dataclass(frozen=True)
class Spoken:
    """What the model says: text, how it ended ("stop", "length"), and the content fault that was played."""

    text: str
    finish: str
    fault: str = ""


def tokens_of_text(text: str) -> int:
    """About four characters a token."""
    return -(-len(text) // 4)


def wav_seconds(data: bytes, strict: bool) -> float:
    """Length of WAV bytes in seconds.

    Raises:
        BadRequest: not WAV, or (strict) not 16 kHz mono 16 bit.
    """
    try:
        with wave.open(io.BytesIO(data)) as sound:
            form = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
            seconds = sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise BadRequest(f"The audio cannot be decoded: {error}", "bad") from error
    if strict and form != (16000, 1, 2):
        raise BadRequest(f"Expected 16 kHz mono 16-bit WAV, found {form}", "bad")
    return seconds
