"""Small signal tools of the procedural bank, 16 kHz, float64 inside.

Decision: sums of harmonics by Clenshaw's recurrence (one sine and one cosine for any number of partials) and
second-order filters written out here, because training renders on the fly: an event has to cost well under a
millisecond, and a Butterworth design alone costs half of that. scipy is imported at the first filter, not with the
module.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Sample rate of everything synthetic, in Hz."""

_COARSE = 32
_RAMP = np.arange(_COARSE) / _COARSE

Wave = NDArray[np.float64]
Rng = np.random.Generator


def seconds(n: int) -> Wave:
    """Time axis of `n` samples in seconds, shape [n]."""
    return np.arange(n, dtype=np.float64) / RATE


def phase_of(frequency: Wave) -> Wave:
    """Phase in radians of an oscillator whose frequency in Hz at each sample is given, shape [n], starting at 0."""
    return np.cumsum(frequency) * (2.0 * np.pi / RATE)


def harmonics(phase: Wave, amplitudes: Sequence[float] | NDArray[np.float64]) -> Wave:
    """Sum over k of ``amplitudes[k-1] * sin(k * phase)``, shape of `phase` (Clenshaw's recurrence)."""
    twice = 2.0 * np.cos(phase)
    b1 = np.zeros_like(phase)
    b2 = np.zeros_like(phase)
    for a in reversed(list(amplitudes)):
        b1, b2 = a + twice * b1 - b2, b1
    return np.asarray(b1 * np.sin(phase))


def formant_amplitudes(f0: float, formants: Sequence[tuple[float, float, float]], tilt: float, highest: float) -> Wave:
    """Amplitudes of the partials of `f0` under spectral bumps (centre Hz, width Hz, gain) and a tilt.

    As many as stay below 7.8 kHz while the pitch is at its `highest`: a partial above 8 kHz would come back as a false
    tone that glides against the voice.

    `tilt` is the exponent of 1/k; a small floor keeps the partials between the bumps audible.
    """
    k = np.arange(1, max(2, int(7800.0 / highest) + 1), dtype=np.float64)
    shape = np.full_like(k, 0.04)
    for centre, width, gain in formants:
        shape += gain * np.exp(-(((k * f0 - centre) / width) ** 2))
    return np.asarray(shape * k**-tilt)


def curve(n: int, points: Sequence[float]) -> Wave:
    """Smooth course through `points` at even distances over `n` samples (cosine interpolation), shape [n]."""
    x = np.linspace(0.0, len(points) - 1.0, n)
    i = np.minimum(x.astype(np.int64), len(points) - 2)
    w = 0.5 - 0.5 * np.cos(np.pi * (x - i))
    p = np.asarray(points, dtype=np.float64)
    return np.asarray(p[i] * (1.0 - w) + p[i + 1] * w)


def decay(n: int, attack_s: float, t60_s: float) -> Wave:
    """Envelope of a blow: linear attack, then an exponential fall of 60 dB in `t60_s` seconds, shape [n]."""
    t = seconds(n)
    return np.minimum(t / max(attack_s, 1.0 / RATE), 1.0) * np.exp(-6.9078 * np.maximum(t - attack_s, 0.0) / t60_s)


def arch(n: int, attack: float, release: float, power: float = 1.0, most_s: float = math.inf) -> Wave:
    """Envelope that rises over the first share `attack` of `n` samples and falls over the last share `release`.

    `most_s` caps both in seconds: a track of 30 s must not need three of them to be heard.
    """
    out = np.ones(n)
    rise, fall = min(attack * n, most_s * RATE), min(release * n, most_s * RATE)
    up, down = math.ceil(rise), math.ceil(fall)
    out[:up] *= np.sin(np.minimum((np.arange(up) + 0.5) * (0.5 * np.pi / rise), 0.5 * np.pi))
    out[n - down :] *= np.sin(np.minimum((np.arange(down) + 0.5) * (0.5 * np.pi / fall), 0.5 * np.pi))[::-1]
    return out if power == 1.0 else out**power


