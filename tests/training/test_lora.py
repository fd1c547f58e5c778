"""Adapters and frozen parts: what learns, what is saved, what a saved adapter needs to be loaded again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from tests.training.conftest import recipe

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import Reasoner
from audio_reasoner.models import adapter, check_up, layout, qwen2_audio
from audio_reasoner.training import Progress, Recipe, lora, sft, train
from audio_reasoner.training import checkpoint as ck
from audio_reasoner.training.recipe import LoraPart, ModelPart, TrainedParts

SOUND = (0.2 * np.sin(np.arange(16_000) * 0.05)).astype(np.float32)
LANGUAGE = {"tower": False, "projector": False, "language": True}
LORA = {"rank": 8, "alpha": 16, "dropout": 0.05}


@pytest.fixture(autouse=True)
def _log_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sft, "LOG_EVERY_S", 0.0)


@pytest.fixture(scope="module")
def base(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lora") / "base"
    train(recipe(budget={"steps": 24}, optimiser={"learning_rate": 1e-2}), run, out)
    return out


def tuned(base: Path, parts: dict[str, bool] = LANGUAGE, low_rank: dict[str, Any] | None = LORA, **more: Any) -> Recipe:
    plain = recipe(optimiser={"learning_rate": 3e-2}, **more).model_dump(mode="json")
    plain["model"] = {"path": str(base), "train": parts, "lora": low_rank}
    return Recipe.model_validate(plain)


def logits(model: Any, processor: Any) -> torch.Tensor:
    inputs = processor(
        text=["<|audio_bos|><|AUDIO|><|audio_eos|>Which?"], audio=[SOUND], sampling_rate=16_000, return_tensors="pt"
    )
    with torch.no_grad():
        return model.eval()(**inputs).logits.float()  # type: ignore[no-any-return]


def losses(out: Path) -> list[float]:
    lines = [json.loads(x) for x in (out / "train_log.jsonl").read_text().splitlines()]
    return [x["loss"] for x in lines if x["kind"] == "train"]


def test_an_adapter_learns_and_the_base_does_not(run: Path, base: Path, tmp_path: Path) -> None:
    out = tmp_path / "a"
    before = (base / "model.safetensors").read_bytes()
    result = train(tuned(base, budget={"epochs": 10.0}), run, out)
    found = losses(out)
    epoch = len(found) // 10
    assert sum(found[-epoch:]) < 0.97 * sum(found[:epoch])
    assert (base / "model.safetensors").read_bytes() == before
    assert not (out / "model.safetensors").exists()
    assert not (out / "config.json").exists()
    names = set(load_file(out / adapter.WEIGHTS_NAME))
    assert names
    assert all(n.startswith("base_model.model.model.language_model.layers.") for n in names)
    saved = ck.load(out)["model"]
    assert all(".lora_" in n for n in saved)
    assert result.metrics["trained_parameters"] == sum(w.numel() for w in saved.values())
    assert "tower, projector stayed as loaded" in (out / "README.md").read_text()
    # The directory loads as a model; what peft itself makes of it gives the same logits.
    from peft import PeftModel

    mine = qwen2_audio.load(out, device="cpu")
    plain = qwen2_audio.load(base, device="cpu")
    theirs = PeftModel.from_pretrained(plain.model, str(out))
    there = logits(theirs, plain.processor)
    here = logits(mine.model, mine.processor)
    assert float((here - there).abs().max()) < 1e-5
    assert float((here - logits(qwen2_audio.load(base, device="cpu").model, plain.processor)).abs().max()) > 1e-3
    answer = Reasoner.from_pretrained(out).ask(SOUND, "Which sound comes first?", max_new_tokens=4)
    assert answer.audio_tokens == 25


def test_merged_logits_equal_the_adapters(base: Path, tmp_path: Path) -> None:
    loaded = qwen2_audio.load(base, device="cpu")
    untouched = logits(loaded.model, loaded.processor)
    every = TrainedParts()
    model = lora.wrap(loaded.model, LoraPart(rank=3, alpha=7.5), every, seed=1)
    assert torch.equal(logits(model, loaded.processor), untouched)  # they start as nothing
    assert {lora.part_of(n) for n, w in model.named_parameters() if w.requires_grad} == {
        "tower",
        "projector",
        "language",
    }
    generator = torch.Generator().manual_seed(0)
    for name, weight in model.named_parameters():
        if ".lora_B" in name:
            weight.data.normal_(0, 0.05, generator=generator)
    with_adapters = logits(model, loaded.processor)
    lora.save(model, tmp_path, str(base))
    merged = lora.merge(model)
    assert set(merged.state_dict()) == set(qwen2_audio.load(base, device="cpu").model.state_dict())
    assert float((with_adapters - untouched).abs().max()) > 0.01
    assert float((logits(merged, loaded.processor) - with_adapters).abs().max()) < 1e-5
    again = qwen2_audio.load(tmp_path, device="cpu")
    assert float((logits(again.model, again.processor) - with_adapters).abs().max()) < 1e-5
    # Equal seeds give equal adapters, whatever random numbers were drawn before.
    starts = []
    for _ in range(2):
        torch.rand(3)
        other = lora.wrap(qwen2_audio.load(base, device="cpu").model, LoraPart(), every, seed=1)
        starts.append(lora.learned_state(other))
    assert all(torch.equal(starts[0][n], starts[1][n]) for n in starts[0])


def test_an_adapter_in_the_names_of_transformers_4_48_is_read_alike(base: Path, tmp_path: Path) -> None:
    loaded = qwen2_audio.load(base, device="cpu")
    model = lora.wrap(loaded.model, LoraPart(rank=2), TrainedParts(), seed=1)
    for name, weight in model.named_parameters():
        if ".lora_B" in name:
            weight.data.fill_(0.01)
    expected = logits(model, loaded.processor)
    lora.save(model, tmp_path, str(base))
    file = tmp_path / adapter.WEIGHTS_NAME
    renamed = {
        n.replace(".model.model.language_model.", ".model.language_model.model.").replace(".model.model.", ".model."): w
        for n, w in load_file(file).items()
    }
    # doctor says whose names they are: only the other side's peft reads them.
    assert {r.program: r.works for r in check_up.examine(tmp_path).roads} == {
        "audio-reasoner": True,
        "transformers 5": True,
        "transformers 4.48": False,
        "ms-swift": False,
        "vLLM": False,
    }
    assert "base_model.model.language_model.model.layers.0.mlp.up_proj.lora_A.weight" in renamed
    assert any(n.startswith("base_model.model.audio_tower.layers.0.") for n in renamed)
    save_file(renamed, file)
    assert [r.program for r in check_up.examine(tmp_path).roads if r.works] == [
        "audio-reasoner",
        "transformers 4.48",
        "ms-swift",
    ]
    again = qwen2_audio.load(tmp_path, device="cpu")
    assert float((logits(again.model, again.processor) - expected).abs().max()) < 1e-5


def test_a_merged_training_writes_a_whole_model(run: Path, base: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    train(tuned(base, budget={"steps": 2}), run, out)
    assert adapter.is_adapter(out)
    train(tuned(base, low_rank={**LORA, "merge": True}, budget={"steps": 2}), run, out, overwrite=True)
    assert not adapter.is_adapter(out)
    assert not (out / adapter.WEIGHTS_NAME).exists()
    assert set(load_file(out / "model.safetensors")) == set(load_file(base / "model.safetensors"))
    train(tuned(base, budget={"steps": 1}), run, out, overwrite=True)
    assert adapter.is_adapter(out)


def test_convert_writes_an_adapter_as_a_whole_model(base: Path, tmp_path: Path) -> None:
    place = tmp_path / "adapter"
    place.mkdir()
    model = lora.wrap(qwen2_audio.load(base, device="cpu").model, LoraPart(rank=2), TrainedParts(), seed=1)
    for name, weight in model.named_parameters():
        if ".lora_B" in name:
            weight.data.fill_(0.01)
    lora.save(model, place, str(base))
    part = ModelPart(path=str(base), lora=LoraPart(rank=2))
    (place / adapter.SETTINGS_NAME).write_text(json.dumps({"system": "Be brief.", **lora.settings(part)}))
    mine = qwen2_audio.load(place, device="cpu")
    for which in layout.LAYOUTS:
        out = layout.convert(place, tmp_path / which, which)
        assert layout.layout_of(out) == which
        assert not adapter.is_adapter(out)
        again = qwen2_audio.load(out, device="cpu")
        assert torch.equal(logits(again.model, again.processor), logits(mine.model, mine.processor))
        assert json.loads((out / adapter.SETTINGS_NAME).read_text()) == {"system": "Be brief."}
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["adapter", *layout.LAYOUTS])
    with pytest.raises(ConfigError, match="exists already"):
        layout.convert(place, tmp_path / layout.OLD, layout.OLD)
    lora.save(model, place, str(tmp_path / "gone"))
    with pytest.raises(InputError) as caught:
        layout.convert(place, tmp_path / "more", layout.OLD)
    assert caught.value.code == "adapter.no_base"


def test_the_base_is_never_written_over(run: Path, base: Path) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in base.iterdir()}
    for how in ({"overwrite": True}, {"resume": True}, {}):
        with pytest.raises(ConfigError) as caught:
            train(tuned(base), run, base / ".." / base.name, **how)
        assert caught.value.code == "training.out_is_base"
    assert {p.name: p.stat().st_mtime_ns for p in base.iterdir()} == before


def test_weight_files_that_are_not_replaced_are_removed(tmp_path: Path) -> None:
    """Of a whole file and a set of parts, a loader takes one and says nothing."""
    new, out = tmp_path / "new", tmp_path / "out"
    for place, names in (
        (new, ["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]),
        (out, ["config.json", "model.safetensors", adapter.CONFIG_NAME, "train_log.jsonl", "checkpoint.pt"]),
    ):
        place.mkdir()
        for name in names:
            (place / name).write_text("x")
    lora.clear_stale(new, out)
    assert sorted(p.name for p in out.iterdir()) == ["checkpoint.pt", "config.json", "train_log.jsonl"]


class Killed(Exception):
    pass


def test_kill_and_resume_equals_an_uninterrupted_training(run: Path, base: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    asked = tuned(base, budget={"steps": 4}, watch={"checkpoint_every_steps": 2})

    def kill(p: Progress) -> None:
        if p.phase == "training" and p.step == 3:
            raise Killed

    train(asked, run, whole)
    with pytest.raises(Killed):
        train(asked, run, parts, watch=kill)
    train(asked, run, parts, resume=True)
    assert losses(whole) == losses(parts)
    assert (whole / adapter.WEIGHTS_NAME).read_bytes() == (parts / adapter.WEIGHTS_NAME).read_bytes()


def test_frozen_parts_stay_and_are_in_no_checkpoint(run: Path, base: Path, tmp_path: Path) -> None:
    out = tmp_path / "f"
    asked = tuned(base, {"tower": False, "projector": True, "language": False}, None, budget={"steps": 2})
    train(asked, run, out)
    old, new = load_file(base / "model.safetensors"), load_file(out / "model.safetensors")
    changed = {lora.part_of(n) for n in old if not torch.equal(old[n], new[n])}
    assert changed == {"projector"}
    assert {lora.part_of(n) for n in ck.load(out)["model"]} == {"projector"}
    other = tmp_path / "other-base"
    shutil.copytree(base, other)
    weights = load_file(other / "model.safetensors")
    save_file({n: w + 1 for n, w in weights.items()}, other / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(other / "model.safetensors", base / "other.keep")
    original = (base / "model.safetensors").read_bytes()
    try:
        shutil.copy(other / "model.safetensors", base / "model.safetensors")
        with pytest.raises(ConfigError, match="another base"):
            train(asked, run, out, resume=True)
    finally:
        (base / "model.safetensors").write_bytes(original)
        (base / "other.keep").unlink()


def test_an_adapter_without_its_base_or_with_another_is_refused(base: Path, tmp_path: Path) -> None:
    mine = tmp_path / "base"
    shutil.copytree(base, mine)
    place = tmp_path / "adapter"
    place.mkdir()
    model = lora.wrap(qwen2_audio.load(mine, device="cpu").model, LoraPart(rank=2), TrainedParts(), seed=1)
    lora.save(model, place, str(mine))
    part = ModelPart(path=str(mine), lora=LoraPart(rank=2))
    (place / adapter.SETTINGS_NAME).write_text(json.dumps(lora.settings(part)))
    qwen2_audio.load(place, device="cpu")
    weights = load_file(mine / "model.safetensors")
    save_file({n: w * 2 for n, w in weights.items()}, mine / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError) as caught:
        qwen2_audio.load(place, device="cpu")
    assert caught.value.code == "adapter.other_base"
    shutil.rmtree(mine)
    with pytest.raises(InputError) as caught:
        qwen2_audio.load(place, device="cpu")
    assert caught.value.code == "adapter.no_base"
    assert [f.code for f in check_up.examine(place).findings] == ["adapter.no_base"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"use_dora": True}, "adapter.form"),
        ({"modules_to_save": ["lm_head"]}, "adapter.form"),
        ({"r": "4"}, "adapter.config"),
        ({"r": 5}, "adapter.weights"),
        ({"base_model_name_or_path": None}, "adapter.config"),
        (None, "adapter.config"),
        ("cut", "adapter.weights"),
    ],
)
def test_a_broken_adapter_is_named(base: Path, tmp_path: Path, change: Any, code: str) -> None:
    model = lora.wrap(qwen2_audio.load(base, device="cpu").model, LoraPart(rank=2), TrainedParts(), seed=1)
    lora.save(model, tmp_path, str(base))
    file = tmp_path / adapter.CONFIG_NAME
    if change is None:
        file.write_text("{")
    elif change == "cut":
        weights = tmp_path / adapter.WEIGHTS_NAME
        weights.write_bytes(weights.read_bytes()[:-100])
    else:
        file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(InputError) as caught:
        qwen2_audio.load(tmp_path, device="cpu")
    assert caught.value.code == code
    looked = check_up.examine(tmp_path)
    assert [f.code for f in looked.findings] == [code]
    assert not any(road.works for road in looked.roads)


def test_targets_that_do_not_exist_are_refused(base: Path) -> None:
    with pytest.raises(InputError, match="gate_up") as caught:
        lora.wrap(qwen2_audio.load(base, device="cpu").model, LoraPart(language=("gate_up",)), TrainedParts(), 1)
    assert "up_proj" in (caught.value.hint or "")
    for wrong in (
        {"nano": {}, "lora": {}},
        {"path": "x", "train": {"tower": False, "projector": False, "language": False}},
        {"path": "x", "lora": {"tower": []}},
        {"path": "x", "train": {"lm_head": True}},
    ):
        with pytest.raises(ValidationError):
            ModelPart.model_validate(wrong)


def test_the_recipes_for_the_large_model_say_which_parts_learn() -> None:
    import yaml

    from audio_reasoner.inference.reasoner import SYSTEM
    from audio_reasoner.training import load_recipe

    for name, low_rank in (("full", False), ("lora", True)):
        file = Path(__file__).parents[2] / "recipes" / f"qwen2-audio-7b-{name}.yaml"
        written = yaml.safe_load(file.read_text(encoding="utf-8"))["model"]
        assert set(written["train"]) == {"tower", "projector", "language"}
        loaded = load_recipe(file)
        assert loaded.model.partial
        assert (loaded.model.lora is not None) == low_rank
        assert (loaded.data.max_tokens, loaded.budget.epochs, loaded.model.system) == (4096, 1.0, SYSTEM)
    assert load_recipe(file.with_name("qwen2-audio-7b-full.yaml")).optimiser.learning_rate == 1e-5
