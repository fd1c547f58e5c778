"""A folder tree of labelled recordings becomes a bank: an index that scenes can draw on.

Decision: what was heard in a file and what is said about it are kept apart. Listening costs milliseconds per file and
depends on its bytes alone: it is stored file by file, so that a killed command goes on and a changed folder is listened
to only where it changed. Labels, groups, doubles and refusals are worked out anew from all of it at the end, in one
transaction: the bank is a function of the folder and the settings, not of the order or the number of attempts.

Every recording keeps its group (what it was cut from), by which whoever plans scenes keeps training and test apart.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Final

from audio_reasoner.core import ids
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError, LockedError
from audio_reasoner.core.run import storage_problem
from audio_reasoner.synth import store as stores
from audio_reasoner.synth.recordings.corpora import Labels, corpus_inside
from audio_reasoner.synth.recordings.layouts import Reading, label_tree, with_groups
from audio_reasoner.synth.recordings.takes import FADES, TAKES_VERSION, Limits, Take, measure
from audio_reasoner.synth.recordings.tree import Found, Reject, Tree, look
from audio_reasoner.synth.store import SourceInfo, SourceStore

Progress = Callable[[int, int], None]
_GROUP_S: Final = 1.0
"""Seconds of listening that a kill can cost: what was heard is committed this often."""
_RETRY: Final = frozenset({"audio.unreadable", "audio.missing", "compute.worker_died", "bank.failed"})
"""Refusals that may be gone next time without the file being written: permissions, links, a worker out of memory."""
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS files (
        path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, version TEXT NOT NULL,
        code TEXT, reason TEXT, take TEXT) WITHOUT ROWID""",
    stores.EARLIER,
    """CREATE TABLE IF NOT EXISTS refused (
        path TEXT NOT NULL, label TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL)""",
)


@dataclass(frozen=True)
class Bank:
    """What making a bank came to.

    `seen` are files that could be recordings, `heard` those listened to this time; `said` tells where labels came from.
    """

    path: Path
    root: Path
    said: str
    seen: int
    heard: int
    used: int
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Heard:
    found: Found
    take: Take | None
    code: str | None = None
    reason: str | None = None


def _hear(root: str, limits: Limits, found: Found) -> _Heard:
    """Runs in a worker: measure one file."""
    try:
        return _Heard(found, measure(Path(root, found.path), limits))
    except AudioReasonerError as error:
        plain = error.message.removeprefix(f"{Path(root, found.path)}: ")
        return _Heard(found, None, error.code, plain)


# --- making ----------------------------------------------------------------------------------------------------------


def make_bank(
    folder: Path, out: Path, reading: Reading | None = None, limits: Limits | None = None, *,
    progress: Progress | None = None, workers: int | None = None, wait: bool = False,
) -> Bank:  # fmt: skip
    """Listen to a folder of labelled recordings and write (or bring up to date) its bank.

    Args:
        folder: the folder tree; its files stay where they are.
        out: the bank, one SQLite file.
        reading: how labels are found.
        limits: which recordings are of use.
        progress: told (files done, files to do).
        workers: processes; None is one per core.
        wait: if another process makes this bank, wait for it instead of refusing.

    Raises:
        ConfigError: ``bank.no_folder``, or the labels cannot be found as asked.
        InputError: ``bank.empty``: there is no recording, or none could be used (the bank then tells why).
        LockedError: another process makes this bank.
        EnvironmentProblem: the disk is full or the place cannot be written.
    """
    reading, limits = reading or Reading(), limits or Limits()
    if not folder.is_dir():
        what = "is a file, expected a folder" if folder.exists() else "does not exist"
        raise ConfigError(f"{folder} {what}.", code="bank.no_folder", hint="Give the folder of the recordings.")
    if out.is_dir():
        raise ConfigError(
            f"{out} is a directory.", code="synth.bad_path", hint="Name the file of the bank: -o my.bank."
        )
    root = folder.resolve()
    tree = look(root)
    inner = corpus_inside(tree)
    if inner is not None:
        root /= inner
        tree = look(root)
    labels = label_tree(tree, reading)
    if not tree.sounds:
        raise _empty(root, tree)
    said = _said(tree, labels, reading)
    with _lock(out, wait):
        db = stores.create(out, _TABLES)
        try:
            heard = _listen(db, out, tree, labels, limits, progress, workers)
            with stores.explained(out):
                if heard or not _settled(db, said):
                    _settle(db, tree, labels, reading, said)
                refused = dict(db.execute("SELECT code, count(*) FROM refused GROUP BY code ORDER BY code"))
                used = int(db.execute("SELECT count(*) FROM sources").fetchone()[0])
        finally:
            stores.close(db)
    bank = Bank(out, root, labels.said, len(tree.sounds), heard, used, refused)
    if not used:
        raise InputError(
            f"none of the {len(tree.sounds):,} recordings in {root} could be used: {counted(refused)}.",
            code="bank.empty",
            hint=f"'audio-reasoner synth bank show {out}' tells why, one by one.",
        )
    return bank


