"""`audio-reasoner synth bank`: see and hear the sound classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import ConfigError


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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bank)
