"""Label tables: CSV, TSV, JSON lines, Parquet, read into rows whose every fault has a line number.

Decision: UTF-8 or a clear error. Guessing an encoding turns "Küche" into "KÃ¼che" in ten thousand samples, and
nobody looks. What can be told for certain is accepted: a byte order mark, any line ends, semicolons or tabs where
the header shows them.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.core.records import LabelKind

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
TABLE_STEMS = ("labels", "metadata")
EVIDENCE_NAME = "evidence.jsonl"
"""Brought evidence at a folder's root: never taken for its label table."""

LABEL_KINDS: tuple[LabelKind, ...] = get_args(LabelKind)
FIELDS = (
    "audio", "start", "end", "licence", "source", "group", "split", "language", "translation_language", "domain",
)  # fmt: skip

DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {
    "audio": (
        "file", "filename", "file_name", "path", "filepath", "file_path", "audio", "audio_path", "audio_file",
        "audio_filename", "audio_filepath", "wav", "wav_path", "clip", "fname", "slice_file_name", "sound",
        "recording_path",
    ),
    "tag": ("label", "labels", "tag", "tags", "category", "categories", "class", "classes", "class_name", "classname"),
    "caption": ("caption", "captions", "description", *(f"caption_{i}" for i in range(1, 10))),
    "transcript": ("transcript", "transcription", "utterance"),
    "translation": ("translation",),
    "emotion": ("emotion", "emotions"),
    "sarcasm": ("sarcasm", "sarcastic"),
    "speaker": ("speaker", "speaker_id", "speaker_name"),
    "tempo": ("tempo", "bpm"),
    "key": ("key",),
    "chords": ("chords",),
    "genre": ("genre", "genres"),
    "instrument": ("instrument", "instruments"),
    "start": ("start", "start_s", "start_sec", "start_seconds", "start_time", "onset"),
    "end": ("end", "end_s", "end_sec", "end_seconds", "end_time", "offset"),
    "licence": ("licence", "license"),
    "group": ("group", "group_id", "recording", "recording_id", "dialogue", "dialogue_id", "session"),
    "split": ("split", "subset"),
    "language": ("language", "lang", "locale"),
    "translation_language": ("translation_language", "target_language", "target_lang", "tgt_lang"),
    "domain": ("domain",),
}  # fmt: skip
"""Column names that are understood without being told, lower case. `text` and `sentence` depend on the domain."""

_SEVERAL = {"caption"}

EVIDENCE_COLUMNS: dict[str, tuple[str, ...]] = {
    "asr": ("asr", "asr_text", "asr_transcript"),
    "tags": ("audio_tags", "predicted_tags"),
    "rttm": ("rttm", "turns", "diarization", "diarisation"),
    "beats": ("beats", "beat_times"),
    "tempo_bpm": ("tempo_bpm",),
}
"""Column names understood as brought evidence; key and chords are labels unless told otherwise."""


@dataclass(frozen=True)
class Row:
    """One row: its line in the file (row number for Parquet, from 1), and its cells by column name."""

    line: int
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class RowFault:
    """A row that could not be read, with the reason."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Table:
    """A read table: its file, its columns in order, its rows and faulty rows in order."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row | RowFault, ...]


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


