"""`audio-reasoner rl`: a recipe, a run and a model in, the model after reinforcement learning out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import EXIT_INTERRUPTED


def rl(
    recipe: Annotated[Path, typer.Argument(help="YAML file; recipes/grpo.yaml is a start.")],
    data: Annotated[list[Path], typer.Option("--data", "-d", help="Run directory with a data set; may be repeated.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Model directory to begin with.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/checkpoint.pt.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the training that is there.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="So many steps instead of the recipe's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N; the recipe's, else a GPU if any.")] = None,
) -> None:
    """Train a model further by reward: draw chains, compare them, push towards the better ones (GRPO).

    Ctrl-C saves a checkpoint; --resume goes on from it.
    """
    from audio_reasoner.cli.rl_view import View
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.training.grpo import train_rl
    from audio_reasoner.training.rl_recipe import load_rl_recipe

    setup_logging()
    settings = load_rl_recipe(recipe)
    changes = {k: v for k, v in (("steps", steps), ("device", device)) if v is not None}
    with View() as view:
        result = train_rl(
            settings.model_copy(update=changes), data, model, out, resume=resume, overwrite=overwrite, watch=view.watch
        )
    view.summary(result)
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
