"""`audio-reasoner build`: clips to samples, with progress, resumable."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class _Style(StrEnum):
    full = "full"
    brief = "brief"


def build(
    run: Annotated[Path, typer.Argument(help="Run directory with clips (made by `clips` or `synth`).")],
    teacher: Annotated[str | None, typer.Option(help="Who annotates and reasons; `grounded` works offline.")] = None,
    style: Annotated[_Style | None, typer.Option(help="full: up to 450 words; brief: for small models.")] = None,
    questions: Annotated[int | None, typer.Option(min=1, max=26, help="Questions per clip.")] = None,
    families: Annotated[
        str | None, typer.Option(help="Question types to ask, separated by commas, e.g. order,count; all if not given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Everything drawn by chance depends on it.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N clips (in order of clip_id).")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try quarantined items once more.")] = False,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes (default: one per core).")] = None,
    recipe: Annotated[Path | None, typer.Option(help="YAML file whose `build` section gives the settings.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Turn a run's clips into reasoning samples (annotate, think, check) and write RUN/dataset.

    Run it again after an interruption: it goes on where it stopped.
    """
    from audio_reasoner.cli.build_view import View
    from audio_reasoner.core import config
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import BuildSettings, build_sync
    from audio_reasoner.cota.statistics import losses

    flags = {
        "teacher": teacher,
        "style": None if style is None else style.value,
        "seed": seed,
        "questions_per_clip": questions,
        "families": None if families is None else tuple(f.strip() for f in families.split(",") if f.strip()),
    }
    settings = config.resolve(BuildSettings, flags=flags, recipe=recipe, section="build")
    directory = RunDir.open(run)
    setup_logging(directory.log_path, verbose)
    with View() as view:
        result = build_sync(
            directory,
            settings,
            limit=limit,
            retry_failed=retry_failed,
            workers=workers,
            watch=view.watch,
            on_stop=view.stopping,
        )
    view.summary(directory, settings, result, losses(directory, result.plan_id))
    if result.exit_code:
        raise typer.Exit(result.exit_code)
