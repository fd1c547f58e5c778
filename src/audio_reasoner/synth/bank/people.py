"""People and what they do: hands, feet, keys, laughter, and a crowd of which no word is understood."""

from __future__ import annotations

import numpy as np

from audio_reasoner.synth.dsp import (
    RATE,
    Rng,
    Wave,
    arch,
    curve,
    decay,
    formant_amplitudes,
    harmonics,
    noise,
    phase_of,
    place,
    resonate,
    seconds,
    strokes,
    wander,
)


def clap(rng: Rng, n: int) -> Wave:
    """A burst of hand claps: short noise around 1 to 2 kHz, a few hands not quite together."""
    out = np.zeros(n)
    f = rng.uniform(950.0, 1900.0)
    m = int(0.09 * RATE)
    for at in strokes(rng, n, (0.14, 0.26), 0.12, 0.08):
        y = np.zeros(m)
        for hand in range(int(rng.integers(2, 4))):
            late = int(rng.uniform(0.0, 0.012) * RATE) if hand else 0
            place(y, late, noise(rng, m - late) * decay(m - late, 0.0005, rng.uniform(0.04, 0.08)))
        place(out, at, resonate(y, f * rng.uniform(0.9, 1.1), 700.0) + 0.08 * y, rng.uniform(0.7, 1.0))
    return out


def crowd(rng: Rng, n: int) -> Wave:
    """Many people talk at once: buzzing voices whose vowels and syllables change too fast for any word."""
    vowels = ((300.0, 870.0), (520.0, 1500.0), (720.0, 1150.0))
    weights = [np.zeros(n) for _ in vowels]
    for _ in range(int(rng.integers(5, 8))):
        f = rng.choice([rng.uniform(95.0, 150.0), rng.uniform(170.0, 250.0)]) * wander(rng, n, 0.25, 0.85, 1.2)
        # A sawtooth is voice enough before the vowels are laid over it; its overtones above 8 kHz fold back as breath.
        buzz = (phase_of(f) / (2 * np.pi) + rng.random()) % 1.0 - 0.5
        buzz *= wander(rng, n, rng.uniform(0.08, 0.13), -0.3, 1.0).clip(0.0, 1.0)
        for bus in weights:
            bus += buzz * wander(rng, n, rng.uniform(0.1, 0.16), 0.0, 1.0) ** 2
    out = np.zeros(n)
    size = rng.uniform(0.9, 1.15)
    for bus, (first, second) in zip(weights, vowels, strict=True):
        out += resonate(bus, size * first, 90.0) + 0.6 * resonate(bus, size * second, 140.0)
    return np.asarray((out + 0.02 * resonate(noise(rng, n), 1200.0, 1500.0)) * arch(n, 0.06, 0.1, most_s=0.15))


def footsteps(rng: Rng, n: int) -> Wave:
    """Steps on gravel: a heel thud and a scraping sole, softer and slower than a knock."""
    out = np.zeros(n)
    thud_hz = rng.uniform(70.0, 120.0)
    grit = rng.uniform(2800.0, 4800.0)
    one = rng.uniform(0.16, 0.2)
    steps = strokes(rng, n, (0.3, 0.42), 0.08, one)
    for at in steps:
        m = int(one * RATE) if len(steps) > 1 else n
        t = seconds(m)
        thud = np.sin(2 * np.pi * thud_hz * t) * decay(m, 0.004, 0.12)
        grains = np.where(rng.random(m) < 0.06, rng.uniform(-1.0, 1.0, m) * 4.0, 0.0) + 0.25 * noise(rng, m)
        scrape = resonate(grains, grit, 2200.0) * arch(m, 0.35, 0.6, 1.3)
        place(out, at, 0.9 * thud + rng.uniform(1.0, 1.6) * scrape, rng.uniform(0.8, 1.0))
    return out


def knock(rng: Rng, n: int) -> Wave:
    """Knuckles on a wooden door: dry thumps at a regular pace."""
    out = np.zeros(n)
    f = rng.uniform(220.0, 460.0)
    m = int(0.11 * RATE)
    t = seconds(m)
    body = sum(
        g * np.sin(2 * np.pi * f * r * t) * decay(m, 0.001, d)
        for r, g, d in ((1.0, 1.0, 0.09), (rng.uniform(1.5, 1.9), 0.7, 0.07), (rng.uniform(2.6, 3.3), 0.4, 0.05))
    )
    for at in strokes(rng, n, (0.13, 0.22), 0.06, 0.09):
        click = noise(rng, m) * decay(m, 0.0005, 0.012) * 0.4
        place(out, at, body + click, rng.uniform(0.75, 1.0))
    return out


def laughter(rng: Rng, n: int) -> Wave:
    """Somebody laughs: quick breathy "ha"s that fall in pitch, then start again."""
    out = np.zeros(n)
    f0 = rng.uniform(170.0, 360.0)
    period = rng.uniform(0.17, 0.22)
    size = rng.uniform(0.95, 1.15)
    formants = [(size * 780.0, 200.0, 1.0), (size * 1250.0, 220.0, 0.7), (size * 2650.0, 350.0, 0.35)]
    burst = int(rng.integers(4, 8))
    for i, at in enumerate(strokes(rng, n, (period, period * 1.05), 0.06, 0.75 * period)):
        m = int(period * rng.uniform(0.85, 1.0) * RATE)
        fallen = 1.2 - 0.4 * (i % burst) / burst
        f = f0 * fallen * rng.uniform(0.97, 1.03) * curve(m, [1.0, 1.05, 0.92])
        voice = harmonics(phase_of(f), formant_amplitudes(f0 * fallen, formants, 0.1, float(np.max(f))))
        breath = resonate(noise(rng, m), formants[1][0], 900.0) * decay(m, 0.01, 0.25)
        y = voice / np.max(np.abs(voice)) * arch(m, 0.35, 0.45) + rng.uniform(0.2, 0.4) * breath / np.max(
            np.abs(breath)
        )
        place(out, at, y * arch(m, 0.05, 0.2), rng.uniform(0.8, 1.0))
    return out


def typing(rng: Rng, n: int) -> Wave:
    """Fingers on a keyboard: dull clicks at an uneven pace, each with a fainter one when the key comes up."""
    out = np.zeros(n)
    m = int(0.05 * RATE)
    body, edge = rng.uniform(1500.0, 2100.0), rng.uniform(350.0, 600.0)
    keys = []
    for _ in range(8):
        snap = noise(rng, m) * decay(m, 0.0005, rng.uniform(0.012, 0.025))
        thock = noise(rng, m) * decay(m, 0.001, 0.045)
        keys.append(
            resonate(snap, body * rng.uniform(0.8, 1.25), 900.0)
            + 1.2 * resonate(thock, edge * rng.uniform(0.85, 1.2), 250.0)
        )
    for at in strokes(rng, n, (0.11, 0.17), 0.45, 0.1):
        place(out, at, keys[int(rng.integers(8))], rng.uniform(0.6, 1.0))
        place(out, at + int(rng.uniform(0.055, 0.085) * RATE), keys[int(rng.integers(8))], rng.uniform(0.15, 0.3))
    return out
