"""Who plays Annotator and Thinker. This version has one teacher, `grounded`, which needs no network and no key."""

from audio_reasoner.teachers.base import AVAILABLE, Teacher, check_spec, make, model_of

__all__ = ["AVAILABLE", "Teacher", "check_spec", "make", "model_of"]
