"""`audio-reasoner export` as typed in a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile as sf
from dataset_samples import make_sample

from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import read_rows, row_of, write_clips, write_dataset
from audio_reasoner.synth import plan_complex


@pytest.fixture
def run(tmp_path: Path) -> Path:
    made = RunDir.create(tmp_path / "run")
    clips = list(plan_complex(6, seed=7))
    write_clips(made.path, clips)
    write_dataset(made.dataset_dir, [row_of(make_sample(i, clip)) for i, clip in enumerate(clips)])
    return made.path


def shell(*args: str | Path) -> subprocess.CompletedProcess[str]:
    code = "from audio_reasoner.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False)


def test_export_writes_what_it_says(run: Path, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Think in four steps.")
    done = shell("export", run, "--format", "ms-swift", "-o", tmp_path / "out", "--system-prompt", prompt)
    assert done.returncode == 0, done.stderr
    assert "6 rows (train 6)" in done.stdout
    assert not done.stderr, "no bars in a file, and no lines about work of seconds"
    lines = [json.loads(x) for x in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    assert {x["messages"][0]["content"] for x in lines} == {"Think in four steps."}
    assert all(sf.info(x["audios"][0]).samplerate == 16000 for x in lines)


def test_export_of_a_partly_broken_run_ends_with_status_4(run: Path) -> None:
    clips = list(plan_complex(6, seed=7))
    write_clips(run, clips[:5])
    done = shell("export", run, "--format", "webdataset")
    assert done.returncode == 4
    assert "1 row was held back (export.clip_missing 1)" in " ".join(done.stderr.split())
    assert (run / "export" / "webdataset" / "quarantine.jsonl").read_text().count("\n") == 1


def test_conditions_are_told_with_what_they_leave_out(run: Path) -> None:
    done = shell("export", run, "--format", "ms-swift", "--where", "difficulty>=2", "--where", "options=3")
    assert done.returncode == 0, done.stderr
    assert "4 rows (train 4)" in done.stdout
    assert "2 rows were left out by difficulty>=2" in done.stderr


def test_a_hold_out_that_the_conditions_empty_is_told(run: Path) -> None:
    val = ("--val-fraction", "0.1", "--audio", "reference")
    whole = shell("export", run, "--format", "cota", *val)
    assert "val " in whole.stdout
    assert "no split" not in whole.stderr
    held = {x for file in (run / "export" / "cota" / "ids").glob("*.val*.txt") for x in file.read_text().split()}
    groups = ",".join(sorted({r.group for r in read_rows(run / "dataset") if r.sample_id in held}))
    done = shell("export", run, "--format", "cota", *val, "--where", f"group!={groups}")
    assert "val " not in done.stdout
    assert "no split 'val'" in done.stderr


def test_a_run_that_was_never_built_gives_export_and_show_the_same_error(tmp_path: Path) -> None:
    made = RunDir.create(tmp_path / "run")
    write_clips(made.path, plan_complex(2, seed=7))
    shown, exported = shell("show", made.path), shell("export", made.path, "--format", "hf")
    assert shown.stderr == exported.stderr
    assert "has no data set yet" in shown.stderr
    assert shown.returncode == exported.returncode == 2


def test_mistakes_end_without_a_traceback(run: Path, tmp_path: Path) -> None:
    for args, status, said in (
        ((run, "--format", "llava"), 2, "hf, ms-swift, webdataset"),
        ((run, "--format", "ms-swift", "--system-prompt", tmp_path / "none.txt"), 2, "none.txt"),
        ((tmp_path / "nowhere", "--format", "hf"), 2, "nowhere"),
    ):
        done = shell("export", *args)
        assert done.returncode == status, done.stderr
        assert said in done.stderr.replace("\n", "")
        assert "Traceback" not in done.stderr


def test_a_built_run_becomes_a_test_for_models(run: Path, tmp_path: Path) -> None:
    done = shell("export", run, "--format", "mmau", "-o", tmp_path / "test")
    assert done.returncode == 0, done.stderr
    items = json.loads((tmp_path / "test" / "mmau-test-mini.json").read_text())
    assert f"{len(items)} questions" in done.stdout
    assert all(i["answer"] in i["choices"] for i in items)
    assert all(sf.info(tmp_path / "test" / i["audio_id"]).samplerate == 16000 for i in items)
    refused = shell("export", run, "--format", "mmau", "-o", tmp_path / "other", "--split", "train")
    assert refused.returncode == 2
    assert "--format mmau takes every question" in " ".join(refused.stderr.split())
