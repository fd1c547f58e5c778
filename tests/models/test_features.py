"""The front end equals Whisper's, and refuses what cannot be heard."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audio_reasoner.core.errors import InputError
from audio_reasoner.models import features

WhisperFeatureExtractor = pytest.importorskip("transformers").WhisperFeatureExtractor
LENGTHS = (480, 1600, 16_000, 16_001, 16_159, 48_123, 159_999, 479_999, 480_000)


@pytest.mark.parametrize("samples", LENGTHS)
def test_log_mel_equals_whispers_on_every_frame_it_keeps(samples: int) -> None:
    pcm = (np.random.default_rng(samples).standard_normal(samples) * 0.1).astype(np.float32)
    reference = WhisperFeatureExtractor(feature_size=128)(
        pcm, sampling_rate=16_000, return_attention_mask=True, return_tensors="pt"
    )
    mel = features.log_mel(pcm)
    assert int(reference["attention_mask"].sum()) == features.frames_of(samples)
    assert mel.shape == (128, features.kept_frames_of(features.frames_of(samples)))
    assert (mel - reference["input_features"][0][:, : mel.shape[1]]).abs().max() < 1e-5


def test_log_mel_of_silence_and_of_a_loud_click_equals_whispers() -> None:
    click = np.zeros(20_000, dtype=np.float32)
    silence = click.copy()
    click[19_990] = 1.0  # its window reaches past the clip's end
    for pcm in (click, silence):
        reference = WhisperFeatureExtractor(feature_size=128)(pcm, sampling_rate=16_000, return_tensors="pt")
        mel = features.log_mel(pcm)
        assert (mel - reference["input_features"][0][:, : mel.shape[1]]).abs().max() < 1e-5


def test_token_counts_are_those_of_the_processor() -> None:
    assert [features.audio_tokens_of(features.frames_of(int(s * 16_000))) for s in (3, 10, 30)] == [75, 250, 750]
    assert features.audio_tokens_of(features.frames_of(160)) == 0


@pytest.mark.parametrize(
    ("pcm", "code"),
    [
        (np.zeros(160, dtype=np.float32), "audio.too_short"),
        (np.zeros(0, dtype=np.float32), "audio.too_short"),
        (np.zeros(480_001, dtype=np.float32), "audio.too_long"),
        (np.full(16_000, np.nan, dtype=np.float32), "audio.not_finite"),
        (np.zeros((2, 16_000), dtype=np.float32), "audio.shape"),
    ],
)
def test_what_cannot_be_heard_is_refused_by_name(pcm: np.ndarray, code: str) -> None:
    with pytest.raises(InputError) as caught:
        features.check_pcm(pcm)
    assert caught.value.code == code


def test_thirty_seconds_are_heard() -> None:
    features.check_pcm(np.zeros(480_000, dtype=np.float32))
    assert features.log_mel(np.zeros(480_000, dtype=np.float32)).shape == (128, 3000)


def test_padding_keeps_each_clip_at_the_left() -> None:
    batch = features.pad_mels([torch.ones(128, 4), torch.ones(128, 6)])
    assert batch.shape == (2, 128, 6)
    assert batch[0, :, 4:].abs().sum() == 0
