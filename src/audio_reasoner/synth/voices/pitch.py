"""The pitch of a voice and its pace: measured, and the pace changed without the pitch.

Decision: autocorrelation of 40 ms frames, corrected for the window, and the shortest lag that is nearly as good as the
best, because the best is often two periods. Good to a semitone on single voices, which is all that is asked here: to
keep two alike voices out of one dialogue, and to check what the presets promise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from audio_reasoner.synth.dsp import RATE

LOW_HZ, HIGH_HZ = 60.0, 450.0
_FRAME: Final = 640
_HOP: Final = 160
_VOICED: Final = 0.6
_NEARLY: Final = 0.88
"""A shorter lag that reaches this share of the best one is the period."""
_SEEK: Final = 160
_PIECE: Final = 640


def pitches_hz(x: np.ndarray) -> np.ndarray:
    """Pitch of each voiced frame, float64 [k], of `x` (float32 [n], 16 kHz)."""
    count = (x.shape[0] - _FRAME) // _HOP + 1
    if count < 1:
        return np.zeros(0)
    at = np.arange(count)[:, None] * _HOP + np.arange(_FRAME)[None, :]
    frames = x.astype(np.float64)[at]
    power = np.mean(np.square(frames), axis=1)
    frames = frames[power > 0.01 * float(np.max(power, initial=1e-12))]
    window = np.hanning(_FRAME)
    frames = (frames - frames.mean(axis=1, keepdims=True)) * window
    size = 2 * _FRAME
    own = np.fft.irfft(np.abs(np.fft.rfft(frames, size)) ** 2)[:, :_FRAME]
    ideal = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[:_FRAME]
    shortest, longest = int(RATE / HIGH_HZ), int(RATE / LOW_HZ)
    lags = own[:, : longest + 1] / (own[:, :1] + 1e-12) / (ideal[: longest + 1] / ideal[0])
    lags = lags[:, shortest - 1 :]
    inner = lags[:, 1:-1]
    peak = (inner >= lags[:, :-2]) & (inner >= lags[:, 2:])
    best = np.max(np.where(peak, inner, 0.0), axis=1)
    first = np.argmax(peak & (inner >= _NEARLY * best[:, None]), axis=1)
    return np.asarray(RATE / (first[best > _VOICED] + shortest))


def median_pitch_hz(x: np.ndarray) -> float | None:
    """Median pitch of a voice, or None where a tenth of a second of it could not be found."""
    found = pitches_hz(x)
    return float(np.median(found)) if found.shape[0] >= 10 else None


def stretched(x: np.ndarray, pace: float) -> np.ndarray:
    """`x` spoken `pace` times as fast at the same pitch (overlapping pieces, each placed where it fits best).

    float32 [n], 16 kHz -> float32 [about n / pace]. Good for paces of 0.5 to 2.
    """
    if pace == 1.0 or x.shape[0] < 4 * _PIECE:
        return x
    half = _PIECE // 2
    window = np.hanning(_PIECE + 1)[:-1]
    x = x.astype(np.float64)
    padded = np.concatenate([np.zeros(_SEEK), x, np.zeros(_PIECE + _SEEK + half)])
    count = int(x.shape[0] / pace / half)
    out = np.zeros((count + 1) * half + half)
    last = _SEEK
    for i in range(count):
        wanted = _SEEK + int(i * half * pace)
        at = wanted
        if i:
            # What would follow the last piece in the original: the piece most like it joins without a seam.
            follow = padded[last + half : last + half + _PIECE]
            region = padded[wanted - _SEEK : wanted + _SEEK + _PIECE]
            if follow.shape[0] == _PIECE and region.shape[0] == 2 * _SEEK + _PIECE:
                at = wanted - _SEEK + int(np.argmax(np.correlate(region, follow, mode="valid")))
        piece = padded[at : at + _PIECE]
        if piece.shape[0] < _PIECE:
            break
        out[i * half : i * half + _PIECE] += window * piece
        last = at
    return out[: int(x.shape[0] / pace)].astype(np.float32)
