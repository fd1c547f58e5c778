"""`audio-reasoner eval official`: write predictions in the form an official script, or lmms-eval, reads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.cli.eval_options import PREDICTIONS_NAME, Data, Name
from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError


class Format(StrEnum):
    """What is written."""

    OFFICIAL = "official"
    LMMS_EVAL = "lmms-eval"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("official")(official)


def official(
    benchmark: Name,
    predictions: Annotated[Path, typer.Argument(help="Prediction file, or the directory of an `eval run`.")],
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory for the files.")],
    format_: Annotated[Format, typer.Option("--format", help="The official script's files, or a sample log.")] = (
        Format.OFFICIAL
    ),
    key: Annotated[str | None, typer.Option("--key", help="Field with the answer, if it has no usual name.")] = None,
    id_key: Annotated[str | None, typer.Option("--id-key", help="Field with the id, if it has no usual name.")] = None,
) -> None:
    """Write the files an official script reads, with its field names, or a sample log of lmms-eval.

    What is handed over is the RESPONSE alone (a reply without tags is its own RESPONSE).
    """
    from datetime import UTC, datetime

    from rich.console import Console

    from audio_reasoner.evaluation.base import foreign_ids
    from audio_reasoner.evaluation.interop import bodies, write_sample_log
    from audio_reasoner.evaluation.predictions import fit, read_predictions
    from audio_reasoner.evaluation.registry import benchmark_module

    module = benchmark_module(benchmark)
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is no directory.", code="eval.bad_path", hint="Name a directory for the files.")
    items = module.read(data)
    file = predictions / PREDICTIONS_NAME if predictions.is_dir() else predictions
    replies = fit(items, read_predictions(file, key=key, id_key=id_key))
    problems = [*replies.problems, *foreign_ids(items, replies.texts)]
    known = {item.id: replies.texts[item.id] for item in items.items if item.id in replies.texts}
    if format_ is Format.LMMS_EVAL:
        # The date of the predictions, so that the same file is written again and not a second one beside it.
        files = [write_sample_log(items, known, out, datetime.fromtimestamp(file.stat().st_mtime, UTC))]
    else:
        files = list(module.official_files(items, bodies(known), out))
    err = Console(stderr=True, emoji=False)
    for note in replies.notes:
        err.print(note, highlight=False, soft_wrap=True, markup=False)
    for problem in problems[:20]:
        err.print(problem, style="yellow", highlight=False, soft_wrap=True, markup=False)
    if len(problems) > 20:
        err.print(f"… and {len(problems) - 20} further problems", style="yellow", markup=False)
    missing = len(items.items) - len(known)
    told = f"; {missing:,} items have no answer and are not in the files" if missing else ""
    err.print(f"{len(known):,} answers{told}", highlight=False, soft_wrap=True)
    for path in files:
        typer.echo(str(path))
    if problems:
        raise typer.Exit(EXIT_QUARANTINED)
