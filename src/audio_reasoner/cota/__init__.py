"""The data engine: clips → annotations → chains → judged samples → data set, resumable at any moment."""

from audio_reasoner.cota.audio import sample_audio
from audio_reasoner.cota.engine import BuildResult, build, build_sync
from audio_reasoner.cota.plan import BuildSettings, Keep
from audio_reasoner.cota.progress import Progress

__all__ = ["BuildResult", "BuildSettings", "Keep", "Progress", "build", "build_sync", "sample_audio"]
