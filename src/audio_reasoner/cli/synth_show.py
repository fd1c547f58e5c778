"""`audio-reasoner synth show`: a page to see and hear planned clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import ConfigError, InputError

PAGE = "scenes.html"


def show(
    run: Annotated[Path, typer.Argument(help="Run directory with synthetic clips.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="HTML file to write.", show_default="RUN/scenes.html")
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, max=500, help="Clips whose timeline is shown.")] = 24,
    players: Annotated[int, typer.Option(min=0, max=100, help="How many of them can be heard.")] = 6,
) -> None:
    """Write a page of a run's synthetic clips: timelines, balance, and a few to listen to."""
    from rich.console import Console

    from audio_reasoner import report
    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.dataset import count_clips, read_clips
    from audio_reasoner.synth.scenes.page import scenes_page

    out = out or run / PAGE
    if out.is_dir():
        raise ConfigError(f"{out} is a directory.", code="synth.bad_path", hint="Name the HTML file to write.")
    RunDir.open(run)
    err = stderr()
    with bars(err) as progress:
        task = progress.add_task("reading", total=count_clips(run))
        html, made = scenes_page(
            read_clips(run),
            run.resolve().name,
            pictures=pictures,
            players=players,
            on_clip=lambda _: progress.advance(task),
        )
    if not made.clips:
        raise InputError(
            f"{run} holds no synthetic clip.",
            code="synth.nothing_to_show",
            hint="Make some with 'audio-reasoner synth complex|dialogue|music'.",
        )
    report.write_text(out, html)
    console = Console(emoji=False)
    console.print(
        f"{made.clips:,} clips, {made.classes.total():,} events → {out}", markup=False, highlight=False, soft_wrap=True
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(show)
