"""A folder of recordings and what is known about them, read into clips.

Decisions:

* Labels come from one place, named in the summary: a table at the folder's root if there is one, else folder names,
  else (flat folder) file names. Never a mixture, so that a wrong label has one cause.
* Every file that will become a clip is decoded once now. A quarantine at this point costs a second; the same fault
  found in the middle of a paid build costs more.
* Nothing disappears: what cannot be a clip is a `BadRow` with file, row, code and reason; what was left out or changed
  without loss is a `Notice`.
* Audio stays where it is. `source_id` is the path relative to the folder (POSIX, NFC), so ids survive a move of the
  folder.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from audio_reasoner.core import audio, ids, names
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.core.records import AudioRef, Clip, Domain, EvidenceItem, Label, LabelKind
from audio_reasoner.sources import brought, tables

LabelsFrom = Literal["auto", "table", "folder", "name"]
LABELS_FROM: tuple[LabelsFrom, ...] = get_args(LabelsFrom)
DOMAINS: tuple[Domain, ...] = get_args(Domain)

MAX_SECONDS = 30.0
"""What a Qwen2-Audio-class model hears: its encoder takes 30 s, the rest of a longer clip would be cut off unheard."""
_OF_THE_WHOLE = frozenset({"caption", "transcript", "translation", "chords"})
_SEVERAL_IN_A_CELL = frozenset({"tag", "genre", "instrument"})


@dataclass(frozen=True)
class FolderOptions:
    """How to read a folder; the defaults are the command's.

    `columns` maps kinds to column names (`tables.parse_mapping`); `label_separators` are the characters that part
    several labels in a cell (default ``;`` and ``|``); `drop_words` are left out of labels from names. `evidence` are
    files of brought evidence besides those found in the folder; `evidence_columns` maps item names to table columns.
    """

    source: str | None = None
    labels_from: LabelsFrom = "auto"
    table: Path | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    evidence: tuple[Path, ...] = ()
    evidence_columns: dict[str, str] = field(default_factory=dict)
    label_separators: str | None = None
    drop_words: tuple[str, ...] = ()
    domain: Domain = "sound"
    language: str | None = None
    translation_language: str | None = None
    licence: str | None = None
    max_seconds: float = MAX_SECONDS
    split_long: bool = False
    keep_duplicates: bool = False
    keep_silent: bool = False


@dataclass(frozen=True)
class BadRow:
    """A file or table row that cannot be a clip. `row` is the line in the table, None without a table."""

    source: str
    file: str
    code: str
    reason: str
    hint: str = ""
    table: str | None = None
    row: int | None = None


@dataclass(frozen=True)
class Notice:
    """Something a user wants to know though nothing is wrong: a duplicate left out, a file no row names."""

    source: str
    code: str
    file: str
    detail: str


@dataclass
class _Entry:
    """What is said about one span of one file."""

    start_ms: int
    end_ms: int | None
    labels: list[Label]
    row: int | None = None
    source: str | None = None
    group: str | None = None
    split: str | None = None
    licence: str | None = None
    language: str | None = None
    domains: tuple[Domain, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    """Given for this span; `of_file` was given for the file. Times of both are file time."""
    of_file: tuple[EvidenceItem, ...] = ()


@dataclass(frozen=True)
class _Span:
    start_ms: int
    end_ms: int | None
    duration_s: float


@dataclass(frozen=True)
class _Fault:
    code: str
    reason: str
    hint: str = ""


@dataclass
class Reading:
    """A folder being read: the plan, then clips, bad rows and notices as `items` runs."""

    root: Path
    source: str
    options: FolderOptions
    labels_from: LabelsFrom
    table: Path | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    unused_columns: tuple[str, ...] = ()
    evidence_columns: dict[str, str] = field(default_factory=dict)
    evidence_files: dict[str, int] = field(default_factory=dict)
    """Files of brought evidence, with the number of recordings each speaks of."""
    files: dict[str, Path] = field(default_factory=dict)
    jobs: dict[str, list[_Entry]] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    """What was passed over, by kind: "hidden", or a suffix."""

    def refuse(self, file: str, code: str, reason: str, hint: str = "", row: int | None = None) -> None:
        """Quarantine a file or row."""
        table = str(self.table) if self.table and row is not None else None
        self.bad.append(BadRow(self.source, file, code, reason, hint, table, row))

    def note(self, code: str, file: str, detail: str) -> None:
        """Report something that loses nothing."""
        self.notices.append(Notice(self.source, code, file, detail))


# --- the tree --------------------------------------------------------------------------------------------------------


def _readable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _scan(reading: Reading, exclude: frozenset[Path]) -> None:
    """All regular files under the root by source_id, in a stable order; folders are entered once, loops left out."""
    visited: set[tuple[int, int]] = set()

    def walk(folder: Path, prefix: str) -> None:
        try:
            info = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as error:
            reading.refuse(_readable(prefix) or ".", "folder.unreadable", f"{error.strerror or error}")
            return
        if (info.st_dev, info.st_ino) in visited:
            reading.note("folder.loop", _readable(prefix), "a link to a folder that is read already; not entered again")
            return
        visited.add((info.st_dev, info.st_ino))
        for entry in entries:
            if entry.name.startswith(".") or entry.name in names.IGNORED_FOLDERS:
                reading.passed_over["hidden"] += 1
                continue
            path = folder / entry.name
            raw_id = prefix + entry.name
            try:
                raw_id.encode("utf-8")
            except UnicodeEncodeError:
                reading.refuse(
                    _readable(raw_id), "path.encoding", "its name is not UTF-8", "Rename it (convmv does it)."
                )
                continue
            source_id = unicodedata.normalize("NFC", raw_id)
            try:
                is_folder = entry.is_dir()
            except OSError as error:
                reading.refuse(source_id, "audio.missing", f"a link that leads nowhere: {error.strerror or error}")
                continue
            if is_folder:
                if path.resolve() not in exclude:
                    walk(path, raw_id + "/")
            elif source_id in reading.files:
                reading.refuse(source_id, "path.twice", "two files have this name in different Unicode spellings")
            else:
                reading.files[source_id] = path

    walk(reading.root, "")


def _promises_sound(path: Path) -> bool:
    """Whether a file is meant as a recording: by its name, else by its first bytes."""
    return path.suffix.lower() in names.AUDIO_SUFFIXES or audio.sniff(path) is not None


# --- labels from names -----------------------------------------------------------------------------------------------


def _plan_names(reading: Reading) -> None:
    options = reading.options
    candidates: list[str] = []
    for source_id, path in reading.files.items():
        if _promises_sound(path):
            candidates.append(source_id)
        else:
            reading.passed_over[path.suffix.lower() or "without suffix"] += 1
    splits = names.split_folders(candidates)
    if reading.labels_from == "auto":
        in_folders = sum(bool(names.folder_label(s, options.drop_words, splits)) for s in candidates)
        reading.labels_from = "folder" if in_folders * 2 > len(candidates) else "name"
    by_folder = reading.labels_from == "folder"
    deeper = next((s for s in reading.files if s.lower().endswith(tables.TABLE_SUFFIXES)), None)
    for source_id in candidates:
        if by_folder:
            label = names.folder_label(source_id, options.drop_words, splits)
        else:
            label = names.name_label(source_id, options.drop_words)
        if not label:
            where = "it lies in no folder whose name says what is heard" if by_folder else "its name holds no word"
            other = "name" if by_folder else "folder"
            hint = f"Give a table of labels (labels.csv), move or rename it, or use --labels-from {other}."
            if deeper:
                hint = f"If {deeper} holds the labels, use --table {deeper}."
            reading.refuse(source_id, "label.none", f"no label: {where}", hint)
            continue
        entry = _Entry(0, None, [Label(kind="tag", value=label)], split=names.folder_split(source_id, splits))
        reading.jobs[source_id] = [entry]
    if by_folder:
        _doubt_folders(reading)


def _doubt_folders(reading: Reading) -> None:
    """Say so if the folders look like drawers (birds/) and the file names like labels (rooster.ogg, owl.ogg)."""
    inside: dict[str, set[str]] = defaultdict(set)
    for source_id, entries in reading.jobs.items():
        folder = entries[0].labels[0].value
        name = names.name_label(source_id, reading.options.drop_words)
        if name and folder not in name:
            inside[folder].add(name)
    sizes = Counter(entries[0].labels[0].value for entries in reading.jobs.values())
    drawers = [f for f, said in inside.items() if len(said) >= 4 and len(said) > sizes[f] / 2]
    if sum(sizes[f] for f in drawers) * 4 >= len(reading.jobs) and drawers:
        widest = max(drawers, key=lambda f: len(inside[f]))
        said = sorted(inside[widest])
        reading.note(
            "labels.doubt",
            widest,
            f"labels are folder names, but {widest!r} holds {len(said)} different file names "
            f"({', '.join(said[:3])}, …); --labels-from name takes those",
        )


# --- labels from a table ---------------------------------------------------------------------------------------------


@dataclass
class _Finder:
    """From a table's cell to a file of the folder."""

    root: Path
    table: Path
    files: dict[str, Path]
    by_name: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_stem: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for source_id in self.files:
            name = source_id.rpartition("/")[2]
            self.by_name[name].append(source_id)
            self.by_stem[name.rpartition(".")[0]].append(source_id)

    def find(self, cell: str) -> str | _Fault:
        """source_id of the file that `cell` names: relative to the folder or the table, absolute, or a unique name."""
        named = unicodedata.normalize("NFC", cell.removeprefix("file://"))
        if "\\" in named and named not in self.files:
            named = named.replace("\\", "/")
        bases = [self.root] if self.table.parent == self.root else [self.root, self.table.parent]
        for base in bases:
            joined = Path(os.path.normpath(base / named))
            if joined.is_relative_to(self.root):
                inside = unicodedata.normalize("NFC", joined.relative_to(self.root).as_posix())
                if inside in self.files:
                    return inside
        path = Path(named)
        absolute = Path(os.path.normpath(self.root / path))
        if not absolute.is_relative_to(self.root):
            if absolute.exists():
                return _Fault(
                    "path.outside",
                    f"{cell!r} lies outside {self.root}",
                    "Read the folder that holds all files and name the table with --table.",
                )
            if not path.is_absolute():
                return _Fault("path.outside", f"{cell!r} leads out of {self.root}")
        name = path.name
        # A name without folders, or the path of another machine: its last part is enough if only one file has it.
        if "/" not in named or path.is_absolute():
            for index, key in ((self.by_name, name), (self.by_stem, name)):
                found = index.get(key, [])
                if len(found) == 1:
                    return found[0]
                if found:
                    return _Fault(
                        "path.ambiguous", f"{cell!r} could be {found[0]} or {found[1]}", "Write the whole path."
                    )
        folder = f" or {self.table.parent}" if len(bases) > 1 else ""
        return _Fault("audio.missing", f"{cell!r}: no such file in {self.root}{folder}")


