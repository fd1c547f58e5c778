"""Stores of recordings that recipes draw on: where a content key is found, which part is meant, how much to turn up.

Decision: the audio stays where it is. A store is one SQLite file that says for each content key which file holds it,
which samples of it are meant and what gain brings them to the bank's common level; so a recipe of a few hundred bytes
names recordings by content, and a moved folder breaks no key. Readers open the file read-only and ask for single keys:
a store of 100,000 recordings costs a worker nothing at its start.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from audio_reasoner.core.errors import InputError, IntegrityError
from audio_reasoner.synth.dsp import RATE

STORE_VERSION: Final = 1
ENVIRONMENT: Final = "AUDIO_REASONER_SOURCES"
"""More stores to look in, separated like PATH."""
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


@dataclass(frozen=True)
class SourceInfo:
    """One recording of a store.

    Args:
        key: content key, 64 hexadecimal digits.
        path: the file; relative paths are meant from the store's folder.
        start: first sample that is meant, at 16 kHz.
        length: number of samples at 16 kHz.
        gain_db: what brings it to the bank's common level.
        label: its class, or "speech" for an utterance.
        group: what must stay on one side of a split (recording, speaker).
        licence: its licence, or None where nobody said.
        source: name of the corpus or voice.
        source_id: its name there.
        extra: whatever else its maker knows (JSON).
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


_COLUMNS = 'key, path, start, length, gain_db, label, "group", licence, source, source_id, extra'


def _info(row: Sequence[Any]) -> SourceInfo:
    *plain, extra = row
    return SourceInfo(*plain, json.loads(extra))


class StoreWriter:
    """Adds recordings to a store; commits in groups and at the end of its ``with`` block."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._db = sqlite3.connect(path, timeout=60.0)
        self._db.execute("PRAGMA journal_mode=WAL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, STORE_VERSION):
            self._db.close()
            raise _newer(path, version)
        self._db.execute(_TABLE)
        self._db.execute(f"PRAGMA user_version={STORE_VERSION}")
        self._db.commit()
        self._open = 0

    def add(self, info: SourceInfo) -> None:
        """Store one recording; an equal key is replaced."""
        self._db.execute(
            f"INSERT OR REPLACE INTO sources ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                info.key, info.path, info.start, info.length, info.gain_db, info.label, info.group, info.licence,
                info.source, info.source_id, json.dumps(info.extra, ensure_ascii=False, sort_keys=True),
            ),
        )  # fmt: skip
        self._open += 1
        if self._open >= _COMMIT:
            self.commit()

    def commit(self) -> None:
        """Make what was added durable and visible to readers."""
        self._db.commit()
        self._open = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.commit()
        self._db.close()


class SourceStore:
    """A store, read-only."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        self._heard: OrderedDict[str, np.ndarray] = OrderedDict()
        self._seconds = 0.0

    @classmethod
    def open(cls, path: Path) -> SourceStore:
        """Open a store.

        Raises:
            InputError: ``synth.no_store``: there is no such file, or it is no store.
            IntegrityError: ``synth.newer_store``.
        """
        if not path.is_file():
            raise InputError(f"{path}: there is no store of recordings here.", code="synth.no_store", hint=_WHERE)
        try:
            db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=60.0)
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute("SELECT 1 FROM sources LIMIT 1")
        except sqlite3.Error as error:
            raise InputError(
                f"{path} is no store of recordings: {error}.", code="synth.no_store", hint=_WHERE
            ) from error
        if version != STORE_VERSION:
            raise _newer(path, version)
        return cls(path, db)

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM sources").fetchone()[0])

    def __iter__(self) -> Iterator[SourceInfo]:
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM sources ORDER BY key"):
            yield _info(row)

    def labels(self) -> dict[str, int]:
        """How many recordings each label has, in alphabetical order."""
        return dict(self._db.execute("SELECT label, count(*) FROM sources GROUP BY label ORDER BY label"))

    def info(self, key: str) -> SourceInfo | None:
        """What is known about a recording, or None if it is not here."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM sources WHERE key = ?", (key,)).fetchone()
        return None if row is None else _info(row)

    def pcm(self, key: str) -> np.ndarray:
        """A recording as it is mixed: float32 [length], 16 kHz mono, at the bank's common level.

        Raises:
            IntegrityError: ``synth.no_source``: the store does not hold that key; ``synth.source_changed``: the file
                holds less than it did.
            InputError: the file cannot be read (codes ``audio.*``).
        """
        found = self._heard.get(key)
        if found is not None:
            self._heard.move_to_end(key)
            return found
        info = self.info(key)
        if info is None:
            raise missing(key, [self.path])
        x = self._decode(info)
        self._heard[key] = x
        self._seconds += x.shape[0] / RATE
        while self._seconds > CACHED_SECONDS and len(self._heard) > 1:
            self._seconds -= self._heard.popitem(last=False)[1].shape[0] / RATE
        return x

    def _decode(self, info: SourceInfo) -> np.ndarray:
        from audio_reasoner.core.audio import load_mono

        path = self.path.parent / info.path
        whole = load_mono(path, rate=RATE)
        if whole.shape[0] < info.start + info.length:
            raise IntegrityError(
                f"{path} holds {whole.shape[0]} samples, the store expects {info.start + info.length}.",
                code="synth.source_changed",
                hint="The file was changed since it was taken in; make the bank again.",
            )
        gain = np.float32(10.0 ** (info.gain_db / 20.0))
        return np.asarray(whole[info.start : info.start + info.length] * gain, dtype=np.float32)


_WHERE = "Make one with 'audio-reasoner synth bank make FOLDER -o BANK'."


def _newer(path: Path, version: int) -> IntegrityError:
    return IntegrityError(
        f"{path} is a store of version {version}; this program reads version {STORE_VERSION}.",
        code="synth.newer_store",
        hint="Update audio-reasoner, or make the store again.",
    )


def missing(key: str, looked: Iterable[Path]) -> IntegrityError:
    """The error for a recording that no store holds."""
    places = ", ".join(str(p) for p in looked) or "no store at all"
    return IntegrityError(
        f"the recording {key[:16]}… of this recipe is in none of the stores; looked in {places}.",
        code="synth.no_source",
        hint=f"Say where its bank lies now: {ENVIRONMENT}=/path/to/bank (several are separated by '{os.pathsep}').",
    )


class Sources:
    """Several stores one after the other."""

    def __init__(self, stores: Sequence[SourceStore]) -> None:
        self._stores = stores

    def pcm(self, key: str) -> np.ndarray:
        """As `SourceStore.pcm`, from the first store that holds the key."""
        for store in self._stores:
            if store.info(key) is not None:
                return store.pcm(key)
        raise missing(key, [s.path for s in self._stores])


@lru_cache(maxsize=64)
def open_store(path: str) -> SourceStore:
    """The store at a path, opened once per process."""
    return SourceStore.open(Path(path))


def sources_at(path: str | None) -> Sources:
    """The stores that a clip's recipe may draw on: its own, then those of the environment."""
    own = [path] if path is not None and Path(path).is_file() else []
    more = [p for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p]
    return Sources([open_store(p) for p in (*own, *more)])
