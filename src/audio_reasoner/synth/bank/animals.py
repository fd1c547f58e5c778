"""Animals of the procedural bank: voices by harmonics under formants, chirps by sweeps, croaks by pulses."""

from __future__ import annotations

import numpy as np

from audio_reasoner.synth.dsp import (
    RATE,
    Rng,
    Wave,
    arch,
    curve,
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


def dog(rng: Rng, n: int) -> Wave:
    """Barks: a short harmonic yelp whose pitch jumps up and falls, rough with noise."""
    out = np.zeros(n)
    f0 = rng.uniform(170.0, 480.0)
    # Two barks rather than one drawn out to a howl, where there is room for two.
    one = min(rng.uniform(0.11, 0.17), max(0.1, n / RATE - 0.2))
    moods = wander(rng, n, 2.0, 0.9, 1.12)
    at = strokes(rng, n, (0.25, 0.34), 0.08, one)
    formants = [(rng.uniform(550, 850), 260.0, 1.0), (rng.uniform(1300, 1900), 400.0, 0.75)]
    rough = rng.uniform(0.08, 0.22)
    for t in at:
        m = int(one * rng.uniform(0.9, 1.1) * RATE) if len(at) > 1 else n
        pitch = f0 * moods[t] * rng.uniform(0.95, 1.05)
        f = pitch * curve(m, [0.85, 1.25, 1.1, 0.7])
        voice = harmonics(phase_of(f), formant_amplitudes(pitch, formants, 0.3, float(np.max(f))))
        breath = resonate(noise(rng, m), formants[0][0], 700.0)
        y = voice / np.max(np.abs(voice)) + rough * breath / np.max(np.abs(breath))
        place(out, t, y * arch(m, 0.12, 0.6), rng.uniform(0.8, 1.0))
    return out


def cat(rng: Rng, n: int) -> Wave:
    """One meow over the whole event: a long glide up and down while the mouth opens and closes."""
    f0 = rng.uniform(480.0, 760.0)
    f = f0 * curve(n, [rng.uniform(0.75, 0.9), 1.15, rng.uniform(1.0, 1.2), rng.uniform(0.6, 0.8)])
    f *= 1.0 + 0.012 * np.sin(2 * np.pi * rng.uniform(6, 11) * seconds(n))
    phase, highest = phase_of(f), float(np.max(f))
    closed = harmonics(phase, formant_amplitudes(f0, [(f0, 300.0, 1.0)], 1.2, highest))
    wide = [(rng.uniform(1300.0, 1900.0), 500.0, 1.0), (rng.uniform(2800.0, 3600.0), 700.0, 0.5)]
    opened = harmonics(phase, formant_amplitudes(f0, wide, 0.1, highest))
    mouth = curve(n, [0.0, rng.uniform(0.8, 1.0), 0.7, 0.0])
    y = (1.0 - mouth) * closed / np.max(np.abs(closed)) + mouth * opened / np.max(np.abs(opened))
    return np.asarray(y * arch(n, 0.2, 0.4))


def cow(rng: Rng, n: int) -> Wave:
    """One moo over the whole event: a deep nasal voice that opens slowly and sinks at the end."""
    f0 = rng.uniform(95.0, 165.0)
    f = f0 * curve(
        n, [rng.uniform(0.8, 0.9), 1.05, rng.uniform(1.0, 1.15), rng.uniform(1.0, 1.1), rng.uniform(0.75, 0.9)]
    )
    f *= 1.0 + 0.01 * wander(rng, n, 0.05, -1.0, 1.0)
    phase, highest = phase_of(f), float(np.max(f))
    nasal = harmonics(phase, formant_amplitudes(f0, [(rng.uniform(220.0, 300.0), 120.0, 1.0)], 0.8, highest))
    wide = [(rng.uniform(420.0, 580.0), 160.0, 1.0), (rng.uniform(900.0, 1200.0), 220.0, 0.5), (2500.0, 400.0, 0.08)]
    opened = harmonics(phase, formant_amplitudes(f0, wide, 0.2, highest))
    mouth = curve(n, [0.0, rng.uniform(0.5, 0.8), 1.0, 0.9, 0.2])
    y = (1.0 - mouth) * nasal / np.max(np.abs(nasal)) + mouth * opened / np.max(np.abs(opened))
    return np.asarray(y * arch(n, 0.15, 0.3))


def bird(rng: Rng, n: int) -> Wave:
    """Chirps: quick pure sweeps between 2.5 and 6.5 kHz."""
    out = np.zeros(n)
    base = rng.uniform(3000.0, 5200.0)
    one = rng.uniform(0.05, 0.11)
    span = rng.uniform(0.12, 0.3) * rng.choice([-1.0, 1.0])
    bend = rng.uniform(-0.15, 0.15)
    song = wander(rng, n, 0.8, 0.95, 1.1)
    for t in strokes(rng, n, (0.09, 0.2), 0.2, one):
        m = int(one * rng.uniform(0.8, 1.2) * RATE)
        f = base * song[t] * rng.uniform(0.93, 1.07) * curve(m, [1.0 - span / 2, 1.0 + bend, 1.0 + span / 2])
        place(out, t, np.sin(phase_of(f)) * arch(m, 0.3, 0.5), rng.uniform(0.6, 1.0))
    return out


def frog(rng: Rng, n: int) -> Wave:
    """Croaks: a slow train of pulses that ring in a hollow throat."""
    out = np.zeros(n)
    one = min(n / RATE, rng.uniform(0.22, 0.34))
    rate = rng.uniform(26.0, 42.0)
    f = rng.uniform(450.0, 900.0)
    throats = wander(rng, n, 1.0, 0.92, 1.1)
    croaks = strokes(rng, n, (one + 0.08, one + 0.18), 0.05, one)
    one = one if len(croaks) > 1 else n / RATE
    for at in croaks:
        m = min(int(one * RATE), n - at)
        pulses = np.zeros(m)
        pulses[(np.arange(0, one, 1.0 / rate) * RATE).astype(np.int64).clip(0, m - 1)] = 1.0
        throat = f * throats[at]
        y = resonate(pulses, throat, 110.0) + 0.7 * resonate(pulses, throat * rng.uniform(2.2, 2.6), 160.0)
        place(out, at, y * arch(m, 0.25, 0.3, 0.8), rng.uniform(0.85, 1.0))
    return out


def crickets(rng: Rng, n: int) -> Wave:
    """Crickets at night: steady high tones, each chopped into quick pulses and these into chirps."""
    t = seconds(n)
    out = np.zeros(n)
    base = rng.uniform(3900.0, 5200.0)
    for i in range(int(rng.integers(2, 5))):
        f = base * rng.uniform(0.94, 1.06)
        rate = rng.uniform(24.0, 36.0)
        pulses = np.maximum(np.sin(2 * np.pi * (rate * t + rng.random())), 0.0) ** 1.5
        chirps = np.clip(
            3.0 * np.sin(2 * np.pi * (rng.uniform(2.2, 3.6) * t + (0.0 if i == 0 else rng.random()))) + 1.8, 0.0, 1.0
        )
        tone = np.sin(2 * np.pi * f * t + rng.uniform(0.0, 6.28))
        out += tone * pulses * chirps * (1.0 if i == 0 else rng.uniform(0.2, 0.7)) * wander(rng, n, 1.0, 0.7, 1.0)
    return out * arch(n, 0.03, 0.03, most_s=0.05)