def _labels(row: tables.Row, reading: Reading, language: str | None, translated: str | None) -> list[Label]:
    """The labels of a row. `language` is what is spoken and described in; a translation is in another one."""
    out: dict[tuple[str, str], Label] = {}
    for kind in tables.LABEL_KINDS:
        for column in reading.columns.get(kind, ()):
            for text in tables.cell_texts(row.cells.get(column)):
                if kind in _SEVERAL_IN_A_CELL:
                    values = names.split_labels(text, reading.options.label_separators)
                else:
                    values = [unicodedata.normalize("NFC", text)]
                for value in values:
                    of = translated if kind == "translation" else language
                    out.setdefault((kind, value.casefold()), Label(kind=kind, value=value, language=of))
    return list(out.values())


def _entry(row: tables.Row, reading: Reading) -> _Entry | _Fault:
    def text(kind: str) -> str | None:
        columns = reading.columns.get(kind)
        return tables.cell_text(row.cells.get(columns[0])) or None if columns else None

    def cell(kind: str) -> tuple[Any, str]:
        columns = reading.columns.get(kind)
        return (row.cells.get(columns[0]), columns[0]) if columns else (None, kind)

    try:
        start_ms, end_ms = tables.cell_ms(*cell("start")) or 0, tables.cell_ms(*cell("end"))
    except ValueError as error:
        return _Fault("row.time", str(error))
    if end_ms is not None and end_ms <= start_ms:
        return _Fault("row.time", f"the span {start_ms / 1000:g} to {end_ms / 1000:g} s has no length")
    language = text("language") or reading.options.language
    labels = _labels(row, reading, language, text("translation_language") or reading.options.translation_language)
    if any(x.kind == "translation" and x.language is None for x in labels):
        reading.note("translation.language", f"row {row.line}", "nobody says what its translation is written in")
    if not labels:
        columns = [c for k in tables.LABEL_KINDS for c in reading.columns.get(k, ())]
        return _Fault("label.none", f"no label: {', '.join(columns)} {'is' if len(columns) == 1 else 'are'} empty")
    domains: tuple[Domain, ...] = ()
    named = [d.strip().lower() for d in (text("domain") or "").replace("|", ";").split(";") if d.strip()]
    for name in named:
        if name not in DOMAINS:
            return _Fault("row.domain", f"domain {name!r}, expected {', '.join(DOMAINS)}")
    domains = tuple(d for d in DOMAINS if d in named)
    try:
        evidence = brought.of_cells(row.cells, reading.evidence_columns)
    except ValueError as error:
        return _Fault("evidence.value", str(error))
    return _Entry(
        start_ms,
        end_ms,
        labels,
        row=row.line,
        source=text("source"),
        group=text("group"),
        split=text("split"),
        licence=text("licence"),
        language=language,
        domains=domains,
        evidence=evidence,
    )


