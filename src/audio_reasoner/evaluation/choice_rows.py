"""Reads rows of data files with choices: what MMAU, its mirrors and MMAR have in common.

Decision: a row that cannot be scored is named and left out, the others are read; nothing in a row is guessed. Mirrors
of MMAU keep `choices` as a JSON string or put "(A) " before every choice; both are read as the original.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Item


class BadRow(Exception):
    """A row that cannot be used; its text says why."""


def find_file(path: Path, name: str, hint: str) -> Path:
    """The data file itself: `path`, or `name` in the directory `path`.

    Raises:
        InputError: `benchmark.missing`.
    """
    found = path / name if path.is_dir() else path
    if not found.is_file():
        raise InputError(f"there is no {found}.", code="benchmark.missing", hint=hint)
    return found


def read_rows(file: Path) -> tuple[list[Any], str]:
    """The rows of a JSON array or of JSON lines, told apart by content, and the file's SHA-256.

    Raises:
        InputError: `benchmark.unreadable`.
    """
    try:
        raw = file.read_bytes()
        text = raw.decode("utf-8-sig")
        if text.lstrip()[:1] == "{" and "\n" in text.strip():
            # Not splitlines: it would also cut at U+2028, which JSON strings may hold as they are.
            rows: Any = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            rows = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON: {error}.", code="benchmark.unreadable") from None
    if isinstance(rows, dict) and "id" in rows:  # JSON lines of a single row
        rows = [rows]
    if not isinstance(rows, list):
        raise InputError(
            f"{file} holds {type(rows).__name__}; expected a JSON array of questions.", code="benchmark.unreadable"
        )
    return rows, hashlib.sha256(raw).hexdigest()


def read_items(
    file: Path, rows: Iterable[Any], item_of: Callable[[Any], Item], answers: bool = True
) -> tuple[list[Item], list[str]]:
    """Items and problems of a data file's rows. `answers`: whether the file is meant to hold the right answers.

    Raises:
        InputError: `benchmark.no_items`.
    """
    items: list[Item] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, row in enumerate(rows):
        try:
            item = item_of(row)
        except BadRow as bad:
            problems.append(f"{file.name} row {number}: {bad}")
            continue
        if item.id in seen:
            problems.append(f"{file.name} row {number}: id {item.id} occurs again; only its first row is scored")
            continue
        if answers and item.gold is None:
            problems.append(
                f"{file.name} row {number}: the answer {item.answer!r} is none of the choices; no option can be right"
            )
        seen.add(item.id)
        items.append(item)
    if not items:
        raise InputError(
            f"{file} holds no question that can be scored. First problem: {problems[0] if problems else 'it is empty'}",
            code="benchmark.no_items",
        )
    if not any(item.audio for item in items):
        problems.append(f"{file.name}: no row names a recording; is it the data file of this benchmark?")
    return items, problems


def text_of(row: Mapping[str, Any], key: str) -> str:
    """A field that must be text.

    Raises:
        BadRow: it is missing, something else, or blank.
    """
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        found = "nothing" if value is None else repr(value)[:60]
        hint = " (the 9,000-item test set has no public answers)" if key == "answer" else ""
        raise BadRow(f"`{key}` must be text, found {found}{hint}")
    return value


def id_of(row: Any, key: str = "id") -> str:
    """The id of a row, which must be an object; whole numbers count as text.

    Raises:
        BadRow: there is none.
    """
    if not isinstance(row, dict):
        raise BadRow(f"expected an object, found {type(row).__name__}")
    number = row.get(key)
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else text_of(row, key)


def choices_of(row: Mapping[str, Any]) -> list[str]:
    """The choices as they stand.

    Raises:
        BadRow: they are no list of texts.
    """
    choices: Any = row.get("choices")
    if isinstance(choices, str):
        try:
            choices = json.loads(choices)
        except (ValueError, RecursionError):
            raise BadRow(f"`choices` is text, and not a JSON list: {choices[:60]!r}") from None
    if not isinstance(choices, list) or not choices or not all(isinstance(c, str) for c in choices):
        raise BadRow(f"`choices` must be a list of texts, found {repr(choices)[:60]}")
    return choices


def make_item(row: Any, audio_key: str, groups: Mapping[str, str | None], answered: bool = True) -> Item:
    """An item of a row in MMAU's form.

    Args:
        row: the row.
        audio_key: the field that names the recording.
        groups: fields that tables are made by, with the name for rows without one; None leaves such a row out of that
            table, as the official scripts do for sub-categories.
        answered: the row must hold the answer.

    Raises:
        BadRow: something that is needed is missing or of another kind.
    """
    name = id_of(row)
    choices = choices_of(row)
    answer = text_of(row, "answer") if answered else ""
    unlettered = [bare for i, choice in enumerate(choices) if (bare := _unlettered(choice, i)) is not None]
    if len(unlettered) == len(choices):
        answer = next((new for new, old in zip(unlettered, choices, strict=True) if old == answer), answer)
        choices = unlettered
    audio = row.get(audio_key)
    audio = audio if isinstance(audio, str) and audio.strip() else ""
    held: dict[str, str] = {}
    for key, otherwise in groups.items():
        value = row.get(key, row.get(key.replace("-", "_")))
        if isinstance(value, str):
            held[key] = value
        elif otherwise is not None:
            held[key] = otherwise
    return Item(
        id=name,
        audio=(audio,) if audio else (),
        question=text_of(row, "question"),
        choices=tuple(choices),
        answer=answer,
        gold=choices.index(answer) if answered and answer in choices else None,
        groups=held,
        clip=audio or name,
        extra={"row": row},
    )


def _unlettered(choice: str, index: int) -> str | None:
    match = re.match(r"\(([A-Z])\)\s*(?=\S)", choice)
    return choice[match.end() :] if match and ord(match[1]) - ord("A") == index else None


def rows_with_answers(items: Sequence[Item], answers: Mapping[str, str], keys: Sequence[str]) -> list[dict[str, Any]]:
    """The rows as the official scripts want them: choices as a list, answers under `keys`.

    Items without an answer get no such key, so that a script leaves them out as it would.
    """
    rows = []
    for item in items:
        row = dict(item.extra["row"]) | {"id": item.id, "choices": list(item.choices)}
        if item.answer:
            row["answer"] = item.answer
        if item.id in answers:
            row |= dict.fromkeys(keys, answers[item.id])
        rows.append(row)
    return rows
