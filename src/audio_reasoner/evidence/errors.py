"""How often each estimator is wrong, as measured by `benchmarks/evidence_errors.py`; docs/evidence.md says what counts.

Decision: the figures are data beside the code. None means "not measured", and then nobody may speak of the item.
"""

from __future__ import annotations

ERRORS: dict[str, float | None] = {
    # wrong: dense 0 of 6,300, mixes 0 of 2,100, separated 0 of 2,100, one event 0 of 2,100, unbroken 0 of 3,150
    "duration_s": 0.0000,
    # wrong: dense 6 of 2,185, mixes 3 of 324, separated 13 of 2,092, one event 2 of 2,048, unbroken 33 of 2,759
    "segments": 0.0120,
    # wrong: dense 0 of 6,258, mixes 28 of 340, separated 0 of 2,092, one event 0 of 2,048, unbroken 0 of 2,772
    "leading_silence_s": 0.0000,
    # wrong: dense 14 of 6,258, mixes 8 of 340, separated 10 of 2,092, one event 5 of 2,048, unbroken 13 of 2,772
    "trailing_silence_s": 0.0048,
    # wrong: dense 196 of 6,258, mixes 4 of 340, separated 3 of 2,092, one event 6 of 2,048, unbroken 46 of 2,772
    "silence_share": 0.0313,
    # wrong: dense 1,084 of 2,185, separated 1,485 of 2,092, one event 805 of 2,048
    "onset_count": 0.7098,
    # wrong: one event 1 of 2,100
    "level_dbfs": 0.0005,
    # wrong: courses 46 of 2,505
    "loudness_course": 0.0184,
    # wrong: tones 3 of 4,200
    "brightness_hz": 0.0007,
    # wrong: tones 0 of 1,895
    "pitch_hz": 0.0000,
    # wrong: speech 0 of 2,081, over sounds 0 of 1,957, music 0 of 1,754, no speech 36 of 1,448
    "speech": 0.0249,
    # wrong: speech 0 of 2,081, over sounds 57 of 1,957, music 0 of 1,754, no speech 36 of 1,448
    "speech_segments": 0.0291,
    # wrong: speech 0 of 2,081, over sounds 32 of 1,957, music 0 of 1,754, no speech 36 of 1,448
    "speech_share": 0.0249,
    # wrong: pulse 142 of 4,483, music 185 of 865
    "pulse_bpm": 0.2139,
}
