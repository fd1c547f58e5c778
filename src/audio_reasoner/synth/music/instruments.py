"""Instruments: a phrase of notes as sound, 16 kHz mono.

Decision: one small engine, a sum of partials whose brightness may change over the note (a damped Clenshaw recurrence,
one sine and one cosine for any number of partials), one plucked string (Karplus and Strong, computed a period at a
time) and a few noises. Struck and plucked notes are rendered once per pitch and cut where the note ends; blown and
bowed ones once per pitch and length. So ten seconds of music cost some milliseconds. The names say what a sound is
meant to remind of; no realism is claimed. `benchmarks/music_truth.py` measures tuning, onsets and how well the
instruments are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank.render import LEVEL_DBFS, loudness_dbfs
from audio_reasoner.synth.dsp import RATE, decay, high_pass, low_pass, noise, resonate

Rng = np.random.Generator
Sound = NDArray[np.float32]

HIGHEST_HZ: Final = 7600.0
"""No partial lies above this: beyond 8 kHz it would come back as a false tone."""
RELEASE_S: Final = 0.06
"""A note that ends dies away within this time after its end."""
LONGEST_RING_S: Final = 4.0
MAX_NOTES: Final = 4000
LOWEST_DB: Final = -60.0


def tone(
    f: float, n: int, amplitudes: Sequence[float] | NDArray[Any], damp: Sound | None = None, bend: Any = None
) -> Sound:
    """Sum over k of ``amplitudes[k-1] * damp**(k-1) * sin(2 pi k f t)``, float32 [n].

    Args:
        f: frequency in Hz.
        n: samples.
        amplitudes: of the partials; those above `HIGHEST_HZ` are left out.
        damp: brightness of each sample, 0 to 1, shape [n]; 1 throughout if not given.
        bend: deviation of the frequency as a share of it, shape [n], e.g. a vibrato of mean 0.
    """
    cycles = np.arange(n, dtype=np.float64)
    cycles *= f / RATE
    if bend is not None:
        cycles += np.cumsum(bend) * (f / RATE)
    cycles -= np.floor(cycles)
    phase = (2.0 * np.pi * cycles).astype(np.float32)
    twice = 2.0 * np.cos(phase)
    square: Any = np.float32(1.0)
    if damp is not None:
        twice *= damp
        square = damp * damp
    sine = np.sin(phase)
    kept = max(1, min(len(amplitudes), int(HIGHEST_HZ / f)))
    b1, b2 = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    for a in reversed(list(amplitudes)[:kept]):
        b2 *= -square
        b2 += np.float32(a)
        b2 += twice * b1
        b1, b2 = b2, b1
    return b1 * sine


def _fall(n: int, attack_s: float, t60_s: float) -> Sound:
    return decay(n, attack_s, t60_s).astype(np.float32)


def _swell(n: int, total: int, attack_s: float, release_s: float) -> Sound:
    """Envelope of a blown or bowed note: up at once but softly, held, and down after sample `n`."""
    out = np.ones(total, dtype=np.float32)
    up = max(1, min(int(attack_s * RATE), n))
    out[:up] = np.sin(np.linspace(0.12, 0.5 * np.pi, up, dtype=np.float32))
    down = min(int(release_s * RATE), total - n) if total > n else 0
    if down:
        out[n : n + down] = 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, down, dtype=np.float32))
        out[n + down :] = 0.0
    return out


def _spread(rng: Rng, k: int) -> NDArray[np.float64]:
    """Small differences between two players' instruments."""
    return np.exp(rng.normal(0.0, 0.12, k))


def _ring(f: float, at_a4: float) -> float:
    """Seconds in which a string's tone falls by 60 dB: the higher the shorter."""
    return float(np.clip(at_a4 * (440.0 / f) ** 0.5, 0.35, LONGEST_RING_S * 1.6))


