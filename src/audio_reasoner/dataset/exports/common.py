"""What every export shares: which rows go out, their texts, what could not be exported, and the manifest.

Decision: an export is a function of (data set, clips, sound, options): the same command gives the same bytes, and
`export.json` has no times. It replaces its directory as a whole, so an interrupted export leaves the previous one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.audio import HEARD_SECONDS
from audio_reasoner.core.errors import (
    AudioReasonerError,
    ConfigError,
    EnvironmentProblem,
    InputError,
    IntegrityError,
    LockedError,
)
from audio_reasoner.dataset import files
from audio_reasoner.dataset.exports import where
from audio_reasoner.dataset.exports.sound import AudioFolder, AudioMode, AudioOf, Sounds, audio_field
from audio_reasoner.dataset.exports.splits import assign_splits
from audio_reasoner.dataset.rows import SCHEMA_VERSION, Row
from audio_reasoner.dataset.store import count_rows, dataset_sha256, read_columns, read_rows

Progress = Callable[[int, int], None]

__all__ = [
    "AudioFolder",
    "AudioMode",
    "AudioOf",
    "ExportOptions",
    "ExportResult",
    "Progress",
    "Selection",
    "Sounds",
    "assistant_text",
    "audio_field",
    "counted",
    "flat_fields",
    "omissions",
    "refuse_foreign",
    "result_of",
    "turns_of",
    "user_text",
    "write_manifest",
    "writing",
]

AUDIO_TAG = "<audio>"
MANIFEST = "export.json"
QUARANTINE = "quarantine.jsonl"


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """What the user chose. `val_fraction` is the share of groups (0 to below 1) that go to the split "val".

    `where` holds conditions (see `where.parse`); rows that do not satisfy all of them are left out.
    """

    audio: AudioMode
    split: str | None = None
    val_fraction: float = 0.0
    seed: int = 0
    system_prompt: str | None = None
    where: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """What was written: rows per split, and how many rows were held back (see `quarantine.jsonl` in `out`).

    `left_out` counts the rows that the user did not ask for, by the first condition they did not satisfy; `long` the
    written ones of clips over `HEARD_SECONDS`.
    """

    out: Path
    rows: int
    splits: dict[str, int]
    quarantined: int
    reasons: dict[str, int]
    left_out: dict[str, int] = dataclasses.field(default_factory=dict)
    long: int = 0


# --- text ---


def _asked(text: str, options: Sequence[str]) -> str:
    """A question with its options.

    Raises:
        InputError: ``export.audio_tag``: the text itself holds the tag, which trainers would count as a second file.
    """
    from audio_reasoner.core.choices import render_question

    shown = render_question(text, options)
    if AUDIO_TAG in shown.lower():
        raise InputError(
            f"the question or an option holds the literal {AUDIO_TAG}",
            code="export.audio_tag",
            hint="Trainers replace the tag by sound; reword the question.",
        )
    return shown


def user_text(row: Row) -> str:
    """What the user says: the audio tag, the question, its options. Of a dialogue: its last question.

    Raises:
        InputError: ``export.audio_tag``.
    """
    return AUDIO_TAG + _asked(row.question, row.options)


def assistant_text(row: Row) -> str:
    """The tagged chain.

    Raises:
        InputError: ``export.chain`` for a section that no chain may have, ``export.audio_tag``.
    """
    try:
        text = row.chain().to_text()
    except ValueError as error:
        raise InputError(f"the stored chain is not well formed: {error}", code="export.chain") from error
    return _untagged(text, "the chain")


def _untagged(text: str, what: str) -> str:
    if AUDIO_TAG in text.lower():
        raise InputError(f"{what} holds the literal {AUDIO_TAG}", code="export.audio_tag")
    return text


def turns_of(row: Row) -> list[tuple[str, str]]:
    """(user, assistant) of all turns, the last one with its whole chain; the audio tag stands in the first question.

    Raises:
        InputError: ``export.audio_tag``, ``export.chain``.
    """
    turns = [
        (_asked(t.question, t.options), _untagged(t.to_text(), "an earlier response of the dialogue"))
        for t in row.history
    ]
    turns.append((_asked(row.question, row.options), assistant_text(row)))
    return [(AUDIO_TAG + turns[0][0], turns[0][1]), *turns[1:]]


def flat_fields(row: Row) -> dict[str, Any]:
    """The row's columns without its audio, as plain JSON values."""
    return row.model_dump(mode="json", exclude={"audio_bytes", "audio_path"})


# --- rows ---


