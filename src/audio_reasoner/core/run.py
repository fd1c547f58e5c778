"""The run directory: where one job's clips, ledger, data set, report and log live, and who may write there.

Decision: one writer at a time, held by `flock` on `run.lock`. The kernel drops the lock when its process dies, so a
file left behind by `kill -9` is no obstacle; the JSON inside only tells a second writer whom it waits for. Readers take
no lock. `run.yaml` is replaced as a whole (write beside, fsync, rename), so a crash leaves the old or the new one.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, IntegrityError, LockedError

RUN_SCHEMA_VERSION = 1
_OWN_NAMES = frozenset({"run.lock", "run.log.jsonl", "run.yaml.tmp"})


def write_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data` so that a crash leaves the old content or the new, never a mixture.

    Raises:
        EnvironmentProblem: no space left (code environment.disk_full) or no permission (environment.not_writable).
    """
    tmp = path.with_name(path.name + ".tmp")
    try:
        with tmp.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        tmp.replace(path)
    except OSError as error:
        raise storage_problem(error, path) from error


def storage_problem(error: OSError, path: Path) -> EnvironmentProblem:
    """The error a user can act on for a failed write to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return EnvironmentProblem(
            f"{path} cannot be written: {error.strerror}.",
            code="environment.not_writable",
            hint="Choose a directory that you may write to, or change its permissions.",
        )
    return EnvironmentProblem(f"{path} cannot be written: {error.strerror or error}.", code="environment.io")


def disk_full(path: Path) -> EnvironmentProblem:
    """The one wording of "no space left"."""
    return EnvironmentProblem(
        f"The disk that holds {path} is full.",
        code="environment.disk_full",
        hint="Free some space or enlarge the disk, then run the same command again (a training with --resume): it goes "
        "on where it stopped.",
    )


class RunDir:
    """Paths of a run directory and its `run.yaml`. Make one with `create` or `open`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    @property
    def config_path(self) -> Path:
        """`run.yaml`: schema version and sources."""
        return self.path / "run.yaml"

    @property
    def clips_dir(self) -> Path:
        """`clips/`: the clips table, part-*.parquet."""
        return self.path / "clips"

    @property
    def ledger_path(self) -> Path:
        """`ledger.sqlite`: everything that was made, with what became of it."""
        return self.path / "ledger.sqlite"

    @property
    def dataset_dir(self) -> Path:
        """`dataset/`: the accepted samples."""
        return self.path / "dataset"

    @property
    def report_path(self) -> Path:
        """`report.html`."""
        return self.path / "report.html"

    @property
    def log_path(self) -> Path:
        """`run.log.jsonl`: one JSON object per log line."""
        return self.path / "run.log.jsonl"

    @property
    def lock_path(self) -> Path:
        """`run.lock`: held by the one writer."""
        return self.path / "run.lock"

    @classmethod
    def create(cls, path: str | Path, *, source: dict[str, Any] | None = None) -> Self:
        """Make a run directory, or open the one that is there, and add `source` to it.

        Args:
            path: the directory; its parents are made.
            source: what the clips came from, e.g. ``{"name": "folder", "path": "/data"}``; plain JSON values.

        Raises:
            ConfigError: the path is a file, or a directory with other things in it (code run.not_a_run).
            IntegrityError: `run.yaml` is damaged or newer than this version.
        """
        run = cls(path)
        if run.path.exists() and not run.path.is_dir():
            raise ConfigError(
                f"{run.path} is a file, not a directory.", code="run.not_a_run", hint="Name a new directory."
            )
        if not run.config_path.exists():
            if run.path.is_dir():
                others = sorted(p.name for p in run.path.iterdir() if p.name not in _OWN_NAMES)
                if others:
                    raise ConfigError(
                        f"{run.path} holds other things ({', '.join(others[:3])}) and no run.yaml; it is not a run.",
                        code="run.not_a_run",
                        hint="Name a new or empty directory.",
                    )
            try:
                run.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise storage_problem(error, run.path) from error
            run._write({"schema_version": RUN_SCHEMA_VERSION, "sources": []})
        run.config()
        if source is not None:
            run.add_source(source)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open an existing run directory.

        Raises:
            ConfigError: there is none (code run.missing).
            IntegrityError: `run.yaml` is damaged (run.damaged) or newer than this version (run.newer).
        """
        run = cls(path)
        if not run.config_path.is_file():
            what = "has no run.yaml" if run.path.is_dir() else "is a file" if run.path.exists() else "does not exist"
            raise ConfigError(
                f"{run.path} is not a run directory: it {what}.",
                code="run.missing",
                hint=f"Make one with `audio-reasoner clips folder DIR -o {run.path}` "
                f"or `audio-reasoner synth complex -n 500 -o {run.path}`.",
            )
        run.config()
        return run

    def config(self) -> dict[str, Any]:
        """`run.yaml`, checked."""
        import yaml

        try:
            raw = yaml.safe_load(self.config_path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise IntegrityError(f"{self.config_path} cannot be read: {error}", code="run.damaged") from error
        if not isinstance(raw, dict) or not isinstance(raw.get("schema_version"), int):
            raise IntegrityError(f"{self.config_path} has no schema_version.", code="run.damaged")
        if raw["schema_version"] > RUN_SCHEMA_VERSION:
            raise IntegrityError(
                f"{self.config_path} has schema version {raw['schema_version']}; "
                f"this version of audio-reasoner reads up to {RUN_SCHEMA_VERSION}.",
                code="run.newer",
                hint="Update audio-reasoner.",
            )
        if not isinstance(raw.get("sources", []), list):
            raise IntegrityError(f"{self.config_path}: `sources` is not a list.", code="run.damaged")
        return raw

    @property
    def sources(self) -> list[dict[str, Any]]:
        """What the clips came from, in the order in which it was added."""
        return [dict(s) for s in self.config().get("sources", [])]

    def add_source(self, source: dict[str, Any]) -> bool:
        """Add a source; an equal one is not added twice. Returns whether it was new."""
        plain = json.loads(json.dumps(source, ensure_ascii=False, allow_nan=False, sort_keys=True))
        config = self.config()
        sources = config.setdefault("sources", [])
        if plain in sources:
            return False
        sources.append(plain)
        self._write(config)
        return True

    def _write(self, config: dict[str, Any]) -> None:
        import yaml

        write_atomic(self.config_path, yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode())


@dataclass(frozen=True)
class Holder:
    """Who writes a run directory. `since` is UTC, ISO 8601; `born` the process's start in clock ticks since boot."""

    pid: int
    host: str
    command: str
    since: str
    born: int | None = None

    def describe(self) -> str:
        """For messages."""
        return f"process {self.pid} on {self.host}, `{self.command}`, since {self.since}"


