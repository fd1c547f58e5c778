"""`audio-reasoner synth bank`: banks of recordings, and a page of the procedural sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from audio_reasoner.synth.bank.view import Class
    from audio_reasoner.synth.store import SourceStore

app = typer.Typer(no_args_is_help=True, help="Banks of recordings, and a page of the built-in sounds.")


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Folder tree of labelled recordings; it is not changed.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Bank to write: one file.")],
    layout: Annotated[
        str, typer.Option(help="Where labels come from: auto, esc50, urbansound8k, fsd50k, table, folders, names.")
    ] = "auto",
    table: Annotated[str | None, typer.Option(help="Table of labels, in the folder or elsewhere.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="KIND=COLUMN: file, label, group, licence, source, split; KIND= for none.", metavar="K=C"),
    ] = None,
    group: Annotated[
        str,
        typer.Option(help="Files of which nobody says what they were cut from: series (dig1, dig2 are one) or file."),
    ] = "series",
    licence: Annotated[str | None, typer.Option(help="Licence of all that names none.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the corpus; the folder's name if not given.")] = None,
    drop_words: Annotated[str, typer.Option(help="Words to leave out of labels from names, with commas.")] = "",
    min_seconds: Annotated[float, typer.Option(help="Shortest sound, after trimming.")] = 0.1,
    max_seconds: Annotated[float, typer.Option(help="Longest recording, before trimming.")] = 60.0,
    max_clipped: Annotated[float, typer.Option(help="Greatest share of samples at full scale, 0 to 1.")] = 0.01,
    workers: Annotated[int | None, typer.Option(help="Processes; one per core if not given.")] = None,
) -> None:
    """Listen to a folder of labelled recordings and index it as a bank.

    The same command brings a bank up to date and goes on after an interruption.
    """
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.report.text import printable
    from audio_reasoner.synth.recordings.bank import make_bank
    from audio_reasoner.synth.recordings.layouts import Reading
    from audio_reasoner.synth.recordings.takes import Limits
    from audio_reasoner.synth.store import SourceStore

    if group not in ("series", "file"):
        raise ConfigError(f"--group {group}: expected series or file.", code="config.group")
    if not (0 <= min_seconds < max_seconds <= 3600 and 0 <= max_clipped <= 1):
        raise ConfigError(
            f"--min-seconds {min_seconds:g}, --max-seconds {max_seconds:g}, --max-clipped {max_clipped:g} is no range.",
            code="config.limits",
            hint="Seconds from 0 to 3600, the smaller first; a share from 0 to 1.",
        )
    pairs = [c.partition("=") for c in column or []]
    wrong = [c for c, pair in zip(column or [], pairs, strict=True) if not pair[1]]
    if wrong:
        raise ConfigError(f"--column {wrong[0]}: expected KIND=COLUMN.", code="config.column")
    reading = Reading(
        layout=layout,  # type: ignore[arg-type]  # label_tree refuses what it does not know
        table=table,
        columns={kind.strip().lower(): name.strip() for kind, _, name in pairs},
        groups="file" if group == "file" else "series",
        licence=licence,
        source=source,
        drop_words=tuple(w.strip() for w in drop_words.split(",") if w.strip()),
    )
    err = stderr()
    with bars(err) as bar:
        task = bar.add_task("listening", total=None)
        made = make_bank(
            folder, out, reading, Limits(min_seconds, max_seconds, max_clipped), workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    console.print(printable(made.said), markup=False)
    console.print(f"{made.seen:,} recordings, {made.heard:,} of them listened to now", markup=False)
    _summary(SourceStore.open(out), console)
    console.print(f"next: audio-reasoner synth bank show {out}", markup=False)
    if made.refused:
        raise typer.Exit(EXIT_QUARANTINED)


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}{'es' if what.endswith('s') else 's'}"


def _summary(store: SourceStore, console: object) -> None:
    from collections import Counter

    from rich.console import Console

    from audio_reasoner.report.text import printable
    from audio_reasoner.synth.recordings.bank import counted

    assert isinstance(console, Console)
    groups: dict[str, set[str]] = {}
    several: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    seconds = 0.0
    for info in store:
        licences[info.licence or "not stated"] += 1
        groups.setdefault(info.label, set()).add(info.group)
        several[info.label] += info.kind == "several"
        seconds += info.length / 16_000
    console.print(
        f"{_number(len(store), 'recording')} in {_number(len(groups), 'class')}, {seconds / 60:.1f} min, "
        f"{len(set().union(*groups.values())):,} independent; {several.total():,} hold several events and are never "
        "counted as one",
        markup=False,
    )
    for licence, n in licences.most_common(8):
        console.print(f"  licence {printable(licence)}: {n:,}", markup=False)
    three = [k for k, g in groups.items() if len(g) >= 3]
    console.print(f"classes with three independent recordings or more: {len(three):,} of {len(groups):,}", markup=False)
    if len(groups) == 1:
        console.print(
            "one class only: scenes of this bank leave nothing to ask but how many; add classes", style="yellow"
        )
    refused = Counter(r.code for r in store.refused())
    if refused:
        console.print(f"not used: {counted(refused)}", markup=False)


@app.command()
def show(
    bank: Annotated[Path, typer.Argument(help="A bank, or a folder of recordings.")],
    label: Annotated[
        str | None, typer.Option(help="List the recordings of one class, and show it alone on the page.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="List every recording that is not used.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page to see and hear the bank.")] = None,
    players: Annotated[int, typer.Option(min=1, max=50, help="Recordings of each class on the page.")] = 3,
    root: Annotated[Path | None, typer.Option(help="Where the recordings lie now, if they were moved.")] = None,
) -> None:
    """Show what a bank holds, which classes sound alike, and what is not used and why."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.core.run import write_atomic
    from audio_reasoner.report.text import printable
    from audio_reasoner.synth.bank.view import alike, classes_of, store_page
    from audio_reasoner.synth.recordings.bank import open_bank
    from audio_reasoner.synth.store import SourceStore

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    err = stderr()
    with bars(err) as bar:
        task = bar.add_task("listening", total=None)
        store = open_bank(bank, lambda done, total: bar.update(task, completed=done, total=total))
    if root is not None:
        store = SourceStore.open(store.path, root)
    console.print(printable(str(store.meta("said") or "a store of voices or other sources")), markup=False)
    _summary(store, console)
    classes = classes_of(store)
    if label is not None:
        if label not in {c.label for c in classes}:
            raise ConfigError(
                f"the bank has no class {label!r}.",
                code="synth.unknown_class",
                hint=f"It has: {', '.join(c.label for c in classes[:40])}.",
            )
        for info in store:
            if info.label == label:
                line = f"{info.length / 16000:6.2f} s  {info.gain_db:+6.1f} dB  {info.path}  group {info.group}"
                console.print(printable(line + (f"  {info.note}" if info.note else "")), markup=False)
    else:
        console.print(_table(classes))
    pairs = [p for p in alike([c.label for c in classes]) if label is None or label in p]
    if pairs:
        told = printable("; ".join(f"{a} – {b}" for a, b in pairs[:20]))
        console.print(
            f"{len(pairs):,} pairs of classes can be taken for each other and never stand against each other: {told}"
            + (" …" if len(pairs) > 20 else ""),
            markup=False,
        )
    gone = [r for r in store.refused() if label is None or r.label == label]
    for r in gone if refused else gone[:10]:
        console.print(printable(f"not used: {r.path}  [{r.code}] {r.reason}"), markup=False)
    if len(gone) > 10 and not refused:
        console.print(f"… and {len(gone) - 10:,} more; --refused lists them all", markup=False)
    if html is not None:
        if html.is_dir():
            raise ConfigError(f"{html} is a directory.", code="synth.bad_path", hint="Name the HTML file to write.")
        with bars(err) as bar:
            drawing = bar.add_task("drawing", total=len(classes))
            page = store_page(store, players, lambda: bar.advance(drawing), label)
        write_atomic(html, page.encode("utf-8", "replace"))
        console.print(f"page: {html}", markup=False)


