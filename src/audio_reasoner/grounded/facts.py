"""What may be said of a clip from evidence: only items whose estimator's error rate is known and small.

Decision: silence is the default. An item without a measured error, with an error of `MAX_ERROR` or more, or with a
value of an unexpected form is as good as absent; no caller has to remember to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from audio_reasoner.core.records import Clip, Evidence

MAX_ERROR = 0.05
"""An estimator whose measured error rate is not below this stays silent."""
COURSES = ("rising", "falling", "steady", "rise_fall", "fall_rise", "varying")
MIN_PAUSE_S = 0.15
"""A shorter break between two stretches is not heard as a pause."""


@dataclass(frozen=True)
class Facts:
    """Evidence that may speak; None is silence. Times in seconds.

    Args:
        duration: length of the clip (from the file itself).
        course: loudness course, one of `COURSES`.
        stretches: active stretches (start, end) in order.
        leading: silence before the first sound.
        trailing: silence after the last sound.
    """

    duration: float
    course: str | None = None
    stretches: tuple[tuple[float, float], ...] | None = None
    leading: float | None = None
    trailing: float | None = None


def _speak(evidence: Evidence | None, name: str) -> Any:
    item = evidence.get(name) if evidence is not None else None
    if item is None or item.error is None or not 0.0 <= item.error < MAX_ERROR:
        return None
    return item.value


def _number(value: Any, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= high:
        return None
    return float(value)


def _merged(stretches: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Stretches with inaudible breaks between them joined, times to 0.1 s as they are told."""
    out = [stretches[0]]
    for a, b in stretches[1:]:
        if a - out[-1][1] < MIN_PAUSE_S:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return tuple((round(a, 1), max(round(b, 1), round(round(a, 1) + 0.1, 1))) for a, b in out)


def facts_of(clip: Clip, evidence: Evidence | None) -> Facts:
    """The facts of a clip."""
    length = clip.duration_s
    course = _speak(evidence, "loudness_course")
    leading = _number(_speak(evidence, "leading_silence_s"), length)
    trailing = _number(_speak(evidence, "trailing_silence_s"), length)
    stretches: tuple[tuple[float, float], ...] | None = None
    raw = _speak(evidence, "segments")
    if isinstance(raw, list | tuple) and raw:
        try:
            found = tuple((float(a), min(float(b), length)) for a, b in raw)
        except (TypeError, ValueError):
            found = ()
        inside = all(0.0 <= a < b <= length for a, b in found)
        if found and inside and all(b[0] >= a[1] for a, b in pairwise(found)):
            stretches = _merged(found)
            leading, trailing = stretches[0][0], max(round(length, 1) - stretches[-1][1], 0.0)
    return Facts(
        duration=length,
        course=course if course in COURSES else None,
        stretches=stretches,
        leading=leading,
        trailing=trailing,
    )
