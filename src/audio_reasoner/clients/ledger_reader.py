"""Reading a ledger: what a build has asked, made, judged and refused, for the build itself, its status and its report.

Decision: `ledger.py` writes, this module reads, and no other contains SQL. A reader opens the file read-only and sees
what is committed, so that looking never disturbs a build.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from audio_reasoner.core.errors import AudioReasonerError, IntegrityError
from audio_reasoner.core.run import disk_full, storage_problem

LEDGER_VERSION = 2
ANSWERED = "answered:"
"""Beginning of the meta keys of `answered`."""


@dataclass(frozen=True)
class Quarantined:
    """A unit that could not be finished, and why. `attempt` counts from 1."""

    unit_id: str
    stage: str
    code: str
    detail: str
    attempt: int

    @property
    def clip_id(self) -> str:
        """The clip it belongs to."""
        return self.unit_id.split("/", 1)[0]


@dataclass(frozen=True)
class StoredCall:
    """A call as the ledger knows it: `state` is sent, done or failed; `raw` the server's JSON if it is done."""

    state: str
    provider: str
    model: str
    raw: bytes | None
    finish: str | None
    tokens_in: int
    tokens_out: int
    cost_micro: int


@dataclass(frozen=True)
class CallTotals:
    """Sums over calls of one kind, model and state. Cost in micro-dollars; for `sent` calls it is the reserved one."""

    kind: str
    provider: str
    model: str
    state: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost_micro: int


def problem(error: sqlite3.Error, path: Path) -> AudioReasonerError:
    """What a SQLite error means to a user."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        # Shared-memory and journal files report a full disk as a plain I/O error.
        with contextlib.suppress(OSError):
            if shutil.disk_usage(path.parent).free < 1 << 20:
                return disk_full(path)
        return storage_problem(OSError(0, str(error)), path)
    if code == sqlite3.SQLITE_READONLY:
        return storage_problem(PermissionError(13, "permission denied"), path)
    if code == sqlite3.SQLITE_BUSY:
        return IntegrityError(
            f"{path} is locked by a program that does not hold the run's lock: {error}.",
            code="ledger.busy",
            hint="Close database browsers that have it open, then run the same command again.",
        )
    return IntegrityError(
        f"{path} cannot be used: {error}.",
        code="ledger.damaged",
        hint="Restore it from a copy, or move it away: the next build makes everything again.",
    )


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise problem(error, path) from error


def check_version(db: sqlite3.Connection, path: Path) -> int:
    """The ledger's version; 0 for a new file.

    Raises:
        IntegrityError: ledger.newer.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > LEDGER_VERSION:
        raise IntegrityError(
            f"{path} has ledger version {version}; this version of audio-reasoner reads up to {LEDGER_VERSION}.",
            code="ledger.newer",
            hint="Update audio-reasoner.",
        )
    return version


