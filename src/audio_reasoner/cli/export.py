"""`audio-reasoner export`: the run's data set in a trainer's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError, InputError


def export(
    run: Annotated[Path, typer.Argument(help="Run directory with a built data set.", metavar="RUN")],
    fmt: Annotated[
        str, typer.Option("--format", "-f", help="hf, ms-swift, webdataset, cota; mmau: a test for `eval run`.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory to make. Default: RUN/export/FORMAT.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Export only this split.")] = None,
    audio: Annotated[
        str | None,
        typer.Option(
            help="embed: 16 kHz mono FLAC. copy: original files as they are. reference: paths of your files. "
            "Default: reference for ms-swift, embed for the others."
        ),
    ] = None,
    val_fraction: Annotated[
        float, typer.Option(help="Share of groups (recordings, speakers, …) to hold out as the split 'val'.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the hold-out.")] = 0,
    system_prompt: Annotated[
        Path | None, typer.Option(help="Text file with a system message for every sample (ms-swift).")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Only rows with, e.g. 'difficulty>=2', 'task=sound_qa,ser', 'blind_accuracy<0.5', "
            "'label_noise=false', 'turns=1'. Several: all must hold.",
            metavar="CONDITION",
        ),
    ] = None,
) -> None:
    """Write the data set for Hugging Face, ms-swift, WebDataset, as CoTA or as a test; the same bytes every time."""
    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.cli.show import require_dataset
    from audio_reasoner.core.audio import HEARD_SECONDS
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import sample_audio
    from audio_reasoner.dataset.exports import counted, export_run

    prompt = None
    if system_prompt is not None:
        try:
            prompt = system_prompt.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"the system prompt {system_prompt} cannot be read: {error}", code="config.system_prompt"
            ) from error
    opened = RunDir.open(run)
    log = setup_logging(opened.log_path)
    require_dataset(opened)
    if fmt == "mmau":
        if split or audio or val_fraction or system_prompt or where:
            raise ConfigError(
                "--format mmau takes every question with options as it is.",
                code="export.options",
                hint="Make the test from a run of its own; leave out the other options.",
            )
        _benchmark(opened.path, out or opened.path / "export" / "mmau")
        return
    console = stderr()
    bar = bars(console)
    task = bar.add_task("exporting", total=None)

    def show(done: int, total: int) -> None:
        bar.start()  # with the first row only: a usage mistake should not leave an empty bar on the screen
        bar.update(task, completed=done, total=total)

    try:
        result = export_run(
            opened.path,
            fmt,
            sample_audio(opened),
            out=out,
            audio_mode=audio,
            split=split,
            val_fraction=val_fraction,
            seed=seed,
            system_prompt=prompt,
            where=where or [],
            progress=show,
        )
    finally:
        if bar.live.is_started:  # stopping what never began prints an empty line in front of the error
            bar.stop()
    parts = ", ".join(f"{name} {n:,}" for name, n in result.splits.items())
    log.info("exported %d rows as %s to %s, %d held back", result.rows, fmt, result.out, result.quarantined)
    typer.echo(f"{result.rows:,} row{'' if result.rows == 1 else 's'} ({parts}) → {result.out}")
    for condition, n in result.left_out.items():
        console.print(f"{counted(n)} left out by {condition}", markup=False)
    if result.long:
        console.print(
            f"{counted(result.long)} of clips over {HEARD_SECONDS:g} s, more than a Qwen2-Audio-class model hears: "
            f"many trainers cut them without a word. --where 'duration_s<={HEARD_SECONDS:g}' leaves them out.",
            markup=False,
        )
    if val_fraction and split is None and "val" not in result.splits:
        console.print("There is no split 'val': none of the rows of the groups held out for it are left.")
    if result.quarantined:
        reasons = ", ".join(f"{code} {n:,}" for code, n in result.reasons.items())
        console.print(f"{counted(result.quarantined)} held back ({reasons}); see {result.out / 'quarantine.jsonl'}")
        raise typer.Exit(EXIT_QUARANTINED)


def _benchmark(run: Path, out: Path) -> None:
    """The questions of a run as a benchmark in MMAU's format, to be scored with `eval run`."""
    import json

    from audio_reasoner.evaluation.make import make_benchmark_from_run
    from audio_reasoner.evaluation.timelines import MANIFEST_NAME

    make_benchmark_from_run(run, out)
    manifest = json.loads((out / MANIFEST_NAME).read_text(encoding="utf-8"))
    typer.echo(f"{manifest['items']:,} questions → {out}")
    typer.echo(f"next: audio-reasoner eval run mmau-mini --data {out} --model MODEL -o EVAL")