def _plan_table(reading: Reading, table: tables.Table) -> None:
    assert reading.table is not None
    finder = _Finder(reading.root, reading.table, reading.files)
    column = reading.columns["audio"][0]
    for row in table.rows:
        if isinstance(row, tables.RowFault):
            reading.refuse(table.path.name, row.code, row.reason, row=row.line)
            continue
        value = row.cells.get(column)
        if isinstance(value, dict):  # Hugging Face's Audio struct
            value = value.get("path")
        cell = tables.cell_text(value)
        if not cell:
            reading.refuse(table.path.name, "row.no_file", f"{column} is empty", row=row.line)
            continue
        found = finder.find(cell)
        entry = _entry(row, reading)
        for fault in (found, entry):
            if isinstance(fault, _Fault):
                reading.refuse(cell, fault.code, fault.reason, fault.hint, row.line)
                break
        else:
            assert isinstance(found, str)
            assert isinstance(entry, _Entry)
            _join(reading, found, entry)
    for source_id, path in reading.files.items():
        if source_id in reading.jobs or path == reading.table:
            continue
        if _promises_sound(path):
            reading.note("file.not_in_table", source_id, f"no row of {reading.table.name} names it; left out")
        else:
            reading.passed_over[path.suffix.lower() or "without suffix"] += 1


