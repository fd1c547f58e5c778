"""Clips on disk: `run/clips/part-<source>-<hash>.parquet`, one part per source.

Decision: a source owns its part. Reading a folder again rewrites that source's part and no other; a second folder adds
a part. What one asks of a table (source, duration, split) is a flat column; what only this program reads as a whole
(labels, timeline, recipe) is a JSON string, because nested Parquet types buy nothing there and cost every reader.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import heapq
import json
import marshal
import pickle
import re
import tempfile
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from audio_reasoner.core.errors import InputError, IntegrityError
from audio_reasoner.core.ids import canonical_json
from audio_reasoner.core.records import AudioRef, Clip
from audio_reasoner.dataset import files

CLIPS_VERSION = 2
"""2: timelines with facts, roles and styles; the file of sources that a recipe draws on."""
_KIND = "clips"
_REMAKE = "Run 'audio-reasoner clips …' or 'audio-reasoner synth …' for this source again; it rewrites its own part."
COLUMNS = (
    "clip_id", "source", "source_id", "audio_path", "audio_member", "recipe", "content_key", "duration_s", "start_ms",
    "end_ms", "domains", "labels", "licence", "language", "group", "split", "timeline", "evidence", "sources",
)  # fmt: skip
_LATER = frozenset({"evidence", "sources"})
"""Optional columns that files written earlier lack."""


def clips_dir(run_dir: Path | str) -> Path:
    """The folder of clip parts in a run directory."""
    return Path(run_dir) / "clips"


def part_name(source: str) -> str:
    """File name of a source's part: readable, and distinct for any two sources.

    >>> part_name("folder: Küche")
    'part-folder-k-che-91a19df4.parquet'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:40] or "source"
    return f"part-{slug}-{hashlib.sha256(source.encode('utf-8')).hexdigest()[:8]}.parquet"


def _schema() -> Any:
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    types: dict[str, Any] = dict.fromkeys(COLUMNS, text)
    types |= {"duration_s": pa.float64(), "start_ms": whole, "end_ms": whole, "domains": pa.list_(text)}
    required = {"clip_id", "source", "source_id", "content_key", "duration_s", "start_ms", "domains", "labels", "group"}
    fields = [pa.field(name, types[name], nullable=name not in required) for name in COLUMNS]
    return files.with_version(pa.schema(fields), _KIND, CLIPS_VERSION)


def _json(value: Any) -> str:
    return canonical_json(value).decode("utf-8")


def _encode(clip: Clip) -> dict[str, Any]:
    return {
        "clip_id": clip.clip_id,
        "source": clip.source,
        "source_id": clip.source_id,
        "audio_path": clip.audio.path,
        "audio_member": clip.audio.member,
        "recipe": None if clip.audio.recipe is None else _json(clip.audio.recipe),
        "content_key": clip.content_key,
        "duration_s": clip.duration_s,
        "start_ms": clip.start_ms,
        "end_ms": clip.end_ms,
        "domains": list(clip.domains),
        "labels": _json([x.model_dump(exclude_none=True) for x in clip.labels]),
        "licence": clip.licence,
        "language": clip.language,
        "group": clip.group,
        "split": clip.split,
        "timeline": None if clip.timeline is None else _json(clip.timeline.model_dump(exclude_defaults=True)),
        "evidence": _json([x.model_dump(exclude_none=True) for x in clip.evidence]) if clip.evidence else None,
        "sources": clip.audio.sources,
    }


def _sources_path(stored: str | None, part: Path) -> str | None:
    """A relative path is meant from the run directory, so that a run with its own recordings can be moved."""
    return None if stored is None else str(part.absolute().parent.parent / stored)


def _decode(row: dict[str, Any], path: Path) -> Clip:
    try:
        recipe = row.pop("recipe")
        audio = AudioRef(
            path=row.pop("audio_path"),
            member=row.pop("audio_member"),
            recipe=None if recipe is None else json.loads(recipe),
            sources=_sources_path(row.pop("sources", None), path),
        )
        timeline = row.pop("timeline")
        brought = row.pop("evidence", None)
        return Clip(
            **{
                **row,
                "audio": audio,
                "labels": json.loads(row["labels"]),
                "timeline": None if timeline is None else json.loads(timeline),
                "evidence": () if brought is None else json.loads(brought),
            }
        )
    except (ValidationError, ValueError, TypeError) as error:
        raise IntegrityError(
            f"{path}, clip {row.get('clip_id')!r}: the stored row is no valid clip: {str(error).splitlines()[0]}",
            code="integrity.row",
            hint=_REMAKE,
        ) from error


