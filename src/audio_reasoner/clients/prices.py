"""What calls cost: a table that users can edit, prices before a call, and the cost after it.

Decision: the embedded figures are dated, name the page they were read on and are only a convenience; a user's file
replaces them field by field. A reserved price errs on the high side (text counted generously, the longest answer that
was allowed, room for thoughts), because a spend cap must hold; the cost afterwards comes from the server's own count of
tokens. All amounts are whole micro-dollars, rounded up.
"""

from __future__ import annotations

import datetime
import fnmatch
import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from audio_reasoner.clients.gemini_model import split_model, thought_room
from audio_reasoner.clients.messages import ChatRequest
from audio_reasoner.core.errors import ConfigError

EMBEDDED = Path(__file__).with_name("prices.yaml")
LONGEST_ANSWER = 4096
"""Tokens that an answer without a limit is expected to stay below."""
_OVERHEAD = 64
"""Tokens of a request around its texts: roles, templates, separators."""
_SNAPSHOT = re.compile(r"-(\d{3,}|\d{4}-\d{2}-\d{2})$")
_NUMBERS = ("input", "audio_input", "cached_input", "output", "batch_factor", "audio_tokens_per_second")


@dataclass(frozen=True)
class Price:
    """Dollars per million tokens of one model; None means "as `input`".

    Attributes:
        input, audio_input, cached_input, output: text, sound and cached tokens sent; tokens written.
        batch_factor: what a batch call costs in proportion to this.
        audio_tokens_per_second: how the provider counts sound.
        thinks: the model thinks before it answers and is paid for it.
        dated: day on which the figures were last seen (YYYY-MM-DD), if known.
        source: where.
    """

    input: float
    output: float
    audio_input: float | None = None
    cached_input: float | None = None
    batch_factor: float = 1.0
    audio_tokens_per_second: float = 32.0
    thinks: bool = False
    dated: str = ""
    source: str = ""

    def micro(self, text_in: float, audio_in: float, out: float, *, cached: float = 0.0, batch: bool = False) -> int:
        """Cost in micro-dollars of so many tokens; `cached` of the text tokens came from a cache."""
        audio = self.input if self.audio_input is None else self.audio_input
        from_cache = self.input if self.cached_input is None else self.cached_input
        full = (text_in - cached) * self.input + cached * from_cache + audio_in * audio + out * self.output
        cost = full * (self.batch_factor if batch else 1.0)
        return math.ceil(round(cost, 6))  # a dollar per million tokens is a micro-dollar per token


@dataclass(frozen=True)
class Estimate:
    """Expected tokens and cost (micro-dollars) of calls."""

    tokens_in: int
    tokens_out: int
    cost_micro: int


