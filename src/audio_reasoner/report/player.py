"""A sound in a page: listening copy, waveform, spectrogram and what is heard when, under one cursor.

Decision: what stands in the page is a copy for listening, mono MP3 at 16 kHz (about 4 kB a second, a sixth of FLAC, and the
one small format every browser plays); the data set keeps the real sound. Where libsndfile was built without MP3 the copy is FLAC.
A picture and the lanes are drawn here in Python, so that a page needs no signal processing in the browser.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from audio_reasoner.report import charts
from audio_reasoner.report.png import encode_png

RATE = 16_000
FREQUENCIES = (50.0, 8000.0)  # Hz, bottom and top of the picture


@dataclass(frozen=True)
class Listening:
    """An encoded sound: media type and bytes."""

    mime: str
    data: bytes

    @property
    def uri(self) -> str:
        """The sound as a data URI."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


def encode_listening(pcm: npt.NDArray[np.float32]) -> Listening:
    """A listening copy of mono PCM at 16 kHz. Values beyond ±1 are cut."""
    import soundfile

    pcm = np.clip(np.nan_to_num(pcm), -1.0, 1.0).astype(np.float32)
    out = io.BytesIO()
    if "MP3" in soundfile.available_formats():
        soundfile.write(
            out, pcm, RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.6, bitrate_mode="VARIABLE"
        )
        return Listening("audio/mpeg", out.getvalue())
    soundfile.write(out, pcm, RATE, format="FLAC", subtype="PCM_16")
    return Listening("audio/flac", out.getvalue())


def _mel(hz: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0))


