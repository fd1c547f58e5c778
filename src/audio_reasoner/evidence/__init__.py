"""What is known about a clip besides its labels: measured here, each item with its unit, source and published error."""

from audio_reasoner.evidence.errors import ERRORS
from audio_reasoner.evidence.estimators import SILENT_DBFS, VERSION, is_silent, measure
from audio_reasoner.evidence.merge import merge, speaks

__all__ = ["ERRORS", "SILENT_DBFS", "VERSION", "is_silent", "measure", "merge", "speaks"]