def _join(reading: Reading, source_id: str, entry: _Entry) -> None:
    """Add an entry; two rows about one span become one entry with the labels of both (five captions, five rows)."""
    entries = reading.jobs.setdefault(source_id, [])
    for i, known in enumerate(entries):
        if (known.start_ms, known.end_ms, known.source) != (entry.start_ms, entry.end_ms, entry.source):
            continue
        for what in ("group", "split", "licence", "language", "domains"):
            if getattr(known, what) != getattr(entry, what):
                reading.refuse(
                    source_id,
                    "row.conflict",
                    f"{what} is {getattr(entry, what)!r} here and {getattr(known, what)!r} in row {known.row}",
                    row=entry.row,
                )
                return
        have = {(x.kind, x.value.casefold()) for x in known.labels}
        new = [x for x in entry.labels if (x.kind, x.value.casefold()) not in have]
        try:
            evidence = brought.union(known.evidence, entry.evidence)
        except ValueError as error:
            reading.refuse(source_id, "row.conflict", f"{error}, see row {known.row}", row=entry.row)
            return
        if new or evidence != known.evidence:
            values = ", ".join([x.value for x in new] or [x.name for x in entry.evidence])
            reading.note("row.merged", source_id, f"row {entry.row} adds to row {known.row}: {values[:120]}")
            entries[i] = replace(known, labels=[*known.labels, *new], evidence=evidence)
        else:
            reading.note("row.repeated", source_id, f"row {entry.row} repeats row {known.row}")
        return
    entries.append(entry)


# --- evidence beside the recordings ----------------------------------------------------------------------------------


def _evidence_paths(reading: Reading) -> list[Path]:
    """The files the user named, looked for in the folder first."""
    return [next((c for c in (reading.root / p, p) if c.is_file()), p).resolve() for p in reading.options.evidence]


def _plan_evidence(reading: Reading) -> None:
    """Attach evidence.jsonl at the root, every .rttm file of the tree and the files named by the user."""
    found = [p for s, p in reading.files.items() if s == tables.EVIDENCE_NAME or s.lower().endswith(".rttm")]
    # A stem must find the recording, not the text that lies beside it under the same name.
    sound = {s: p for s, p in reading.files.items() if s in reading.jobs or p.suffix.lower() in names.AUDIO_SUFFIXES}
    for path in dict.fromkeys([*_evidence_paths(reading), *found]):
        finder = _Finder(reading.root, path, sound)
        reading.evidence_files[str(path)] = 0
        reading.passed_over.subtract({path.suffix.lower(): 1} if path in found else {})
        for line in brought.read_file(path):
            if isinstance(line, brought.BroughtFault):
                fault = _Fault(line.code, line.reason)
            else:
                problem = _attach(reading, finder, line)
                if problem is None:
                    reading.evidence_files[str(path)] += 1
                    continue
                fault = problem
            reading.bad.append(
                BadRow(reading.source, line.file, fault.code, fault.reason, fault.hint, line.where, line.line)
            )
    reading.passed_over = +reading.passed_over


