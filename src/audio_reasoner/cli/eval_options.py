"""What the commands of `audio-reasoner eval` share: their arguments, and scoring a file with its output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import ConfigError

# The registry holds names only; nothing heavy is imported with it.
from audio_reasoner.evaluation.registry import BENCHMARKS

Name = Annotated[str, typer.Argument(metavar="BENCHMARK", help=f"Which benchmark: {', '.join(BENCHMARKS)}.")]
Data = Annotated[Path, typer.Option("--data", "-d", help="The benchmark as downloaded: its data file or directory.")]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the whole report as JSON.")]
MarkdownOut = Annotated[Path | None, typer.Option("--markdown", help="Write the report as Markdown.")]
RowsOut = Annotated[
    Path | None, typer.Option("--rows", help="Write one JSON line per answer: right or wrong, and why.")
]


def score_file(predictions: Path, data: Path, json_out: Path | None, markdown: Path | None, rows: Path | None) -> int:
    """Score and print; the number of prediction rows that could not be taken as they are."""
    from contextlib import ExitStack

    from rich.console import Console

    from audio_reasoner.evaluation.mmau import RowVerdict, read_benchmark, score
    from audio_reasoner.evaluation.predictions import read_predictions
    from audio_reasoner.evaluation.present import json_text, print_report, to_markdown

    items = read_benchmark(data)
    replies = read_predictions(predictions)
    with ExitStack() as stack:
        lines = stack.enter_context(writable(rows).open("w", encoding="utf-8")) if rows is not None else None

        def on_row(verdict: RowVerdict) -> None:
            if lines is not None:
                lines.write(json_text(verdict.to_dict()) + "\n")

        report = score(items, replies, predictions.name, on_row)
    print_report(report, Console())
    if json_out is not None:
        writable(json_out).write_text(json_text(report.to_dict(), indent=1) + "\n", encoding="utf-8")
    if markdown is not None:
        writable(markdown).write_text(to_markdown(report), encoding="utf-8")
    return len(replies.problems)


def writable(path: Path) -> Path:
    if path.is_dir():
        raise ConfigError(f"{path} is a directory.", code="eval.bad_path", hint="Name the file to write.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
