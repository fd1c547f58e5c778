"""Tables of labels: CSV, TSV, JSON lines, Parquet, read into rows whose every fault has a line number.

Decision: UTF-8 or a clear error. Guessing an encoding turns "Küche" into "KÃ¼che" in ten thousand samples, and
nobody looks. What can be told for certain is accepted: a byte order mark, any line ends, semicolons or tabs where
the header shows them.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audio_reasoner.core.errors import InputError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")

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
