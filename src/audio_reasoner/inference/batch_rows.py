"""Rows of a batch: questions as they are read from a file, answers as they are written to one.

Decision: a file of questions is looked at as a whole, with its recordings, before a model is loaded, and every bad row
is told with its line, because a run of hours must not end at row 70,000. A field that is not known is a bad row, not
something to overlook (`choices` for `options` would ask another question); what a user wants to carry along goes into
`meta`. Answers hold no times, so that equal questions give equal files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.choices import LEAST_OPTIONS, MOST_OPTIONS
from audio_reasoner.core.errors import AudioReasonerError, InputError
from audio_reasoner.inference.answer import Answer
from audio_reasoner.inference.hearing import Over30, look_at
from audio_reasoner.inference.history import Earlier, earlier_turns

MOST_LINE = 1 << 24
"""Bytes of a row; more is no question."""
_FIELDS = ("id", "audio", "question", "options", "history", "meta")


@dataclass(frozen=True)
class Question:
    """One row to be answered.

    Attributes:
        line: where it stands, from 1.
        id: its own, or the number of its line.
        audio: its recordings; empty for no sound at all.
        asked: sha256 of all that is asked, recordings by their content; the same question has the same.
        meta: whatever the row carries along.
    """

    line: int
    id: str
    audio: tuple[Path, ...]
    question: str
    options: tuple[str, ...] = ()
    history: tuple[Earlier, ...] = ()
    asked: str = ""
    meta: Any = None

    @property
    def request(self) -> tuple[list[Path] | None, str, tuple[str, ...]]:
        """As `Reasoner.ask_batch` takes it."""
        return list(self.audio) or None, self.question, self.options


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be asked; `id` as far as it could be read."""

    line: int
    id: str
    code: str
    detail: str


@dataclass(frozen=True)
class Questions:
    """A file of questions, looked at."""

    path: Path
    good: tuple[Question, ...]
    bad: tuple[BadRow, ...] = ()


class _Bad(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass
class _Look:
    """Recordings that were looked at: content hash, or why not."""

    over_30s: Over30
    known: dict[Path, str | InputError] = field(default_factory=dict)

    def at(self, path: Path) -> str:
        if path not in self.known:
            try:
                look_at(path, self.over_30s)
                self.known[path] = ids.file_sha256(path)
            except InputError as error:
                self.known[path] = error
        found = self.known[path]
        if isinstance(found, InputError):
            raise _Bad(found.code, found.message)
        return found


def read_questions(
    path: Path, over_30s: Over30 = "refuse", on_row: Callable[[int], None] = lambda _line: None
) -> Questions:
    """Read and check a file of questions. Recordings are named relative to the file's folder.

    Args:
        path: JSON lines: ``{"audio": path or [paths] or null, "question": …, "id"?, "options"?, "history"?, "meta"?}``,
            with ``history`` a list of ``{"question", "options"?, "response"}``.
        over_30s: with `refuse`, a recording over 30 seconds is a bad row.
        on_row: told each line's number.

    Raises:
        InputError: `batch.file`: the file cannot be read; `batch.empty`: it holds no row.
    """
    good: list[Question] = []
    bad: list[BadRow] = []
    seen: dict[str, int] = {}
    look = _Look(over_30s)
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MOST_LINE + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if len(line) > MOST_LINE:
                    bad.append(BadRow(number, str(number), "batch.row", f"more than {MOST_LINE >> 20} MiB in one line"))
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MOST_LINE)
                    continue
                if not line.strip():
                    continue
                on_row(number)
                name = str(number)
                try:
                    row = _object(line)
                    name = _id(row, number)
                    if name in seen:
                        raise _Bad("batch.same_id", f"the id {name!r} stands in line {seen[name]} already")
                    seen[name] = number
                    good.append(_question(row, number, name, path.parent, look))
                except _Bad as error:
                    bad.append(BadRow(number, name, error.code, str(error)))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", code="batch.file") from error
    if not good and not bad:
        raise InputError(f"{path} holds no question.", code="batch.empty")
    return Questions(path, tuple(good), tuple(bad))


