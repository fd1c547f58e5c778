"""`audio-reasoner synth complex`: scenes of several sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.cli.synth_options import Classes, GapSeconds, MaxEvents, Repeats, scene_settings
from audio_reasoner.cli.synth_output import print_counts, print_dropped, write_audio
from audio_reasoner.core.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.synth.balance import Composition
    from audio_reasoner.synth.scenes.palette import Bank

PROCEDURAL, PHRASES = "procedural", "instruments"
FEWEST = 3
_Pair = tuple[float, float]
_Whole = tuple[int, int]


def complex_(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run directory to write.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Number of scenes.")] = 500,
    seed: Annotated[
        int, typer.Option(help="Which scenes. Train with one seed, test with another: two seeds share no scene.")
    ] = 0,
    kind: Annotated[
        str, typer.Option(help="temporal (one sound after the other), composite (long tracks at once), or mixed.")
    ] = "temporal",
    bank: Annotated[
        list[str] | None,
        typer.Option(
            help="A folder of labelled recordings, a bank made of one, 'procedural', or 'instruments' (phrases as "
            "tracks); several may be given.",
            show_default=PROCEDURAL,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Only recordings of this side: train or test; all, each scene on its side.")
    ] = None,
    classes: Classes = None,
    min_events: Annotated[
        int | None,
        typer.Option(
            help="Least number of events in a scene.", show_default=f"{FEWEST}, or --max-events if that is less"
        ),
    ] = None,
    max_events: MaxEvents = 8,
    event_seconds: Annotated[
        _Pair | None,
        typer.Option(
            help="Shortest and longest event, seconds.",
            metavar="LOW HIGH",
            show_default="0.3 to 1.2, with recordings 0.3 to 2.5",
        ),
    ] = None,
    gap_seconds: GapSeconds = (0.1, 0.6),
    repeats: Repeats = 0.25,
    crossfades: Annotated[float, typer.Option(help="Chance that two neighbours blend into each other, 0 to 1.")] = 0.15,
    tracks: Annotated[
        _Whole, typer.Option(help="Tracks in a composite scene, background included.", metavar="LOW HIGH")
    ] = (2, 4),
    track_seconds: Annotated[_Pair, typer.Option(help="Shortest and longest track, seconds.", metavar="LOW HIGH")] = (
        10.0,
        25.0,
    ),
    targets: Annotated[
        _Whole, typer.Option(help="Short sounds to be found in a composite scene.", metavar="LOW HIGH")
    ] = (0, 3),
    snr: Annotated[
        _Pair, typer.Option(help="Foreground tracks together over the background track, dB.", metavar="LOW HIGH")
    ] = (0.0, 10.0),
    plausible: Annotated[
        float, typer.Option(help="Chance that a composite scene holds sounds often heard where its background is.")
    ] = 0.0,
    rooms: Annotated[float, typer.Option(help="Share of scenes that stand in a room, 0 to 1.")] = 0.0,
    audio: Annotated[bool, typer.Option("--audio", help="Also write the audio as FLAC files to RUN/audio.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes for --audio; one per core if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and show the balance; write nothing.")] = False,
) -> None:
    """Plan scenes of several sounds, with an exact timeline of each."""
    from rich.console import Console

    from audio_reasoner.cli.progress import stderr

    if out is None and not dry_run:
        raise ConfigError("no run directory was named.", code="config.usage", hint="Add '-o RUN', or '--dry-run'.")
    recorded = any(b not in (PROCEDURAL, PHRASES) for b in bank or ())
    least_most = event_seconds or ((0.3, 2.5) if recorded else (0.3, 1.2))
    # Whoever asks for two at most should not have to ask for fewer than three as well.
    min_events = min(FEWEST, max_events) if min_events is None else min_events
    settings = scene_settings(min_events, max_events, classes, least_most, gap_seconds, repeats)
    settings |= {
        "kind": kind,
        "crossfade_probability": crossfades,
        "tracks": tracks,
        "track_seconds": track_seconds,
        "targets": targets,
        "snr_db": snr,
        "plausible_probability": plausible,
        "rooms": rooms,
        "split": split,
    }
    err = stderr()
    settings |= _open(bank, err)
    made = _plan(None if dry_run else out, n, seed, settings, err)
    if audio and out is not None and not dry_run:
        write_audio(out, workers, err)
    console = Console(emoji=False)
    told = {"highlight": False, "soft_wrap": True, "markup": False}
    console.print(
        f"{made.clips:,} scenes, {made.seconds / 3600:.2f} h, {made.classes.total():,} events, seed {seed}"
        + ("" if dry_run else f" → {out}"),
        **told,  # type: ignore[arg-type]
    )
    print_dropped(made.dropped, "scenes", console)
    print_balance(made, console)
    if not dry_run:
        console.print(f"look:  audio-reasoner synth show {out}", **told)  # type: ignore[arg-type]
        console.print(f"next:  audio-reasoner build {out} --teacher grounded", **told)  # type: ignore[arg-type]


def _open(names: list[str] | None, err: Console) -> dict[str, Any]:
    """The banks named, as keywords of `plan_complex`."""
    import os

    from audio_reasoner.cli.progress import bars

    banks: list[Bank | str | None] = []
    stores: list[str] = []
    for name in dict.fromkeys(names or [PROCEDURAL]):
        if name in (PROCEDURAL, PHRASES):
            banks.append(None if name == PROCEDURAL else name)
            continue
        from audio_reasoner.synth.recordings.bank import open_bank

        with bars(err) as progress:
            task = progress.add_task(f"listening to {name}", total=None)
            store = open_bank(name, progress=lambda done, todo: progress.update(task, completed=done, total=todo))  # noqa: B023
        banks.append(store)
        stores.append(str(Path(store.path).absolute()))
    return {"banks": tuple(banks), "sources": os.pathsep.join(stores) or None}


def _plan(out: Path | None, n: int, seed: int, settings: dict[str, Any], err: Console) -> Composition:
    from audio_reasoner.cli.progress import bars
    from audio_reasoner.synth import plan_complex
    from audio_reasoner.synth.balance import Composition
    from audio_reasoner.synth.job import plan_run

    def told(what: str) -> None:
        err.print(what, markup=False, highlight=False, soft_wrap=True)

    with bars(err) as progress:
        task = progress.add_task("planning", total=n)
        if out is not None:
            return plan_run(out, n, seed, on_clip=lambda _: progress.advance(task), told=told, **settings)
        made = Composition()
        for clip in plan_complex(n, seed, told=told, **settings):
            made.add(clip)
            progress.advance(task)
        return made


def print_balance(made: Composition, console: Console) -> None:
    """Numbers of events, kinds, difficulty, signal-to-noise ratios and classes, as bars and lists."""
    from rich.markup import escape
    from rich.table import Table

    from audio_reasoner.synth.balance import unevenness

    def bars(title: str, counts: dict[Any, int]) -> None:
        table = Table(title, "scenes", "", box=None)
        for k, count in sorted(counts.items()):
            table.add_row(escape(str(k)), f"{count:,}", "█" * round(30 * count / max(counts.values())))
        console.print(table)

    if not made.clips:
        return
    bars("events", made.events)
    if len(made.kinds) > 1:
        bars("kind", made.kinds)
    bars("difficulty", made.difficulty)
    if made.snr_db:
        bars("SNR, dB", made.snr_db)
    shares = (
        ("with a repeated class", made.with_repeats),
        ("with sounds at once", made.with_overlap),
        ("in a room", made.in_rooms),
    )
    console.print("scenes " + ", ".join(f"{what} {count:,}" for what, count in shares), highlight=False)
    for what, counts in (("classes", made.classes), ("backgrounds", made.backgrounds)):
        if counts:
            print_counts(f"{what} (commonest {unevenness(counts):.2f} times the rarest)", counts, console)
    if set(made.splits) != {"none"}:
        print_counts("split", made.splits, console)
    if set(made.licences) != {"CC0-1.0"}:
        print_counts("licences", made.licences, console)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("complex")(complex_)
