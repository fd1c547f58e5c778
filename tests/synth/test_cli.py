"""`audio-reasoner synth` as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core.audio import load_mono
from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import clip_audio
from audio_reasoner.synth.job import audio_path, plan_run


def synth(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.system
def test_complex_writes_a_run_and_says_what_is_in_it(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "complex"
    done = synth("complex", "-n", 12, "--seed", 7, "-o", run, "--classes", "dog,bell", "--max-events", 3, "--audio")
    assert done.returncode == 0, done.stderr
    assert "12 scenes" in done.stdout
    assert "bell" in done.stdout
    assert f"audio-reasoner build {run}" in done.stdout
    clips = list(read_clips(run))
    assert len(clips) == 12
    assert {x for c in clips for x in c.labels_of("tag")} == {"bell", "dog"}
    for clip in clips:
        heard, planned = load_mono(audio_path(run, clip)), clip_audio(clip)
        assert np.max(np.abs(heard - planned)) < 1e-4

    # A second call renders what is missing and leaves the rest alone.
    files = sorted((run / "audio").rglob("*.flac"))
    kept = files[0].stat().st_mtime_ns
    files[-1].unlink()
    again = synth("complex", "-n", 12, "--seed", 7, "-o", run, "--classes", "dog,bell", "--max-events", 3, "--audio")
    assert "1 audio files written" in again.stderr
    assert sorted((run / "audio").rglob("*.flac")) == files
    assert files[0].stat().st_mtime_ns == kept

    other = synth("complex", "-n", 12, "--seed", 8, "-o", run)
    assert other.returncode == 2
    assert "synth.other_scenes" in other.stderr
    assert [c.clip_id for c in read_clips(run)] == [c.clip_id for c in clips]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--classes", "dog,unicorn"), "'unicorn'"),
        (("--classes", ","), "no sound class"),
        (("--event-seconds", "0.9", "0.3"), "from 0.9 to 0.3"),
        (("--max-events", "60"), "could last"),
    ],
)
def test_impossible_wishes_are_one_line_and_leave_nothing_behind(
    tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    done = synth("complex", "-o", tmp_path / "run", *args)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_more_scenes_of_the_same_seed_keep_the_old_ones(tmp_path: Path) -> None:
    plan_run(tmp_path / "run", 20, 7)
    few = {c.clip_id: c for c in read_clips(tmp_path / "run")}
    composition = plan_run(tmp_path / "run", 50, 7)
    many = {c.clip_id: c for c in read_clips(tmp_path / "run")}
    assert (len(few), len(many)) == (20, 50)
    assert few.items() <= many.items()
    assert composition.dropped == 0
    assert plan_run(tmp_path / "other", 5, 7).dropped == 0
    assert plan_run(tmp_path / "other", 3, 7).dropped == 2
    assert composition.clips == composition.events.total() == 50
    assert composition.classes.total() == sum(len(c.timeline.events) for c in many.values() if c.timeline is not None)


def test_bank_page_plays_every_class(tmp_path: Path) -> None:
    from audio_reasoner.synth import CLASSES
    from audio_reasoner.synth.bank.page import bank_page
    from audio_reasoner.synth.bank.render import TRACK_CLASSES

    html = bank_page(renders=1)
    assert html.count("<audio") == len(CLASSES) + len(TRACK_CLASSES)
    assert all(f'id="{name}"' in html for name in CLASSES)
    done = synth("bank", "page", "-o", tmp_path)
    assert done.returncode == 2
    assert "is a directory" in done.stderr


@pytest.mark.system
def test_benchmark_takes_the_scene_settings(tmp_path: Path) -> None:
    import json

    done = synth("benchmark", "-n", 6, "--seed", 4, "-o", tmp_path / "bench", "--classes", "dog,bell,rain,horn,saw")
    assert done.returncode == 0, done.stderr
    assert "audio-reasoner eval run" in done.stdout
    (data,) = (tmp_path / "bench").glob("mmau*.json")
    items = json.loads(data.read_text())
    assert len(items) == 6
    assert all(item["answer"] in item["choices"] for item in items)


def test_long_lists_fit_a_terminal_and_break_between_names() -> None:
    import io

    from rich.console import Console

    from audio_reasoner.cli.synth_output import LISTED, print_counts

    def shown(counts: dict[str, int]) -> list[str]:
        out = io.StringIO()
        print_counts("classes", counts, Console(file=out, width=80))
        return out.getvalue().splitlines()

    few = shown({f"snare drum {chr(97 + i)}": 1000 + i for i in range(26)} | {"x" * 500: 1, "[red]\x1b": 2})
    assert max(map(len, few)) <= 80
    assert "snare drum z 1,025," in " ".join(few)
    assert all(line.endswith(",") for line in few[:-1])
    assert "[red]� 2" in " ".join(few)
    many = shown({f"class {i}": i for i in range(400)})
    assert max(map(len, many)) <= 80
    assert len(many) <= 14
    assert "class 399 399" in " ".join(many)
    assert "class 200 200" not in " ".join(many)
    assert f"{400 - LISTED} between" in many[-1]
