"""Machines: what turns, and how fast, tells them apart."""

from __future__ import annotations

import numpy as np

from audio_reasoner.synth.dsp import (
    RATE,
    Rng,
    Wave,
    arch,
    decay,
    harmonics,
    high_pass,
    low_pass,
    noise,
    phase_of,
    place,
    resonate,
    seconds,
    wander,
)


def engine(rng: Rng, n: int) -> Wave:
    """A running engine: uneven low explosions and a hum; its speed wavers."""
    f = rng.uniform(28.0, 62.0) * wander(rng, n, rng.uniform(0.25, 0.8), 0.87, 1.15)
    phase = phase_of(f)
    k = np.arange(1, 15)
    y = harmonics(phase, rng.uniform(0.3, 1.0, k.size) * np.exp(-k / 7.0))
    y = y / np.max(np.abs(y)) + 0.35 * low_pass(noise(rng, n), 500.0) * (1.0 + 0.8 * np.sin(phase))
    return low_pass(y, rng.uniform(350.0, 700.0)) * arch(n, 0.06, 0.1, most_s=0.15)


def fan(rng: Rng, n: int) -> Wave:
    """A fan: the steady hum of its motor at twice the mains' frequency, and the air it moves."""
    mains = rng.choice([100.0, 120.0]) * rng.uniform(0.985, 1.0)
    hum = harmonics(
        phase_of(np.full(n, mains)), [1.0, rng.uniform(0.4, 0.8), rng.uniform(0.2, 0.5), rng.uniform(0.1, 0.3)]
    )
    air = resonate(noise(rng, n), rng.uniform(550.0, 900.0), 700.0)
    blades = 1.0 + rng.uniform(0.1, 0.25) * np.sin(phase_of(rng.uniform(17.0, 26.0) * wander(rng, n, 1.0, 0.97, 1.03)))
    y = hum / np.sqrt(np.mean(np.square(hum))) + rng.uniform(0.6, 1.0) * air / np.sqrt(np.mean(np.square(air))) * blades
    return np.asarray(y * wander(rng, n, 2.0, 0.85, 1.0) * arch(n, 0.08, 0.1, most_s=0.15))


def helicopter(rng: Rng, n: int) -> Wave:
    """A helicopter: ten to sixteen blade slaps a second, a thin turbine above them; it comes nearer and goes."""
    phase = phase_of(rng.uniform(10.0, 16.0) * wander(rng, n, 1.5, 0.97, 1.03))
    slap = np.exp(rng.uniform(4.0, 7.0) * (np.cos(phase) - 1.0))
    x = noise(rng, n)
    thump = low_pass(x, rng.uniform(180.0, 300.0)) * 3.0 + 0.7 * resonate(x, rng.uniform(800.0, 1300.0), 900.0)
    turbine = np.sin(phase_of(rng.uniform(2300.0, 3400.0) * wander(rng, n, 1.0, 0.98, 1.02)))
    y = thump * (0.06 + slap) / np.max(np.abs(thump)) + rng.uniform(0.012, 0.03) * turbine
    return np.asarray(y * wander(rng, n, 2.0, 0.55, 1.0) * arch(n, 0.06, 0.08, most_s=0.15))


def train(rng: Rng, n: int) -> Wave:
    """A train rolls by: pairs of metallic clacks at the rail joints over a rushing rumble."""
    rumble = resonate(noise(rng, n), rng.uniform(110.0, 170.0), 120.0) * wander(rng, n, 0.3, 0.7, 1.0)
    rush = resonate(noise(rng, n), rng.uniform(1900.0, 2600.0), 1800.0)
    out = 0.45 * rumble / np.max(np.abs(rumble)) + 0.1 * rush / np.max(np.abs(rush))
    m = int(0.14 * RATE)
    t = seconds(m)
    f = rng.uniform(620.0, 980.0)
    clack = np.zeros(m)
    for ratio, gain in ((1.0, 1.0), (1.62, 0.7), (2.74, 0.45)):
        clack += gain * np.sin(2 * np.pi * f * ratio * t) * decay(m, 0.001, rng.uniform(0.09, 0.14))
    clack += 0.6 * noise(rng, m) * decay(m, 0.001, 0.03)
    period = rng.uniform(0.42, 0.6)
    second = int(rng.uniform(0.12, 0.16) * RATE)
    for at in range(0, n, int(period * RATE)):
        place(out, at, clack, rng.uniform(0.55, 0.7))
        place(out, at + second, clack, rng.uniform(0.4, 0.55))
    return np.asarray(out * arch(n, 0.02, 0.1, most_s=0.12))


def vacuum(rng: Rng, n: int) -> Wave:
    """A vacuum cleaner: the whine of a fast motor in a broad roar of air, now and then throttled by the carpet."""
    load = wander(rng, n, rng.uniform(0.5, 0.9), 0.94, 1.04)
    f = rng.uniform(400.0, 560.0) * load
    whine = harmonics(
        phase_of(f), [1.0, rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.3), 0.15, 0.1]
    )
    air = high_pass(low_pass(noise(rng, n), rng.uniform(2200.0, 3500.0)), 400.0)
    y = whine / np.sqrt(np.mean(np.square(whine))) + rng.uniform(0.9, 1.4) * air / np.sqrt(np.mean(np.square(air)))
    return np.asarray(y * arch(n, 0.08, 0.1, most_s=0.15))
