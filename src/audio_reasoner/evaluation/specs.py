"""Who answers, as one word on the command line.

Grammar (every model name and URL as for teachers)::

    model    = directory | org/name | "local:" (directory | org/name) | server | cascade
    server   = "openai:" MODEL ["@" URL] | "gemini:" MODEL ["@" URL]
    cascade  = "cascade:" first "+" server
    first    = ("transcript:" | "caption:" | "both:") server | "whisper:" MODEL ["@" URL] | "evidence"

Decision: what hears stands left of the "+", what reads right of it, and the word in front of the left one says what it
is asked for. Only a "+" in front of a server separates, so names and addresses may hold one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from audio_reasoner.clients.endpoints import Endpoint, parse_endpoint
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.evaluation.cascade import First

if TYPE_CHECKING:
    from audio_reasoner.evaluation.backends import Backend
    from audio_reasoner.evaluation.remote import Lines

_HINT = (
    "Write a model directory, openai:MODEL@URL, gemini:MODEL, or cascade:FIRST+openai:MODEL with FIRST one of "
    "transcript:SERVER, caption:SERVER, both:SERVER, whisper:MODEL@URL, evidence."
)
_PLUS = re.compile(r"\+(?=(?:openai|gemini):)")


@dataclass(frozen=True)
class Spec:
    """A parsed model word: `local` has a path, `server` a reading endpoint, `cascade` a first stage as well."""

    kind: Literal["local", "server", "cascade"]
    path: str = ""
    reading: Endpoint | None = None
    first: First | None = None
    hearing: Endpoint | None = None

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """All servers that will be called."""
        return [e for e in (self.hearing, self.reading) if e is not None]


def parse_spec(text: str) -> Spec:
    """What a model word means; nothing is opened.

    Raises:
        ConfigError: `eval.model_spec`, or as `parse_endpoint`.
    """
    word = text.strip()
    if not word:
        raise ConfigError("no model is named.", code="eval.model_spec", hint=_HINT)
    if word.startswith("local:"):
        return Spec("local", path=_path(word[6:], text))
    if word.startswith(("openai:", "gemini:")):
        return Spec("server", reading=parse_endpoint(word))
    if word.startswith("cascade:"):
        return _cascade(word.removeprefix("cascade:"), text)
    return Spec("local", path=_path(word, text))


def _path(path: str, text: str) -> str:
    if not path or re.match(r"https?://|[a-z]+:(?!\\)", path):
        raise ConfigError(f"{text!r} names no model.", code="eval.model_spec", hint=_HINT)
    return path


def _cascade(rest: str, text: str) -> Spec:
    cuts = list(_PLUS.finditer(rest))
    if len(cuts) != 1:
        what = "no second stage" if not cuts else "more than two stages"
        raise ConfigError(f"{text!r} has {what}.", code="eval.model_spec", hint=_HINT)
    left, right = rest[: cuts[0].start()], rest[cuts[0].end() :]
    reading = parse_endpoint(right)
    if left == "evidence":
        return Spec("cascade", reading=reading, first="evidence")
    name, colon, server = left.partition(":")
    if not colon or name not in ("transcript", "caption", "both", "whisper"):
        raise ConfigError(f"{left!r} is no first stage of a cascade.", code="eval.model_spec", hint=_HINT)
    if name == "whisper":
        from audio_reasoner.clients.transcribe import transcriber

        return Spec("cascade", reading=reading, first="whisper", hearing=transcriber(server))
    return Spec("cascade", reading=reading, first=cast(First, name), hearing=parse_endpoint(server))


def open_backend(spec: Spec, lines: Lines, *, batch_size: int, system: str | None, own_system: bool) -> Backend:
    """The backend of a parsed word, ready to answer.

    Args:
        spec: who.
        lines: the calls of the run; unused by local models.
        batch_size: questions answered side by side by a local model.
        system: the system message.
        own_system: use the model's own instead (servers have none).

    Raises:
        ConfigError: a server without its key or, under a spend cap, without a price.
        InputError: a local model that cannot be loaded.
    """
    if spec.kind == "local":
        from audio_reasoner.evaluation.backends import load_local

        return load_local(spec.path, batch_size=batch_size, system=system, own_system=own_system)
    lines.check(spec.endpoints)
    said = None if own_system else system
    assert spec.reading is not None
    if spec.kind == "server":
        from audio_reasoner.evaluation.remote import Remote

        return Remote(spec.reading, lines, said)
    from audio_reasoner.evaluation.cascade import Cascade

    assert spec.first is not None
    return Cascade(spec.first, spec.hearing, spec.reading, lines, said)
