"""`audio-reasoner status`: how far a build is, from another terminal, without disturbing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def status(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show plan, progress, rate, who is writing, and what was set aside and why."""
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota.statistics import status as look

    found = look(RunDir.open(run))
    if as_json:
        import json

        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from audio_reasoner.cli.build_view import status_table

    status_table(found)
