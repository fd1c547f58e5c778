"""`audio-reasoner synth`: make clips whose content is known to the sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from audio_reasoner.core.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Synthesise clips whose content is known exactly.")


_MinEvents = Annotated[int, typer.Option(help="Least number of events in a scene.")]
_MaxEvents = Annotated[int, typer.Option(help="Greatest number of events in a scene.")]
_Classes = Annotated[str | None, typer.Option(help="Sound classes, separated by commas; all of the bank if not given.")]
_EventSeconds = Annotated[
    tuple[float, float], typer.Option(help="Shortest and longest event, seconds.", metavar="LOW HIGH")
]
_GapSeconds = Annotated[
    tuple[float, float], typer.Option(help="Shortest and longest gap between events, seconds.", metavar="LOW HIGH")
]
_Repeats = Annotated[float, typer.Option(help="Chance that an event takes a class its scene already has, 0 to 1.")]


ENOUGH = 50
"""From so many questions of a type on it is told what can be won without listening."""


def _settings(
    min_events: int,
    max_events: int,
    classes: str | None,
    event_seconds: tuple[float, float],
    gap_seconds: tuple[float, float],
    repeats: float,
) -> dict[str, Any]:
    """The flags as keywords of `plan_complex`."""
    settings: dict[str, Any] = {
        "min_events": min_events,
        "max_events": max_events,
        "event_seconds": event_seconds,
        "min_gap_s": gap_seconds[0],
        "max_gap_s": gap_seconds[1],
        "repeat_probability": repeats,
    }
    if classes is not None:
        settings["classes"] = tuple(sorted({c.strip() for c in classes.split(",") if c.strip()}))
    return settings


@app.command("complex")
def complex_(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run directory to write.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of scenes.")] = 500,
    seed: Annotated[
        int, typer.Option(help="Which scenes. Train with one seed, test with another: two seeds share no sound.")
    ] = 0,
    min_events: _MinEvents = 1,
    max_events: _MaxEvents = 6,
    classes: _Classes = None,
    event_seconds: _EventSeconds = (0.3, 1.2),
    gap_seconds: _GapSeconds = (0.1, 0.6),
    repeats: _Repeats = 0.25,
    audio: Annotated[bool, typer.Option("--audio", help="Also write the audio as FLAC files to RUN/audio.")] = False,
    workers: Annotated[int | None, typer.Option(help="Processes for --audio; one per core if not given.")] = None,
) -> None:
    """Plan scenes of several sounds one after the other, with an exact timeline of each."""
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from audio_reasoner.dataset import read_clips
    from audio_reasoner.synth.job import plan_run, render_files

    settings = _settings(min_events, max_events, classes, event_seconds, gap_seconds, repeats)
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


@app.command()
def benchmark(
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of questions.")] = 1000,
    seed: Annotated[int, typer.Option(help="Which scenes. Use a seed that no training data was made with.")] = 3,
    min_events: _MinEvents = 1,
    max_events: _MaxEvents = 6,
    classes: _Classes = None,
    event_seconds: _EventSeconds = (0.3, 1.2),
    gap_seconds: _GapSeconds = (0.1, 0.6),
    repeats: _Repeats = 0.25,
    families: Annotated[
        str | None, typer.Option(help="Question types to ask, separated by commas, e.g. order,count; all if not given.")
    ] = None,
) -> None:
    """Make a benchmark in MMAU's format from scenes nobody has trained on."""
    from rich.console import Console
    from rich.progress import Progress

    from audio_reasoner.evaluation.make import make_benchmark
    from audio_reasoner.evaluation.timelines import MANIFEST_NAME

    settings = _settings(min_events, max_events, classes, event_seconds, gap_seconds, repeats)
    err = Console(stderr=True, emoji=False)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("asking", total=n)
        data = make_benchmark(
            n,
            seed,
            out,
            on_item=lambda done: progress.update(task, completed=done),
            families=tuple(f.strip() for f in (families or "").split(",") if f.strip()),
            **settings,
        )
    console = Console(emoji=False)
    console.print(f"{n:,} questions, seed {seed} → {data}", highlight=False, soft_wrap=True)
    manifest = json.loads((out / MANIFEST_NAME).read_text(encoding="utf-8"))
    asked = ", ".join(f"{name} {count:,}" for name, count in manifest["families"].items())
    console.print(f"types: {asked}", highlight=False, soft_wrap=True)
    # Of a handful of questions, chance alone is worth points.
    told = {name: found for name, found in manifest["blind"].items() if found["n"] >= ENOUGH}
    if told:
        worst, found = max(told.items(), key=lambda x: float(x[1]["worth"]))
        console.print(
            f"without listening: the best rule is worth {found['worth']:g} points more than the best constant answer "
            f"({worst}, {found['n']:,} questions: {100 * found['best_constant']:.1f} %)",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"next: audio-reasoner eval run mmau-mini --data {out} --model MODEL -o RUN",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def bank(
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path("bank.html"),
    seed: Annotated[int, typer.Option(help="Which renders.")] = 0,
    renders: Annotated[int, typer.Option(min=1, max=20, help="Renders of each class.")] = 3,
) -> None:
    """Write a page to see and hear the sound classes."""
    from audio_reasoner.core.run import write_atomic
    from audio_reasoner.synth import CLASSES
    from audio_reasoner.synth.page import bank_page

    if out.is_dir():
        raise ConfigError(f"{out} is a directory.", code="synth.bad_path", hint="Name the HTML file to write.")
    write_atomic(out, bank_page(seed, renders).encode())
    typer.echo(f"{len(CLASSES)} classes: {', '.join(CLASSES)}")
    typer.echo(f"page: {out}")
