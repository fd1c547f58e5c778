"""`audio-reasoner report`: a page that shows what a run holds and lets one listen, or how trainings went."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    paths: Annotated[
        list[Path], typer.Argument(help="Run directory; or model directories, to see their trainings.", metavar="RUN")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write. Default: RUN/report.html; of a training: DIR/training.html."),
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="How many samples the page holds.")] = 5000,
    max_mb: Annotated[
        float, typer.Option("--max-mb", min=0.1, help="Largest size of the page; sound is left out beyond it.")
    ] = 25.0,
    seed: Annotated[int, typer.Option(help="Draws which samples are shown.")] = 0,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write one HTML file: funnel, composition, word counts, quarantine, and samples with sound. Needs no network.

    Of model directories: loss, speed and right answers by question type, one training or several beside each other.
    """
    import time

    from audio_reasoner.core.errors import ConfigError
    from audio_reasoner.report.text import seconds, size
    from audio_reasoner.training import history, page, place

    began = time.monotonic()
    if any(history.is_training(p) for p in paths):
        path = page.write_page(paths, out)
    elif len(paths) > 1:
        raise ConfigError(
            f"{len(paths)} directories were named, and none of them holds a training ({place.LOG_NAME}).",
            code="report.one_run",
            hint="Trainings can stand beside each other on one page; of runs, draw one at a time.",
        )
    else:
        path = _run_report(paths[0], out, samples, max_mb, seed)
    typer.echo(path)
    typer.echo(f"{size(path.stat().st_size)}, drawn in {seconds(time.monotonic() - began)}", err=True)
    if open_page:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            typer.echo("No browser could be started here; open the file yourself.", err=True)


def _run_report(run: Path, out: Path | None, samples: int, max_mb: float, seed: int) -> Path:
    from rich.console import Console

    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota.pages import write_report

    log = setup_logging(RunDir.open(run).log_path)
    with Console(stderr=True, emoji=False).status(f"Drawing the report of {run} …"):
        path = write_report(run, out, seed=seed, max_samples=samples, budget_mb=max_mb)
    log.info("wrote the report %s", path)
    return path