def wander(rng: np.random.Generator, n: int, every_s: float, low: float, high: float) -> Wave:
    """Smooth random course between `low` and `high` with a new turning point each `every_s` seconds, shape [n].

    What keeps a long texture alive: its turning points lie at a distance in seconds, not at a share of its length.
    """
    # Worked out every 2 ms and joined by straight lines: a crowd has twenty of these.
    x = np.arange(n // _COARSE + 2) * (_COARSE / (every_s * RATE)) + rng.uniform(0.0, 1.0)
    i = x.astype(np.int64)
    w = x - i
    w = w * w * (3.0 - 2.0 * w)
    p = rng.uniform(low, high, int(i[-1]) + 2)
    v = p[i] * (1.0 - w) + p[i + 1] * w
    return np.asarray((v[:-1, None] + np.diff(v)[:, None] * _RAMP).ravel()[:n])


def _filter(b: Sequence[float], a: Sequence[float], x: Wave) -> Wave:
    from scipy.signal import lfilter

    y: Any = lfilter(b, a, x)
    return np.asarray(y, dtype=np.float64)


def resonate(x: Wave, frequency: float, bandwidth: float) -> Wave:
    """Two-pole resonator at `frequency` Hz, `bandwidth` Hz wide, about unit gain at its peak."""
    r = float(np.exp(-np.pi * bandwidth / RATE))
    w = 2.0 * np.pi * frequency / RATE
    return _filter([1.0 - r, 0.0, -(1.0 - r)], [1.0, -2.0 * r * float(np.cos(w)), r * r], x)


def low_pass(x: Wave, frequency: float) -> Wave:
    """Two equal one-pole low-passes in a row: 12 dB per octave above `frequency` Hz."""
    p = float(np.exp(-2.0 * np.pi * frequency / RATE))
    return _filter([(1.0 - p) ** 2], [1.0, -2.0 * p, p * p], x)


def high_pass(x: Wave, frequency: float) -> Wave:
    """Two equal one-pole high-passes in a row: 12 dB per octave below `frequency` Hz."""
    p = float(np.exp(-2.0 * np.pi * frequency / RATE))
    g = ((1.0 + p) / 2.0) ** 2
    return _filter([g, -2.0 * g, g], [1.0, -2.0 * p, p * p], x)


def noise(rng: np.random.Generator, n: int) -> Wave:
    """White Gaussian noise, standard deviation 1, shape [n]."""
    return rng.standard_normal(n, dtype=np.float32).astype(np.float64)


def coloured_noise(rng: np.random.Generator, n: int, exponent: float) -> NDArray[np.float32]:
    """Noise whose power falls as 1/f**exponent above 30 Hz (0 white, 1 pink, 2 brown), root mean square 1, shape [n].

    Shaped in the frequency domain: the cost does not depend on the colour.
    """
    x = rng.standard_normal(n, dtype=np.float32)
    if exponent == 0.0:
        return x
    from scipy import fft

    size = int(fft.next_fast_len(n, real=True))
    spectrum = fft.rfft(x, size)
    f = np.maximum(np.arange(spectrum.shape[0], dtype=np.float32) * np.float32(RATE / size), np.float32(30.0))
    spectrum *= f ** np.float32(-0.5 * exponent)
    spectrum[0] = 0.0
    y = np.asarray(fft.irfft(spectrum, size)[:n], dtype=np.float32)
    return np.asarray(y / max(float(np.sqrt(np.mean(np.square(y, dtype=np.float64)))), 1e-12), dtype=np.float32)


def place(out: Wave, at: int, piece: Wave, gain: float = 1.0) -> None:
    """Add `piece` times `gain` into `out` from sample `at` on; what would lie beyond the end is left out."""
    end = min(out.shape[0], at + piece.shape[0])
    if end > at >= 0:
        out[at:end] += gain * piece[: end - at]


def strokes(rng: np.random.Generator, n: int, period: tuple[float, float], jitter: float, tail: float) -> list[int]:
    """Sample offsets of the strokes inside one event of `n` samples: the first at 0, the last `tail` s before the end.

    The mean distance is drawn from `period` (seconds) and never above it; each distance then varies by the share
    `jitter`. The strokes fill the event, so that its labelled end is where its last stroke has died away. An event with
    hardly room for a second stroke has one; its synthesiser then lets that one last.
    """
    room = max(n / RATE - tail, 0.0)
    count = max(round(room / rng.uniform(*period)), int(room >= 0.7 * period[0]))
    if count == 0:
        return [0]
    count = max(count, math.ceil(room / period[1]))
    steps = 1.0 + jitter * rng.uniform(-1.0, 1.0, count)
    times = np.cumsum(steps) * (room / float(np.sum(steps)))
    return [0, *(int(t * RATE) for t in times)]
