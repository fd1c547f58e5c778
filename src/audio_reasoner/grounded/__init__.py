"""The offline teacher: questions and chains from labels, timeline and evidence, without network or language model."""

from audio_reasoner.grounded.teacher import FAMILIES, GroundedTeacher

__all__ = ["FAMILIES", "GroundedTeacher"]