def _piano(rng: Rng, f: float, n: int) -> Sound:
    k = np.arange(1, 25)
    amps = np.abs(np.sin(np.pi * k / 7.6)) ** 0.6 * k**-1.15 * _spread(rng, k.size)
    t = np.arange(n, dtype=np.float32) / RATE
    damp = np.float32(0.97) * np.exp(-t * np.float32(0.8)) * (1 - np.float32(0.18) * (1 - np.exp(-t * 9)))
    y = tone(f, n, amps, damp) * (0.7 * _fall(n, 0.003, _ring(f, 1.3)) + 0.3 * _fall(n, 0.003, _ring(f, 4.2)))
    thump = low_pass(noise(rng, min(n, 900)), 900.0) * decay(min(n, 900), 0.001, 0.05)
    y[: thump.size] += (0.16 * thump / np.max(np.abs(thump)) * np.max(np.abs(y))).astype(np.float32)
    return y


def _guitar(rng: Rng, f: float, n: int) -> Sound:
    """Karplus and Strong's string, a whole period at a time: the loop reads only what lies a period back."""
    period = RATE / f
    soft = 0.16
    m = int(period - 1.0)
    rest = period - 1.0 - m
    # Two taps tune the loop (their phase delay at f is exactly `rest`), three soften it and delay it by one sample.
    w = 2.0 * np.pi / period
    tan = np.tan(rest * w)
    s = tan / (np.sin(w) + tan * (1.0 - np.cos(w)))
    loop = np.convolve([soft, 1.0 - 2.0 * soft, soft], [1.0 - s, s])
    gain = 10.0 ** (-3.0 * period / RATE / _ring(f, 1.9))
    # What the softening takes from the fundamental is given back, or high notes would be clicks.
    gain = min(gain / (1.0 - 2.0 * soft * (1.0 - np.cos(w))), 0.9999 / float(np.sum(loop)))
    blow = low_pass(rng.uniform(-1.0, 1.0, m + 8), 5200.0)
    blow -= np.mean(blow)
    at = max(1, int(period * 0.19))
    blow[at:] -= 0.85 * blow[:-at]
    y = np.zeros(n + m + 8)
    y[: blow.size] = blow / np.max(np.abs(blow))
    # Where the first period begins; before it lies nothing, so the loop may look back.
    taps = loop.size
    for start in range(blow.size, y.size, m):
        end = min(start + m, y.size)
        a = start - m - taps + 1
        past = y[a : end - m] if a >= 0 else np.concatenate([np.zeros(-a), y[: end - m]])
        y[start:end] = gain * np.convolve(past, loop, "valid")[: end - start]
    out = y[:n]
    body = resonate(out, 105.0, 40.0) + resonate(out, 215.0, 70.0)
    return np.asarray(out + 0.7 * body, dtype=np.float32)


def _bass(rng: Rng, f: float, n: int) -> Sound:
    k = np.arange(1, 13)
    amps = np.sin(np.pi * k * 0.23) * k**-0.9 * _spread(rng, k.size)
    t = np.arange(n, dtype=np.float32) / RATE
    damp = 0.5 + np.float32(0.42) * np.exp(-t * 7)
    return tone(f, n, amps, damp) * _fall(n, 0.006, 2.6)


def _glockenspiel(rng: Rng, f: float, n: int) -> Sound:
    return _bars(rng, f, n, ((1.0, 1.0, 1.6), (2.756, 0.55, 0.7), (5.404, 0.35, 0.3)), 0.02)


def _marimba(rng: Rng, f: float, n: int) -> Sound:
    return _bars(rng, f, n, ((1.0, 1.0, 0.75), (3.93, 0.22, 0.22), (9.5, 0.08, 0.08)), 0.12)


def _bars(rng: Rng, f: float, n: int, modes: Sequence[tuple[float, float, float]], click: float) -> Sound:
    out = np.zeros(n, dtype=np.float32)
    for ratio, gain, t60 in modes:
        if ratio * f < HIGHEST_HZ:
            scale = (440.0 / f) ** 0.35
            out += np.float32(gain * rng.uniform(0.85, 1.15)) * tone(ratio * f, n, [1.0]) * _fall(n, 0.001, t60 * scale)
    m = min(n, 320)
    out[:m] += (click * low_pass(noise(rng, m), 2500.0) * decay(m, 0.0005, 0.015)).astype(np.float32)
    return out


