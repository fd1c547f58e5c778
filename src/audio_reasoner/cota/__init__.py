"""The data engine: clips → annotations → chains → judged samples → data set, resumable at any moment."""

from audio_reasoner.cota.audio import sample_audio
from audio_reasoner.cota.engine import BuildResult, Progress, build, build_sync
from audio_reasoner.cota.plan import BuildSettings

__all__ = ["BuildResult", "BuildSettings", "Progress", "build", "build_sync", "sample_audio"]
