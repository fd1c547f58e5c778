"""`audio-reasoner convert`: a model for programs that live on the other side of transformers 5."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    model: Annotated[str, typer.Argument(help="Model directory, or org/name on the Hugging Face hub.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write.")],
    layout: Annotated[
        str, typer.Option("--for", help="transformers-4.48 (also ms-swift, older vLLM) or transformers-5.")
    ] = "transformers-4.48",
) -> None:
    """Write a model's files in the layout of another transformers; the weights are linked, not changed.

    An adapter (LoRA) is added to its base and written as a whole model.
    """
    from audio_reasoner.models.layout import LAYOUTS
    from audio_reasoner.models.layout import convert as write

    wanted = next((x for x in LAYOUTS if x == layout), None)
    if wanted is None:
        raise typer.BadParameter(f"{layout!r} is none of {', '.join(LAYOUTS)}.", param_hint="--for")
    write(model, out, wanted)
    typer.echo(f"{out}: the layout of {wanted}")
