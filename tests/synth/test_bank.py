"""The sound bank: every class at every length, its loudness, its pauses, its variety."""

from __future__ import annotations

import numpy as np
import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth import CLASSES, RATE, render_event
from audio_reasoner.synth.bank.render import (
    EVENT_PEAK,
    LEVEL_DBFS,
    MAX_INNER_GAP_S,
    MIN_EVENT_S,
    check_classes,
    loudness_dbfs,
)

LENGTHS = [int(MIN_EVENT_S * RATE), 4800, 12345, int(1.2 * RATE), int(2.5 * RATE)]


def longest_pause_s(x: np.ndarray) -> float:
    """Longest run of 10 ms frames 40 dB below the loudest one, seconds."""
    frames = x[: len(x) // 160 * 160].reshape(-1, 160).astype(np.float64)
    power = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    longest = run = 0
    for silent in power < power.max() - 40:
        run = run + 1 if silent else 0
        longest = max(longest, run)
    return longest * 0.01


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_keeps_the_promises_at_every_length(name: str) -> None:
    for seed in range(12):
        for length in LENGTHS:
            x = render_event(name, seed, length)
            where = f"{name}, seed {seed}, {length} samples"
            assert x.shape == (length,), where
            assert x.dtype == np.float32, where
            assert np.isfinite(x).all(), where
            assert np.max(np.abs(x)) <= EVENT_PEAK + 1e-6, where
            assert abs(loudness_dbfs(x) - LEVEL_DBFS) < 0.3, where
            assert longest_pause_s(x) <= MAX_INNER_GAP_S, where
            audible = np.flatnonzero(np.abs(x) > 0.01 * np.max(np.abs(x)))
            assert audible[0] <= 0.02 * RATE, f"{where}: begins {audible[0] / RATE:.3f} s late"
            assert length - audible[-1] <= 0.12 * RATE, f"{where}: dies {(length - audible[-1]) / RATE:.3f} s early"
            assert abs(float(x[0])) < 0.01, where
            assert abs(float(x[-1])) < 0.01, where


@pytest.mark.parametrize("name", CLASSES)
def test_renders_repeat_by_seed_and_differ_between_seeds(name: str) -> None:
    assert np.array_equal(render_event(name, 3, 8000), render_event(name, 3, 8000))
    renders = [render_event(name, seed, 8000) for seed in range(6)]
    for i, a in enumerate(renders):
        for b in renders[:i]:
            alike = float(np.abs(np.dot(a, b)) / np.sqrt(np.dot(a, a) * np.dot(b, b)))
            assert alike < 0.98, f"two renders of {name} are the same wave"


def test_no_global_random_state_is_read_or_written() -> None:
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    a = render_event("glass", 5, 8000)
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert np.array_equal(a, render_event("glass", 5, 8000))


def test_unknown_class_names_the_bank() -> None:
    with pytest.raises(ConfigError) as caught:
        render_event("unicorn", 0, 8000)
    assert caught.value.code == "synth.unknown_class"
    assert "'unicorn'" in caught.value.message
    assert "dog" in caught.value.hint
    with pytest.raises(ConfigError, match="no sound class"):
        check_classes(())


def test_loudness_ignores_pauses() -> None:
    tone = 0.1 * np.sin(np.arange(8000))
    assert loudness_dbfs(np.concatenate([tone, np.zeros(8000)])) == pytest.approx(loudness_dbfs(tone), abs=0.01)
    assert loudness_dbfs(np.zeros(800)) == -200.0


# Mean of the absolute value in thousandths, spectral centroid in Hz, of `render_event(name, seed=1, length=9600)`.
SOUNDED_LIKE = {
    "alarm": (31.061, 2705.9),
    "bell": (22.070, 1101.8),
    "bird": (41.654, 3934.5),
    "cat": (38.879, 1432.1),
    "clap": (7.073, 1981.5),
    "clock": (6.337, 3846.0),
    "cow": (31.898, 581.6),
    "crickets": (31.241, 4396.8),
    "crowd": (37.208, 630.9),
    "dog": (27.139, 1036.6),
    "drum": (20.807, 207.0),
    "engine": (35.196, 144.0),
    "fan": (39.748, 669.6),
    "fire": (37.018, 602.7),
    "footsteps": (24.276, 3829.9),
    "frog": (18.310, 938.5),
    "glass": (28.454, 5491.4),
    "helicopter": (18.803, 688.9),
    "horn": (37.732, 1250.6),
    "knock": (10.147, 575.6),
    "laughter": (30.371, 1230.5),
    "phone": (37.190, 2417.4),
    "rain": (37.696, 4628.4),
    "saw": (31.768, 2894.5),
    "siren": (42.420, 1215.0),
    "stream": (28.789, 1459.8),
    "thunder": (35.128, 75.9),
    "train": (36.843, 747.4),
    "typing": (7.891, 1742.9),
    "vacuum": (39.323, 1934.9),
    "whistle": (41.580, 1405.2),
    "wind": (37.804, 555.3),
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_bank_still_sounds_the_same(name: str) -> None:
    """Whoever changes a sound on purpose raises RECIPE_VERSION and writes the new figures here."""
    x = render_event(name, 1, 9600).astype(np.float64)
    power = np.abs(np.fft.rfft(x)) ** 2
    centroid = float(np.sum(np.fft.rfftfreq(x.size, 1 / RATE) * power) / np.sum(power))
    assert (1000 * np.mean(np.abs(x)), centroid) == pytest.approx(SOUNDED_LIKE[name], rel=1e-3)


def test_every_class_has_its_figures() -> None:
    assert tuple(SOUNDED_LIKE) == CLASSES
