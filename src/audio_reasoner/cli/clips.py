"""`audio-reasoner clips`: recordings in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.sources import FolderResult

app = typer.Typer(no_args_is_help=True, help="Read recordings and their labels into a run directory.")


@app.callback()
def _callback() -> None: ...


@app.command("folder")
def folder(
    directory: Path = typer.Argument(..., metavar="DIR", help="The folder of recordings."),
    run: Path = typer.Option(..., "--out", "-o", metavar="RUN", help="Run directory; made if it is not there."),
    table: Path | None = typer.Option(
        None, help="Label table (.csv, .tsv, .jsonl, .parquet), by default labels.* in DIR."
    ),
    labels_from: str = typer.Option("auto", help="auto, table, folder (folder names) or name (file names)."),
    column: list[str] = typer.Option(
        [], metavar="KIND=COLUMN", help="What a column holds, e.g. tag=category; start= for none. Repeatable."
    ),
    audio_column: str | None = typer.Option(None, help="Column that names the file; short for --column audio=…"),
    label_column: list[str] = typer.Option([], help="Column of labels; KIND=COLUMN, or a tag column's name."),
    evidence: list[Path] = typer.Option(
        [], help="Evidence to bring along, .jsonl or .rttm; evidence.jsonl and *.rttm in DIR are found. Repeatable."
    ),
    evidence_column: list[str] = typer.Option(
        [], metavar="NAME=COLUMN", help="Table column with evidence, e.g. asr=whisper_text. Repeatable."
    ),
    label_separator: str | None = typer.Option(None, help="Characters between labels in a cell; without it ; and |."),
    drop_words: str = typer.Option("", help="Words to leave out of labels from names, with commas between."),
    domain: str = typer.Option("sound", help="sound, speech or music."),
    language: str | None = typer.Option(None, help="Language of transcripts and captions, e.g. en."),
    translation_language: str | None = typer.Option(None, help="Language of the translations, e.g. zh."),
    licence: str | None = typer.Option(None, help="Licence of the recordings, e.g. CC-BY-4.0."),
    source: str | None = typer.Option(None, help="Name of this source; without it the folder's name."),
    max_seconds: float = typer.Option(30.0, help="Longest clip; models of the Qwen2-Audio class hear 30 s."),
    split_long: bool = typer.Option(
        False, "--split-long", help="Cut longer files into equal parts instead of refusing."
    ),
    keep_duplicates: bool = typer.Option(False, "--keep-duplicates", help="Keep files of equal content."),
    keep_silent: bool = typer.Option(False, "--keep-silent", help="Keep files in which nothing is heard."),
    strict: bool = typer.Option(False, "--strict", help="Stop at the first bad file or row and change nothing."),
    workers: int | None = typer.Option(None, help="Processes; without it one per core."),
) -> None:
    """Read a folder of recordings: labels from its table, else from folder names, else from file names."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.sources import FolderOptions, build_clips
    from audio_reasoner.sources.folder import DOMAINS, LABELS_FROM
    from audio_reasoner.sources.tables import parse_mapping

    if domain not in DOMAINS:
        raise ConfigError(f"--domain {domain}: expected {', '.join(DOMAINS)}.", code="config.domain")
    if labels_from not in LABELS_FROM:
        raise ConfigError(f"--labels-from {labels_from}: expected {', '.join(LABELS_FROM)}.", code="config.labels_from")
    pairs = [*column, *(x if "=" in x else f"tag={x}" for x in label_column)]
    if audio_column is not None:
        pairs.append(f"audio={audio_column}")
    options = FolderOptions(
        source=source,
        labels_from=labels_from,
        table=table,
        columns=parse_mapping(pairs),
        evidence=tuple(evidence),
        evidence_columns=dict(_pair(x) for x in evidence_column),
        label_separators=label_separator,
        drop_words=tuple(w.strip() for w in drop_words.split(",") if w.strip()),
        domain=domain,
        language=language,
        translation_language=translation_language,
        licence=licence,
        max_seconds=max_seconds,
        split_long=split_long,
        keep_duplicates=keep_duplicates,
        keep_silent=keep_silent,
    )
    with bars(stderr()) as bar:
        task = bar.add_task("listening", total=None)
        result = build_clips(
            directory,
            run,
            options,
            strict=strict,
            workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _summary(Console(emoji=False), result, run)
    if result.bad:
        raise typer.Exit(EXIT_QUARANTINED)


def _pair(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(
            f"--evidence-column {text}: expected NAME=COLUMN.",
            code="config.column",
            hint="For example --evidence-column asr=whisper_text.",
        )
    return name.strip().lower(), column.strip()


def _summary(console: Console, result: FolderResult, run: Path) -> None:
    from collections import Counter

    from rich.table import Table
    from rich.text import Text

    from audio_reasoner.report.text import printable, shorten

    reading = result.reading
    columns = ", ".join(f"{kind} ← {' + '.join(c)}" for kind, c in reading.columns.items())
    where = {
        "table": f"{reading.table.name} ({columns})" if reading.table else "",
        "folder": "folder names",
        "name": "file names",
    }[reading.labels_from]
    minutes, seconds = divmod(round(result.seconds), 60)
    console.print(Text(f"{result.clips:,} clips, {minutes}:{seconds:02d} minutes, from {reading.root}", style="bold"))
    console.print(Text(f"  labels from {where}"))
    if result.labels:
        shown = ", ".join(f"{shorten(printable(name), 40)} {n:,}" for name, n in result.labels.most_common(8))
        more = f", … {len(result.labels):,} different" if len(result.labels) > 8 else ""
        console.print(Text(f"  {shown}{more}"))
    if reading.evidence_columns:
        told = ", ".join(f"{name} ← {column}" for name, column in reading.evidence_columns.items())
        console.print(Text(f"  evidence from the table: {told}"))
    for file, n in reading.evidence_files.items():
        console.print(Text(f"  evidence about {n:,} recording{'' if n == 1 else 's'} from {file}"))
    if reading.unused_columns:
        console.print(Text(f"  columns not used: {', '.join(reading.unused_columns)}"))
    if reading.passed_over:
        shown = ", ".join(f"{n} {kind}" for kind, n in reading.passed_over.most_common(6))
        console.print(Text(f"  passed over, not meant as recordings: {shown}"))
    for title, items, name in (
        ("worth knowing", result.notices, "notices"),
        ("quarantined", result.bad, "quarantine"),
    ):
        if not items:
            continue
        table = Table(
            title=f"{len(items):,} {title}", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0)
        )
        for heading in ("code", "items", "for example"):
            table.add_column(heading, justify="right" if heading == "items" else "left", overflow="fold")
        for code, n in Counter(i.code for i in items).most_common():
            example = next(i for i in items if i.code == code)
            said = getattr(example, "reason", None) or getattr(example, "detail", "")
            row = getattr(example, "row", None)
            table.add_row(
                code, f"{n:,}", Text(shorten(printable(f"{example.file}{f', row {row}' if row else ''}: {said}"), 400))
            )
        console.print(table)
        console.print(Text(f"  all of them: {run / 'clips' / name}.jsonl", style="dim"))
        hints = dict.fromkeys(h for i in items if (h := getattr(i, "hint", "")))
        for hint in list(hints)[:4]:
            console.print(Text(f"  → {hint}", style="dim"))
    if result.clips:
        console.print(Text(f"next: audio-reasoner build {run} --teacher grounded"))
