"""What every export shares: who goes into which split, where the sound comes from, what could not be exported.

Decisions:
- An export is a function of (data set, clips, sound, options): the same command gives the same bytes, and
  `export.json` has no times. It replaces its directory as a whole, so an interrupted export leaves the previous one.
- Rows of one `group`, and rows that hear the same sound, never land in two splits.
- The sound must be the sound the sample was built on. A file that is missing or whose hash differs puts its rows into
  `quarantine.jsonl`; the others are exported.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audio_reasoner.core import ids
from audio_reasoner.core.errors import (
    AudioReasonerError,
    ConfigError,
    EnvironmentProblem,
    InputError,
    IntegrityError,
    LockedError,
)
from audio_reasoner.dataset import files
from audio_reasoner.dataset.clips import ClipPlace, clip_places
from audio_reasoner.dataset.rows import SCHEMA_VERSION, Row
from audio_reasoner.dataset.store import count_rows, dataset_sha256, read_columns, read_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AudioMode = Literal["embed", "reference", "copy"]
AudioOf = Callable[[Row], "NDArray[np.float32]"]
Progress = Callable[[int, int], None]

AUDIO_TAG = "<audio>"
MANIFEST = "export.json"
QUARANTINE = "quarantine.jsonl"
RATE = 16_000
CACHE_BYTES = 256 << 20
VALIDATION = "val"


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """What the user chose. `val_fraction` is the share of groups (0 to below 1) that go to the split "val"."""

    audio: AudioMode
    split: str | None = None
    val_fraction: float = 0.0
    seed: int = 0
    system_prompt: str | None = None


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """What was written: rows per split, and how many rows were held back (see `quarantine.jsonl` in `out`)."""

    out: Path
    rows: int
    splits: dict[str, int]
    quarantined: int
    reasons: dict[str, int]


# --- splits ---


def _side(value: str | None) -> str:
    return value or "train"


def assign_splits(dataset_dir: Path, val_fraction: float, seed: int) -> dict[str, str]:
    """Group → split, such that neither a group nor a sound stands in two splits.

    A stored split stays. With `val_fraction`, groups without one (or in "train") whose hash falls below the fraction
    become "val"; a group keeps its side when the data set grows. Groups that share a sound (two copies of one file)
    move together.

    Raises:
        InputError: ``export.split_leak``: the stored splits themselves divide a group or a sound.
        ConfigError: ``config.val_fraction``, ``config.split_name``.
    """
    if not 0 <= val_fraction < 1:
        raise ConfigError(
            f"the validation fraction is {val_fraction}; it must be at least 0 and below 1", code="config.val_fraction"
        )
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    side: dict[str, tuple[str, str]] = {}  # group → (split, sample that says so)
    heard: dict[bytes, str] = {}  # content → a group that hears it
    for fields in read_columns(dataset_dir, ["sample_id", "group", "split", "content_key"]):
        group, split, sample = fields["group"], _side(fields["split"]), fields["sample_id"]
        if not re.fullmatch(r"\w+", split):
            raise ConfigError(
                f"sample {sample} has the split {split!r}; a split's name may hold letters, digits and _ only",
                code="config.split_name",
                hint="Rename it in your labels file and build again.",
            )
        before = side.setdefault(group, (split, sample))
        if before[0] != split:
            raise _leak(f"group {group!r}", before, (split, sample))
        parent.setdefault(group, group)
        content = hashlib.blake2b(fields["content_key"].encode(), digest_size=12).digest()
        other = heard.setdefault(content, group)
        if side[other][0] != split:
            raise _leak(f"the sound {fields['content_key'][:12]}…", side[other], (split, sample))
        a, b = sorted((root(group), root(other)))
        parent[b] = a
    splits = {group: split for group, (split, _) in side.items()}
    if val_fraction:
        _hold_out(splits, {g: root(g) for g in parent}, val_fraction, seed)
    return splits


def _leak(what: str, one: tuple[str, str], two: tuple[str, str]) -> InputError:
    return InputError(
        f"{what} stands in two splits: {one[0]!r} (sample {one[1]}) and {two[0]!r} (sample {two[1]})",
        code="export.split_leak",
        hint="A model would be tested on what it was trained on: give all its rows one split in your labels file.",
    )


def _hold_out(splits: dict[str, str], root_of: dict[str, str], fraction: float, seed: int) -> None:
    draw: dict[str, float] = {}
    for group, root in root_of.items():
        if splits[group] == "train":
            draw[root] = ids.derive_seed(seed, "split", root) / 2**63
    if len(draw) < 2:
        raise ConfigError(
            "nothing can be held out for validation: all training rows belong to one group",
            code="config.val_fraction",
            hint="Leave out --val-fraction, or give the clips groups that tell recordings apart.",
        )
    held = {root for root, x in draw.items() if x < fraction} or {min(draw, key=lambda r: (draw[r], r))}
    if len(held) == len(draw):
        held.discard(max(draw, key=lambda r: (draw[r], r)))  # a training split with nothing in it serves nobody
    for group, root in root_of.items():
        if root in held and splits[group] == "train":
            splits[group] = VALIDATION


# --- text ---


def user_text(row: Row) -> str:
    """What the user says: the audio tag, the question, its options.

    Raises:
        InputError: ``export.audio_tag``: the text itself holds the tag, which trainers would count as a second file.
    """
    from audio_reasoner.core.choices import render_question

    text = render_question(row.question, row.options)
    if AUDIO_TAG in text.lower():
        raise InputError(
            f"the question or an option holds the literal {AUDIO_TAG}",
            code="export.audio_tag",
            hint="Trainers replace the tag by sound; reword the question.",
        )
    return AUDIO_TAG + text


def assistant_text(row: Row) -> str:
    """The tagged chain.

    Raises:
        InputError: ``export.chain`` for a section that no chain may have, ``export.audio_tag``.
    """
    try:
        text = row.chain().to_text()
    except ValueError as error:
        raise InputError(f"the stored chain is not well formed: {error}", code="export.chain") from error
    if AUDIO_TAG in text.lower():
        raise InputError(f"the chain holds the literal {AUDIO_TAG}", code="export.audio_tag")
    return text


def flat_fields(row: Row) -> dict[str, Any]:
    """The row's columns without its audio, as plain JSON values."""
    return row.model_dump(mode="json", exclude={"audio_bytes", "audio_path"})