def _object(line: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice!r} stands twice in one object")
        return found

    try:
        # Python alone would take the last of two questions, and write NaN where other programs stop reading.
        row = json.loads(line, object_pairs_hook=once)
        json.dumps(row, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise _Bad("batch.json", f"no JSON: {error}") from None
    if not isinstance(row, dict):
        raise _Bad("batch.json", "expected a JSON object")
    return row


def _id(row: dict[str, Any], number: int) -> str:
    given = row.get("id", number)
    if isinstance(given, bool) or not isinstance(given, str | int) or not str(given).strip():
        raise _Bad("batch.id", f"the id is {_short(given)}; expected a text or a number")
    return str(given)


def _question(row: dict[str, Any], number: int, name: str, folder: Path, look: _Look) -> Question:
    if unknown := sorted(row.keys() - set(_FIELDS)):
        raise _Bad(
            "batch.unknown_field", f"unknown field {', '.join(unknown)}; known are {', '.join(_FIELDS)} (yours: meta)"
        )
    text = row.get("question")
    if not isinstance(text, str):
        raise _Bad("batch.question", f"the question is {_short(text)}; expected a text")
    if not text.strip():
        raise _Bad("question.empty", "the question is empty")
    try:
        json.dumps({**row, "meta": None}, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Bad("batch.text", "a text holds half a character (a lone surrogate)") from None
    options = _options(row.get("options"))
    history = _history(row.get("history"))
    audio = _audio(row, folder)
    shas = [look.at(path) for path in audio]
    asked = {"question": text, "options": list(options), "history": row.get("history") or [], "audio": shas}
    sha = hashlib.sha256(ids.canonical_json(asked)).hexdigest()
    return Question(number, name, audio, text, options, history, sha, row.get("meta"))


def _audio(row: dict[str, Any], folder: Path) -> tuple[Path, ...]:
    if "audio" not in row:
        raise _Bad("audio.missing", "no audio is named (null asks without any)")
    given = row["audio"]
    several = given if isinstance(given, list) else [] if given is None else [given]
    if given == [] or not all(isinstance(one, str) and one.strip() and "\0" not in one for one in several):
        raise _Bad("audio.missing", f"audio is {_short(given)}; expected a path or a list of paths")
    return tuple(folder / one for one in several)


def _options(given: Any) -> tuple[str, ...]:
    if given is None or given == []:
        return ()
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _Bad("question.options", f"options are {_short(given)}; expected a list of texts")
    try:
        check_options(given)
    except InputError as error:
        raise _Bad(error.code, error.message) from None
    return tuple(given)


def check_options(options: Sequence[str]) -> None:
    """Refuse options that an answer could not tell apart.

    Raises:
        InputError: `question.options`.
    """
    if options and not LEAST_OPTIONS <= len(options) <= MOST_OPTIONS:
        raise InputError(
            f"{len(options)} options were given; {LEAST_OPTIONS} to {MOST_OPTIONS} are possible.",
            code="question.options",
        )
    seen: set[str] = set()
    for said in (" ".join(o.split()).casefold() for o in options):
        if not said or said in seen:
            raise InputError(
                f"The option {said!r} was given twice." if said else "An option is empty.",
                code="question.options",
                hint="An answer must mean one option and no other.",
            )
        seen.add(said)


def _history(given: Any) -> tuple[Earlier, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise _Bad("batch.history", f"history is {_short(given)}; expected a list")
    turns: list[Earlier] = []
    for turn in given:
        if not isinstance(turn, dict) or not turn.keys() <= {"question", "options", "response"}:
            raise _Bad("batch.history", f'an earlier turn is {_short(turn)}; expected {{"question", "response"}}')
        if not isinstance(turn.get("question"), str) or not isinstance(turn.get("response"), str):
            raise _Bad("batch.history", "an earlier turn lacks its question or response")
        turns.append((turn["question"], _options(turn.get("options")), turn["response"]))
    try:
        earlier_turns(turns)
    except InputError as error:
        raise _Bad(error.code, error.message) from None
    return tuple(turns)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


# --- answers ----------------------------------------------------------------------------------------------------------


def answer_fields(answer: Answer, options: Sequence[str]) -> dict[str, Any]:
    """An answer as plain JSON, without its times."""
    meant = answer.option.index if answer.option is not None else None
    return {
        **answer.parsed.sections,
        "option": None if meant is None else {"index": meant, "text": options[meant]},
        "option_rule": answer.option.rule if answer.option is not None else None,
        "well_formed": answer.parsed.well_formed,
        "defects": [{"code": d.code, "detail": d.detail} for d in answer.parsed.defects],
        "text": answer.text,
        "stopped": answer.stopped,
        "shortened": list(answer.shortened),
        "tokens": answer.tokens,
        "audio_tokens": answer.audio_tokens,
        "system_sha256": answer.system_sha,
    }


def answer_row(question: Question, answer: Answer, more: dict[str, Any]) -> dict[str, Any]:
    """The row of an answer; `more`: a vote."""
    return {**_head(question), **answer_fields(answer, question.options), **more, **_meta(question)}


def error_row(question: Question, error: AudioReasonerError) -> dict[str, Any]:
    """The row of a question that could not be answered."""
    return {**_head(question), "error": {"code": error.code, "detail": error.message}, **_meta(question)}


def bad_row(row: BadRow) -> dict[str, Any]:
    """The row of a question that could not be asked."""
    return {"id": row.id, "line": row.line, "asked": None, "error": {"code": row.code, "detail": row.detail}}


def _head(question: Question) -> dict[str, Any]:
    return {"id": question.id, "line": question.line, "asked": question.asked}


def _meta(question: Question) -> dict[str, Any]:
    return {} if question.meta is None else {"meta": question.meta}


def row_bytes(row: dict[str, Any]) -> bytes:
    """A row as a line."""
    # What a model writes may hold half a character; as an escape it can be stored and read again.
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode() + b"\n"
