"""The ledger: everything that was asked, made, judged or refused in a run, in one SQLite file.

Decision: WAL with `synchronous=FULL` and one writer thread that commits in groups. What waits while one commit reaches
the disk goes into the next, so durability costs one fsync per group instead of one per row, and whoever awaits `commit`
knows that `kill -9`, or a power cut, cannot take its rows back. Only this module and `ledger_reader` contain SQL.
`calls`, `attempts` and `batches` are for teachers that cost money; raw replies there are never changed, what is parsed
from them stands in `derived` and can be made again.

Units: a unit is a clip (`clip_id`) or a question of one (`clip_id/k`), so that all rows of a clip lie side by side.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from audio_reasoner.clients.ledger_reader import (
    ANSWERED,
    LEDGER_VERSION,
    CallTotals,
    LedgerReader,
    Quarantined,
    StoredCall,
    check_version,
    explained,
    problem,
)
from audio_reasoner.core.errors import AudioReasonerError

__all__ = ["LEDGER_VERSION", "CallTotals", "Ledger", "LedgerReader", "Quarantined", "StoredCall", "Write"]
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
_GROUP = 4096
"""Most writes in one transaction; bounds what a crash repeats and how long a Ctrl-C waits."""


class Ledger(LedgerReader):
    """The one writer of a ledger; hold the run's lock while it is open. Close it, or use it as a context manager.

    Reading goes through its own connection and sees what is committed.

    Raises:
        EnvironmentProblem: disk full or not writable.
        IntegrityError: damaged or newer.
    """

    def __init__(self, path: Path) -> None:
        with explained(path):
            self._writer = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._writer.execute("PRAGMA synchronous = FULL")
                if (version := check_version(self._writer, path)) < LEDGER_VERSION:
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
                    self._failed = problem(error, self.path)
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
        return Ledger.set_meta(f"{ANSWERED}{provider}:{model}", sorted(versions))

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
