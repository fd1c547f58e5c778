"""Benchmarks: reading them, making them, answering them, and scores that say why each row is right or wrong.

Decision: names are imported when they are used. The commands need the names of the benchmarks for their help, and
nothing of what stands behind them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Score, Value
    from audio_reasoner.evaluation.make import make_benchmark, make_benchmark_from_clips, make_benchmark_from_run
    from audio_reasoner.evaluation.official import official_match
    from audio_reasoner.evaluation.predictions import Predictions, read_predictions
    from audio_reasoner.evaluation.registry import BENCHMARKS, benchmark_module
    from audio_reasoner.evaluation.run import Plan, answer_benchmark

_HOMES = {
    "base": ("Benchmark", "GroupScore", "Item", "Metric", "Score", "Value"),
    "make": ("make_benchmark", "make_benchmark_from_clips", "make_benchmark_from_run"),
    "official": ("official_match",),
    "predictions": ("Predictions", "read_predictions"),
    "registry": ("BENCHMARKS", "benchmark_module"),
    "run": ("Plan", "answer_benchmark"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

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
    "make_benchmark_from_clips",
    "make_benchmark_from_run",
    "official_match",
    "read_predictions",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