def _organ(rng: Rng, f: float, n: int, total: int) -> Sound:
    stops = np.array([1.0, 0.8, 0.5, 0.6, 0.0, 0.35, 0.0, 0.4]) * _spread(rng, 8)
    return tone(f, total, stops) * _swell(n, total, 0.012, 0.04)


def _accordion(rng: Rng, f: float, n: int, total: int) -> Sound:
    """Two reeds under three cents from the pitch to either side, so that the tone beats and stays in tune."""
    k = np.arange(1, 21)
    amps = k**-0.55 * np.where(k % 2 == 1, 1.0, 0.75) * np.exp(-k / 14.0) * _spread(rng, k.size)
    apart = rng.uniform(0.0012, 0.0016)
    return (tone(f * (1 + apart), total, amps) + tone(f * (1 - apart), total, amps)) * _swell(n, total, 0.045, 0.05)


def _vibrato(rng: Rng, total: int, depth: float, rate: float, onset_s: float) -> NDArray[np.float64]:
    t = np.arange(total) / RATE
    return depth * np.clip((t - 0.08) / onset_s, 0.0, 1.0) * np.sin(2 * np.pi * rate * t + rng.uniform(0, 2 * np.pi))


def _violin(rng: Rng, f: float, n: int, total: int) -> Sound:
    k = np.arange(1, 31)
    hz = k * f
    body = 0.3 + np.exp(-(((hz - 480) / 220) ** 2)) + 0.9 * np.exp(-(((hz - 2700) / 900) ** 2))
    amps = k**-0.85 * body * _spread(rng, k.size)
    y = tone(f, total, amps, None, _vibrato(rng, total, 0.0065, rng.uniform(5.2, 6.4), 0.25))
    bow = high_pass(noise(rng, total), 2200.0).astype(np.float32)
    sound: Sound = (y / np.max(np.abs(y)) + np.float32(0.012) * bow) * _swell(n, total, 0.07, 0.06)
    return sound


def _flute(rng: Rng, f: float, n: int, total: int) -> Sound:
    amps = np.array([1.0, 0.28, 0.09, 0.03]) * _spread(rng, 4)
    t = np.arange(total, dtype=np.float32) / RATE
    y = tone(f, total, amps) * (1 + np.float32(0.14) * np.sin(2 * np.pi * np.float32(rng.uniform(4.6, 5.6)) * t))
    breath = resonate(noise(rng, total), min(2.0 * f, 5000.0), 900.0)
    breath = breath / np.sqrt(np.mean(breath**2))
    sound: Sound = (y + (0.055 * breath).astype(np.float32)) * _swell(n, total, 0.05, 0.05)
    return sound


def _trumpet(rng: Rng, f: float, n: int, total: int) -> Sound:
    """Brightness grows with loudness: the tone opens while it sets in."""
    k = np.arange(1, 17)
    hz = k * f
    amps = (0.35 + np.exp(-(((hz - 1300) / 700) ** 2))) * np.exp(-k / 9.0) * _spread(rng, k.size)
    t = np.arange(total, dtype=np.float32) / RATE
    damp = np.float32(0.97) - np.float32(0.4) * np.exp(-t * 28)
    return tone(f, total, amps, damp) * _swell(n, total, 0.03, 0.04)


def _clarinet(rng: Rng, f: float, n: int, total: int) -> Sound:
    amps = np.array([1.0, 0.02, 0.62, 0.03, 0.4, 0.04, 0.22, 0.05, 0.12, 0.04, 0.07]) * _spread(rng, 11)
    return tone(f, total, amps) * _swell(n, total, 0.035, 0.05)


def _kick(rng: Rng, n: int) -> Sound:
    t = np.arange(n, dtype=np.float64) / RATE
    sweep = 52.0 + 110.0 * np.exp(-t / 0.025)
    y = np.sin(np.cumsum(sweep) * (2 * np.pi / RATE)) * decay(n, 0.001, 0.35)
    return np.asarray(y + 0.2 * low_pass(noise(rng, n), 3000.0) * decay(n, 0.0005, 0.02), dtype=np.float32)