def _attach(reading: Reading, finder: _Finder, line: brought.Brought) -> _Fault | None:
    source_id = finder.find(line.file)
    if isinstance(source_id, _Fault):
        return source_id
    entries = reading.jobs.get(source_id, [])
    span = None if line.start_s is None and line.end_s is None else (line.start_s or 0.0, line.end_s)
    chosen = [
        i
        for i, e in enumerate(entries)
        if span is None or (e.start_ms / 1000, None if e.end_ms is None else e.end_ms / 1000) == span
    ]
    if not chosen:
        what = "no clip is made of it" if not entries else f"no clip of it spans {span[0] if span else 0:g} s to …"
        return _Fault("evidence.no_clip", f"evidence about {source_id}, but {what}")
    for i in chosen:
        known = entries[i]
        try:
            if span is None:
                entries[i] = replace(known, of_file=brought.union(known.of_file, line.items))
            else:
                entries[i] = replace(known, evidence=brought.union(known.evidence, line.items))
            brought.union(entries[i].evidence, entries[i].of_file)
        except ValueError as error:
            entries[i] = known
            return _Fault("evidence.conflict", str(error), "Keep one of them, or give one another name.")
    return None


# --- listening -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    source_id: str
    path: str
    spans: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True)
class _Heard:
    digest: str
    spans: tuple[tuple[_Span, ...] | _Fault, ...]


def _as_fault(error: AudioReasonerError, path: str) -> _Fault:
    return _Fault(error.code, error.message.removeprefix(f"{path}: "), error.hint)


def _listen(task: _Task, max_seconds: float, split_long: bool, keep_silent: bool) -> _Heard | _Fault:
    """Hash a file and decode its spans; runs in a worker process."""
    try:
        probed = audio.probe(task.path)
        longest = max_seconds + audio.SPAN_TOLERANCE_MS / 1000
        if task.spans == ((0, None),) and probed.duration_s > longest and not split_long:
            return _too_long(probed.duration_s, max_seconds)
        whole = None
        if len(task.spans) > 1 and probed.duration_s * probed.rate * probed.channels <= audio.MAX_VALUES / 4:
            whole = audio.decode(task.path)
        spans = tuple(_listen_span(task, span, whole, max_seconds, split_long, keep_silent) for span in task.spans)
        return _Heard(ids.file_sha256(Path(task.path)), spans)
    except AudioReasonerError as error:
        return _as_fault(error, task.path)
    except OSError as error:
        return _Fault("audio.unreadable", error.strerror or str(error))


def _too_long(seconds: float, max_seconds: float) -> _Fault:
    return _Fault(
        "audio.too_long",
        f"lasts {seconds:.1f} s, longer than the {max_seconds:g} s a model hears",
        "--split-long cuts it, start and end columns choose a part, --max-seconds allows more.",
    )


def _listen_span(
    task: _Task,
    span: tuple[int, int | None],
    whole: audio.Decoded | None,
    max_seconds: float,
    split_long: bool,
    keep_silent: bool,
) -> tuple[_Span, ...] | _Fault:
    start_ms, end_ms = span
    try:
        heard = audio.cut(whole, task.path, start_ms, end_ms) if whole else audio.decode(task.path, start_ms, end_ms)
    except InputError as error:
        return _as_fault(error, task.path)
    seconds = len(heard.samples) / heard.rate
    if seconds <= max_seconds + audio.SPAN_TOLERANCE_MS / 1000:
        if not keep_silent and _silent(heard):
            return _SILENT
        return (_Span(start_ms, end_ms, seconds),)
    if not split_long:
        return _too_long(seconds, max_seconds)
    parts = math.ceil(seconds / max_seconds)
    edges = [round(seconds * 1000 * i / parts) for i in range(parts + 1)]
    out = []
    for a, b in itertools.pairwise(edges):
        part = audio.cut(heard, task.path, a, b)
        if keep_silent or not _silent(part):
            out.append(_Span(start_ms + a, start_ms + b, len(part.samples) / part.rate))
    return tuple(out) or _SILENT


_SILENT = _Fault(
    "audio.silent",
    "nothing can be heard in it, so no label can be true of it",
    "--keep-silent keeps it.",
)


def _silent(heard: audio.Decoded) -> bool:
    from audio_reasoner.evidence import is_silent

    pcm = audio.resample(audio.to_mono(heard.samples), heard.rate, audio.SAMPLE_RATE)
    return not len(pcm) or is_silent(pcm)


# --- together --------------------------------------------------------------------------------------------------------


