"""Audio files of a run: killed, raced, stale, in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core.audio import load_mono
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import clip_audio, plan_complex
from audio_reasoner.synth.job import audio_path, plan_run, render_files, write_run, write_sound

_RENDER = """
import sys
from pathlib import Path
from audio_reasoner.dataset import read_clips
from audio_reasoner.synth.job import render_files
run = Path(sys.argv[1])
if __name__ == "__main__":
    for _ in render_files(run, read_clips(run), 1):
        pass
"""


@pytest.mark.system
def test_after_a_kill_every_file_is_whole_and_the_rest_is_written(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plan_run(run, 150, 7, max_events=3)
    script = tmp_path / "render.py"
    script.write_text(_RENDER)
    rendering = subprocess.Popen([sys.executable, str(script), str(run)], start_new_session=True)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and len(list(run.rglob("*.flac"))) < 8:
        time.sleep(0.01)
    os.killpg(rendering.pid, signal.SIGKILL)
    rendering.wait()
    there = len(list(run.rglob("*.flac")))
    assert 8 <= there < 150
    clips = list(read_clips(run))
    assert sum(render_files(run, iter(clips), 2)) == 150 - there
    for clip in clips[::20]:
        assert np.max(np.abs(load_mono(audio_path(run, clip)) - clip_audio(clip))) < 1e-4
    assert sum(render_files(run, iter(clips), 1)) == 0


def test_an_empty_file_is_written_again(tmp_path: Path) -> None:
    clip = next(plan_complex(1, 7))
    path = tmp_path / "a.flac"
    path.touch()
    assert write_sound(path, clip)
    assert not write_sound(path, clip)
    assert load_mono(path).shape[0] == round(clip.duration_s * 16_000)


def test_a_file_in_the_way_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "audio").write_text("")
    with pytest.raises(EnvironmentProblem):
        write_sound(tmp_path / "audio" / "a.flac", next(plan_complex(1, 7)))


def test_clips_of_other_makers_in_the_same_run_keep_files_of_their_own(tmp_path: Path) -> None:
    one = next(plan_complex(1, 7))
    other = one.model_copy(update={"source": "synth-music"})
    assert audio_path(tmp_path, one) != audio_path(tmp_path, other)


def test_recipes_of_another_version_are_another_plan(tmp_path: Path) -> None:
    write_run(tmp_path / "run", plan_complex(3, 7), {"name": "synth-complex", "seed": 7})
    run = RunDir.open(tmp_path / "run")
    assert run.sources[0]["recipes"] == 2
    config = run.config_path.read_text()
    run.config_path.write_text(config.replace("recipes: 2", "recipes: 1"))
    with pytest.raises(ConfigError, match="recipes 1 there, 2 here"):
        write_run(tmp_path / "run", plan_complex(3, 7), {"name": "synth-complex", "seed": 7})