class PriceTable:
    """Prices by model name.

    Args:
        prices: name or pattern (`Qwen*`, `*`) to price.
    """

    def __init__(self, prices: dict[str, Price]) -> None:
        self._prices = dict(prices)

    @classmethod
    def load(cls, path: Path | None = None, *, today: datetime.date | None = None) -> Self:
        """The embedded prices, and over them a user's file.

        Raises:
            ConfigError: price.file (cannot be read), price.entry (says something that is no price).
        """
        day = today or datetime.date.today()
        merged = _read(EMBEDDED, {}, day)
        if path is not None:
            merged = _read(path, merged, day)
        return cls({name: Price(**entry) for name, entry in merged.items()})

    def names(self) -> tuple[str, ...]:
        """All names and patterns, sorted."""
        return tuple(sorted(self._prices))

    def price(self, model: str) -> Price | None:
        """The price of a model: by its name, by the name without a version's date or number, by a pattern."""
        name = split_model(model)[0]
        for candidate in (model, name, _SNAPSHOT.sub("", name)):
            if candidate in self._prices:
                return self._prices[candidate]
        patterns = [p for p in self._prices if any(c in p for c in "*?[") and fnmatch.fnmatchcase(name, p)]
        return self._prices[max(patterns, key=lambda p: (len(p), p))] if patterns else None

    def must_price(self, model: str) -> Price:
        """The price of a model where a spend cap has to be kept.

        Raises:
            ConfigError: price.unknown.
        """
        if (price := self.price(model)) is None:
            raise ConfigError(
                f"There is no price for {model}, so a spend cap cannot be kept.",
                code="price.unknown",
                hint=f"Add {model} to a price file (`--prices FILE`; a local server costs 0), or leave out --max-cost.",
            )
        return price

    def estimate(
        self, model: str, *, characters: int, audio_seconds: float, tokens_out: int, batch: bool = False
    ) -> Estimate:
        """Expected cost of one call; a model without a price costs nothing.

        Args:
            model: the model's name.
            characters: length of all texts that are sent.
            audio_seconds: length of all sound that is sent.
            tokens_out: tokens that will be written, thoughts included.
            batch: asked through a batch interface.
        """
        price = self.price(model)
        sound = math.ceil(audio_seconds * (price.audio_tokens_per_second if price else 32.0))
        text = -(-characters // 4)
        cost = price.micro(text, sound, tokens_out, batch=batch) if price else 0
        return Estimate(text + sound, tokens_out, cost)

    def reserve_micro(self, model: str, request: ChatRequest) -> int:
        """What a call may cost at most, in micro-dollars; 0 for a model without a price."""
        price = self.price(model)
        if price is None:
            return 0
        text = sum(text_tokens(m.text) for m in request.messages) + _OVERHEAD
        text += text_tokens(str(request.schema)) if request.schema else 0
        sound = math.ceil(request.audio_seconds * price.audio_tokens_per_second) + 1
        out = request.sampling.max_tokens or LONGEST_ANSWER
        return price.micro(text, sound, out + (thought_room(model) if price.thinks else 0))

    def cost_micro(
        self,
        model: str,
        tokens_in: int,
        tokens_out: int,
        request: ChatRequest | None = None,
        *,
        cached: int = 0,
        batch: bool = False,
    ) -> int:
        """What a call cost by the server's count of tokens; the sound's share of them follows from its length."""
        price = self.price(model)
        if price is None:
            return 0
        seconds = request.audio_seconds if request is not None else 0.0
        sound = min(tokens_in, math.ceil(seconds * price.audio_tokens_per_second))
        return price.micro(tokens_in - sound, sound, tokens_out, cached=min(cached, tokens_in - sound), batch=batch)


def text_tokens(text: str) -> int:
    """Tokens of a text at the most: about three bytes of UTF-8 each."""
    return -(-len(text.encode("utf-8", "replace")) // 3)


def _read(path: Path, under: dict[str, dict[str, Any]], day: datetime.date) -> dict[str, dict[str, Any]]:
    """The entries of a file laid over others."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"The price file {path} cannot be read: {error}", code="price.file") from error
    data = {} if data is None else data
    if not isinstance(data, dict) or not isinstance(data.get("models") or {}, dict) or data.get("version", 1) != 1:
        raise ConfigError(f"{path} is no price file of version 1.", code="price.file", hint=_HINT)
    if unknown := sorted(set(map(str, data)) - {"version", "models"}):
        raise ConfigError(f"{path}: unknown key {unknown[0]!r} at the top.", code="price.file", hint=_HINT)
    merged = dict(under)
    for name, entry in (data.get("models") or {}).items():
        if not isinstance(entry, dict):
            raise _bad(path, name, f"expected fields, found {entry!r}")
        entry = dict(entry)
        later = entry.pop("later", None)
        made = {**merged.get(str(name), {}), **_fields(path, name, entry)}
        if later is not None:
            if not isinstance(later, dict) or not isinstance(later.get("from"), datetime.date):
                raise _bad(path, name, "`later` needs a date `from`")
            changed = _fields(path, name, {k: v for k, v in later.items() if k != "from"})
            made |= changed if day >= later["from"] else {}
        if missing := [key for key in ("input", "output") if key not in made]:
            raise _bad(path, name, f"{missing[0]!r} is missing")
        merged[str(name)] = made
    return merged


def _fields(path: Path, name: object, entry: dict[Any, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(Price)}
    made: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in known:
            raise _bad(path, name, f"unknown field {key!r}")
        if key in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
                raise _bad(path, name, f"{key} must be a number of dollars (or a factor), found {value!r}")
            made[key] = float(value)
        elif key == "thinks":
            if not isinstance(value, bool):
                raise _bad(path, name, f"thinks must be true or false, found {value!r}")
            made[key] = value
        else:
            made[key] = str(value)
    return made


_HINT = "Write:\nversion: 1\nmodels:\n  MODEL: {input: 0.3, output: 2.5}"


def _bad(path: Path, name: object, what: str) -> ConfigError:
    return ConfigError(f"{path}, model {name}: {what}.", code="price.entry", hint=_HINT)
