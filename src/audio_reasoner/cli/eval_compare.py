"""`audio-reasoner eval compare`: runs beside each other and beside what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare)


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN_DIR", help="Run directories, of one or several benchmarks.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path("report.html"),
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write the tables as Markdown too.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON too.")] = None,
    baseline: Annotated[str, typer.Option("--baseline", help="Name of the run the others are measured against.")] = "",
    entries: Annotated[int, typer.Option(min=0, help="How many replies the page holds at most.")] = 2000,
    clips: Annotated[int, typer.Option(min=0, help="How many recordings can be heard in it.")] = 60,
    audio: Annotated[
        Path | None, typer.Option("--audio", help="Where recordings lie, if not beside the data the runs name.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws intervals, and what is shown if not everything is.")] = 0,
) -> None:
    """Set runs beside each other and beside the paper's tables: one HTML file that needs nothing else.

    Runs on the same data are tested against each other item by item; runs on another file of the same benchmark are
    shown apart, with a warning. A directory without a score is named and left aside.
    """
    import time

    from rich.console import Console

    from audio_reasoner.cli.eval_options import writable
    from audio_reasoner.evaluation.compare import compare_runs
    from audio_reasoner.evaluation.compare_text import to_markdown
    from audio_reasoner.evaluation.pages import write_comparison
    from audio_reasoner.evaluation.present import json_text
    from audio_reasoner.report.text import seconds, size

    began = time.monotonic()
    for path in (out, markdown, json_out):
        if path is not None:
            writable(path)
    err = Console(stderr=True, emoji=False)
    with err.status("Reading …") as status:
        comparison = compare_runs(
            runs, baseline, seed=seed, on_run=lambda name: status.update(f"Reading {name.replace('[', '(')} …")
        )
        status.update("Drawing …")
        write_comparison(comparison, out, entries=entries, clips=clips, audio=audio, seed=seed)
    if json_out is not None:
        json_out.write_text(json_text(comparison.to_dict(), indent=1) + "\n", encoding="utf-8")
    if markdown is not None:
        markdown.write_text(to_markdown(comparison), encoding="utf-8", errors="backslashreplace")
    for name, why in comparison.aside:
        err.print(f"left aside: {name}: {why}", style="yellow", highlight=False, soft_wrap=True, markup=False)
    for chapter in comparison.chapters:
        for warning in chapter.warnings:
            err.print(f"{chapter.title}: {warning}", style="yellow", highlight=False, soft_wrap=True, markup=False)
    typer.echo(out)
    n = len(comparison.runs)
    err.print(
        f"{n} run{'s' * (n != 1)}, {size(out.stat().st_size)}, in {seconds(time.monotonic() - began)}",
        highlight=False,
    )
