"""Signals of the procedural bank: bells, beeps, sirens and horns."""

from __future__ import annotations

import numpy as np

from audio_reasoner.synth.dsp import (
    RATE,
    Rng,
    Wave,
    arch,
    curve,
    decay,
    harmonics,
    noise,
    phase_of,
    place,
    resonate,
    seconds,
    wander,
)


def alarm(rng: Rng, n: int) -> Wave:
    """An electronic alarm: square beeps of one high pitch, on and off."""
    f = rng.uniform(1800.0, 2700.0)
    t = seconds(n)
    period = 1.0 / rng.uniform(5.5, 10.0)
    beeps = max(round(n / RATE / period), 2)
    x = (t / (n / RATE) * (beeps - 0.45)) % 1.0
    gate = np.clip(np.minimum(x, 0.55 - x) * 40.0, 0.0, 1.0)
    return harmonics(phase_of(np.full(n, f)), [1.0, 0.05, rng.uniform(0.3, 0.5)]) * gate


def bell(rng: Rng, n: int) -> Wave:
    """One stroke of a bell: inharmonic partials that ring out over the event."""
    f0 = rng.uniform(380.0, 1200.0)
    ratios = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.52, 2.99, 4.1]) * rng.uniform(0.985, 1.015, 8)
    gains = np.array([0.5, 1.0, 0.8, 0.4, 0.9, 0.4, 0.35, 0.25]) * rng.uniform(0.5, 1.3, 8)
    t = seconds(n)
    t60 = n / RATE * rng.uniform(1.6, 2.4)
    out = np.zeros(n)
    for ratio, gain in zip(ratios, gains, strict=True):
        if ratio * f0 < 7500.0:
            ring = decay(n, 0.002, t60 / (0.6 + 0.4 * ratio))
            out += gain * ring * np.sin(2 * np.pi * f0 * ratio * t + rng.uniform(0.0, 2 * np.pi))
    return out


def horn(rng: Rng, n: int) -> Wave:
    """A car horn: two steady reedy tones about a third apart."""
    f = rng.uniform(290.0, 470.0)
    k = np.arange(1, 13)
    amps = k**-0.6 * np.exp(-((k - 4.0) ** 2) / 30.0)
    y = np.zeros(n)
    for g in (f, f * rng.uniform(1.18, 1.28)):
        y += harmonics(phase_of(np.full(n, g)) + rng.uniform(0, 6.28), amps)
    return y * arch(n, 0.05, 0.06)


def phone(rng: Rng, n: int) -> Wave:
    """A mechanical telephone: a hammer runs between two small bells twenty-odd times a second."""
    f = rng.uniform(1050.0, 1500.0)
    pair = (f, f * rng.uniform(1.17, 1.3))
    rate = rng.uniform(18.0, 26.0)
    m = int(0.16 * RATE)
    t = seconds(m)
    bells = []
    for b in pair:
        y = np.sin(2 * np.pi * b * t) + 0.6 * np.sin(2 * np.pi * 2.71 * b * t) + 0.4 * np.sin(2 * np.pi * 3.6 * b * t)
        bells.append(y * decay(m, 0.001, rng.uniform(0.14, 0.24)))
    out = np.zeros(n)
    for i in range(int(n / RATE * rate) + 1):
        place(out, int((i + rng.uniform(-0.05, 0.05) * (i > 0)) / rate * RATE), bells[i % 2], rng.uniform(0.8, 1.0))
    return out


def siren(rng: Rng, n: int) -> Wave:
    """A loud tone that wails up and down without a break."""
    low = rng.uniform(440.0, 780.0)
    high = low * rng.uniform(1.6, 2.0)
    turns = phase_of(rng.uniform(2.2, 4.5) * wander(rng, n, 2.0, 0.92, 1.08)) / (2 * np.pi) + rng.uniform(0, 1)
    sweep = 0.5 - 0.5 * np.cos(2 * np.pi * turns)
    y = harmonics(phase_of(low * (high / low) ** sweep), [1.0, rng.uniform(0.3, 0.6), rng.uniform(0.2, 0.5), 0.15, 0.1])
    return y * arch(n, 0.08, 0.08, most_s=0.12)


def whistle(rng: Rng, n: int) -> Wave:
    """Somebody whistles one gliding note: nearly a pure tone, with breath."""
    f0 = rng.uniform(950.0, 1800.0)
    f = f0 * curve(n, [rng.uniform(0.8, 1.0), 1.0, rng.uniform(0.95, 1.2), rng.uniform(0.85, 1.25)])
    f *= 1.0 + 0.012 * np.sin(2 * np.pi * rng.uniform(4.5, 7.0) * seconds(n))
    breath = resonate(noise(rng, n), f0, 500.0)
    return np.asarray((np.sin(phase_of(f)) + 0.05 * breath / np.max(np.abs(breath))) * arch(n, 0.15, 0.2))
