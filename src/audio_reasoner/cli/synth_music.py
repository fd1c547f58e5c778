"""`audio-reasoner synth music`: short pieces of which everything is known, composed or taken from MIDI files."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.cli.synth_output import print_dropped, write_audio
from audio_reasoner.core.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.core.records import Clip
    from audio_reasoner.synth.music.midi import Problem

SHOWN = ("metre", "direction", "dynamics")
"""Facts whose values are counted in the summary; of the others only how many clips have one."""


def music(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run directory to write.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of clips.")] = 500,
    seed: Annotated[
        int, typer.Option(help="Which pieces. Train with one seed, test with another: two seeds share no piece.")
    ] = 0,
    instruments: Annotated[
        str | None, typer.Option(help="Instruments to use, separated by commas; all if not given.")
    ] = None,
    midi: Annotated[
        Path | None, typer.Option(help="Folder of MIDI files to take passages from, instead of composing.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the MIDI files; unknown if not given.")] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="Longest piece that is composed, 11.5 seconds or more; 25 if not given.")
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Also write the audio as FLAC files to RUN/audio.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes for --audio; one per core if not given.")
    ] = None,
) -> None:
    """Make clips of music with known instruments, tempo, metre, key, chords, direction and dynamics."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.synth.job import write_run
    from audio_reasoner.synth.music import midi as midi_source
    from audio_reasoner.synth.music.music import SOURCE, check_instruments, plan_music

    if licence is not None and midi is None:
        raise ConfigError(
            "--licence says what MIDI files may be used for, and there is no --midi.", code="synth.bad_licence"
        )
    err = stderr()
    names = None if instruments is None else [x.strip() for x in instruments.split(",") if x.strip()]
    check_instruments(names)
    source: dict[str, Any] = {"name": SOURCE if midi is None else midi_source.SOURCE, "seed": seed}
    if names is not None:
        source["instruments"] = sorted(set(names))
    if max_seconds is not None:
        if midi is not None:
            raise ConfigError(
                "--max-seconds is for composed pieces, and --midi takes passages.", code="synth.bad_range"
            )
        source["max_seconds"] = max_seconds
    problems: list[midi_source.Problem] = []
    if midi is None:
        clips = plan_music(n, seed, instruments=names, max_seconds=max_seconds)
    else:
        source |= {"midi": str(midi.resolve()), "licence": licence}
        found = midi_source.plan_midi(midi, n, seed, instruments=names, licence=licence, on_problem=problems.append)
        clips = _at_least_one(found, midi, problems)
    told: Counter[str] = Counter()
    values: dict[str, Counter[str]] = {k: Counter() for k in SHOWN}

    def count(clip: Clip) -> None:
        assert clip.timeline is not None
        for fact in clip.timeline.facts:
            told[fact.kind] += 1
            if fact.kind in values:
                values[fact.kind][fact.value] += 1

    with bars(err) as progress:
        task = progress.add_task("planning", total=n)

        def on_clip(clip: Clip) -> None:
            count(clip)
            progress.advance(task)

        made = write_run(out, clips, source, on_clip)
    if audio:
        write_audio(out, workers, err)
    console = Console(emoji=False)
    console.print(
        f"[bold]{made.clips:,} {'clip' if made.clips == 1 else 'clips'} of music[/bold], {made.seconds / 3600:.2f} h, "
        f"{made.events.total():,} with 1 to {max(made.events, default=1)} instruments, seed {seed} → {out}",
        highlight=False,
        soft_wrap=True,
    )
    _summary(console, made.events, made.classes, told, values)
    if problems:
        _report(console, out, problems, made.clips, n)
    print_dropped(made.dropped, "clips", console)
    console.print(f"next: audio-reasoner build {out} --teacher grounded", highlight=False, soft_wrap=True)


def _at_least_one(clips: Iterator[Clip], folder: Path, problems: list[Problem]) -> Iterator[Clip]:
    """The same clips; an error before anything is written where there is none."""
    from audio_reasoner.core.errors import InputError

    first = next(clips, None)
    if first is None:
        kinds = ", ".join(f"{code} {k:,}" for code, k in Counter(p.code for p in problems).most_common())
        raise InputError(
            f"no clip could be made from the {len(problems):,} MIDI files below {folder}: {kinds}. "
            f"The first: {problems[0].name}: {problems[0].detail}",
            code="midi.nothing_usable",
            hint="A passage needs 8 seconds or more with one to four of the instruments of --help.",
        )
    return itertools.chain([first], clips)


def _report(console: Console, out: Path, problems: list[Problem], made: int, wanted: int) -> None:
    """Print which files gave no clip, and write all of them to the run."""
    from audio_reasoner.core.run import write_atomic

    kinds = Counter(p.code for p in problems)
    console.print(
        f"{len(problems):,} MIDI files gave no clip: {', '.join(f'{k} {v:,}' for k, v in kinds.most_common())}",
        highlight=False,
        soft_wrap=True,
    )
    for code in kinds:
        first = next(p for p in problems if p.code == code)
        console.print(f"  {code}: {first.name}: {first.detail}", highlight=False, markup=False, soft_wrap=True)
    path = out / "midi-problems.jsonl"
    lines = (json.dumps(vars(p), ensure_ascii=False) for p in problems)
    write_atomic(path, "".join(f"{line}\n" for line in lines).encode())
    console.print(f"  all of them: {path}", highlight=False, markup=False, soft_wrap=True)
    if made < wanted:
        console.print(f"{wanted - made:,} clips fewer than asked for: there are no more usable files.", highlight=False)


def _summary(
    console: Console,
    counts: Counter[int],
    classes: Counter[str],
    told: Counter[str],
    values: dict[str, Counter[str]],
) -> None:
    """Print the composition: what the clips consist of and what is known about them."""
    rows = [
        ("instruments in a clip", ", ".join(f"{k}: {v:,}" for k, v in sorted(counts.items()))),
        ("instruments", ", ".join(f"{k} {v:,}" for k, v in sorted(classes.items()))),
        *((name, ", ".join(f"{k} {v:,}" for k, v in sorted(found.items()))) for name, found in values.items() if found),
        ("known of so many clips", ", ".join(f"{k} {v:,}" for k, v in sorted(told.items()))),
    ]
    for name, text in rows:
        console.print(f"{name}: {text}", highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("music")(music)
