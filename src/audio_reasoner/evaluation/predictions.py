"""Reads what a model answered, in any of the forms predictions are passed around in.

Decision: forms are told apart by content, never by a file's name, and every field name of the official scripts and
of lmms-eval's sample logs is known; anything else is named with `key` and `id_key`. A bad row is named and the others
are scored. A row without an answer key stays apart from a row with an empty answer, because some official scripts skip
the one and count the other as wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, Item

ANSWER_KEYS = (
    "model_output",  # MMAU's script
    "model_prediction",  # MMAU's README and its older script
    "answer_prediction",  # MMAR
    "raw",  # ours
    "response",  # AIR-Bench, MMSU, Qwen2-Audio
    "prediction",
    "pred",  # EmoBox
    "hypothesis",
    "hyp",
    "output",
    "text",
    "gen",  # AIR-Bench's judge file; there `response` stands beside it and comes first
    "filtered_resps",  # lmms-eval
    "resps",
)
"""Where a row's answer may stand; the first key present counts."""

ID_KEYS = ("id", "uniq_id", "key", "audio_id", "path", "audio_path", "audio", "wav", "file")
"""Where a row's id may stand; the first that holds one counts."""

NESTED = ("doc", "submission")
"""Where logs of lmms-eval keep the benchmark's own row, if they do; some put its id among a metric's fields."""
THINKING_KEY = "thinking_prediction"
"""Where MMAR's rubrics want the reasoning."""
MOST_NAMED = 20


@dataclass
class Predictions:
    """What was answered.

    Attributes:
        texts: ids to replies.
        skipped: ids of rows without an answer key.
        problems: every bad row, by name.
        positions: replies known only by their place in the benchmark (lmms-eval's `doc_id`), each with the gold text
            the log claims for it; `fit` turns them into ids.
        notes: how ids were found, if not literally.
        thinking: ids to the reasoning, where rows hold it apart from the answer (MMAR's `thinking_prediction`).
    """

    texts: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    positions: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    thinking: dict[str, str] = field(default_factory=dict)


