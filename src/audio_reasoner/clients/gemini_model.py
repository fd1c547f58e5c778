"""What the name of a Gemini model says: `gemini-2.5-flash?thinking=0`, `gemini-3.8-flash?thinking=low`.

Decision: how much a model thinks changes what it answers and what it costs, so it is part of the model's name in specs,
call keys and data sets, not a setting beside it. Thoughts count as output there and share the limit of the answer;
without room for them a thinking model would answer nothing, so the room is added to the limit that is sent and to the
price that is reserved.
"""

from __future__ import annotations

from dataclasses import dataclass

from audio_reasoner.core.errors import ConfigError

THOUGHT_ROOM = 8192
"""Tokens of thoughts allowed beside an answer of limited length, unless the name gives a budget."""
LEVELS = ("minimal", "low", "medium", "high")


@dataclass(frozen=True)
class Thinking:
    """A budget in tokens (0: none, -1: as the model likes) or a level; both None leaves the model's default."""

    budget: int | None = None
    level: str | None = None


def split_model(model: str) -> tuple[str, Thinking]:
    """The name that the service knows, and how much to think.

    Raises:
        ConfigError: endpoint.thinking.
    """
    name, mark, value = model.removeprefix("models/").partition("?thinking=")
    if not mark:
        return name, Thinking()
    if value in LEVELS:
        return name, Thinking(level=value)
    if value == "-1" or (value.isascii() and value.isdigit() and int(value) <= 1 << 20):
        return name, Thinking(budget=int(value))
    raise ConfigError(
        f"{model!r} asks for {value!r} of thinking.",
        code="endpoint.thinking",
        hint=f"Write ?thinking=N (tokens; 0 for none, -1 for as many as it likes) or one of {', '.join(LEVELS)}.",
    )


def thought_room(model: str) -> int:
    """Tokens of thoughts to allow beside the answer."""
    thinking = split_model(model)[1]
    if thinking.budget is not None and thinking.budget >= 0:
        return thinking.budget
    return THOUGHT_ROOM
