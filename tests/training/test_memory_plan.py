"""A training's needs, computed: held against what PyTorch saves and counts for real, small models."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.models import nano
from audio_reasoner.models.sizes import Sizes, sizes_of_config
from audio_reasoner.training import costs, lora, packing
from audio_reasoner.training.collate import Batch, Encoded, Unit, collate
from audio_reasoner.training.costs import Work
from audio_reasoner.training.loss import Objective
from audio_reasoner.training.plan import MACHINES, Expected, Plan, lora_weights, plan, plan_recipe
from audio_reasoner.training.recipe import LoraPart, Recipe, TrainedParts
from audio_reasoner.training.stepper import checkpoint_layers

SMALL = nano.NanoSizes(
    vocabulary=400,
    audio_width=96,
    audio_layers=3,
    audio_heads=4,
    audio_ffn=256,
    text_width=128,
    text_layers=4,
    text_heads=4,
    text_ffn=320,
)
SECONDS, TEXT, ANSWER, HEAD = 4.0, 120, 90, 20


def recipe(**changes: Any) -> Recipe:
    plain = {"model": {"path": "Qwen/Not-Here"}, "budget": {"epochs": 1}, "batch": {"tokens": 8192}}
    return Recipe.model_validate({**plain, **changes})


def planned(expected: Expected | None = None, **changes: Any) -> Plan:
    return plan(recipe(**changes), expected or Expected())


def small_batch(clips: int, packed: bool) -> tuple[Any, Batch | packing.Packed, Work]:
    """A model, a batch, and the same as the plan sees it."""
    loaded = nano.create(SMALL, ["a b"] * 4, seed=2)
    model = loaded.model
    audio = int(loaded.processor.tokenizer.convert_tokens_to_ids("<|AUDIO|>"))
    head = (*[12] * HEAD, *[audio] * round(SECONDS * 25))
    ids = (*head, *[15] * TEXT)
    units = [
        Unit(str(i), round(SECONDS * 100), (Encoded(str(i), ids, len(head), len(ids) - ANSWER),)) for i in range(clips)
    ]
    mels = [torch.zeros(128, round(SECONDS * 100) + 2) for _ in units]
    batch = packing.pack(units, mels, 0) if packed else collate(units, mels, 0)
    sizes = sizes_of_config(model.config.to_dict())
    work = Work(
        sizes=sizes,
        learned=costs.own_weights(sizes),
        adapted=frozenset(),
        frozen_bytes=4,
        mixed=False,
        tokens=clips * len(ids),
        clips=clips,
        targets=clips * ANSWER,
        repeated=0 if packed else clips * len(head),
        seconds=SECONDS,
    )
    model.train()
    return model, batch, work


def saved_bytes(model: Any, batch: Any, mixed: bool = False, chunk: int | None = None) -> int:
    """Bytes that autograd keeps for the backward pass, weights aside; each piece of memory counts once."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in weights and place not in kept:
            kept[place] = tensor  # held, so that its place is not given to another
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(note, lambda t: t)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        loss, _ = Objective(model, chunk)(batch)
    assert loss.requires_grad
    return sum(t.untyped_storage().nbytes() for t in kept.values())


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_what_a_step_keeps_is_what_autograd_saves(packed: bool, mixed: bool) -> None:
    model, batch, work = small_batch(3, packed)
    work = work.with_(mixed=mixed)
    parts = costs.memory(work)
    # The logarithms of the probabilities are kept as well; the other two thirds of that part come with the backward.
    computed = parts["activations"] + parts["encoder"] + 4 * work.sizes.vocabulary * work.targets
    if mixed:
        computed += parts["working copies"]
    measured = saved_bytes(model, batch, mixed)
    assert 0.8 < computed / measured < 1.25


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.05])
def test_what_adapters_keep_is_counted_with_their_dropout(dropout: float, mixed: bool) -> None:
    model, batch, work = small_batch(3, packed=True)
    if mixed:
        model.to(torch.bfloat16)
    part = LoraPart(rank=8, dropout=dropout)
    learned = lora_weights(work.sizes, recipe(model={"path": "x", "lora": {"rank": 8}}), part)
    lora.wrap(model, part, TrainedParts(), 1)
    # A mask of a CPU has 32 bits per number.
    work = work.with_(learned=learned, adapted=frozenset(learned), mixed=mixed, mask=4 if dropout else 0)
    work = work.with_(frozen_bytes=2 if mixed else 4)
    parts = costs.memory(work)
    computed = parts["activations"] + parts["encoder"] + parts["working copies"]
    computed += 4 * work.sizes.vocabulary * work.targets
    assert 0.8 < computed / saved_bytes(model, batch, mixed) < 1.25


