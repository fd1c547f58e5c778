"""Waveform to log-mel, for the length of the clip and not a frame more than the encoder can feel.

Decision: the front end is Whisper's (128 mels, 25 ms windows, 10 ms hops, 16 kHz), as Qwen2-Audio was trained with, but
it is computed for the clip, not for 30 seconds. The convolution stem looks up to two mel frames past the clip's end,
where the padded reference holds the log-mel of silence; those two frames are kept, which makes the short way *equal*
to the padded one (``tests/models/test_encoder.py``), while cutting at the clip's last frame is wrong by 0.04 in the
logits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from audio_reasoner.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import torch

RATE = 16_000
HOP = 160
N_FFT = 400
MELS = 128
MAX_FRAMES = 3000
MAX_SECONDS = MAX_FRAMES * HOP / RATE
FLOOR = 1e-10


def frames_of(samples: int) -> int:
    """Mel frames of 10 ms that a clip of `samples` samples at 16 kHz fills; a part of a frame counts as one."""
    return -(-samples // HOP)


def conv_frames_of(frames: int) -> int:
    """Frames after the convolution stem (20 ms each) that the encoder attends to."""
    return (frames - 1) // 2 + 1


def audio_tokens_of(frames: int) -> int:
    """Audio tokens (40 ms each) that `frames` mel frames give to the language model.

    >>> [audio_tokens_of(frames_of(int(s * 16000))) for s in (3, 10, 30)]
    [75, 250, 750]
    """
    return max(0, (conv_frames_of(frames) - 2) // 2 + 1)


def kept_frames_of(frames: int) -> int:
    """Mel frames that must be computed so that the encoder's output equals that of the clip padded to 30 s."""
    return min(MAX_FRAMES, 2 * conv_frames_of(frames) + 2)


@lru_cache(maxsize=1)
def _mel_filters() -> torch.Tensor:
    """Slaney-style triangular filters, float32 [128, 201]: linear below 1 kHz, logarithmic above, equal area."""
    import numpy as np
    import torch

    # One mel is 200/3 Hz below 1 kHz; above, 27 mels span a factor of 6.4.
    def to_hz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * (200 / 3), 1000.0 * np.exp((mel - 15) * (np.log(6.4) / 27)))

    top = 15 + np.log(RATE / 2 / 1000.0) / (np.log(6.4) / 27)
    edges = to_hz(np.linspace(0.0, top, MELS + 2))
    bins = np.linspace(0.0, RATE / 2, N_FFT // 2 + 1)
    rising = (bins[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(weights.astype(np.float32))


def check_pcm(pcm: np.ndarray, what: str = "audio") -> None:
    """Refuse what the model cannot hear.

    Args:
        pcm: samples at 16 kHz, mono.
        what: how to call the clip in the message.

    Raises:
        InputError: not one-dimensional, not finite, too short for one audio token, or longer than 30 seconds.
    """
    import numpy as np

    if pcm.ndim != 1:
        raise InputError(
            f"{what}: expected one-dimensional mono samples at 16 kHz, found shape {pcm.shape}.", code="audio.shape"
        )
    if audio_tokens_of(frames_of(pcm.shape[0])) < 1:
        raise InputError(
            f"{what} is {pcm.shape[0] / RATE:.3f} s long; the model needs at least 0.03 s to hear anything.",
            code="audio.too_short",
        )
    if pcm.shape[0] > MAX_FRAMES * HOP:
        raise InputError(
            f"{what} is {pcm.shape[0] / RATE:.1f} s long; the model hears at most {MAX_SECONDS:.0f} s.",
            code="audio.too_long",
            hint="Cut it, or ask about a part of it.",
        )
    if not bool(np.isfinite(pcm).all()):
        raise InputError(f"{what} holds values that are not numbers.", code="audio.not_finite")


def log_mel(pcm: np.ndarray) -> torch.Tensor:
    """Log-mel spectrogram, float32 [128, kept_frames_of(frames)], equal to Whisper's on those frames.

    Args:
        pcm: mono samples at 16 kHz, at most 30 s.
    """
    import numpy as np
    import torch

    kept = kept_frames_of(frames_of(pcm.shape[0]))
    # The transform sees zeros where the reference sees its padding to 30 s. A 30 s clip has no padding: there the
    # reference mirrors the end, and so does torch.stft at the end of exactly 480,000 samples.
    length = MAX_FRAMES * HOP if kept == MAX_FRAMES else (kept + 1) * HOP + N_FFT
    wave = np.zeros(length, dtype=np.float32)
    wave[: pcm.shape[0]] = pcm[:length]
    spectrum = torch.stft(
        torch.from_numpy(wave), N_FFT, HOP, window=torch.hann_window(N_FFT), center=True, return_complex=True
    )[:, :kept]
    power = (spectrum.real.square() + spectrum.imag.square()).contiguous()
    logs = torch.clamp(_mel_filters() @ power, min=FLOOR).log10()
    return (torch.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0


def pad_mels(mels: list[torch.Tensor]) -> torch.Tensor:
    """Stack log-mels of different lengths, float32 [clips, mels, longest].

    The filling is never felt: key masks hide it, and each clip brings its own two frames of silence.
    """
    import torch

    longest = max(m.shape[1] for m in mels)
    batch = torch.zeros(len(mels), mels[0].shape[0], longest)
    for row, mel in zip(batch, mels, strict=True):
        row[:, : mel.shape[1]] = mel
    return batch
