"""The commands a user types: train a micro model, ask it, interrupt it and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tests.training.conftest import recipe

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.synth import clip_audio, plan_complex

pytestmark = pytest.mark.system
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "200"}


def command(*args: str) -> list[str]:
    return [sys.executable, "-c", "from audio_reasoner.cli import main; main()", *args]


def call(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*args), env=ENV, capture_output=True, text=True, timeout=300)


def write_recipe(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump(recipe(**changes).model_dump(mode="json", exclude_none=True)))
    return path


def test_train_twenty_seconds_and_ask(tmp_path: Path) -> None:
    run, out, clip = tmp_path / "run", tmp_path / "model", tmp_path / "clip.wav"
    made = call(
        "synth", "complex", "-n", "60", "--seed", "3", "--max-events", "2", "--classes", "bell,dog", "-o", str(run)
    )
    assert made.returncode == 0, made.stderr
    file = write_recipe(
        tmp_path / "r.yaml", budget={"minutes": 0.33}, optimiser={"learning_rate": 1e-2}, watch={"final_samples": 20}
    )
    trained = call("train", str(file), "--data", str(run), "-o", str(out))
    assert trained.returncode == 0, trained.stderr
    assert "has no data set yet: building it" in trained.stderr
    assert "majority answer" in trained.stderr
    log = [json.loads(x) for x in (out / "train_log.jsonl").read_text().splitlines()]
    losses = [x["loss"] for x in log if x["kind"] == "train"]
    assert losses[-1] < 0.5 * losses[0]
    clip.write_bytes(encode_wav(clip_audio(next(plan_complex(1, 99, classes=("bell", "dog")))), 16_000))
    question = ("Which sound comes first?", "--model", str(out), "--option", "dog", "--option", "bell")
    as_json = call("ask", str(clip), *question, "--json", "--max-new-tokens", "120")
    assert as_json.returncode == 0, as_json.stderr
    answer = json.loads(as_json.stdout)
    assert answer["audio_tokens"] > 0
    assert "<PLANNING>" in answer["text"]
    shown = call("ask", str(clip), *question, "--max-new-tokens", "120")
    assert shown.returncode == 0, shown.stderr
    assert "PLANNING" in shown.stdout
    assert "<PLANNING>" not in shown.stdout
    nothing = call("ask", str(clip), "Which?", "--model", "")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "model.empty_path" in nothing.stderr


def test_ctrl_c_saves_and_resume_goes_on(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    file = write_recipe(tmp_path / "r.yaml", budget={"steps": 400})
    args = ("train", str(file), "--data", str(run), "-o", str(out))
    process = subprocess.Popen(command(*args), env=ENV, stderr=subprocess.PIPE, text=True)
    log = out / "train_log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.is_file() and log.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "--resume" in errors
    assert not (out / "model.safetensors").exists()
    went_on = call(*args, "--resume")
    assert went_on.returncode == 0, went_on.stderr
    steps = [json.loads(x)["step"] for x in log.read_text().splitlines()]
    assert steps[-1] == 400
    assert steps == sorted(set(steps))
    assert (out / "model.safetensors").is_file()
