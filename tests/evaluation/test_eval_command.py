"""`eval run` with a real (untrained) model directory, and a benchmark made from a built run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.models.conftest import MICRO

from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync
from audio_reasoner.dataset import read_rows
from audio_reasoner.evaluation.make import make_benchmark, make_benchmark_from_run
from audio_reasoner.evaluation.mmau import read, score
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.synth.job import plan_run

MAIN = "from audio_reasoner.cli import main; main()"


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160", "HF_HUB_OFFLINE": "1"},
    )


@pytest.mark.system
def test_a_model_directory_is_run_resumed_and_scored(tmp_path: Path) -> None:
    from audio_reasoner.models import nano

    made = nano.create(MICRO, ["Which sound comes first?\n(a) dog\n(b) bell"] * 8, seed=1)
    model = tmp_path / "model"
    made.model.save_pretrained(model)
    made.processor.save_pretrained(model)
    data, out = tmp_path / "bench", tmp_path / "out"
    make_benchmark(5, 9, data)
    words = ["eval", "run", "mmau-mini", "--data", data, "--model", model, "-o", out, "--max-new-tokens", 12]
    first = command(*words, "--limit", 2)
    assert first.returncode == 0, first.stderr
    assert "2 answers" in first.stderr
    assert "3 of 5 items have no answer" in first.stdout
    second = command(*words)
    assert second.returncode == 0, second.stderr
    assert "3 answers" in second.stderr
    assert "2 from before" in second.stderr
    told = json.loads((out / "score.json").read_text())
    assert told["overall"]["answered"] == 5
    assert told["revision"] == "synthetic, seed 9, 5 items"
    assert len((out / "rows.jsonl").read_text().splitlines()) == 5
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert all(0 < row["tokens"] <= 12 for row in rows)
    other = command(*words[:-1], 13)
    assert other.returncode == 2
    assert "max_new_tokens" in other.stderr
    missing = command(*words[:6], tmp_path / "nothing", *words[7:])
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr + other.stderr


def test_a_built_run_becomes_a_benchmark(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plan_run(run, 6, 11)
    build_sync(RunDir.open(run), BuildSettings(style="brief"), workers=1)
    make_benchmark_from_run(run, tmp_path / "bench")
    benchmark = read(tmp_path / "bench")
    rows = [row for row in read_rows(RunDir.open(run).dataset_dir) if row.options]
    assert [item.id for item in benchmark.items] == [row.sample_id for row in rows]
    assert len(rows) > 6
    assert all(benchmark.audio_paths(item)[0].is_file() for item in benchmark.items)
    # What the offline teacher answers in its own chains is right by all three readings but the strict one.
    report = score(benchmark, Predictions({row.sample_id: row.response for row in rows}))
    assert [report.overall.values[name].value for name in ("option", "extracted")] == [100.0, 100.0]
