"""What is written for ms-swift: the samples of our own loop, scripts that say what the recipe says, rewards that find
their columns."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.training.conftest import NANO, recipe

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, InputError
from audio_reasoner.dataset import read_rows
from audio_reasoner.models import nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.training import Recipe, data, swift, swift_scripts
from audio_reasoner.training.rewards import REWARDS


@pytest.fixture(scope="module")
def model(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("swift") / "model"
    made = nano.create(nano.NanoSizes(**NANO), list(data.training_texts(read_rows(run / "dataset"))), seed=1)
    made.model.save_pretrained(path)
    made.processor.save_pretrained(path)
    return path


def asked(path: Path, **more: Any) -> Recipe:
    part = more.pop("model", {})
    plain = recipe(**more).model_dump(mode="json")
    return Recipe.model_validate({**plain, "model": {"path": str(path), **part}})


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(x) for x in file.read_text(encoding="utf-8").splitlines()]


def options_of(script: str) -> list[str]:
    return script.replace("\\\n", " ").split()


def encoded(run: Path, model: Path, system: str | None) -> tuple[data.Samples, list[Any], ChatFormat]:
    """What our own loop would train on."""
    samples = data.read_samples(run, run / "dataset")
    fmt = ChatFormat(qwen2_audio.load(model, device="cpu").processor, system)
    hearing = data.Hearing(samples.clips, 0.0, 0)
    hearing.prepare(lambda *_: None)
    units, left = data.encode_units(samples, hearing.frames, hearing.failed, fmt, 2048)
    assert not left
    return samples, units, fmt


@pytest.fixture(scope="module")
def written(run: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> swift.Written:
    part = {"train": {"tower": False, "projector": True, "language": True}, "system": "Be brief."}
    return swift.write(asked(model, model=part), [run], tmp_path_factory.mktemp("swift") / "out")


def test_the_samples_are_those_of_our_own_loop(run: Path, model: Path, written: swift.Written) -> None:
    samples, units, fmt = encoded(run, model, "Be brief.")
    held = data.held_out(samples, 0.2)
    assert held
    for file, which in (("train", set(samples.clips) - held), ("val", held)):
        names = (written.out / f"{file}.ids.txt").read_text().splitlines()
        wanted = {s.sample_id: s for u in units if u.clip in which for s in u.samples}
        rows = lines(written.out / f"{file}.jsonl")
        assert sorted(names) == sorted(wanted)
        assert written.rows[f"{file}.jsonl"] == len(rows) == len(names)
        for name, row in zip(names, rows, strict=True):
            system, user, assistant = row["messages"]
            assert (system["role"], system["content"]) == ("system", "Be brief.")
            question = user["content"].removeprefix("<audio>")
            count = sum(i == fmt.audio_id for i in wanted[name].ids)
            assert (*fmt.prompt(question, count), *fmt.answer(assistant["content"])) == wanted[name].ids
            assert Path(row["audios"][0]).is_file()


def test_what_is_too_long_is_left_out_and_said(run: Path, model: Path, tmp_path: Path) -> None:
    _, units, fmt = encoded(run, model, None)
    lengths = {s.sample_id: len(s.ids) for u in units for s in u.samples}
    limit = sorted(lengths.values())[len(lengths) // 2]
    # Some of them fit without their audio tokens, which is all that ms-swift would count.
    heard = {s.sample_id: sum(i == fmt.audio_id for i in s.ids) for u in units for s in u.samples}
    long = {n for n, x in lengths.items() if x > limit}
    assert any(lengths[n] - heard[n] + 1 <= limit for n in long)
    short = swift.write(asked(model, data={"max_tokens": limit}), [run], tmp_path / "short")
    left = lines(short.out / "left_out.jsonl")
    assert short.left_out == len(left)
    assert {x["sample_id"] for x in left} == long
    assert {x["code"] for x in left} == {"training.too_long"}
    assert short.rows["train.jsonl"] + short.rows["val.jsonl"] == len(lengths) - len(long)
    assert f"--max_length {limit}" in short.script.read_text()
    with pytest.raises(InputError) as caught:
        swift.write(asked(model, data={"max_tokens": 64}), [run], tmp_path / "none")
    assert caught.value.code == "training.no_samples"
    assert not (tmp_path / "none").exists()


def test_the_rewards_find_their_columns(written: swift.Written) -> None:
    rows = lines(written.out / "grpo.jsonl")
    assert len(rows) == written.rows["train.jsonl"]
    columns = {k: [r[k] for r in rows] for k in rows[0] if k not in ("messages", "audios")}
    assert all(r["messages"][-1]["role"] == "user" for r in rows)
    right = [x["messages"][-1]["content"] for x in lines(written.out / "train.jsonl")]
    other = Chain(planning="a", caption="b", reasoning="c", summary="d", response="none of them")
    empty = [other.to_text()] * len(rows)
    assert min(REWARDS["answer"](right, **columns)) == 1.0
    assert max(REWARDS["answer"](empty, **columns)) == 0.0
    assert min(REWARDS["format"](right, **columns)) == 1.0
    assert min(REWARDS["consistency"](right, **columns)) >= 0.5
    assert sum(REWARDS["claims"](right, **columns)) / len(rows) > 0.9


def test_scripts_say_what_the_recipe_says(run: Path, model: Path, written: swift.Written, tmp_path: Path) -> None:
    for name in ("sft.sh", "grpo.sh"):
        subprocess.run(["bash", "-n", str(written.out / name)], check=True)
        assert os.access(written.out / name, os.X_OK)
    options = options_of(written.script.read_text())

    def value(name: str) -> str:
        return options[options.index(name) + 1]

    assert [value(f"--freeze_{x}") for x in ("vit", "aligner", "llm")] == ["true", "false", "false"]
    assert (value("--tuner_type"), value("--max_steps"), value("--model_type")) == ("full", "6", "qwen2_audio")
    assert (written.out / "model" / "preprocessor_config.json").is_file()  # the layout that ms-swift reads
    assert json.loads((written.out / "audio_reasoner.json").read_text())["system"] == "Be brief."
    low = swift.write(asked(model, model={"lora": {"rank": 3}}), [run], tmp_path / "lora")
    text = low.script.read_text()
    assert "--tuner_type lora" in text
    assert "--target_regex" in text
    assert "freeze" not in text
    assert "does not follow" not in (written.out / "README.md").read_text()
    strange = asked(model, data={"short_first": 0.1}, batch={"questions_per_clip": 1})
    files = swift_scripts.files(strange, "/a \"$b'}/c", {"train.jsonl": 1}, 0)
    assert "`batch.questions_per_clip: 1`" in files["README.md"]
    assert "`data.short_first: 0.1`" in files["README.md"]
    # A path with signs of the shell stays what it is.
    heads = [x for x in files["sft.sh"].splitlines() if x.startswith(("BASE=", "MODEL="))]
    said = subprocess.run(["bash", "-uc", "\n".join([*heads, 'printf %s "$MODEL"'])], capture_output=True, text=True)
    assert said.stdout == "/a \"$b'}/c"
    pins = (low.out / "requirements.txt").read_text()
    assert all(f"{n}=={v}" in pins for n, v in swift_scripts.VERSIONS.items())


def test_a_number_of_gpus_that_does_not_divide_is_refused(written: swift.Written) -> None:
    done = subprocess.run(
        ["bash", str(written.script)], env={**os.environ, "GPUS": "3"}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "cannot be divided among 3 GPUs" in done.stderr


def test_what_ms_swift_cannot_do_is_refused(run: Path, model: Path, written: swift.Written, tmp_path: Path) -> None:
    for wrong in (recipe(), asked(model, budget={"minutes": 1.0})):
        with pytest.raises(ConfigError) as caught:
            swift.write(wrong, [run], tmp_path / "x")
        assert caught.value.code == "swift.recipe"
    with pytest.raises(ConfigError, match="written already"):
        swift.write(asked(model), [run], written.out)
    copy = tmp_path / "copy"
    shutil.copytree(written.out, copy)
    swift.write(asked(model), [run], copy, overwrite=True)
    (copy / "output").mkdir()
    with pytest.raises(ConfigError, match="what ms-swift trained"):
        swift.write(asked(model), [run], copy, overwrite=True)
    other = tmp_path / "other-template"
    shutil.copytree(model, other)
    template = other / "chat_template.jinja"
    template.write_text(template.read_text().replace("Audio '", "Sound '"))
    with pytest.raises(InputError) as refused:
        swift.write(asked(other), [run], tmp_path / "x")
    assert refused.value.code == "swift.template"
    assert not (tmp_path / "x").exists()


def test_a_text_with_ms_swifts_own_tags_is_left_out() -> None:
    with pytest.raises(InputError) as caught:
        swift._prompt("", iter(()), "What is <image>?")
    assert caught.value.code == "swift.tag"
    messages = swift._prompt("S", iter([("one?", "1"), ("two?", "2")]), "three?")
    assert [m["content"] for m in messages] == ["S", "<audio>one?", "1", "two?", "2", "three?"]
    assert [m["loss"] for m in messages if m["role"] == "assistant"] == [False, False]


def test_starting_without_ms_swift_says_what_to_do(
    written: swift.Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem) as caught:
        swift.run(written)
    assert caught.value.code == "swift.missing"
    assert "requirements.txt" in caught.value.hint


@pytest.mark.system
def test_the_command_writes_and_starts(run: Path, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    plain = asked(model).model_dump(mode="json", exclude_none=True)
    plain["model"]["path"] = "models/not-there"
    file.write_text(yaml.safe_dump(plain))
    fake = tmp_path / "bin" / "swift"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nmkdir -p output/checkpoint-1 && echo "$@" > output/checkpoint-1/told\n')
    fake.chmod(0o755)
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{fake.parent}:{os.environ['PATH']}", "COLUMNS": "200"}

    def call(*more: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from audio_reasoner.cli import main; main()"]
        command = [*program, "train", str(file), "--data", str(run), "-o", str(tmp_path / "out"), *more]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)

    missing = call("--engine", "ms-swift")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "model.missing" in missing.stderr
    done = call("--engine", "ms-swift", "--model", str(model), "--run")
    assert done.returncode == 0, done.stderr
    assert "train.jsonl" in done.stdout
    told = (tmp_path / "out" / "output" / "checkpoint-1" / "told").read_text()
    assert told.startswith("sft --model model ")
    assert "--gradient_accumulation_steps 1 " in told  # 8 samples on 8 GPUs
    assert (tmp_path / "out" / "output" / "checkpoint-1" / "audio_reasoner.json").is_file()
    assert "config.engine" in call("--run").stderr


@pytest.mark.slow
def test_ms_swift_learns_the_same(tmp_path: Path) -> None:
    """Needs pip and an index, or SWIFT_PYTHON: Python of an environment with what our requirements.txt names."""
    more = ["--python", os.environ["SWIFT_PYTHON"]] if "SWIFT_PYTHON" in os.environ else []
    script = Path(__file__).parents[2] / "benchmarks" / "swift_parity.py"
    done = subprocess.run(
        [sys.executable, str(script), "-o", str(tmp_path), *more], capture_output=True, text=True, timeout=3000
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["samples"] == figures["same_ids"] == figures["same_masks"] > 20
    assert figures["loss_theirs"] == pytest.approx(figures["loss_ours"], abs=1e-4)
