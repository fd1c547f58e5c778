"""The ledger: everything that was asked, made, judged or refused in a run, in one SQLite file.

Decision: WAL with `synchronous=FULL` and one writer thread that commits in groups. What waits while one commit reaches
the disk goes into the next, so durability costs one fsync per group instead of one per row, and whoever awaits `commit`
knows that `kill -9`, or a power cut, cannot take its rows back. Only this module contains SQL. `calls`, `attempts` and
`batches` are for teachers that cost money; raw replies there are never changed, what is parsed from them stands in
`derived` and can be made again.

Units: a unit is a clip (`clip_id`) or a question of one (`clip_id/k`), so that all rows of a clip lie side by side.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime
import json
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from audio_reasoner.core.errors import AudioReasonerError, IntegrityError
from audio_reasoner.core.run import disk_full, storage_problem

LEDGER_VERSION = 2
Write = tuple[str, tuple[Any, ...]]

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE plans (plan_id TEXT PRIMARY KEY, config_json TEXT NOT NULL);
-- One row per clip and plan that has finished it; seq is the clip's place in the run, in order of clip_id.
CREATE TABLE clips (
    clip_id TEXT NOT NULL, seq INTEGER NOT NULL, done_plan TEXT NOT NULL, PRIMARY KEY (done_plan, clip_id));
CREATE TABLE calls (
    call_key TEXT PRIMARY KEY, kind TEXT NOT NULL, parent_id TEXT, provider TEXT NOT NULL, model TEXT NOT NULL,
    prompt_sha TEXT NOT NULL, state TEXT NOT NULL, batch_id TEXT, raw BLOB, finish TEXT, tokens_in INTEGER,
    tokens_out INTEGER, cost_micro INTEGER, started_at TEXT, ended_at TEXT);
CREATE TABLE attempts (
    call_key TEXT NOT NULL, attempt INTEGER NOT NULL, error_code TEXT, http_status INTEGER, at TEXT NOT NULL,
    PRIMARY KEY (call_key, attempt));
CREATE TABLE derived (
    plan_id TEXT NOT NULL, unit_id TEXT NOT NULL, stage TEXT NOT NULL, call_key TEXT, parser_version TEXT NOT NULL,
    json TEXT NOT NULL, PRIMARY KEY (plan_id, unit_id, stage));
CREATE TABLE evidence (
    content_key TEXT NOT NULL, version TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (content_key, version));
CREATE TABLE quarantine (
    plan_id TEXT NOT NULL, unit_id TEXT NOT NULL, stage TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL,
    attempt INTEGER NOT NULL, PRIMARY KEY (plan_id, unit_id, stage));
CREATE TABLE batches (
    batch_id TEXT PRIMARY KEY, display_name TEXT UNIQUE NOT NULL, remote_id TEXT, state TEXT NOT NULL);
"""
# Version 2: sums over calls are read from an index, not from the table with its megabytes of replies.
_SINCE_2 = "CREATE INDEX calls_bill ON calls (kind, provider, model, state, cost_micro, tokens_in, tokens_out)"
_ANSWERED = "answered:"
"""Beginning of the meta keys of `answered`."""
_GROUP = 4096
"""Most writes in one transaction; bounds what a crash repeats and how long a Ctrl-C waits."""


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


def _problem(error: sqlite3.Error, path: Path) -> AudioReasonerError:
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
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _problem(error, path) from error


