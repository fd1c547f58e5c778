"""Writing that a crash cannot halve, reading that explains what is wrong.

Decisions:
- A file or directory appears under its name only when it is whole: it is written beside its place under a temporary
  name, synced, then renamed. A directory that replaces another is swapped in with Linux' `renameat2(RENAME_EXCHANGE)`,
  so there is no moment without a data set; where the system cannot swap, the old one is moved aside first, and moved
  back by the next write if that was as far as it got.
- Parquet bytes are a function of the rows alone: fixed row groups, fixed shards, zstd level 3, no creation time.
- Pages carry checksums and are verified when read, so a flipped bit is an error and not another word in a text.
- What pyarrow says about a broken file helps nobody who does not know the format; every failure is turned into an error
  that names the file and the next step.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import heapq
import os
import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from audio_reasoner.core.errors import EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.core.run import disk_full

VERSION_KEY = b"audio_reasoner.schema_version"
KIND_KEY = b"audio_reasoner.kind"

ROW_GROUP_ROWS = 8_192
ROW_GROUP_BYTES = 64 << 20
SHARD_ROWS = 65_536
SHARD_BYTES = 448 << 20
SORT_ROWS = 20_000
ZSTD_LEVEL = 3

T = TypeVar("T")


# --- disk ---


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()  # pyarrow and tarfile wrap the errno in a sentence
    return "no space left" in text or "disk quota exceeded" in text


@contextlib.contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden place met while writing `target` into an EnvironmentProblem."""
    try:
        yield
    except OSError as error:
        if _is_full(error):
            raise disk_full(target) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise EnvironmentProblem(
                f"cannot write {target}: {os.strerror(error.errno)}",
                code="environment.not_writable",
                hint="Choose another place or change the directory's permissions.",
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise InputError(
                f"cannot write {target}: {os.strerror(error.errno)}",
                code="output.in_the_way",
                hint="Something of another kind has that name; choose another place.",
            ) from error
        raise


def sync_file(path: Path) -> None:
    """Force a file's bytes, or a directory's names, to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_tree(root: Path) -> None:
    """Force everything below `root` to the disk, names last.

    An export may hold a hundred thousand small sounds: beyond 64 files the whole file system is synced in one call,
    where there is such a call, because a hundred thousand fsyncs take minutes.
    """
    paths = [Path(folder) / name for folder, _, names in os.walk(root, topdown=False) for name in [*names, "."]]
    if len(paths) > 64 and _sync_file_system(root):
        return
    for path in paths:
        sync_file(path)


def _sync_file_system(path: Path) -> bool:
    try:
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError):
        return False
    fd = os.open(path, os.O_RDONLY)
    try:
        return bool(syncfs(fd) == 0)
    finally:
        os.close(fd)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well, it takes the name `path`, else it is removed."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent, path.name)
        temporary = path.parent / f".{path.name}.tmp-{os.getpid()}"
        try:
            yield temporary
            sync_file(temporary)
            temporary.replace(path)
            sync_file(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove_leftovers(folder: Path, name: str) -> None:
    """Remove what a killed process left in `folder` under a temporary name of `name`."""
    for left in folder.iterdir():
        head, _, pid = left.name.rpartition(".tmp-")
        if head == f".{name}" and pid.isdigit() and not _alive(int(pid)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _finish_swap(path: Path) -> None:
    """Bring the old directory back, or away, if a replacement without `renameat2` was interrupted."""
    aside = path.parent / f".{path.name}.old"
    if aside.exists() and path.exists():
        shutil.rmtree(aside)
    elif aside.exists():
        aside.rename(path)


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def _exchange(a: Path, b: Path) -> bool:
    """Swap two names atomically. False where the system or file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0)


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Give an empty temporary directory beside `path`; when the block ends well, it replaces `path` as a whole."""
    path = path.resolve()
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent, path.name)
        _finish_swap(path)
        temporary = path.parent / f".{path.name}.tmp-{os.getpid()}"
        if temporary.exists():
            shutil.rmtree(temporary)
        temporary.mkdir()
        try:
            yield temporary
            sync_tree(temporary)
            if not path.exists():
                temporary.rename(path)
            elif not _exchange(temporary, path):
                aside = path.parent / f".{path.name}.old"
                path.rename(aside)
                temporary.rename(path)
                shutil.rmtree(aside)
            sync_file(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


# --- order ---


def sort_in_runs(items: Iterable[T], key: Callable[[T], str], scratch: Path, run: int = SORT_ROWS) -> Iterator[T]:
    """All `items` in order of `key`, holding at most `run` of them in memory.

    More than that goes through sorted runs in a temporary directory below `scratch` (an external merge sort).
    """
    batch: list[T] = []
    with contextlib.ExitStack() as stack:
        folder: Path | None = None
        runs: list[IO[bytes]] = []
        for item in items:
            batch.append(item)
            if len(batch) >= run:
                if folder is None:
                    folder = stack.enter_context(_scratch(scratch))
                batch.sort(key=key)
                spill = stack.enter_context((folder / f"{len(runs)}").open("w+b"))
                for x in batch:
                    pickle.dump(x, spill, protocol=pickle.HIGHEST_PROTOCOL)
                spill.flush()
                runs.append(spill)
                batch = []
        batch.sort(key=key)
        if not runs:
            yield from batch
            return
        yield from heapq.merge(*(_unpickle(spill) for spill in runs), batch, key=key)


@contextlib.contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    _remove_leftovers(parent, "sort")
    folder = parent / f".sort.tmp-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpickle(spill: IO[bytes]) -> Iterator[Any]:
    spill.seek(0)
    while True:
        try:
            yield pickle.load(spill)
        except EOFError:
            return


# --- parquet ---


def weight(value: Any) -> int:
    """Bytes a value will take, roughly and repeatably: what decides where a row group ends."""
    if isinstance(value, str | bytes):
        return len(value)
    if not isinstance(value, dict | list):
        return 8
    total = 0
    for v in value.values() if isinstance(value, dict) else value:
        kind = type(v)
        total += len(v) if kind is str or kind is bytes else weight(v) if kind is dict or kind is list else 8
    return total


class ParquetFile:
    """One Parquet file being written: dicts in, fixed row groups out.

    `schema` carries the metadata for the footer. Pages, dictionaries and statistics are pyarrow's defaults for a given
    row group, so equal rows give equal bytes.
    """

    def __init__(
        self, path: Path, schema: Any, *, group_rows: int = ROW_GROUP_ROWS, group_bytes: int = ROW_GROUP_BYTES
    ) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._group_rows = group_rows
        self._group_bytes = group_bytes
        self._pending: list[dict[str, Any]] = []
        self._pending_bytes = 0
        self.rows = 0
        self.bytes = 0
        self._writer = pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=ZSTD_LEVEL, write_page_checksum=True
        )

    def add(self, row: dict[str, Any]) -> None:
        self._pending.append(row)
        size = weight(row)
        self._pending_bytes += size
        self.bytes += size
        self.rows += 1
        if len(self._pending) >= self._group_rows or self._pending_bytes >= self._group_bytes:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._pending:
            table = pa.Table.from_pylist(self._pending, schema=self._schema)
            self._writer.write_table(table, row_group_size=len(self._pending))
            self._pending = []
            self._pending_bytes = 0

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Close the handle without finishing; the file is thrown away by the caller."""
        with contextlib.suppress(Exception):
            self._writer.close()


