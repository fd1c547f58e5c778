"""Real processes: several train one model as one would; killed at any place, they go on as if nothing had happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from tests.training.conftest import NANO, recipe

from audio_reasoner.inference import Reasoner
from audio_reasoner.training import checkpoint

pytestmark = pytest.mark.system
HERE = Path(__file__).parent
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "200", "TORCH_CPP_LOG_LEVEL": "ERROR"}
PLAIN: dict[str, Any] = {
    "model": {"nano": {**NANO, "text_layers": 2}},
    # Three units a step, and hardly more than one of them at a time: uneven shares and accumulation.
    "batch": {"samples": 9, "tokens": 300},
    "watch": {"checkpoint_every_steps": 2},
}


def write(path: Path, **changes: Any) -> str:
    plain = recipe(**{**PLAIN, **changes}).model_dump(mode="json", exclude_none=True)
    path.write_text(yaml.safe_dump(plain))
    return str(path)


def do(plan: list[dict[str, Any]], folder: Path) -> None:
    (folder / "plan.json").write_text(json.dumps(plan))
    done = subprocess.run(
        [sys.executable, str(HERE / "several.py"), str(folder / "plan.json")],
        env=ENV,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def lines(out: Path) -> list[dict[str, Any]]:
    return [x for x in map(json.loads, (out / "train_log.jsonl").read_text().splitlines()) if x["kind"] == "train"]


def assert_same_training(a: Path, b: Path) -> None:
    """Equal losses and weights, up to the order of sums."""
    assert [x["step"] for x in lines(a)] == [x["step"] for x in lines(b)]
    for x, y in zip(lines(a), lines(b), strict=True):
        assert x["loss"] == pytest.approx(y["loss"], rel=1e-5)
        assert x["samples"] == y["samples"]
    one, other = load_file(a / "model.safetensors"), load_file(b / "model.safetensors")
    assert one.keys() == other.keys()
    for name, weight in one.items():
        # A bias of all keys shifts every score of a query alike: its gradient is zero but for rounding, which Adam
        # blows up to whole steps that change nothing.
        if not name.endswith("k_proj.bias"):
            assert torch.allclose(weight, other[name], atol=1e-5), name


def test_killed_anywhere_it_goes_on_exactly(run: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "r.yaml")
    places = ("step 1", "step 3", "checkpoint 1", "checkpoint 2", "saving")
    common = {"recipe": file, "data": str(run)}
    plan: list[dict[str, Any]] = [{**common, "out": str(tmp_path / "whole")}]
    for place in places:
        out = str(tmp_path / place.replace(" ", "-"))
        plan += [{**common, "out": out, "kill": place}, {**common, "out": out, "resume": True}]
    do(plan, tmp_path)
    for place in places:
        out = tmp_path / place.replace(" ", "-")
        assert (out / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()
        assert [x["loss"] for x in lines(out)] == [x["loss"] for x in lines(tmp_path / "whole")]
        assert not (out / "checkpoint.pt.tmp").exists()
        assert not (out / ".saving").exists()


def test_two_processes_equal_one_also_after_a_kill(run: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "r.yaml")
    # One unit a step: the second process never has any.
    lonely = write(tmp_path / "lonely.yaml", batch={"samples": 3}, budget={"steps": 3})
    packed = write(tmp_path / "packed.yaml", batch={"samples": 9, "tokens": 700, "packing": True, "row_tokens": 600})
    out = {name: str(tmp_path / name) for name in ("one", "two", "whole", "lonely1", "lonely2", "packed")}
    common = {"recipe": file, "data": str(run)}
    do(
        [
            {**common, "out": out["one"]},
            {**common, "out": out["whole"], "processes": 2},
            {**common, "out": out["two"], "processes": 2, "kill": "step 5"},
            {**common, "out": out["two"], "processes": 2, "resume": True},
            {**common, "out": out["packed"], "recipe": packed, "processes": 2},
            {**common, "out": out["lonely1"], "recipe": lonely},
            {**common, "out": out["lonely2"], "recipe": lonely, "processes": 2},
        ],
        tmp_path,
    )
    assert_same_training(tmp_path / "one", tmp_path / "whole")
    assert_same_training(tmp_path / "one", tmp_path / "packed")
    assert_same_training(tmp_path / "lonely1", tmp_path / "lonely2")
    whole, two = tmp_path / "whole" / "model.safetensors", tmp_path / "two" / "model.safetensors"
    assert whole.read_bytes() == two.read_bytes()
    found = json.loads((tmp_path / "whole" / "metrics.json").read_text())
    assert found["processes"] == 2
    assert 0 < found["padding_share"] < 1


def test_divided_weights_go_on_where_one_process_stopped(run: Path, tmp_path: Path) -> None:
    """The documented command on two CPU processes, with all that saves memory; evaluation and saving included."""
    file = write(tmp_path / "r.yaml", watch={"checkpoint_every_steps": 2, "final_samples": 4, "max_new_tokens": 4})
    spare = write(
        tmp_path / "spare.yaml",
        watch={"checkpoint_every_steps": 2, "final_samples": 4, "max_new_tokens": 4},
        memory={"activation_checkpointing": True, "loss_chunk": 50},
    )
    common = {"data": str(run)}
    do(
        [
            {**common, "recipe": file, "out": str(tmp_path / "one")},
            {**common, "recipe": file, "out": str(tmp_path / "many"), "kill": "step 3"},
        ],
        tmp_path,
    )
    settings = yaml.safe_load((HERE.parents[1] / "recipes" / "accelerate-fsdp.yaml").read_text())
    config = tmp_path / "accelerate.yaml"
    config.write_text(yaml.safe_dump({**settings, "num_processes": 2, "use_cpu": True}))
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    command += ["--main_process_port", "0", "-m", "audio_reasoner", "train", spare]
    command += ["--data", str(run), "-o", str(tmp_path / "many"), "--resume"]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "many" / "metrics.json").read_text())
    assert (found["processes"], found["divided_weights"], found["packing"]) == (2, True, True)
    assert found["held_out"]["samples"] == 4
    assert done.stderr.count("The model is in") == 1  # only the first process speaks
    one, many = load_file(tmp_path / "one" / "model.safetensors"), load_file(tmp_path / "many" / "model.safetensors")
    for name, weight in one.items():
        if not name.endswith("k_proj.bias"):
            assert torch.allclose(weight, many[name], atol=1e-5), name
    assert lines(tmp_path / "many")[-1]["step"] == lines(tmp_path / "one")[-1]["step"] == 6
    # The checkpoint is whole, so one process could go on again; and the model loads.
    saved = checkpoint.load(tmp_path / "many")
    assert saved["state"]["step"] == 6
    assert saved["model"]["model.language_model.embed_tokens.weight"].shape == (
        many["language_model.model.embed_tokens.weight"].shape
    )
    import numpy as np

    answer = Reasoner.from_pretrained(tmp_path / "many").ask(np.zeros(16_000, np.float32), "What?", max_new_tokens=3)
    assert answer.audio_tokens == 25
