"""The short way through the encoder gives what transformers gives for the clip padded to 30 seconds."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from audio_reasoner.models import features, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.qwen2_audio import Loaded

# Every remainder of the two poolings, a second, and the longest. (One audio token alone is left out: transformers
# takes it for a prompt whose placeholder was not expanded.)
SAMPLES = [
    (1_280,),
    (1_440,),
    (1_600,),
    (1_760,),
    (1_920,),
    (16_000,),
    (16_050,),
    (479_000,),
    (480_000,),
    (3_000, 16_050, 40_000, 7_777),
]


def clip(samples: int) -> np.ndarray:
    return (np.random.default_rng(samples).standard_normal(samples) * 0.1).astype(np.float32)


def both_ways(loaded: Loaded, lengths: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    """Logits of the same rows by transformers' padded way and by ours, and the rows' true lengths."""
    model, processor = loaded
    fmt = ChatFormat(processor)
    clips = [clip(n) for n in lengths]
    frames = [features.frames_of(n) for n in lengths]
    prompts = [fmt.prompt("Which sound comes first?", features.audio_tokens_of(f)) for f in frames]
    ids = torch.zeros(len(prompts), max(map(len, prompts)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, alive, prompt in zip(ids, mask, prompts, strict=True):
        row[: len(prompt)] = torch.tensor(prompt)
        alive[: len(prompt)] = 1
    padded = processor.feature_extractor(
        clips, sampling_rate=16_000, return_attention_mask=True, return_tensors="pt", padding="max_length"
    )
    reference = model(
        input_ids=ids,
        attention_mask=mask,
        input_features=padded["input_features"],
        feature_attention_mask=padded["attention_mask"],
    ).logits
    audio, tokens = qwen2_audio.encode(model, features.pad_mels([features.log_mel(c) for c in clips]), frames)
    assert tokens == [features.audio_tokens_of(f) for f in frames]
    ours = model(inputs_embeds=qwen2_audio.embed(model, ids, audio), attention_mask=mask).logits
    return reference, ours, [len(p) for p in prompts]


@pytest.mark.parametrize("lengths", SAMPLES)
def test_logits_equal_those_of_the_padded_encoder(micro: Loaded, lengths: tuple[int, ...]) -> None:
    with torch.no_grad():
        reference, ours, true = both_ways(micro, lengths)
    for row, n in enumerate(true):
        assert (reference[row, :n] - ours[row, :n]).abs().max() < 1e-5


def test_gradients_equal_those_of_the_padded_encoder(micro: Loaded) -> None:
    grads = []
    for way in (0, 1):
        loaded = Loaded(copy.deepcopy(micro.model), micro.processor)
        logits = both_ways(loaded, (3_000, 16_050, 7_777))
        torch.cat([logits[way][row, :n] for row, n in enumerate(logits[2])]).square().sum().backward()
        grads.append({n: p.grad for n, p in loaded.model.named_parameters() if p.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    assert any("conv1" in n for n in grads[0])
    for name, grad in grads[0].items():
        assert (grad - grads[1][name]).abs().max() <= 1e-5 * max(1.0, float(grad.abs().max())), name


def test_cutting_at_the_last_frame_would_not_be_equal(micro: Loaded) -> None:
    """The two frames past the end matter: without them this suite must notice."""
    model = micro.model
    mel, frames = features.log_mel(clip(16_000)), features.frames_of(16_000)
    with torch.no_grad():
        whole, _ = qwen2_audio.encode(model, mel[None], [frames])
        cut, _ = qwen2_audio.encode(model, mel[None, :, :frames], [frames])
    assert (whole - cut).abs().max() > 1e-4


def test_placeholders_and_audio_tokens_must_agree(micro: Loaded) -> None:
    ids = torch.tensor([ChatFormat(micro.processor).prompt("Which?", 3)])
    with pytest.raises(ValueError, match="3 audio placeholders"):
        qwen2_audio.embed(micro.model, ids, torch.zeros(2, 32))
