"""The file of answers of a batch on disk: appended to while it is made, gone on with after a kill, whole in the end.

Decision: two files. `OUT` holds one answer per line and nothing else, `OUT.run.json` says how they were made and is
locked while somebody writes. A row is appended in one write; a kill leaves at most one line without its end, which the
next run cuts off. Where rows came in another order than the questions stand (a server), the finished file is put into
order and replaced as a whole, so that a run that was interrupted ten times ends in the same bytes as one that was not.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from audio_reasoner.core.errors import ConfigError, LockedError
from audio_reasoner.core.run import storage_problem, write_atomic
from audio_reasoner.inference.batch_rows import Question, row_bytes

VERSION = 1
SYNC_EVERY_S = 1.0
"""Rows go to the disk at least so often; losing a second's work to a power cut is allowed, a torn file is not."""


def settings_path(out: Path) -> Path:
    """`OUT.run.json`."""
    return out.with_name(out.name + ".run.json")


class AnswersFile:
    """One batch's answers, opened for writing; use it as a context.

    Args:
        out: where the answers go.
        config: all that decides them, as JSON; going on with another one is refused.
        resume: go on with what is there; without it, an existing file is refused.

    Raises:
        LockedError: another process writes it.
        ConfigError: `batch.out_exists`, `batch.other_run`, `batch.bad_answers`.
        EnvironmentProblem: the disk is full, or may not be written to.
    """

    def __init__(self, out: Path, config: Mapping[str, Any], resume: bool) -> None:
        self.path = out
        self._config = json.loads(json.dumps(config))
        self._resume = resume
        self._lock = self._fd = -1
        self._synced = 0.0
        self.rows: dict[str, str] = {}
        """What earlier runs have answered: the id of each row, and the digest of what was asked."""

    def __enter__(self) -> Self:
        if self.path.is_dir():
            raise ConfigError(f"{self.path} is a directory.", code="batch.out", hint="Name the file to write.")
        if not self.path.parent.is_dir():
            raise ConfigError(f"the folder {self.path.parent} does not exist.", code="batch.out", hint="Make it first.")
        try:
            self._take_lock()
            self._check()
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self._close()
            raise storage_problem(error, self.path) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        for fd in (self._fd, self._lock):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock = -1

    def _take_lock(self) -> None:
        self._lock = os.open(settings_path(self.path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"{self.path} is being written by another process.",
                code="batch.locked",
                hint="Wait until it is done or stop it, then go on with --resume.",
            ) from None

    def _check(self) -> None:
        stated = os.pread(self._lock, 1 << 24, 0)
        there = self.path.exists() and self.path.stat().st_size > 0
        if there and not self._resume:
            raise ConfigError(
                f"{self.path} exists.",
                code="batch.out_exists",
                hint="Go on with --resume, or name another file.",
            )
        if there:
            self._same(stated)
            self._read()
            return
        data = json.dumps({"version": VERSION, "config": self._config}, indent=1, ensure_ascii=False).encode() + b"\n"
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, data, 0)
        os.fsync(self._lock)

    def _same(self, stated: bytes) -> None:
        try:
            before = json.loads(stated)["config"]
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"nothing says how {self.path} was made: {settings_path(self.path).name} is missing or damaged.",
                code="batch.other_run",
                hint="Answers of two configurations are not mixed: name another file.",
            ) from None
        if before != self._config:
            keys = before.keys() | self._config.keys() if isinstance(before, dict) else {"configuration"}
            changed = sorted(k for k in keys if not isinstance(before, dict) or before.get(k) != self._config.get(k))
            raise ConfigError(
                f"{self.path} holds answers made with another {', '.join(changed)}.",
                code="batch.other_run",
                hint="Answers of two configurations are not mixed: name another file, or give the options of before.",
            )

    def _read(self) -> None:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        keep: list[bytes] = []
        for number, line in enumerate(data[:whole].split(b"\n")[:-1], start=1):
            try:
                row = json.loads(line)
                name, asked = row["id"], row["asked"]
            except (ValueError, KeyError, TypeError, RecursionError):
                raise ConfigError(
                    f"{self.path} line {number} is no answer of ours.",
                    code="batch.bad_answers",
                    hint="Somebody changed the file. Remove the line; its question is asked again.",
                ) from None
            # What could not be asked or answered is tried again.
            if "error" in row or name in self.rows:
                continue
            self.rows[name] = asked
            keep.append(line + b"\n")
        mended = b"".join(keep)
        if mended != data:
            write_atomic(self.path, mended)

    def check(self, questions: Iterable[Question]) -> None:
        """Make sure that the answers there belong to these questions.

        Raises:
            ConfigError: `batch.other_questions`.
        """
        asked = {q.id: q for q in questions}
        for name, digest in self.rows.items():
            question = asked.get(name)
            if question is None or question.asked != digest:
                what = "is not among the questions" if question is None else "was asked another question then"
                raise ConfigError(
                    f"{self.path} holds an answer to {name!r}, which {what}.",
                    code="batch.other_questions",
                    hint="Go on with the file of questions of before (more rows may follow), or name another file.",
                )

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows.

        Raises:
            EnvironmentProblem: the disk is full; what was written before stands.
        """
        data = b"".join(row_bytes(dict(row)) for row in rows)
        try:
            done = os.write(self._fd, data)
            while done < len(data):
                done += os.write(self._fd, data[done:])
            if time.monotonic() - self._synced > SYNC_EVERY_S:
                self.sync()
        except OSError as error:
            raise storage_problem(error, self.path) from error

    def sync(self) -> None:
        """See to it that all rows are on the disk."""
        os.fsync(self._fd)
        self._synced = time.monotonic()

    def put_in_order(self, lines: Mapping[str, int]) -> None:
        """Sort the finished file as the questions stand; nothing is done if it is.

        Args:
            lines: the line of each question that could be asked, by id. Rows that could not be asked tell their own:
                such a row may have the id of a question.

        Raises:
            EnvironmentProblem: the disk is full; the unsorted file stands.
        """
        rows = list(self._lines())
        found = [
            line if asked is None else lines.get(name, len(rows) + max(lines.values(), default=0))
            for name, asked, line, _ in rows
        ]
        if found == sorted(found):
            return
        order = sorted(range(len(rows)), key=found.__getitem__)
        write_atomic(self.path, b"".join(rows[i][3] for i in order))

    def _lines(self) -> Iterator[tuple[str, str | None, int, bytes]]:
        # Not splitlines(): a text may hold other line ends than ours.
        for data in self.path.read_bytes().split(b"\n")[:-1]:
            row = json.loads(data)
            yield row["id"], row["asked"], row.get("line", 0), data + b"\n"
