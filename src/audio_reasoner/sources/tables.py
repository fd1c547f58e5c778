"""Which column of a label table holds what.

Decision: what is asked for comes first, then column names that are understood, and nothing else: a column that is not
understood is named in the summary and left alone. How a table is read is in `core.tables`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import LabelKind
from audio_reasoner.core.tables import (
    DEFAULT_COLUMNS,
    TABLE_SUFFIXES,
    Row,
    RowFault,
    Table,
    cell_text,
    cell_texts,
    read_table,
)

__all__ = [
    "DEFAULT_COLUMNS",
    "EVIDENCE_COLUMNS",
    "EVIDENCE_NAME",
    "FIELDS",
    "LABEL_KINDS",
    "TABLE_STEMS",
    "TABLE_SUFFIXES",
    "Row",
    "RowFault",
    "Table",
    "cell_ms",
    "cell_text",
    "cell_texts",
    "evidence_columns",
    "find_table",
    "map_columns",
    "parse_mapping",
    "read_table",
]

TABLE_STEMS = ("labels", "metadata")
EVIDENCE_NAME = "evidence.jsonl"
"""Brought evidence at a folder's root: never taken for its label table."""

LABEL_KINDS: tuple[LabelKind, ...] = get_args(LabelKind)
FIELDS = (
    "audio", "start", "end", "licence", "source", "group", "split", "language", "translation_language", "domain",
)  # fmt: skip

_SEVERAL = {"caption"}

EVIDENCE_COLUMNS: dict[str, tuple[str, ...]] = {
    "asr": ("asr", "asr_text", "asr_transcript"),
    "tags": ("audio_tags", "predicted_tags"),
    "rttm": ("rttm", "turns", "diarization", "diarisation"),
    "beats": ("beats", "beat_times"),
    "tempo_bpm": ("tempo_bpm",),
}
"""Column names understood as brought evidence; key and chords are labels unless told otherwise."""


def find_table(root: Path, not_these: frozenset[Path] = frozenset()) -> Path | None:
    """The label table at the root of a folder: ``labels.*`` before ``metadata.*`` before the only table there.

    Raises:
        ConfigError: several could be meant.
    """
    try:
        here = sorted(p for p in root.iterdir() if p.suffix.lower() in TABLE_SUFFIXES and not p.name.startswith("."))
    except OSError:
        return None
    here = [p for p in here if p.is_file() and p.name != EVIDENCE_NAME and p.resolve() not in not_these]
    for stem in TABLE_STEMS:
        named = [p for p in here if p.stem.lower() == stem]
        if len(named) > 1:
            raise ConfigError(
                f"{root} has {' and '.join(p.name for p in named)}: which one holds the labels?",
                code="table.several",
                hint=f"Say it with --table {named[0].name}.",
            )
        if named:
            return named[0]
    if len(here) > 1:
        raise ConfigError(
            f"{root} has {len(here)} tables ({', '.join(p.name for p in here[:4])}): which one holds the labels?",
            code="table.several",
            hint=f"Say it with --table {here[0].name}, or use --labels-from folder or name.",
        )
    return here[0] if here else None


def parse_mapping(pairs: list[str]) -> dict[str, list[str]]:
    """``["tag=category", "audio=wav"]`` to {"tag": ["category"], "audio": ["wav"]}; ``start=`` means no such column.

    Raises:
        ConfigError: no ``=``, an unknown kind, a field given twice.
    """
    known = (*FIELDS, *LABEL_KINDS)
    out: dict[str, list[str]] = {}
    for pair in pairs:
        kind, equals, column = pair.partition("=")
        kind, column = kind.strip().lower(), column.strip()
        kind = {"license": "licence", "file": "audio", "path": "audio", "label": "tag"}.get(kind, kind)
        if not equals or not kind:
            raise ConfigError(
                f"--column {pair}: expected KIND=COLUMN.",
                code="config.column",
                hint="For example --column tag=category.",
            )
        if kind not in known:
            near = difflib.get_close_matches(kind, known, 1)
            raise ConfigError(
                f"--column {pair}: there is no kind {kind!r}" + (f"; did you mean {near[0]!r}?" if near else "."),
                code="config.column",
                hint=f"Kinds: {', '.join(known)}.",
            )
        if kind in out and kind in FIELDS:
            raise ConfigError(f"--column {kind}=… is given twice.", code="config.column")
        out.setdefault(kind, []).extend([column] if column else [])
    return out


