"""Builds as real processes: killed, interrupted, started twice, looked at, on a full disk."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cota_runs import synthetic_run, tree_digest

from audio_reasoner.clients import LedgerReader
from audio_reasoner.core.errors import EXIT_INTERRUPTED, EXIT_LOCKED, IntegrityError
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync

pytestmark = pytest.mark.system

CLI = [sys.executable, "-c", "from audio_reasoner.cli import main; main()"]
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def start(run: RunDir, *more: str) -> subprocess.Popen[str]:
    words = ["build", str(run.path), "--teacher", "grounded", "--style", "brief", "--workers", "2", *more]
    return subprocess.Popen([*CLI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def status(run: RunDir) -> dict[str, object]:
    done = subprocess.run([*CLI, "status", str(run.path), "--json"], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def wait_until_some_are_done(run: RunDir, job: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert job.poll() is None, f"the build ended too soon: {job.communicate()}"
        if run.ledger_path.exists():
            with contextlib.suppress(IntegrityError), LedgerReader.open(run.ledger_path) as ledger:
                plan = ledger.meta("current_plan")
                if plan and ledger.count_done(plan):
                    return
        time.sleep(0.01)
    raise AssertionError("no clip was done within two minutes")


def benchmark(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BENCHMARKS / name, *words], capture_output=True, text=True, timeout=400)


def test_ctrl_c_stores_says_how_to_go_on_and_leaves_nobody(tmp_path: Path) -> None:
    run, clean = synthetic_run(tmp_path / "run", 100), synthetic_run(tmp_path / "clean", 100)
    build_sync(clean, BuildSettings(style="brief"), workers=0)
    job = start(run)
    wait_until_some_are_done(run, job)
    workers = [int(p) for p in Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()]
    begun = time.monotonic()
    job.send_signal(signal.SIGINT)
    _, err = job.communicate(timeout=30)
    assert job.returncode == EXIT_INTERRUPTED
    assert time.monotonic() - begun < 6  # two seconds on an idle machine
    assert f"audio-reasoner build {run.path} --teacher grounded --style brief" in err
    assert "Traceback" not in err
    assert not any(Path(f"/proc/{p}").exists() for p in workers)
    assert not run.dataset_dir.exists()
    found = status(run)
    assert found["state"] == "interrupted"
    assert 0 < int(str(found["done"])) < 100

    job = start(run)
    job.communicate(timeout=200)
    assert job.returncode == 0
    assert tree_digest(run.dataset_dir) == tree_digest(clean.dataset_dir)


def test_a_second_build_is_refused_and_status_is_not(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "run", 100)
    job = start(run)
    try:
        wait_until_some_are_done(run, job)
        job.send_signal(signal.SIGSTOP)  # so that it cannot be through before the second one is here
        found = status(run)
        assert found["state"] == "building"
        assert isinstance(found["writer"], dict)
        assert found["writer"]["pid"] == job.pid
        second = start(run)
        _, err = second.communicate(timeout=60)
        assert second.returncode == EXIT_LOCKED
        assert f"process {job.pid}" in err.replace("\n", " ")
        assert "audio-reasoner status" in err.replace("\n", " ")
        assert "Traceback" not in err
    finally:
        job.kill()
        job.communicate()
    third = start(run, "--limit", "2")
    third.communicate(timeout=60)
    assert third.returncode == 0, "a killed build does not lock the run"


def test_three_kills_change_no_byte() -> None:
    done = benchmark("kill_build.py", "--kills", "3", "--clips", "60")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unequal=0 orphans=0" in done.stdout.splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk_ends_clearly_and_the_build_goes_on() -> None:
    done = benchmark("full_disk.py", "--clips", "40", "--sizes", "2")
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bad=0" in done.stdout.splitlines()[-1]