class Selection:
    """The rows of an export, each with its split; counts what goes out and writes down what does not."""

    def __init__(self, dataset_dir: Path, options: ExportOptions, folder: Path, progress: Progress | None) -> None:
        self._where = where.parse(options.where)
        self._dataset_dir = dataset_dir
        self._folder = folder
        self._progress = progress
        if not count_rows(dataset_dir):
            raise InputError(
                f"the data set {dataset_dir} has no rows, so there is nothing to export",
                code="export.empty",
                hint=f"'audio-reasoner status {dataset_dir.parent}' tells what became of its clips.",
            )
        splits = assign_splits(dataset_dir, options.val_fraction, options.seed)
        names = sorted(set(splits.values()))
        if options.split is not None and options.split not in names:
            raise ConfigError(
                f"the data set has no split {options.split!r}",
                code="config.split",
                hint=f"It has: {', '.join(names)}.",
            )
        self._splits = splits
        self.names = [options.split] if options.split is not None else names
        self.total = 0
        self.left_out: Counter[str] = Counter()
        self.long = 0
        self.dialogues = False
        self._count(dataset_dir)
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._first = ""

    @property
    def conditions(self) -> list[str]:
        """The conditions in their written form."""
        return [f"`{c.text}`" for c in self._where.conditions]

    def _count(self, dataset_dir: Path) -> None:
        """Rows that will be offered, rows that the conditions leave out, and whether there are dialogues."""
        for fields in read_columns(dataset_dir, sorted({"group", "history", *self._where.columns}), batch=8192):
            if self._splits[fields["group"]] not in self.names:
                continue
            failing = self._where.failing(fields)
            if failing is None:
                self.total += 1
                self.dialogues = self.dialogues or fields["history"] != "[]"
            else:
                self.left_out[failing] += 1
        if not self.total:
            why = ", ".join(f"{text} leaves out {n}" for text, n in self.left_out.items())
            raise ConfigError(
                f"no row satisfies all conditions: {why}",
                code="config.where",
                hint="`audio-reasoner report RUN` shows how the rows are made up. A figure that is not known "
                f"satisfies no comparison; add ',{where.UNKNOWN}' to an '=' to take such rows too.",
            )

    def items(self, make: Callable[[Row, str], Any]) -> Iterator[tuple[str, Row, Any]]:
        """(split, row, `make(row, split)`) in order of sample_id; rows for which `make` fails are held back."""
        done = 0
        with (self._folder / QUARANTINE).open("w", encoding="utf-8") as quarantine:
            for row in read_rows(self._dataset_dir):
                split = self._splits[row.group]
                if split not in self.names or self._where.failing_of(row) is not None:
                    continue
                try:
                    made = make(row, split)
                except (EnvironmentProblem, LockedError):
                    raise  # nothing is wrong with the row
                except AudioReasonerError as error:
                    quarantine.write(_quarantine_line(row, error))
                    self.reasons[error.code] += 1
                    self._first = self._first or str(error)
                else:
                    self.counts[split] += 1
                    self.long += row.duration_s > HEARD_SECONDS
                    yield split, row, made
                done += 1
                if self._progress is not None:
                    self._progress(done, self.total)
        if not self.reasons:
            (self._folder / QUARANTINE).unlink()
        elif not self.counts:
            raise IntegrityError(
                f"none of the {self.total} rows could be exported; the first one: {self._first}",
                code="export.nothing",
                hint="Nothing was written; an earlier export is untouched.",
            )


def _quarantine_line(row: Row, error: AudioReasonerError) -> str:
    fields = {
        "sample_id": row.sample_id,
        "clip_id": row.clip_id,
        "audio_path": row.audio_path,
        "code": error.code,
        "detail": error.message,
        "hint": error.hint,
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


# --- the directory and its manifest ---


def refuse_foreign(out: Path) -> None:
    """Refuse to replace a directory that no export made.

    Raises:
        InputError: ``output.in_the_way``.
    """
    if out.exists() and not (out.is_dir() and ((out / MANIFEST).is_file() or not any(out.iterdir()))):
        raise InputError(
            f"{out} exists and is no earlier export; it would be replaced as a whole",
            code="output.in_the_way",
            hint="Name a new directory with -o, or remove it yourself.",
        )


def write_manifest(folder: Path, fmt: str, dataset_dir: Path, options: ExportOptions, rows: Selection) -> None:
    """`export.json`: what this is made of, with the hash of every file but the sounds, which share one hash."""
    listed: list[dict[str, Any]] = []
    sounds = hashlib.sha256()
    sound_files = sound_bytes = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name, size, sha = path.relative_to(folder).as_posix(), path.stat().st_size, ids.file_sha256(path)
            if name.startswith("audio/"):
                sounds.update(f"{name}\0{sha}\n".encode())
                sound_files += 1
                sound_bytes += size
            else:
                listed.append({"name": name, "bytes": size, "sha256": sha})
    chosen = dataclasses.asdict(options)
    chosen["where"] = [c.text for c in where.parse(options.where).conditions]
    manifest = {
        "kind": "export",
        "format": fmt,
        "schema_version": SCHEMA_VERSION,
        "package_version": importlib.metadata.version("audio-reasoner"),
        "dataset_sha256": dataset_sha256(dataset_dir),
        "options": chosen,
        "rows": sum(rows.counts.values()),
        "splits": dict(sorted(rows.counts.items())),
        "left_out": dict(sorted(rows.left_out.items())),
        "quarantined": dict(sorted(rows.reasons.items())),
        "files": listed,
        "audio": {"files": sound_files, "bytes": sound_bytes, "sha256": sounds.hexdigest()},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def omissions(rows: Selection) -> str:
    """What an export does not hold, in words for its README; empty if it holds every row of its splits."""
    parts = []
    if rows.left_out:
        parts.append(
            f"Only rows with {' and '.join(rows.conditions)}; {counted(sum(rows.left_out.values()))} left out."
        )
    if rows.reasons:
        parts.append(f"{counted(sum(rows.reasons.values()))} held back; `quarantine.jsonl` says why.")
    return " ".join(parts) + "\n" if parts else ""


def counted(n: int) -> str:
    """ "1 row was", "2 rows were"."""
    return f"{n:,} row{'' if n == 1 else 's'} {'was' if n == 1 else 'were'}"


def result_of(out: Path, rows: Selection) -> ExportResult:
    return ExportResult(
        out=out,
        rows=sum(rows.counts.values()),
        splits=dict(sorted(rows.counts.items())),
        quarantined=sum(rows.reasons.values()),
        reasons=dict(sorted(rows.reasons.items())),
        left_out=dict(sorted(rows.left_out.items())),
        long=rows.long,
    )


def writing(out: Path) -> Any:
    """The temporary directory that will become `out` (see files.atomic_directory)."""
    return files.atomic_directory(out)