def map_columns(table: Table, asked: Mapping[str, list[str]], domain: str) -> dict[str, list[str]]:
    """Which column holds what: those asked for, then those whose names are understood.

    Raises:
        ConfigError: a column asked for is not there, or none names the audio file or a label (table.no_column).
    """
    by_name = {c.casefold(): c for c in table.columns}
    out: dict[str, list[str]] = {}
    for kind, columns in asked.items():
        for column in columns:
            if column not in table.columns and column.casefold() not in by_name:
                near = difflib.get_close_matches(column, table.columns, 1)
                raise ConfigError(
                    f"{table.path}: there is no column {column!r} (asked for as {kind})"
                    + (f"; did you mean {near[0]!r}?" if near else "."),
                    code="table.no_column",
                    hint=f"Columns there: {', '.join(table.columns)}.",
                )
            out.setdefault(kind, []).append(column if column in table.columns else by_name[column.casefold()])
    used = {c for columns in out.values() for c in columns}
    free_text = "transcript" if domain == "speech" else "caption"
    for kind, names in DEFAULT_COLUMNS.items():
        if kind in out or kind in asked:
            continue
        names = (*names, "text", "sentence") if kind == free_text else names
        found = [by_name[n] for n in names if n in by_name and by_name[n] not in used]
        if found:
            out[kind] = found if kind in _SEVERAL else found[:1]
            used.update(out[kind])
    columns_there = f"Columns there: {', '.join(table.columns)}."
    if "audio" not in out:
        raise ConfigError(
            f"{table.path}: no column is known to name the audio file.",
            code="table.no_column",
            hint=f"Say it with --audio-column NAME. {columns_there}",
        )
    if not any(k in out for k in LABEL_KINDS):
        raise ConfigError(
            f"{table.path}: no column is known to hold labels.",
            code="table.no_column",
            hint=f"Say it with --column tag=NAME (or caption, transcript, …). {columns_there}",
        )
    return out


def evidence_columns(table: Table, asked: Mapping[str, str], used: set[str]) -> dict[str, str]:
    """Which column holds which brought evidence: those asked for (``name=`` means none), then those understood.

    Raises:
        ConfigError: a column asked for is not there.
    """
    by_name = {c.casefold(): c for c in table.columns}
    out: dict[str, str] = {}
    for name, column in asked.items():
        if not column:
            continue
        if column.casefold() not in by_name:
            near = difflib.get_close_matches(column, table.columns, 1)
            raise ConfigError(
                f"{table.path}: there is no column {column!r} (asked for as evidence {name})"
                + (f"; did you mean {near[0]!r}?" if near else "."),
                code="table.no_column",
                hint=f"Columns there: {', '.join(table.columns)}.",
            )
        out[name] = by_name[column.casefold()]
    for name, names in EVIDENCE_COLUMNS.items():
        found = [by_name[n] for n in names if n in by_name and by_name[n] not in {*used, *out.values()}]
        if name not in asked and found:
            out[name] = found[0]
    return out


def cell_ms(value: Any, column: str) -> int | None:
    """Seconds in a cell as milliseconds; None for an empty cell.

    Raises:
        ValueError: no number, negative, or not finite.
    """
    text = cell_text(value)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        hint = " (a decimal comma? write 1.5)" if "," in text else ""
        raise ValueError(f"{column} is {text!r}, expected seconds{hint}") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{column} is {text!r}, expected seconds from 0 on")
    return round(seconds * 1000)
