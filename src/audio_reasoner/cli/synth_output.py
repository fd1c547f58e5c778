"""What the `synth` commands print and write alike: audio files, lists of counts, what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from audio_reasoner.synth.dialogue_run import Made

FEW = 5
"""Clips that were left out and are told one by one."""
LISTED = 60
"""Names that a list of counts holds at most; of more the commonest and the rarest are shown, a half each."""


def write_audio(run: Path, workers: int | None, err: Console) -> None:
    """Render a run's synthetic clips to files, with progress, and say how many were written."""
    from audio_reasoner.cli.progress import bars
    from audio_reasoner.dataset import count_clips, read_clips
    from audio_reasoner.synth.job import render_files

    written = there = 0
    with bars(err) as progress:
        task = progress.add_task("rendering", total=count_clips(run))
        for new in render_files(run, read_clips(run), workers):
            written += new
            there += not new
            progress.advance(task)
    err.print(
        f"{written:,} audio files written to {run / 'audio'}, {there:,} were there.", markup=False, soft_wrap=True
    )


def print_counts(title: str, counts: Mapping[str, int], console: Console) -> None:
    """Names with their counts, broken between two names and never within one.

    Up to `LISTED` names stand in the order of the alphabet; of more the ends of the order of counts tell how even they
    are, where 400 names would tell nothing.
    """
    from audio_reasoner.report.text import printable, shorten

    def lines(start: str, names: list[str]) -> None:
        line = start
        for i, name in enumerate(names):
            item = f" {printable(shorten(name, 70))} {counts[name]:,}{',' * (i < len(names) - 1)}"
            if len(line) + len(item) > console.width and line.strip():
                say(line)
                line = " "
            line += item
        say(line)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if len(counts) <= LISTED:
        lines(f"{title}:", sorted(counts))
        return
    order = sorted(counts, key=lambda name: (-counts[name], name))
    half = LISTED // 2
    say(f"{title}:")
    lines(f"  {half} commonest:", order[:half])
    lines(f"  {half} rarest:", order[-half:])
    say(f"  and {len(order) - 2 * half:,} between")


def print_speakers(made: Made, what: str, console: Console) -> None:
    """How many clips have how many speakers; nothing without clips. `what` a clip is, in the plural: lists, say."""
    from rich.table import Table

    if not made.composition.clips:
        return
    table = Table("speakers", what, "", box=None)
    for k, count in sorted(made.speakers.items()):
        table.add_row(str(k), f"{count:,}", "█" * round(30 * count / max(made.speakers.values())))
    console.print(table)


def print_dropped(dropped: int, what: str, console: Console) -> None:
    """What an earlier plan had and this one has not, if anything."""
    if dropped:
        console.print(f"{dropped:,} {what} of an earlier, longer plan are no longer in the run.", highlight=False)


def print_left_out(made: Made, what: str, out: Path, err: Console) -> None:
    """How many could not be made and why, and the first of them one by one. `what` one is: list, say."""
    from collections import Counter

    if not made.left_out:
        return

    def say(line: str) -> None:
        err.print(line, markup=False, highlight=False, soft_wrap=True)

    codes = ", ".join(f"{k} {v:,}" for k, v in Counter(x.code for x in made.left_out).most_common())
    say(f"{len(made.left_out):,} left out: {codes}; each with its reason in {out / 'voices' / 'left-out.jsonl'}")
    for x in made.left_out[:FEW]:
        say(f"  {what} {x.index}{'' if x.line is None else f', line {x.line}'}: {x.detail} ({x.code})")
