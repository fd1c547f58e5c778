"""`audio-reasoner train`: a recipe and a run in, a model directory out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import EXIT_INTERRUPTED


def train(
    recipe: Annotated[Path, typer.Argument(help="YAML file; recipes/tiny.yaml is a start.")],
    data: Annotated[
        list[Path],
        typer.Option("--data", "-d", help="Run directory, built if it has no data set; several are learned together."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/checkpoint.pt.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that is there.")] = False,
    minutes: Annotated[
        float | None, typer.Option(help="Train for so many minutes instead of the recipe's budget.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:N; the recipe's, else a GPU if there is one.")
    ] = None,
) -> None:
    """Train a model to answer questions about audio with structured chains.

    Ctrl-C saves a checkpoint; --resume goes on from it.
    """
    from audio_reasoner.cli.train_view import View
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.training import load_recipe, train
    from audio_reasoner.training.recipe import with_flags

    setup_logging()
    settings = with_flags(load_recipe(recipe), minutes=minutes, device=device)
    with View() as view:
        result = train(settings, data, out, resume=resume, overwrite=overwrite, watch=view.watch)
    view.summary(result)
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
