"""The pulse of a clip in beats per minute, where one is plain.

Decision: rises of level in eight bands, then their autocorrelation. A period counts if the rises repeat with it over
and over; which of several multiples people tap to is a matter of taste, so a statement is made only where the beat is
the shortest strong period and lies between 60 and 160 beats per minute. Everything else stays unsaid.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_reasoner.core.audio import SAMPLE_RATE

HOP = 160
"""10 ms between frames."""
SIZE = 512
SLOWEST, FASTEST = 50.0, 190.0
SPOKEN = (60.0, 160.0)
LEAST_S = 5.0
"""At 60 beats per minute five seconds hold five beats: fewer prove nothing."""
CLEAR = 0.55
"""Least normalised autocorrelation at the period: a metronome has 1, noise about 0.1."""
F = NDArray[np.float64]


def _rises(x: F) -> F:
    """How much the spectrum rises from frame to frame, in eight bands of equal ratio, summed, [m]."""
    m = 1 + (x.size - SIZE) // HOP
    frames = np.lib.stride_tricks.sliding_window_view(x, SIZE)[::HOP][:m]
    power = np.abs(np.fft.rfft(frames * np.hanning(SIZE), axis=1)) ** 2
    edges = np.unique(np.geomspace(2, SIZE // 2, 9).astype(int))
    bands = np.stack([power[:, a:b].sum(axis=1) for a, b in itertools.pairwise(edges)], axis=1)
    level = np.log10(1e-8 + bands)
    up = np.maximum(0.0, np.diff(level, axis=0))
    total: F = np.minimum(up, 1.5).sum(axis=1)
    return total


def pulse_bpm(x: NDArray[Any]) -> float | None:
    """Beats per minute of a clip, or None if it has no plain pulse.

    Args:
        x: samples [n], mono, 16 kHz.
    """
    if x.size < LEAST_S * SAMPLE_RATE:
        return None
    rises = _rises(np.asarray(x, dtype=np.float64))
    rises = np.convolve(rises, np.hanning(7) / np.hanning(7).sum(), mode="same")
    rises = rises - rises.mean()
    energy = float((rises**2).sum())
    if energy <= 0.0:
        return None
    size = 1 << (2 * rises.size - 1).bit_length()
    spectrum = np.fft.rfft(rises, size)
    acf = np.fft.irfft(np.abs(spectrum) ** 2, size)[: rises.size]
    # Each lag by the energy that could have met there, else long periods would look weak.
    head = np.cumsum(rises**2)
    lags = np.arange(rises.size)
    norm = np.sqrt(np.maximum(head[rises.size - 1 - lags] * (energy - np.concatenate([[0.0], head[:-1]])), 1e-12))
    strength = acf / norm
    rate = SAMPLE_RATE / HOP
    low, high = int(rate * 60 / FASTEST), min(int(rate * 60 / SLOWEST) + 1, rises.size // 3)
    # Any strong repetition faster than the fastest beat is a subdivision: then the beat is a matter of opinion.
    inner = strength[int(0.12 * rate) : low - 1]
    peaks = [
        i
        for i in range(low, high)
        if strength[i] >= CLEAR and strength[i] >= strength[i - 1] and strength[i] > strength[i + 1]
    ]
    if not peaks:
        return None
    best = max(float(strength[i]) for i in peaks)
    period = next(i for i in peaks if strength[i] >= 0.85 * best)
    if inner.size and float(inner.max()) >= 0.7 * float(strength[period]):
        return None
    # The double period says where the peak is twice as exactly; and a true pulse is there.
    double = 2 * period
    if double + 2 >= rises.size // 2:
        return None
    near = strength[double - 3 : double + 4]
    if float(near.max()) < 0.8 * CLEAR:
        return None
    at = double - 3 + int(near.argmax())
    a, b, c = strength[at - 1], strength[at], strength[at + 1]
    bend = a - 2 * b + c
    exact = at + (0.5 * (a - c) / bend if bend else 0.0)
    bpm = 2 * 60 * rate / exact
    return round(float(bpm)) if SPOKEN[0] <= bpm <= SPOKEN[1] else None
