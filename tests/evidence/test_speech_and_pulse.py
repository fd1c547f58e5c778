"""Speech is told where somebody speaks, denied where nobody does, and the pulse only where it is plain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evidence_voice
from audio_reasoner.evidence import measure
from audio_reasoner.evidence.pulse import pulse_bpm
from audio_reasoner.evidence.speech import stretches

RATE = 16_000


def found(x: np.ndarray) -> dict[str, Any]:
    return {i.name: i.value for i in measure(x, "a" * 64).items}


@pytest.fixture(scope="module")
def voices() -> list[np.ndarray]:
    return evidence_voice.voices(6, 11)


def test_two_sentences_and_the_pause_between_them(voices: list[np.ndarray]) -> None:
    first, second = voices[0] * 0.05, voices[1] * 0.05
    x = np.concatenate([np.zeros(RATE), first, np.zeros(2 * RATE), second, np.zeros(RATE)])
    said = found(x)
    assert said["speech"] is True
    (a, b), (c, d) = said["speech_segments"]
    assert (a, b) == pytest.approx((1.0, 1.0 + first.size / RATE), abs=0.3)
    assert (c, d) == pytest.approx((b + 2.0, x.size / RATE - 1.0), abs=0.3)
    assert said["speech_share"] == pytest.approx((first.size + second.size) / x.size, abs=0.1)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.1])
def test_noise_and_silence_are_no_speech(level: float) -> None:
    said = found(np.random.default_rng(0).standard_normal(3 * RATE) * level)
    assert said["speech"] is False
    assert said["speech_segments"] == []
    assert said["speech_share"] == 0.0


def test_a_clip_is_heard_the_same_whatever_was_heard_before(voices: list[np.ndarray]) -> None:
    quiet = np.zeros(2 * RATE)
    before = found(quiet)
    found(voices[2] * 0.1)
    assert found(quiet) == before


def test_doubtful_stretches_leave_everything_unsaid() -> None:
    def likely(*runs: tuple[int, float]) -> np.ndarray:
        return np.concatenate([np.full(n, p) for n, p in runs])

    _, plain = stretches(likely((40, 0.01), (10, 0.95), (40, 0.01)), 90 * 0.032)
    assert not plain  # a third of a second
    _, plain = stretches(likely((40, 0.01), (40, 0.7), (40, 0.01)), 120 * 0.032)
    assert not plain  # long, but only perhaps
    spans, plain = stretches(likely((40, 0.01), (40, 0.98), (5, 0.1), (40, 0.98), (40, 0.01)), 165 * 0.032)
    assert plain
    assert spans == [(pytest.approx(1.28), pytest.approx(125 * 0.032))]  # a breath is bridged


def test_whoever_knows_better_can_leave_it_out(voices: list[np.ndarray]) -> None:
    names = {i.name for i in measure(voices[3] * 0.1, "a" * 64, speech=False).items}
    assert not names & {"speech", "speech_segments", "speech_share", "pulse_bpm"}


@pytest.mark.parametrize("bpm", [66, 90, 120, 150])
def test_the_pulse_of_a_metronome(bpm: int) -> None:
    click = np.sin(2 * np.pi * 1000 * np.arange(400) / RATE) * np.linspace(1, 0, 400)
    x = np.zeros(8 * RATE)
    for k in range(int(8 * bpm / 60)):
        at = int(k * 60 / bpm * RATE)
        x[at : at + 400] += click[: x.size - at]
    assert pulse_bpm(x) == pytest.approx(bpm, rel=0.02)
    assert found(x)["pulse_bpm"] == pulse_bpm(x)


def test_no_pulse_in_noise_in_speech_in_a_tone_or_in_a_few_seconds(voices: list[np.ndarray]) -> None:
    rng = np.random.default_rng(3)
    assert pulse_bpm(rng.standard_normal(8 * RATE)) is None
    assert pulse_bpm(np.sin(2 * np.pi * 440 * np.arange(8 * RATE) / RATE)) is None
    assert pulse_bpm(np.zeros(8 * RATE)) is None
    assert pulse_bpm(np.concatenate([v[: 2 * RATE] for v in voices])) is None
    assert pulse_bpm(rng.standard_normal(100)) is None
