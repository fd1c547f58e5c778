"""Packed rows: the same computation as one row per question, and nothing of one unit in another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.conftest import NANO

from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.run import RunDir
from audio_reasoner.models import features, nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.training import collate as c
from audio_reasoner.training import data
from audio_reasoner.training.loss import Objective, cross_entropy
from audio_reasoner.training.packing import encode, first_fit, pack
from audio_reasoner.training.stepper import checkpoint_layers


@pytest.fixture(scope="module")
def made(run: Path) -> tuple[Any, list[c.Unit], data.Hearing]:
    samples = data.read_samples(run, RunDir(run).dataset_dir)
    rows = [r for some in samples.rows.values() for r in some]
    model, processor = nano.create(
        nano.NanoSizes(**{**NANO, "text_layers": 2, "audio_layers": 2}),
        list(data.training_texts(rows)),
        derive_seed(0, "t"),
    )
    hearing = data.Hearing(samples.clips, ram_gb=1, workers=0)
    hearing.prepare(lambda _done, _total: None)
    units, _ = data.encode_units(samples, hearing.frames, hearing.failed, ChatFormat(processor), 2048)
    model.train()
    # Different lengths and numbers of questions, in an order that packing must change.
    mixed = sorted(units, key=lambda u: u.tokens)[:3] + sorted(units, key=lambda u: -u.tokens)[:3]
    return model, [replace(u, samples=u.samples[: 1 + i % 3]) for i, u in enumerate(mixed)], hearing


def packed(units: list[c.Unit], hearing: data.Hearing, row_tokens: int | None = None) -> Any:
    return pack(units, [hearing.mel(u.clip) for u in units], 0, row_tokens)


def gradients(model: Any) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def logits_of(model: Any, batch: Any) -> torch.Tensor:
    """Logits of every learned token of a packed batch."""
    states, _ = batch.states(model)
    return model.lm_head(states)


@pytest.mark.parametrize("row_tokens", [None, 4096])
def test_a_packed_batch_equals_a_row_per_question(
    made: tuple[Any, list[c.Unit], data.Hearing], row_tokens: int | None
) -> None:
    model, units, hearing = made
    batch = packed(units, hearing, row_tokens)
    if row_tokens:
        assert len(batch.ids) == 1
    assert len({u.frames for u in units}) > 1
    model.zero_grad()
    loss, _ = Objective(model)(batch)
    loss.backward()
    together = gradients(model)
    found = {}
    states, labels = batch.states(model)
    model.zero_grad()
    apart: list[torch.Tensor] = []
    for unit in units:
        for s in unit.samples:
            audio, _ = qwen2_audio.encode(model, features.pad_mels([hearing.mel(unit.clip)]), [unit.frames])
            embeds = qwen2_audio.embed(model, torch.tensor([s.ids]), audio)
            own = model(inputs_embeds=embeds, use_cache=False).logits[0, s.answer - 1 : -1]
            found[tuple(s.ids[s.answer :]), unit.clip] = own
            apart.append(torch.nn.functional.cross_entropy(own, torch.tensor(s.ids[s.answer :]), reduction="sum"))
    total = torch.stack(apart).sum()
    total.backward()
    assert float(loss) == pytest.approx(float(total), rel=1e-6)
    for name, grad in gradients(model).items():
        assert torch.allclose(grad, together[name], atol=2e-5, rtol=1e-4), name
    # The same logits, token by token: every sample's stretch of the packed batch is somebody's own row.
    logits, at = model.lm_head(states), 0
    for row in first_fit([u.tokens for u in units], max([u.tokens for u in units] + [row_tokens or 0])):
        for i in row:
            for s in units[i].samples:
                n = len(s.ids) - s.answer
                alone = found[tuple(s.ids[s.answer :]), units[i].clip]
                assert torch.equal(labels[at : at + n], torch.tensor(s.ids[s.answer :]))
                assert torch.allclose(logits[at : at + n], alone, atol=1e-5)
                at += n
    assert at == len(labels)


def test_nothing_of_one_unit_reaches_another(made: tuple[Any, list[c.Unit], data.Hearing]) -> None:
    model, units, hearing = made
    first, second = sorted(units[:2], key=lambda u: -u.tokens)
    mels = {u.clip: hearing.mel(u.clip) for u in (first, second)}

    def losses(mine: c.Unit, changed: dict[str, torch.Tensor]) -> torch.Tensor:
        batch = pack([mine, second], [changed[mine.clip], changed[second.clip]], 0, 4096)
        assert len(batch.ids) == 1
        return logits_of(model, batch)[-second.targets :]

    with torch.no_grad():
        before = losses(first, mels)
        other_sound = losses(first, {**mels, first.clip: torch.flip(mels[first.clip], [0, 1])})
        text = [replace(s, ids=(*s.ids[: s.shared], *(i % 97 + 8 for i in s.ids[s.shared :]))) for s in first.samples]
        other_text = losses(replace(first, samples=tuple(text)), mels)
        own_sound = losses(first, {**mels, second.clip: torch.flip(mels[second.clip], [0, 1])})
    assert torch.equal(before, other_sound)
    assert torch.equal(before, other_text)
    assert not torch.allclose(before, own_sound, atol=1e-3)


def test_one_question_of_a_clip_does_not_reach_the_next(made: tuple[Any, list[c.Unit], data.Hearing]) -> None:
    model, units, hearing = made
    unit = next(u for u in units if len(u.samples) > 1)
    first = unit.samples[0]
    changed = replace(first, ids=(*first.ids[: first.shared], *(i % 97 + 8 for i in first.ids[first.shared :])))
    rest = sum(len(s.ids) - s.answer for s in unit.samples[1:])
    with torch.no_grad():
        a = logits_of(model, packed([unit], hearing))
        b = logits_of(model, packed([replace(unit, samples=(changed, *unit.samples[1:]))], hearing))
    assert torch.equal(a[-rest:], b[-rest:])
    assert not torch.equal(a[:-rest], b[:-rest])


def test_no_gradient_flows_from_one_unit_to_the_sound_of_another(
    made: tuple[Any, list[c.Unit], data.Hearing],
) -> None:
    model, units, hearing = made
    batch = packed(units[:3], hearing, 4096)
    batch.mels = batch.mels.clone().requires_grad_(True)
    logits = logits_of(model, batch)
    order = first_fit([u.tokens for u in units[:3]], 4096)[0]
    last = units[order[-1]]
    logits[-last.targets :].square().sum().backward()
    per_clip = batch.mels.grad.abs().sum(dim=(1, 2))
    assert float(per_clip[-1]) > 0
    assert torch.equal(per_clip[:-1], torch.zeros(2))


def test_the_packed_encoder_equals_the_one_that_pads(made: tuple[Any, list[c.Unit], data.Hearing]) -> None:
    model, _, _ = made
    frames = [37, 120, 1, 58, 60, 119, 2, 3]
    torch.manual_seed(0)
    mels = features.pad_mels([torch.randn(128, features.kept_frames_of(f)) for f in frames])
    with torch.no_grad():
        reference, tokens = qwen2_audio.encode(model, mels, frames)
        rows = first_fit([features.conv_frames_of(f) for f in frames], 60)
        assert len(rows) < len(frames)
        assert torch.allclose(encode(model, mels, frames, rows), reference, atol=1e-5)
    assert sum(tokens) == len(reference)


def test_padding_is_counted(made: tuple[Any, list[c.Unit], data.Hearing]) -> None:
    _, units, hearing = made
    for batch in (packed(units, hearing), c.collate(units, [hearing.mel(u.clip) for u in units], 0)):
        s = batch.sizes
        assert s.tokens == sum(u.tokens for u in units) < s.positions
        assert s.audio == sum(features.conv_frames_of(u.frames) for u in units) < s.audio_positions
        assert s.targets == sum(u.targets for u in units)
    alone = packed(units[:1], hearing).sizes
    assert alone.tokens == alone.positions
    assert alone.audio == alone.audio_positions


def test_rows_hold_everything_once() -> None:
    lengths = [5, 1, 9, 3, 3, 7, 2]
    rows = first_fit(lengths, 10)
    assert sorted(i for row in rows for i in row) == list(range(7))
    assert all(sum(lengths[i] for i in row) <= 10 for row in rows)
    assert first_fit([12, 3], 10) == [[0], [1]]


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunked_cross_entropy_equals_the_whole(chunk: int) -> None:
    torch.manual_seed(1)
    head = torch.nn.Linear(16, 50, bias=False)
    labels = torch.randint(0, 50, (23,))
    found = []
    for size in (None, chunk):
        states = torch.randn(23, 16, generator=torch.Generator().manual_seed(2)).requires_grad_(True)
        head.zero_grad()
        loss, right = cross_entropy(head, states, labels, size)
        (loss / 23).backward()
        found.append((float(loss), int(right), states.grad, head.weight.grad.clone()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    assert found[0][1] == found[1][1]
    assert torch.allclose(found[0][2], found[1][2], atol=1e-6)
    assert torch.allclose(found[0][3], found[1][3], atol=1e-6)


def test_chunked_cross_entropy_needs_less_memory() -> None:
    from torch.profiler import ProfilerActivity, profile

    head = torch.nn.Linear(32, 8000, bias=False)
    labels = torch.randint(0, 8000, (512,))

    def peak(chunk: int | None) -> int:
        states = torch.randn(512, 32, requires_grad=True)
        head.zero_grad(set_to_none=True)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            loss, _ = cross_entropy(head, states, labels, chunk)
            loss.backward()
        held = most = 0
        for event in seen.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                most = max(most, held)
        return most

    logits = 512 * 8000 * 4
    assert peak(None) > 2 * logits
    assert peak(64) < logits


def test_activation_checkpointing_changes_no_gradient(made: tuple[Any, list[c.Unit], data.Hearing]) -> None:
    model, units, hearing = made
    batch = packed(units, hearing, 300)
    found = []
    calls = {"now": 0}
    hooks = [
        layer.self_attn.register_forward_hook(lambda *_: calls.__setitem__("now", calls["now"] + 1))
        for layer in (*model.model.audio_tower.layers, *model.model.language_model.layers)
    ]
    for spare in (False, True):
        calls["now"] = 0
        if spare:
            checkpoint_layers(model)
        model.zero_grad()
        loss, _ = Objective(model, 16)(batch)
        loss.backward()
        found.append((float(loss), gradients(model), calls["now"]))
    model.gradient_checkpointing_disable()
    for hook in hooks:
        hook.remove()
    assert found[1][2] == 2 * found[0][2]  # every layer, of encoder and decoder, was computed again
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for name, grad in found[0][1].items():
        assert torch.allclose(grad, found[1][1][name], atol=1e-6), name
