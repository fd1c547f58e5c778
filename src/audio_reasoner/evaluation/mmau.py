"""MMAU test-mini: its data file with all its revisions, and its official rules.

Decision: the file's SHA-256 stands in every score, because the file behind one version name changed many times and
numbers of two generations must not be compared. Beside the script's rule of today stands the substring rule of
October 2024, which early published numbers may rest on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, Item, Metric, Row, Score
from audio_reasoner.evaluation.choice import EXTRACTED, OPTION, Scheme, score_choices
from audio_reasoner.evaluation.official import official_key, substring_match
from audio_reasoner.evaluation.predictions import Predictions

NAME = "mmau-mini"
DATA_NAME = "mmau-test-mini.json"
MANIFEST_NAME = "benchmark.json"

# SHA-256 of every revision of mmau-test-mini.json in Sakshi113/MMAU's history: (commit, date, generation). Between the
# two generations 106 of 1000 items were exchanged and 209 answers of the common ones changed.
_OLD, _NEW = "before v05.15.25", "v05.15.25"
KNOWN_REVISIONS: Mapping[str, tuple[str, str, str]] = {
    "bef649e4bdeb436779a929ccdb9caa3f5144899bd087fc05e23065268ba888cc": ("1c6af99", "2024-10-23", _OLD),
    "a5006730ccb3fbf1fc72016774413b9b4a596bb00ce8f37796d9d30979b46192": ("78fe032", "2024-10-25", _OLD),
    "1b6d31d0b70c2944a064a5de0147435427af0bcd3167eff175daa8bd5321e9d3": ("26d9342", "2024-10-29", _OLD),
    "850c2794664d53c1f7e7e2bcf35744b9ab4e60debad2156d67efd6956220affa": ("a8d61f7", "2024-12-09", _OLD),
    "ed2fd6b6c24ebec1a5a496de5d767e7ebfe79556044d8f0d8bd00ad0cf02d623": ("a5cd89a", "2025-01-28", _OLD),
    "e8cc09223b497191781756212cb616315690aaa6ea7ac359db1b65d97d1e2433": ("1f675a9", "2025-03-25", _OLD),
    "d35ec10bc3097fc605661b0eed00a487da74a6e7d9e23736567312c632347400": ("6674fa1", "2025-05-15", _NEW),
    "9da96f00e43890adfbac3628b7b0dab3a32a6d6ec2d0a800b892ee261d35b818": ("f2017e3", "2025-05-16", _NEW),
    "ea9f3f53085a2dfcf9ea7f5b2fca76a6634cd212af084bbb4cd8bf22c8903537": ("2dcf44d", "2025-05-16", _NEW),
    "cafecebbb4e48b9eb83fd88916911a853245379812e08f118984510340b2dc5b": ("77fbb89", "2025-05-18", _NEW),
    "cc59d9e3fad1a675f311f341b53b05079b94e735e5bc8992ac881ebeda2976f5": ("8f62d71", "2025-05-19", _NEW),
    "157f1968a686c9e7ffb3669e13296349af72afe78af19c049e5d459ccb59d402": ("65c0574", "2025-05-22", _NEW),
    "e0042de8b99492539b0a17997b6c12fff90a6d42a47ad5fd8801c80dcb52b405": ("8415fc1", "2025-05-24", _NEW),
    "0bbabee60dcbd76815948394ac2dd31c41d18ab1215fe6fd6f93e0e510f78d7a": ("0a30c30", "2025-05-30", _NEW),
    "5c63fe8f2de12e848be146e48436567c2022fe84ea0012da560003c30a24b2b7": ("b070fb3", "2025-06-23", _NEW),
    "3940399a013d5f6d528ad4f5d1701cce29cdb5b19ccd4e6ab2800e0665dd6ac9": ("82f34fd", "2025-06-23", _NEW),
    "9f18fda99f8dbc2bc5ecd6323fb5063309f54969810b5c6f1caeb3b8d904cf1c": ("f0a4a97", "2025-08-09", _NEW),
}
UNKNOWN_REVISION = "unknown revision"


def data_file(path: Path) -> Path:
    """The data file itself: `path`, or `mmau-test-mini.json` in the directory `path`.

    Raises:
        InputError: `benchmark.missing`.
    """
    found = path / DATA_NAME if path.is_dir() else path
    if not found.is_file():
        raise InputError(
            f"there is no {found}.",
            code="benchmark.missing",
            hint=f"Give {DATA_NAME} or its directory; `audio-reasoner synth benchmark` makes one in this format.",
        )
    return found


def read(path: Path) -> Benchmark:
    """Read MMAU's file (a JSON array of objects) or a mirror of it.

    Understood besides the original: `choices` as a JSON string, choices and answer that carry a letter ("(A) dog").
    A row that cannot be scored is named in `problems` and left out.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = data_file(path)
    rows, sha = read_array(file)
    items, problems = read_items(file, rows, make_item)
    return Benchmark(NAME, "choice", file, file.parent, sha, _revision(file, sha), items, problems)


