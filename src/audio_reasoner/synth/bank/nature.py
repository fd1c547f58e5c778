"""Weather, water and fire: filtered noise with grains in it."""

from __future__ import annotations

import numpy as np

from audio_reasoner.synth.dsp import (
    RATE,
    Rng,
    Wave,
    arch,
    curve,
    decay,
    high_pass,
    low_pass,
    noise,
    phase_of,
    place,
    resonate,
    wander,
)


def fire(rng: Rng, n: int) -> Wave:
    """A camp fire: irregular sharp crackles over a low flutter of flames."""
    flames = low_pass(noise(rng, n), rng.uniform(160.0, 320.0)) * wander(rng, n, rng.uniform(0.08, 0.16), 0.3, 1.0)
    hiss = high_pass(noise(rng, n), 3000.0) * wander(rng, n, 0.4, 0.0, 1.0) ** 2
    # Crackles come in little volleys: the chance of one wanders.
    chance = rng.uniform(18.0, 40.0) / RATE * wander(rng, n, 0.15, 0.2, 1.8)
    sparks = np.where(rng.random(n) < chance, rng.exponential(1.0, n) * rng.choice([-1.0, 1.0], n), 0.0)
    crack = resonate(sparks, rng.uniform(1300.0, 2200.0), 900.0) + resonate(sparks, rng.uniform(3000.0, 4500.0), 1800.0)
    level = 1.0 / np.sqrt(np.mean(np.square(flames)))
    y = 0.5 * level * flames + 0.03 * hiss + rng.uniform(5.0, 8.0) * crack
    return np.asarray(y * arch(n, 0.05, 0.08, most_s=0.12))


def rain(rng: Rng, n: int) -> Wave:
    """A shower: hissing noise above 1.5 kHz with single drops; it slackens and picks up."""
    y = high_pass(noise(rng, n), rng.uniform(1200.0, 2800.0)) * 0.5
    drops = rng.random(n) < rng.uniform(60, 200) / RATE
    pops = np.where(drops, rng.uniform(-1.0, 1.0, n) * 12.0, 0.0)
    y += resonate(pops, rng.uniform(2500, 4500), 900.0)
    return np.asarray(y * wander(rng, n, 1.5, 0.6, 1.0) * arch(n, 0.1, 0.12, most_s=0.15))


def stream(rng: Rng, n: int) -> Wave:
    """A brook: bubbles, short rising tones between 350 and 2,200 Hz, over a soft rush."""
    low, high = rng.uniform(350.0, 600.0), rng.uniform(1400.0, 2200.0)
    bubbles = []
    for _ in range(24):
        m = int(rng.uniform(0.02, 0.06) * RATE)
        f = low * (high / low) ** rng.random() * curve(m, [1.0, rng.uniform(1.1, 1.5)])
        bubbles.append(np.sin(phase_of(f)) * arch(m, 0.1, 0.8))
    out = 0.12 * resonate(noise(rng, n), rng.uniform(700.0, 1100.0), 900.0)
    count = int(n / RATE * rng.uniform(55.0, 90.0)) + 1
    loud = rng.exponential(0.35, count).clip(0.05, 1.2)
    for at, which, gain in zip(rng.integers(0, n, count), rng.integers(0, 24, count), loud, strict=True):
        place(out, int(at), bubbles[which], float(gain))
    place(out, 0, bubbles[0], 0.5)
    return out * arch(n, 0.06, 0.1, most_s=0.15)


def thunder(rng: Rng, n: int) -> Wave:
    """A rolling rumble below 200 Hz that swells and dies, sometimes with a crack at its beginning."""
    y = low_pass(low_pass(noise(rng, n), rng.uniform(90.0, 200.0)), 400.0)
    rolls = np.abs(curve(n, [rng.uniform(0.4, 1.0) for _ in range(max(4, n // 1600))]))
    crack = high_pass(noise(rng, n), 500.0) * decay(n, 0.004, rng.uniform(0.1, 0.25)) * rng.uniform(0.0, 0.12)
    return np.asarray((y / np.max(np.abs(y)) * rolls + crack) * arch(n, 0.03, 0.5, most_s=1.5))


def wind(rng: Rng, n: int) -> Wave:
    """Gusts: noise in bands between 200 and 750 Hz that hand the howl to one another."""
    centre = rng.uniform(260.0, 420.0)
    width = rng.uniform(45.0, 95.0)
    x = noise(rng, n)
    y = np.zeros(n)
    for ratio in (0.75, 1.0, 1.35, 1.8):
        y += resonate(x, centre * ratio, width * ratio) * wander(rng, n, rng.uniform(0.3, 0.6), 0.15, 1.0) ** 2
    gusts = wander(rng, n, rng.uniform(0.6, 1.2), 0.4, 1.0)
    return np.asarray(y * gusts * arch(n, 0.12, 0.15, most_s=0.12))
