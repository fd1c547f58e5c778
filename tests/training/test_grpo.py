"""Reinforcement learning from the command line: it learns, resumes exactly, and refuses what it cannot do."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.conftest import recipe as sft_recipe
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.config import parse
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.inference import Reasoner
from audio_reasoner.training import grpo, place, train
from audio_reasoner.training.rl_recipe import RlRecipe

SMALL: dict[str, Any] = {
    "steps": 4,
    "questions": 3,
    "chains": 4,
    "learning_rate": 1e-3,
    "warmup_steps": 1,
    "max_new_tokens": 24,
    "rewards": {"length": 1.0},
    "length": {"target": 1, "most": 24},
    "held_out": 0.2,
    "watch": {"eval_samples": 4, "final_samples": 8, "checkpoint_every_steps": 2, "eval_every_steps": 2},
    "workers": 0,
    "threads": 1,
}


def small(**changes: Any) -> RlRecipe:
    return RlRecipe.model_validate({**SMALL, **changes})


@pytest.fixture(scope="module")
def model(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rl") / "begun"
    train(sft_recipe(), run, out)
    return out


def lines(out: Path, kind: str = "rl") -> list[dict[str, Any]]:
    found = [json.loads(x) for x in (out / place.LOG_NAME).read_text().splitlines()]
    timed = ("seconds", "seconds_trained", "sampling_seconds", "tokens_per_second")
    return [{k: v for k, v in x.items() if k not in timed} for x in found if x["kind"] == kind]


def weights(out: Path) -> dict[str, torch.Tensor]:
    return dict(Reasoner.from_pretrained(out, "cpu").model.state_dict())


@pytest.mark.system
def test_a_training_that_was_cut_goes_on_as_if_it_had_not(run: Path, model: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    result = grpo.train_rl(small(updates=2), run, model, whole)
    assert result.steps == 4
    assert not result.interrupted

    def stop(p: grpo.RlProgress) -> None:
        if p.line is not None and p.done == 3:
            raise KeyboardInterrupt  # the checkpoint is that of step 2, the log one line further

    with pytest.raises(KeyboardInterrupt):
        grpo.train_rl(small(updates=2), run, model, cut, watch=stop)
    assert not (cut / "config.json").exists()
    grpo.train_rl(small(updates=2), run, model, cut, resume=True)
    assert lines(cut) == lines(whole)
    assert [x["step"] for x in lines(whole)] == [1, 2, 3, 4]
    a, b = weights(whole), weights(cut)
    assert all(torch.equal(a[n], b[n]) for n in a)
    begun = weights(model)
    moved = {n for n in a if not torch.equal(a[n], begun[n])}
    assert moved
    assert not any("audio_tower" in n for n in moved), "the tower is frozen unless the recipe says otherwise"
    for line in lines(whole):
        assert line["sampler_apart"] < 1e-4
        assert set(line["parts"]) == {"answer", "format", "consistency", "length"}
    found = json.loads((whole / place.METRICS_NAME).read_text())
    assert found["before"]["samples"] == found["held_out"]["samples"] > 0
    assert [x["step"] for x in lines(whole, "eval")] == [0, 2, 4]
    assert found["chains"] == 48

    for changed, code in (
        ({"recipe": small(beta=0.5)}, "checkpoint.other_run"),
        ({"model": whole, "recipe": small(updates=2)}, "checkpoint.other_run"),
    ):
        with pytest.raises(ConfigError) as caught:
            grpo.train_rl(changed["recipe"], run, changed.get("model", model), cut, resume=True)
        assert caught.value.code == code


def test_what_cannot_be_done_is_said(run: Path, model: Path, tmp_path: Path) -> None:
    def code(**given: Any) -> str:
        asked = {"recipe": small(), "data_run": run, "model": model, "out": tmp_path / "new"} | given
        with pytest.raises(AudioReasonerError) as caught:
            grpo.train_rl(**asked)
        return caught.value.code

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    shutil.copytree(model, tmp_path / "sft")  # a supervised training is not gone on with
    assert code(out=model) == "training.out_is_base"
    assert code(out=tmp_path / "sft", resume=True) == "training.out_taken"
    assert code(out=tmp_path / "full", overwrite=True) == "training.out_taken"
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"
    assert code(out=tmp_path / "file") == "training.out_taken"
    assert code(model=tmp_path / "nowhere") == "model.missing"
    assert code(recipe=small(families=["taste"])) == "rl.no_questions"
    with pytest.raises(InputError, match=r"taste"):
        grpo.train_rl(small(families=["taste"]), run, model, tmp_path / "other")
    for bad in ({"rewards": {"beauty": 1.0}}, {"rewards": {"answer": 0.0}}, {"length": {"target": 9, "most": 9}}):
        with pytest.raises(ValueError, match=r"beauty|above"):
            small(**bad)


def test_a_number_that_is_none_is_refused_by_name() -> None:
    for raw, name in (
        ({"rewards": {"answer": math.nan, "format": 1.0}}, "rewards.answer"),
        ({"rewards": {"answer": 1.0, "length": math.inf}}, "rewards.length"),
        ({"betas": [0.9, math.nan]}, "betas.1"),
        ({"learning_rate": math.inf}, "learning_rate"),
    ):
        with pytest.raises(ConfigError, match=rf"grpo\.yaml: `{name}` is (nan|inf); input should be a finite number"):
            parse({**SMALL, **raw}, RlRecipe, "grpo.yaml")


@pytest.mark.system
def test_the_command_shows_before_and_after(run: Path, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "grpo.yaml"
    file.write_text(json.dumps(SMALL))
    out = tmp_path / "out"
    args = ["rl", str(file), "--data", str(run), "--model", str(model), "-o", str(out), "--steps", "1"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    assert "1 steps, 12 chains" in done.stderr
    assert "well-formed" in done.stderr
    assert (out / "README.md").read_text().count("| all |") == 1
    assert Reasoner.from_pretrained(out, "cpu").ask(None, "Which?", max_new_tokens=2).tokens <= 2


def test_what_may_be_another_when_a_training_goes_on() -> None:
    def kept(**changes: Any) -> dict[str, Any]:
        return small(**changes).model_dump(mode="json", exclude=grpo.FREE_TO_CHANGE)

    assert kept(steps=9, device="cpu", rows=3, watch={**SMALL["watch"], "eval_samples": 1}) == kept()
    assert kept(chains=5) != kept()
    # The table of before and after compares the same questions.
    assert kept(watch={**SMALL["watch"], "final_samples": 9}) != kept()
