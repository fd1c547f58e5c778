"""Benchmarks: reading them, making them, answering them, and scores that say why each row is right or wrong."""

from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Score, Value
from audio_reasoner.evaluation.make import make_benchmark, make_benchmark_from_run
from audio_reasoner.evaluation.official import official_match
from audio_reasoner.evaluation.predictions import Predictions, read_predictions
from audio_reasoner.evaluation.registry import BENCHMARKS, benchmark_module

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "GroupScore",
    "Item",
    "Metric",
    "Plan",
    "Predictions",
    "Score",
    "Value",
    "answer_benchmark",
    "benchmark_module",
    "make_benchmark",
    "make_benchmark_from_run",
    "official_match",
    "read_predictions",
]
