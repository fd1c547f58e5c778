"""The procedural sound bank: each class is a function of a random generator and a length.

Decision: parameters instead of recordings. Every render of a class draws its own pitch, rate, number of strokes,
timbre, envelope and noise from its seed, so that a model cannot learn one file by heart, nothing has to be downloaded,
and nobody's licence is touched. No realism is claimed: the sounds are cartoons of their names, different from each
other by ear and by spectrum (`benchmarks/bank_separation.py`).

An *event* is one contiguous stretch with one label. "clap" is one burst of claps, "footsteps" a few steps, "dog" one to
a few barks. The pauses inside an event stay below `MAX_INNER_GAP_S`, and the planner keeps two neighbouring events of
one class twice as far apart, so that a listener can tell two events from one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.dsp import (
    RATE,
    Wave,
    arch,
    curve,
    decay,
    formant_amplitudes,
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

Rng = np.random.Generator
Synth = Callable[[Rng, int], Wave]

LEVEL_DBFS = -26.0
"""Loudness of an event with gain_db 0: root mean square of its active frames in dBFS (see `loudness_dbfs`)."""
EVENT_PEAK = 0.44
"""Soft limit of an event with gain_db 0: with 6 dB more it still lies below the 0.9 at which a scene is turned down."""
FADE_S = 0.010
MAX_INNER_GAP_S = 0.3
"""No event falls silent for longer than this before its end (silent: 40 dB below its loudest 10 ms)."""
MIN_EVENT_S = 0.2
"""Shortest event the planner allows: one bark, one step, one chirp still fit."""


def _dog(rng: Rng, n: int) -> Wave:
    """Barks: a short harmonic yelp whose pitch jumps up and falls, rough with noise."""
    out = np.zeros(n)
    f0 = rng.uniform(170.0, 480.0)
    one = rng.uniform(0.13, 0.22)
    at = strokes(rng, n, (0.26, 0.42), 0.1, one)
    formants = [(rng.uniform(550, 850), 260.0, 1.0), (rng.uniform(1300, 1900), 400.0, 0.6)]
    rough = rng.uniform(0.1, 0.35)
    for t in at:
        m = int(one * rng.uniform(0.9, 1.1) * RATE) if len(at) > 1 else n
        f = f0 * rng.uniform(0.95, 1.05) * curve(m, [0.85, 1.25, 1.1, 0.7])
        voice = harmonics(phase_of(f), formant_amplitudes(f0, formants, 0.3, float(np.max(f))))
        breath = resonate(noise(rng, m), formants[0][0], 700.0)
        y = voice / np.max(np.abs(voice)) + rough * breath / np.max(np.abs(breath))
        place(out, t, y * arch(m, 0.12, 0.6), rng.uniform(0.8, 1.0))
    return out


def _cat(rng: Rng, n: int) -> Wave:
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


def _bird(rng: Rng, n: int) -> Wave:
    """Chirps: quick pure sweeps between 2.5 and 6.5 kHz."""
    out = np.zeros(n)
    base = rng.uniform(2700.0, 5200.0)
    one = rng.uniform(0.05, 0.11)
    span = rng.uniform(0.12, 0.3) * rng.choice([-1.0, 1.0])
    bend = rng.uniform(-0.15, 0.15)
    for t in strokes(rng, n, (0.09, 0.2), 0.2, one):
        m = int(one * rng.uniform(0.8, 1.2) * RATE)
        f = base * rng.uniform(0.93, 1.07) * curve(m, [1.0 - span / 2, 1.0 + bend, 1.0 + span / 2])
        place(out, t, np.sin(phase_of(f)) * arch(m, 0.3, 0.5), rng.uniform(0.6, 1.0))
    return out


def _bell(rng: Rng, n: int) -> Wave:
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


def _siren(rng: Rng, n: int) -> Wave:
    """A loud tone that wails up and down without a break."""
    low = rng.uniform(440.0, 780.0)
    high = low * rng.uniform(1.6, 2.0)
    sweep = 0.5 - 0.5 * np.cos(2 * np.pi * (rng.uniform(2.2, 4.5) * seconds(n) + rng.uniform(0, 1)))
    y = harmonics(phase_of(low * (high / low) ** sweep), [1.0, rng.uniform(0.3, 0.6), rng.uniform(0.2, 0.5), 0.15, 0.1])
    return y * arch(n, 0.08, 0.08)


def _alarm(rng: Rng, n: int) -> Wave:
    """An electronic alarm: square beeps of one high pitch, on and off."""
    f = rng.uniform(1800.0, 2700.0)
    t = seconds(n)
    period = 1.0 / rng.uniform(5.5, 10.0)
    beeps = max(round(n / RATE / period), 2)
    x = (t / (n / RATE) * (beeps - 0.45)) % 1.0
    gate = np.clip(np.minimum(x, 0.55 - x) * 40.0, 0.0, 1.0)
    return harmonics(phase_of(np.full(n, f)), [1.0, 0.05, rng.uniform(0.3, 0.5)]) * gate


def _phone(rng: Rng, n: int) -> Wave:
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


def _horn(rng: Rng, n: int) -> Wave:
    """A car horn: two steady reedy tones about a third apart."""
    f = rng.uniform(290.0, 470.0)
    k = np.arange(1, 13)
    amps = k**-0.6 * np.exp(-((k - 4.0) ** 2) / 30.0)
    y = np.zeros(n)
    for g in (f, f * rng.uniform(1.18, 1.28)):
        y += harmonics(phase_of(np.full(n, g)) + rng.uniform(0, 6.28), amps)
    return y * arch(n, 0.05, 0.06)


def _engine(rng: Rng, n: int) -> Wave:
    """A running engine: uneven low explosions and a hum."""
    f = rng.uniform(28.0, 65.0) * curve(n, [1.0, rng.uniform(0.85, 1.3), rng.uniform(0.85, 1.3)])
    k = np.arange(1, 15)
    y = harmonics(phase_of(f), rng.uniform(0.3, 1.0, k.size) * np.exp(-k / 7.0))
    y = y / np.max(np.abs(y)) + 0.35 * low_pass(noise(rng, n), 500.0) * (1.0 + 0.8 * np.sin(phase_of(f)))
    return low_pass(y, rng.uniform(350.0, 700.0)) * arch(n, 0.06, 0.1)


def _rain(rng: Rng, n: int) -> Wave:
    """A shower: hissing noise above 1.5 kHz with single drops."""
    y = high_pass(noise(rng, n), rng.uniform(1200.0, 2800.0)) * 0.5
    drops = rng.random(n) < rng.uniform(60, 200) / RATE
    pops = np.where(drops, rng.uniform(-1.0, 1.0, n) * 12.0, 0.0)
    return (y + resonate(pops, rng.uniform(2500, 4500), 900.0)) * arch(n, 0.1, 0.12)


def _thunder(rng: Rng, n: int) -> Wave:
    """A rolling rumble below 200 Hz that swells and dies."""
    y = low_pass(low_pass(noise(rng, n), rng.uniform(90.0, 200.0)), 400.0)
    rolls = np.abs(curve(n, [rng.uniform(0.4, 1.0) for _ in range(max(4, n // 1600))]))
    crack = high_pass(noise(rng, n), 500.0) * decay(n, 0.004, rng.uniform(0.1, 0.25)) * rng.uniform(0.0, 0.12)
    return np.asarray((y / np.max(np.abs(y)) * rolls + crack) * arch(n, 0.03, 0.5))


def _knock(rng: Rng, n: int) -> Wave:
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


def _clap(rng: Rng, n: int) -> Wave:
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


def _footsteps(rng: Rng, n: int) -> Wave:
    """Steps on gravel: a heel thud and a scraping sole, softer and slower than a knock."""
    out = np.zeros(n)
    thud_hz = rng.uniform(70.0, 120.0)
    grit = rng.uniform(2800.0, 4800.0)
    one = rng.uniform(0.15, 0.2)
    steps = strokes(rng, n, (0.3, 0.45), 0.08, one)
    for at in steps:
        m = int(one * RATE) if len(steps) > 1 else n
        t = seconds(m)
        thud = np.sin(2 * np.pi * thud_hz * t) * decay(m, 0.004, 0.12)
        grains = np.where(rng.random(m) < 0.06, rng.uniform(-1.0, 1.0, m) * 4.0, 0.0) + 0.25 * noise(rng, m)
        scrape = resonate(grains, grit, 2200.0) * arch(m, 0.35, 0.6, 1.3)
        place(out, at, 0.9 * thud + rng.uniform(1.0, 1.6) * scrape, rng.uniform(0.8, 1.0))
    return out


def _whistle(rng: Rng, n: int) -> Wave:
    """Somebody whistles one gliding note: nearly a pure tone, with breath."""
    f0 = rng.uniform(950.0, 1800.0)
    f = f0 * curve(n, [rng.uniform(0.8, 1.0), 1.0, rng.uniform(0.95, 1.2), rng.uniform(0.85, 1.25)])
    f *= 1.0 + 0.012 * np.sin(2 * np.pi * rng.uniform(4.5, 7.0) * seconds(n))
    breath = resonate(noise(rng, n), f0, 500.0)
    return np.asarray((np.sin(phase_of(f)) + 0.05 * breath / np.max(np.abs(breath))) * arch(n, 0.15, 0.2))


def _drum(rng: Rng, n: int) -> Wave:
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


def _glass(rng: Rng, n: int) -> Wave:
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


def _clock(rng: Rng, n: int) -> Wave:
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


def _saw(rng: Rng, n: int) -> Wave:
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


def _frog(rng: Rng, n: int) -> Wave:
    """Croaks: a slow train of pulses that ring in a hollow throat."""
    out = np.zeros(n)
    one = min(n / RATE, rng.uniform(0.22, 0.34))
    rate = rng.uniform(32.0, 55.0)
    f = rng.uniform(450.0, 900.0)
    croaks = strokes(rng, n, (one + 0.08, one + 0.18), 0.05, one)
    one = one if len(croaks) > 1 else n / RATE
    for at in croaks:
        m = min(int(one * RATE), n - at)
        pulses = np.zeros(m)
        pulses[(np.arange(0, one, 1.0 / rate) * RATE).astype(np.int64).clip(0, m - 1)] = 1.0
        y = resonate(pulses, f, 70.0) + 0.5 * resonate(pulses, f * rng.uniform(2.2, 2.6), 140.0)
        place(out, at, y * arch(m, 0.25, 0.3, 0.8), rng.uniform(0.85, 1.0))
    return out


BANK: dict[str, Synth] = {
    "alarm": _alarm,
    "bell": _bell,
    "bird": _bird,
    "cat": _cat,
    "clap": _clap,
    "clock": _clock,
    "dog": _dog,
    "drum": _drum,
    "engine": _engine,
    "footsteps": _footsteps,
    "frog": _frog,
    "glass": _glass,
    "horn": _horn,
    "knock": _knock,
    "phone": _phone,
    "rain": _rain,
    "saw": _saw,
    "siren": _siren,
    "thunder": _thunder,
    "whistle": _whistle,
}
CLASSES: tuple[str, ...] = tuple(sorted(BANK))


def check_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names` without repeats, in alphabetical order.

    Raises:
        ConfigError: ``synth.unknown_class`` or ``synth.no_class``.
    """
    unknown = sorted(set(names) - set(BANK))
    if unknown:
        raise ConfigError(
            f"unknown sound class {', '.join(map(repr, unknown))}",
            code="synth.unknown_class",
            hint=f"The bank has: {', '.join(CLASSES)}.",
        )
    if not names:
        raise ConfigError("no sound class given", code="synth.no_class", hint=f"Choose from: {', '.join(CLASSES)}.")
    return tuple(sorted(set(names)))


