"""`audio-reasoner eval`: answer a benchmark, and score any prediction file offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

app = typer.Typer(no_args_is_help=True, help="Answer benchmarks and score predictions.")

BENCHMARKS = ("mmau-mini",)
_Name = Annotated[str, typer.Argument(metavar="BENCHMARK", help=f"Which benchmark: {', '.join(BENCHMARKS)}.")]
_Data = Annotated[
    Path,
    typer.Option("--data", "-d", help="The benchmark's data file (mmau-test-mini.json) or the directory it lies in."),
]
_Json = Annotated[Path | None, typer.Option("--json", help="Write the whole report as JSON.")]
_Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write the report as Markdown.")]
_Rows = Annotated[Path | None, typer.Option("--rows", help="Write one JSON line per answer: right or wrong, and why.")]


def _check_name(benchmark: str) -> None:
    if benchmark not in BENCHMARKS:
        raise ConfigError(
            f"there is no benchmark {benchmark!r}.",
            code="eval.unknown_benchmark",
            hint=f"Known: {', '.join(BENCHMARKS)}.",
        )


@app.command("score")
def score_(
    benchmark: _Name,
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Prediction file: a JSON array of rows with id and model_output (or model_prediction), JSON lines "
            "with id and raw, response or text, or one JSON object that maps ids to texts."
        ),
    ],
    data: _Data,
    json_out: _Json = None,
    markdown: _Markdown = None,
    rows: _Rows = None,
) -> None:
    """Score a prediction file, offline.

    Three readings stand side by side. strict: MMAU's own matcher on the RESPONSE (a reply without tags is its own
    RESPONSE). extracted: the option the RESPONSE means, then the same matcher on that option's text. option: that
    option is the right one. A reply that names no option, or several, is unparsed and wrong; nothing is guessed.
    """
    _check_name(benchmark)
    if _score(predictions, data, json_out, markdown, rows):
        raise typer.Exit(EXIT_QUARANTINED)


def _score(predictions: Path, data: Path, json_out: Path | None, markdown: Path | None, rows: Path | None) -> int:
    """Score and print; the number of prediction rows that could not be taken as they are."""
    from contextlib import ExitStack

    from rich.console import Console

    from audio_reasoner.evaluation.mmau import RowVerdict, read_benchmark, score
    from audio_reasoner.evaluation.predictions import read_predictions
    from audio_reasoner.evaluation.present import json_text, print_report, to_markdown

    items = read_benchmark(data)
    replies = read_predictions(predictions)
    with ExitStack() as stack:
        lines = stack.enter_context(_writable(rows).open("w", encoding="utf-8")) if rows is not None else None

        def on_row(verdict: RowVerdict) -> None:
            if lines is not None:
                lines.write(json_text(verdict.to_dict()) + "\n")

        report = score(items, replies, predictions.name, on_row)
    print_report(report, Console())
    if json_out is not None:
        _writable(json_out).write_text(json_text(report.to_dict(), indent=1) + "\n", encoding="utf-8")
    if markdown is not None:
        _writable(markdown).write_text(to_markdown(report), encoding="utf-8")
    return len(replies.problems)


def _writable(path: Path) -> Path:
    if path.is_dir():
        raise ConfigError(f"{path} is a directory.", code="eval.bad_path", hint="Name the file to write.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@app.command("run")
def run_(
    benchmark: _Name,
    data: _Data,
    model: Annotated[str, typer.Option("--model", "-m", help="Model directory, or org/name on the Hugging Face hub.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for predictions; an interrupted run goes on there.")
    ],
    batch_size: Annotated[int, typer.Option(min=1, help="Questions answered side by side.")] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 1024,
    json_out: _Json = None,
    markdown: _Markdown = None,
    rows: _Rows = None,
) -> None:
    """Let a model answer a benchmark, then score it."""
    _check_name(benchmark)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from audio_reasoner.evaluation.mmau import read_benchmark
    from audio_reasoner.evaluation.run import fingerprint, run_predictions

    items = read_benchmark(data)
    from audio_reasoner.inference import Reasoner
    from audio_reasoner.models.qwen2_audio import resolve

    directory = resolve(model)
    files = fingerprint(directory)
    reasoner = Reasoner.from_pretrained(directory)
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task("answering", total=None)
        result = run_predictions(
            reasoner,
            items,
            out,
            model=model,
            model_files=files,
            batch_size=batch_size,
            limit=limit,
            max_new_tokens=max_new_tokens,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    err.print(
        f"{result.made:,} answers in {result.seconds:.1f} s"
        + (f", {result.resumed:,} from before" if result.resumed else "")
        + f" → {result.predictions}",
        highlight=False,
        soft_wrap=True,
    )
    for problem in result.failed[:10]:
        err.print(f"not asked: {problem}", style="yellow", highlight=False, soft_wrap=True, markup=False)
    if result.made or result.resumed:
        _score(result.predictions, data, json_out or out / "score.json", markdown, rows or out / "rows.jsonl")
    if result.failed:
        err.print(f"{len(result.failed)} items could not be asked; all are in {out / 'problems.jsonl'}", markup=False)
        raise typer.Exit(EXIT_QUARANTINED)