def spectrogram(
    pcm: npt.NDArray[np.float32], *, width: int = 360, height: int = 72, floor_db: float = 70.0
) -> npt.NDArray[np.uint8]:
    """Picture of a sound: [height, width] levels 0..15, low frequencies at the bottom, mel-spaced from 50 Hz to 8 kHz.

    Level 15 is the loudest point, level 0 lies `floor_db` dB below it. Silence is all zeros.
    """
    n_fft = 512
    x = np.nan_to_num(np.asarray(pcm, dtype=np.float32))
    padded = np.pad(x, (n_fft // 2, n_fft))
    hop = len(x) / width
    # Long sounds: several frames per column are averaged, so that a short click between two columns is still seen.
    per_column = int(min(8, max(1, np.ceil(hop / n_fft))))
    starts = (np.arange(width * per_column) * (hop / per_column)).astype(np.int64)
    frames = padded[np.minimum(starts, max(len(padded) - n_fft, 0))[:, None] + np.arange(n_fft)] * np.hanning(
        n_fft
    ).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    power = power.reshape(width, per_column, -1).max(axis=1)
    edges_mel = np.linspace(_mel(FREQUENCIES[0]), _mel(FREQUENCIES[1]), height + 1)
    edges_bin = 700.0 * (10 ** (edges_mel / 2595.0) - 1.0) / (RATE / n_fft)
    # Mean power between two edges, by interpolating the running sum: rows narrower than a bin get their part of it.
    running = np.concatenate([np.zeros((width, 1)), np.cumsum(power, axis=1)], axis=1)
    at = np.minimum(edges_bin + 0.5, power.shape[1])
    low = np.floor(at).astype(np.int64)
    cumulative = running[:, low] + (at - low) * (running[:, np.minimum(low + 1, power.shape[1])] - running[:, low])
    rows = np.maximum(np.diff(cumulative, axis=1), 0) / np.diff(at)
    peak = float(rows.max())
    if peak <= 0:
        return np.zeros((height, width), dtype=np.uint8)
    level = 1.0 + 10.0 * np.log10(np.maximum(rows / peak, 1e-12)) / floor_db
    picture: npt.NDArray[np.uint8] = (np.clip(level, 0.0, 1.0) * 15.999).astype(np.uint8)
    return np.ascontiguousarray(picture.T[::-1])


def spectrogram_uri(pcm: npt.NDArray[np.float32]) -> str:
    """The spectrogram as the data URI of a PNG."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(spectrogram(pcm))).decode('ascii')}"


def waveform_path(pcm: npt.NDArray[np.float32], *, points: int = 240) -> str:
    """SVG path of the envelope in a box of `points` x 100 units, scaled so that the peak fills it."""
    x = np.nan_to_num(np.asarray(pcm, dtype=np.float64))
    points = max(1, min(points, len(x)))
    cuts = (np.arange(points) * (len(x) / points)).astype(np.int64)
    high, low = np.maximum.reduceat(x, cuts), np.minimum.reduceat(x, cuts)
    peak = max(float(np.abs(x).max()), 1e-9)
    tops = np.rint(50 - 49 * np.maximum(high, 0) / peak).astype(int)
    bottoms = np.rint(50 - 49 * np.minimum(low, 0) / peak).astype(int)
    there = " ".join(f"{i} {v}" for i, v in enumerate(tops))
    back = " ".join(f"{points - 1 - i} {v}" for i, v in enumerate(bottoms[::-1]))
    return f"M{there} {back}z"


def _frequency_marks() -> Markup:
    low, high = (float(_mel(f)) for f in FREQUENCIES)
    marks = []
    for hz, name in ((4000, "4 kHz"), (1000, "1 kHz"), (300, "300 Hz")):
        top = 100 * (1 - (float(_mel(float(hz))) - low) / (high - low))
        marks.append(Markup('<span style="top:{:.1f}%">{}</span>').format(top, name))
    return Markup('<span class="hz" aria-hidden="true">{}</span>').format(Markup("").join(marks))


def player(
    duration_s: float,
    *,
    sound: Listening | None = None,
    pcm: npt.NDArray[np.float32] | None = None,
    spans: Sequence[charts.Span] = (),
    spans_title: str = "What is heard",
    note: str = "",
) -> Markup:
    """A player: strip with waveform, spectrogram and lanes over a common time axis, and the browser's own controls.

    Args:
        duration_s: length of the sound in seconds; the axis.
        sound: what plays; None leaves the controls out.
        pcm: mono 16 kHz for the pictures; None leaves them out.
        spans: what is heard when.
        spans_title: where that is known from, said above the lanes.
        note: why something is missing, shown in place of it.
    """
    parts: list[Markup] = []
    if pcm is not None and len(pcm):
        path = waveform_path(pcm)
        width = min(240, len(pcm)) - 1 or 1
        parts.append(
            Markup(
                '<svg class="wave" viewBox="0 0 {} 100" preserveAspectRatio="none" aria-hidden="true"><path d="{}"/></svg>'
            ).format(width, path)
        )
        parts.append(
            Markup(
                '<div class="spec"><img alt="Spectrogram, 50 Hz to 8 kHz from bottom to top" src="{}">{}</div>'
            ).format(spectrogram_uri(pcm), _frequency_marks())
        )
    if spans:
        parts.append(charts.timeline(spans, duration_s, spans_title))
    strip = Markup("")
    if parts:
        slider = (
            Markup(
                ' role="slider" tabindex="0" aria-label="Position in the sound, arrow keys move it" aria-valuemin="0" aria-valuemax="{:.2f}"'
                ' aria-valuenow="0" aria-valuetext="0.0 s"'
            ).format(duration_s)
            if sound
            else Markup("")
        )
        strip = Markup('<div class="strip{}"{}>{}<i class="cursor"></i></div>{}').format(
            " live" if sound else "", slider, Markup("").join(parts), charts.time_axis(duration_s)
        )
    controls = (
        Markup('<audio controls preload="metadata" data-src="{}"></audio>').format(sound.uri) if sound else Markup("")
    )
    caption = Markup("<figcaption>{}</figcaption>").format(spans_title) if spans else Markup("")
    message = Markup('<p class="note">{}</p>').format(note) if note else Markup("")
    return Markup('<figure class="player" data-duration="{:.3f}">{}{}{}{}</figure>').format(
        duration_s, strip, caption, controls, message
    )