def test_checkpointing_keeps_the_inputs_of_layers() -> None:
    model, batch, work = small_batch(3, packed=True)
    without = saved_bytes(model, batch)
    checkpoint_layers(model)
    measured = saved_bytes(model, batch)
    lean = work.with_(checkpointing=True)
    stream = lean.sizes.layers * lean.sizes.width * 4 * lean.tokens
    assert measured < without / 3
    assert costs.memory(lean)["activations"] == stream
    # What is saved besides: the convolutions, the layers' inputs in the encoder, the end of the model.
    assert stream < measured < costs.step_bytes(lean)


def products(work: Work) -> float:
    """The plan's operations without attention, which torch's counter does not see on a CPU."""
    found = costs.operations(work)
    language = 2 * (work.tokens / work.clips) ** 2 * SMALL.text_width * SMALL.text_layers * work.clips
    tower = 4 * (SECONDS * 50) ** 2 * SMALL.audio_width * SMALL.audio_layers * work.clips
    return sum(found.values()) - 3 * language - (3 if "tower" in work.learned else 1) * tower


@pytest.mark.parametrize("learned", [("tower", "projector", "language"), ("language",)])
def test_operations_are_those_that_are_done(learned: tuple[str, ...]) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    model, batch, work = small_batch(3, packed=True)
    for name, weight in model.named_parameters():
        weight.requires_grad_(lora.part_of(name) in learned)
    frozen = work.with_(learned={p: work.learned[p] for p in learned})
    with FlopCounterMode(display=False) as counter:
        loss, _ = Objective(model)(batch)
        loss.backward()
    assert products(frozen) == pytest.approx(counter.get_total_flops(), rel=0.06)
    if "tower" not in learned:
        assert costs.encoder(frozen, padded=False) < costs.encoder(work, padded=False) / 3


def test_adapters_are_counted_as_they_are_made() -> None:
    loaded = nano.create(SMALL, ["a b"] * 4, seed=2)
    for train in ({}, {"tower": False}, {"tower": False, "projector": False}):
        r = recipe(model={"path": "x", "train": train, "lora": {"rank": 3}})
        assert r.model.lora is not None
        counted = lora_weights(sizes_of_config(loaded.model.config.to_dict()), r, r.model.lora)
        model = lora.wrap(nano.create(SMALL, ["a b"] * 4, seed=2).model, LoraPart(rank=3), r.model.train, 1)
        made = sum(p.numel() for n, p in model.named_parameters() if ".lora_" in n)
        assert sum(counted.values()) == made > 0


# --------------------------------------------------------------------------------------------------- the 8.4 B model


def test_full_training_of_the_real_model() -> None:
    p = planned(memory={"activation_checkpointing": True, "loss_chunk": 1024})
    assert p.sizes == Sizes()
    assert "not on this machine" in p.sizes_from
    one, eighty, eight = p.needs
    states = sum(eighty.memory[k] for k in ("weights", "gradients", "optimiser states"))
    assert states == pytest.approx(16 * 8.397e9, rel=1e-3)
    assert sum(eight.memory[k] for k in ("weights", "gradients", "optimiser states")) == pytest.approx(states / 8)
    assert [n.fits for n in p.needs] == [False, False, True]
    # 6 operations per weight and token, a third more for computing again, at 25 to 40 % of 989 T/s.
    low, high = (8 * h for h in eight.hours)
    tokens = 1_200_000 * 870
    assert high == pytest.approx(8 * 7.1e9 * tokens / (0.25 * 989.4e12 * 3600), rel=0.2)
    assert high / low == pytest.approx(0.40 / 0.25)
    assert one.remedies
    assert all("lora" in r.text or "GPUs" in r.text for r in (*one.remedies, *eighty.remedies))


def test_lora_fits_a_small_card() -> None:
    p = planned(
        model={"path": "Qwen/Not-Here", "train": {"tower": False}, "lora": {"rank": 16}},
        memory={"activation_checkpointing": True, "loss_chunk": 512},
        batch={"tokens": 4096},
        data={"max_tokens": 4096},
    )
    small = p.needs[0]
    assert small.fits
    assert small.memory["weights"] == pytest.approx(2 * 8.397e9, rel=0.02)
    assert small.memory["optimiser states"] < 1e9
    assert p.work.adapted == {"projector", "language"}


