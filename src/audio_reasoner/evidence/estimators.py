"""What can be told about a clip by listening to it: length, loudness, pauses, onsets, brightness, pitch.

Decisions:

* Plain level and spectrum arithmetic on 10 ms frames, nothing learned: a few milliseconds for a clip of five seconds,
  the same on every machine, and explainable in a sentence.
* Rumble below 60 Hz and constant offsets are taken away first: nobody hears them, every level meter does.
* A statement is only as good as the contrast it rests on. Each item carries its published error only if the clip is of
  the kind on which that error was measured (`_Kind`); otherwise `error` is None and the grounded teacher stays silent.
* An item that has no answer for this clip is absent (a clip of 10 ms has no loudness course). The one exception is
  `pitch_hz`: None says "no pitch".
* Values are rounded to what a listener can tell: tenths of a second (hundredths in clips under a second), whole
  decibels, two significant digits of a frequency.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_reasoner.core.audio import SAMPLE_RATE
from audio_reasoner.core.records import Evidence, EvidenceItem
from audio_reasoner.evidence.errors import ERRORS

VERSION = "evidence/3"

FRAME = 160
"""Samples per level frame: 10 ms."""
SILENT_DBFS = -70.0
"""Root mean square of a frame below which nothing is heard: 20 times the rounding noise of 16 bits."""
MIN_PAUSE_S = 0.4
"""A pause inside a stretch is bridged up to this length: strokes of one knocking belong together."""
MIN_STRETCH_S = 0.03
MAX_PITCH_HZ = 2000.0
"""Above it the period is a handful of samples at 16 kHz and no longer told."""
CLEAR_CONTRAST_DB = 25.0
"""Loudest part over quietest part, from which pauses can be told from sound."""
EVEN_CONTRAST_DB = 15.0
"""The same ratio in a sound that never pauses."""

F = NDArray[np.float64]


@dataclass(frozen=True)
class _Levels:
    """Frame levels in dBFS [m], the activity threshold, the active stretches as (first, end) frames.

    `pauses` are the lengths in seconds of all pauses between sounding frames, bridged or not.
    """

    db: F
    threshold: float
    stretches: tuple[tuple[int, int], ...]
    pauses: tuple[float, ...]
    contrast: float


def _frames(x: F) -> F:
    """[m, FRAME] view of the signal; the last frame is padded by repeating what it has."""
    m = -(-x.size // FRAME)
    if m * FRAME != x.size:
        x = np.concatenate([x, np.resize(x[(m - 1) * FRAME :], m * FRAME - x.size)])
    return x.reshape(m, FRAME)


def _db(power: F) -> F:
    return 10.0 * np.log10(np.maximum(power, 1e-12))


def _smooth(power: F, width: int) -> F:
    """Moving mean over `width` frames, edges by their own frames only."""
    if power.size < width:
        return power
    total: F = np.concatenate([[0.0], np.cumsum(power)])
    i = np.arange(power.size)
    low, high = np.maximum(i - width // 2, 0), np.minimum(i + width // 2 + 1, power.size)
    means: F = (total[high] - total[low]) / (high - low)
    return means


def _runs(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _listen(x: F) -> _Levels:
    frames = _frames(x)
    power: F = np.einsum("mk,mk->m", frames, frames) / FRAME
    db = _db(_smooth(power, 3))
    peak, floor = float(db.max()), float(np.percentile(_db(_smooth(power, 11)), 5))
    contrast = peak - max(floor, SILENT_DBFS)
    # Between floor and peak, never nearer to the peak than 20 dB (a soft sound is a sound) nor further than 45 dB.
    threshold = max(min(max(floor + 8.0, peak - 45.0), peak - 20.0), SILENT_DBFS)
    runs = _runs(db > threshold)
    pauses = tuple((b[0] - a[1]) / 100 for a, b in itertools.pairwise(runs))
    merged: list[tuple[int, int]] = []
    for a, b in runs:
        if merged and a - merged[-1][1] < MIN_PAUSE_S * 100:
            merged[-1] = (merged[-1][0], b)
        else:
            merged.append((a, b))
    short = MIN_STRETCH_S * 100
    kept = tuple(r for r in merged if r[1] - r[0] >= short) or tuple(merged)
    return _Levels(db, threshold, kept, pauses, contrast)


# Second-order Butterworth high pass at 60 Hz for 16 kHz (as scipy.signal.butter(2, 60, "highpass", fs=16000) gives it).
_HIGH_PASS = (
    np.array([0.983477203354, -1.966954406708, 0.983477203354]),
    np.array([1.0, -1.966681385263, 0.967227428152]),
)


def _audible(pcm16k: NDArray[Any]) -> F:
    """The signal without offset and rumble. The filter starts as if the first sample had stood for ever."""
    from scipy.signal import lfilter, lfilter_zi

    x = np.asarray(pcm16k, dtype=np.float64)
    x = x - x.mean()
    b, a = _HIGH_PASS
    y: F = lfilter(b, a, x, zi=lfilter_zi(b, a) * x[0])[0]
    return y


def is_silent(pcm16k: NDArray[Any]) -> bool:
    """Whether nothing can be heard: no 30 ms reach `SILENT_DBFS` once offset and rumble are taken away."""
    return not _listen(_audible(pcm16k)).stretches


def _course(levels: _Levels, duration: float) -> str | None:
    """The loudness course of an unbroken sound, or None if a listener could argue about it.

    Three or more stretches with pauses between them are "varying"; two are left open. One stretch is cut into five;
    levels are means of the power in dB. Steady: all within 3 dB. Rising and falling: at least 6 dB in all and never
    more than 1.5 dB back. Rise and fall: at least 6 dB up to an inner fifth and 6 dB down from it, without a step back.
    Varying: at least 6 dB up in one step and 6 dB down in another, and none of these.
    """
    if len(levels.stretches) > 1:
        return "varying" if len(levels.stretches) > 2 else None
    first, end = levels.stretches[0]
    if end - first < 40 or (end - first) / 100 < 0.6 * duration:
        return None
    power = 10.0 ** (levels.db[first:end] / 10.0)
    parts = _db(np.array([p.mean() for p in np.array_split(power, 5)]))
    steps = np.diff(parts)
    spread = float(parts.max() - parts.min())
    fine = _db(_smooth(power, 21))
    inner = fine[10:-10] if fine.size > 60 else fine
    swing = float(np.percentile(inner, 95) - np.percentile(inner, 5))
    if spread <= 3.0:
        return "steady" if swing <= 4.0 else ("varying" if swing >= 12.0 else None)
    if spread < 6.0:
        return None
    back = 1.5
    top, low = int(parts.argmax()), int(parts.argmin())
    if parts[-1] - parts[0] >= 6.0 and steps.min() >= -back:
        return "rising"
    if parts[0] - parts[-1] >= 6.0 and steps.max() <= back:
        return "falling"
    arch = 0 < top < 4 and min(parts[top] - parts[0], parts[top] - parts[-1]) >= 6.0
    if arch and steps[:top].min() >= -back and steps[top:].max() <= back:
        return "rise_fall"
    valley = 0 < low < 4 and min(parts[0] - parts[low], parts[-1] - parts[low]) >= 6.0
    if valley and steps[:low].max() <= back and steps[low:].min() >= -back:
        return "fall_rise"
    ups, downs = float(np.maximum(steps, 0).max()), float(np.maximum(-steps, 0).max())
    return "varying" if min(ups, downs) >= 6.0 else None


def _onsets(levels: _Levels) -> int:
    """Sudden beginnings: the level climbs by 10 dB within 50 ms to above the threshold, 100 ms after the last or
    later."""
    db = np.concatenate([np.full(5, SILENT_DBFS - 10.0), levels.db])
    rise = db[5:] - np.minimum.reduce([db[k : k + levels.db.size] for k in range(5)])
    count, last = 0, -100
    for i in np.flatnonzero((rise >= 10.0) & (levels.db > levels.threshold)):
        if i - last > 10:
            count += 1
        last = int(i)
    return count


def _windows(x: F, stretches: tuple[tuple[int, int], ...], size: int, most: int) -> F:
    """Up to `most` windows of `size` samples, evenly spread over the active stretches, [k, size]."""
    starts = [s for a, b in stretches for s in range(a * FRAME, max(b * FRAME - size, a * FRAME) + 1, FRAME)]
    starts = [s for s in starts if s + size <= x.size]
    if not starts:
        return np.zeros((0, size))
    if len(starts) > most:
        starts = [starts[i] for i in np.linspace(0, len(starts) - 1, most).astype(int)]
    return np.stack([x[s : s + size] for s in starts])


def _brightness(x: F, stretches: tuple[tuple[int, int], ...]) -> float | None:
    """Centre of gravity of the power spectrum of the sounding part, Hz."""
    w = _windows(x, stretches, 1024, 48)
    if not len(w):
        return None
    power = np.abs(np.fft.rfft(w * np.hanning(1024), axis=1)) ** 2
    mean = power.sum(axis=0)
    mean[:3] = 0.0  # below 40 Hz: offset and rumble that nobody hears
    total = mean.sum()
    return float((mean * np.arange(513)).sum() / total * SAMPLE_RATE / 1024) if total > 0 else None


def _pitch(x: F, stretches: tuple[tuple[int, int], ...]) -> float | None:
    """Median fundamental frequency in Hz (from 60 Hz on) if most of the sounding part is clearly periodic.

    McLeod's normalised square difference: 1 at an exact period, whatever is left of the window at that lag; the first
    peak nearly as high as the highest is the period, and not its double.
    """
    size, finer = 1024, 4
    w = _windows(x, stretches, size, 24)
    if not len(w):
        return None
    w = w - w.mean(axis=1, keepdims=True)
    # Quarter samples: at 16 kHz the period of 1,900 Hz falls between two samples, and its double would look better.
    spectrum = np.abs(np.fft.rfft(w, 2 * size, axis=1)) ** 2
    acf = finer * np.fft.irfft(spectrum, 2 * size * finer, axis=1)
    energy = np.cumsum(w**2, axis=1)
    lags = np.arange(SAMPLE_RATE // 60 + 3)
    before = np.concatenate([np.zeros((len(w), 1)), energy], axis=1)[:, lags]
    norm = energy[:, size - 1 - lags] + energy[:, -1:] - before
    between = np.arange(finer) / finer
    norm = (norm[:, :-1, None] * (1.0 - between) + norm[:, 1:, None] * between).reshape(len(w), -1)
    nsdf = 2.0 * acf[:, : norm.shape[1]] / np.maximum(norm, 1e-12)
    found = []
    for row in nsdf:
        peaks = np.flatnonzero((row[1:-1] > row[:-2]) & (row[1:-1] >= row[2:]) & (row[1:-1] > 0.0)) + 1
        # The slope down from lag 0 is no period: search after the first fall below zero.
        peaks = peaks[peaks > int(np.argmax(row < 0.0))] if row.min() < 0.0 else peaks[:0]
        if not peaks.size or row[peaks].max() < 0.85:
            continue
        at = int(peaks[row[peaks] >= 0.93 * row[peaks].max()][0])
        a, b, c = row[at - 1], row[at], row[at + 1]
        bend = a - 2 * b + c
        found.append(SAMPLE_RATE * finer / (at + (0.5 * (a - c) / bend if bend else 0.0)))
    if len(found) < 0.6 * len(w):
        return None
    middle = float(np.median(found))
    agree = np.mean(np.abs(np.asarray(found) / middle - 1.0) < 0.06)
    return middle if agree >= 0.6 else None


def _level(x: F, levels: _Levels) -> float:
    """Root mean square in dBFS of the sounding frames within 10 dB of their mean: pauses and tails do not count."""
    frames = _frames(x)
    power: F = np.einsum("mk,mk->m", frames, frames) / FRAME
    power = np.concatenate([power[a:b] for a, b in levels.stretches])
    return float(_db(np.array([power[power >= 0.1 * power.mean()].mean()]))[0])


def _two_digits(hz: float) -> float:
    return float(f"{hz:.2g}")


def measure(pcm16k: NDArray[Any], content_key: str, *, speech: bool = True) -> Evidence:
    """Everything that listening tells about a clip.

    Args:
        pcm16k: samples [n], mono, 16 kHz, finite, n > 0.
        content_key: the clip's content key.
        speech: whether to listen for speech and for a beat; a clip with a timeline tells both.

    Returns:
        Items `duration_s`, `loudness_course`, `level_dbfs`, `segments` (stretches of sound, [[start, end], …] in
        seconds, pauses under `MIN_PAUSE_S` bridged), `leading_silence_s`, `trailing_silence_s`, `silence_share`,
        `onset_count`, `brightness_hz`, `pitch_hz`, with `speech` also `speech`, `speech_segments`, `speech_share` and
        `pulse_bpm`. What does not apply is absent.
    """
    x = np.asarray(pcm16k, dtype=np.float64)
    if x.ndim != 1 or not x.size:
        raise ValueError(f"expected samples [n], n > 0; got shape {x.shape}")
    duration = x.size / SAMPLE_RATE
    digits = 1 if duration >= 1.0 else 2 if duration >= 0.1 else 4
    whole, x = x - x.mean(), _audible(x)
    levels = _listen(x)
    stretches = levels.stretches
    clear = levels.contrast >= CLEAR_CONTRAST_DB

    # A sound without a pause has no quiet part to compare with; that it fills the clip is plain all the same.
    unbroken = levels.contrast < EVEN_CONTRAST_DB and stretches == ((0, levels.db.size),)

    items: list[EvidenceItem] = []

    def add(name: str, value: Any, unit: str, known: bool) -> None:
        error = ERRORS.get(name) if known else None
        items.append(EvidenceItem(name=name, value=value, unit=unit, source=f"measured:{name}/1", error=error))

    def seconds(frames: int) -> float:
        return round(min(frames / 100, duration), digits)

    add("duration_s", round(duration, digits), "s", True)
    segments = [[seconds(a), seconds(b)] for a, b in stretches]
    # A pause about as long as the limit might as well have been bridged, or not.
    distinct = clear and not any(0.7 * MIN_PAUSE_S < p < 1.4 * MIN_PAUSE_S for p in levels.pauses)
    sounding = sum(b - a for a, b in stretches) / levels.db.size
    add("segments", segments, "s", distinct or unbroken)
    add("silence_share", round(1.0 - sounding, 2), "", clear or unbroken)
    known = clear or unbroken
    add("leading_silence_s", seconds(stretches[0][0]) if stretches else round(duration, digits), "s", known)
    trailing = duration - stretches[-1][1] / 100 if stretches else duration
    add("trailing_silence_s", round(max(trailing, 0.0), digits), "s", known)
    add("onset_count", _onsets(levels) if stretches else 0, "", distinct)
    if stretches:
        add("level_dbfs", round(_level(whole, levels)), "dBFS", True)
        course = _course(levels, duration)
        if course is not None:
            add("loudness_course", course, "", True)
        brightness = _brightness(x, stretches)
        if brightness is not None:
            add("brightness_hz", _two_digits(brightness), "Hz", True)
        pitch = _pitch(x, stretches)
        if pitch is None or pitch <= MAX_PITCH_HZ:
            # None means that no single pitch was found; a chord has none either, so it is no statement to make.
            add("pitch_hz", None if pitch is None else _two_digits(pitch), "Hz", pitch is not None)
    else:
        add("pitch_hz", None, "Hz", False)
    if speech:
        from audio_reasoner.evidence.pulse import pulse_bpm
        from audio_reasoner.evidence.speech import measure_speech

        for name, value in measure_speech(np.asarray(pcm16k, dtype=np.float32)).items():
            add(name, value, "s" if name == "speech_segments" else "", True)
        bpm = pulse_bpm(x)
        if bpm is not None:
            add("pulse_bpm", bpm, "bpm", True)
    return Evidence(content_key=content_key, version=VERSION, items=tuple(items))
