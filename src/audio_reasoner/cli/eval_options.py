"""What the commands of `audio-reasoner eval` share: their arguments, and scoring a file with its output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import ConfigError, InputError

# The registry holds names only; nothing heavy is imported with it.
from audio_reasoner.evaluation.registry import BENCHMARKS

Name = Annotated[str, typer.Argument(metavar="BENCHMARK", help=f"Which benchmark: {', '.join(BENCHMARKS)}.")]
Data = Annotated[Path, typer.Option("--data", "-d", help="The benchmark as downloaded: its data file or directory.")]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the whole report as JSON.")]
MarkdownOut = Annotated[Path | None, typer.Option("--markdown", help="Write the report as Markdown.")]
RowsOut = Annotated[
    Path | None, typer.Option("--rows", help="Write one JSON line per answer: right or wrong, and why.")
]

PREDICTIONS_NAME = "predictions.jsonl"
SCORE_NAME = "score.json"
ROWS_NAME = "rows.jsonl"


def score_file(
    benchmark: str,
    predictions: Path,
    data: Path,
    json_out: Path | None,
    markdown: Path | None,
    rows: Path | None,
    judged: Path | None = None,
    allow_missing: int | None = None,
    key: str | None = None,
    id_key: str | None = None,
) -> int:
    """Score and print; the number of prediction rows that could not be taken as they are.

    Args:
        benchmark: its name in the registry.
        predictions: a prediction file, or the directory of a run, whose `score.json` and `rows.jsonl` are written anew.
        data: the benchmark as downloaded.
        json_out: where `score.json` goes.
        markdown: where the tables go.
        rows: where one JSON line per judged answer goes.
        judged: opinions of a language model; without it, those that `eval judge` has put beside the predictions.
        allow_missing: look at the recordings first, of which so many may be unusable; None does not look.
        key: the field that holds the answer, where it has none of the usual names.
        id_key: the field that holds the id, likewise.
    """
    from contextlib import ExitStack

    from rich.console import Console

    from audio_reasoner.evaluation.audio_files import check_audio
    from audio_reasoner.evaluation.base import Row
    from audio_reasoner.evaluation.controls import as_asked
    from audio_reasoner.evaluation.judged import JUDGED_NAME, judged_directory, read_judged
    from audio_reasoner.evaluation.predictions import fit, read_predictions
    from audio_reasoner.evaluation.present import json_text, print_score, to_markdown
    from audio_reasoner.evaluation.registry import benchmark_module

    module = benchmark_module(benchmark)
    if judged is None:
        judged = judged_directory(predictions) / JUDGED_NAME
    elif not judged.is_file():
        raise InputError(f"there is no {judged}.", code="judged.missing", hint="`eval judge` writes it.")
    if predictions.is_dir():
        # What `eval compare` reads there must not be older than the opinions and rules it is scored by now.
        json_out, rows = json_out or predictions / SCORE_NAME, rows or predictions / ROWS_NAME
        predictions = predictions / PREDICTIONS_NAME
    items = as_asked(module.read(data), predictions.parent)
    if allow_missing is not None:
        items.problems += [str(fault) for fault in check_audio(items, allow_missing)]
    replies = fit(items, read_predictions(predictions, key=key, id_key=id_key))
    verdicts = read_judged(judged) or None
    # Beside the old file until all is judged: what stops half-way must not leave half a file.
    beside = rows if rows is None or (rows.exists() and not rows.is_file()) else rows.with_name(f"{rows.name}.tmp")
    with ExitStack() as stack:
        if rows is not None:
            writable(rows)
        lines = stack.enter_context(beside.open("w", encoding="utf-8")) if beside is not None else None

        def on_row(row: Row) -> None:
            if lines is not None:
                lines.write(json_text(row.to_dict()) + "\n")

        try:
            score = module.score(items, replies, predictions.name, on_row, verdicts)
        except BaseException:
            if beside is not None and beside != rows:
                beside.unlink(missing_ok=True)
            raise
    if beside is not None and rows is not None and beside != rows:
        beside.replace(rows)
    print_score(score, Console(emoji=False))
    if json_out is not None:
        writable(json_out).write_text(json_text(score.to_dict(), indent=1) + "\n", encoding="utf-8")
    if markdown is not None:
        writable(markdown).write_text(to_markdown(score), encoding="utf-8")
    if predictions.name == PREDICTIONS_NAME and (predictions.parent / "run.json").is_file():
        from audio_reasoner.evaluation.chains import analyse, lines_of

        chains = analyse(predictions.parent, items)
        for line in lines_of(chains) if chains is not None else ():
            typer.echo(line)
    return len(replies.problems)


def writable(path: Path) -> Path:
    if path.is_dir():
        raise ConfigError(f"{path} is a directory.", code="eval.bad_path", hint="Name the file to write.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
