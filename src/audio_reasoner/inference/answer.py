"""What comes back from a question: the answer, where its time went, and the room its sections were given.

Decision: times are read from tokens as they come, by their bytes: a tag that is one token and a tag spelled in several
are found alike, at a cost that does not depend on how much has been written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from audio_reasoner.core.chain import SECTIONS, ParsedChain
from audio_reasoner.core.errors import ConfigError

if TYPE_CHECKING:
    from audio_reasoner.core.choices import OptionMatch

_TAG = re.compile(rb"<(/?)(PLANNING|CAPTION|REASONING|SUMMARY|RESPONSE)>")
_LONGEST_TAG = len("</REASONING>")
_OPEN, _CLOSE = b"<RESPONSE>", b"</RESPONSE>"


@dataclass(frozen=True)
class Timings:
    """Wall times in seconds. In a batch `hearing`, `format`, `prefill` and `total` are those of the whole batch.

    Attributes:
        hearing: reading the audio, its log-mel and the encoder.
        prefill: reading the prompt, up to the first token's place.
        first_token: from the call until the answer's first token; None if there is none.
        sections: from a section's opening tag to its closing tag, for the sections that were closed.
        total: from the call to the whole answer.
        format: planning what a constrained or begun answer must keep to; the first one takes the vocabulary apart,
            which is no time of hearing.
    """

    hearing: float = 0.0
    prefill: float = 0.0
    first_token: float | None = None
    sections: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    format: float = 0.0


@dataclass(frozen=True)
class Budgets:
    """Most tokens per section; None is no limit. A section that reaches its budget is closed, and the chain goes on.

    Raises:
        ConfigError: `budgets.bad_value`: a budget below one token.
    """

    planning: int | None = None
    caption: int | None = None
    reasoning: int | None = None
    summary: int | None = None
    response: int | None = None

    def __post_init__(self) -> None:
        for name, most in self.given():
            if isinstance(most, bool) or not isinstance(most, int) or most < 1:
                raise ConfigError(
                    f"the budget of {name} is {most!r}; expected a whole number of tokens from 1.",
                    code="budgets.bad_value",
                    hint="A section cannot be left out: the format has five.",
                )

    def given(self) -> Iterator[tuple[str, int]]:
        """The sections that have a budget, in order, with their numbers of tokens."""
        for one in fields(self):
            most = getattr(self, one.name)
            if most is not None:
                yield one.name, most


def sha_of_system(system: str | None) -> str | None:
    """sha256 of a system message, in hex; None if there is none."""
    return hashlib.sha256(system.encode("utf-8", "surrogatepass")).hexdigest() if system else None


@dataclass(frozen=True)
class Answer:
    """What the model said and what it means.

    Attributes:
        text: the raw reply, with the beginning it was forced to have.
        parsed: its sections and defects.
        option: the option it means, None if the question had no options.
        tokens: number of generated tokens, without those that only spell a forced beginning.
        audio_tokens: tokens through which the model heard the clips (25 per second); 0 only if none was given, None
            where a server does not say.
        stopped: "end" if the model finished, "length" if it was cut at `max_new_tokens`, or had to hurry to the end of
            the format because of it; "abandoned" if the caller no longer wanted it.
        seconds: wall time; in a batch, that of the whole batch.
        first_token_seconds: wall time until its first token.
        timings: where the time went.
        system_sha: sha256 of the system message it was asked under, in hex; None if there was none of our own.
        shortened: the sections that reached their budget or had to be closed for want of tokens, in order.
        response_logprob: mean natural log probability of the RESPONSE's tokens under the model, as if nothing had
            constrained them; None if there is no RESPONSE or nobody says how likely it was (a server).
    """

    text: str
    parsed: ParsedChain
    option: OptionMatch | None
    tokens: int
    audio_tokens: int | None
    stopped: Literal["end", "length", "abandoned"]
    seconds: float
    first_token_seconds: float
    timings: Timings = field(default_factory=Timings)
    system_sha: str | None = None
    shortened: tuple[str, ...] = ()
    response_logprob: float | None = None


def mean_in_response(pieces: Sequence[bytes], logprobs: Sequence[float]) -> float | None:
    """Mean log probability of the tokens that lie in the RESPONSE; None if none of them does.

    Args:
        pieces: what each token spells.
        logprobs: of the last tokens; those before them were given, not generated.

    >>> mean_in_response([b"<RESPONSE>", b"bell", b"</RESPONSE>"], [-0.1, -0.5, 0.0])
    -0.5
    """
    text = b"".join(pieces)
    start = text.find(_OPEN)
    if start < 0:
        return None
    start += len(_OPEN)
    end = text.find(_CLOSE, start)
    end = len(text) if end < 0 else end
    found: list[float] = []
    at, given = 0, len(pieces) - len(logprobs)
    for number, piece in enumerate(pieces):
        if number >= given and at < end and at + len(piece) > start and piece:
            found.append(logprobs[number - given])
        at += len(piece)
    return sum(found) / len(found) if found else None


class SectionClock:
    """When each section began and ended, and whether the reply is over, from the bytes of its tokens.

    >>> clock = SectionClock()
    >>> clock.feed(b"<CAPTION", 0.0), clock.feed(b">a bell</CAP", 1.0), clock.feed(b"TION>", 3.0), clock.seconds
    (False, False, False, {'caption': 2.0})
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: dict[str, float] = {}
        self._tail = b""

    def feed(self, piece: bytes, now: float) -> bool:
        """Take the next token's bytes, written at `now`; True if they close RESPONSE, which ends a reply."""
        text = self._tail + piece
        over, done = False, 0
        if b">" in piece:
            for tag in _TAG.finditer(text):
                done = tag.end()
                name = tag[2].decode().lower()
                if not tag[1]:
                    self._open.setdefault(name, now)
                    continue
                over = over or name == SECTIONS[-1]
                if name in self._open and name not in self.seconds:
                    self.seconds[name] = now - self._open[name]
        self._tail = text[max(done, len(text) - _LONGEST_TAG + 1) :]
        return over
