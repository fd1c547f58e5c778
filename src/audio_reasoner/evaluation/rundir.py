"""The files of an evaluation run on disk: its header, its answers line by line, what could not be asked.

Decision: answers are appended in one write each, so that a kill leaves whole lines and at most one cut-off one, which
the next run removes; the header is replaced as a whole. Reading a file of ours that somebody has edited names the line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.present import json_text

PREDICTIONS_NAME = "predictions.jsonl"
HEADER_NAME = "run.json"
PROBLEMS_NAME = "problems.jsonl"


class Writer:
    """Appends whole lines; a full disk is an error a user can act on."""

    def __init__(self, out_dir: Path) -> None:
        self.path = out_dir / PREDICTIONS_NAME
        self.problems = out_dir / PROBLEMS_NAME

    def __enter__(self) -> Writer:
        from audio_reasoner.core.run import storage_problem

        try:
            self.problems.unlink(missing_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise storage_problem(error, self.path) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def write(self, row: Mapping[str, Any]) -> None:
        """Append a line; after a kill it is there as a whole or, cut off, removed by the next run."""
        from audio_reasoner.core.run import storage_problem

        data = (json_text(row) + "\n").encode("utf-8")
        try:
            done = os.write(self._fd, data)
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except OSError as error:
            raise storage_problem(error, self.path) from error

    def problem(self, row: Mapping[str, Any]) -> None:
        from audio_reasoner.core.run import storage_problem

        try:
            with self.problems.open("a", encoding="utf-8") as f:
                f.write(json_text(row) + "\n")
        except OSError as error:
            raise storage_problem(error, self.problems) from error


def read_header(out_dir: Path) -> dict[str, Any] | None:
    """`run.json`, or None if there is none.

    Raises:
        ConfigError: `eval.other_run`: it is no header of an evaluation run.
    """
    path = out_dir / HEADER_NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise ConfigError(
            f"{path} is not the header of an evaluation run.", code="eval.other_run", hint="Choose another directory."
        )
    return found


def write_header(out_dir: Path, header: Mapping[str, Any]) -> None:
    """Replace `run.json` as a whole."""
    from audio_reasoner.core.run import write_atomic

    write_atomic(out_dir / HEADER_NAME, (json_text(header, indent=1) + "\n").encode("utf-8"))


def note(out_dir: Path, **facts: Any) -> None:
    """Add facts to `run.json`; its `config` stays."""
    header = read_header(out_dir) or {}
    write_header(out_dir, {**header, **{k: v for k, v in facts.items() if k != "config"}})


def check_header(out_dir: Path, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Write `run.json`, or make sure that the one there says the same.

    Raises:
        ConfigError: `eval.other_run`.
    """
    before = read_header(out_dir)
    if before is not None:
        old = before["config"]
        if old != json.loads(json.dumps(config)):
            changed = sorted(k for k in config.keys() | old.keys() if config.get(k) != old.get(k))
            raise ConfigError(
                f"{out_dir} holds answers made with another {', '.join(changed)}.",
                code="eval.other_run",
                hint="Answers of two configurations are not mixed: choose another output directory.",
            )
        return
    if (out_dir / PREDICTIONS_NAME).exists():
        raise ConfigError(
            f"{out_dir / PREDICTIONS_NAME} exists without {HEADER_NAME}, so nobody knows who made it.",
            code="eval.other_run",
            hint="Choose another output directory.",
        )
    write_header(out_dir, {"config": dict(config), **facts})


def read_answered(path: Path) -> set[tuple[str, int]]:
    """(id, sample) answered so far. A last line cut off by a kill is removed: its question is asked again.

    Raises:
        InputError: `eval.bad_predictions`.
    """
    if not path.exists():
        return set()
    with path.open("rb+") as f:
        data = f.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            f.truncate(whole)
    return {(row["id"], row.get("sample", 0)) for row in rows_in(path, data[:whole])}


def rows_in(path: Path, data: bytes | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a prediction file of ours.

    Raises:
        InputError: `eval.bad_predictions`: a line that is none.
    """
    raw = path.read_bytes() if data is None else data
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            good = isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("sample", 0), int)
        except (ValueError, RecursionError):
            good = False
        if not good:
            raise InputError(
                f"{path} line {number} is no prediction of ours.", code="eval.bad_predictions", hint="Remove the line."
            )
        yield row