def read_predictions(path: Path, *, key: str | None = None, id_key: str | None = None) -> Predictions:
    """Read a prediction file: a JSON array of rows, JSON lines, or one JSON object that maps ids to texts or rows.

    Args:
        path: the file.
        key: the field that holds the answer, where it is none of `ANSWER_KEYS`; "a.b" is b inside a.
        id_key: the field that holds the id, where it is none of `ID_KEYS`.

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
    add = _adder(found, key, id_key)
    for place, row in _rows(path, text, found, key, id_key):
        add(place, row)
    if not found.texts and not found.positions:
        why = f" First problem: {found.problems[0]}" if found.problems else ""
        raise InputError(
            f"{path} holds no answer.{why}",
            code="predictions.empty",
            hint=f"Expected rows with `{id_key or 'id'}` and "
            + (f"`{key}`." if key else f"one of {', '.join(ANSWER_KEYS)}; another field is named with --key."),
        )
    return found


def _rows(path: Path, text: str, found: Predictions, key: str | None, id_key: str | None) -> Iterator[tuple[str, Any]]:
    start = text.lstrip()[:1]
    if start == "[":
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path} is no JSON array: {error}.",
                code="predictions.unreadable",
                hint="An array is read whole or not at all; of JSON lines only the damaged line is lost.",
            ) from None
        for i, row in enumerate(rows):
            yield f"{path.name} row {i}", row
        return
    if start == "{":
        whole = _one_object(text)
        if whole is not None and not _is_row(whole, key, id_key):
            logs = whole.get("logs")
            if isinstance(logs, list):  # an older log of lmms-eval
                for i, row in enumerate(logs):
                    yield f"{path.name} log {i}", row
                return
            for name, value in whole.items():
                row = {**value, "id": name} if isinstance(value, dict) else {"id": name, "text": value}
                yield f"{path.name} id {name!r}", row
            return
    # Not str.splitlines: it would also cut at U+2028, which JSON strings may hold as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.isspace():
            continue
        try:
            yield f"{path.name} line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            found.problems.append(f"{path.name} line {number}: not JSON ({error})")


def _one_object(text: str) -> dict[str, Any] | None:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return None  # several lines of JSON
    return whole if isinstance(whole, dict) else None


def _is_row(whole: Mapping[str, Any], key: str | None, id_key: str | None) -> bool:
    """Whether one object is a file of one row, rather than a table from ids to texts."""
    if id_key is not None and _dig(whole, id_key)[0] and (key is None or _dig(whole, key)[0]):
        return True
    has_id = "id" in whole or "doc_id" in whole or any(k in whole for k in ID_KEYS)
    return "id" in whole or (has_id and any(k in whole for k in ANSWER_KEYS))


def _adder(found: Predictions, key: str | None, id_key: str | None) -> Callable[[str, Any], None]:
    texts, problems = found.texts, found.problems

    def add(where: str, row: Any) -> None:
        if not isinstance(row, dict):
            problems.append(f"{where}: expected an object, found {type(row).__name__}")
            return
        name, place = _identify(row, id_key)
        if name is None and place is None:
            problems.append(f"{where}: no `{id_key or 'id'}`")
            return
        who = f"id {name}" if name is not None else f"doc_id {place}"
        if key is not None:
            present, answer, used = *_dig(row, key), key
        else:
            used = next((k for k in ANSWER_KEYS if k in row), "")
            present, answer = bool(used), row.get(used)
        if not present:
            why = f"no `{key}`" if key else "no answer key"
            problems.append(f"{where}: {who} has {why}, so MMAU's script skips it")
            found.skipped.append(name if name is not None else str(place))
            return
        if not isinstance(answer, str):
            answer = _not_text(where, who, used, answer, problems)
        if name is None:
            assert place is not None
            if place in found.positions:
                problems.append(f"{where}: {who} comes again; the last answer counts")
            target = row.get("target")
            found.positions[place] = (answer, target if isinstance(target, str) else None)
            return
        if name in texts:
            problems.append(f"{where}: id {name} comes again; the last answer counts")
        texts[name] = answer
        if isinstance(thinking := row.get(THINKING_KEY), str):
            found.thinking[name] = thinking

    return add


def _not_text(where: str, who: str, key: str, answer: Any, problems: list[str]) -> str:
    """lmms-eval wraps replies in lists; several replies of one row are several attempts, of which the first counts."""
    several = False
    inner = answer
    while isinstance(inner, list) and inner:
        several = several or len(inner) > 1
        inner = inner[0]
    if isinstance(inner, str):
        if several:
            problems.append(f"{where}: `{key}` of {who} holds several answers; the first counts")
        return inner
    kind = "null" if answer is None else type(answer).__name__
    problems.append(f"{where}: `{key}` of {who} is {kind}, not text; counted as an empty answer")
    return ""


def _identify(row: Mapping[str, Any], id_key: str | None) -> tuple[str | None, int | None]:
    """(id, None), (None, place in the benchmark), or (None, None)."""
    if id_key is not None:
        present, value = _dig(row, id_key)
        return (_name(value) if present else None), None
    for known in ID_KEYS:
        if known in row:
            name = _name(row[known])
            if name is not None:
                return name, None
    if "doc_id" not in row:
        return None, None
    for nest in (*NESTED, *(k for k in row if k not in NESTED)):
        inner = row.get(nest)
        if isinstance(inner, dict):
            keys = ID_KEYS if nest in NESTED else ID_KEYS[:2]
            name = next((n for k in keys if (n := _name(inner.get(k))) is not None), None)
            if name is not None:
                return name, None
    place = row["doc_id"]
    if isinstance(place, str) and place.isascii() and place.isdigit() and len(place) < 10:
        place = int(place)
    if isinstance(place, int) and not isinstance(place, bool) and place >= 0:
        return None, place
    return None, None


def _name(value: Any) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _dig(row: Mapping[str, Any], key: str) -> tuple[bool, Any]:
    if key in row:
        return True, row[key]
    value: Any = row
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False, None
        value = value[part]
    return True, value


# ------------------------------------------------------------------------------------------ predictions and a benchmark


def other_names(item: Item) -> Iterator[str]:
    """Names under which an item's answer may be filed besides its id: its recordings, with and without folder and
    ending, and what its reader noted as `extra["names"]`."""
    yield from item.extra.get("names", ())
    for audio in item.audio:
        yield from _forms(audio)


def _forms(name: str) -> Iterator[str]:
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem = base.rpartition(".")[0]
    yield name
    yield base
    if stem:
        yield stem


def fit(benchmark: Benchmark, predictions: Predictions) -> Predictions:
    """The same predictions by the benchmark's own ids; done twice it changes nothing.

    An id the benchmark does not have may be the name of the item's recording (with or without folders and ending), if
    only one item can be meant. A place (lmms-eval's `doc_id`) is taken if the gold text of the log is the item's.
    What fits nowhere keeps its name, so that the scorer can say so.

    Raises:
        InputError: `predictions.other_order`: the log's gold texts are not those of this benchmark's rows.
    """
    known = {item.id for item in benchmark.items}
    unknown = [name for name in predictions.texts if name not in known]
    if not unknown and not predictions.positions:
        return predictions
    texts, thinking = dict(predictions.texts), dict(predictions.thinking)
    problems, notes = list(predictions.problems), list(predictions.notes)
    if unknown:
        names = _unique_names(benchmark)
        moved = 0
        for name in unknown:
            meant = next((names[form] for form in _forms(name) if names.get(form)), None)
            if meant is None:
                continue
            text, thought = texts.pop(name), thinking.pop(name, None)
            if meant in texts:
                problems.append(f"id {name} means {meant}, which has an answer already; left out")
                continue
            texts[meant] = text
            if thought is not None:
                thinking[meant] = thought
            moved += 1
        if moved:
            notes.append(f"{moved:,} answers were matched by the name of the recording instead of the id")
    if predictions.positions:
        _place(benchmark, predictions.positions, texts, problems, notes)
    return replace(predictions, texts=texts, problems=problems, positions={}, notes=notes, thinking=thinking)


def _unique_names(benchmark: Benchmark) -> dict[str, str | None]:
    """Other names to ids; None where several items share a name."""
    names: dict[str, str | None] = {}
    for item in benchmark.items:
        for name in {*other_names(item), *_forms(item.id)}:
            names[name] = item.id if names.get(name, item.id) == item.id else None
    return names


def _is_target(target: str, item: Item) -> bool:
    """Whether a log's gold text is this item's: the text in any case, its letter, or the letter and the text."""
    said, gold = target.strip().casefold(), item.answer.strip().casefold()
    if said == gold:
        return True
    if item.gold is None or item.gold >= 26:
        return False
    letter = chr(ord("a") + item.gold)
    head, rest = said.lstrip("(")[:1], said.lstrip("(")[1:].lstrip(").: ")
    return head == letter and rest in ("", gold)


def _place(
    benchmark: Benchmark,
    positions: Mapping[int, tuple[str, str | None]],
    texts: dict[str, str],
    problems: list[str],
    notes: list[str],
) -> None:
    wrong: list[str] = []
    taken = unchecked = 0
    for place, (text, target) in positions.items():
        item = benchmark.items[place] if place < len(benchmark.items) else None
        if item is None:
            wrong.append(f"doc_id {place}: the benchmark has {len(benchmark.items)} items; not scored")
            continue
        if target is not None and item.answer and not _is_target(target, item):
            wrong.append(f"doc_id {place}: the log's target {target[:40]!r} is not the answer {item.answer[:40]!r}")
            continue
        unchecked += target is None or not item.answer
        if item.id in texts:
            problems.append(f"doc_id {place} means {item.id}, which has an answer already; left out")
            continue
        texts[item.id] = text
        taken += 1
    if len(wrong) > max(taken, 1):
        raise InputError(
            f"{len(wrong)} of {len(positions)} rows do not belong to {benchmark.path} in this order ({wrong[0]}).",
            code="predictions.other_order",
            hint="Rows of a sample log are known by their place only; the log must come from the same data file.",
        )
    problems += wrong
    if taken:
        told = f"; {unchecked:,} of them could not be checked against a target" if unchecked else ""
        notes.append(f"{taken:,} answers were matched by their place in the data file (doc_id){told}")
