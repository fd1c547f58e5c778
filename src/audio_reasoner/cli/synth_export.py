"""`audio-reasoner synth export`: timelines for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import ConfigError


def export(
    run: Annotated[Path, typer.Argument(help="Run directory with synthetic clips.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write.")],
    form: Annotated[
        str, typer.Option("--format", help="rttm (turns), lhotse (CutSet with audio), jams (one file per clip).")
    ] = "rttm",
    events: Annotated[
        bool, typer.Option("--events", help="RTTM of every event instead of the speakers' turns.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that render audio; one per core if not given.")
    ] = None,
) -> None:
    """Write the timelines of a run's synthetic clips for other programs."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.dataset import count_clips, read_clips
    from audio_reasoner.synth import exports

    if form not in exports.FORMATS:
        raise ConfigError(
            f"{form!r} is no format of timelines; known are {', '.join(exports.FORMATS)}.", code="synth.bad_format"
        )
    if events and form != "rttm":
        raise ConfigError("--events belongs to --format rttm.", code="config.usage")
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file.", code="synth.bad_path", hint="Name a directory.")
    RunDir.open(run)
    err = stderr()
    with bars(err) as progress:
        task = progress.add_task(form, total=count_clips(run))

        def told() -> None:
            progress.advance(task)

        if form == "lhotse":
            done = exports.export_lhotse(lambda: read_clips(run), out, workers=workers, told=told)
        elif form == "jams":
            done = exports.export_jams(read_clips(run), out, told=told)
        else:
            done = exports.export_rttm(read_clips(run), out, events=events, told=told)
    what = {"rttm": "events" if events else "turns", "lhotse": "supervisions", "jams": "events"}[form]
    count = done.turns if what == "turns" else done.events
    console = Console(emoji=False)
    extra = f", {done.audio:,} audio files written" if form == "lhotse" else ""
    console.print(
        f"{done.clips:,} clips, {count:,} {what}{extra} → {out}", markup=False, highlight=False, soft_wrap=True
    )
    if done.passed_over:
        console.print(f"{done.passed_over:,} clips without a timeline were passed over.", highlight=False)
    if what == "turns" and not count:
        console.print("No clip has speakers; '--events' writes every event.", highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)
