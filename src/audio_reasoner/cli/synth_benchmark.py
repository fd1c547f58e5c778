"""`audio-reasoner synth benchmark`: a benchmark from scenes nobody has trained on."""

from __future__ import annotations

import json
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

ENOUGH = 50
"""From so many questions of a type on it is told what can be won without listening."""


def benchmark(
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write.")],
    n: Annotated[
        int | None, typer.Option("-n", min=1, help="Number of questions: 1000, or what the clips of --run give.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which scenes. Use a seed that no training data was made with.")] = 3,
    min_events: MinEvents = 1,
    max_events: MaxEvents = 6,
    classes: Classes = None,
    event_seconds: EventSeconds = (0.3, 1.2),
    gap_seconds: GapSeconds = (0.1, 0.6),
    repeats: Repeats = 0.25,
    families: Annotated[
        str | None, typer.Option(help="Question types to ask, separated by commas, e.g. order,count; all if not given.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Ask about the clips of this run (scenes, dialogues, music) instead of planning scenes."),
    ] = None,
) -> None:
    """Make a benchmark in MMAU's format from scenes nobody has trained on."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.evaluation.make import make_benchmark, make_benchmark_from_clips
    from audio_reasoner.evaluation.timelines import MANIFEST_NAME

    asked_for = tuple(f.strip() for f in (families or "").split(",") if f.strip())
    err = stderr()
    with bars(err) as progress:
        task = progress.add_task("asking", total=n or (None if run else 1000))

        def on_item(done: int) -> None:
            progress.update(task, completed=done)

        if run is not None:
            data = make_benchmark_from_clips(run, out, n, seed, on_item=on_item, families=asked_for)
        else:
            settings = scene_settings(min_events, max_events, classes, event_seconds, gap_seconds, repeats)
            data = make_benchmark(n or 1000, seed, out, on_item=on_item, families=asked_for, **settings)
    console = Console(emoji=False)
    manifest = json.loads((out / MANIFEST_NAME).read_text(encoding="utf-8"))
    console.print(f"{manifest['items']:,} questions, seed {seed} → {data}", highlight=False, soft_wrap=True)
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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(benchmark)
