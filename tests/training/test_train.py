"""A training repeats, resumes exactly, survives a full disk, and refuses to overwrite."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.training.conftest import recipe

from audio_reasoner.core.errors import AudioReasonerError, ConfigError, EnvironmentProblem, InputError
from audio_reasoner.inference import Reasoner
from audio_reasoner.models.weight_files import read_header
from audio_reasoner.training import Progress, load_recipe, sft, train
from audio_reasoner.training import checkpoint as ck
from audio_reasoner.training.collate import Encoded, Unit
from audio_reasoner.training.metrics import majority
from audio_reasoner.training.progress import State
from audio_reasoner.training.recipe import with_flags

SIX: dict[str, Any] = {"watch": {"checkpoint_every_steps": 2}}


@pytest.fixture(autouse=True)
def _log_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sft, "LOG_EVERY_S", 0.0)


def losses(out: Path) -> list[tuple[int, float]]:
    lines = [json.loads(x) for x in (out / "train_log.jsonl").read_text().splitlines()]
    return [(x["step"], x["loss"]) for x in lines if x["kind"] == "train"]


class Killed(Exception):
    pass


def kill_after(step: int) -> Any:
    def watch(p: Progress) -> None:
        if p.phase == "training" and p.step == step:
            raise Killed

    return watch


def test_kill_and_resume_equals_an_uninterrupted_training(run: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(recipe(**SIX), run, whole)
    with pytest.raises(Killed):
        train(recipe(**SIX), run, parts, watch=kill_after(5))  # one step after the checkpoint of step 4
    result = train(recipe(**SIX), run, parts, resume=True)
    assert result.steps == 6
    assert losses(whole) == losses(parts)
    assert [s for s, _ in losses(parts)] == [1, 2, 3, 4, 5, 6]
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()


def test_accumulating_gives_the_same_losses(run: Path, tmp_path: Path) -> None:
    train(recipe(budget={"steps": 3}), run, tmp_path / "whole")
    train(recipe(budget={"steps": 3}, batch={"tokens": 300}), run, tmp_path / "parts")
    for (_, a), (_, b) in zip(losses(tmp_path / "whole"), losses(tmp_path / "parts"), strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_packed_rows_with_everything_that_saves_memory_give_the_same_losses(run: Path, tmp_path: Path) -> None:
    spare = {"activation_checkpointing": True, "loss_chunk": 40}
    train(recipe(budget={"steps": 3}), run, tmp_path / "grouped")
    train(recipe(budget={"steps": 3}, memory=spare, batch={"row_tokens": 700}), run, tmp_path / "packed")
    for (_, a), (_, b) in zip(losses(tmp_path / "grouped"), losses(tmp_path / "packed"), strict=True):
        assert a == pytest.approx(b, rel=1e-5)
    assert json.loads((tmp_path / "packed" / "metrics.json").read_text())["packing"] is True
    with pytest.raises(ValueError, match=r"needs batch\.packing"):
        recipe(memory=spare, batch={"packing": False})


def test_bfloat16_learns_what_float32_learns_and_keeps_32_bits(run: Path, tmp_path: Path) -> None:
    for precision in ("float32", "bfloat16"):
        train(recipe(budget={"steps": 4}, precision=precision), run, tmp_path / precision)
        assert json.loads((tmp_path / precision / "metrics.json").read_text())["precision"] == precision
    full, half = losses(tmp_path / "float32"), losses(tmp_path / "bfloat16")
    assert [b for _, b in half] == pytest.approx([a for _, a in full], rel=0.01)
    assert half != full  # products really were rounded
    assert {w.format for w in read_header(tmp_path / "bfloat16" / "model.safetensors").values()} == {"F32"}


def test_a_loss_that_is_no_number_ends_before_the_step_changes_weights(run: Path, tmp_path: Path) -> None:
    wild = recipe(optimiser={"learning_rate": 1e30, "warmup_steps": 0}, watch={"checkpoint_every_steps": 1})
    with pytest.raises(InputError) as caught:
        train(wild, run, tmp_path / "m")
    assert caught.value.code == "training.diverged"
    saved = ck.load(tmp_path / "m")
    assert f"at step {saved['state']['step'] + 1}" in caught.value.message
    assert all(bool(w.isfinite().all()) for w in saved["model"].values())


def test_what_is_left_out_is_counted_by_reason(run: Path, tmp_path: Path) -> None:
    result = train(recipe(budget={"steps": 1}, data={"max_tokens": 170}), run, tmp_path / "m")
    assert result.left_out_codes == {"training.too_long": result.left_out}
    found = json.loads((tmp_path / "m" / "metrics.json").read_text())
    assert found["left_out_codes"] == result.left_out_codes
    assert sum(found["left_out_codes"].values()) == len((tmp_path / "m" / "left_out.jsonl").read_text().splitlines())


def test_the_log_says_how_much_was_padding(run: Path, tmp_path: Path) -> None:
    train(recipe(budget={"steps": 2}), run, tmp_path / "m")
    lines = [json.loads(x) for x in (tmp_path / "m" / "train_log.jsonl").read_text().splitlines()]
    assert all(0 < x["padding_share"] < 1 and 0 <= x["audio_padding_share"] < 1 for x in lines)
    found = json.loads((tmp_path / "m" / "metrics.json").read_text())
    shares = [x["padding_share"] for x in lines]
    assert min(shares) <= found["padding_share"] <= max(shares)


def test_a_polite_request_to_end_saves_a_checkpoint(run: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def watch(p: Progress) -> None:
        if p.phase == "training" and p.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    result = train(recipe(), run, tmp_path / "m", watch=watch)
    assert result.interrupted
    assert 2 <= result.steps < 6
    assert ck.load(tmp_path / "m")["state"]["step"] == result.steps
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_loss_falls(run: Path, tmp_path: Path) -> None:
    train(recipe(budget={"epochs": 8.0}, optimiser={"learning_rate": 1e-2}), run, tmp_path / "m")
    found = losses(tmp_path / "m")
    assert found[-1][1] < 0.7 * found[0][1]


def test_the_model_directory_is_complete_and_answers(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    result = train(recipe(budget={"steps": 2}, watch={"final_samples": 6}), run, out)
    held = json.loads((out / "metrics.json").read_text())["held_out"]
    assert held == result.metrics["held_out"]
    assert held["samples"] == sum(f["samples"] for f in held["families"].values()) == 6
    assert load_recipe(out / "recipe.yaml") == recipe(budget={"steps": 2}, watch={"final_samples": 6})
    card = (out / "README.md").read_text()
    assert "majority answer" in card
    assert all(name in card for name in held["families"])
    import numpy as np

    answer = Reasoner.from_pretrained(out).ask(np.zeros(16_000, dtype=np.float32), "What?", max_new_tokens=4)
    assert answer.audio_tokens == 25
    assert not (out / ".saving").exists()
    assert len({file.stat().st_mode for file in out.iterdir()}) == 1, "weights that only their owner may read"


def test_a_finished_model_is_not_overwritten_by_accident(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    train(recipe(budget={"steps": 1}), run, out)
    before = (out / "model.safetensors").read_bytes()
    with pytest.raises(ConfigError) as caught:
        train(recipe(budget={"steps": 1}), run, out)
    assert caught.value.code == "training.out_taken"
    assert (out / "model.safetensors").read_bytes() == before
    train(recipe(budget={"steps": 2}), run, out, overwrite=True)
    assert (out / "model.safetensors").read_bytes() != before


def test_a_directory_with_other_things_is_not_touched(run: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError, match=r"thesis\.tex"):
        train(recipe(), run, tmp_path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_resuming_another_recipe_is_refused(run: Path, tmp_path: Path) -> None:
    train(recipe(budget={"steps": 1}), run, tmp_path / "m")
    with pytest.raises(ConfigError) as caught:
        # How long, how often to look and on what machine may change; this may not.
        train(recipe(budget={"steps": 2}, threads=2, seed=8, batch={"samples": 6}), run, tmp_path / "m", resume=True)
    assert caught.value.code == "checkpoint.other_run"
    assert "(batch.samples is 6, was 8; seed is 8, was 7)" in caught.value.message


def test_a_budget_in_epochs_is_the_same_wherever_a_training_goes_on() -> None:
    job = object.__new__(sft._Job)
    job.recipe = recipe(budget={"epochs": 3.0}, batch={"samples": 3}, data={"short_first": 0.5})
    job.units = [Unit(f"c{i}", 10 + i, (Encoded(f"s{i}", (1, 2, 3), 1, 2),)) for i in range(10)]
    job.state = State()
    first = len(job._plan_epoch())
    job.state.epoch = 1
    assert (first, len(job._plan_epoch())) == (4, 3)  # five short clips and five others; ten of any length
    assert job._total_steps() == 12


def test_resuming_what_never_began_begins_and_says_so(run: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    train(recipe(budget={"steps": 1}), run, tmp_path / "m", resume=True, watch=lambda p: notes.append(p.note))
    assert any("no checkpoint yet" in n for n in notes)
    assert [s for s, _ in losses(tmp_path / "m")] == [1]


def test_resuming_beside_other_things_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError) as caught:
        train(recipe(), run, tmp_path, resume=True)
    assert caught.value.code == "training.out_taken"


def test_a_longer_budget_goes_on_from_the_end(run: Path, tmp_path: Path) -> None:
    train(recipe(budget={"steps": 2}), run, tmp_path / "m")
    train(recipe(budget={"steps": 4}), run, tmp_path / "m", resume=True)
    assert [s for s, _ in losses(tmp_path / "m")] == [1, 2, 3, 4]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / ck.NAME).write_bytes(b"PK not really")
    with pytest.raises(InputError) as caught:
        ck.load(tmp_path)
    assert caught.value.code == "checkpoint.damaged"


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    ck.save(tmp_path, {"step": 1})

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentProblem) as caught:
        ck.save(tmp_path, {"step": 2})
    assert caught.value.code == "environment.disk_full"
    assert ck.load(tmp_path)["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == [ck.NAME]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model: {nano: {}}\nbudget: {steps: 3}\nlearning_rate: 1", "learning_rate"),
        ("model: {nano: {}}\nbudget: {steps: 3}\noptimiser: {lr: 1}", "lr"),
        ("model: {nano: {}}\nbudget: {steps: 3, minutes: 2}", "exactly one"),
        ("model: {nano: {}, path: x}\nbudget: {steps: 3}", "either"),
        ("model: {nano: {}}\nbudget: {steps: 0}", "steps"),
        ("model: {nano: {}}\nbudget: {steps: 3}\noptimiser: {betas: [0.9, 1.5]}", "betas"),
        ("model: {nano: {}}\nbudget: {steps: 3}\nthreads: 100000", "threads"),
        ("model: {nano: {audio_heads: 3}}\nbudget: {steps: 3}", "model.nano"),
        ("model: [", "yaml"),
    ],
)
def test_a_wrong_recipe_names_the_key(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(text)
    with pytest.raises(AudioReasonerError) as caught:
        load_recipe(file)
    assert words.lower() in str(caught.value).lower()


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_minutes_of_the_command_line_are_checked_like_those_of_a_recipe(minutes: float) -> None:
    with pytest.raises(AudioReasonerError, match="command line: `minutes`"):
        with_flags(recipe(), minutes=minutes)


def test_the_recipes_we_ship_are_valid() -> None:
    for file in (Path(__file__).parents[2] / "recipes").glob("*.yaml"):
        if "nano" in file.read_text():
            load_recipe(file)


def test_majority_is_the_better_of_text_and_letter(run: Path) -> None:
    from audio_reasoner.dataset import read_rows

    row = next(iter(read_rows(run / "dataset")))
    texts = [("dog", 0), ("dog", 1), ("dog", 2), ("bell", 2)]
    assert majority([row.model_copy(update={"gold_text": t, "gold_index": i}) for t, i in texts]) == 0.75
    letters = [("dog", 1), ("bell", 1), ("cat", 1), ("cow", 0)]
    assert majority([row.model_copy(update={"gold_text": t, "gold_index": i}) for t, i in letters]) == 0.75
