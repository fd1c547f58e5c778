"""`audio-reasoner eval score`: score a prediction file, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.cli.eval_options import Data, JsonOut, MarkdownOut, Name, RowsOut, score_file
from audio_reasoner.core.errors import EXIT_QUARANTINED


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score")(score_)


def score_(
    benchmark: Name,
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Prediction file (the official scripts' forms, JSON lines with id and raw, or one JSON object that "
            "maps ids to texts), or the directory of an `eval run`; its score.json and rows.jsonl are then made anew."
        ),
    ],
    data: Data,
    json_out: JsonOut = None,
    markdown: MarkdownOut = None,
    rows: RowsOut = None,
    judged: Annotated[
        Path | None,
        typer.Option("--judged", help="Opinions of `eval judge`; those beside the predictions are found without it."),
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Field with the answer, if it has no usual name.")] = None,
    id_key: Annotated[str | None, typer.Option("--id-key", help="Field with the id, if it has no usual name.")] = None,
    check: Annotated[
        bool, typer.Option("--check-audio", help="Also look at every recording; missing and broken ones are named.")
    ] = False,
    allow_missing: Annotated[
        int, typer.Option("--allow-missing", min=0, help="With --check-audio: so many recordings may be unusable.")
    ] = 0,
) -> None:
    """Score a prediction file, offline.

    Several readings stand side by side. strict: the official rule on the RESPONSE (a reply without tags is its own
    RESPONSE). extracted: the option the RESPONSE means, then the same rule on that option. option: that option is the
    right one. A reply that names no option, or several, is unparsed and wrong; nothing is guessed.
    """
    allowed = allow_missing if check else None
    if score_file(benchmark, predictions, data, json_out, markdown, rows, judged, allowed, key, id_key):
        raise typer.Exit(EXIT_QUARANTINED)