def plan_folder(root: str | Path, options: FolderOptions | None = None, exclude: tuple[Path, ...] = ()) -> Reading:
    """Look through a folder and its table, without opening a recording.

    Args:
        root: the folder.
        options: how to read it.
        exclude: folders under it that are not part of it (the run directory).

    Raises:
        ConfigError: no such folder, contradicting options, a column that is not there.
        InputError: the table as a whole cannot be read, or there is no recording.
    """
    options = options or FolderOptions()
    given = Path(root)
    if not given.exists():
        raise ConfigError(
            f"{given} does not exist.", code="sources.no_folder", hint="Give the folder of the recordings."
        )
    if not given.is_dir():
        raise ConfigError(
            f"{given} is a file, expected a folder.",
            code="sources.no_folder",
            hint=f"Give its folder {given.parent}, with --table {given.name} if it holds the labels.",
        )
    if not options.max_seconds > 0:
        raise ConfigError(f"--max-seconds is {options.max_seconds:g}, expected more than 0.", code="config.max_seconds")
    root = given.resolve()
    source = unicodedata.normalize("NFC", options.source or root.name or "folder")
    reading = Reading(root, source, options, options.labels_from)
    table_path = _choose_table(reading)
    _scan(reading, frozenset(p.resolve() for p in exclude))
    if table_path is None:
        _plan_names(reading)
        if options.columns:
            raise ConfigError(
                f"--column was given, but {root} has no table.",
                code="table.missing",
                hint="Put labels.csv there or name the table with --table.",
            )
    else:
        reading.labels_from, reading.table = "table", table_path
        table = tables.read_table(table_path)
        reading.columns = tables.map_columns(table, options.columns, options.domain)
        used = {c for columns in reading.columns.values() for c in columns}
        reading.evidence_columns = tables.evidence_columns(table, options.evidence_columns, used)
        used.update(reading.evidence_columns.values())
        reading.unused_columns = tuple(c for c in table.columns if c and c not in used)
        _plan_table(reading, table)
    if table_path is None and options.evidence_columns:
        raise ConfigError(
            f"--evidence-column was given, but {root} has no table.",
            code="table.missing",
            hint="Put labels.csv there, name it with --table, or give the evidence as JSON lines: --evidence FILE.",
        )
    _plan_evidence(reading)
    if not reading.jobs and not reading.bad:
        raise InputError(
            f"{root} holds no recording.",
            code="sources.empty",
            hint="Seen and passed over: "
            + (", ".join(f"{n} {k}" for k, n in reading.passed_over.most_common(6)) or "nothing at all")
            + ".",
        )
    return reading


def _choose_table(reading: Reading) -> Path | None:
    options, root = reading.options, reading.root
    if options.labels_from in ("folder", "name"):
        if options.table is not None:
            raise ConfigError(
                f"--table and --labels-from {options.labels_from} contradict each other.", code="config.labels_from"
            )
        return None
    if options.table is not None:
        for candidate in (root / options.table, options.table):
            if candidate.is_file():
                return candidate.resolve()
        raise ConfigError(f"{options.table}: no such table in {root} or here.", code="table.missing")
    found = tables.find_table(root, frozenset(_evidence_paths(reading)))
    if found is None and options.labels_from == "table":
        raise ConfigError(
            f"{root} has no table (labels.csv, .tsv, .jsonl or .parquet).",
            code="table.missing",
            hint="Name it with --table.",
        )
    return found


def read_folder(
    root: str | Path,
    options: FolderOptions | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Clip | BadRow | Notice]:
    """The clips of a folder in order of their source_id, then what is wrong and what is worth knowing.

    Args:
        root: the folder.
        options: how to read it.
        workers: processes that decode; None is one per core.
        progress: called with (files done, files).

    Raises:
        ConfigError, InputError: as `plan_folder`.
    """
    return listen(plan_folder(root, options), workers=workers, progress=progress)


