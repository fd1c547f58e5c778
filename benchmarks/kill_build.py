"""Claim: `kill -9` at any moment of a build loses nothing and doubles nothing.

One run is built without interruption. Then the same clips are built in the same place by processes that are killed at
random moments (while they start, while clips are worked on, while the data set is written) and started again until
they are through. The data set, the exports and the ledger's contents must equal those of the uninterrupted run, byte
for byte. After each kill no worker may survive, and `status` must answer.

    python benchmarks/kill_build.py [--kills 20] [--clips 300] [--workers 2] [--seed 1]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

CLI = [sys.executable, "-c", "from audio_reasoner.cli import main; main()"]
FORMATS = ("ms-swift", "webdataset", "hf")


def call(*words: str | Path) -> str:
    """Run the command; its stdout, or stop with its stderr."""
    done = subprocess.run([*CLI, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"audio-reasoner {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def freeze(folder: Path) -> None:
    """Let every process from here on run a copy of the package as it is now.

    The builds compared run minutes apart: after an edit of a check in between they differ, and no kill did it.
    """
    found = importlib.util.find_spec("audio_reasoner")
    assert found is not None
    assert found.submodule_search_locations is not None
    shutil.copytree(
        found.submodule_search_locations[0], folder / "audio_reasoner", ignore=shutil.ignore_patterns("__pycache__")
    )
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))


def digest(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder`."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def ledger_digest(path: Path) -> str:
    """Hash of what a plan made: derived rows, evidence, finished clips, quarantine, in a fixed order."""
    h = hashlib.sha256()
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for table in ("plans", "derived", "evidence", "clips", "quarantine"):
        for row in sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr):
            h.update(repr((table, row)).encode())
    db.close()
    return h.hexdigest()


@dataclass
class Outcome:
    """Everything that must be equal."""

    dataset: dict[str, str]
    exports: dict[str, dict[str, str]]
    ledger: str


def outcome(run: Path, out: Path) -> Outcome:
    """Export the built run and hash everything."""
    exports = {}
    for name in FORMATS:
        call("export", run, "--format", name, "-o", out / name)
        exports[name] = digest(out / name)
    shutil.rmtree(out)
    return Outcome(digest(run / "dataset"), exports, ledger_digest(run / "ledger.sqlite"))


class Build:
    """One building process in a session of its own, with its stderr at hand."""

    def __init__(self, run: Path, workers: int, words: list[str] | None = None) -> None:
        words = words or ["build", str(run), "--teacher", "grounded", "--style", "brief", "--workers", str(workers)]
        self.process = subprocess.Popen(
            [*CLI, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.lines: list[str] = []
        self.writing = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("writing the data set"):
                self.writing.set()

    def kill(self) -> None:
        """kill -9 the building process alone, as the out-of-memory killer would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def survivors(self) -> int:
        """Processes of the session that are still there two seconds later."""
        deadline = time.monotonic() + 2
        while True:
            left = [p for p in Path("/proc").glob("[0-9]*") if _session(p) == self.process.pid]
            if not left or time.monotonic() > deadline:
                return len(left)
            time.sleep(0.05)


def _session(proc: Path) -> int | None:
    try:
        fields = (proc / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[3])


def main() -> int:
    """Run the comparison; 0 if everything is equal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="kill-build-") as folder:
        freeze(Path(folder) / "code")
        # The same path for both: ms-swift rows hold absolute paths.
        run, fresh, out = Path(folder) / "run", Path(folder) / "fresh", Path(folder) / "export"
        call("synth", "complex", "-n", str(args.clips), "--seed", "7", "-o", fresh)
        shutil.copytree(fresh, run)
        start = time.monotonic()
        call("build", run, "--teacher", "grounded", "--style", "brief", "--workers", str(args.workers))
        straight_s = time.monotonic() - start
        expected = outcome(run, out)
        print(f"uninterrupted: {args.clips} clips in {straight_s:.1f} s")
        print(f"{'kill':>4} {'after':>8}  {'phase':<14} {'clips done':>10}  status")

        kills = rounds = orphans = unequal = 0
        killed_in: dict[str, int] = {}
        shutil.rmtree(run)
        shutil.copytree(fresh, run)
        while True:
            build = Build(run, args.workers)
            begun = time.monotonic()
            aim = rng.choice(("start", "clips", "clips", "clips", "write")) if kills < args.kills else "none"
            if aim == "start":
                wait = rng.uniform(0.0, 0.6)
            elif aim == "clips":
                wait = rng.uniform(0.6, 0.6 + straight_s / 3)
            else:
                wait = 600.0
            if aim == "write":
                while not build.writing.wait(0.01) and build.process.poll() is None:
                    pass
                time.sleep(rng.uniform(0.0, 0.15))
            else:
                try:
                    build.process.wait(wait)
                except subprocess.TimeoutExpired:
                    if aim == "none":
                        sys.exit("a build did not end within ten minutes")
            if build.process.poll() is None:
                phase = "data set" if build.writing.is_set() else "clips" if build.lines else "start"
                build.kill()
                kills += 1
                killed_in[phase] = killed_in.get(phase, 0) + 1
                left = build.survivors()
                orphans += left
                status = json.loads(call("status", run, "--json"))
                print(
                    f"{kills:>4} {time.monotonic() - begun:>7.2f}s  {phase:<14} {status.get('done', 0):>10}  "
                    f"{status['state']}{f', {left} SURVIVORS' if left else ''}",
                    flush=True,
                )
                continue
            if build.process.returncode:
                sys.exit(f"a build ended with {build.process.returncode}:\n{''.join(build.lines)}")
            rounds += 1
            found = outcome(run, out)
            for name, ours, theirs in (
                ("data set", found.dataset, expected.dataset),
                ("ledger", found.ledger, expected.ledger),
                *((f, found.exports[f], expected.exports[f]) for f in FORMATS),
            ):
                if ours != theirs:
                    unequal += 1
                    print(f"  round {rounds}: {name} DIFFERS")
            print(f"  round {rounds} through: {'equal' if not unequal else 'NOT EQUAL'}", flush=True)
            if kills >= args.kills:
                break
            shutil.rmtree(run)
            shutil.copytree(fresh, run)
        phases = ", ".join(f"{n} in {p}" for p, n in sorted(killed_in.items()))
        print(
            f"kills={kills} ({phases}) rounds={rounds} clips={args.clips} unequal={unequal} orphans={orphans} "
            f"compared=dataset,ledger,{','.join(FORMATS)}"
        )
    return 1 if unequal or orphans else 0


if __name__ == "__main__":
    sys.exit(main())