def write_clips(run_dir: Path | str, clips: Iterable[Clip]) -> dict[str, int]:
    """Store clips, one part per source, each sorted by clip_id; returns the number of clips per source.

    A part is replaced as a whole and only when it is complete. Parts of other sources stay. All sources are written to
    temporary files before the first part changes its content, so a failure in between changes nothing.

    Raises:
        InputError: ``clips.duplicate``: two clips have one clip_id.
        EnvironmentProblem: ``environment.disk_full``.
    """
    folder = clips_dir(run_dir)
    counts: dict[str, int] = {}
    with files.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        ordered = files.sort_in_runs(clips, lambda c: f"{c.source}\0{c.clip_id}", folder)
        _write_parts(folder, ordered, counts)
    return counts


def _write_parts(folder: Path, ordered: Iterator[Clip], counts: dict[str, int]) -> None:
    schema = _schema()
    # Every temporary file lives until all sources are written; ExitStack renames them together at the end.
    with contextlib.ExitStack() as stack:
        out: files.ParquetFile | None = None
        source: str | None = None
        last = ""
        try:
            for clip in ordered:
                if clip.source != source:
                    if out is not None:
                        out.close()
                    source, last = clip.source, ""
                    temporary = stack.enter_context(files.atomic_file(folder / part_name(source)))
                    out = files.ParquetFile(temporary, schema)
                    counts[source] = 0
                if clip.clip_id == last:
                    raise InputError(
                        f"clip {clip.clip_id} of source {clip.source!r} comes twice (again as {clip.source_id!r})",
                        code="clips.duplicate",
                        hint="A clip is named by its source, source_id and span: give each its own source_id.",
                    )
                assert out is not None
                out.add(_encode(clip))
                last = clip.clip_id
                counts[clip.source] += 1
            if out is not None:
                out.close()
        except BaseException:
            if out is not None:
                out.abandon()
            raise


def _parts(run_dir: Path | str) -> list[Path]:
    return sorted(clips_dir(run_dir).glob("part-*.parquet"))


def _open(path: Path) -> Any:
    return files.open_parquet(path, _KIND, CLIPS_VERSION, [c for c in COLUMNS if c not in _LATER], _REMAKE)


def count_clips(run_dir: Path | str) -> int:
    """Number of stored clips, from the files' footers."""
    return sum(_open(p).metadata.num_rows for p in _parts(run_dir))


@dataclasses.dataclass(frozen=True, slots=True)
class ClipPlace:
    """Where a clip's sound lies: what an export must know to find, check and refer to it."""

    path: str | None
    member: str | None
    start_ms: int
    end_ms: int | None
    content_key: str

    @property
    def whole_file(self) -> str | None:
        """The file's path if the clip is a whole file, else None."""
        return self.path if self.member is None and self.start_ms == 0 and self.end_ms is None else None


