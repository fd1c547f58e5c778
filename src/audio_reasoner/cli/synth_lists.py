"""`audio-reasoner synth lists`: a few spoken words, by one to four people, in a known order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.synth.dialogue_run import Made


def lists(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run directory to write.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of lists.")] = 500,
    seed: Annotated[int, typer.Option(help="Which lists. Train with one seed, test with another.")] = 0,
    min_turns: Annotated[int, typer.Option(help="Fewest words of a list.")] = 1,
    max_turns: Annotated[int, typer.Option(help="Most words of a list, at most 10.")] = 5,
    speakers: Annotated[
        tuple[int, int], typer.Option(help="Fewest and most speakers of a list, 1 to 4.", metavar="LOW HIGH")
    ] = (1, 4),
    words: Annotated[str, typer.Option(help="What is listed: digits, names, or both with a comma.")] = "digits,names",
    max_seconds: Annotated[float, typer.Option(help="Longest clip; a longer one is left out.")] = 10.0,
    rooms: Annotated[float, typer.Option(min=0, max=1, help="Share of lists that are spoken in a room.")] = 0.0,
    background: Annotated[
        float, typer.Option(min=0, max=1, help="Share of lists with a sound beneath the voices.")
    ] = 0.0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that speak and render; one per core if not given.")
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Also write the audio as FLAC files to RUN/audio.")] = False,
) -> None:
    """Make short clips in which one to four people say digits or first names, one word each turn."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.synth.lists import make_lists

    err = stderr()
    with bars(err) as progress:
        done = progress.add_task("lists", total=n)
        turns = progress.add_task("words spoken", total=None)
        made = make_lists(
            out,
            n,
            seed,
            turns=(min_turns, max_turns),
            speakers=speakers,
            sorts=[x.strip() for x in words.split(",") if x.strip()],
            max_seconds=max_seconds,
            rooms=rooms,
            background=background,
            workers=workers,
            on_turn=lambda: progress.advance(turns),
            on_list=lambda: progress.advance(done),
        )
    if audio:
        from audio_reasoner.cli.synth_output import write_audio

        write_audio(out, workers, err)
    _tell(out, made, seed, Console(emoji=False), err)
    if made.left_out:
        raise typer.Exit(EXIT_QUARANTINED)


def _tell(out: Path, made: Made, seed: int, console: Console, err: Console) -> None:
    from rich.markup import escape

    from audio_reasoner.cli.synth_output import print_dropped, print_left_out, print_speakers

    c = made.composition
    told: dict[str, Any] = {"highlight": False, "soft_wrap": True}
    shortest = f", {c.seconds / c.clips:.1f} s on average" if c.clips else ""
    console.print(
        f"[bold]{c.clips:,} list{'s' * (c.clips != 1)}[/bold]{shortest}, {c.classes['speech']:,} words, seed {seed} "
        f"→ {escape(str(out))}",
        **told,
    )
    console.print(f"{made.spoken:,} takes spoken, used again {made.found:,} times.", **told)
    print_dropped(c.dropped, "lists", console)
    print_speakers(made, "lists", console)
    print_left_out(made, "list", out, err)
    console.print(f"next: audio-reasoner build {escape(str(out))} --teacher grounded", **told)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lists")(lists)