class LedgerReader:
    """Reads a ledger. `LedgerReader.open` looks at one that somebody else may be writing."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.path = path

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open read-only: the writer is not disturbed and no file is made or changed.

        Raises:
            IntegrityError: no ledger there (ledger.missing), damaged or newer.
        """
        if not path.is_file():
            raise IntegrityError(
                f"{path} does not exist: nothing has been built here yet.",
                code="ledger.missing",
                hint=f"Run `audio-reasoner build {path.parent} --teacher grounded`.",
            )
        # Without a WAL beside it nobody has the ledger open, and SQLite would create one even for a reader.
        mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
        with explained(path):
            db = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True, timeout=10)
            try:
                check_version(db, path)
                db.execute("BEGIN")  # one snapshot: all figures of a status belong together
                yield cls(db, path)
            finally:
                db.close()

    def _all(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with explained(self.path):
            return self._db.execute(sql, parameters).fetchall()

    def meta(self, key: str) -> Any:
        """The stored JSON value, or None."""
        rows = self._all("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else None

    def answered(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """By (provider, model): which models answered, as the servers named them. An alias may have several."""
        rows = self._all("SELECT key, value FROM meta WHERE key >= ? AND key < ?", ANSWERED, ANSWERED[:-1] + ";")
        named = ((key.removeprefix(ANSWERED).partition(":"), value) for key, value in rows)
        return {(provider, model): tuple(json.loads(value)) for (provider, _, model), value in named}

    def plan(self, plan_id: str) -> dict[str, Any] | None:
        """The resolved configuration of a plan."""
        rows = self._all("SELECT config_json FROM plans WHERE plan_id = ?", plan_id)
        return dict(json.loads(rows[0][0])) if rows else None

    def plans(self) -> dict[str, dict[str, Any]]:
        """All plans by id."""
        return {p: json.loads(c) for p, c in self._all("SELECT plan_id, config_json FROM plans ORDER BY plan_id")}

    def done_clips(self, plan_id: str) -> set[str]:
        """Clips the plan has finished."""
        return {row[0] for row in self._all("SELECT clip_id FROM clips WHERE done_plan = ?", plan_id)}

    def count_done(self, plan_id: str) -> int:
        """How many clips the plan has finished."""
        return int(self._all("SELECT count(*) FROM clips WHERE done_plan = ?", plan_id)[0][0])

    def evidence(self, content_key: str, version: str) -> str | None:
        """Stored evidence as JSON."""
        rows = self._all("SELECT json FROM evidence WHERE content_key = ? AND version = ?", content_key, version)
        return rows[0][0] if rows else None

    def derived(self, plan_id: str, clip_id: str) -> dict[tuple[str, str], str]:
        """All derived rows of a clip and its questions: JSON by (unit_id, stage)."""
        rows = self._all(
            # '0' follows '/' in ASCII: a range over the primary key instead of a LIKE over the table.
            "SELECT unit_id, stage, json FROM derived WHERE plan_id = ? AND unit_id >= ? AND unit_id < ?",
            plan_id, clip_id, clip_id + "0",
        )  # fmt: skip
        return {(unit, stage): text for unit, stage, text in rows}

    def stages(self, plan_id: str) -> dict[str, int]:
        """How many units have passed each stage."""
        return dict(self._all("SELECT stage, count(*) FROM derived WHERE plan_id = ? GROUP BY stage", plan_id))

    def decisions(self, plan_id: str, stage: str) -> dict[str, int]:
        """How many units of a judging stage got each decision (the JSON's `decision`)."""
        return dict(
            self._all(
                "SELECT json_extract(json, '$.decision'), count(*) FROM derived "
                "WHERE plan_id = ? AND stage = ? GROUP BY 1",
                plan_id, stage,
            )
        )  # fmt: skip

    def count_questions(self, plan_id: str) -> int:
        """How many questions the annotator asked."""
        sql = (
            "SELECT total(json_array_length(json, '$.questions')) FROM derived WHERE plan_id = ? AND stage = 'annotate'"
        )
        return int(self._all(sql, plan_id)[0][0])

    def count_units(self, plan_id: str, ending: str) -> int:
        """How many units whose name ends so the plan has worked on, those set aside among them."""
        rows = self._all(
            "SELECT count(*) FROM (SELECT unit_id FROM derived WHERE plan_id = ? UNION "
            "SELECT unit_id FROM quarantine WHERE plan_id = ?) WHERE substr(unit_id, -length(?)) = ?",
            plan_id, plan_id, ending, ending,
        )  # fmt: skip
        return int(rows[0][0])

    def units_without(self, plan_id: str, stage: str, missing: str) -> set[str]:
        """Units that came to a stage without another one."""
        rows = self._all(
            "SELECT unit_id FROM derived AS d WHERE plan_id = ? AND stage = ? AND NOT EXISTS "
            "(SELECT 1 FROM derived WHERE plan_id = d.plan_id AND unit_id = d.unit_id AND stage = ?)",
            plan_id, stage, missing,
        )  # fmt: skip
        return {row[0] for row in rows}

    def judged(self, plan_id: str, stage: str, decision: str) -> list[tuple[str, str]]:
        """Units of a judging stage with one decision: (unit_id, JSON)."""
        rows = self._all(
            "SELECT unit_id, json FROM derived "
            "WHERE plan_id = ? AND stage = ? AND json_extract(json, '$.decision') = ? ORDER BY unit_id",
            plan_id, stage, decision,
        )  # fmt: skip
        return [(unit, text) for unit, text in rows]

    def call(self, call_key: str) -> StoredCall | None:
        """What is known about a call."""
        rows = self._all(
            "SELECT state, provider, model, raw, finish, tokens_in, tokens_out, cost_micro FROM calls "
            "WHERE call_key = ?", call_key,
        )  # fmt: skip
        if not rows:
            return None
        state, provider, model, raw, finish, tokens_in, tokens_out, cost = rows[0]
        return StoredCall(
            state, provider, model, _unpacked(raw, self.path), finish, tokens_in or 0, tokens_out or 0, cost or 0
        )

    def answered_at(self, call_key: str) -> str | None:
        """When a call was answered (UTC, ISO 8601); None if it was not."""
        rows = self._all("SELECT ended_at FROM calls WHERE call_key = ? AND state = 'done'", call_key)
        return rows[0][0] if rows else None

    def done_keys(self) -> set[str]:
        """Keys of all answered calls."""
        return {row[0] for row in self._all("SELECT call_key FROM calls WHERE state = 'done'")}

    def spent_micro(self) -> int:
        """What all calls have cost, in micro-dollars; calls without a known end count at their reserved price."""
        return int(self._all("SELECT coalesce(sum(cost_micro), 0) FROM calls")[0][0])

    def call_totals(self) -> list[CallTotals]:
        """Sums of all calls by kind, provider, model and state."""
        sql = (
            "SELECT kind, provider, model, state, count(*), coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0), "
            "coalesce(sum(cost_micro), 0) FROM calls GROUP BY kind, provider, model, state"
        )
        return [CallTotals(*row) for row in self._all(sql)]

    def attempts_of(self, call_key: str) -> int:
        """How many attempts of a call have failed."""
        sql = "SELECT coalesce(max(attempt), 0) FROM attempts WHERE call_key = ?"
        return int(self._all(sql, call_key)[0][0])

    def failed_attempts(self) -> dict[str, int]:
        """How many attempts failed with each code."""
        return dict(self._all("SELECT error_code, count(*) FROM attempts GROUP BY error_code ORDER BY 2 DESC"))

    def each_derived(self, plan_id: str, stages: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """All rows of some stages as (unit_id, stage, JSON), in order of unit and stage, one by one."""
        wanted = sorted(stages)
        sql = (
            "SELECT unit_id, stage, json FROM derived WHERE plan_id = ? "
            f"AND stage IN ({', '.join('?' * len(wanted))}) ORDER BY unit_id, stage"
        )
        with explained(self.path):
            yield from self._db.execute(sql, (plan_id, *wanted))

    def failures_by_kind(self) -> list[tuple[str, str, str, int | None, int]]:
        """Attempts that failed: (kind, model, error code, HTTP status, how often), most frequent first."""
        rows = self._all(
            "SELECT coalesce(c.kind, ''), coalesce(c.model, ''), coalesce(a.error_code, ''), a.http_status, count(*) "
            "FROM attempts a LEFT JOIN calls c ON c.call_key = a.call_key "
            "WHERE a.error_code IS NOT NULL OR coalesce(a.http_status, 200) >= 400 "
            "GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4"
        )
        return [(str(k), str(m), str(c), h, int(n)) for k, m, c, h, n in rows]

    def calls_used(self, plan_id: str) -> tuple[int, int]:
        """How many results of a plan come from a call, and from how many different calls."""
        row = self._all(
            "SELECT count(call_key), count(DISTINCT call_key) FROM derived WHERE plan_id = ? AND call_key IS NOT NULL",
            plan_id,
        )[0]
        return int(row[0]), int(row[1])

    def quarantined(self, plan_id: str) -> list[Quarantined]:
        """All units of a plan that could not be finished."""
        rows = self._all(
            "SELECT unit_id, stage, code, detail, attempt FROM quarantine WHERE plan_id = ? ORDER BY unit_id, stage",
            plan_id,
        )
        return [Quarantined(*row) for row in rows]


def _unpacked(raw: bytes | None, path: Path) -> bytes | None:
    if raw is None:
        return None
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompress(raw, max_output_size=1 << 30)
    except zstandard.ZstdError as error:
        raise IntegrityError(
            f"{path} holds a reply that cannot be unpacked: {error}.",
            code="ledger.damaged",
            hint="Restore it from a copy.",
        ) from error
