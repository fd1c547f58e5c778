"""Which rows go out: conditions such as ``difficulty>=2`` or ``task=sound_qa,ser``.

Decision: a condition is one column, one comparison and a value or a list of values, and all conditions must hold. That
is what one asks of training data, can be read back from `export.json`, and needs no language of its own. A figure that
is not known (no solver was asked) satisfies no ``<``, ``>`` or ``=``; who wants such rows too says ``=false,unknown``.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Domain, Task
from audio_reasoner.dataset.rows import Row

UNKNOWN = "unknown"
Kind = Literal["text", "number", "flag"]
_FORM = re.compile(r"\s*([a-z_]+)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _turns(history: Any) -> int:
    return 1 + len(json.loads(history or "[]") if isinstance(history, str | None) else history)


@dataclass(frozen=True)
class _Field:
    """A name one may ask for: the column it is read from, its kind, and how it is made of the column's value."""

    column: str
    kind: Kind
    make: Callable[[Any], Any] = lambda value: value
    known: tuple[str, ...] = ()


FIELDS: dict[str, _Field] = {
    "task": _Field("task", "text", known=get_args(Task)),
    "domain": _Field("domains", "text", known=get_args(Domain)),
    **{n: _Field(n, "text") for n in ("family", "source", "licence", "language", "group", "teacher", "model")},
    **{n: _Field(n, "number") for n in ("difficulty", "duration_s")},
    **{n: _Field(n, "number") for n in ("solver_accuracy", "blind_accuracy", "audio_dependence")},
    "label_noise": _Field("label_noise", "flag"),
    "options": _Field("options", "number", len),
    "turns": _Field("history", "number", _turns),
}


@dataclass(frozen=True)
class Condition:
    """One condition. `text` is its one written form; None among `values` stands for "unknown"."""

    text: str
    field: str
    sign: str
    values: tuple[Any, ...]

    def holds(self, columns: Mapping[str, Any]) -> bool:
        """Whether a row with these columns satisfies it."""
        field = FIELDS[self.field]
        value = field.make(columns[field.column])
        if self.sign in _ORDER:
            return value is not None and _ORDER[self.sign](value, self.values[0])
        found = any(v in self.values for v in value) if isinstance(value, list | tuple) else value in self.values
        return found == (self.sign == "=")


@dataclass(frozen=True)
class Where:
    """All conditions of an export."""

    conditions: tuple[Condition, ...] = ()

    @property
    def columns(self) -> set[str]:
        """Columns that must be read to decide."""
        return {FIELDS[c.field].column for c in self.conditions}

    def failing(self, columns: Mapping[str, Any]) -> str | None:
        """The first condition that a row does not satisfy, or None."""
        return next((c.text for c in self.conditions if not c.holds(columns)), None)

    def failing_of(self, row: Row) -> str | None:
        """`failing` for a whole row."""
        return self.failing({name: getattr(row, name) for name in self.columns}) if self.conditions else None


def parse(texts: Iterable[str]) -> Where:
    """Read conditions.

    Raises:
        ConfigError: ``config.where``: not a condition, an unknown name, or a value that the name cannot have.

    >>> parse(["difficulty >= 2", "task=sound_qa, ser"]).failing({"difficulty": 1, "task": "ser"})
    'difficulty>=2'
    """
    return Where(tuple(_condition(text) for text in texts))


def _wrong(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"the condition {text!r} {why}",
        code="config.where",
        hint=f"Write NAME=VALUE[,VALUE…], != or, for numbers, <, <=, >, >=. Names: {', '.join(FIELDS)}.",
    )


def _condition(text: str) -> Condition:
    form = _FORM.fullmatch(text)
    if form is None:
        raise _wrong(text, "cannot be read")
    name, sign, said = form[1], form[2].replace("==", "="), form[3]
    field = FIELDS.get(name)
    if field is None:
        raise _wrong(text, f"asks for {name!r}, which rows do not have")
    words = [w.strip() for w in said.split(",")]
    if not all(words):
        raise _wrong(text, "names no value")
    if sign in _ORDER and (field.kind != "number" or len(words) != 1 or words == [UNKNOWN]):
        raise _wrong(text, f"uses {sign!r}, which takes one number")
    values = tuple(None if w == UNKNOWN else _value(text, field, w) for w in words)
    return Condition(f"{name}{sign}{','.join(words)}", name, sign, values)


def _value(text: str, field: _Field, word: str) -> Any:
    if field.kind == "flag":
        if word.lower() not in ("true", "false"):
            raise _wrong(text, f"compares with {word!r}; it is true, false or {UNKNOWN}")
        return word.lower() == "true"
    if field.kind == "number":
        try:
            return float(word)
        except ValueError as error:
            raise _wrong(text, f"compares with {word!r}, which is no number") from error
    if field.known and word not in field.known:
        raise _wrong(text, f"compares with {word!r}; there are {', '.join(field.known)}")
    return word
