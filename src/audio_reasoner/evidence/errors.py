"""How often each estimator is wrong, as measured by `benchmarks/evidence_errors.py`; docs/evidence.md says what counts.

Decision: the figures are data beside the code. None means "not measured", and then nobody may speak of the item.
"""

from __future__ import annotations

ERRORS: dict[str, float | None] = {
    # wrong: separated 0 of 2,600, dense 0 of 7,800, one event 0 of 2,600, unbroken 0 of 3,900
    "duration_s": 0.0000,
    # wrong: separated 17 of 2,583, dense 11 of 2,780, one event 4 of 2,541, unbroken 45 of 3,356
    "segments": 0.0134,
    # wrong: separated 0 of 2,591, dense 0 of 7,754, one event 0 of 2,544, unbroken 0 of 3,372
    "leading_silence_s": 0.0000,
    # wrong: separated 8 of 2,591, dense 33 of 7,754, one event 11 of 2,544, unbroken 17 of 3,372
    "trailing_silence_s": 0.0050,
    # wrong: separated 3 of 2,591, dense 252 of 7,754, one event 8 of 2,544, unbroken 62 of 3,372
    "silence_share": 0.0325,
    # wrong: separated 1,970 of 2,583, dense 1,555 of 2,780, one event 1,089 of 2,541
    "onset_count": 0.7627,
    # wrong: one event 1 of 2,600
    "level_dbfs": 0.0004,
    # wrong: courses 51 of 3,047
    "loudness_course": 0.0167,
    # wrong: tones 3 of 5,200
    "brightness_hz": 0.0006,
    # wrong: tones 0 of 2,402
    "pitch_hz": 0.0000,
    # wrong: speech 0 of 2,582, over sounds 0 of 2,371, no speech 6 of 2,039
    "speech": 0.0029,
    # wrong: speech 1 of 2,582, over sounds 76 of 2,371, no speech 6 of 2,039
    "speech_segments": 0.0321,
    # wrong: speech 0 of 2,582, over sounds 49 of 2,371, no speech 6 of 2,039
    "speech_share": 0.0207,
    # wrong: pulse 168 of 5,545
    "pulse_bpm": 0.0303,
}
