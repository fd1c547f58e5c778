"""A whole `eval run`: probe, controls, samples, shards and their merge, strange directories and full disks."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_eval_run import LOUD, QUIET, Ear, make
from typer.testing import CliRunner

from audio_reasoner.cli.evaluate import app
from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.evaluation import mmau
from audio_reasoner.evaluation.backends import Decoding, Local
from audio_reasoner.evaluation.controls import parse_controls, shown
from audio_reasoner.evaluation.hearing import shuffled_order
from audio_reasoner.evaluation.run import Plan, answer_benchmark
from audio_reasoner.evaluation.session import Wanted, merge_runs, run_session, score_beside

ALL = parse_controls("all")


@dataclass
class Told:
    text: str
    tokens: int = 5
    audio_tokens: int = 12
    stopped: str = "length"
    first_token_seconds: float = 0.01


class Listener:
    """Hears loudness; without sound (or in silence) it takes the option that stands first. Draws when sampled."""

    def __init__(self, deaf: bool = False) -> None:
        self.deaf = deaf
        self.heard: list[Any] = []

    def ask_batch(
        self, requests: Sequence[tuple[Any, str, None]], max_new_tokens: int, *, sampling: Any = None
    ) -> list[Told]:
        out = []
        for i, (audio, prompt, _) in enumerate(requests):
            self.heard.append(audio)
            loud = audio is not None and float(np.abs(audio).max()) > 0.3
            lines = prompt.split("\n")[1:]
            name = LOUD if loud else QUIET
            fitting = next((line for line in lines if line.endswith(name)), lines[0])
            silent = audio is None or not np.any(audio)
            said = lines[0] if self.deaf or silent else fitting
            if sampling is not None and sampling[i].seed % 3 == 0:
                said = lines[-1]
            out.append(Told(f"<RESPONSE>{said[:3]}</RESPONSE>"))
        return out


def backend(listener: Any = None, batch_size: int = 4) -> Local:
    return Local(listener or Listener(), name="m", files={"w": "1"}, batch_size=batch_size)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "predictions.jsonl").read_text().splitlines()]


def score(out: Path, data: Path) -> dict[str, Any]:
    from audio_reasoner.evaluation.controls import score_run

    benchmark = mmau.read(data)
    score_run(mmau, benchmark, out)  # type: ignore[arg-type]
    written = score_beside(mmau, benchmark, out)  # type: ignore[arg-type]
    return {path.name: json.loads(path.read_text()) for path in written}


def test_controls_say_what_listening_is_worth(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 24), tmp_path / "out"
    wanted = Wanted(controls=ALL, samples=3, sampling=Decoding(1.0, 1.0))
    result = run_session(backend(), mmau.read(data), out, Plan(seed=5), wanted)
    assert not result.failed
    assert {name: r.made for name, r in result.after.items()} == {"samples": 72, **dict.fromkeys(ALL, 24)}
    told = score(out, data)
    controls = told["controls.json"]
    assert controls["main"]["value"] == 100.0
    # Letters alone are wrong by MMAU's matcher, but mapped in the reading that stands first.
    entries = controls["controls"]
    assert entries["shuffled"]["value"] == 100.0
    assert entries["shuffled"]["same_option"]["rate"] == 1.0
    assert entries["no-audio"]["value"] == entries["silence"]["value"] < 100.0
    right = entries["no-audio"]["right"]
    assert right["both"] + right["main_only"] == 24
    assert right["control_only"] == 0
    assert entries["no-audio"]["minus_main"]["value"] == pytest.approx(entries["no-audio"]["value"] - 100)
    assert entries["no-audio"]["explained"]["of_main"] == pytest.approx(entries["no-audio"]["value"] / 100)
    assert sum(controls["places"]["shuffled"]["chosen"]) == sum(controls["places"]["main"]["gold"]) == 24
    samples = told["samples.json"]
    assert [p["n"] for p in samples["points"]] == [1, 2, 3]
    assert samples["temperature"] == 1.0
    rows = json.loads((out / "controls/shuffled/rows.jsonl").read_text().splitlines()[0])
    assert rows["readings"]["option"] == 1
    again = run_session(backend(), mmau.read(data), out, Plan(seed=5), wanted)
    assert sum(r.made for r in [again.main, *again.after.values()]) == 0


def test_a_control_below_chance_explains_nothing_and_lines_are_rounded() -> None:
    from audio_reasoner.cli.eval_view import controls_lines
    from audio_reasoner.evaluation.controls import _explained

    score = {"overall": {"values": {"x": {"value": 50.0}}}}
    assert _explained(score, {"value": 40.0}, "x", 25.0) == {"of_main": 0.8, "above_chance": 0.6}
    assert _explained(score, {"value": 20.0}, "x", 25.0) == {"of_main": 0.4, "above_chance": 0.0}
    assert _explained(score, {"value": 20.0}, "x", 50.0)["above_chance"] is None
    told = {"headline": "x", "main": {"value": 50.0}, "controls": {}}
    base = {"chance": 32.9167, "best_constant": {"value": 36.6667}}
    assert controls_lines(told | {"baselines": base})[-1] == "  chance 32.92, best constant 36.67"
    assert controls_lines(told | {"baselines": {"chance": 25.0}})[-1] == "  chance 25.00"


def test_controls_are_held_against_the_chance_of_the_questions_asked(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 8), tmp_path / "out"
    path = data / "mmau-test-mini.json"
    rows = json.loads(path.read_text())
    for row in rows[4:]:  # what is not asked has many options
        row["choices"] += [f"something else {i}" for i in range(5)]
    path.write_text(json.dumps(rows))
    run_session(backend(), mmau.read(data), out, Plan(limit=4), Wanted(controls=parse_controls("silence")))
    told = score(out, data)["controls.json"]
    assert told["main"]["items"] == 8
    assert told["baselines"]["chance"] == 100 / len(rows[0]["choices"])


def test_shuffled_rows_keep_the_official_option_and_show_the_order(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    benchmark = mmau.read(data)
    run_session(backend(), benchmark, out, Plan(seed=2), Wanted(controls=("shuffled",)))
    for row in rows_of(out / "controls/shuffled"):
        item = next(i for i in benchmark.items if i.id == row["id"])
        assert tuple(row["options_order"]) == shuffled_order(item, 2) == (1, 0)
        assert row["prompt"].split("\n")[1] == f"(a) {item.choices[1]}"
        assert item.choices[row["option"]] == item.answer
    turned = shown(benchmark, "shuffled", 2)
    assert all(t.choices[t.gold or 0] == i.answer for t, i in zip(turned.items, benchmark.items, strict=True))


def test_a_shuffled_control_is_scored_as_it_was_shown_by_eval_score_too(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    run_session(backend(), mmau.read(data), out, Plan(seed=2), Wanted(controls=("shuffled",)))
    inside = out / "controls/shuffled"
    result = CliRunner().invoke(app, ["score", "mmau-mini", str(inside), "-d", str(data)])
    assert result.exit_code == 0, result.output
    assert json.loads((inside / "score.json").read_text())["overall"]["values"]["option"]["value"] == 100.0


def test_a_deaf_model_is_stopped_before_a_question_is_asked(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    with pytest.raises(ConfigError) as caught:
        run_session(backend(Listener(deaf=True)), mmau.read(data), out, Plan())
    assert caught.value.code == "eval.deaf"
    assert not (out / "predictions.jsonl").exists()
    result = run_session(backend(Listener(deaf=True)), mmau.read(data), out, Plan(), Wanted(allow_deaf=True))
    assert result.main.made == 9
    assert json.loads((out / "run.json").read_text())["audio_reached"]["heard"] is False


def test_sound_of_which_no_token_is_made_ends_the_run(tmp_path: Path) -> None:
    class Dropped(Listener):
        def ask_batch(self, requests: Any, max_new_tokens: int, *, sampling: Any = None) -> list[Told]:
            return [Told(t.text, audio_tokens=0) for t in super().ask_batch(requests, max_new_tokens)]

    with pytest.raises(IntegrityError) as caught:
        answer_benchmark(backend(Dropped()), mmau.read(make(tmp_path / "data")), tmp_path / "out")
    assert caught.value.code == "eval.deaf"


def test_missing_recordings_stop_a_run_unless_allowed(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 9, missing=[1, 4]), tmp_path / "out"
    (data / "test-mini-audios/q2.wav").write_bytes(b"not audio")
    long = encode_wav(np.full(31 * 16_000, 0.5, np.float32), 16_000)
    (data / "test-mini-audios/q3.wav").write_bytes(long)
    listener = Listener()
    with pytest.raises(InputError) as caught:
        answer_benchmark(backend(listener), mmau.read(data), out, Plan(allow_missing=3))
    assert caught.value.code == "eval.missing_audio"
    assert "4 of 9" in caught.value.message
    assert "audio.too_long" in caught.value.message
    assert "--allow-missing 4" in caught.value.hint
    assert listener.heard == []
    assert len((out / "problems.jsonl").read_text().splitlines()) == 4
    result = answer_benchmark(backend(listener), mmau.read(data), out, Plan(allow_missing=4))
    assert (result.made, len(result.failed)) == (5, 4)
    cut = answer_benchmark(backend(listener), mmau.read(data), tmp_path / "cut", Plan(long_audio="truncate30"))
    assert (cut.made, len(cut.failed)) == (6, 3)
    row = next(r for r in rows_of(tmp_path / "cut") if r["id"] == "q3")
    assert (row["audio_policy"], row["duration_s"]) == ("truncate30", 31.0)
    assert max(a.size for a in listener.heard) == 480_000


def test_similar_lengths_are_asked_together_and_one_bad_question_alone(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    for i in range(9):
        tone = np.full(1600 * (1 + (i * 5) % 9), 0.5, np.float32)
        (data / f"test-mini-audios/q{i}.wav").write_bytes(encode_wav(tone, 16_000))

    class Picky(Listener):
        def ask_batch(self, requests: Any, max_new_tokens: int, *, sampling: Any = None) -> list[Told]:
            if any("tone 4?" in prompt for _, prompt, _ in requests):
                raise InputError("the question contains a control token.", code="question.control_token")
            return super().ask_batch(requests, max_new_tokens)

    listener = Picky()
    result = answer_benchmark(backend(listener), mmau.read(data), out)
    sizes = [a.size for a in listener.heard]
    assert sizes == sorted(sizes, reverse=True)
    assert result.made == 8
    assert result.failed == ["q4: [question.control_token] the question contains a control token."]


def test_a_batch_that_does_not_fit_is_halved(tmp_path: Path) -> None:
    class Small(Listener):
        most = 3

        def ask_batch(self, requests: Any, max_new_tokens: int, *, sampling: Any = None) -> list[Told]:
            if len(requests) > self.most:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
            return super().ask_batch(requests, max_new_tokens)

    data = mmau.read(make(tmp_path / "data", 9))
    result = answer_benchmark(backend(Small(), batch_size=8), data, tmp_path / "out")
    assert (result.made, result.failed) == (9, [])
    Small.most = 0
    with pytest.raises(EnvironmentProblem) as caught:
        answer_benchmark(backend(Small()), data, tmp_path / "none")
    assert caught.value.code == "environment.memory"


def test_a_download_without_recordings_is_said_as_such(tmp_path: Path) -> None:
    data = mmau.read(make(tmp_path / "data", 5, missing=range(5)))
    with pytest.raises(InputError) as caught:
        run_session(backend(), data, tmp_path / "out", Plan(allow_missing=0))
    assert (caught.value.code, "5 of 5" in caught.value.message) == ("eval.missing_audio", True)


def test_samples_without_anything_to_vote_on_are_refused_before_they_are_drawn(tmp_path: Path) -> None:
    data = mmau.read(make(tmp_path / "data", 3))
    data.items = [dataclasses.replace(item, choices=(), gold=None) for item in data.items]
    with pytest.raises(ConfigError) as caught:
        run_session(backend(), data, tmp_path / "out", Plan(), Wanted(samples=2))
    assert (caught.value.code, (tmp_path / "out").exists()) == ("eval.samples_open", False)


def test_shards_merge_to_what_one_run_answers(tmp_path: Path) -> None:
    data = make(tmp_path / "data", 13)
    wanted = Wanted(controls=("no-audio", "shuffled"), samples=2)
    run_session(backend(), mmau.read(data), tmp_path / "whole", Plan(), wanted)
    parts = [tmp_path / f"part{i}" for i in (1, 2, 3)]
    for i, part in enumerate(parts, start=1):
        run_session(backend(), mmau.read(data), part, Plan(shard=(i, 3)), wanted)
    assert [len(rows_of(p)) for p in parts] == [5, 4, 4]
    out = tmp_path / "merged"
    assert merge_runs(parts, out) == 13
    assert merge_runs([*parts, parts[0]], out) == 13

    def timeless(path: Path) -> list[dict[str, Any]]:
        rows = [{k: v for k, v in r.items() if "seconds" not in k} for r in rows_of(path)]
        return sorted(rows, key=lambda r: (r["id"], r["sample"]))

    for inside in ("", "samples", "controls/no-audio", "controls/shuffled"):
        assert timeless(out / inside) == timeless(tmp_path / "whole" / inside)
    other = tmp_path / "other"
    run_session(backend(), mmau.read(data), other, Plan(max_new_tokens=9))
    for bad in (other, tmp_path / "nothing", data):
        with pytest.raises(ConfigError):
            merge_runs([parts[0], bad], tmp_path / "bad")
    lines = (parts[1] / "predictions.jsonl").read_text().splitlines()
    (parts[2] / "predictions.jsonl").write_text(lines[0].replace("RESPONSE>(", "RESPONSE>no (", 1) + "\n")
    with pytest.raises(ConfigError) as caught:
        merge_runs(parts, tmp_path / "clash")
    assert caught.value.code == "eval.merge"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES])
def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    real, written = os.write, []

    def full(fd: int, chunk: bytes) -> int:
        written.append(len(chunk))
        if len(written) == 4:
            return real(fd, chunk[: len(chunk) // 2])  # the disk takes half of a line
        if len(written) > 4:
            raise OSError(error, os.strerror(error))
        return real(fd, chunk)

    with monkeypatch.context() as patched:
        patched.setattr("audio_reasoner.evaluation.rundir.os.write", full)
        with pytest.raises(EnvironmentProblem) as caught:
            answer_benchmark(backend(Ear()), mmau.read(data), out)
    assert caught.value.code == ("environment.disk_full" if error == errno.ENOSPC else "environment.not_writable")
    result = answer_benchmark(backend(Ear()), mmau.read(data), out)
    assert (result.resumed, result.made) == (3, 6)
    assert sorted(r["id"] for r in rows_of(out)) == [f"q{i}" for i in range(9)]


@pytest.mark.parametrize("text", ["null", "[]", '{"config": 3}', "{", "\x00"])
def test_a_strange_header_is_no_run(tmp_path: Path, text: str) -> None:
    data, out = make(tmp_path / "data", 3), tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        answer_benchmark(backend(), mmau.read(data), out)
    assert caught.value.code == "eval.other_run"


@pytest.mark.parametrize("line", ['{"id": 3}', "[]", "nonsense", '{"id": "q0", "sample": "x"}'])
def test_a_strange_prediction_is_named(tmp_path: Path, line: str) -> None:
    data, out = make(tmp_path / "data", 3), tmp_path / "out"
    answer_benchmark(backend(), mmau.read(data), out, Plan(limit=1))
    with (out / "predictions.jsonl").open("a") as f:
        f.write(line + "\n")
    with pytest.raises(InputError) as caught:
        answer_benchmark(backend(), mmau.read(data), out)
    assert caught.value.code == "eval.bad_predictions"
    assert "line 2" in caught.value.message


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--model m --prompt theirs", "eval.unknown_prompt"),
        ("--model m --controls deafness", "eval.unknown_control"),
        ("--model m --samples 2 --temperature 0", "eval.samples"),
        ("--model m --shard 5/4", "eval.shard"),
        ("--model m --shard all", "eval.shard"),
        ("--model m --long-audio whole", "eval.long_audio"),
        ("--model m --system-prompt nowhere.txt", "eval.system_prompt"),
        ("--model nowhere/at-all", "model."),
        ("--model cascade:x", "eval.model_spec"),
        ("--model openai:x@http://127.0.0.1:9/v1 --max-cost 1", "price.unknown"),
        ("", "eval.no_model"),
        ("--merge nowhere", "eval.merge"),
        ("--merge nowhere --model m", "eval.merge"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_made(
    tmp_path: Path, words: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    data, out = make(tmp_path / "data", 3), tmp_path / "out"
    result = CliRunner().invoke(app, ["run", "mmau-mini", "-d", str(data), "-o", str(out), *words.split()])
    error: Any = result.exception
    assert error.code.startswith(code), error
    assert not (out / "predictions.jsonl").exists()


@pytest.mark.system
def test_shards_are_merged_and_scored_by_the_command(tmp_path: Path) -> None:
    data = make(tmp_path / "data", 6)
    parts = [tmp_path / f"p{i}" for i in (1, 2)]
    for i, part in enumerate(parts, start=1):
        run_session(backend(), mmau.read(data), part, Plan(shard=(i, 2)), Wanted(controls=("silence",)))
    main = "from audio_reasoner.cli import main; main()"
    words = ["eval", "run", "mmau-mini", "-d", str(data), "-o", str(tmp_path / "out")]
    words += [w for part in parts for w in ("--merge", str(part))]
    done = subprocess.run([sys.executable, "-c", main, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "6 answers" in done.stderr
    assert "silence" in done.stdout
    assert json.loads((tmp_path / "out/score.json").read_text())["overall"]["answered"] == 6
    assert json.loads((tmp_path / "out/controls.json").read_text())["main"]["value"] == 100.0
