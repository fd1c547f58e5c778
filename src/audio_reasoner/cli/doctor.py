"""`audio-reasoner doctor`: what this machine, a model and a planned training need, and what will fail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import EXIT_FAILED


def doctor(
    model: Annotated[
        str | None, typer.Argument(help="Model directory, or org/name that is on this machine already.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="A training recipe: memory, GPUs and hours that it needs.")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=1, help="--plan: samples of an epoch.")] = 1_200_000,
    seconds: Annotated[
        float, typer.Option("--clip-seconds", min=0.04, max=30.0, help="--plan: mean length of a clip.")
    ] = 10.0,
    words: Annotated[
        int, typer.Option("--text-tokens", min=2, help="--plan: mean tokens of question and answer.")
    ] = 620,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Say what is here, what will fail, and what a training would need. Fetches and changes nothing.

    Exit code: 0 nothing will fail, 1 something will, 2 the model or recipe that was named is not there or unreadable.
    """
    import contextlib

    from rich.console import Console

    from audio_reasoner.models import check_up, machine

    path = check_up.find_local(model) if model is not None else None
    planned = None
    if plan is not None:
        from audio_reasoner.training.plan import Expected, plan_recipe

        planned = plan_recipe(plan, Expected(samples, seconds, words))
    quiet = contextlib.nullcontext() if as_json else Console(stderr=True, emoji=False).status("Looking …")
    with quiet:
        here = machine.examine()
        report = check_up.examine(path, here) if path is not None else None
    if as_json:
        import json

        from audio_reasoner.cli.doctor_view import as_plain

        typer.echo(json.dumps(as_plain(here, report, planned), indent=2, ensure_ascii=False))
    else:
        from audio_reasoner.cli.doctor_view import show

        show(here, report, planned)
    findings = [*here.findings, *(report.findings if report is not None else [])]
    if any(f.level == "fails" for f in findings):
        raise typer.Exit(EXIT_FAILED)
