"""Instruments: tuning, onsets, levels, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank.render import LEVEL_DBFS, loudness_dbfs
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.instruments import INSTRUMENTS, MELODIC, hertz, render_notes

PITCHED = sorted(set(INSTRUMENTS) - {"drums"})


def cents_off(x: np.ndarray, f: float) -> float:
    """Deviation of the fundamental from `f`: how fast its phase runs away, weighted by power."""
    base = x * np.exp(-2j * np.pi * f * np.arange(x.size) / RATE)
    window = np.hanning(int(6 * RATE / f) | 1)
    z = np.convolve(base, window / window.sum(), "valid")
    return float(1200 * np.log2(1 + np.angle(np.sum(z[1:] * np.conj(z[:-1]))) * RATE / (2 * np.pi) / f))


@pytest.mark.parametrize("name", PITCHED)
def test_every_instrument_is_in_tune_over_its_range(name: str) -> None:
    kind = INSTRUMENTS[name]
    for pitch in range(kind.low, kind.high + 1, 9):
        x = render_notes(name, [[0, 12_000, pitch, 0.0]], 13_000, seed=pitch)[600:11_400].astype(np.float64)
        assert abs(cents_off(x, hertz(pitch))) < 3.0, pitch


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_a_note_starts_at_its_sample_and_not_before(name: str) -> None:
    pitch = 38 if name == "drums" else INSTRUMENTS[name].low + 7
    x = render_notes(name, [[4000, 6000, pitch, 0.0]], 16_000, seed=3)
    assert x.shape == (16_000,)
    assert x.dtype == np.float32
    assert not np.any(x[:4000])
    heard = np.flatnonzero(np.abs(x) > 0.1 * np.max(np.abs(x)))
    assert heard[0] < 4000 + 0.03 * RATE
    assert abs(loudness_dbfs(x) - LEVEL_DBFS) < 0.5


def test_levels_between_notes_are_kept_and_seeds_differ() -> None:
    notes = [[0, 8000, 60, 0.0], [8000, 8000, 60, -20.0]]
    for name in ("organ", "violin", "trumpet"):
        x = render_notes(name, notes, 17_000, seed=1)
        loud, soft = (float(np.sqrt(np.mean(x[a : a + 5000] ** 2))) for a in (1500, 9500))
        assert abs(20 * np.log10(loud / soft) - 20.0) < 1.5, name
    a, b, again = (render_notes("piano", notes, 17_000, seed=s) for s in (1, 2, 1))
    assert not np.array_equal(a, b)
    assert np.array_equal(a, again)


@pytest.mark.parametrize(
    ("instrument", "notes", "code"),
    [
        ("kazoo", [[0, 100, 60, 0.0]], "synth.unknown_instrument"),
        ("piano", [], "synth.bad_recipe"),
        ("piano", "abc", "synth.bad_recipe"),
        ("piano", [[0, 100, 60]], "synth.bad_recipe"),
        ("piano", [[0, 100, 200, 0.0]], "synth.bad_recipe"),
        ("piano", [[0, 100, float("nan"), 0.0]], "synth.bad_recipe"),
        ("piano", [[-5, 100, 60, 0.0]], "synth.bad_recipe"),
        ("piano", [[0, 5000, 60, 0.0]], "synth.bad_recipe"),
        ("piano", [[0, 100, 60, 12.0]], "synth.bad_recipe"),
        ("piano", [[True, 100, 60, 0.0]], "synth.bad_recipe"),
        ("piano", [[0, 1, 60, 0.0]] * 4001, "synth.bad_recipe"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(instrument: str, notes: object, code: str) -> None:
    with pytest.raises(ConfigError) as e:
        render_notes(instrument, notes, 4000, 0)  # type: ignore[arg-type]
    assert e.value.code == code


def spectrum(name: str, seed: int) -> np.ndarray:
    """Log energies of bands of one note, its level taken out."""
    kind = INSTRUMENTS[name]
    rng = np.random.default_rng(seed)
    pitch = 38 if name == "drums" else int(rng.integers(kind.low, kind.high + 1))
    x = render_notes(name, [[0, 6000, pitch, 0.0]], 9000, seed)
    f0 = hertz(pitch) if name != "drums" else 200.0
    mags = np.abs(np.fft.rfft(x * np.hanning(x.size)))
    # Partials by number, so that the same timbre looks alike at every pitch.
    partials = [
        mags[round(k * f0 * x.size / RATE) - 3 : round(k * f0 * x.size / RATE) + 4].max(initial=0) for k in range(1, 9)
    ]
    level = [float(np.sqrt(np.mean(x[a : a + 1000] ** 2))) for a in range(0, 9000, 1000)]
    attack = [float(np.max(np.abs(x[:n]))) for n in (40, 160, 640)]
    y = np.log(np.array([*partials, *level, *attack, mags.mean()]) + 1e-4)
    return np.asarray(y - y[0])


def test_a_small_classifier_tells_the_instruments_apart_on_other_seeds() -> None:
    def table(seeds: range) -> tuple[np.ndarray, np.ndarray]:
        rows = [(spectrum(n, s), i) for i, n in enumerate(sorted(INSTRUMENTS)) for s in seeds]
        return np.stack([f for f, _ in rows]), np.array([i for _, i in rows])

    a, y = table(range(30))
    b, truth = table(range(1000, 1012))
    mean, spread = a.mean(0), a.std(0) + 1e-6
    a, b = (a - mean) / spread, (b - mean) / spread

    def kernel(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.exp(-((u**2).sum(1)[:, None] + (v**2).sum(1)[None, :] - 2 * u @ v.T) / a.shape[1])

    w = np.linalg.solve(kernel(a, a) + 0.01 * np.eye(len(a)), np.eye(len(INSTRUMENTS))[y])
    right = np.argmax(kernel(b, a) @ w, axis=1) == truth
    assert np.mean(right) >= 0.95


def test_any_melodic_instrument_can_take_any_part() -> None:
    assert all(INSTRUMENTS[x].high - INSTRUMENTS[x].low >= 24 for x in MELODIC)
