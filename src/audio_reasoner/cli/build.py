"""`audio-reasoner build`: clips to samples, with progress, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import BuildSettings


_SPEC = "openai:MODEL@URL, openai:MODEL, gemini:MODEL; with `text:` in front it gets no sound."
_WHO, _HOW, _LIMITS = "Who works", "What is made", "Limits and money"


def build(
    run: Annotated[Path, typer.Argument(help="Run directory with clips (made by `clips` or `synth`).")],
    teacher: Annotated[
        str | None,
        typer.Option(help=f"Who annotates and reasons; `grounded` works offline; or {_SPEC}", rich_help_panel=_WHO),
    ] = None,
    discriminator: Annotated[
        str | None,
        typer.Option(
            help="Who judges the chains that passed the checks; the teacher itself if it can; `none`.",
            rich_help_panel=_WHO,
        ),
    ] = None,
    solver: Annotated[
        str | None, typer.Option(help="Who answers each question blind and with audio.", rich_help_panel=_WHO)
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Answers of the solver per way of hearing.", rich_help_panel=_WHO)
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="Folder with templates that replace ours (`prompts export`).", rich_help_panel=_WHO),
    ] = None,
    give_evidence: Annotated[
        bool | None, typer.Option("--give-evidence", help="Write evidence into the prompts.", rich_help_panel=_WHO)
    ] = None,
    one_call: Annotated[
        bool | None,
        typer.Option("--one-call", help="One call for all chains of a clip, one for all its judgements."),
    ] = None,
    style: Annotated[  # read by the settings, as in a recipe: one message for both
        str | None, typer.Option(metavar="full|brief", help="full: up to 450 words; brief: for small models.")
    ] = None,
    questions: Annotated[int | None, typer.Option(min=1, max=26, help="Questions per clip.")] = None,
    families: Annotated[
        str | None, typer.Option(help="Question types to ask, separated by commas, e.g. order,count; all if not given.")
    ] = None,
    best_of: Annotated[
        int | None, typer.Option(min=1, max=16, help="Write N chains per question, keep one.", rich_help_panel=_HOW)
    ] = None,
    captions: Annotated[
        bool | None,
        typer.Option("--captions", help="A row per clip that asks for a description.", rich_help_panel=_HOW),
    ] = None,
    dialogues: Annotated[
        bool | None,
        typer.Option("--dialogues", help="A row per clip with its questions as one dialogue.", rich_help_panel=_HOW),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Filters by the solver's figures: min_difficulty=2,max_difficulty=3,max_blind=0.5,"
            "min_audio_dependence=0.3,drop_label_noise.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Everything drawn by chance depends on it.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Spend at most so many USD on this run.", rich_help_panel=_LIMITS)
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Try a few clips, then say what the rest needs.", rich_help_panel=_LIMITS),
    ] = False,
    pilot: Annotated[int, typer.Option(min=1, help="Clips of the dry run.", rich_help_panel=_LIMITS)] = 5,
    prices: Annotated[Path | None, typer.Option(help="YAML file with prices.", rich_help_panel=_LIMITS)] = None,
    rpm: Annotated[float | None, typer.Option(help="Requests per minute, if known.", rich_help_panel=_LIMITS)] = None,
    tpm: Annotated[float | None, typer.Option(help="Tokens per minute, if known.", rich_help_panel=_LIMITS)] = None,
    max_in_flight: Annotated[
        int | None, typer.Option(min=1, help="Calls at the same time, if known.", rich_help_panel=_LIMITS)
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds until a call counts as lost.", rich_help_panel=_LIMITS)
    ] = None,
    patience: Annotated[
        float | None, typer.Option(help="Seconds to wait for a teacher that is down.", rich_help_panel=_LIMITS)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N clips (in order of clip_id).")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try quarantined items once more.")] = False,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes (default: one per core).")] = None,
    recipe: Annotated[Path | None, typer.Option(help="YAML file whose `build` section gives the settings.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Turn a run's clips into reasoning samples (annotate, think, check, judge, solve) and write RUN/dataset.

    Run it again after an interruption: it goes on where it stopped.
    """
    from audio_reasoner.cli.build_view import View
    from audio_reasoner.core import config
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import BuildSettings, build_sync
    from audio_reasoner.cota.statistics import losses

    flags = {
        "teacher": teacher,
        "discriminator": discriminator,
        "solver": solver,
        "trials": trials,
        "prompts": prompts,
        "give_evidence": give_evidence,
        "one_call": one_call,
        "style": style,
        "seed": seed,
        "questions_per_clip": questions,
        "families": None if families is None else tuple(f.strip() for f in families.split(",") if f.strip()),
        "best_of": best_of,
        "captions": captions,
        "dialogues": dialogues,
        "keep": None if keep is None else _filters(keep),
        "max_cost": max_cost,
        "prices": prices,
        "rpm": rpm,
        "tpm": tpm,
        "max_in_flight": max_in_flight,
        "timeout_s": timeout,
        "patience_s": patience,
    }
    settings = config.resolve(BuildSettings, flags=flags, recipe=recipe, section="build")
    directory = RunDir.open(run)
    setup_logging(directory.log_path, verbose)
    if unread := _unread(settings):
        typer.echo(f"note: {settings.teacher} writes no prompts and makes no calls; not used: {unread}", err=True)
    if dry_run:
        _forecast(directory, settings, pilot, limit, workers)
        return
    with View() as view:
        result = build_sync(
            directory,
            settings,
            limit=limit,
            retry_failed=retry_failed,
            workers=workers,
            watch=view.watch,
            on_stop=view.stopping,
        )
    view.summary(directory, settings, result, losses(directory, result.plan_id), limit=limit, workers=workers)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _forecast(run: RunDir, settings: BuildSettings, pilot: int, limit: int | None, workers: int | None) -> None:
    from audio_reasoner.cli.build_view import View, forecast_table
    from audio_reasoner.cota.dry_run import dry_run

    with View() as view:
        found = dry_run(
            run, settings, pilot=pilot, limit=limit, workers=workers, watch=view.watch, on_stop=view.stopping
        )
    forecast_table(run, settings, found, limit=limit, workers=workers)


def _unread(settings: BuildSettings) -> str:
    """The flags that were given and mean nothing, because nobody here is a language model; empty if one is."""
    from audio_reasoner import teachers
    from audio_reasoner.cota import BuildSettings as Defaults

    if any(teachers.is_remote(spec) for spec in settings.specs):
        return ""
    default, fields = Defaults(), ("prompts", "give_evidence", "one_call", "best_of", "max_cost")
    named = (f for f in fields if getattr(settings, f) != getattr(default, f))
    return ", ".join(f"--{f.replace('_', '-')}" for f in named)


def _filters(text: str) -> dict[str, Any]:
    """`max_blind=0.5,drop_label_noise` as fields of `Keep`; their values are read by the model, which names a fault."""
    out: dict[str, Any] = {}
    for item in filter(None, (x.strip() for x in text.split(","))):
        name, given, value = item.partition("=")
        out[name.strip().replace("-", "_")] = value.strip() if given else True
    return out
