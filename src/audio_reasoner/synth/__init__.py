"""Synthetic audio: a procedural sound bank, scenes as recipes, and the exact timeline of what they contain."""

from audio_reasoner.synth.audio import clip_audio
from audio_reasoner.synth.bank import CLASSES, render_event
from audio_reasoner.synth.complex_audio import plan_complex
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.recipes import render

__all__ = ["CLASSES", "RATE", "clip_audio", "plan_complex", "render", "render_event"]
