"""A page on which a person can see and hear every class of the bank: `audio-reasoner synth bank`.

Decision: numpy and zlib draw the spectrograms, so that the page needs no plotting package and is one
self-contained file.
"""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.synth.bank import CLASSES, render_event
from audio_reasoner.synth.dsp import RATE

_WINDOW = 512
_HOP = 64
_RANGE_DB = 70.0
# Dark to light, readable in grey as well: five colours between which the map runs linearly.
_COLOURS = np.array([[8, 8, 24], [60, 24, 110], [180, 50, 100], [245, 140, 50], [255, 245, 200]], dtype=np.float64)


def spectrogram_db(x: np.ndarray) -> np.ndarray:
    """Power in dB of 32 ms Hann windows every 4 ms: float64 [257, frames], lowest frequency first."""
    x = np.pad(np.asarray(x, dtype=np.float64), _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(x, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2
    return np.asarray(10.0 * np.log10(power.T + 1e-10))


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of uint8 pixels [height, width, 3]."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)], axis=1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def spectrogram_pixels(x: np.ndarray) -> np.ndarray:
    """Colour picture of a sound, uint8 [128, frames, 3]; 8 kHz at the top, 70 dB from dark to light."""
    db = spectrogram_db(x)[:256].reshape(128, 2, -1).max(axis=1)[::-1]
    level = np.clip((db - db.max() + _RANGE_DB) / _RANGE_DB, 0.0, 1.0) * (len(_COLOURS) - 1)
    low = np.minimum(level.astype(np.int64), len(_COLOURS) - 2)
    share = (level - low)[..., None]
    return np.asarray(_COLOURS[low] * (1.0 - share) + _COLOURS[low + 1] * share, dtype=np.uint8)


def _wav(x: np.ndarray) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes((np.clip(x, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return out.getvalue()


def bank_page(seed: int = 0, renders: int = 4, event_s: float = 0.8) -> str:
    """HTML of the whole bank: `renders` renders of each class with spectrogram and player, all inside the page."""
    rows = []
    for name in CLASSES:
        cells = []
        for i in range(renders):
            x = render_event(name, ids.derive_seed(seed, "bank-page", name, i), int(event_s * RATE))
            picture = base64.b64encode(png(spectrogram_pixels(x))).decode()
            sound = base64.b64encode(_wav(x)).decode()
            cells.append(
                f'<figure><img alt="spectrogram of a {name}, render {i + 1}" src="data:image/png;base64,{picture}">'
                f'<audio controls preload="none" src="data:audio/wav;base64,{sound}"></audio></figure>'
            )
        rows.append(f"<section><h2>{name}</h2><div>{''.join(cells)}</div></section>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>The sound bank</title><style>"
        "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;"
        "color:CanvasText;background:Canvas;color-scheme:light dark}"
        "section>div{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;width:14rem}"
        "img,audio{width:100%;display:block}img{height:8rem;image-rendering:pixelated}h2{margin:1.5rem 0 .4rem}</style>"
        f"<h1>The sound bank</h1><p>{len(CLASSES)} classes, {renders} renders of each with seed {seed}. "
        f"Every picture shows {event_s:g} seconds from left to right and 0 to 8 kHz from bottom to top.</p>"
        f"{''.join(rows)}</html>\n"
    )