def listen(
    reading: Reading,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Clip | BadRow | Notice]:
    """Decode and hash the planned files; yields clips, then bad rows, then notices."""
    from audio_reasoner import compute

    options = reading.options
    tasks = [
        _Task(s, str(reading.files[s]), tuple(dict.fromkeys((e.start_ms, e.end_ms) for e in entries)))
        for s, entries in sorted(reading.jobs.items())
    ]
    work = partial(
        _listen, max_seconds=options.max_seconds, split_long=options.split_long, keep_silent=options.keep_silent
    )
    # Starting a worker costs as long as reading some dozens of short files.
    count = 0 if len(tasks) < 48 else workers
    chunk = max(1, min(16, len(tasks) // 64))
    groups = names.groups(reading.jobs)
    clips: list[tuple[Clip, int | None]] = []
    results = compute.map(work, tasks, count, chunk=chunk, errors="return")
    for done, (task, heard) in enumerate(zip(tasks, results, strict=True), start=1):
        if isinstance(heard, compute.Failure):
            code = "audio.crash" if isinstance(heard.error, compute.WorkerDied) else "audio.unexpected"
            heard = _Fault(code, f"{type(heard.error).__name__}: {heard.error}", "Please report this with the file.")
        clips.extend(_clips_of(reading, task, heard, groups[task.source_id]))
        if progress is not None:
            progress(done, len(tasks))
    yield from _distinct(reading, clips)
    yield from sorted(reading.bad, key=lambda b: (b.row or 0, b.file, b.code))
    yield from reading.notices


def _clips_of(reading: Reading, task: _Task, heard: _Heard | _Fault, group: str) -> Iterator[tuple[Clip, int | None]]:
    options = reading.options
    of_span = dict(zip(task.spans, heard.spans, strict=True)) if isinstance(heard, _Heard) else {}
    for entry in reading.jobs[task.source_id]:
        spans = of_span[entry.start_ms, entry.end_ms] if isinstance(heard, _Heard) else heard
        if isinstance(spans, _Fault):
            hint = spans.hint
            if spans.code == "audio.span":
                hint = "If these columns mean something else, leave them out: --column start= --column end="
            reading.refuse(task.source_id, spans.code, spans.reason, hint, entry.row)
            continue
        labels = tuple(entry.labels)
        was_split = [(s.start_ms, s.end_ms) for s in spans] != [(entry.start_ms, entry.end_ms)]
        if was_split:
            # What describes the whole is not true of its parts.
            labels = tuple(x for x in labels if x.kind not in _OF_THE_WHOLE)
            reading.note("audio.split", task.source_id, f"cut into {len(spans)} parts")
            if not labels:
                reading.refuse(
                    task.source_id, "label.none", "its only label describes the whole, not its parts", row=entry.row
                )
                continue
        source = unicodedata.normalize("NFC", entry.source) if entry.source else reading.source
        assert isinstance(heard, _Heard)
        for span in spans:
            try:
                evidence = _evidence_of(entry, span, was_split)
            except ValueError as error:
                reading.refuse(
                    task.source_id, "evidence.time", str(error), "Times are seconds in the file.", row=entry.row
                )
                continue
            yield (
                Clip(
                    clip_id=ids.clip_id(source, task.source_id, span.start_ms, span.end_ms),
                    source=source,
                    source_id=task.source_id,
                    audio=AudioRef(path=task.path),
                    content_key=ids.content_key_of_span(heard.digest, span.start_ms, span.end_ms),
                    duration_s=round(span.duration_s, 6),
                    start_ms=span.start_ms,
                    end_ms=span.end_ms,
                    domains=entry.domains or (options.domain,),
                    labels=labels,
                    licence=entry.licence or options.licence,
                    language=entry.language or options.language,
                    group=entry.group or group,
                    split=entry.split,
                    evidence=evidence,
                ),
                entry.row,
            )


def _evidence_of(entry: _Entry, span: _Span, was_split: bool) -> tuple[EvidenceItem, ...]:
    is_span = (span.start_ms, span.end_ms) != (0, None)
    start = span.start_ms / 1000
    own = brought.for_span(entry.evidence, start, span.duration_s, whole=not was_split, is_span=is_span)
    of_file = brought.for_span(entry.of_file, start, span.duration_s, whole=False, is_span=is_span)
    return brought.union(own, of_file)


def _tags(clip: Clip) -> frozenset[tuple[LabelKind, str]]:
    return frozenset((x.kind, x.value.casefold()) for x in clip.labels)


def _distinct(reading: Reading, clips: list[tuple[Clip, int | None]]) -> Iterator[Clip]:
    """One clip per content, unless told otherwise.

    Equal sound with labels in common: the first is kept, with the labels of all. With no label in common one of them
    must be wrong and nobody here knows which: all are quarantined.
    """
    if reading.options.keep_duplicates:
        yield from (clip for clip, _ in clips)
        return
    same: dict[str, list[tuple[Clip, int | None]]] = defaultdict(list)
    for clip, row in clips:
        same[clip.content_key].append((clip, row))
    for twins in same.values():
        first = twins[0][0]
        if len(twins) == 1:
            yield first
            continue
        others = ", ".join(c.source_id for c, _ in twins[1:])
        if all(_tags(first) & _tags(c) for c, _ in twins[1:]):
            labels = {(x.kind, x.value.casefold()): x for c, _ in reversed(twins) for x in reversed(c.labels)}
            evidence = {x.name: x for c, _ in reversed(twins) for x in reversed(c.evidence)}
            yield first.model_copy(
                update={"labels": tuple(reversed(labels.values())), "evidence": tuple(reversed(evidence.values()))}
            )
            for clip, _ in twins[1:]:
                reading.note("duplicate", clip.source_id, f"the same sound as {first.source_id}; kept once")
            continue
        said = " / ".join(dict.fromkeys(", ".join(x.value for x in c.labels)[:40] for c, _ in twins))
        for clip, row in twins:
            other = others if clip is first else first.source_id
            reading.refuse(
                clip.source_id,
                "duplicate.conflict",
                f"the same sound as {other}, but labelled differently: {said}",
                "Correct the labels, remove one, or use --keep-duplicates.",
                row,
            )


# --- into a run ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder. `clips` counts, `seconds` sums; `labels` counts clips per tag."""

    reading: Reading
    clips: int
    seconds: float
    labels: Counter[str]
    bad: tuple[BadRow, ...]
    notices: tuple[Notice, ...]


def build_clips(
    root: str | Path,
    run_dir: str | Path,
    options: FolderOptions | None = None,
    *,
    strict: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FolderResult:
    """Read a folder into a run directory: its clips, `clips/quarantine.jsonl` and `clips/notices.jsonl`.

    The same folder again replaces its own clips; another folder adds its own.

    Args:
        root: the folder.
        run_dir: the run directory; made if it is not there.
        options: how to read the folder.
        strict: raise at the first bad row and change nothing.
        workers: processes that decode; None is one per core.
        progress: called with (files done, files).

    Raises:
        ConfigError: also source.name_taken, if another folder of the same name is in the run.
        InputError: as `plan_folder`; with `strict` the first bad row's code.
        LockedError: another process writes the run.
    """
    from audio_reasoner import dataset
    from audio_reasoner.core.run import RunDir, run_lock

    options = options or FolderOptions()
    reading = plan_folder(root, options, exclude=(Path(run_dir),))
    run = RunDir.create(run_dir)
    with run_lock(run):
        _check_names(run, {reading.source}, reading.root)
        clips: list[Clip] = []
        bad: list[BadRow] = []
        notices: list[Notice] = []
        for item in listen(reading, workers=workers, progress=progress):
            if isinstance(item, Clip):
                clips.append(item)
            elif isinstance(item, BadRow):
                if strict:
                    where = f"{item.table}, row {item.row}: " if item.row else ""
                    raise InputError(f"{where}{item.file}: {item.reason}", code=item.code, hint=item.hint)
                bad.append(item)
            else:
                notices.append(item)
        sources = {c.source for c in clips} or {reading.source}
        _check_names(run, sources, reading.root)
        written = dataset.write_clips(run.path, clips)
        for entry in run.sources:
            # A source that this folder gave before and gives no longer must not linger.
            if entry.get("path") == str(reading.root) and entry.get("name") not in written:
                (run.clips_dir / dataset.part_name(str(entry["name"]))).unlink(missing_ok=True)
        for source in sorted(sources):
            run.add_source({"kind": "folder", "name": source, "path": str(reading.root)})
        _replace_lines(run.clips_dir / "quarantine.jsonl", sources | {reading.source}, bad)
        _replace_lines(run.clips_dir / "notices.jsonl", sources | {reading.source}, notices)
    labels = Counter(x.value for c in clips for x in c.labels if x.kind == "tag")
    return FolderResult(reading, len(clips), sum(c.duration_s for c in clips), labels, tuple(bad), tuple(notices))


def _check_names(run: Any, sources: set[str], root: Path) -> None:
    for entry in run.sources:
        if entry.get("name") in sources and entry.get("path") != str(root):
            where = entry.get("path") or f"kind {entry.get('kind')}"
            raise ConfigError(
                f"{run.path} already has a source {entry['name']!r} from {where}.",
                code="source.name_taken",
                hint="Give this one another name with --source NAME, or use another run directory.",
            )


def _replace_lines(path: Path, sources: set[str], items: list[BadRow] | list[Notice]) -> None:
    """Rewrite a JSON lines file: other sources' lines stay, ours are these."""
    from audio_reasoner.core.run import write_atomic

    kept: list[str] = []
    if path.exists():
        kept = [x for x in path.read_text("utf-8").splitlines() if x and json.loads(x).get("source") not in sources]
    lines = [*kept, *(json.dumps(asdict(item), ensure_ascii=False) for item in items)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, "".join(f"{x}\n" for x in lines).encode())
