"""Stores of recordings that recipes draw on: where a content key is found, which part is meant, how much to turn up.

Decision: the audio stays where it is. A store is one SQLite file that says for each content key which file holds it,
which samples of it are meant and what gain brings them to the bank's common level; so a recipe of a few hundred bytes
names recordings by content, and a moved folder breaks no key. Readers open the file read-only and ask for single keys:
a store of 100,000 recordings costs a worker nothing at its start. Before a file is heard its bytes are hashed, because
a recording that was edited since is another one, whatever its name: an error, never another sound.

A store of voices holds one table. A bank of recordings (`synth.recordings`) is a store too, with tables about what was
listened to and what was refused beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.core.run import disk_full, storage_problem
from audio_reasoner.synth.dsp import RATE

STORE_VERSION: Final = 1
ENVIRONMENT: Final = "AUDIO_REASONER_SOURCES"
"""More stores to look in, separated like PATH. A folder in it is where the files of a moved bank may lie now."""
CACHED_SECONDS: Final = 600.0
"""Decoded recordings that a process keeps, in seconds of sound (38 MB)."""
_COMMIT: Final = 256
_TABLE = """
CREATE TABLE IF NOT EXISTS sources (
  key TEXT PRIMARY KEY, path TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, gain_db REAL NOT NULL,
  label TEXT NOT NULL, "group" TEXT NOT NULL, licence TEXT, source TEXT NOT NULL, source_id TEXT NOT NULL,
  extra TEXT NOT NULL
) WITHOUT ROWID
"""
EARLIER: Final = _TABLE.replace("sources", "earlier", 1)
"""What a bank held before it was made again and holds no more: a recording that is trimmed otherwise now, or left out.
Nothing new is planned with it; runs that were are still heard, as long as its file is the same."""


@dataclass(frozen=True)
class SourceInfo:
    """One recording of a store.

    Args:
        key: content key, 64 hexadecimal digits.
        path: the file; relative paths are meant from the bank's root, of a store without one from the store's folder.
        start: first sample that is meant, at 16 kHz.
        length: number of samples at 16 kHz.
        gain_db: what brings it to the bank's common level.
        label: its class, or "speech" for an utterance.
        group: what must stay on one side of a split (recording, speaker).
        licence: its licence, or None where nobody said.
        source: name of the corpus or voice.
        source_id: its name there.
        extra: whatever else its maker knows (JSON): a bank's recordings bring `digest` (sha256 of the file), `kind`,
            `note`, `split`, `fold`, `limited` and `fades`.
    """

    key: str
    path: str
    start: int
    length: int
    gain_db: float
    label: str
    group: str
    licence: str | None
    source: str
    source_id: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["single", "several"]:
        """Whether a listener hears one event in it or several; several must never be counted as one."""
        return "several" if self.extra.get("kind") == "several" else "single"

    @property
    def note(self) -> str:
        """Why its kind is "several"; "" otherwise."""
        return str(self.extra.get("note", ""))

    @property
    def split(self) -> str | None:
        """The split that its makers gave it ("train", "validation", "test"), or None."""
        return self.extra.get("split")


@dataclass(frozen=True)
class Refused:
    """A file that a bank does not use: `code` is stable, `reason` is for people."""

    path: str
    label: str
    code: str
    reason: str


_COLUMNS = 'key, path, start, length, gain_db, label, "group", licence, source, source_id, extra'


INSERT: Final = f"INSERT OR REPLACE INTO sources ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"


def _info(row: Sequence[Any]) -> SourceInfo:
    key, path, start, length, gain_db, label, group, licence, source, source_id, extra = row
    return SourceInfo(key, path, start, length, gain_db, label, group, licence, source, source_id, json.loads(extra))


def row_of(info: SourceInfo) -> tuple[Any, ...]:
    """What `INSERT` stores of a recording."""
    return (
        info.key, info.path, info.start, info.length, info.gain_db, info.label, info.group, info.licence,
        info.source, info.source_id, json.dumps(info.extra, ensure_ascii=False, sort_keys=True),
    )  # fmt: skip


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: ``environment.disk_full``, ``environment.not_writable``, ``synth.store_damaged``."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith("SQLITE_FULL") or "disk is full" in str(error) or name == "SQLITE_IOERR_WRITE":
            raise disk_full(path) from error
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            raise EnvironmentProblem(
                f"{path} cannot be written: {error}.",
                code="environment.not_writable",
                hint="Name a file in a folder that you may write to.",
            ) from error
        if name.startswith("SQLITE_BUSY"):
            raise EnvironmentProblem(
                f"{path} is in use by another process for too long.",
                code="environment.busy",
                hint="Wait until it is done and run the same command again.",
            ) from error
        raise IntegrityError(
            f"{path} is damaged or no store of recordings: {error}.",
            code="synth.store_damaged",
            hint="Remove it and make it again; the recordings themselves are not touched.",
        ) from error


def create(path: Path, more: Sequence[str] = ()) -> sqlite3.Connection:
    """Open a store for writing, made if it is not there; `more` are statements for further tables.

    Raises:
        EnvironmentProblem: the disk is full or the place cannot be written.
        IntegrityError: ``synth.newer_store``, ``synth.store_damaged``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, path) from error
    with explained(path):
        db = sqlite3.connect(path, timeout=60.0)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, STORE_VERSION):
                raise _newer(path, version)
            if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise IntegrityError(
                    f"{path} is a database of another program.",
                    code="synth.store_damaged",
                    hint="Name another file for the store.",
                )
            for statement in (_TABLE, *more):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={STORE_VERSION}")
            db.commit()
        except BaseException:
            db.close()
            raise
    return db


