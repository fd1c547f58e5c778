"""Reads what a model answered, in any of the forms predictions are passed around in.

Decision: three forms, told apart by content: a JSON array of rows (MMAU's own), JSON lines, or one JSON object that
maps ids to texts. A bad row is named and the others are scored; a row without an answer key stays apart from a row
with an empty answer, because MMAU's script skips the one and counts the other as wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError

ANSWER_KEYS = ("model_output", "model_prediction", "answer_prediction", "raw", "response", "text")
"""Where a row's answer may stand; the first key present counts. `model_output` is what MMAU's script reads today,
`model_prediction` what its README and its older revision say, `answer_prediction` MMAR's, `raw` ours."""


@dataclass
class Predictions:
    """`texts` maps ids to replies; `skipped` are ids of rows without an answer key; `problems` name every bad row."""

    texts: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_predictions(path: Path) -> Predictions:
    """Read a prediction file.

    Raises:
        InputError: `predictions.missing`, `predictions.unreadable`, or `predictions.empty`: no row has an answer.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no prediction file {path}.", code="predictions.missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", code="predictions.unreadable") from None
    found = Predictions()
    for where, row in _rows(path, text, found):
        _add(where, row, found)
    if not found.texts:
        why = f" First problem: {found.problems[0]}" if found.problems else ""
        raise InputError(
            f"{path} holds no answer.{why}",
            code="predictions.empty",
            hint=f"Expected rows with `id` and one of {', '.join(ANSWER_KEYS)}.",
        )
    return found


def _rows(path: Path, text: str, found: Predictions) -> Iterator[tuple[str, Any]]:
    start = text.lstrip()[:1]
    if start == "[":
        try:
            rows = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{path} is no JSON array: {error}.", code="predictions.unreadable") from None
        for i, row in enumerate(rows):
            yield f"{path.name} row {i}", row
        return
    if start == "{":
        try:
            whole = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            whole = None  # several lines of JSON
        if isinstance(whole, dict) and "id" not in whole:  # with it, it is a file of one row
            for key, value in whole.items():
                yield f"{path.name} id {key!r}", {"id": key, "text": value}
            return
    # Not str.splitlines: it would also cut at U+2028, which JSON strings may hold as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"{path.name} line {number}", json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            found.problems.append(f"{path.name} line {number}: not JSON ({error})")


def _add(where: str, row: Any, found: Predictions) -> None:
    if not isinstance(row, dict):
        found.problems.append(f"{where}: expected an object, found {type(row).__name__}")
        return
    name = row.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not name:
        found.problems.append(f"{where}: no `id`")
        return
    key = next((k for k in ANSWER_KEYS if k in row), None)
    if key is None:
        found.problems.append(f"{where}: id {name} has no answer key, so MMAU's script skips it")
        found.skipped.append(name)
        return
    answer = row[key]
    if not isinstance(answer, str):
        kind = "null" if answer is None else type(answer).__name__
        found.problems.append(f"{where}: `{key}` of id {name} is {kind}, not text; counted as an empty answer")
        answer = ""
    if name in found.texts:
        found.problems.append(f"{where}: id {name} comes again; the last answer counts")
    found.texts[name] = answer