def read_array(file: Path) -> tuple[list[Any], str]:
    """The rows of a JSON array, and the file's SHA-256.

    Raises:
        InputError: `benchmark.unreadable`.
    """
    try:
        raw = file.read_bytes()
        rows = json.loads(raw.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON: {error}.", code="benchmark.unreadable") from None
    if not isinstance(rows, list):
        raise InputError(
            f"{file} holds {type(rows).__name__}; expected a JSON array of questions.", code="benchmark.unreadable"
        )
    return rows, hashlib.sha256(raw).hexdigest()


def read_items(
    file: Path, rows: Sequence[Any], item_of: Callable[[Any], Item], answers: bool = True
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
    return items, problems


class BadRow(Exception):
    """A row that cannot be used; its text says why."""


def text_of(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        found = "nothing" if value is None else repr(value)[:60]
        hint = " (the 9,000-item test set has no public answers)" if key == "answer" else ""
        raise BadRow(f"`{key}` must be text, found {found}{hint}")
    return value


def make_item(row: Any, answered: bool = True) -> Item:
    """An item of a row in MMAU's form; `answered`: the row must hold the answer."""
    if not isinstance(row, dict):
        raise BadRow(f"expected an object, found {type(row).__name__}")
    number = row.get("id")
    name = str(number) if isinstance(number, int) and not isinstance(number, bool) else text_of(row, "id")
    choices: Any = row.get("choices")
    if isinstance(choices, str):
        try:
            choices = json.loads(choices)
        except ValueError:
            raise BadRow(f"`choices` is text, and not a JSON list: {choices[:60]!r}") from None
    if not isinstance(choices, list) or not choices or not all(isinstance(c, str) for c in choices):
        raise BadRow(f"`choices` must be a list of texts, found {repr(choices)[:60]}")
    answer = text_of(row, "answer") if answered else ""
    unlettered = [bare for i, choice in enumerate(choices) if (bare := _unlettered(choice, i)) is not None]
    if len(unlettered) == len(choices):
        answer = next((new for new, old in zip(unlettered, choices, strict=True) if old == answer), answer)
        choices = unlettered
    audio = row.get("audio_id")
    audio = audio if isinstance(audio, str) else ""
    groups = {key: row[key] if isinstance(row.get(key), str) else "(none)" for key in ("task", "difficulty")}
    sub = row.get("sub-category", row.get("sub_category"))
    if isinstance(sub, str):  # the official script leaves a row without it out of that table only
        groups["sub-category"] = sub
    return Item(
        id=name,
        audio=(audio,) if audio else (),
        question=text_of(row, "question"),
        choices=tuple(choices),
        answer=answer,
        gold=choices.index(answer) if answered and answer in choices else None,
        groups=groups,
        clip=audio or name,
        extra={"row": row},
    )


def _unlettered(choice: str, index: int) -> str | None:
    match = re.match(r"\(([A-Z])\)\s*(?=\S)", choice)
    return choice[match.end() :] if match and ord(match[1]) - ord("A") == index else None


def _revision(file: Path, sha: str) -> str:
    if sha in KNOWN_REVISIONS:
        commit, date, generation = KNOWN_REVISIONS[sha]
        return f"MMAU test-mini {generation}, commit {commit} of {date}"
    manifest = file.parent / MANIFEST_NAME
    if manifest.is_file():
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
            if facts["data_sha256"] == sha:
                return str(facts["revision"])
            return f"{UNKNOWN_REVISION} (changed since {MANIFEST_NAME} was written)"
        except (ValueError, KeyError, TypeError):
            pass
    return UNKNOWN_REVISION


# -------------------------------------------------------------------------------------------------------------- scoring

TABLES = ("task", "difficulty", "sub-category")
STRICT = Metric("strict", "strict", "percent", True, "The matcher of MMAU's evaluation.py (since 29 January 2025).")
STRICT_2024 = Metric(
    "strict_2024",
    "Oct 2024",
    "percent",
    True,
    "The substring rule of October 2024; official for that generation of the data only.",
)
SCHEME = Scheme(
    key=lambda item: official_key(item.answer, item.choices),
    metrics=(STRICT, STRICT_2024, EXTRACTED, OPTION),
    tables=TABLES,
    rule="MMAU's script",
    further={"strict_2024": lambda item, body: substring_match(item.answer, body, item.choices)},
)
PAPER_COLUMNS = {"Sound": "sound", "Music": "music", "Speech": "speech"}


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Judge every answered item; see `score_choices`. `paper`: the columns of the paper's Table 4, by *extracted*."""
    found = score_choices(SCHEME, benchmark, predictions, predictions_file, on_row, judged)
    tasks = {group.name: group.values[found.headline].value for group in found.tables["task"]}
    found.paper = {column: tasks.get(task) for column, task in PAPER_COLUMNS.items()}
    found.paper["Avg"] = found.overall.values[found.headline].value
    return found


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write what `evaluation.py --input` reads: the data file's rows with `model_output`.

    `model_prediction` stands beside it, because the README and the revision before ask for that name. Items without
    an answer keep no such key, so that the script leaves them out as it would.
    """
    from audio_reasoner.core.run import write_atomic

    rows = []
    for item in benchmark.items:
        row = dict(item.extra["row"]) | {"id": item.id, "choices": list(item.choices)}
        if item.answer:
            row["answer"] = item.answer
        if item.id in answers:
            row |= {"model_output": answers[item.id], "model_prediction": answers[item.id]}
        rows.append(row)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{benchmark.path.stem}-predictions.json"
    write_atomic(path, (json.dumps(rows, ensure_ascii=True, indent=1) + "\n").encode())
    return [path]
