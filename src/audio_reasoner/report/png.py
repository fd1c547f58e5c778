"""PNG files of at most 16 colours, written with zlib alone.

Decision: a spectrogram in a report is looked at, not measured. Sixteen levels at four bits a pixel make a picture of
360 x 72 about 8 kB, a fifth of what 8-bit grey would need, and no image library has to be installed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Dark blue over teal to pale yellow: lightness rises steadily, so the order survives in grey and for colour-blind eyes.
_ANCHORS = ((10, 14, 38), (22, 52, 100), (30, 100, 125), (64, 150, 120), (160, 194, 92), (253, 236, 150))


def _ramp() -> tuple[tuple[int, int, int], ...]:
    steps = np.linspace(0, len(_ANCHORS) - 1, 16)
    channels = [np.interp(steps, range(len(_ANCHORS)), [a[c] for a in _ANCHORS]) for c in range(3)]
    return tuple((round(float(r)), round(float(g)), round(float(b))) for r, g, b in zip(*channels, strict=True))


RAMP = _ramp()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def encode_png(pixels: npt.NDArray[np.uint8], palette: Sequence[tuple[int, int, int]] = RAMP) -> bytes:
    """A palette PNG.

    Args:
        pixels: [height, width] palette indices below 16; row 0 is the top.
        palette: up to 16 (red, green, blue) colours.

    Raises:
        ValueError: an index has no colour, or the picture is empty.
    """
    height, width = pixels.shape
    if not height or not width:
        raise ValueError("an image needs at least one pixel")
    if len(palette) > 16 or int(pixels.max()) >= len(palette):
        raise ValueError(f"palette index {int(pixels.max())}, but {len(palette)} colours (16 at most)")
    padded = np.zeros((height, width + width % 2), dtype=np.uint8)
    padded[:, :width] = pixels
    packed = (padded[:, 0::2] << 4) | padded[:, 1::2]
    # Every scan line starts with its filter; filter 0 compresses best for palette images.
    lines = np.hstack([np.zeros((height, 1), dtype=np.uint8), packed])
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes(channel for colour in palette for channel in colour)),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )
