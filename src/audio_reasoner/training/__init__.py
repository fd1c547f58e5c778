"""Supervised fine-tuning on chains: `train` takes a recipe and a run and writes a model directory."""

from audio_reasoner.training.progress import Progress, TrainResult
from audio_reasoner.training.recipe import Recipe, load_recipe
from audio_reasoner.training.sft import train

__all__ = ["Progress", "Recipe", "TrainResult", "load_recipe", "train"]
