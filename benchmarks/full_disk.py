"""Claim: a full disk ends a build with a clear error, and the build goes on when there is space again.

A run is built on a small tmpfs that is too small for it, at several sizes, so that the space ends in different places
(while the ledger is made, while it grows, while the data set is written). Each time the command must end with status 1
and the code environment.disk_full, without a traceback; then the file system is enlarged and the same command must
finish with a data set equal to that of a build that never lacked space. Needs root (for mount).

    sudo python benchmarks/full_disk.py [--clips 150]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

CLI = [sys.executable, "-c", "from audio_reasoner.cli import main; main()"]
SHARES = (0.02, 0.15, 0.4, 0.7, 0.9, 0.98)
"""Free space left for the build, as shares of what it takes at its peak."""
ENLARGED = 32 << 20
"""Bytes added afterwards."""


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run([*CLI, *map(str, words)], capture_output=True, text=True, timeout=600)


def build(run: Path) -> subprocess.CompletedProcess[str]:
    """Build with the grounded teacher."""
    return command("build", run, "--teacher", "grounded", "--style", "brief", "--workers", "2")


def digest(folder: Path) -> str:
    """One hash of all files below `folder`."""
    h = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        h.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return h.hexdigest()


def used(folder: Path) -> int:
    """Bytes that `folder` takes in pages of 4 KiB."""
    return sum(-(-p.stat().st_size // 4096) * 4096 for p in folder.rglob("*") if p.is_file())


def peak_of(build_in: Path) -> tuple[subprocess.CompletedProcess[str], int]:
    """Build while watching how much space is taken at most (the write-ahead log goes away at the end)."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            with contextlib.suppress(FileNotFoundError):
                most = max(most, used(build_in))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return build(build_in), most
    finally:
        done.set()
        watcher.join()


def mount(where: Path, size: int, *, again: bool = False) -> None:
    """Mount a tmpfs of `size` bytes, or resize it."""
    options = f"size={size}" + (",remount" if again else "")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)], check=True, capture_output=True)


def main() -> int:
    """Try all sizes; 0 if every one behaves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=150)
    parser.add_argument("--sizes", type=int, default=len(SHARES), help="How many sizes to try.")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: mounting a small tmpfs needs root")
        return 77
    bad = full = 0
    with tempfile.TemporaryDirectory(prefix="full-disk-") as folder:
        disk, fresh, straight = Path(folder) / "disk", Path(folder) / "fresh", Path(folder) / "straight"
        disk.mkdir()
        made = command("synth", "complex", "-n", str(args.clips), "--seed", "7", "-o", fresh)
        if made.returncode:
            sys.exit(made.stderr)
        shutil.copytree(fresh, straight)
        done, peak = peak_of(straight)
        if done.returncode:
            sys.exit(done.stderr)
        expected, base = digest(straight / "dataset"), used(fresh) + 64 * 1024
        takes = peak - used(fresh)
        print(f"with space enough: {args.clips} clips take {takes / 1e6:.2f} MB at most")
        print(f"{'free':>9}  {'status':>6}  {'message':<60}  after enlarging")
        for share in SHARES[:: max(1, len(SHARES) // args.sizes)]:
            try:
                mount(disk, base + int(share * takes))
            except subprocess.CalledProcessError as error:
                print(f"skipped: mounting is not allowed here: {error.stderr.decode().strip()}")
                return 77
            try:
                run = disk / "run"
                shutil.copytree(fresh, run)
                first = build(run)
                seen = command("status", run)
                message = next((x for x in first.stderr.splitlines() if x.startswith("error")), "no error")
                wanted = first.returncode == 1 and "[environment.disk_full]" in first.stderr
                clean = "Traceback" not in first.stderr and seen.returncode in (0, 1) and "Traceback" not in seen.stderr
                full += first.returncode == 1
                mount(disk, base + takes + ENLARGED, again=True)
                second = build(run)
                equal = second.returncode == 0 and digest(run / "dataset") == expected
                bad += not (wanted and clean and equal)
                verdict = "equal" if equal else f"NOT EQUAL ({second.returncode})"
                print(
                    f"{share * takes / 1e3:>6.0f} kB  {first.returncode:>6}  {message[:60]:<60}  {verdict}", flush=True
                )
                if not (wanted and clean):
                    print(first.stderr[-3000:])
                if not equal:
                    print(second.stderr[-3000:])
            finally:
                subprocess.run(["umount", str(disk)], check=True)
    print(f"sizes={full} bad={bad} clips={args.clips}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