def _snare(rng: Rng, n: int) -> Sound:
    t = np.arange(n, dtype=np.float64) / RATE
    skin = np.sin(2 * np.pi * 190.0 * t) * decay(n, 0.001, 0.12)
    return np.asarray(0.5 * skin + 0.5 * high_pass(noise(rng, n), 900.0) * decay(n, 0.001, 0.2), dtype=np.float32)


def _hat(rng: Rng, n: int, t60: float) -> Sound:
    return np.asarray(0.5 * high_pass(noise(rng, n), 5000.0) * decay(n, 0.0005, t60), dtype=np.float32)


def _tom(rng: Rng, n: int, hz: float) -> Sound:
    t = np.arange(n, dtype=np.float64) / RATE
    sweep = hz * (1.0 + 0.6 * np.exp(-t / 0.03))
    y = np.sin(np.cumsum(sweep) * (2 * np.pi / RATE)) * decay(n, 0.001, 0.4)
    return np.asarray(y + 0.1 * noise(rng, n) * decay(n, 0.001, 0.04), dtype=np.float32)


_Drum = Callable[[Rng, int], Sound]
_DRUMS: Final[tuple[tuple[tuple[int, ...], _Drum, float], ...]] = (
    ((35, 36), _kick, 0.35),
    ((37, 38, 39, 40), _snare, 0.25),
    ((46, 49, 51, 52, 53, 55, 57, 59), partial(_hat, t60=0.7), 0.7),
    ((41, 43, 45), partial(_tom, hz=95.0), 0.4),
    ((47, 48, 50), partial(_tom, hz=150.0), 0.4),
)
"""General MIDI's drum keys: which sound, and for how many seconds; every other key is a closed hat."""


def _drum(rng: Rng, pitch: int) -> Sound:
    for keys, make, s in _DRUMS:
        if pitch in keys:
            return make(rng, int(s * RATE))
    return _hat(rng, int(0.08 * RATE), 0.07)


@dataclass(frozen=True)
class Instrument:
    """One instrument.

    Args:
        low, high: its range in MIDI numbers, within which the composer writes.
        chords: whether it plays several notes at once.
        struck: its tone dies away by itself: ``(rng, hertz, samples)``.
        held: its tone lasts as long as the note: ``(rng, hertz, samples of the note, samples in all)``.
    """

    low: int
    high: int
    chords: bool = False
    struck: Callable[[Rng, float, int], Sound] | None = None
    held: Callable[[Rng, float, int, int], Sound] | None = None
    release_s: float = RELEASE_S


INSTRUMENTS: Final[dict[str, Instrument]] = {
    "accordion": Instrument(50, 86, True, held=_accordion),
    "bass": Instrument(28, 52, struck=_bass),
    "clarinet": Instrument(52, 86, held=_clarinet),
    "drums": Instrument(35, 59),
    "flute": Instrument(60, 93, held=_flute),
    "glockenspiel": Instrument(72, 98, struck=_glockenspiel, release_s=0.5),
    "guitar": Instrument(45, 80, True, struck=_guitar),
    "marimba": Instrument(48, 86, struck=_marimba, release_s=0.3),
    "organ": Instrument(43, 86, True, held=_organ),
    "piano": Instrument(36, 90, True, struck=_piano),
    "trumpet": Instrument(54, 84, held=_trumpet),
    "violin": Instrument(55, 92, held=_violin),
}
"""By name, as they stand in timelines."""
MELODIC: Final = tuple(sorted(set(INSTRUMENTS) - {"bass", "drums"}))
"""Instruments that can play the melody or the chords: any of them in any part."""

Notes = Sequence[Sequence[float]]


def check_notes(instrument: str, notes: Any, length: int) -> None:
    """Refuse what cannot be played.

    Raises:
        ConfigError: ``synth.unknown_instrument``, ``synth.bad_recipe``.
    """
    if instrument not in INSTRUMENTS:
        raise ConfigError(
            f"unknown instrument {instrument!r}.",
            code="synth.unknown_instrument",
            hint=f"There are: {', '.join(INSTRUMENTS)}.",
        )
    what = ""
    if not isinstance(notes, list | tuple) or not notes:
        what = "no notes"
    elif len(notes) > MAX_NOTES:
        what = f"{len(notes)} notes; at most {MAX_NOTES} are possible"
    else:
        for i, note in enumerate(notes):
            if what := _wrong(note, length):
                what = f"note {i}, {str(note)[:80]}: {what}"
                break
    if what:
        raise ConfigError(f"a phrase of {instrument} cannot be rendered: {what}.", code="synth.bad_recipe")


