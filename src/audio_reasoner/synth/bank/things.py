"""Things that are struck, break, tick or are sawn."""

from __future__ import annotations

import numpy as np

from audio_reasoner.synth.dsp import (
    RATE,
    Rng,
    Wave,
    decay,
    harmonics,
    high_pass,
    low_pass,
    noise,
    phase_of,
    place,
    resonate,
    seconds,
    strokes,
)


def clock(rng: Rng, n: int) -> Wave:
    """A ticking clock: tiny dry clicks, tick and tock, at a strict pace."""
    out = np.zeros(n)
    m = int(0.05 * RATE)
    t = seconds(m)
    tick = rng.uniform(3000.0, 4600.0)
    pair = (tick, tick * rng.uniform(0.72, 0.85))
    sounds = []
    for f in pair:
        y = np.sin(2 * np.pi * f * t) + 0.5 * np.sin(2 * np.pi * f * 1.53 * t)
        sounds.append(y * decay(m, 0.0005, rng.uniform(0.022, 0.04)))
    for i, at in enumerate(strokes(rng, n, (0.12, 0.22), 0.0, 0.04)):
        place(out, at, sounds[i % 2])
    return out


def drum(rng: Rng, n: int) -> Wave:
    """Hits on a tom: a boom whose pitch drops."""
    out = np.zeros(n)
    f0 = rng.uniform(75.0, 170.0)
    one = min(n / RATE, rng.uniform(0.25, 0.35))
    hits = strokes(rng, n, (0.25, 0.4), 0.05, one)
    one = one if len(hits) > 1 else n / RATE
    for at in hits:
        m = min(int(one * 1.3 * RATE), n - at)
        f = f0 * (1.0 + rng.uniform(0.7, 1.1) * np.exp(-seconds(m) / 0.03))
        skin = low_pass(noise(rng, m), 2500.0) * decay(m, 0.001, 0.06) * 0.5
        boom = harmonics(phase_of(f), [1.0, 0.25, 0.1]) * decay(m, 0.002, one * 1.3)
        place(out, at, boom + skin, rng.uniform(0.8, 1.0))
    return out


def glass(rng: Rng, n: int) -> Wave:
    """Breaking glass: a crack, then a rain of high ringing splinters."""
    m = int(0.12 * RATE)
    out = np.zeros(n)
    place(out, 0, high_pass(noise(rng, m), 1800.0) * decay(m, 0.001, 0.12), 0.9)
    t = seconds(int(0.18 * RATE))
    pieces = int(rng.integers(14, 26) * max(1.0, n / RATE))
    span = max(n - int(0.12 * RATE), 1)
    # Thinning out, but stratified: splinters that all fell early would leave a hole before the last one.
    for at in ((np.arange(pieces) + rng.random(pieces)) / pieces) ** 1.5 * span:
        f = rng.uniform(2800.0, 7000.0)
        ring = rng.uniform(0.06, 0.18)
        s = t[: int(ring * RATE)]
        y = np.sin(2 * np.pi * f * s) + 0.5 * np.sin(2 * np.pi * min(1.37 * f, 7700.0) * s)
        place(out, int(at), y * decay(s.size, 0.0008, ring), rng.uniform(0.15, 0.55))
    place(out, span, np.sin(2 * np.pi * rng.uniform(3500, 6000) * t) * decay(t.size, 0.001, 0.15), 0.3)
    return out


def saw(rng: Rng, n: int) -> Wave:
    """A hand saw: scraping noise to and fro, buzzing with the teeth."""
    pulls = max(2, round(n / RATE * rng.uniform(4.0, 6.5)))
    x = np.arange(n) / n * pulls
    stroke = np.abs(np.sin(np.pi * x)) ** 0.6
    forth = (x.astype(np.int64) % 2).astype(np.float64)
    teeth = 1.0 + 0.9 * np.sin(phase_of(rng.uniform(110.0, 190.0) * (0.6 + 0.5 * stroke)))
    y = noise(rng, n) * teeth
    a = resonate(y, rng.uniform(1500, 2000), 900.0)
    b = resonate(y, rng.uniform(2400, 3200), 1200.0)
    return np.asarray((forth * a + (1.0 - forth) * b) * stroke)