class Shards:
    """Parquet files part-00000.parquet, part-00001.parquet, …, each ending at a fixed number of rows or bytes."""

    def __init__(
        self,
        folder: Path,
        schema: Any,
        *,
        prefix: str = "part-",
        shard_rows: int = SHARD_ROWS,
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        self._folder = folder
        self._schema = schema
        self._prefix = prefix
        self._rows = shard_rows
        self._bytes = shard_bytes
        self._file: ParquetFile | None = None
        self.parts: list[tuple[str, int]] = []

    def add(self, row: dict[str, Any]) -> None:
        if self._file is not None and (self._file.rows >= self._rows or self._file.bytes >= self._bytes):
            self._end()
        if self._file is None:
            self._begin()
        assert self._file is not None
        self._file.add(row)

    def _begin(self) -> None:
        name = f"{self._prefix}{len(self.parts):05d}.parquet"
        self._file = ParquetFile(self._folder / name, self._schema)
        self.parts.append((name, 0))

    def _end(self) -> None:
        assert self._file is not None
        self._file.close()
        self.parts[-1] = (self.parts[-1][0], self._file.rows)
        self._file = None

    def close(self) -> None:
        """Finish the last file. No rows leave one empty file, so that the schema and its version can be read."""
        if self._file is None and not self.parts:
            self._begin()
        if self._file is not None:
            self._end()

    def abandon(self) -> None:
        """Let go of an unfinished file; nothing happens after `close`."""
        if self._file is not None:
            self._file.abandon()
            self._file = None


def write_shards(
    folder: Path, rows: Iterable[dict[str, Any]], schema: Any, *, prefix: str = "part-"
) -> list[tuple[str, int]]:
    """Write all rows as shards; returns (file name, rows) of each."""
    shards = Shards(folder, schema, prefix=prefix)
    try:
        for row in rows:
            shards.add(row)
        shards.close()
    finally:
        shards.abandon()
    return shards.parts


def with_version(schema: Any, kind: str, version: int) -> Any:
    """The Arrow schema with our kind and version in its metadata (it lands in the file's footer)."""
    return schema.with_metadata({KIND_KEY: kind.encode(), VERSION_KEY: str(version).encode()})


def open_parquet(path: Path, kind: str, version: int, columns: Iterable[str], remake: str) -> Any:
    """Open a Parquet file of ours for reading, or say what is wrong with it.

    Args:
        path: the file.
        kind: what it must hold ("clips", "dataset").
        version: the newest schema version this code reads.
        columns: columns that must be there.
        remake: hint, how the user gets a good file again.

    Raises:
        IntegrityError: integrity.unreadable, .foreign, .kind, .newer, .columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except FileNotFoundError as error:
        raise IntegrityError(f"{path} is missing", code="integrity.missing", hint=remake) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        size = path.stat().st_size if path.exists() else 0
        raise IntegrityError(
            f"{path} cannot be read as Parquet; the file ({size} bytes) is truncated or damaged: {_first_line(error)}",
            code="integrity.unreadable",
            hint=remake,
        ) from error
    metadata = file.schema_arrow.metadata or {}
    found_kind = metadata.get(KIND_KEY, b"").decode("utf-8", "replace")
    found_version = metadata.get(VERSION_KEY, b"").decode("utf-8", "replace")
    if not found_kind or not found_version.isdigit():
        raise IntegrityError(
            f"{path} is a Parquet file, but not one that audio-reasoner wrote (its footer names no schema version)",
            code="integrity.foreign",
            hint=f"Move it out of {path.parent}. To bring your own data in, use 'audio-reasoner clips folder'.",
        )
    if found_kind != kind:
        raise IntegrityError(
            f"{path} holds {found_kind!r}, but {kind!r} was expected here", code="integrity.kind", hint=remake
        )
    if int(found_version) > version:
        raise IntegrityError(
            f"{path} has {kind} schema version {found_version}; this program reads up to version {version}",
            code="integrity.newer",
            hint="It was written by a newer audio-reasoner: upgrade with 'pip install -U audio-reasoner'.",
        )
    missing = [c for c in columns if c not in file.schema_arrow.names]
    if missing:
        raise IntegrityError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            code="integrity.columns",
            hint=remake,
        )
    return file


def iter_dicts(
    file: Any, path: Path, columns: list[str], remake: str, batch: int = 1024, groups: list[int] | None = None
) -> Iterator[dict[str, Any]]:
    """Rows of an open Parquet file as dicts; a damaged page ends in IntegrityError, not in a stack of Arrow.

    A column that this file lacks (it is of an older version) is left out of the dicts. `groups` are the row groups to
    be read; None is all.
    """
    import pyarrow as pa

    columns = [c for c in columns if c in file.schema_arrow.names]
    batches = file.iter_batches(batch_size=batch, row_groups=groups, columns=columns, use_threads=False)
    number = 0
    while True:
        try:
            rows = next(batches).to_pylist()
        except StopIteration:
            return
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise IntegrityError(
                f"{path} is damaged after row {number}: {_first_line(error)}", code="integrity.unreadable", hint=remake
            ) from error
        number += len(rows)
        yield from rows


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
