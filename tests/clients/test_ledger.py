"""The ledger: durability, group commit, read-only looks, versions, a full disk."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from audio_reasoner.clients import Ledger, LedgerReader, Quarantined
from audio_reasoner.core.errors import EnvironmentProblem, IntegrityError

TABLES = {
    "meta": "key value",
    "plans": "plan_id config_json",
    "clips": "clip_id seq done_plan",
    "calls": "call_key kind parent_id provider model prompt_sha state batch_id raw finish tokens_in tokens_out "
    "cost_micro started_at ended_at",
    "attempts": "call_key attempt error_code http_status at",
    "derived": "plan_id unit_id stage call_key parser_version json",
    "evidence": "content_key version json",
    "quarantine": "plan_id unit_id stage code detail attempt",
    "batches": "batch_id display_name remote_id state",
}


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_the_schema_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    db = sqlite3.connect(path)
    found = {
        name: " ".join(r[1] for r in db.execute(f"PRAGMA table_info({name})"))
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    assert found == TABLES
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_newer_ledger_is_refused_by_writer_and_reader(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(IntegrityError, match="version 7") as error:
        Ledger(path)
    assert error.value.code == "ledger.newer"
    with pytest.raises(IntegrityError, match="version 7"), LedgerReader.open(path):
        pass


def test_something_else_than_a_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is not a database, but it is long enough to be looked at" * 20)
    with pytest.raises(IntegrityError) as error:
        Ledger(path)
    assert error.value.code == "ledger.damaged"


def test_rows_of_a_clip_and_its_questions_come_together(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        for unit in ("ca", "ca/0", "ca/12", "caa", "cb/0"):
            ledger.write([ledger.put_derived("p", unit, "think", f'"{unit}"', parser_version="1")])
        ledger.write([ledger.put_derived("q", "ca/0", "think", '"other plan"', parser_version="1")])
        assert ledger.derived("p", "ca") == {
            ("ca", "think"): '"ca"',
            ("ca/0", "think"): '"ca/0"',
            ("ca/12", "think"): '"ca/12"',
        }


def test_waiting_commits_share_a_group(tmp_path: Path) -> None:
    async def many(ledger: Ledger) -> None:
        await asyncio.gather(*(ledger.commit([ledger.put_done(f"c{i}", i, "p")]) for i in range(500)))

    with Ledger(tmp_path / "l.sqlite") as ledger:
        before = ledger.groups
        asyncio.run(many(ledger))
        assert ledger.count_done("p") == 500
        assert ledger.groups - before < 100


def test_a_failed_write_fails_all_that_follow(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        with pytest.raises(IntegrityError):
            ledger.write([("INSERT INTO nowhere VALUES (1)", ())])
        with pytest.raises(IntegrityError):
            ledger.write([ledger.put_done("c", 0, "p")])
        assert ledger.count_done("p") == 0


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger:
        pages = ledger._writer.execute("PRAGMA page_count").fetchone()[0]
        ledger._writer.execute(f"PRAGMA max_page_count = {pages + 4}")  # SQLite's own way to be full
        ledger.write([ledger.put_done("small", 0, "p")])
        with pytest.raises(EnvironmentProblem) as error:
            ledger.write([ledger.put_evidence("k", "v", "x" * 100_000)])
        assert error.value.code == "environment.disk_full"
        assert str(path) in error.value.message
    with Ledger(path) as ledger:
        assert ledger.done_clips("p") == {"small"}
        ledger.write([ledger.put_evidence("k", "v", "x" * 100_000)])


WRITER = """
import sys
from pathlib import Path
from audio_reasoner.clients import Ledger
ledger = Ledger(Path(sys.argv[1]))
for i in range(100000):
    ledger.write([ledger.put_done(f"c{i:06}", i, "p")])
    sys.stdout.write(f"{i}\\n")
    sys.stdout.flush()
"""


def test_what_was_acknowledged_survives_kill_9_and_can_be_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    job = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    for _ in range(50):
        last = int(job.stdout.readline())
    with LedgerReader.open(path) as reader:  # while it writes
        assert reader.count_done("p") >= 50
    job.send_signal(signal.SIGKILL)
    rest = job.stdout.read().split()
    job.wait()
    last = int(rest[-1]) if rest else last
    before = listing(tmp_path)
    with LedgerReader.open(path) as reader:
        assert reader.count_done("p") >= last + 1
    assert set(listing(tmp_path)) == set(before)
    with Ledger(path) as ledger:
        assert {f"c{i:06}" for i in range(last + 1)} <= ledger.done_clips("p")


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_looking_at_a_closed_ledger_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger.write([ledger.put_quarantine("p", Quarantined("c1/2", "think", "teacher", "no", 1))])
    before = listing(tmp_path)
    assert set(before) == {"ledger.sqlite"}
    with LedgerReader.open(path) as reader:
        [unit] = reader.quarantined("p")
        assert unit.clip_id == "c1"
    assert listing(tmp_path) == before


def test_no_ledger_yet(tmp_path: Path) -> None:
    with (
        pytest.raises(IntegrityError, match="nothing has been built") as error,
        LedgerReader.open(tmp_path / "l.sqlite"),
    ):
        pass
    assert "audio-reasoner build" in error.value.hint
