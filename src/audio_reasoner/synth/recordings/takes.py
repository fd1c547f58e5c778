"""One recording, listened to: where its sound begins and ends, whether it is one event, how far to turn it up.

Decision: numbers that a person can check on the envelope, no model. The envelope is the power of 10 ms frames. Silence
is what lies 40 dB below the loudest frame, or barely above the recording's own noise; so a bark in a noisy garden is
found as well as one in a studio. Two bursts with more than 0.3 s of silence between them are two events to a listener
(the procedural bank obeys the same figure), and a recording with two events must never be counted as one.

All offsets are samples at 16 kHz and multiples of 16, so that a span is a whole number of milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.synth.bank.render import EVENT_PEAK, LEVEL_DBFS, MAX_INNER_GAP_S, loudness_dbfs
from audio_reasoner.synth.dsp import RATE

TAKES_VERSION: Final = 8
"""Raised when a recording would be measured differently; what older versions measured is measured again."""
FRAME: Final = 160
SILENT_DBFS: Final = -60.0
"""A recording whose loudest frame lies below this holds nothing."""
RANGE_DB: Final = 40.0
NOISE_DB: Final = 4.0
"""A frame stands out from the recording's noise (its 10th percentile) from so many dB on."""
STEADY_DB: Final = 15.0
"""Recordings that vary less than this have no pauses: rain, engines, hum."""
BEFORE: Final = 160
AFTER: Final = 800
"""Samples kept before the first and after the last frame that is heard."""
FADES: Final = (80, 320)
FULL_SCALE: Final = 0.985
FIRM_DB: Final = 4.0
"""A sound keeps its loudness where no `_FIRM` frames lie further below it: a bell for a second, rain all along."""
_FIRM: Final = 40
_TAIL: Final = 10
"""Frames; a tail that falls by half a dB in each stretch of these still belongs to the sound."""
_PROBE_FROM: Final = 1 << 16
"""Bytes. Smaller files are decoded without asking first how long they last: at 1 kB/s it is a minute at most."""

Kind = Literal["single", "several"]
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a bank accepts.

    Args:
        min_seconds: shortest sound, after trimming.
        max_seconds: longest recording, before trimming.
        max_clipped: greatest share of samples that stand in a row at full scale, 0 to 1.
    """

    min_seconds: float = 0.1
    max_seconds: float = 60.0
    max_clipped: float = 0.01


@dataclass(frozen=True, slots=True)
class Take:
    """What was found in a recording.

    `digest` is the sha256 of its bytes, `sound` of the 16-bit samples of its sound: equal for copies in another
    container or under another title. `start` and `length` are the sound in samples at 16 kHz; `gain_db` brings it to
    the bank's level, and `limited` says that its peaks are rounded off at that gain; `seconds` is the whole file. From
    `firm_start` to `firm_end`, counted from `start`, the sound keeps that level; see `firm_stretch`.
    """

    digest: str
    sound: str
    start: int
    length: int
    gain_db: float
    limited: bool
    kind: Kind
    note: str
    seconds: float
    firm_start: int
    firm_end: int

    @property
    def key(self) -> str:
        """Content key of the span."""
        return ids.content_key_of_span(self.digest, self.start // 16, (self.start + self.length) // 16)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the sound lies in an envelope: `bursts` are (first, last + 1) frames, `end` is the last frame + 1."""

    threshold_db: float
    bursts: tuple[tuple[int, int], ...]
    end: int

    def gaps_s(self) -> list[float]:
        """Lengths of the silences between the bursts, seconds."""
        return [(b[0] - a[1]) * FRAME / RATE for a, b in zip(self.bursts, self.bursts[1:], strict=False)]


def envelope_db(x: Samples) -> NDArray[np.float64]:
    """Level of each 10 ms frame in dBFS, at least -120; the last frame may be shorter."""
    n = -(-x.shape[0] // FRAME)
    power = np.zeros(n * FRAME, dtype=np.float64)
    power[: x.shape[0]] = np.square(x, dtype=np.float64)
    mean = power.reshape(n, FRAME).mean(axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(mean, 1e-12)))


