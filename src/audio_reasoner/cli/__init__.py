"""The `audio-reasoner` command: one thin module per verb, no logic.

Decision: verb modules import nothing heavy at the top, so that `--help` answers in under 0.4 s; each imports what it
needs inside its function. This module turns every `AudioReasonerError` into one readable message and its exit code.
"""

from __future__ import annotations

import sys

import typer

from audio_reasoner.cli import ask, build, clips, evaluate, export, report, show, status, synth, train
from audio_reasoner.core.errors import EXIT_INTERRUPTED, AudioReasonerError

app = typer.Typer(
    name="audio-reasoner",
    help="Make audio language models reason: build data, train, ask, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(clips.app, name="clips")
app.add_typer(synth.app, name="synth")
app.command("build")(build.build)
app.command("status")(status.status)
app.command("show")(show.show)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("train")(train.train)
app.command("ask")(ask.ask)
app.add_typer(evaluate.app, name="eval")


def main() -> None:
    """Entry point: run the command, print errors without a traceback, exit with the documented status."""
    try:
        app()
    except AudioReasonerError as error:
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True)
        console.print(Text.assemble(("error ", "bold red"), (f"[{error.code}] ", "dim"), error.message))
        if error.hint:
            console.print(Text.assemble(("  → ", "bold"), error.hint))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(EXIT_INTERRUPTED)
