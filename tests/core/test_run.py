"""Run directories and their lock, with real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from audio_reasoner.core.errors import EXIT_LOCKED, ConfigError, EnvironmentProblem, IntegrityError, LockedError
from audio_reasoner.core.run import RunDir, lock_holder, run_lock

HOLD = """
import sys, time
from audio_reasoner.core.run import RunDir, run_lock
with run_lock(RunDir.open(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder_process(run: RunDir) -> subprocess.Popen[str]:
    job = subprocess.Popen([sys.executable, "-c", HOLD, str(run.path)], stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    assert job.stdout.readline() == "held\n"
    return job


def test_create_then_open_and_add_sources_once(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "deep" / "run", source={"name": "a", "path": "/x"})
    RunDir.create(run.path, source={"path": "/x", "name": "a"})
    RunDir.create(run.path, source={"name": "b"})
    assert RunDir.open(run.path).sources == [{"name": "a", "path": "/x"}, {"name": "b"}]
    assert [p.name for p in run.path.iterdir()] == ["run.yaml"]


def test_a_directory_of_other_things_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match=r"thesis\.tex") as error:
        RunDir.create(tmp_path)
    assert error.value.code == "run.not_a_run"
    with pytest.raises(ConfigError, match="is a file"):
        RunDir.create(tmp_path / "thesis.tex")


def test_open_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist") as error:
        RunDir.open(tmp_path / "nowhere")
    assert "clips folder" in error.value.hint


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("schema_version: 99\nsources: []\n", "run.newer"),
        ("sources: []\n", "run.damaged"),
        ("schema_version: 1\nsources: 3\n", "run.damaged"),
        ("{[", "run.damaged"),
        ("", "run.damaged"),
    ],
)
def test_a_run_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "run.yaml").write_text(content)
    with pytest.raises(IntegrityError, match=r"run\.yaml") as error:
        RunDir.open(tmp_path)
    assert error.value.code == code
    if code == "run.newer":
        assert "99" in str(error.value)


def test_keys_of_a_later_minor_version_survive(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    config = yaml.safe_load(run.config_path.read_text())
    run.config_path.write_text(yaml.safe_dump({**config, "note": "kept"}))
    run.add_source({"name": "a"})
    assert yaml.safe_load(run.config_path.read_text())["note"] == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_place_is_an_environment_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentProblem) as error:
        RunDir.create(tmp_path / "r")
    assert error.value.code == "environment.not_writable"


def test_the_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    job = holder_process(run)
    try:
        with pytest.raises(LockedError) as error, run_lock(run):
            pass
        assert error.value.exit_code == EXIT_LOCKED
        for part in (f"process {job.pid}", socket.gethostname(), str(run.path)):
            assert part in error.value.message
        assert "audio-reasoner status" in (error.value.hint or "")
        holder = lock_holder(run)
        assert holder is not None
        assert holder.pid == job.pid
    finally:
        job.kill()
        job.wait()


def test_a_killed_writer_is_no_obstacle(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    job = holder_process(run)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert json.loads(run.lock_path.read_text())["pid"] == job.pid, "the file is left behind"
    assert lock_holder(run) is None
    with run_lock(run) as mine:
        assert mine.pid == os.getpid()
        assert lock_holder(run) == mine
    assert lock_holder(run) is None


def test_a_recycled_pid_is_not_taken_for_the_writer(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    with run_lock(run) as mine:
        run.lock_path.write_text(json.dumps({**mine.__dict__, "born": (mine.born or 0) + 1}))
        assert lock_holder(run) is None


def test_looking_does_not_refuse_a_writer(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    with run_lock(run):
        before = run.lock_path.stat()
        lock_holder(run)
        after = run.lock_path.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