# --- sound ---


def _unreadable(path: str, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be read: {error.strerror}",
        code="export.audio_missing",
        hint="Bring the file back, or read the source again and build again.",
    )


class Sounds:
    """The encoded sound of rows, checked against what the samples were built on.

    Several rows hear one clip, in no particular order, so up to 256 MiB of encoded sound is kept.
    """

    def __init__(self, run_dir: Path, audio: AudioOf) -> None:
        self._audio = audio
        self._places = clip_places(run_dir)
        self._digests: dict[str, str] = {}
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0

    def place(self, row: Row) -> ClipPlace:
        """Where the row's clip lies.

        Raises:
            InputError: ``export.clip_missing``, ``export.audio_missing``, ``export.audio_changed``.
        """
        place = self._places.get(row.clip_id)
        if place is None:
            raise InputError(
                f"clip {row.clip_id} is no longer in run/clips",
                code="export.clip_missing",
                hint=f"Read the source {row.source!r} into the run again.",
            )
        if place.content_key != row.content_key:
            raise InputError(
                f"clip {row.clip_id} was changed in run/clips after this sample was built",
                code="export.audio_changed",
                hint="Build again: only what changed is made anew.",
            )
        if place.path is not None and place.member is None:
            digest = self._digest(place.path)
            if ids.content_key_of_span(digest, place.start_ms, place.end_ms) != row.content_key:
                raise InputError(
                    f"{place.path} is not the file this sample was built on (its content hash differs)",
                    code="export.audio_changed",
                    hint="Restore the file, or read the source again and build again.",
                )
        return place

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            try:
                self._digests[path] = ids.file_sha256(Path(path))
            except OSError as error:
                raise _unreadable(path, error) from error
        return self._digests[path]

    def flac(self, row: Row) -> bytes:
        """16 kHz mono FLAC of the row's clip."""
        self.place(row)
        kept = self._kept.get(row.clip_id)
        if kept is not None:
            self._kept.move_to_end(row.clip_id)
            return kept
        from audio_reasoner.core.audio import encode_flac

        data = encode_flac(self._audio(row), RATE)
        self._kept[row.clip_id] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > CACHE_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return data

    def original(self, row: Row) -> tuple[bytes, str]:
        """(bytes, suffix): the file as it is for a clip that is a whole file, else its 16 kHz mono FLAC."""
        place = self.place(row)
        if place.whole_file is None:
            return self.flac(row), "flac"
        try:
            return Path(place.whole_file).read_bytes(), suffix_of(place.whole_file)
        except OSError as error:
            raise _unreadable(place.whole_file, error) from error


