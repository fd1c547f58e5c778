"""CoVoST 2, English to Chinese: the module the registry names; everything is in `covost2` and `covost2_data`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.evaluation import covost2, covost2_data
from audio_reasoner.evaluation.base import Benchmark, Row, Score
from audio_reasoner.evaluation.covost2_data import EN_ZH
from audio_reasoner.evaluation.predictions import Predictions


def read(path: Path) -> Benchmark:
    """Read the test split (see `covost2_data.read`)."""
    return covost2_data.read(path, EN_ZH)


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Score hypotheses (see `covost2.score`)."""
    return covost2.score(EN_ZH, benchmark, predictions, predictions_file, on_row, judged)


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write Qwen2-Audio's results file and sacrebleu's text files (see `covost2.official_files`)."""
    return covost2.official_files(EN_ZH, benchmark, answers, out)
