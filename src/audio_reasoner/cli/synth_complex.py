"""`audio-reasoner synth complex`: scenes of several sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.cli.synth_options import (
    Classes,
    EventSeconds,
    GapSeconds,
    MaxEvents,
    MinEvents,
    Repeats,
    scene_settings,
)


def complex_(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run directory to write.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of scenes.")] = 500,
    seed: Annotated[
        int, typer.Option(help="Which scenes. Train with one seed, test with another: two seeds share no sound.")
    ] = 0,
    min_events: MinEvents = 1,
    max_events: MaxEvents = 6,
    classes: Classes = None,
    event_seconds: EventSeconds = (0.3, 1.2),
    gap_seconds: GapSeconds = (0.1, 0.6),
    repeats: Repeats = 0.25,
    audio: Annotated[bool, typer.Option("--audio", help="Also write the audio as FLAC files to RUN/audio.")] = False,
    workers: Annotated[int | None, typer.Option(help="Processes for --audio; one per core if not given.")] = None,
) -> None:
    """Plan scenes of several sounds one after the other, with an exact timeline of each."""
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from audio_reasoner.dataset import read_clips
    from audio_reasoner.synth.job import plan_run, render_files

    settings = scene_settings(min_events, max_events, classes, event_seconds, gap_seconds, repeats)
    err = Console(stderr=True, emoji=False)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("planning", total=n)
        made = plan_run(out, n, seed, on_clip=lambda _: progress.advance(task), **settings)
    if audio:
        written = 0
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("rendering", total=n)
            for new in render_files(out, read_clips(out), workers):
                written += new
                progress.advance(task)
        err.print(f"{written:,} audio files written to {out / 'audio'}, {n - written:,} were there.", soft_wrap=True)

    console = Console(emoji=False)
    console.print(
        f"[bold]{made.clips:,} scenes[/bold], {made.seconds / 3600:.2f} h, {made.classes.total():,} events, "
        f"{made.with_repeats:,} scenes with a repeated class, seed {seed} → {out}",
        highlight=False,
        soft_wrap=True,
    )
    if made.dropped:
        console.print(f"{made.dropped:,} scenes of an earlier, longer plan are no longer in the run.", highlight=False)
    table = Table("events", "scenes", "", box=None)
    for k, count in sorted(made.events.items()):
        table.add_row(str(k), f"{count:,}", "█" * round(30 * count / max(made.events.values())))
    console.print(table)
    console.print(
        "classes: " + ", ".join(f"{name} {count:,}" for name, count in sorted(made.classes.items())), highlight=False
    )
    console.print(f"next: audio-reasoner build {out} --teacher grounded", highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("complex")(complex_)