def read_table(path: Path) -> Table:
    """Read a table.

    Raises:
        InputError: the table as a whole cannot be read: table.missing, table.encoding, table.nul, table.empty,
            table.quote, table.header, table.damaged.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path)
    text = _text(path)
    if not text.strip():
        raise InputError(f"{path}: the table is empty.", code="table.empty", hint="Expected a header line and rows.")
    return _read_jsonl(path, text) if suffix in (".jsonl", ".ndjson", ".json") else _read_csv(path, text, suffix)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", code="table.missing") from None
    for mark, name in ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")):
        if data.startswith(mark):
            raise InputError(
                f"{path}: the table is written in {name}, expected UTF-8.",
                code="table.encoding",
                hint=f"Convert it: iconv -f {name} -t UTF-8 {path.name} > utf8.csv; in Excel save as 'CSV UTF-8'.",
            )
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise InputError(
            f"{path}, line {line}: a NUL byte; this is no text table.",
            code="table.nul",
            hint="A cut or damaged file, or UTF-16 without its mark.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: the byte 0x{data[error.start]:02X} is not UTF-8; perhaps the table is in Latin-1 "
            "(Windows-1252).",
            code="table.encoding",
            hint=f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8.csv; in Excel save as 'CSV UTF-8'.",
        ) from None


def _read_csv(path: Path, text: str, suffix: str) -> Table:
    header = text.lstrip("\r\n").splitlines()[0]
    counts = {d: header.count(d) for d in ("\t", ",", ";")}
    delimiter = "\t" if suffix == ".tsv" else ","
    if not counts[delimiter] and max(counts.values()):
        delimiter = max(counts, key=lambda d: counts[d])
    table = _parse_csv(path, text, delimiter, csv.QUOTE_MINIMAL)
    if delimiter == "\t":
        # Corpora such as CoVoST write TSV without quoting: there a lone quote would swallow the rows after it.
        swallowed = table is None or any(
            "\n" in str(c) for r in table.rows if isinstance(r, Row) for c in r.cells.values()
        )
        if swallowed:
            table = _parse_csv(path, text, delimiter, csv.QUOTE_NONE)
    if table is None:
        raise InputError(
            f"{path}: a quotation mark is opened and never closed.",
            code="table.quote",
            hint='A quote inside a quoted cell is written twice: "he said ""no""".',
        )
    return table


def _parse_csv(path: Path, text: str, delimiter: str, quoting: Literal[0, 3]) -> Table | None:
    """None if a quote never closes."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=quoting != csv.QUOTE_NONE
    )
    columns: tuple[str, ...] = ()
    rows: list[Row | RowFault] = []
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not cells or all(not c.strip() for c in cells):
                continue
            if not columns:
                columns = tuple(c.strip() for c in cells)
                _check_header(path, columns)
                continue
            if len(cells) != len(columns):
                reason = f"{len(cells)} cells, expected {len(columns)} ({', '.join(columns[:6])})"
                if len(cells) > len(columns):
                    reason += '; a cell that holds the separator must stand in "quotes"'
                rows.append(RowFault(line, "table.cells", reason))
                continue
            rows.append(Row(line, dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        if "unexpected end of data" in str(error) or "field limit" in str(error):
            return None
        raise InputError(
            f"{path}, line {before + 1}: {error}.",
            code="table.quote",
            hint='A quote inside a quoted cell is written twice: "he said ""no""".',
        ) from None
    return Table(path, columns, tuple(rows))


def _check_header(path: Path, columns: tuple[str, ...]) -> None:
    named = [c for c in columns if c]
    double = sorted({c for c in named if named.count(c) > 1})
    if double:
        raise InputError(
            f"{path}: the column {double[0]!r} comes twice in the header.", code="table.header", hint="Rename one."
        )


def _read_jsonl(path: Path, text: str) -> Table:
    rows: list[Row | RowFault] = []
    columns: dict[str, None] = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            value = json.loads(raw)
        except json.JSONDecodeError as error:
            rows.append(RowFault(number, "table.json", f"not JSON: {error.msg} at character {error.pos + 1}"))
            continue
        if not isinstance(value, dict):
            rows.append(RowFault(number, "table.json", f"expected an object {{…}}, found {type(value).__name__}"))
            continue
        columns.update(dict.fromkeys(value))
        rows.append(Row(number, value))
    if not columns:
        raise InputError(
            f"{path}: no line is a JSON object.",
            code="table.damaged",
            hint="JSON lines: one object a line, no list around them.",
        )
    return Table(path, tuple(columns), tuple(rows))


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: no readable Parquet file: {error}", code="table.damaged") from None
    rows = tuple(Row(i, cells) for i, cells in enumerate(table.to_pylist(), start=1))
    return Table(path, tuple(table.column_names), rows)


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


def cell_text(value: Any) -> str:
    """A cell as text; "" for what is missing (None, NaN)."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def cell_texts(value: Any) -> Iterator[str]:
    """The texts of a cell that may be a list (JSON lines, Parquet)."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from cell_texts(item)
    else:
        text = cell_text(value)
        if text:
            yield text


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
