"""What would make a training or its figures wrong without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file
from tests.training.conftest import NANO, recipe

from audio_reasoner.core import ids
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.records import AudioRef, Clip, Turn
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import Row
from audio_reasoner.inference import Reasoner
from audio_reasoner.models import nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.training import data, lora, metrics, train
from audio_reasoner.training.policy import advantages
from audio_reasoner.training.recipe import ModelPart

POSITIONS = "model.audio_tower.embed_positions.weight"


@pytest.fixture(scope="module")
def samples(run: Path) -> data.Samples:
    return data.read_samples(run, RunDir(run).dataset_dir)


@pytest.fixture(scope="module")
def small(samples: data.Samples) -> qwen2_audio.Loaded:
    texts = data.training_texts(r for rows in samples.rows.values() for r in rows)
    return nano.create(nano.NanoSizes(**NANO), texts, 1)


def test_the_encoders_positions_never_learn(small: qwen2_audio.Loaded, tmp_path: Path) -> None:
    small.model.save_pretrained(str(tmp_path))
    small.processor.save_pretrained(str(tmp_path))
    model = qwen2_audio.load(tmp_path, "cpu", "float32").model
    lora.prepare(model, ModelPart(path=str(tmp_path)), 1)
    assert [n for n, w in model.named_parameters() if not w.requires_grad] == [POSITIONS]


@pytest.mark.system
def test_a_model_that_goes_on_learning_keeps_its_positions(run: Path, tmp_path: Path) -> None:
    train(recipe(), run, tmp_path / "first")
    train(recipe(model={"nano": None, "path": str(tmp_path / "first")}), run, tmp_path / "second")
    first, second = (load_file(str(tmp_path / n / "model.safetensors")) for n in ("first", "second"))
    changed = {n.removeprefix("model.") for n in first if not torch.equal(first[n], second[n])}
    assert len(changed) > 20
    assert not [n for n in changed if "embed_positions" in n]


def test_a_group_of_equal_rewards_is_worth_exactly_nothing() -> None:
    for reward in (0.1, 1 / 3, 0.7, 1.125 / 1.75):
        for chains in (3, 6, 8, 16):
            assert advantages([reward] * chains) == advantages([reward] * chains, False) == [0.0] * chains


def clip_of(name: str, group: str, sound: str, split: str | None = None) -> Clip:
    return Clip(
        clip_id=name,
        source="s",
        source_id=name,
        audio=AudioRef(path=f"/nowhere/{name}.wav"),
        content_key=ids.digest({"sound": sound}).hex(),
        duration_s=1.0,
        domains=("sound",),
        group=group,
        split=split,
    )


def test_nothing_is_learned_from_another_split_than_train() -> None:
    clips = [
        clip_of("a", "ga", "1"),
        clip_of("b", "gb", "2", "train"),
        clip_of("c", "gc", "3", "test"),
        clip_of("d", "gd", "4", "val"),
        clip_of("e", "gc", "5"),  # of the group of a test clip
        clip_of("f", "gf", "4"),  # the sound of a validation clip under another name
    ]
    assert data.held_out(data.Samples({}, {c.clip_id: c for c in clips}), 0.0) == {"c", "d", "e", "f"}


def test_copies_of_a_sound_are_held_out_together() -> None:
    # Every second group has a copy of the sound of the one before it.
    clips = {f"c{i}": clip_of(f"c{i}", f"g{i:03}", str(i // 2)) for i in range(200)}
    held = data.held_out(data.Samples({}, clips), 0.3)
    assert 30 < len(held) < 90
    assert all((f"c{i}" in held) == (f"c{i + 1}" in held) for i in range(0, 200, 2))
    # What has no copy is drawn by its own group's name, as ever.
    alone = {f"c{i}": clip_of(f"c{i}", f"g{i:03}", str(i)) for i in range(200)}
    assert data.held_out(data.Samples({}, alone), 0.3) == {c for c in alone if data.is_held_out(alone[c].group, 0.3)}


def test_a_follow_up_question_is_asked_after_its_earlier_turns(
    samples: data.Samples, small: qwen2_audio.Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(iter(samples.rows.values()))[0]
    turns = (Turn(question="What is heard?", options=("a dog", "a bell"), response="(a) a dog"),)
    follow_up = row.model_copy(update={"sample_id": "s-follow-up", "history": turns})
    seen: list[list[tuple[str, str]]] = []
    prompt = ChatFormat.prompt

    def noted(self: Any, question: str, tokens: Any, earlier: Any = ()) -> list[int]:
        seen.append(list(earlier))
        return prompt(self, question, tokens, earlier)

    monkeypatch.setattr(ChatFormat, "prompt", noted)
    reasoner = Reasoner(small.model.eval(), small.processor)
    assert len(metrics.answer_rows(reasoner, [follow_up, row], samples.clips, 2)) == 2
    told = [(render_question(turns[0].question, turns[0].options), turns[0].to_text())]
    assert sorted(seen) == [[], told] == [list(data.earlier_turns(r)) for r in (row, follow_up)]


def test_a_clip_that_cannot_be_heard_ends_no_evaluation(
    samples: data.Samples, small: qwen2_audio.Loaded, tmp_path: Path
) -> None:
    rows = [some[0] for some in samples.rows.values()][:3]
    file = tmp_path / "long.wav"
    soundfile.write(file, np.zeros(31 * 16_000, dtype=np.float32), 16_000)
    gone = clip_of("gone", "gone", "1")
    long = gone.model_copy(update={"clip_id": "long", "audio": AudioRef(path=str(file)), "duration_s": 31.0})
    clips = {**samples.clips, "gone": gone, "long": long}
    bad: list[Row] = [rows[0].model_copy(update={"sample_id": f"s-{c}", "clip_id": c}) for c in ("gone", "long")]
    reasoner = Reasoner(small.model.eval(), small.processor)
    found = metrics.evaluate(reasoner, [*rows, *bad], clips, 9, 2)
    assert (found["samples"], found["unheard"]) == (3, 2)
    assert "unheard" not in metrics.evaluate(reasoner, rows, clips, 9, 2)


@pytest.mark.parametrize("control", ["<|im_end|>", "<|AUDIO|>"])
def test_an_answer_with_a_control_token_is_left_out_and_reported(
    samples: data.Samples, small: qwen2_audio.Loaded, control: str
) -> None:
    clip, some = next(iter(samples.rows.items()))
    bad = some[0].model_copy(update={"caption": f"A dog {control} barks."})
    units, left = data.encode_units(
        data.Samples({clip: [bad, *some[1:]]}, samples.clips), {clip: 300}, {}, ChatFormat(small.processor), 2048
    )
    assert [s.sample_id for u in units for s in u.samples] == [r.sample_id for r in some[1:]]
    assert [(x.sample_id, x.code) for x in left] == [(bad.sample_id, "answer.control_token")]
    assert control in json.dumps(left[0].detail)
