"""The data set on disk: `run/dataset/part-00000.parquet …` and `_manifest.json`, which names every part.

Decision: a data set is replaced as a whole directory, and its manifest lists parts with rows and sha256, so neither a
crash nor a half-copied directory can pass for a smaller data set. Rows stand in order of sample_id, and equal rows give
equal bytes whatever order they came in.
"""

from __future__ import annotations

import bisect
import difflib
import json
import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError, IntegrityError
from audio_reasoner.core.ids import file_sha256
from audio_reasoner.dataset import files
from audio_reasoner.dataset.rows import (
    COLUMNS,
    REQUIRED,
    SCHEMA_VERSION,
    SINCE_VERSION_2,
    Row,
    arrow_fields,
    from_dict,
    to_dict,
)

MANIFEST = "_manifest.json"
ROWS_AT_ONCE = 65_536
_KIND = "dataset"
_REMAKE = "Run 'audio-reasoner build' on this run again: it rewrites the data set from the ledger at no cost."


def _schema() -> Any:
    import pyarrow as pa

    return files.with_version(pa.schema(arrow_fields()), _KIND, SCHEMA_VERSION)


def _unique(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    last = ""
    for row in rows:
        name = row["sample_id"]
        if name <= last:
            if name == last:
                raise InputError(
                    f"sample {name} comes twice (clip {row['clip_id']}, {row['question']!r})",
                    code="dataset.duplicate",
                    hint="The same question was asked twice about one clip in one plan.",
                )
            raise InputError(
                f"rows said to be sorted are not: {name} comes after {last}",
                code="dataset.not_sorted",
                hint="Call write_dataset without is_sorted=True.",
            )
        last = name
        yield row


def write_dataset(dataset_dir: Path | str, rows: Iterable[Row], *, is_sorted: bool = False) -> int:
    """Write a data set, replacing the one that is there once the new one is whole; returns the number of rows.

    Memory is bounded: rows are sorted in runs of 20,000 on disk unless they come sorted.

    Args:
        dataset_dir: the data set's directory.
        rows: any iterable; read once.
        is_sorted: the rows come in order of sample_id (checked), which saves the sort.

    Raises:
        InputError: ``dataset.duplicate``, ``dataset.not_sorted``.
        EnvironmentProblem: ``environment.disk_full``; the old data set is intact.
    """
    path = Path(dataset_dir)
    _refuse_foreign(path)
    with files.atomic_directory(path) as folder:
        flat: Iterator[dict[str, Any]] = map(to_dict, rows)  # plain values: spilled and read back five times as fast
        ordered = flat if is_sorted else files.sort_in_runs(flat, operator.itemgetter("sample_id"), folder)
        parts = files.write_shards(folder, _unique(ordered), _schema())
        total = sum(n for _, n in parts)
        manifest = {
            "kind": _KIND,
            "schema_version": SCHEMA_VERSION,
            "rows": total,
            "parts": [{"name": name, "rows": n, "sha256": file_sha256(folder / name)} for name, n in parts],
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return total


def _refuse_foreign(path: Path) -> None:
    """The whole directory will be replaced: make sure it holds a data set, whole or damaged, and nothing else."""
    if not path.is_dir():
        return
    for x in path.iterdir():
        if x.name != MANIFEST and not (x.name.startswith("part-") and x.name.endswith(".parquet")):
            raise InputError(
                f"{path} would be replaced as a whole, but holds {x.name!r}, which is no part of a data set",
                code="output.in_the_way",
                hint="Move it away, or write the data set elsewhere.",
            )


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise IntegrityError(
            f"there is no data set at {path}",
            code="dataset.missing",
            hint=f"Make one with 'audio-reasoner build {path.parent} --teacher grounded'.",
        )
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        version = int(manifest["schema_version"])
        parts = [(str(p["name"]), int(p["rows"]), str(p["sha256"])) for p in manifest["parts"]]
    except FileNotFoundError as error:
        raise IntegrityError(
            f"{path} has no {MANIFEST}, so it is not a whole data set", code="integrity.missing", hint=_REMAKE
        ) from error
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path / MANIFEST} is damaged", code="integrity.unreadable", hint=_REMAKE) from error
    if version > SCHEMA_VERSION:
        raise IntegrityError(
            f"{path} has dataset schema version {version}; this program reads up to version {SCHEMA_VERSION}",
            code="integrity.newer",
            hint="It was written by a newer audio-reasoner: upgrade with 'pip install -U audio-reasoner'.",
        )
    return {"version": version, "parts": parts}


def _open_all(path: Path) -> list[tuple[Path, Any]]:
    opened = []
    for name, rows, _ in _manifest(path)["parts"]:
        file = files.open_parquet(path / name, _KIND, SCHEMA_VERSION, REQUIRED, _REMAKE)
        if file.metadata.num_rows != rows:
            raise IntegrityError(
                f"{path / name} holds {file.metadata.num_rows} rows, its manifest says {rows}",
                code="integrity.changed",
                hint=_REMAKE,
            )
        opened.append((path / name, file))
    return opened


def verify_dataset(dataset_dir: Path | str) -> int:
    """Check every part against its hash in the manifest; returns the number of rows.

    Raises:
        IntegrityError: a part is missing, damaged or was changed since it was written.
    """
    path = Path(dataset_dir)
    total = 0
    for name, rows, sha in _manifest(path)["parts"]:
        files.open_parquet(path / name, _KIND, SCHEMA_VERSION, REQUIRED, _REMAKE)
        if file_sha256(path / name) != sha:
            raise IntegrityError(
                f"{path / name} was changed after it was written", code="integrity.changed", hint=_REMAKE
            )
        total += rows
    return total


def count_rows(dataset_dir: Path | str) -> int:
    """Number of rows, from the manifest and the files' footers."""
    return sum(file.metadata.num_rows for _, file in _open_all(Path(dataset_dir)))


def dataset_sha256(dataset_dir: Path | str) -> str:
    """One hash for the whole data set: over its manifest, which names the hash of every part."""
    return file_sha256(Path(dataset_dir) / MANIFEST)


def read_columns(dataset_dir: Path | str, columns: list[str], batch: int = ROWS_AT_ONCE) -> Iterator[dict[str, Any]]:
    """Some columns of all rows, in order of sample_id, without the cost of the others.

    `batch` rows are in memory at once: ask for few where the columns hold long texts. A column that data of an older
    version lacks has its default.
    """
    later = {name: "[]" if name == "history" else None for name in columns if name in SINCE_VERSION_2}
    for _, fields in _each(_open_all(Path(dataset_dir)), columns, batch):
        yield {**later, **fields}


def _decode(fields: dict[str, Any], path: Path) -> Row:
    name = fields.get("sample_id")
    try:
        return from_dict(fields)
    except (ValueError, TypeError) as error:  # pydantic's ValidationError is a ValueError
        raise IntegrityError(
            f"{path}, sample {name!r}: the stored row is no valid sample: {str(error).splitlines()[0]}",
            code="integrity.row",
            hint=_REMAKE,
        ) from error


def read_rows(dataset_dir: Path | str) -> Iterator[Row]:
    """All rows in order of sample_id. All files are checked before the first row comes out; memory: one batch.

    Raises:
        IntegrityError: no data set there, or a part is missing, damaged, foreign or newer than this program.
    """
    for path, fields in _each(_open_all(Path(dataset_dir)), list(COLUMNS), 1024):
        yield _decode(fields, path)


def _each(opened: list[tuple[Path, Any]], columns: list[str], batch: int) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Rows of all parts, given open and let go one by one.

    All files are open from the start, so that a data set that is replaced meanwhile is read to its end; pyarrow keeps
    some 50 MB per file, so none is held longer than it must.
    """
    while opened:
        path, file = opened.pop(0)
        for fields in files.iter_dicts(file, path, columns, _REMAKE, batch):
            yield path, fields
        file.close()
        del file


def find_row(dataset_dir: Path | str, sample_id_prefix: str) -> Row:
    """The row whose sample_id is, or alone begins with, the given text.

    Raises:
        InputError: ``dataset.no_such_sample`` (with the nearest ids) or ``dataset.ambiguous_sample``.
    """
    wanted = sample_id_prefix.strip()
    hits: list[tuple[str, Path, Any, int, int]] = []
    around: list[str] = []
    for path, file, group in _groups_around(_open_all(Path(dataset_dir)), wanted):
        ids = _ids_of(file, path, group)
        around += ids
        found = [n for n, name in enumerate(ids) if wanted and name.startswith(wanted)]
        hits += [(ids[n], path, file, group, n) for n in found]
        if len(hits) > 5:
            break
    exact = [h for h in hits if h[0] == wanted]
    if len(hits) > 1 and not exact:
        shown = ", ".join(h[0] for h in hits[:5]) + (", …" if len(hits) > 5 else "")
        raise InputError(
            f"{wanted!r} begins several sample ids: {shown}", code="dataset.ambiguous_sample", hint="Give more letters."
        )
    if not hits:
        nearest = _nearest(wanted, around)
        raise InputError(
            f"no sample of {dataset_dir} has an id that begins with {wanted!r}",
            code="dataset.no_such_sample",
            hint=f"Near it: {', '.join(nearest)}."
            if nearest
            else f"`audio-reasoner show {Path(dataset_dir).parent}` lists the first ids."
            if around
            else "The data set is empty.",
        )
    _, path, file, group, number = (exact or hits)[0]
    return _decode(_row_at(file, path, group, number), path)


def _groups_around(opened: list[tuple[Path, Any]], wanted: str) -> Iterator[tuple[Path, Any, int]]:
    """Row groups that may hold ids beginning with `wanted`, by the statistics in the footers; at least the nearest one.

    Rows are sorted by sample_id, so a look at one row group is enough in a data set of any size.
    """
    groups = []
    for path, file in opened:
        column = file.schema_arrow.names.index("sample_id")
        for group in range(file.num_row_groups):
            statistics = file.metadata.row_group(group).column(column).statistics
            groups.append((path, file, group, statistics.max if statistics and statistics.has_min_max else None))
    after = [n for n, (*_, last) in enumerate(groups) if last is None or last >= wanted]
    start = after[0] if after else len(groups) - 1
    for n, (path, file, group, _) in enumerate(groups[start:] if groups else []):
        ids = _ids_of(file, path, group)
        if n and ids and ids[0] > wanted and not ids[0].startswith(wanted):
            return
        yield path, file, group


def _ids_of(file: Any, path: Path, group: int) -> list[str]:
    ids: list[str] = _group(file, path, group, ["sample_id"]).column("sample_id").to_pylist()
    return ids


def _group(file: Any, path: Path, group: int, columns: list[str]) -> Any:
    import pyarrow as pa

    try:
        return file.read_row_group(group, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(f"{path} is damaged: {error}", code="integrity.unreadable", hint=_REMAKE) from error


def _nearest(wanted: str, ids: list[str]) -> list[str]:
    """Ids that begin almost like a mistyped beginning (or whole id); none if nothing is near."""
    if len(wanted) < 3:
        return []
    at = bisect.bisect_left(ids, wanted)
    beginnings: dict[str, str] = {}
    for name in ids[max(0, at - 2_000) : at + 2_000]:
        beginnings.setdefault(name[: len(wanted)], name)
    return [beginnings[x] for x in difflib.get_close_matches(wanted, beginnings, n=3, cutoff=0.75)]


def _row_at(file: Any, path: Path, group: int, number: int) -> dict[str, Any]:
    table = _group(file, path, group, list(COLUMNS)).slice(number, 1)
    fields: dict[str, Any] = table.to_pylist()[0]
    return fields
