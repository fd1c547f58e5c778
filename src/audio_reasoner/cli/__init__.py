"""The `audio-reasoner` command: one thin module per verb, no logic.

Decision: verb modules import nothing heavy at the top, so that `--help` answers in under 0.4 s; each imports what it
needs inside its function. This module turns every `AudioReasonerError` into one readable message and its exit code.
"""

from __future__ import annotations

import errno
import sys

import typer

from audio_reasoner.cli import (
    ask,
    bench,
    build,
    clips,
    convert,
    doctor,
    evaluate,
    export,
    prompts,
    report,
    rl,
    show,
    status,
    synth,
    train,
)
from audio_reasoner.core.errors import AudioReasonerError, EnvironmentProblem

app = typer.Typer(
    name="audio-reasoner",
    help="Make audio language models reason: build data, train, ask, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("audio-reasoner"))
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None: ...


app.add_typer(clips.app, name="clips")
app.add_typer(synth.app, name="synth")
app.command("build")(build.build)
app.add_typer(prompts.app, name="prompts")
app.command("status")(status.status)
app.command("show")(show.show)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("train")(train.train)
app.command("rl")(rl.rl)
app.command("convert")(convert.convert)
app.command("ask")(ask.ask)
app.command("doctor")(doctor.doctor)
app.add_typer(evaluate.app, name="eval")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Entry point: run the command, print errors without a traceback, exit with the documented status.

    Typer itself exits with 2 on a wrong flag and with 130 on Ctrl-C.
    """
    try:
        app()
    except AudioReasonerError as error:
        _print_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        _print_error(_environment_problem(error))
        sys.exit(EnvironmentProblem.exit_code)


def _environment_problem(error: OSError) -> EnvironmentProblem:
    """What the operating system refused, in words: an OSError that no room has turned into its own error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(
            f"No space left on the disk while writing {error.filename or 'a file'}.",
            code="environment.disk_full",
            hint="Free some space and run the same command again: finished work is kept.",
        )
    where = f" ({error.filename})" if error.filename else ""
    return EnvironmentProblem(
        f"{error.strerror or error}{where}.",
        code="environment.os",
        hint="Check that the path exists and that you may read or write it.",
    )


def _print_error(error: AudioReasonerError) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True, emoji=False)
    console.print(Text.assemble(("error ", "bold red"), (f"[{error.code}] ", "dim"), error.message))
    if error.hint:
        console.print(Text.assemble(("  → ", "bold"), error.hint))
