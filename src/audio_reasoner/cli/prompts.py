"""`audio-reasoner prompts`: see, copy and try what is sent to a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The prompts for language models: list, show, export, try.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option("--prompts", help="Folder with templates of your own, as `build --prompts` takes it.")
]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="sound_qa, speech_qa, ser, s2tt, music_qa, …")]
StageName = Annotated[str, typer.Argument(metavar="STAGE", help="annotate, think, judge or solve.")]


@app.command("list")
def list_(prompts: Folder = None) -> None:
    """All templates: task, stage, file, hash of what it is made of, and whether it is yours."""
    from audio_reasoner.teachers.templates import STAGES, TASKS, Templates

    templates = Templates(prompts)
    for task in TASKS:
        for stage in STAGES:
            name = templates.name_of(task, stage)
            yours = [x for x in templates.used_by(name) if templates.is_users(x)]
            whose = f"  yours: {', '.join(yours)}" if yours else ""
            typer.echo(f"{task:<14} {stage:<9} {name:<30} {templates.sha_of(task, stage)[:12]}{whose}")
    typer.echo(f"All together: {templates.sha[:12]}")


@app.command("show")
def show(
    task: TaskName,
    stage: StageName,
    prompts: Folder = None,
    text: Annotated[bool, typer.Option("--text", help="As for a `text:` teacher, which hears nothing.")] = False,
    given: Annotated[bool, typer.Option("--given", help="Annotate: the questions come with the data.")] = False,
    many: Annotated[bool, typer.Option("--one-call", help="All questions of a clip in one call.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="A question without options.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The template files instead of the prompt.")] = False,
) -> None:
    """The prompt of a task and stage, with a placeholder where the data of a clip goes."""
    from audio_reasoner.teachers.preview import check_names
    from audio_reasoner.teachers.templates import Flags, Templates

    known_task, known_stage = check_names(task, stage)
    templates = Templates(prompts)
    if source:
        for name in templates.used_by(templates.name_of(known_task, known_stage)):
            typer.echo(f"---- {name}{' (yours)' if templates.is_users(name) else ''}\n{templates.source(name)}")
        return
    flags = Flags(
        hears=not text, evidence=text, given=given, many=many, choice=not open_, hearing="text" if text else "audio"
    )
    typer.echo(templates.render(known_task, known_stage, "{ the data of a clip }", flags).text, nl=False)


@app.command("export")
def export(folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the templates.")]) -> None:
    """Copy all templates into a folder: edit what you like, delete the rest, and build with `--prompts DIR`."""
    from audio_reasoner.teachers.templates import Templates

    written = Templates().export(folder)
    typer.echo(f"{len(written)} templates in {folder}. Files you delete there are taken from the package.")


@app.command("try")
def try_(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory with clips.")],
    stage: StageName = "annotate",
    clip: Annotated[
        str | None, typer.Option("--clip", help="Id of a clip, or its beginning; default: the first.")
    ] = None,
    teacher: Annotated[
        str, typer.Option("--teacher", help="For whom, e.g. openai:M or text:openai:M.")
    ] = "openai:MODEL",
    prompts: Folder = None,
    give_evidence: Annotated[bool, typer.Option("--give-evidence", help="With the clip's evidence.")] = False,
    one_call: Annotated[bool, typer.Option("--one-call", help="All questions of the clip in one call.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Short captions and chains.")] = False,
) -> None:
    """What would be sent about one clip, without sending it.

    For think, judge and solve the question is the clip's first one in the newest build, else one that its labels or its
    timeline answer.
    """
    from audio_reasoner.teachers.preview import preview

    shown = preview(
        run, stage, clip, teacher, prompts=prompts, give_evidence=give_evidence, one_call=one_call, brief=brief
    )
    typer.echo(shown.text, nl=False)
    typer.echo(shown.note, err=True)
