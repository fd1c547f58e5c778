"""`audio-reasoner eval run`: let a model answer a benchmark, then score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.cli.eval_options import Data, JsonOut, MarkdownOut, Name, RowsOut, score_file
from audio_reasoner.core.errors import EXIT_INTERRUPTED, EXIT_QUARANTINED


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run_)


def run_(
    benchmark: Name,
    data: Data,
    model: Annotated[str, typer.Option("--model", "-m", help="Model directory, or org/name on the Hugging Face hub.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for predictions; an interrupted run goes on there.")
    ],
    batch_size: Annotated[int, typer.Option(min=1, help="Questions answered side by side.")] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 1024,
    json_out: JsonOut = None,
    markdown: MarkdownOut = None,
    rows: RowsOut = None,
) -> None:
    """Let a model answer a benchmark, then score it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from audio_reasoner.evaluation.backends import load_local
    from audio_reasoner.evaluation.registry import benchmark_module
    from audio_reasoner.evaluation.run import Plan, answer_benchmark

    items = benchmark_module(benchmark).read(data)
    backend = load_local(model, batch_size=batch_size, system=None, own_system=True)
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task("answering", total=None)
        result = answer_benchmark(
            backend,
            items,
            out,
            Plan(limit=limit, max_new_tokens=max_new_tokens),
            on_progress=lambda now: progress.update(task, completed=now.done, total=now.total),
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
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if result.made or result.resumed:
        score_file(
            benchmark, result.predictions, data, json_out or out / "score.json", markdown, rows or out / "rows.jsonl"
        )
    if result.failed:
        err.print(f"{len(result.failed)} items could not be asked; all are in {out / 'problems.jsonl'}", markup=False)
        raise typer.Exit(EXIT_QUARANTINED)