def loudness_dbfs(x: np.ndarray) -> float:
    """Root mean square in dBFS of the frames (25 ms) that carry at least a tenth of the mean power.

    Pauses do not count, so three knocks in a second are as loud as three knocks in half a second. Not weighted by
    frequency: the timeline's gains and a measured level speak of the same thing.
    """
    m = max(x.shape[0] // 400, 1)
    frames = np.asarray(x[: m * 400], dtype=np.float64)
    power = np.mean(np.square(frames.reshape(m, -1)), axis=1)
    mean = float(np.mean(power))
    if mean <= 0.0:
        return -200.0
    return 10.0 * float(np.log10(np.mean(power[power >= 0.1 * mean])))


def render_event(name: str, seed: int, length: int) -> np.ndarray:
    """One event of class `name`: float32 [length] at 16 kHz and `LEVEL_DBFS`, faded in 5 ms and out in 10 ms.

    The fade at the start is half as long, because 10 ms would take the blow out of a knock.

    Args:
        name: one of `CLASSES`.
        seed: what distinguishes this render from every other of its class.
        length: samples, at least 400 (25 ms).

    Raises:
        ConfigError: ``synth.unknown_class``.

    >>> render_event("bell", seed=3, length=8000).shape
    (8000,)
    """
    if name not in BANK:
        check_classes((name,))
    x = BANK[name](np.random.default_rng(seed), length)
    fade = min(int(FADE_S * RATE), length // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)
    half = ramp[::2]
    x[: half.size] *= half
    x[-fade:] *= ramp[::-1]
    x *= 10.0 ** ((LEVEL_DBFS - loudness_dbfs(x)) / 20.0)
    if float(np.max(np.abs(x))) > EVENT_PEAK:
        # Limiting a spiky sound (a clock's tick) takes loudness away; drive it harder until it is as loud as planned.
        drive = 1.0
        for _ in range(6):
            limited = EVENT_PEAK * np.tanh(drive * x / EVENT_PEAK)
            short_db = LEVEL_DBFS - loudness_dbfs(limited)
            if abs(short_db) < 0.1:
                break
            drive *= 10.0 ** (1.3 * short_db / 20.0)
        x = limited
    return x.astype(np.float32)