def test_every_remedy_fits_and_says_what_it_changes() -> None:
    p = planned()
    for need in p.needs:
        assert not need.fits
        assert need.remedies
        for remedy in need.remedies:
            assert remedy.total <= need.gpus.memory
            assert "activation_checkpointing" in remedy.text
    followed = planned(memory={"activation_checkpointing": True, "loss_chunk": 1024})
    assert followed.needs[2].total == pytest.approx(p.needs[2].remedies[0].total)


def test_padding_to_30_s_costs_what_was_computed_before() -> None:
    """Shares of the forward operations at 7 B with 620 text tokens: 18.5 and 1.9 % at 3 s, 15.3 and 5.1 % at 10 s."""
    for seconds, padded, trimmed in ((3.0, 0.185, 0.019), (10.0, 0.153, 0.051)):
        p = planned(Expected(seconds=seconds))
        for share, found in ((trimmed, p.operations), (padded, p.operations_padded)):
            assert found["tower"] / sum(found.values()) == pytest.approx(share, rel=0.15)
    p = planned(Expected(seconds=30.0))
    assert p.operations == p.operations_padded
    assert all(n.total == n.total_padded for n in p.needs)


def test_budgets() -> None:
    assert planned(budget={"epochs": 2}).samples == 2_400_000
    assert planned(Expected(samples=10), budget={"epochs": 0.5}).samples == 5
    steps = planned(budget={"steps": 100}, batch={"samples": 32, "tokens": 8192})
    assert steps.samples == 3200
    minutes = planned(budget={"minutes": 5})
    assert any("5 minutes" in n for n in minutes.notes)


def test_one_sample_is_always_computed() -> None:
    p = planned(Expected(seconds=30, text_tokens=2000), batch={"tokens": 256})
    assert p.work.tokens == 2750
    assert p.work.clips == 1
    assert any("left out" in n for n in p.notes)


def test_the_longest_sample_decides_where_it_is_longer_than_a_batch() -> None:
    p = planned(batch={"tokens": 1024}, data={"max_tokens": 4096})
    assert p.work.tokens == 4096
    assert not any("left out" in n for n in p.notes)


def test_a_small_model_and_a_model_that_is_here(tmp_path: Path) -> None:
    p = planned(model={"nano": SMALL.model_dump()})
    assert p.sizes_from == "the recipe"
    assert all(n.fits for n in p.needs)
    assert any("small" in n for n in p.notes)
    loaded = nano.create(SMALL, ["a b"] * 4, seed=2)
    loaded.model.save_pretrained(tmp_path / "m")
    here = planned(model={"path": str(tmp_path / "m")})
    assert here.sizes.total == sum(w.numel() for w in loaded.model.parameters())
    weights = tmp_path / "m" / "model.safetensors"
    assert not any("model.truncated" in n for n in here.notes)
    weights.write_bytes(weights.read_bytes()[:-9])
    cut = planned(model={"path": str(tmp_path / "m")})
    assert any("will not load (model.truncated)" in n for n in cut.notes)
    assert cut.sizes == here.sizes
    (tmp_path / "m" / "config.json").write_text("{")
    with pytest.raises(InputError) as caught:
        planned(model={"path": str(tmp_path / "m")})
    assert caught.value.code == "model.config"


def test_recipes_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_recipe(tmp_path / "no.yaml")
    assert caught.value.code == "config.missing"
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump({"model": {"path": "x", "trian": {}}, "budget": {"epochs": 1}}))
    with pytest.raises(ConfigError, match="trian") as caught:
        plan_recipe(path)
    assert caught.value.code == "config.unknown_key"


@pytest.mark.parametrize("wrong", [{"seconds": float("nan")}, {"seconds": 31.0}, {"samples": 0}, {"text_tokens": 0}])
def test_data_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        Expected(**wrong)
    assert caught.value.code == "plan.expected"


def test_an_empty_model_path_is_not_taken_for_the_real_model() -> None:
    with pytest.raises(InputError) as caught:
        planned(model={"path": " "})
    assert caught.value.code == "model.empty_path"


def test_the_page_shows_what_the_script_prints(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("memory_plan", root / "benchmarks" / "memory_plan.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.tables()
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    page = (root / "docs" / "hardware.md").read_text(encoding="utf-8").splitlines()
    assert len(printed) > 20
    assert [line for line in printed if line not in page] == []


def test_a_plan_as_plain_values() -> None:
    plain = json.loads(json.dumps(planned().as_plain()))
    assert plain["computed"] is True
    assert plain["weights"] == Sizes().total
    assert [m["name"] for m in plain["machines"]] == [m.name for m in MACHINES]
    assert plain["machines"][2]["gpu_hours"][0] == pytest.approx(8 * plain["machines"][2]["hours"][0])
