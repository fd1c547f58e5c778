"""Takes over what AIR-Bench's own judge script has written, so that such a score needs no second judge.

Decision: a file's name decides the order as it does for `cal_score.py` ("cir" in it: response first); a row belongs to
an item by recording and question, and only if it is about the reference and the answer at hand. Who judged is not in
these files, so the score says that it is not known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.chat_judge import reader
from audio_reasoner.evaluation.judged import fingerprint
from audio_reasoner.evaluation.judging import Purpose

TEXT_KEYS = ("gpt-score", "gen")
SOURCE = "file:"
"""In front of a file's name where a line has the judge's."""


def take_over(
    files: Sequence[Path], benchmark: Benchmark, answers: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """(lines of `judged.jsonl`, problems) from files with `gpt-score` or `gen`, as JSON arrays or JSON lines.

    Args:
        files: the script's output, or what `cal_score.py` reads.
        benchmark: AIR-Bench chat.
        answers: RESPONSE bodies by id.

    Raises:
        InputError: judged.unreadable: a file that is neither, or holds nothing for these answers.
    """
    by_place: dict[tuple[str, ...], list[Item]] = {}
    for item in benchmark.items:
        by_place.setdefault(_place(item.extra), []).append(item)
    lines: dict[tuple[str, Purpose], dict[str, Any]] = {}
    problems: list[str] = []
    for file in files:
        purpose: Purpose = "chat_swapped" if "cir" in file.name else "chat"
        taken = 0
        for where, row in _rows(file):
            try:
                item, text = _belongs(row, by_place, answers)
            except ValueError as bad:
                problems.append(f"{where}: {bad}")
                continue
            if (item.id, purpose) in lines:
                problems.append(f"{where}: {item.id} comes again; the last one counts")
            lines[item.id, purpose] = _line(item, purpose, text, answers[item.id], row, file)
            taken += 1
        if not taken:
            raise InputError(
                f"{file} holds no opinion on these answers. {problems[0] if problems else 'It is empty'}.",
                code="judged.unreadable",
                hint="Expected rows with path, task_name, dataset_name, question and `gpt-score` or `gen`.",
            )
    order = {item.id: i for i, item in enumerate(benchmark.items)}
    return [lines[key] for key in sorted(lines, key=lambda k: (order[k[0]], k[1]))], problems


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(key)) for key in ("task_name", "dataset_name", "path", "question"))


def _rows(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        if text.lstrip()[:1] == "[":
            yield from ((f"{file.name} row {i}", row) for i, row in enumerate(json.loads(text)))
            return
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"{file.name} line {number}", json.loads(line)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} cannot be read: {error}.", code="judged.unreadable") from None


def _belongs(
    row: Any, by_place: Mapping[tuple[str, ...], Sequence[Item]], answers: Mapping[str, str]
) -> tuple[Item, str]:
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, found {type(row).__name__}")
    text = next((row[key] for key in TEXT_KEYS if key in row), None)
    if not isinstance(text, str):
        raise ValueError("no text under `gpt-score` or `gen`")
    found = by_place.get(_place(row), ())
    if len(found) > 1:
        found = [item for item in found if str(item.extra.get("uniq_id")) == str(row.get("uniq_id"))]
    if len(found) != 1:
        raise ValueError(f"{row.get('path')!r} of {row.get('task_name')!r} with this question is no item, or several")
    item = found[0]
    if item.id not in answers:
        raise ValueError(f"{item.id} has no answer in the predictions")
    # The second order may have been made by exchanging the two fields, so they are compared as a pair.
    if "Audio-LLM-response" in row:
        pair = sorted(str(row.get(key)) for key in ("answer_gt", "Audio-LLM-response"))
        if pair != sorted((item.answer, answers[item.id])):
            raise ValueError(f"it is about another answer to {item.id} than the one in the predictions")
    return item, text


def _line(item: Item, purpose: Purpose, text: str, answer: str, row: Mapping[str, Any], file: Path) -> dict[str, Any]:
    opinion = reader(purpose)(text)
    asked = row.get("openai_args")
    heat = asked.get("temperature") if isinstance(asked, dict) else None
    return {
        "id": item.id,
        "purpose": purpose,
        "n": 0,
        "text": text,
        "call_key": None,
        "model": f"{SOURCE}{file.name}",
        "version": "",
        "prompt_sha": None,
        "temperature": heat if isinstance(heat, int | float) else None,
        "date": "",
        "parsed": dict(opinion.parsed) if opinion.ok else {},
        "official": None if opinion.official is None else dict(opinion.official),
        "attempts": 1,
        "of": fingerprint(answer),
        "problem": None,
    }
