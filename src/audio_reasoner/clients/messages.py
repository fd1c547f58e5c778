"""What is asked of a language model and what comes back: the values every client and every teacher speaks in.

Decision: a request is a plain value without network, so that its key can be computed before anything is sent and an
equal request is paid once. Sound is a promise: its content key is known at once, its bytes are made only when a call
really goes out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from audio_reasoner.core import ids

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "safety", "refusal", "recitation", "other"]


@dataclass(frozen=True)
class AudioPart:
    """A clip as a model hears it: 16 kHz mono 16-bit WAV bytes from `wav()`, `seconds` long."""

    content_key: str
    seconds: float
    wav: Callable[[], Awaitable[bytes]] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Message:
    """One turn. Audio parts go in front of the text, byte-identical in every call about a clip (prefix caches)."""

    role: Role
    text: str
    audio: tuple[AudioPart, ...] = ()


@dataclass(frozen=True)
class Sampling:
    """Decoding parameters; None leaves the server's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class ChatRequest:
    """One call.

    Attributes:
        kind: "annotate", "think", "judge", "solve", …; the ledger's column of that name.
        messages: system message first if there is one.
        sampling: decoding parameters.
        schema: a JSON schema the reply must obey; enforced by servers that can, otherwise only described by the prompt.
        grammar: a regular expression the reply must match, for servers with guided decoding (vLLM); others ignore it.
        prompt_sha: hash of the templates that made the messages.
        n: 0 for the first try; a new number asks again although an equal request has an answer.
    """

    kind: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: dict[str, Any] | None = None
    grammar: str | None = None
    prompt_sha: str = ""
    n: int = 0

    def key(self, provider: str, model: str) -> str:
        """`call_key`: sha256 over everything that decides the reply, audio replaced by its content key."""
        return ids.digest(
            {
                "kind": self.kind,
                "messages": [
                    {"role": m.role, "text": m.text, "audio": [a.content_key for a in m.audio]} for m in self.messages
                ],
                "provider": provider,
                "model": model,
                "parameters": {
                    "temperature": self.sampling.temperature,
                    "top_p": self.sampling.top_p,
                    "max_tokens": self.sampling.max_tokens,
                    "seed": self.sampling.seed,
                    "schema": self.schema,
                    "grammar": self.grammar,
                },
                "n": self.n,
            }
        ).hex()

    @property
    def audio_seconds(self) -> float:
        """Seconds of sound in all messages."""
        return sum(a.seconds for m in self.messages for a in m.audio)


@dataclass(frozen=True)
class Reply:
    """What a model answered. `cached` replies come from the ledger and cost nothing now. Cost in micro-dollars."""

    call_key: str
    text: str
    finish: Finish
    tokens_in: int
    tokens_out: int
    cost_micro: int
    cached: bool = False
    reasoning: str = ""
