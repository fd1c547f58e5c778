"""Benchmarks: reading them, making them, answering them, and scores that say why each row is right or wrong."""

from audio_reasoner.evaluation.make import make_benchmark, make_benchmark_from_run
from audio_reasoner.evaluation.mmau import Benchmark, Item, Report, RowVerdict, judge, read_benchmark, score
from audio_reasoner.evaluation.official import official_match
from audio_reasoner.evaluation.predictions import Predictions, read_predictions
from audio_reasoner.evaluation.run import RunResult, run_predictions

__all__ = [
    "Benchmark",
    "Item",
    "Predictions",
    "Report",
    "RowVerdict",
    "RunResult",
    "judge",
    "make_benchmark",
    "make_benchmark_from_run",
    "official_match",
    "read_benchmark",
    "read_predictions",
    "run_predictions",
    "score",
]
