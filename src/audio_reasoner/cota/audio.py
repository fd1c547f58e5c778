"""Hearing the samples of a run: the function that exports, training and pages take as `audio`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from audio_reasoner.core.errors import IntegrityError
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import ClipLookup, Row

if TYPE_CHECKING:
    import numpy as np


def sample_audio(run: RunDir) -> Callable[[Row], np.ndarray]:
    """A function from a row to its sound, float32 [n] at 16 kHz mono.

    The clips table is read at the first call. The function raises IntegrityError (`clip.unknown`) for a row whose clip
    is not in this run, and what `synth.clip_audio` raises.
    """
    clips = ClipLookup(run.path)

    def hear(row: Row) -> np.ndarray:
        from audio_reasoner import synth

        clip = clips.get(row.clip_id)
        if clip is None:
            raise IntegrityError(
                f"Sample {row.sample_id} belongs to clip {row.clip_id}, which is not among the clips of {run.path}.",
                code="clip.unknown",
                hint="Use the run directory that the data set was built in.",
            )
        return synth.clip_audio(clip)

    return hear
