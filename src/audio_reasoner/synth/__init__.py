"""Synthetic audio: sounds, scenes, dialogues and music as recipes, and the exact timeline of what they contain."""

from audio_reasoner.synth.audio import clip_audio
from audio_reasoner.synth.bank.render import CLASSES, EVENT_CLASSES, KINDS_OF_SOUND, TRACK_CLASSES, render_event
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.recipes import render
from audio_reasoner.synth.scenes.complex_audio import plan_complex

__all__ = [
    "CLASSES",
    "EVENT_CLASSES",
    "KINDS_OF_SOUND",
    "RATE",
    "TRACK_CLASSES",
    "clip_audio",
    "plan_complex",
    "render",
    "render_event",
]
