"""The player shows the sound that it plays."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from markupsafe import Markup

from audio_reasoner.report import Span, encode_listening, player
from audio_reasoner.report.player import RATE, spectrogram, waveform_path


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("hz", [150.0, 440.0, 1000.0, 4000.0, 7000.0])
def test_spectrogram_shows_a_tone_at_its_height(hz: float) -> None:
    picture = spectrogram(tone(hz))
    row = int(picture[:, 20:-20].astype(int).sum(axis=1).argmax())
    mel = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (8000.0, 50.0)), 73)
    high, low = (700 * (10 ** (m / 2595) - 1) for m in (mel[row], mel[row + 1]))
    assert low - 35 <= hz <= high + 35  # a bin is 31 Hz wide


def test_spectrogram_shows_when_it_sounds() -> None:
    x = np.concatenate([np.zeros(RATE), tone(1000), np.zeros(2 * RATE)]).astype(np.float32)
    loud = np.flatnonzero(spectrogram(x).max(axis=0) > 10)
    assert loud[0] / 360 * 4 == pytest.approx(1.0, abs=0.05)
    assert loud[-1] / 360 * 4 == pytest.approx(2.0, abs=0.05)


def test_a_click_in_a_long_recording_is_seen() -> None:
    x = np.zeros(60 * RATE, np.float32)
    x[30 * RATE + 777 : 30 * RATE + 1577] = 0.8
    assert abs(int(spectrogram(x).max(axis=0).argmax()) - 180) <= 1


@pytest.mark.parametrize("n", [1, 5, 100, 700])
def test_very_short_sounds_have_pictures(n: int) -> None:
    x = np.ones(n, np.float32)
    assert spectrogram(x).shape == (72, 360)
    assert waveform_path(x).startswith("M0 ")


def test_silence_and_not_a_number_are_dark() -> None:
    assert not spectrogram(np.zeros(RATE, np.float32)).any()
    assert not spectrogram(np.full(RATE, np.nan, np.float32)).any()


def test_listening_copy_sounds_the_same_and_is_small() -> None:
    x = np.concatenate([tone(440, 2), np.zeros(RATE, np.float32), tone(880, 2)])
    sound = encode_listening(x)
    assert len(sound.data) < len(x) * 2 / 5
    y, rate = soundfile.read(io.BytesIO(sound.data), dtype="float32")
    assert rate == RATE
    assert abs(len(y) / rate - 5) < 0.12
    for start, hz in ((0.5, 440), (3.6, 880)):
        piece = y[int(start * rate) : int((start + 1) * rate)]
        assert np.abs(np.fft.rfft(piece)).argmax() == pytest.approx(hz, abs=2)
    assert encode_listening(x).data == sound.data


def test_player_without_sound_says_why_and_has_no_controls() -> None:
    markup = player(3.0, spans=[Span(0, 1, "<b>dog</b>")], note="The file is gone: <x>")
    assert isinstance(markup, Markup)
    assert "<audio" not in markup
    assert "The file is gone: &lt;x&gt;" in markup
    assert "&lt;b&gt;dog&lt;/b&gt;" in markup


def test_player_is_reachable_by_keyboard() -> None:
    markup = player(3.0, sound=encode_listening(tone(440, 3)), pcm=tone(440, 3))
    assert 'role="slider" tabindex="0"' in markup
    assert 'aria-valuemax="3.00"' in markup