def close(db: sqlite3.Connection) -> None:
    """Close a store that was written so that it is one file again, readable on a read-only disk."""
    with contextlib.suppress(sqlite3.Error):
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode=DELETE")
    db.close()


class StoreWriter:
    """Adds recordings to a store; commits in groups and at the end of its ``with`` block."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = create(path)
        self._open = 0

    def add(self, info: SourceInfo) -> None:
        """Store one recording; an equal key is replaced."""
        with explained(self.path):
            self._db.execute(INSERT, row_of(info))
        self._open += 1
        if self._open >= _COMMIT:
            self.commit()

    def commit(self) -> None:
        """Make what was added durable and visible to readers."""
        with explained(self.path):
            self._db.commit()
        self._open = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.commit()
        finally:
            close(self._db)


class SourceStore:
    """A store, read-only. May be used from several threads, and after a fork."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._pid = 0
        self._heard: OrderedDict[str, np.ndarray] = OrderedDict()
        self._seconds = 0.0
        self._connect()
        self._earlier = self._has("earlier")
        self._roots = _roots(path, self.meta("root"), root)

    @classmethod
    def open(cls, path: Path, root: Path | None = None) -> SourceStore:
        """Open a store.

        Args:
            path: its file.
            root: where its recordings lie now, if not where they lay when it was made.

        Raises:
            InputError: ``synth.no_store``: there is no such file, or it is no store; ``synth.unfinished_store``.
            IntegrityError: ``synth.newer_store``.
        """
        if not path.is_file():
            raise InputError(f"{path}: there is no store of recordings here.", code="synth.no_store", hint=_WHERE)
        store = cls(path, root)
        if store._has("files") and store.meta("finished") is None:
            raise InputError(
                f"{path} is a bank whose making was interrupted.",
                code="synth.unfinished_store",
                hint="Run the command that makes it again: it goes on where it stopped.",
            )
        return store

    def _connect(self) -> None:
        # A store is readable where nothing can be written: on a disk mounted read-only SQLite needs `immutable`.
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            db = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?{mode}", uri=True, timeout=60.0, check_same_thread=False
            )
            try:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version not in (0, STORE_VERSION):
                    raise _newer(self.path, version)
                db.execute("SELECT 1 FROM sources LIMIT 1")
            except sqlite3.Error as error:
                db.close()
                if getattr(error, "sqlite_errorname", "") == "SQLITE_CANTOPEN" and mode == "mode=ro":
                    continue
                raise InputError(
                    f"{self.path} is no store of recordings: {error}.", code="synth.no_store", hint=_WHERE
                ) from error
            break
        self._db, self._pid = db, os.getpid()

    def _all(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self._guard:
            if self._pid != os.getpid():
                self._connect()  # an SQLite connection must not be used on both sides of a fork
            with explained(self.path):
                return self._db.execute(sql, parameters).fetchall()

    def _has(self, table: str) -> bool:
        return bool(self._all("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table))

    def __len__(self) -> int:
        return int(self._all("SELECT count(*) FROM sources")[0][0])

    def __iter__(self) -> Iterator[SourceInfo]:
        last = ""
        while rows := self._all(f"SELECT {_COLUMNS} FROM sources WHERE key > ? ORDER BY key LIMIT 4096", last):
            yield from map(_info, rows)
            last = rows[-1][0]

    def labels(self) -> dict[str, int]:
        """How many recordings each label has, in alphabetical order."""
        return {
            str(k): int(n) for k, n in self._all("SELECT label, count(*) FROM sources GROUP BY label ORDER BY label")
        }

    def info(self, key: str) -> SourceInfo | None:
        """What is known about a recording, or None if it is not here; also about one of an earlier state of a bank."""
        for table in ("sources", "earlier") if self._earlier else ("sources",):
            if rows := self._all(f"SELECT {_COLUMNS} FROM {table} WHERE key = ?", key):
                return _info(rows[0])
        return None

    def meta(self, name: str) -> Any:
        """What a bank says of itself ("root", "said", "seen", …), or None; a store of voices says nothing."""
        if not self._has("meta"):
            return None
        rows = self._all("SELECT value FROM meta WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def refused(self) -> list[Refused]:
        """What a bank does not use, and why, by path; of a store of voices nothing."""
        if not self._has("refused"):
            return []
        return [Refused(*row) for row in self._all("SELECT path, label, code, reason FROM refused ORDER BY path, code")]

    def file_of(self, info: SourceInfo) -> Path:
        """Where the file of a recording lies now: below the first root that has it, else below the first root."""
        found = (root / info.path for root in self._roots)
        return next((p for p in found if p.exists()), self._roots[0] / info.path)

    def pcm(self, key: str) -> np.ndarray:
        """A recording as it is mixed: float32 [length], 16 kHz mono, at the bank's common level; not to be changed.

        Raises:
            IntegrityError: ``synth.no_source``: the store does not hold that key; ``synth.source_changed``: the file
                is another than it was.
            InputError: the file cannot be read (codes ``audio.*``).
        """
        with self._guard:
            found = self._heard.get(key)
            if found is not None:
                self._heard.move_to_end(key)
                return found
        info = self.info(key)
        if info is None:
            raise missing(key, [self.path])
        x = self._decode(info)
        x.flags.writeable = False  # the next scene hears the same array
        with self._guard:
            if key not in self._heard:
                self._seconds += x.shape[0] / RATE
            self._heard[key] = x
            while self._seconds > CACHED_SECONDS and len(self._heard) > 1:
                self._seconds -= self._heard.popitem(last=False)[1].shape[0] / RATE
        return x

    def _decode(self, info: SourceInfo) -> np.ndarray:
        from audio_reasoner.core.audio import load_mono
        from audio_reasoner.synth.recordings.takes import levelled

        path = self.file_of(info)
        digest = info.extra.get("digest")
        if not path.exists():
            raise InputError(
                f"{path}: the recording is not there any more.",
                code="synth.source_gone",
                hint=f"If the folder was moved: 'audio-reasoner synth bank move {self.path} NEW_FOLDER', "
                f"or {ENVIRONMENT}=NEW_FOLDER.",
            )
        try:
            changed = digest is not None and ids.file_sha256(path) != digest
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}", code="audio.unreadable") from error
        if changed:
            raise _changed(path, "its bytes are others than when it was taken in")
        whole = load_mono(path, rate=RATE)
        if whole.shape[0] < info.start + info.length:
            raise _changed(path, f"it holds {whole.shape[0]} samples, the store expects {info.start + info.length}")
        x = levelled(whole[info.start : info.start + info.length], info.gain_db, bool(info.extra.get("limited", False)))
        fade_in, fade_out = info.extra.get("fades", (0, 0))
        if fade_in:
            x[:fade_in] *= _ramp(fade_in)
        if fade_out:
            x[-fade_out:] *= _ramp(fade_out)[::-1]
        return x


def _ramp(n: int) -> np.ndarray:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n), dtype=np.float32)


def _roots(path: Path, made: Any, given: Path | None) -> list[Path]:
    """Folders that relative paths are meant from, most binding first."""
    named = [Path(p) for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p and Path(p).is_dir()]
    own = [path.absolute().parent / str(made)] if made is not None else [path.absolute().parent]
    return [*([given] if given is not None else []), *own, *named]


def _changed(path: Path, what: str) -> IntegrityError:
    return IntegrityError(
        f"{path} was changed: {what}.",
        code="synth.source_changed",
        hint="Put the old file back, or make the bank again and plan the clips again.",
    )


_WHERE = "Make one with 'audio-reasoner synth bank make FOLDER -o BANK'."


def _newer(path: Path, version: int) -> IntegrityError:
    return IntegrityError(
        f"{path} is a store of version {version}; this program reads version {STORE_VERSION}.",
        code="synth.newer_store",
        hint="Update audio-reasoner, or make the store again.",
    )


def missing(key: str, looked: Iterable[Path]) -> IntegrityError:
    """The error for a recording that no store holds."""
    looked = [Path(p) for p in looked]
    places = ", ".join(str(p) for p in looked if p.is_file()) or "no store at all"
    gone = ", ".join(str(p) for p in looked if not p.is_file())
    return IntegrityError(
        f"the recording {key[:16]}… of this recipe is in none of the stores; looked in {places}."
        + (f" Not there any more: {gone}." if gone else ""),
        code="synth.no_source",
        hint=f"If its bank lies elsewhere now: {ENVIRONMENT}=/path/to/bank (several are separated by '{os.pathsep}'). "
        "If it is lost, make it again with 'audio-reasoner synth bank make FOLDER -o BANK'; should that not help, plan "
        "the clips again into another directory.",
    )


class Sources:
    """Several stores one after the other."""

    def __init__(self, stores: Sequence[SourceStore], gone: Sequence[Path] = ()) -> None:
        self._stores, self._gone = stores, gone

    def pcm(self, key: str) -> np.ndarray:
        """As `SourceStore.pcm`, from the first store that holds the key."""
        for store in self._stores:
            if store.info(key) is not None:
                return store.pcm(key)
        raise missing(key, [*(s.path for s in self._stores), *self._gone])


@lru_cache(maxsize=64)
def open_store(path: str) -> SourceStore:
    """The store at a path, opened once per process."""
    return SourceStore.open(Path(path))


def sources_at(path: str | None) -> Sources:
    """The stores that a clip's recipe may draw on: its own (several separated as in PATH), then the environment's."""
    named = [path] if path is None or Path(path).is_file() else path.split(os.pathsep)
    own = [p for p in named if p and Path(p).is_file()]
    more = [p for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p and not Path(p).is_dir()]
    return Sources([open_store(p) for p in (*own, *more)], [Path(p) for p in named if p and p not in own])
