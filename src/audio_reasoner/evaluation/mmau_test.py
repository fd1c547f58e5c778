"""MMAU's 9,000-item test set: answered and written for submission, never scored here.

Decision: its answers are not public, so no accuracy stands in this score, not even an estimate; what is told is what
can be known without them: how many items are answered and how many replies name an option, because a reply that names
none will hardly be counted as right by anybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.matching import match_option
from audio_reasoner.evaluation.base import Benchmark, Metric, Row, Score, foreign_ids
from audio_reasoner.evaluation.choice import ChoiceRow
from audio_reasoner.evaluation.choice_rows import find_file, make_item, read_items, read_rows, rows_with_answers
from audio_reasoner.evaluation.mmau import ANSWER_KEYS, AUDIO_KEY, GROUPS
from audio_reasoner.evaluation.predictions import Predictions, fit
from audio_reasoner.evaluation.tally import Tally

NAME = "mmau-test"
DATA_NAME = "mmau-test.json"
SUBMIT = "Submit the file that `eval official` writes to the authors' page (huggingface.co/spaces/sonalkum/MMAU-Eval)."
NAMED = Metric(
    "named",
    "names an option",
    "percent",
    False,
    "Replies that name exactly one option. It says nothing of being right.",
)


class _Unknown(NamedTuple):
    correct: bool | None = None
    reason: str = "the test set's answers are not public"


def read(path: Path) -> Benchmark:
    """Read `mmau-test.json`; answers are not looked for.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = find_file(path, DATA_NAME, f"Give {DATA_NAME} or its directory.")
    rows, sha = read_rows(file)
    items, problems = read_items(file, rows, lambda row: make_item(row, AUDIO_KEY, GROUPS, answered=False), False)
    return Benchmark(NAME, "choice", file, file.parent, sha, "MMAU test, without answers", items, problems)


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,  # noqa: ARG001 - every benchmark takes it
) -> Score:
    """Say what can be said without the answers; `judged` changes nothing.

    Raises:
        InputError: `predictions.foreign`: not one id belongs to this benchmark.
    """
    predictions = fit(benchmark, predictions)
    problems = [*benchmark.problems, *predictions.problems, *foreign_ids(benchmark, predictions.texts)]
    tally = Tally(benchmark, [NAMED.name])
    for i, item in enumerate(benchmark.items):
        reply = predictions.texts.get(item.id)
        if reply is None:
            continue
        parsed = parse_chain(reply)
        body = response_body(parsed, reply)
        match = match_option(body, item.choices)
        row = ChoiceRow(
            item=item,
            body=body,
            tagged=parsed.tagged,
            well_formed=parsed.well_formed,
            defects=tuple(dict.fromkeys(defect.code for defect in parsed.defects)),
            official=_Unknown(),
            match=match,
            from_summary=False,
            readings={NAMED.name: int(match.index is not None)},
        )
        tally.add(i, row.readings, (match.index is None, False, row.tagged, row.well_formed))
        if on_row is not None:
            on_row(row)
    overall, tables = tally.finish(tuple(GROUPS))
    notes = [
        "MMAU's test answers are not public: this cannot be scored offline, and no figure here is an accuracy.",
        SUBMIT,
        *predictions.notes,
    ]
    if overall.answered < overall.items:
        notes.append(f"{overall.items - overall.answered} of {overall.items} items have no answer.")
    return Score(benchmark, predictions_file, [NAMED], NAMED.name, overall, tables, problems, notes)


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write the submission: the data file's rows with `model_output` (and `model_prediction`, the README's name)."""
    from audio_reasoner.core.run import write_atomic

    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{benchmark.path.stem}-submission.json"
    rows = rows_with_answers(benchmark.items, answers, ANSWER_KEYS)
    write_atomic(path, (json.dumps(rows, ensure_ascii=True, indent=1) + "\n").encode())
    return [path]