def suffix_of(path: str) -> str:
    """A file's suffix in lower case without its dot, "bin" if it has none that is safe in a tar key."""
    suffix = Path(path).suffix.lower().lstrip(".")
    return suffix if re.fullmatch(r"[a-z0-9]{1,8}", suffix) else "bin"


class AudioFolder:
    """`OUT/audio/`: one file per clip, written once; paths are absolute and name the final place, not the temporary."""

    def __init__(self, writing: Path, final: Path, sounds: Sounds, mode: AudioMode) -> None:
        self._writing = writing / "audio"
        self._final = final / "audio"
        self._sounds = sounds
        self._mode = mode
        self._made: dict[str, str] = {}

    def path_of(self, row: Row) -> str:
        """Absolute path of a file that holds exactly the row's clip; it is written if there is none yet."""
        place = self._sounds.place(row)
        if self._mode == "reference" and place.whole_file is not None:
            return place.whole_file
        if row.clip_id not in self._made:
            if self._mode == "copy":
                data, suffix = self._sounds.original(row)
            else:
                data, suffix = self._sounds.flac(row), "flac"
            name = f"{row.clip_id}.{suffix}"
            self._writing.mkdir(exist_ok=True)
            (self._writing / name).write_bytes(data)
            self._made[row.clip_id] = name
        return str(self._final / self._made[row.clip_id])


# --- rows ---


class Selection:
    """The rows of an export, each with its split; counts what goes out and writes down what does not."""

    def __init__(self, dataset_dir: Path, options: ExportOptions, folder: Path, progress: Progress | None) -> None:
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
        self.total = sum(splits[f["group"]] in self.names for f in read_columns(dataset_dir, ["group"]))
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._first = ""

    def items(self, make: Callable[[Row, str], Any]) -> Iterator[tuple[str, Row, Any]]:
        """(split, row, `make(row, split)`) in order of sample_id; rows for which `make` fails are held back."""
        done = 0
        with (self._folder / QUARANTINE).open("w", encoding="utf-8") as quarantine:
            for row in read_rows(self._dataset_dir):
                split = self._splits[row.group]
                if split not in self.names:
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
    manifest = {
        "kind": "export",
        "format": fmt,
        "schema_version": SCHEMA_VERSION,
        "package_version": importlib.metadata.version("audio-reasoner"),
        "dataset_sha256": dataset_sha256(dataset_dir),
        "options": chosen,
        "rows": sum(rows.counts.values()),
        "splits": dict(sorted(rows.counts.items())),
        "quarantined": dict(sorted(rows.reasons.items())),
        "files": listed,
        "audio": {"files": sound_files, "bytes": sound_bytes, "sha256": sounds.hexdigest()},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def result_of(out: Path, rows: Selection) -> ExportResult:
    return ExportResult(
        out=out,
        rows=sum(rows.counts.values()),
        splits=dict(sorted(rows.counts.items())),
        quarantined=sum(rows.reasons.values()),
        reasons=dict(sorted(rows.reasons.items())),
    )


def writing(out: Path) -> Any:
    """The temporary directory that will become `out` (see files.atomic_directory)."""
    return files.atomic_directory(out)