def _born(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def _read_holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def lock_holder(run: RunDir) -> Holder | None:
    """Who is writing now, or None. Takes no lock itself, so that looking never refuses a writer.

    A holder on another host cannot be checked from here and is returned as it stands.
    """
    holder = _read_holder(run.lock_path)
    if holder is None or holder.host != socket.gethostname():
        return holder
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    # A pid is soon given to another process; its time of birth is not.
    if holder.born is not None and _born(holder.pid) != holder.born:
        return None
    return holder


@contextlib.contextmanager
def run_lock(run: RunDir) -> Iterator[Holder]:
    """Hold the run directory for writing.

    Raises:
        LockedError: another process writes there (exit code 3); the message names it.
    """
    try:
        fd = os.open(run.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise storage_problem(error, run.lock_path) from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = _read_holder(run.lock_path)
            who = other.describe() if other else "another process"
            # Runs of a benchmark have no run.yaml, and `status` cannot read them.
            far = f"; `audio-reasoner status {run.path}` shows how far it is" if run.config_path.exists() else ""
            raise LockedError(
                f"{run.path} is being written by {who}.",
                hint=f"Wait until it is done or stop it{far}. Or use another run directory.",
            ) from error
        pid = os.getpid()
        holder = Holder(
            pid=pid,
            host=socket.gethostname(),
            command=shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]]),
            since=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            born=_born(pid),
        )
        # A full disk must not keep the owner out of its own run: the lock is the flock, the text only a courtesy.
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps(holder.__dict__).encode(), 0)
        yield holder
    finally:
        with contextlib.suppress(OSError):
            if _read_holder_fd(fd) == os.getpid():
                os.ftruncate(fd, 0)
        os.close(fd)


def _read_holder_fd(fd: int) -> int | None:
    try:
        pid = json.loads(os.pread(fd, 1 << 16, 0))["pid"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return int(pid)
