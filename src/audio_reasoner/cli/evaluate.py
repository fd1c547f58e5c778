"""`audio-reasoner eval`: answer benchmarks, and score any prediction file offline; one file per further command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.cli import eval_run
from audio_reasoner.cli.eval_options import Data, JsonOut, MarkdownOut, Name, RowsOut, score_file
from audio_reasoner.core.errors import EXIT_QUARANTINED
from audio_reasoner.evaluation.registry import benchmark_module

app = typer.Typer(no_args_is_help=True, help="Answer benchmarks and score predictions.")


@app.command("score")
def score_(
    benchmark: Name,
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Prediction file: a JSON array of rows with id and model_output (or model_prediction), JSON lines "
            "with id and raw, response or text, or one JSON object that maps ids to texts."
        ),
    ],
    data: Data,
    json_out: JsonOut = None,
    markdown: MarkdownOut = None,
    rows: RowsOut = None,
) -> None:
    """Score a prediction file, offline.

    Three readings stand side by side. strict: MMAU's own matcher on the RESPONSE (a reply without tags is its own
    RESPONSE). extracted: the option the RESPONSE means, then the same matcher on that option's text. option: that
    option is the right one. A reply that names no option, or several, is unparsed and wrong; nothing is guessed.
    """
    benchmark_module(benchmark)
    if score_file(predictions, data, json_out, markdown, rows):
        raise typer.Exit(EXIT_QUARANTINED)


eval_run.register(app)
