"""How everything in the project hears a clip: 16 kHz mono samples, from a recipe or from a file.

Decision: one door. Evidence, teachers, training, inference and exports call `clip_audio` and need not know whether a
clip was recorded or planned.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audio_reasoner.core.records import Clip
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.recipes import render
from audio_reasoner.synth.store import sources_at


def clip_audio(clip: Clip) -> np.ndarray:
    """The sound of a clip: float32 [n], 16 kHz mono.

    Raises:
        ConfigError: its recipe cannot be rendered.
        IntegrityError: ``synth.no_source``: no store holds a recording that its recipe names.
        InputError: its file cannot be read (codes ``audio.*``).
    """
    if clip.audio.recipe is not None:
        return render(clip.audio.recipe, sources_at(clip.audio.sources))
    from audio_reasoner.core.audio import load_mono

    assert clip.audio.path is not None  # AudioRef has a path or a recipe, never neither
    return load_mono(Path(clip.audio.path), rate=RATE, start_ms=clip.start_ms, end_ms=clip.end_ms)
