"""What the commands of `audio-reasoner eval` share: their arguments, and scoring a file with its output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
JUDGED_NAME = "judged.jsonl"


def score_file(
    benchmark: str,
    predictions: Path,
    data: Path,
    json_out: Path | None,
    markdown: Path | None,
    rows: Path | None,
    judged: Path | None = None,
    allow_missing: int | None = None,
) -> int:
    """Score and print; the number of prediction rows that could not be taken as they are.

    Args:
        benchmark: its name in the registry.
        predictions: a prediction file, or the directory of a run, whose `judged.jsonl` is then read too.
        data: the benchmark as downloaded.
        json_out: where `score.json` goes.
        markdown: where the tables go.
        rows: where one JSON line per judged answer goes.
        judged: verdicts of a language model.
        allow_missing: look at the recordings first, of which so many may be unusable; None does not look.
    """
    from contextlib import ExitStack

    from rich.console import Console

    from audio_reasoner.evaluation.audio_files import check_audio
    from audio_reasoner.evaluation.base import Row
    from audio_reasoner.evaluation.predictions import read_predictions
    from audio_reasoner.evaluation.present import json_text, print_score, to_markdown
    from audio_reasoner.evaluation.registry import benchmark_module

    module = benchmark_module(benchmark)
    if predictions.is_dir():
        judged = judged or (found if (found := predictions / JUDGED_NAME).is_file() else None)
        predictions = predictions / PREDICTIONS_NAME
    items = module.read(data)
    if allow_missing is not None:
        items.problems += [str(fault) for fault in check_audio(items, allow_missing)]
    replies = read_predictions(predictions)
    verdicts = read_judged(judged) if judged is not None else None
    with ExitStack() as stack:
        lines = stack.enter_context(writable(rows).open("w", encoding="utf-8")) if rows is not None else None

        def on_row(row: Row) -> None:
            if lines is not None:
                lines.write(json_text(row.to_dict()) + "\n")

        score = module.score(items, replies, predictions.name, on_row, verdicts)
    print_score(score, Console())
    if json_out is not None:
        writable(json_out).write_text(json_text(score.to_dict(), indent=1) + "\n", encoding="utf-8")
    if markdown is not None:
        writable(markdown).write_text(to_markdown(score), encoding="utf-8")
    return len(replies.problems)


def read_judged(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of a `judged.jsonl` by item id, in order.

    Raises:
        InputError: `judged.missing`, or `judged.unreadable`: a line that is no verdict.
    """
    import json

    found: dict[str, list[dict[str, Any]]] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", code="judged.missing") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
                found.setdefault(str(row["id"]), []).append(row)
            except (ValueError, KeyError, TypeError, RecursionError):
                raise InputError(
                    f"{path} line {number} is no verdict of a judge.",
                    code="judged.unreadable",
                    hint="`audio-reasoner eval judge` writes this file; remove the line or run it again.",
                ) from None
    return found


def writable(path: Path) -> Path:
    if path.is_dir():
        raise ConfigError(f"{path} is a directory.", code="eval.bad_path", hint="Name the file to write.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