def _table(classes: list[Class]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from audio_reasoner.report.text import printable, shorten

    table = Table(box=None)
    table.add_column("class", no_wrap=True)
    for name in ("recordings", "independent", "several", "seconds", "not used"):
        table.add_column(name, justify="right", no_wrap=True)
    for c in classes:
        row = [
            f"{c.recordings:,}", f"{c.groups:,}", f"{c.several:,}" if c.several else "",
            f"{c.shortest_s:.1f}–{c.longest_s:.1f}" if c.recordings else "", f"{c.refused:,}" if c.refused else "",
        ]  # fmt: skip
        table.add_row(Text(printable(shorten(c.label, 30))), *row)
    return table


@app.command()
def move(
    bank: Annotated[Path, typer.Argument(help="A bank whose recordings were moved.")],
    folder: Annotated[Path, typer.Argument(help="Where they lie now.")],
) -> None:
    """Tell a bank where its recordings lie now; every one of them is compared first."""
    from audio_reasoner.synth.recordings.bank import move_bank

    typer.echo(f"{move_bank(bank, folder):,} recordings found, unchanged, in {folder.resolve()}")


@app.command()
def page(
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path("bank.html"),
    seed: Annotated[int, typer.Option(help="Which renders.")] = 0,
    renders: Annotated[int, typer.Option(min=1, max=20, help="Renders of each class.")] = 3,
) -> None:
    """Write a page to see and hear the built-in sound classes."""
    from audio_reasoner.core.run import write_atomic
    from audio_reasoner.synth import CLASSES
    from audio_reasoner.synth.bank.page import bank_page

    if out.is_dir():
        raise ConfigError(f"{out} is a directory.", code="synth.bad_path", hint="Name the HTML file to write.")
    write_atomic(out, bank_page(seed, renders).encode())
    typer.echo(f"{len(CLASSES)} classes: {', '.join(CLASSES)}")
    typer.echo(f"page: {out}")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="bank")
