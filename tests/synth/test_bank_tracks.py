"""Long renders: a track goes on; odd lengths and seeds; classes told apart; the page and the picture of the bank."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank.render import (
    CLASSES,
    EVENT_CLASSES,
    EVENT_PEAK,
    KINDS_OF_SOUND,
    LEVEL_DBFS,
    MAX_INNER_GAP_S,
    MAX_SAMPLES,
    MIN_SAMPLES,
    TRACK_CLASSES,
    loudness_dbfs,
    render_event,
)
from audio_reasoner.synth.dsp import RATE, wander

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    """A script of benchmarks/ as a module: the claim and its small version share their code."""
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


PROMISES = script("bank_promises")


def test_every_class_is_an_event_or_a_track() -> None:
    assert tuple(KINDS_OF_SOUND) == CLASSES
    assert set(EVENT_CLASSES) | set(TRACK_CLASSES) == set(CLASSES)
    assert len(CLASSES) >= 28
    assert len(EVENT_CLASSES) >= 24
    assert len(TRACK_CLASSES) >= 16


@pytest.mark.parametrize("name", CLASSES)
def test_a_long_render_goes_on_to_its_end(name: str) -> None:
    x = render_event(name, 4, 30 * RATE)
    assert x.shape == (30 * RATE,)
    assert np.isfinite(x).all()
    assert np.max(np.abs(x)) <= EVENT_PEAK + 1e-6
    assert abs(loudness_dbfs(x) - LEVEL_DBFS) < 0.5
    assert PROMISES.longest_pause_s(x) <= MAX_INNER_GAP_S
    if name in TRACK_CLASSES:
        assert PROMISES.quietest_second_db(x) > -10.0
        thirds = [loudness_dbfs(part) for part in np.split(x, 3)]
        assert max(thirds) - min(thirds) < 4.0, "a track neither swells nor dies away over its length"
        if name == "alarm":
            return  # an electronic beep repeats itself to the sample: that is what it sounds like
        first, second = x[: 10 * RATE], x[10 * RATE : 20 * RATE]
        alike = np.fft.irfft(np.fft.rfft(first, 1 << 19) * np.conj(np.fft.rfft(second, 1 << 19)))
        assert np.max(np.abs(alike)) / float(np.dot(first, first)) < 0.98, "a loop"


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("length", [MIN_SAMPLES, 401, 1600])
def test_shortest_renders_keep_level_and_peak(name: str, length: int) -> None:
    for seed in range(8):
        x = render_event(name, seed, length)
        assert x.shape == (length,)
        assert np.isfinite(x).all()
        assert np.max(np.abs(x)) <= EVENT_PEAK + 1e-6
        assert abs(loudness_dbfs(x) - LEVEL_DBFS) < 0.5


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**32, 2**48, 2**64 - 1, 2**64, 2**200])
def test_extreme_seeds(seed: int) -> None:
    for name in ("crowd", "dog", "wind", "typing"):
        x = render_event(name, seed, 8000)
        assert np.array_equal(x, render_event(name, seed, 8000))
        assert not np.array_equal(x, render_event(name, seed + 1, 8000))


@pytest.mark.parametrize("length", [-1, 0, 1, MIN_SAMPLES - 1, MAX_SAMPLES + 1, 10**12])
def test_impossible_lengths_are_refused_before_anything_is_rendered(length: int) -> None:
    with pytest.raises(ConfigError) as caught:
        render_event("rain", 0, length)
    assert caught.value.code == "synth.bad_length"
    assert str(MIN_SAMPLES) in caught.value.message


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        render_event("rain", -1, 8000)
    assert caught.value.code == "synth.bad_seed"


@pytest.mark.parametrize("n", [1, 31, 32, 33, 400, 100_000])
def test_wander_stays_within_its_bounds_and_is_smooth(n: int) -> None:
    y = wander(np.random.default_rng(3), n, 0.2, 0.25, 0.75)
    assert y.shape == (n,)
    assert y.min() >= 0.25
    assert y.max() <= 0.75
    assert np.max(np.abs(np.diff(y)), initial=0.0) < 0.5 * 1.6 / (0.2 * RATE)
    if n == 100_000:
        assert y.max() - y.min() > 0.3


@pytest.mark.system
def test_a_classifier_tells_the_classes_apart() -> None:
    """Small version of benchmarks/bank_separation.py, with other seeds."""
    separation = script("bank_separation")
    accuracy, each, _ = separation.told_apart(
        separation.samples(CLASSES, 25, 21, separation.single), separation.samples(CLASSES, 8, 22, separation.single)
    )
    assert accuracy >= 0.95
    assert each.min() >= 0.7
    tracks, worst, _ = separation.told_apart(
        separation.samples(TRACK_CLASSES, 6, 21, separation.track),
        separation.samples(TRACK_CLASSES, 2, 22, separation.track),
    )
    assert tracks >= 0.95
    assert worst.min() >= 0.5


@pytest.mark.system
def test_the_page_says_what_each_class_is_for_and_what_it_is_like() -> None:
    from audio_reasoner.synth.bank.page import bank_page

    html = bank_page(renders=1)
    assert html.count("<audio") == len(CLASSES) + len(TRACK_CLASSES)
    assert "bell and phone: confusable" in html
    assert "saw and vacuum: confusable" in html
    assert "clap and drum: alike" in html
    assert "short events and tracks" in html
    assert "no recording" in html


def test_the_picture_in_the_docs_shows_the_bank_and_is_small() -> None:
    picture = ROOT / "docs" / "synth-bank.svg"
    text = picture.read_text()
    assert picture.stat().st_size < 400_000
    assert all(f">{name}</text>" in text for name in CLASSES), "run benchmarks/bank_picture.py"
    assert text.count("<image") == sum(1 + (kind == "both") for kind in KINDS_OF_SOUND.values())