def counted(refused: dict[str, int]) -> str:
    """Numbers by code in words, greatest first."""
    return ", ".join(f"{n:,} {code}" for code, n in sorted(refused.items(), key=lambda x: (-x[1], x[0])))


def _empty(root: Path, tree: Tree) -> InputError:
    seen = ", ".join(f"{n} {k}" for k, n in tree.passed_over.most_common(6)) or "nothing at all"
    bad = f" Refused: {'; '.join(f'{r.path}: {r.reason}' for r in tree.rejects[:3])}." if tree.rejects else ""
    return InputError(f"{root} holds no recording.", code="bank.empty", hint=f"Seen and passed over: {seen}.{bad}")


@contextlib.contextmanager
def _lock(out: Path, wait: bool) -> Iterator[None]:
    """One maker at a time. The kernel drops the lock of a killed process."""
    at = out.with_name(f".{out.name}.lock")
    try:
        at.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(at, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise storage_problem(error, at) from error
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not wait:
                    who = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
                    raise LockedError(
                        f"{out} is being made by process {who}.",
                        code="bank.locked",
                        hint="Wait until it is done, or name another file with -o.",
                    ) from None
                time.sleep(0.1)
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(fd)


def _listen(
    db: sqlite3.Connection, out: Path, tree: Tree, labels: Labels, limits: Limits,
    progress: Progress | None, workers: int | None,
) -> int:  # fmt: skip
    """Measure what has a label and is new or changed; returns how many files that were."""
    from audio_reasoner import compute

    version = f"{TAKES_VERSION} {limits.min_seconds:g} {limits.max_seconds:g} {limits.max_clipped:g}"
    with stores.explained(out):
        known = {
            row[0]: row[1:] for row in db.execute("SELECT path, size, mtime_ns, version, coalesce(code, '') FROM files")
        }
    todo, gone = [], set(known)
    for found in (tree.sounds[name] for name in sorted(labels.entries) if name in tree.sounds):
        gone.discard(found.path)
        old = known.get(found.path)
        if old is None or old[:3] != (found.size, found.mtime_ns, version) or old[3] in _RETRY:
            todo.append(found)
    del known
    with stores.explained(out):
        if gone or todo:
            # Until all is settled again, a kill must not leave the labels of one state with the sounds of another.
            db.execute("DELETE FROM meta WHERE name = 'labels'")
        db.executemany("DELETE FROM files WHERE path = ?", ((p,) for p in gone))
        db.commit()
    if progress is not None:
        progress(0, len(todo))
    done, last = 0, time.monotonic()
    # Long files together with short ones: a chunk is a few tenths of a second of work.
    hear = functools.partial(_hear, str(tree.root), limits)
    results = compute.map(hear, todo, workers, ordered=False, chunk=16, errors="return")
    with contextlib.closing(results):  # type: ignore[type-var]
        for result in results:
            if isinstance(result, compute.Failure):
                code = getattr(result.error, "code", "bank.failed")
                one = _Heard(result.item, None, code, f"{type(result.error).__name__}: {result.error}")
            else:
                one = result
            take = None if one.take is None else json.dumps(astuple(one.take))
            with stores.explained(out):
                db.execute(
                    "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?)",
                    (one.found.path, one.found.size, one.found.mtime_ns, version, one.code, one.reason, take),
                )
                done += 1
                if time.monotonic() - last > _GROUP_S or done == len(todo):
                    db.commit()
                    last = time.monotonic()
            if progress is not None:
                progress(done, len(todo))
    return len(todo)


def _said(tree: Tree, labels: Labels, reading: Reading) -> str:
    """A digest of everything but the sounds that decides what a bank holds."""
    h = hashlib.sha256(repr((str(tree.root), reading, labels.said, sorted(tree.passed_over.items()))).encode())
    for name, entry in sorted(labels.entries.items()):
        h.update(f"{name}\0{entry}\0{tree.sounds[name].path if name in tree.sounds else ''}\n".encode())
    for reject in (*tree.rejects, *labels.rejects):
        h.update(f"{reject}\n".encode("utf-8", "surrogatepass"))
    return h.hexdigest()


def _settled(db: sqlite3.Connection, said: str) -> bool:
    row = db.execute("SELECT value FROM meta WHERE name = 'labels'").fetchone()
    return row is not None and json.loads(row[0]) == said


def _settle(db: sqlite3.Connection, tree: Tree, labels: Labels, reading: Reading, said: str) -> None:
    """Everything that follows from what was heard and said, in one transaction."""
    takes = {p: (c, r, t) for p, c, r, t in db.execute("SELECT path, code, reason, take FROM files")}
    groups = with_groups(labels, tree, reading.groups)
    corpus = reading.source or tree.root.name or "bank"
    refused = [*tree.rejects, *labels.rejects]
    same: dict[str, list[tuple[str, SourceInfo]]] = defaultdict(list)
    for name, entry in sorted(labels.entries.items()):
        found = tree.sounds.get(name)
        if found is None:
            continue
        code, reason, stored = takes[found.path]
        if stored is None:
            refused.append(Reject(name, entry.label, code, reason))
            continue
        take = Take(*json.loads(stored))
        extra = {
            "digest": take.digest, "kind": take.kind, "limited": take.limited, "fades": FADES, "seconds": take.seconds,
            "firm": (take.firm_start, take.firm_end),
        }  # fmt: skip
        extra |= {k: v for k, v in (("note", take.note), ("split", entry.split), ("fold", entry.fold)) if v}
        info = SourceInfo(
            take.key, found.path, take.start, take.length, take.gain_db, entry.label, groups[name],
            entry.licence or reading.licence, entry.source or corpus, entry.source_id or name, extra,
        )  # fmt: skip
        same[take.sound].append((name, info))
    keep = []
    for alike in same.values():
        if len({info.label for _, info in alike}) > 1:
            for name, info in alike:
                others = ", ".join(f"{n} ({i.label})" for n, i in alike if n != name)
                reason = f"the same sound is labelled otherwise elsewhere: {others}"
                refused.append(Reject(name, info.label, "bank.two_labels", reason))
            continue
        keep.append(alike[0][1])
        refused += [Reject(n, i.label, "bank.duplicate", f"the same sound as {alike[0][0]}") for n, i in alike[1:]]
    about = {
        "root": str(tree.root), "said": labels.said, "layout": labels.layout, "seen": len(tree.sounds),
        "source": corpus, "finished": True, "labels": said, "passed_over": dict(sorted(tree.passed_over.items())),
    }  # fmt: skip
    rows = sorted(map(stores.row_of, keep))
    lines = sorted((r.path, r.label, r.code, r.reason) for r in refused)
    with db:
        # Runs that were planned with them go on: new clips are not made of these, old ones are still heard.
        db.execute("INSERT OR REPLACE INTO earlier SELECT * FROM sources")
        db.execute("DELETE FROM sources")
        db.execute("DELETE FROM refused")
        db.executemany(stores.INSERT, rows)
        db.execute("DELETE FROM earlier WHERE key IN (SELECT key FROM sources)")
        db.executemany("INSERT INTO refused VALUES (?,?,?,?)", lines)
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", ((k, json.dumps(v)) for k, v in about.items()))


# --- opening ---------------------------------------------------------------------------------------------------------


def cache_of(folder: Path) -> Path:
    """Where the bank of a folder lies that is used without making one: ``~/.cache/audio-reasoner/banks/…``."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return base / "audio-reasoner" / "banks" / f"{folder.resolve().name or 'root'}-{name}.bank"


def open_bank(path: str | Path, progress: Progress | None = None, workers: int | None = None) -> SourceStore:
    """A bank by its file, or by its folder: then it is made, or brought up to date, in the user's cache.

    Args:
        path: a file made by `make_bank`, or a folder of labelled recordings.
        progress: told (files done, files to do) while a folder is listened to.
        workers: processes for listening; None is one per core.

    Raises:
        InputError: ``synth.no_store``, ``synth.unfinished_store``, ``bank.empty``.
        ConfigError: the folder's labels cannot be found (see `label_tree`).
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(
            f"{path} does not exist.",
            code="synth.no_store",
            hint="Give a folder of labelled recordings, or a bank made with 'audio-reasoner synth bank make'.",
        )
    if not path.is_dir():
        return SourceStore.open(path)
    at = cache_of(path)
    make_bank(path, at, progress=progress, workers=workers, wait=True)
    return SourceStore.open(at)


def move_bank(path: Path, root: Path) -> int:
    """Tell a bank where its folder lies now, once every recording was found there; returns their number.

    Raises:
        InputError: ``synth.no_store``, ``bank.moved``: a recording is missing or differs in size.
        ConfigError: ``bank.no_folder``.
    """
    if not root.is_dir():
        raise ConfigError(f"{root} is no folder.", code="bank.no_folder", hint="Give the folder's new place.")
    store = SourceStore.open(path)
    if store.meta("root") is None:
        raise InputError(f"{path} is a store of voices: its files move with it.", code="bank.moved")
    for info in store:
        at = root / info.path
        if not at.is_file() or ids.file_sha256(at) != info.extra.get("digest"):
            raise InputError(
                f"{at} is {'another recording than' if at.is_file() else 'not there; the bank has'} {info.path}.",
                code="bank.moved",
                hint=f"If the folder changed, make the bank again: audio-reasoner synth bank make {root} -o {path}",
            )
    with _lock(path, wait=False):
        db = stores.create(path, _TABLES)
        try:
            with stores.explained(path), db:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('root', ?)", (json.dumps(str(root.resolve())),))
        finally:
            stores.close(db)
    return len(store)
