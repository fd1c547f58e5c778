"""Answering a benchmark: resumed after any kill, never mixed, and scored by the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from audio_reasoner.cli.evaluate import app
from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import ConfigError, InputError, LockedError
from audio_reasoner.core.run import RunDir, run_lock
from audio_reasoner.evaluation.backends import Local, fingerprint
from audio_reasoner.evaluation.mmau import DATA_NAME, read, score
from audio_reasoner.evaluation.predictions import read_predictions
from audio_reasoner.evaluation.run import Plan, Progress, RunResult, answer_benchmark
from audio_reasoner.evaluation.rundir import HEADER_NAME, PREDICTIONS_NAME

LOUD, QUIET = "loud tone", "a quiet tone"


@dataclass
class Said:
    text: str
    tokens: int


class Ear:
    """Answers by listening: whether the clip is loud. Counts what it is asked."""

    def __init__(self, delay: float = 0.0) -> None:
        self.asked: list[str] = []
        self.batches: list[int] = []
        self.delay = delay

    def ask_batch(
        self, requests: Sequence[tuple[Any, str, None]], max_new_tokens: int, *, sampling: Any = None
    ) -> Sequence[Said]:
        time.sleep(self.delay)
        self.batches.append(len(requests))
        out = []
        for pcm, prompt, options in requests:
            assert pcm.dtype == np.float32
            assert options is None  # they stand in the prompt already
            question, *lines = prompt.split("\n")
            self.asked.append(question)
            heard = LOUD if float(np.abs(pcm).max()) > 0.3 else QUIET
            letter = next(line[1] for line in lines if line.endswith(heard))
            out.append(
                Said(
                    "<THINK>\n<PLANNING>Listen.</PLANNING>\n<CAPTION>Tone.</CAPTION>\n<REASONING>Level.</REASONING>\n"
                    f"<SUMMARY>{heard}</SUMMARY>\n</THINK>\n<RESPONSE>The answer is ({letter}) {heard}.</RESPONSE>",
                    21,
                )
            )
        return out


def make(folder: Path, n: int = 6, missing: Sequence[int] = ()) -> Path:
    (folder / "test-mini-audios").mkdir(parents=True)
    rows = []
    for i in range(n):
        loud = i % 3 == 0
        tone = (0.8 if loud else 0.05) * np.sin(np.arange(8000) * 0.1).astype(np.float32)
        if i not in missing:
            (folder / f"test-mini-audios/q{i}.wav").write_bytes(encode_wav(tone.astype(np.float32), 16_000))
        rows.append(
            {
                "id": f"q{i}",
                "audio_id": f"./test-mini-audios/q{i}.wav",
                "question": f"How loud is tone {i}?",
                "choices": [QUIET, LOUD] if i % 2 else [LOUD, QUIET],
                "answer": LOUD if loud else QUIET,
                "task": "sound",
                "sub-category": "loudness",
                "difficulty": "easy",
            }
        )
    (folder / DATA_NAME).write_text(json.dumps(rows))
    return folder


def run(
    ear: Ear,
    data: Path,
    out: Path,
    batch_size: int = 4,
    model_files: dict[str, str] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **plan: Any,
) -> RunResult:
    backend = Local(ear, name="m", files=model_files or {"w": "1"}, batch_size=batch_size)
    return answer_benchmark(backend, read(data), out, Plan(**plan), on_progress=on_progress)


def test_every_item_is_heard_asked_and_scored(tmp_path: Path) -> None:
    data, out, ear = make(tmp_path / "data"), tmp_path / "out", Ear()
    seen: list[tuple[int, int]] = []
    result = run(ear, data, out, on_progress=lambda now: seen.append((now.done, now.total)))
    assert (result.made, result.resumed, result.failed) == (6, 0, [])
    assert ear.batches == [4, 2]
    assert seen == [(i, 6) for i in range(1, 7)]
    rows = [json.loads(line) for line in result.predictions.read_text().splitlines()]
    assert rows[1]["prompt"] == f"How loud is tone 1?\n(a) {QUIET}\n(b) {LOUD}"
    assert rows[1]["sections"]["response"] == f"The answer is (a) {QUIET}."
    assert rows[1]["option"] == 0
    assert rows[1]["tokens"] == 21
    assert rows[1]["defects"] == []
    assert rows[1]["model"] == "m"
    assert len(rows[1]["model_hash"]) == 64
    report = score(read(data), read_predictions(result.predictions))
    assert report.overall.values["option"].value == 100.0
    assert report.overall.answered == report.overall.facts["well_formed"]["count"] == 6


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data"), tmp_path / "out"
    whole = run(Ear(), data, tmp_path / "whole").predictions.read_text()
    assert run(Ear(), data, out, limit=3).made == 3
    file = out / PREDICTIONS_NAME
    file.write_bytes(file.read_bytes()[:-40])  # the last line was cut off by a kill
    ear = Ear()
    result = run(ear, data, out, batch_size=2)
    assert (result.made, result.resumed) == (4, 2)
    assert ear.asked == [f"How loud is tone {i}?" for i in range(2, 6)]

    def timeless(text: str) -> list[dict[str, Any]]:
        return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in text.splitlines()]

    assert timeless(file.read_text()) == timeless(whole)
    assert run(ear, data, out).made == 0
    assert len(ear.asked) == 4


@pytest.mark.parametrize("change", [{"model_files": {"w": "2"}}, {"max_new_tokens": 7}])
def test_answers_of_two_configurations_are_not_mixed(tmp_path: Path, change: dict[str, Any]) -> None:
    data, out = make(tmp_path / "data"), tmp_path / "out"
    run(Ear(), data, out, limit=2)
    before = (out / PREDICTIONS_NAME).read_bytes()
    with pytest.raises(ConfigError) as caught:
        run(Ear(), data, out, **change)
    assert caught.value.code == "eval.other_run"
    assert next(iter(change)) in caught.value.message
    assert (out / PREDICTIONS_NAME).read_bytes() == before


def test_another_data_file_foreign_files_and_a_second_writer_are_refused(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data"), tmp_path / "out"
    run(Ear(), data, out)
    with pytest.raises(ConfigError, match="data_sha256"):
        run(Ear(), make(tmp_path / "other", 3), out)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / PREDICTIONS_NAME).write_text('{"id": "q0", "raw": "x"}\n')
    with pytest.raises(ConfigError, match=HEADER_NAME):
        run(Ear(), data, strange)
    with run_lock(RunDir(out)), pytest.raises(LockedError) as locked:
        run(Ear(), data, out)
    assert "audio-reasoner status" not in (locked.value.hint or "")  # it knows runs of the pipeline only


def test_items_without_audio_are_named_and_the_others_answered(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", missing=[1]), tmp_path / "out"
    (data / "test-mini-audios/q2.wav").write_bytes(b"not audio at all")
    result = run(Ear(), data, out)
    assert result.made == 4
    assert [problem.split(":")[0] for problem in result.failed] == ["q1", "q2"]
    assert "[audio.missing]" in result.failed[0]
    told = [json.loads(line) for line in (out / "problems.jsonl").read_text().splitlines()]
    assert [row["id"] for row in told] == ["q1", "q2"]
    (data / "test-mini-audios/q1.wav").write_bytes((data / "test-mini-audios/q4.wav").read_bytes())
    again = run(Ear(), data, out)
    assert (again.made, again.resumed, len(again.failed)) == (1, 4, 1)


def test_a_model_is_known_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"1")
    (tmp_path / "notes.md").write_text("x")
    before = fingerprint(tmp_path)
    assert sorted(before) == ["config.json", "model.safetensors"]
    (tmp_path / "notes.md").write_text("y")
    assert fingerprint(tmp_path) == before
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert fingerprint(tmp_path) != before
    with pytest.raises(InputError, match="no model directory"):
        fingerprint(tmp_path / "nothing")


MAIN = "from audio_reasoner.cli import main; main()"
SLOW = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_eval_run import Ear, run
run(Ear(delay=0.15), Path(sys.argv[1]), Path(sys.argv[2]), batch_size=1)
"""