def _wrong(note: Any, length: int) -> str:
    if not isinstance(note, list | tuple) or len(note) != 4:
        return "expected [start, length, pitch, level in dB]"
    if any(isinstance(x, bool) or not isinstance(x, int | float) or not np.isfinite(x) for x in note):
        return "not four numbers"
    start, n, pitch, db = note
    if start != int(start) or n != int(n) or start < 0 or n < 1 or start + n > length:
        return f"does not lie within the phrase's {length} samples"
    if not 12 <= pitch <= 120:
        return "its pitch is not within MIDI numbers 12 to 120"
    return "" if LOWEST_DB <= db <= 0 else f"its level is not within {LOWEST_DB:g} to 0 dB"


def hertz(pitch: float) -> float:
    """Frequency of a MIDI number, equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def render_notes(instrument: str, notes: Notes, length: int, seed: int) -> Sound:
    """A phrase on one instrument: float32 [length] at 16 kHz and the bank's common level.

    A note starts exactly at its first sample and is not heard before it; it dies away after its end (`RELEASE_S`, a
    bar of metal or wood longer), as far as the phrase's length allows. Differences of level between notes are kept.

    Args:
        instrument: one of `INSTRUMENTS`.
        notes: rows of start and length in samples, pitch as a MIDI number (drums: General MIDI's keys), level in dB
            (0 and below).
        length: samples of the phrase.
        seed: which player: small differences in timbre and noise.

    Raises:
        ConfigError: ``synth.unknown_instrument``, ``synth.bad_recipe``.

    >>> render_notes("piano", [[0, 8000, 60, 0.0], [8000, 8000, 64, -6.0]], 17000, seed=1).shape
    (17000,)
    """
    check_notes(instrument, notes, length)
    kind = INSTRUMENTS[instrument]
    out = np.zeros(length, dtype=np.float32)
    longest: dict[float, int] = {}
    tail = int(kind.release_s * RATE)
    for _, n, pitch, _ in notes:
        longest[pitch] = max(longest.get(pitch, 0), min(int(n) + tail, int(LONGEST_RING_S * RATE)))
    made: dict[tuple[float, int], Sound] = {}
    off = 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, tail, dtype=np.float32))
    for start, n, pitch, db in notes:
        start, n = int(start), int(n)
        # One generator per sound, so that a note does not depend on how many were rendered before it.
        if instrument == "drums":
            key = (pitch, 0)
            if key not in made:
                made[key] = _drum(np.random.default_rng([seed, int(pitch)]), int(pitch))
            y = made[key]
        elif kind.struck is not None:
            key = (pitch, 0)
            if key not in made:
                made[key] = _even(kind.struck(np.random.default_rng(seed), hertz(pitch), longest[pitch]))
            y = made[key][: n + tail]
            if n + tail <= y.size:
                y = y.copy()
                y[n:] *= off
        else:
            assert kind.held is not None
            key = (pitch, n)
            if key not in made:
                made[key] = _even(kind.held(np.random.default_rng(seed), hertz(pitch), n, n + tail))
            y = made[key]
        y = y[: length - start]
        out[start : start + y.size] += np.float32(10.0 ** (db / 20.0)) * y
    last = min(80, length)
    out[length - last :] *= np.linspace(1.0, 0.0, last, dtype=np.float32)
    return (out * np.float32(10.0 ** ((LEVEL_DBFS - loudness_dbfs(out)) / 20.0))).astype(np.float32)


def _even(y: Sound) -> Sound:
    """A note at a common level, so that high and low ones are equally loud before their own level is applied."""
    m = max(int(0.25 * RATE), 1)
    power = float(np.mean(np.square(y[:m], dtype=np.float64)))
    return np.asarray(y / max(np.sqrt(power), 1e-9), dtype=np.float32)