def _check_version(db: sqlite3.Connection, path: Path) -> int:
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
        with _explained(path):
            db = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True, timeout=10)
            try:
                _check_version(db, path)
                db.execute("BEGIN")  # one snapshot: all figures of a status belong together
                yield cls(db, path)
            finally:
                db.close()

    def _all(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with _explained(self.path):
            return self._db.execute(sql, parameters).fetchall()

    def meta(self, key: str) -> Any:
        """The stored JSON value, or None."""
        rows = self._all("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else None

    def answered(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """By (provider, model): which models answered, as the servers named them. An alias may have several."""
        rows = self._all("SELECT key, value FROM meta WHERE key >= ? AND key < ?", _ANSWERED, _ANSWERED[:-1] + ";")
        named = ((key.removeprefix(_ANSWERED).partition(":"), value) for key, value in rows)
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
        with _explained(self.path):
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


class Ledger(LedgerReader):
    """The one writer of a ledger; hold the run's lock while it is open. Close it, or use it as a context manager.

    Reading goes through its own connection and sees what is committed.

    Raises:
        EnvironmentProblem: disk full or not writable.
        IntegrityError: damaged or newer.
    """

    def __init__(self, path: Path) -> None:
        with _explained(path):
            self._writer = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._writer.execute("PRAGMA synchronous = FULL")
                if (version := _check_version(self._writer, path)) < LEDGER_VERSION:
                    # executescript would commit half a schema; version and tables appear together or not at all.
                    self._writer.execute("BEGIN IMMEDIATE")
                    for statement in (*(_SCHEMA.split(";\n") if version == 0 else ()), _SINCE_2):
                        if statement.strip():
                            self._writer.execute(statement)
                    self._writer.execute(f"PRAGMA user_version = {LEDGER_VERSION}")
                    self._writer.execute("COMMIT")
                super().__init__(sqlite3.connect(path, timeout=30, isolation_level=None), path)
            except BaseException:
                self._writer.close()
                raise
        self._queue: queue.SimpleQueue[tuple[list[Write], Callable[[AudioReasonerError | None], None]] | None]
        self._queue = queue.SimpleQueue()
        self._failed: AudioReasonerError | None = None
        self.groups = 0
        self._thread = threading.Thread(target=self._write_groups, name="ledger", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, writes: Iterable[Write]) -> None:
        """Commit and wait."""
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def settle(error: AudioReasonerError | None) -> None:
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        self._queue.put((list(writes), settle))
        done.result()

    async def commit(self, writes: Iterable[Write]) -> None:
        """Commit without blocking the event loop; when this returns, the rows are on the disk."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: AudioReasonerError | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def wake(error: AudioReasonerError | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(settle, error)

        self._queue.put((list(writes), wake))
        await done

    def close(self) -> None:
        """Commit what is queued and close. Errors were told to those who awaited their rows."""
        self._queue.put(None)
        self._thread.join()
        self._db.close()
        with contextlib.suppress(sqlite3.Error):  # on a full disk the WAL stays and is used at the next opening
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with contextlib.suppress(sqlite3.Error):
            self._writer.close()

    def _write_groups(self) -> None:
        last = False
        while not last:
            entry = self._queue.get()
            group = []
            size = 0
            while entry is not None:
                group.append(entry)
                size += len(entry[0])
                if size >= _GROUP:
                    break
                try:
                    entry = self._queue.get_nowait()
                except queue.Empty:
                    break
            last = entry is None
            if not group:
                continue
            if self._failed is None:
                try:
                    self._transaction([w for writes, _ in group for w in writes])
                except sqlite3.Error as error:
                    # What follows could depend on these rows: nothing more is written after a failure.
                    self._failed = _problem(error, self.path)
            for _, settle in group:
                settle(self._failed)

    def _transaction(self, writes: list[Write]) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for sql, parameters in writes:
                self._writer.execute(sql, parameters)
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            raise
        self.groups += 1

    # --- the writes there are ---

    @staticmethod
    def set_meta(key: str, value: Any) -> Write:
        """Store a JSON value."""
        return "INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value, sort_keys=True))

    @staticmethod
    def put_answered(provider: str, model: str, versions: Iterable[str]) -> Write:
        """Which models have answered under a name."""
        return Ledger.set_meta(f"{_ANSWERED}{provider}:{model}", sorted(versions))

    @staticmethod
    def put_plan(plan_id: str, config: dict[str, Any]) -> Write:
        """Store a plan; an equal id has an equal configuration."""
        return "INSERT OR IGNORE INTO plans VALUES (?, ?)", (plan_id, json.dumps(config, sort_keys=True))

    @staticmethod
    def put_done(clip_id: str, seq: int, plan_id: str) -> Write:
        """The plan has finished the clip."""
        return "INSERT OR REPLACE INTO clips (clip_id, seq, done_plan) VALUES (?, ?, ?)", (clip_id, seq, plan_id)

    @staticmethod
    def forget_done(clip_id: str, plan_id: str) -> Write:
        """The plan must look at the clip again; what it has made of it stays."""
        return "DELETE FROM clips WHERE done_plan = ? AND clip_id = ?", (plan_id, clip_id)

    @staticmethod
    def forget_clip(clip_id: str, plan_id: str) -> tuple[Write, ...]:
        """Everything the plan made of a clip; calls are not touched."""
        units = (plan_id, clip_id, clip_id + "0")  # '0' follows '/' in ASCII
        return (
            Ledger.forget_done(clip_id, plan_id),
            ("DELETE FROM derived WHERE plan_id = ? AND unit_id >= ? AND unit_id < ?", units),
            ("DELETE FROM quarantine WHERE plan_id = ? AND unit_id >= ? AND unit_id < ?", units),
        )

    @staticmethod
    def put_derived(
        plan_id: str, unit_id: str, stage: str, text: str, *, parser_version: str, call_key: str | None = None
    ) -> Write:
        """Store what a stage made of a unit, as JSON."""
        return (
            "INSERT OR REPLACE INTO derived (plan_id, unit_id, stage, call_key, parser_version, json) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (plan_id, unit_id, stage, call_key, parser_version, text),
        )

    @staticmethod
    def put_evidence(content_key: str, version: str, text: str) -> Write:
        """Store evidence as JSON."""
        return "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", (content_key, version, text)

    @staticmethod
    def put_quarantine(plan_id: str, unit: Quarantined) -> Write:
        """Set a unit aside."""
        return (
            "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?)",
            (plan_id, unit.unit_id, unit.stage, unit.code, unit.detail, unit.attempt),
        )

    @staticmethod
    def clear_quarantine(plan_id: str, unit_id: str, stage: str) -> Write:
        """A unit got through after all."""
        return "DELETE FROM quarantine WHERE plan_id = ? AND unit_id = ? AND stage = ?", (plan_id, unit_id, stage)

    @staticmethod
    def put_sent(
        call_key: str, *, kind: str, parent_id: str, provider: str, model: str, prompt_sha: str, cost_micro: int
    ) -> Write:
        """A call is about to be sent; `cost_micro` is what it may have cost once it is out. A done call stays."""
        return (
            "INSERT INTO calls (call_key, kind, parent_id, provider, model, prompt_sha, state, cost_micro, started_at) "
            "VALUES (?, ?, ?, ?, ?, ?, 'sent', ?, ?) ON CONFLICT (call_key) DO UPDATE SET state = 'sent', "
            "cost_micro = excluded.cost_micro, started_at = excluded.started_at, ended_at = NULL "
            "WHERE state <> 'done'",
            (call_key, kind, parent_id, provider, model, prompt_sha, cost_micro, _now()),
        )

    @staticmethod
    def put_reply(call_key: str, raw: bytes, *, finish: str, tokens_in: int, tokens_out: int, cost_micro: int) -> Write:
        """A call is answered. Its raw reply is never changed again."""
        return (
            "UPDATE calls SET state = 'done', raw = ?, finish = ?, tokens_in = ?, tokens_out = ?, cost_micro = ?, "
            "ended_at = ? WHERE call_key = ? AND state <> 'done'",
            (_packed(raw), finish, tokens_in, tokens_out, cost_micro, _now(), call_key),
        )

    @staticmethod
    def put_call_failed(call_key: str, *, cost_micro: int) -> Write:
        """A call failed for good (for now); `cost_micro` is what its attempts may have cost."""
        return (
            "UPDATE calls SET state = 'failed', cost_micro = ?, ended_at = ? WHERE call_key = ? AND state <> 'done'",
            (cost_micro, _now(), call_key),
        )

    @staticmethod
    def put_attempt(call_key: str, attempt: int, code: str, http_status: int | None) -> Write:
        """An attempt failed; attempts count from 1 over all runs."""
        return (
            "INSERT OR REPLACE INTO attempts (call_key, attempt, error_code, http_status, at) VALUES (?, ?, ?, ?, ?)",
            (call_key, attempt, code, http_status, _now()),
        )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _packed(raw: bytes) -> bytes:
    import zstandard

    return zstandard.compress(raw, 3)


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
