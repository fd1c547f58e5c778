"""`audio-reasoner show`: one sample, as a person wants to read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audio_reasoner.core.errors import InputError

if TYPE_CHECKING:
    from audio_reasoner.core.run import RunDir


def require_dataset(run: RunDir) -> None:
    """Refuse a run that has not been built.

    Raises:
        InputError: ``run.not_built``.
    """
    if not run.dataset_dir.is_dir():
        raise InputError(
            f"{run.path} has no data set yet.",
            code="run.not_built",
            hint=f"Run `audio-reasoner build {run.path} --teacher grounded`.",
        )


def show(
    run: Annotated[Path, typer.Argument(help="Run directory with a built data set.", metavar="RUN")],
    sample_id: Annotated[
        str | None, typer.Argument(help="Id of a sample, or its beginning. Without it the first ones are listed.")
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Show any sample.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The row as JSON instead.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list.")] = 20,
) -> None:
    """Show a sample: its sound as a timeline, question and options, chain, verdicts, and where it comes from."""
    from itertools import islice

    from rich.console import Console

    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota.page_losses import segments_of
    from audio_reasoner.cota.page_terminal import list_view, sample_view
    from audio_reasoner.dataset import count_rows, find_clip, find_row, read_rows

    opened = RunDir.open(run)
    require_dataset(opened)
    console = Console(emoji=False)
    if sample_id is None and not random:
        rows = list(islice(read_rows(opened.dataset_dir), limit))
        if as_json:
            for row in rows:
                typer.echo(row.model_dump_json(exclude={"audio_bytes"}))
        elif rows:
            console.print(list_view(rows, count_rows(opened.dataset_dir), str(run)))
        else:
            typer.echo("The data set has no samples.", err=True)
        return
    if sample_id is not None:
        row = find_row(opened.dataset_dir, sample_id)
    else:
        import secrets

        total = count_rows(opened.dataset_dir)
        if not total:
            raise InputError(f"The data set of {run} has no samples.", code="dataset.empty")
        row = next(islice(read_rows(opened.dataset_dir), secrets.randbelow(total), None))
    if as_json:
        typer.echo(row.model_dump_json(indent=2, exclude={"audio_bytes"}))
        return
    clip = find_clip(opened.path, row.clip_id)
    segments = dict(segments_of(opened, [row.content_key])).get(row.content_key)
    console.print(sample_view(row, clip, segments, width=min(console.width, 120)), width=min(console.width, 120))
