"""compute.map and Pool with real processes."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audio_reasoner import compute
from audio_reasoner.core.errors import ConfigError, InputError


def square(x: int) -> int:
    return x * x


def slow_if_even(x: int) -> int:
    time.sleep(0.2 if x % 2 == 0 else 0.0)
    return x


def picky(x: int) -> int:
    if x == 3:
        raise InputError("row 3 is broken", code="input.row", hint="Mend row 3.")
    return x


def deadly(x: int) -> int:
    if x == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def dies_once(item: tuple[int, str]) -> int:
    number, marker = item
    if number == 2 and not Path(marker).exists():
        Path(marker).touch()
        os._exit(9)
    return number


def blas(_: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS")


def unpicklable(x: int) -> object:
    return (lambda: x) if x == 1 else x


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_map_equals_the_builtin(workers: int) -> None:
    assert list(compute.map(square, range(20), workers=workers, chunk=3)) == [x * x for x in range(20)]


def test_map_reads_ahead_only_within_its_window() -> None:
    taken = itertools.count()
    results = compute.map(square, taken, workers=2, window=4)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    results.close()
    assert next(taken) <= 3 + 4 + 1


def test_unordered_yields_what_is_ready_first() -> None:
    results = list(compute.map(slow_if_even, [0, 1, 3], workers=2, ordered=False))
    assert sorted(results) == [0, 1, 3]
    assert results[0] == 1


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_keeps_its_class_code_and_hint(workers: int) -> None:
    results = list(compute.map(picky, range(6), workers=workers, errors="return", chunk=2))
    assert [r for r in results if not isinstance(r, compute.Failure)] == [0, 1, 2, 4, 5]
    failure = results[3]
    assert isinstance(failure, compute.Failure)
    assert failure.item == 3
    assert isinstance(failure.error, InputError)
    assert (failure.error.code, failure.error.hint) == ("input.row", "Mend row 3.")
    with pytest.raises(InputError, match="row 3 is broken"):
        list(compute.map(picky, range(6), workers=workers))


def test_a_dying_worker_costs_only_its_item() -> None:
    results = list(compute.map(deadly, range(9), workers=2, chunk=4, errors="return"))
    assert [r for r in results if not isinstance(r, compute.Failure)] == [0, 1, 2, 3, 4, 6, 7, 8]
    failure = results[5]
    assert isinstance(failure, compute.Failure)
    assert isinstance(failure.error, compute.WorkerDied)
    assert failure.error.code == "compute.worker_died"
    assert "SIGKILL" in str(failure.error)
    assert "5" in str(failure.error)


def test_a_worker_that_dies_once_loses_nothing(tmp_path: Path) -> None:
    marker = str(tmp_path / "died")
    assert list(compute.map(dies_once, [(i, marker) for i in range(4)], workers=2)) == [0, 1, 2, 3]


def test_a_result_that_cannot_travel_is_that_items_error() -> None:
    results = list(compute.map(unpicklable, range(3), workers=2, chunk=3, errors="return"))
    assert results[0] == 0
    assert results[2] == 2
    assert isinstance(results[1], compute.Failure)


def test_workers_use_one_blas_thread_and_leave_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert list(compute.map(blas, [0], workers=2)) == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_worker_count_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_REASONER_WORKERS", "3")
    assert compute.default_workers() == 3
    monkeypatch.setenv("AUDIO_REASONER_WORKERS", "many")
    with pytest.raises(ConfigError, match="many"):
        compute.default_workers()


SCRIPT = """
import time, sys
from audio_reasoner import compute
from time import sleep
if __name__ == "__main__":
    with compute.Pool(2) as pool:
        futures = [pool.submit(sleep, [60]) for _ in range(2)]
        while len(pool.pids()) < 2:
            sleep(0.02)
        sleep(0.3)
        print(*pool.pids(), flush=True)
        futures[0].result()
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_orphans_after_ctrl_c_or_kill(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    job = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert job.stdout is not None
    pids = [int(p) for p in job.stdout.readline().split()]
    assert len(pids) == 2
    assert all(_alive(pid) for pid in pids)
    job.send_signal(how)
    job.wait(10)
    deadline = time.monotonic() + 5
    while any(_alive(p) for p in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(p) for p in pids)
