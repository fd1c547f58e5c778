"""What is learned, and that reading a clip once for all its questions is the same computation as once per question."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.conftest import NANO

from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Turn
from audio_reasoner.core.run import RunDir
from audio_reasoner.models import features, nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.qwen2_audio import Loaded
from audio_reasoner.training import collate as c
from audio_reasoner.training import data


@pytest.fixture(scope="module")
def loaded(run: Path) -> tuple[Loaded, data.Samples, list[c.Unit], data.Hearing]:
    samples = data.read_samples(run, RunDir(run).dataset_dir)
    rows = [r for some in samples.rows.values() for r in some]
    model = nano.create(nano.NanoSizes(**NANO), list(data.training_texts(rows)), derive_seed(0, "t"))
    hearing = data.Hearing(samples.clips, ram_gb=1, workers=0)
    hearing.prepare(lambda _done, _total: None)
    units, left = data.encode_units(samples, hearing.frames, hearing.failed, ChatFormat(model.processor), 2048)
    assert not left
    return model, samples, units, hearing


def batch_of(units: list[c.Unit], hearing: data.Hearing, group: int = 4) -> c.Batch:
    return c.collate(units, [hearing.mel(u.clip) for u in units], pad_id=0, rows_per_group=group)


def test_exactly_the_answer_and_its_end_are_learned(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    model, samples, units, hearing = loaded
    tokenizer = model.processor.tokenizer
    batch = batch_of(units[:5], hearing)
    rows = {r.sample_id: r for some in samples.rows.values() for r in some}
    expected = sorted(rows[s.sample_id].chain().to_text() + "<|im_end|>" for unit in units[:5] for s in unit.samples)
    learned = []
    for group in batch.rows:
        for ids, labels in zip(group.ids, group.labels, strict=True):
            at = labels != c.IGNORE
            learned.append(tokenizer.decode(labels[at]))
            # A label stands one place before its token, so that the state there has not seen it.
            assert torch.equal(ids[1:][at[:-1]], labels[:-1][at[:-1]])
    assert sorted(learned) == expected
    assert batch.sizes.targets == sum(len(s.ids) - s.answer for u in units[:5] for s in u.samples)


def test_of_a_dialogue_only_the_last_answer_is_learned(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    model, samples, _, hearing = loaded
    tokenizer = model.processor.tokenizer
    clip, rows = next(iter(sorted(samples.rows.items())))
    turns = (
        Turn(question="What is heard?", options=("bell", "dog"), response="(a) bell"),
        Turn(question="Is it loud?", response="No."),
    )
    dialogue = rows[0].model_copy(update={"sample_id": "s-dialogue", "history": turns})
    both = data.Samples({clip: [dialogue, *rows]}, samples.clips)
    units, left = data.encode_units(both, hearing.frames, hearing.failed, ChatFormat(model.processor), 2048)
    assert not left
    batch = batch_of(units, hearing)
    learned = [tokenizer.decode(l[l != c.IGNORE]) for group in batch.rows for l in group.labels]  # noqa: E741
    answer = rows[0].chain().to_text() + "<|im_end|>"
    assert learned.count(answer) == 2
    read = tokenizer.decode(units[0].samples[0].ids)
    assert read.count("<|audio_eos|>") == 1
    order = ["What is heard?\n(a) bell\n(b) dog", "<RESPONSE>(a) bell</RESPONSE>", "Is it loud?", "No.", answer]
    assert [read.index(x) for x in order] == sorted(read.index(x) for x in order)
    assert read.count("<THINK>") == 1


def test_reading_a_clip_once_equals_reading_it_per_question(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    model, _, units, hearing = loaded
    chosen = units[:6]
    assert len({u.frames for u in chosen}) > 1
    assert any(len(u.samples) > 1 for u in chosen)
    with torch.no_grad():
        total, _ = c.summed_loss(model.model, batch_of(chosen, hearing))
        apart = 0.0
        for unit in chosen:
            mel = hearing.mel(unit.clip)
            for s in unit.samples:
                audio, _ = qwen2_audio.encode(model.model, features.pad_mels([mel]), [unit.frames])
                embeds = qwen2_audio.embed(model.model, torch.tensor([s.ids]), audio)
                logits = model.model(inputs_embeds=embeds).logits[0]
                apart += float(
                    torch.nn.functional.cross_entropy(
                        logits[s.answer - 1 : -1], torch.tensor(s.ids[s.answer :]), reduction="sum"
                    )
                )
    assert float(total) == pytest.approx(apart, rel=1e-5)


def test_splitting_a_step_changes_neither_loss_nor_gradients(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    model, _, units, hearing = loaded
    chosen = units[:6]
    targets = batch_of(chosen, hearing).sizes.targets
    found = []
    for parts in ([chosen], data.split_by_tokens(chosen, 300)):
        model.model.zero_grad()
        loss = 0.0
        for part in parts:
            summed, _ = c.summed_loss(model.model, batch_of(part, hearing))
            (summed / targets).backward()
            loss += float(summed.detach()) / targets
        found.append((loss, {n: p.grad.clone() for n, p in model.model.named_parameters() if p.grad is not None}))
    assert len(data.split_by_tokens(chosen, 300)) > 1
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, grad in found[0][1].items():
        assert torch.allclose(grad, found[1][1][name], atol=1e-6), name


def test_padding_is_never_learned_and_does_not_change_the_loss(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    model, _, units, hearing = loaded
    with torch.no_grad():
        tight, _ = c.summed_loss(model.model, batch_of(units[:5], hearing, group=1))
        loose, _ = c.summed_loss(model.model, batch_of(units[:5], hearing, group=99))
    assert float(tight) == pytest.approx(float(loose), rel=1e-5)


def test_an_epoch_shows_every_clip_once_and_turns_through_its_questions(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    _, _, units, _ = loaded
    seen: dict[str, set[str]] = {u.clip: set() for u in units}
    for epoch in range(3):
        steps = data.plan_epoch(units, epoch, seed=1, samples=4, questions_per_clip=1)
        clips = [u.clip for step in steps for u in step]
        assert len(clips) == len(set(clips)) == len(units)
        assert steps == data.plan_epoch(units, epoch, seed=1, samples=4, questions_per_clip=1)
        for step in steps:
            for u in step:
                assert len(u.samples) == 1
                seen[u.clip].add(u.samples[0].sample_id)
    assert sum(map(len, seen.values())) > 1.5 * len(units)
    first = [u.frames for step in data.plan_epoch(units, 0, 1, 4, short_first=0.5)[:2] for u in step]
    assert max(first) <= sorted(u.frames for u in units)[len(units) // 2]


@pytest.mark.parametrize("clips", [1, 3, 12, 55, 256, 259, 260, 300])
@pytest.mark.parametrize("short_first", [0.0, 0.1, 1.0])
def test_no_clip_is_left_over(clips: int, short_first: float) -> None:
    """Sorted by length, what fills no step would be the longest clips: of a small set the same ones in every epoch."""
    units = [c.Unit(f"c{i}", 10 + i, (c.Encoded(f"s{i}", (1, 2, 3), 1, 2),)) for i in range(clips)]
    for epoch in range(2):
        steps = data.plan_epoch(units, epoch, 1, 8, short_first)
        assert sorted(u.clip for step in steps for u in step) == sorted(u.clip for u in units)
        # About eight a step: where there are few clips, or few short ones, the nearest to it.
        assert max(map(len, steps)) <= 12
        assert len(steps) == 1 or sum(map(len, steps)) / len(steps) > 5


def test_clips_of_similar_length_go_together_within_windows() -> None:
    rng = np.random.default_rng(3)
    units = [
        c.Unit(f"c{i}", int(f), (c.Encoded(f"s{i}", (1, 2, 3), 1, 2),)) for i, f in enumerate(rng.permutation(600))
    ]

    def spread(steps: list[list[c.Unit]]) -> float:
        return float(np.mean([max(u.frames for u in step) - min(u.frames for u in step) for step in steps]))

    sorted_steps = data.plan_epoch(units, 0, 1, 8)
    mixed = data.plan_epoch(units, 0, 1, 8, by_length=False)
    assert spread(sorted_steps) < 0.1 * spread(mixed)
    # And yet a training does not go from short to long: the first steps are of all lengths.
    means = [float(np.mean([u.frames for u in step])) for step in sorted_steps[:32]]
    assert np.std(means) > 100
    assert abs(float(np.corrcoef(range(32), means)[0, 1])) < 0.5


def test_what_does_not_fit_is_reported_and_not_cut(
    loaded: tuple[Loaded, data.Samples, list[c.Unit], data.Hearing],
) -> None:
    model, samples, _, hearing = loaded
    units, left = data.encode_units(samples, hearing.frames, hearing.failed, ChatFormat(model.processor), 170)
    assert left
    assert {x.code for x in left} == {"training.too_long"}
    assert len(left) + sum(len(u.samples) for u in units) == sum(map(len, samples.rows.values()))
    assert all(len(s.ids) <= 170 for u in units for s in u.samples)
