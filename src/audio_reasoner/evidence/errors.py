"""How often each estimator is wrong, as measured by `benchmarks/evidence_errors.py`; docs/evidence.md says what counts.

Decision: the figures are data beside the code. None means "not measured", and then nobody may speak of the item.
"""

from __future__ import annotations

ERRORS: dict[str, float | None] = {
    "duration_s": 0.0000,  # wrong: separated 0 of 2,600, dense 0 of 7,800, one event 0 of 2,600
    "segments": 0.0066,  # wrong: separated 17 of 2,583, dense 11 of 2,780, one event 4 of 2,541
    "leading_silence_s": 0.0000,  # wrong: separated 0 of 2,591, dense 0 of 7,754, one event 0 of 2,544
    "trailing_silence_s": 0.0043,  # wrong: separated 8 of 2,591, dense 33 of 7,754, one event 11 of 2,544
    "silence_share": 0.0325,  # wrong: separated 3 of 2,591, dense 252 of 7,754, one event 8 of 2,544
    "onset_count": 0.7627,  # wrong: separated 1,970 of 2,583, dense 1,555 of 2,780, one event 1,089 of 2,541
    "level_dbfs": 0.0004,  # wrong: one event 1 of 2,600
    "loudness_course": 0.0167,  # wrong: courses 51 of 3,047
    "brightness_hz": 0.0006,  # wrong: tones 3 of 5,200
    "pitch_hz": 0.0000,  # wrong: tones 0 of 2,318
}
