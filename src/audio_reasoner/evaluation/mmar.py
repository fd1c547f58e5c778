"""MMAR: a thousand questions on speech, sound, music and their mixtures, scored by MMAU's rule.

Decision: the accuracy is MMAU's matcher under another key (`answer_prediction`); the rubrics, which ask a language
model about the reasoning of right answers, are in `rubrics` and join the score when their verdicts are given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audio_reasoner.evaluation.base import Benchmark, Item, Metric, Row, Score
from audio_reasoner.evaluation.choice import EXTRACTED, OPTION, ChoiceRow, Scheme, score_choices
from audio_reasoner.evaluation.choice_rows import find_file, make_item, read_items, read_rows, rows_with_answers
from audio_reasoner.evaluation.official import official_key
from audio_reasoner.evaluation.predictions import Predictions

NAME = "mmar"
DATA_NAME = "MMAR-meta.jsonl"
AUDIO_KEY = "audio_path"
_RUBRIC_KEYS = ("rubric", "thinking", "cue")
ANSWER_KEYS = ("answer_prediction",)
GROUPS: Mapping[str, str | None] = {"modality": "(none)", "category": "(none)", "sub-category": None}
KNOWN_REVISIONS: Mapping[str, str] = {
    "1c9a343e7bebf1037482b935c54eacd43cc63df7b2c668724b5560caf1f84fad": "MMAR with rubrics, a355584 of 2026-02-16",
}

STRICT = Metric("strict", "strict", "percent", True, "The matcher of MMAR's code/evaluation.py, which is MMAU's.")
SCHEME = Scheme(
    key=lambda item: official_key(item.answer, item.choices),
    metrics=(STRICT, EXTRACTED, OPTION),
    tables=tuple(GROUPS),
    rule="MMAR's script",
)


def read(path: Path) -> Benchmark:
    """Read `MMAR-meta.jsonl` (or the same rows as a JSON array).

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = find_file(path, DATA_NAME, f"Give {DATA_NAME} or its directory.")
    rows, sha = read_rows(file)
    items, problems = read_items(file, rows, _item)
    return Benchmark(
        NAME, "choice", file, file.parent, sha, KNOWN_REVISIONS.get(sha, "unknown revision"), items, problems
    )


def _item(row: Any) -> Item:
    item = make_item(row, AUDIO_KEY, GROUPS)
    return replace(item, extra={**{key: row[key] for key in _RUBRIC_KEYS if key in row}, **item.extra})


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Judge every answered item; see `score_choices`. With opinions on the reasoning in `judged`, the rubrics too."""
    if not judged:
        return score_choices(SCHEME, benchmark, predictions, predictions_file, on_row)
    from audio_reasoner.evaluation.rubrics import add_rubrics, has_rubrics, rubric_scores

    if not has_rubrics(judged):
        return score_choices(SCHEME, benchmark, predictions, predictions_file, on_row, judged)
    graded = rubric_scores(benchmark, predictions, judged)

    def with_rubric(row: Row) -> None:
        if isinstance(row, ChoiceRow):
            grade = graded[row.item.id]
            row.readings["rubric"], row.further_why["rubric"] = grade.score, grade.why
        if on_row is not None:
            on_row(row)

    found = score_choices(SCHEME, benchmark, predictions, predictions_file, with_rubric, judged)
    add_rubrics(found, benchmark, predictions, judged)
    return found


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write what `code/evaluation.py --input` reads: the data file's rows with `answer_prediction`, as JSON lines."""
    from audio_reasoner.core.run import write_atomic

    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{benchmark.path.stem}-predictions.jsonl"
    rows = rows_with_answers(benchmark.items, answers, ANSWER_KEYS)
    write_atomic(path, "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows).encode())
    return [path]