@pytest.mark.system
def test_kill_minus_nine_loses_and_doubles_nothing(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 12), tmp_path / "out"
    command = [sys.executable, "-c", SLOW, str(data), str(out), str(Path(__file__).parent)]
    for _ in range(3):
        process = subprocess.Popen(command)
        before = (out / PREDICTIONS_NAME).stat().st_size if (out / PREDICTIONS_NAME).exists() else 0
        deadline = time.monotonic() + 60
        while not (out / PREDICTIONS_NAME).exists() or (out / PREDICTIONS_NAME).stat().st_size <= before:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    run(Ear(), data, out)
    ids = [json.loads(line)["id"] for line in (out / PREDICTIONS_NAME).read_text().splitlines()]
    assert ids == [f"q{i}" for i in range(12)]


# -------------------------------------------------------------------------------------------------------- command line


def test_score_writes_all_forms_and_says_why(tmp_path: Path) -> None:
    data = make(tmp_path / "data")
    predictions = run(Ear(), data, tmp_path / "out").predictions
    out = [tmp_path / "deep/score.json", tmp_path / "score.md", tmp_path / "rows.jsonl"]
    result = CliRunner().invoke(
        app,
        f"score mmau-mini {predictions} --data {data} --json {out[0]} --markdown {out[1]} --rows {out[2]}".split(),
    )
    assert result.exit_code == 0, result.output
    assert "overall" in result.output
    assert "100.00" in result.output
    assert "unknown revision" in result.output
    told = json.loads(out[0].read_text())
    assert told["overall"]["values"]["option"]["value"] == 100.0
    assert (
        told["overall"]["values"]["strict"]["value"] < 100
    )  # in "(a) loud tone" the letter is a word of the other choice
    assert told["data_sha256"] == read(data).sha256
    assert "| **overall** | **6** |" in out[1].read_text()
    rows = [json.loads(line) for line in out[2].read_text().splitlines()]
    assert [row["id"] for row in rows] == [f"q{i}" for i in range(6)]
    assert all(row["readings"]["option"] and row["why"]["strict"] and row["option_detail"] for row in rows)


def test_strange_replies_never_end_a_scoring(tmp_path: Path) -> None:
    data, predictions, rows = make(tmp_path / "data"), tmp_path / "p.jsonl", tmp_path / "rows.jsonl"
    replies = ["\ud800 loud tone", "\x00", "<RESPONSE>" * 50, "(" * 999, "\\boxed{" * 99, "狗" * 999]
    lines = [json.dumps({"id": f"q{i}", "text": reply}) for i, reply in enumerate(replies)]
    predictions.write_text("\n".join([*lines, '{"id": "\\ud800", "text": 3}', "\x00", "[[[["]))
    words = f"score mmau-mini {predictions} -d {data} --rows {rows} --json {tmp_path / 'j'} --markdown {tmp_path / 'm'}"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 4, result.output
    assert len(rows.read_text().splitlines()) == 6
    assert json.loads((tmp_path / "j").read_text())["overall"]["answered"] == 6
    assert len(json.loads((tmp_path / "j").read_text())["problems"]) == 4


def test_a_wrong_benchmark_name_is_a_usage_error(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", MAIN, "eval", "score", "mmau-maxi", "p.json", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "mmau-maxi" in result.stderr
    assert "Traceback" not in result.stderr