class ClipPlaces:
    """clip_id → place, for all clips of a run: packed, some 400 bytes each, because an export holds all of them."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    def add(self, clip_id: str, place: ClipPlace) -> None:
        """Remember where a clip lies."""
        key = bytes.fromhex(place.content_key)
        self._packed[clip_id] = marshal.dumps((place.path, place.member, place.start_ms, place.end_ms, key))

    def get(self, clip_id: str) -> ClipPlace | None:
        """Where a clip lies, or None if the run has none of that id."""
        packed = self._packed.get(clip_id)
        if packed is None:
            return None
        path, member, start_ms, end_ms, key = marshal.loads(packed)
        return ClipPlace(path, member, start_ms, end_ms, key.hex())


def clip_places(run_dir: Path | str) -> ClipPlaces:
    """The places of all clips of a run."""
    columns = ["clip_id", "audio_path", "audio_member", "start_ms", "end_ms", "content_key"]
    places = ClipPlaces()
    for path in _parts(run_dir):
        for row in files.iter_dicts(_open(path), path, columns, _REMAKE, batch=8192):
            place = ClipPlace(
                row["audio_path"], row["audio_member"], row["start_ms"], row["end_ms"], row["content_key"]
            )
            places.add(row["clip_id"], place)
    return places


def read_clip_columns(run_dir: Path | str, columns: list[str], batch: int = 4096) -> Iterator[dict[str, Any]]:
    """Some columns of all clips as they are stored (labels, timeline and recipe as JSON), part by part.

    A tenth of the cost of `read_clips`, for counting.
    """
    for path in _parts(run_dir):
        yield from files.iter_dicts(_open(path), path, columns, _REMAKE, batch)


def find_clips(run_dir: Path | str, clip_ids: Container[str]) -> dict[str, Clip]:
    """The clips with these ids, as far as there are such, in order of clip_id; the others are not decoded."""
    found = {}
    for path in _parts(run_dir):
        for row in files.iter_dicts(_open(path), path, list(COLUMNS), _REMAKE):
            if row["clip_id"] in clip_ids:
                found[row["clip_id"]] = _decode(row, path)
    return dict(sorted(found.items()))


def read_clips(run_dir: Path | str) -> Iterator[Clip]:
    """All clips of a run in order of clip_id, whatever parts they stand in. Memory: one batch per part.

    Raises:
        IntegrityError: a part is damaged, foreign, newer than this program, or repeats a clip of another part.
    """
    parts = _parts(run_dir)
    opened = [(path, _open(path)) for path in parts]  # all footers are checked before the first clip comes out

    def stream(path: Path, file: Any) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        for row in files.iter_dicts(file, path, list(COLUMNS), _REMAKE):
            yield row["clip_id"], path, row

    last_id, last_path = "", Path()
    for clip_id, path, row in heapq.merge(*(stream(p, f) for p, f in opened), key=lambda x: x[0]):
        if clip_id == last_id:
            where = f"in {path.name} and {last_path.name}" if path != last_path else f"twice in {path.name}"
            raise IntegrityError(
                f"clip {clip_id} stands {where} (in {path.parent})",
                code="integrity.duplicate_clip",
                hint="Remove the part that does not belong here, or read its source again.",
            )
        last_id, last_path = clip_id, path
        yield _decode(row, path)


def find_clip(run_dir: Path | str, clip_id: str) -> Clip | None:
    """One clip by its id; of a large table only the row groups that may hold it are read.

    Raises:
        IntegrityError: a part is damaged, foreign or newer than this program.
    """
    for path in _parts(run_dir):
        file = _open(path)
        at = file.schema_arrow.names.index("clip_id")
        for group in range(file.num_row_groups):
            known = file.metadata.row_group(group).column(at).statistics
            if known is not None and known.has_min_max and not known.min <= clip_id <= known.max:
                continue
            for row in files.iter_dicts(file, path, list(COLUMNS), _REMAKE, groups=[group]):
                if row["clip_id"] == clip_id:
                    return _decode(row, path)
    return None


class ClipLookup:
    """Clips by id in any order, for tables larger than memory: some 200 bytes a clip, the rest in a temporary file.

    The table is read at the first look.
    """

    def __init__(self, run_dir: Path | str) -> None:
        self._run_dir = run_dir
        self._spill: IO[bytes] | None = None
        self._offsets: dict[str, int] = {}
        self._places: list[Path] = []

    def get(self, clip_id: str) -> Clip | None:
        """The clip, or None if the run has none of that id."""
        if self._spill is None:
            self._spill = self._read()
        offset = self._offsets.get(clip_id)
        if offset is None:
            return None
        self._spill.seek(offset)
        part, row = pickle.load(self._spill)
        return _decode(row, self._places[part])

    def _read(self) -> IO[bytes]:
        spill = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._places = _parts(self._run_dir)
        for part, path in enumerate(self._places):
            for row in files.iter_dicts(_open(path), path, list(COLUMNS), _REMAKE):
                self._offsets[row["clip_id"]] = spill.tell()
                pickle.dump((part, row), spill, protocol=pickle.HIGHEST_PROTOCOL)
        return spill
