"""`audio-reasoner train`: a recipe and a run in, a model directory out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audio_reasoner.core.errors import EXIT_INTERRUPTED, ConfigError

if TYPE_CHECKING:
    from audio_reasoner.training import Recipe


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
    engine: Annotated[
        str, typer.Option(help="own: our loop. ms-swift: write its data, scripts and environment to OUT.")
    ] = "own",
    model: Annotated[
        str | None, typer.Option(help="Model directory or hub name instead of the recipe's model.path.")
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="With --engine ms-swift: start it, if `swift` is there.")] = False,
) -> None:
    """Train a model to answer questions about audio with structured chains.

    Ctrl-C saves a checkpoint; --resume goes on from it.
    """
    from audio_reasoner.cli.train_view import View
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.training import distributed, load_recipe, train
    from audio_reasoner.training.recipe import with_flags

    setup_logging()
    settings = with_flags(load_recipe(recipe), minutes=minutes, device=device, model=model)
    if engine not in ("own", "ms-swift"):
        raise ConfigError(f"{engine!r} is no engine.", code="config.engine", hint="Engines: own, ms-swift.")
    if engine == "ms-swift":
        if resume or device:
            raise ConfigError(
                f"{'--resume' if resume else '--device'} belongs to our own loop.",
                code="config.engine",
                hint="OUT/sft.sh takes ms-swift's own options, such as --resume_from_checkpoint.",
            )
        raise typer.Exit(_with_swift(settings, data, out, overwrite=overwrite, run=run))
    if run:
        raise ConfigError("--run belongs to --engine ms-swift.", code="config.engine")
    with View(quiet=not distributed.is_first()) as view:
        result = train(settings, data, out, resume=resume, overwrite=overwrite, watch=view.watch)
    view.summary(result)
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


def _with_swift(recipe: Recipe, data: list[Path], out: Path, *, overwrite: bool, run: bool) -> int:
    """Write everything for ms-swift, say what to do with it, and start it if asked. Returns the exit status."""
    from rich.console import Console

    from audio_reasoner.cli.train_view import View
    from audio_reasoner.training import swift

    with View() as view:
        written = swift.write(recipe, data, out, overwrite=overwrite, watch=view.watch)
    console = Console(stderr=True, emoji=False)
    rows = ", ".join(f"{name} {n:,}" for name, n in sorted(written.rows.items()))
    typer.echo(f"{rows} → {written.out}")
    if written.left_out:
        console.print(
            f"{written.left_out:,} samples were left out; {written.out / 'left_out.jsonl'} says why.", markup=False
        )
    if run:
        return swift.run(written)
    console.print(
        f"In an environment with {written.out / 'requirements.txt'}: GPUS=8 bash {written.script}", markup=False
    )
    return 0