def _smoothed(level: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.pad(10.0 ** (level / 10.0), 1, mode="edge")
    mean = (power[:-2] + power[1:-1] + power[2:]) / 3.0
    return np.asarray(10.0 * np.log10(mean))


def shape_of(level: NDArray[np.float64]) -> Shape:
    """Find the bursts of an envelope (`envelope_db`). Pauses of up to 0.3 s do not part a burst.

    A burst counts if it rises `NOISE_DB` above the threshold; what only flickers around it is noise.

    >>> import numpy as np
    >>> shape_of(np.repeat([-90.0, -20.0, -90.0, -20.0, -90.0], 40)).bursts
    ((40, 80), (120, 160))
    """
    # Low noise swings by several dB from frame to frame; over three frames it hardly does.
    level = _smoothed(level)
    tenth = level.size // 10
    peak, floor = float(level.max()), float(np.partition(level, tenth)[tenth])
    threshold = max(peak - RANGE_DB, floor + NOISE_DB) if peak - floor >= STEADY_DB else peak - STEADY_DB
    over = level > threshold
    # In the smoothed envelope a sound reaches one frame further on both sides than it is long.
    inner = over.copy()
    inner[1:] &= over[:-1]
    inner[:-1] &= over[1:]
    heard = np.flatnonzero(inner if inner.any() else over)
    cuts = np.flatnonzero(np.diff(heard) - 1 > round(MAX_INNER_GAP_S * RATE / FRAME))
    firsts = heard[np.concatenate(([0], cuts + 1))]
    lasts = heard[np.concatenate((cuts, [heard.size - 1]))] + 1
    found = [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]
    bursts = tuple(ab for ab in found if float(level[ab[0] : ab[1]].max()) >= min(threshold + NOISE_DB, peak))
    end = bursts[-1][1]
    steps, tail = 0, [float(b.mean()) for b in _stretches(level[end:])]
    while steps + 1 < len(tail) and tail[steps + 1] < tail[steps] - 0.5 and tail[steps] > peak - RANGE_DB:
        steps += 1
    if steps > 1:  # once can be chance; noise does not go on falling
        end += (steps + 1) * _TAIL
    return Shape(threshold, bursts, end)


def _stretches(level: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    for at in range(0, level.size - _TAIL + 1, _TAIL):
        yield level[at : at + _TAIL]


def clipped_share(samples: Samples) -> float:
    """Share of samples, of the loudest channel, that stand at full scale at least three in a row."""
    if not samples.size:
        return 0.0
    x = np.abs(samples if samples.ndim > 1 else samples[:, None])
    peak = float(x.max())
    if peak < FULL_SCALE:
        return 0.0
    flat = x >= min(peak, 1.0) * 0.9995
    return float((flat[:-2] & flat[1:-1] & flat[2:]).mean(axis=0).max()) if x.shape[0] > 2 else 0.0


def level_gain(x: Samples) -> tuple[float, bool]:
    """(gain in dB, whether peaks are rounded off) that bring a sound to `LEVEL_DBFS`; see `levelled`."""
    gain = LEVEL_DBFS - loudness_dbfs(x)
    if float(np.max(np.abs(x))) * 10.0 ** (gain / 20.0) <= EVENT_PEAK:
        return round(gain, 4), False
    # Rounding off takes loudness away: drive it harder until it is as loud as it should be, as the bank does.
    for _ in range(8):
        short_db = LEVEL_DBFS - loudness_dbfs(levelled(x, gain, True))
        if abs(short_db) < 0.05:
            break
        gain += 1.3 * short_db
    return round(gain, 4), True


def levelled(x: Samples, gain_db: float, limited: bool) -> Samples:
    """A sound at the bank's level: float32 [n], no sample above `EVENT_PEAK` where `limited`."""
    y = x * np.float32(10.0 ** (gain_db / 20.0))
    if limited:
        y = np.float32(EVENT_PEAK) * np.tanh(y / np.float32(EVENT_PEAK))
    return np.asarray(y, dtype=np.float32)


def firm_stretch(x: Samples) -> tuple[int, int]:
    """The longest stretch, first and last + 1 sample, that is as loud as the whole: of it a part may stand for it.

    The tail of a bell is a bell, but 30 dB softer than the timeline would say. Where no 0.4 s are as loud as the whole,
    the loudest are taken. Frames without sound do not count, as in `loudness_dbfs`: a ticking clock keeps its loudness.
    """
    power = 10.0 ** (envelope_db(x) / 10.0)
    if power.size <= _FIRM:
        return 0, x.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(power, _FIRM)
    heard = windows >= 0.1 * windows.mean(axis=1, keepdims=True)
    level = 10.0 * np.log10((windows * heard).sum(axis=1) / heard.sum(axis=1))
    firm = np.concatenate(([False], level >= loudness_dbfs(x) - FIRM_DB, [False]))
    edges = np.flatnonzero(np.diff(firm))
    if not edges.size:
        edges = int(np.argmax(level)) + np.array([0, 1])
    firsts, lasts = edges[::2], edges[1::2]
    longest = int(np.argmax(lasts - firsts))
    return int(firsts[longest]) * FRAME, min((int(lasts[longest]) - 1 + _FIRM) * FRAME, x.shape[0])


def _refuse_long(seconds: float, limits: Limits) -> None:
    if seconds > limits.max_seconds + 0.05:
        raise InputError(
            f"it lasts {seconds:.1f} s, longer than {limits.max_seconds:g} s",
            code="bank.too_long",
            hint="Cut it, or raise --max-seconds.",
        )


def measure(path: Path, limits: Limits) -> Take:
    """Decode a recording and find its sound.

    Raises:
        InputError: it cannot be read (codes ``audio.*``) or a bank has no use for it: ``bank.too_long``,
            ``bank.too_short``, ``bank.silent``, ``bank.clipped``.
    """
    from audio_reasoner.core import audio

    try:
        big = path.stat().st_size > _PROBE_FROM
    except OSError:
        big = False  # `decode` says what is wrong with it
    if big:
        _refuse_long(audio.probe(path).duration_s, limits)
    decoded = audio.decode(path)
    seconds = decoded.samples.shape[0] / decoded.rate
    _refuse_long(seconds, limits)
    x = audio.resample(audio.to_mono(decoded.samples), decoded.rate, RATE)
    level = envelope_db(x) if x.shape[0] else np.full(1, -120.0)
    if float(level.max()) < SILENT_DBFS:
        raise InputError(f"its loudest 10 ms lie at {level.max():.0f} dBFS", code="bank.silent")
    shape = shape_of(level)
    start = max(shape.bursts[0][0] * FRAME - BEFORE, 0)
    end = min(shape.end * FRAME + AFTER, x.shape[0])
    length = (end - start) // 16 * 16
    heard_s = (min(shape.end * FRAME, x.shape[0]) - shape.bursts[0][0] * FRAME) / RATE
    if heard_s < limits.min_seconds or length < 400:
        raise InputError(
            f"its sound lasts {heard_s:.2f} s, less than {limits.min_seconds:g} s",
            code="bank.too_short",
            hint="Lower --min-seconds to keep it.",
        )
    share = clipped_share(decoded.samples) * x.shape[0] / max(end - start, 1)
    if share > limits.max_clipped:
        raise InputError(
            f"{100 * share:.1f} % of its samples stand at full scale: it was recorded too loud",
            code="bank.clipped",
            hint="Raise --max-clipped to keep it.",
        )
    gain_db, limited = level_gain(x[start : start + length])
    gaps = shape.gaps_s()
    note = f"{len(gaps) + 1} bursts; pauses of {', '.join(f'{g:.2f}' for g in gaps[:4])} s" if gaps else ""
    if len(gaps) > 4:
        note += " …"
    kind: Kind = "several" if gaps else "single"
    sound = hashlib.sha256(audio.to_pcm16(x[start : start + length]).tobytes()).hexdigest()
    firm = firm_stretch(x[start : start + length])
    return Take(ids.file_sha256(path), sound, start, length, gain_db, limited, kind, note, round(seconds, 3), *firm)
