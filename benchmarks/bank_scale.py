"""A bank of 100,000 recordings: how long it takes to make, to look at again and to open, and what it costs in memory.

    python benchmarks/bank_scale.py [FILES=100000] [CLASSES=500] [WORKERS=2]

Writes FILES small WAV files (0.5 s of noise at 16 kHz, all different, one folder per class) into a temporary directory
(1.6 GB for 100,000), makes their bank, kills a second making half-way and lets it go on, makes it again unchanged and
after 100 files changed, opens it, and reads recordings in random order. Memory is the greatest resident size of the
process that makes the bank, and of one worker; the files are read from the page cache.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.synth.recordings.bank import make_bank
from audio_reasoner.synth.store import SourceStore

SAMPLES = 8000


def write(root: Path, files: int, classes: int) -> None:
    """Different sounds at the cost of one: a stretch of a long noise from a place of its own."""
    noise = np.random.default_rng(0).standard_normal(files + SAMPLES).astype(np.float32) * np.float32(0.1)
    for c in range(classes):
        (root / word(c)).mkdir(parents=True)
    for i in range(files):
        file_of(root, i, classes).write_bytes(encode_wav(noise[i : i + SAMPLES]))


def word(c: int) -> str:
    """A class's name of four letters: numbers say nothing in names of folders."""
    return "".join(chr(ord("a") + c // 26**k % 26) for k in (3, 2, 1, 0))


def file_of(root: Path, i: int, classes: int) -> Path:
    """Where file `i` lies."""
    return root / word(i % classes) / f"r{i:06d}x.wav"


def timed(what: str, fn: object) -> float:
    """Run it, print how long it took."""
    begun = time.perf_counter()
    said = fn()  # type: ignore[operator]
    took = time.perf_counter() - begun
    print(f"{what:46} {took:9.2f} s  {said if said is not None else ''}", flush=True)
    return took


def main() -> None:
    """Measure and print a table."""
    files, classes, workers = (int(a) for a in [*sys.argv[1:], *("100000", "500", "2")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        root, bank, other = Path(folder, "in"), Path(folder, "a.bank"), Path(folder, "b.bank")
        timed(f"write {files:,} files", lambda: write(root, files, classes))
        making = timed("make", lambda: f"{make_bank(root, bank, workers=workers).used:,} used")
        here, there = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        own, child = here.ru_maxrss / 1024, there.ru_maxrss / 1024
        worked = there.ru_utime + there.ru_stime
        print(f"{'':46} {worked:9.2f} s of processor time in the workers", flush=True)
        script = "import sys; from audio_reasoner.cli import main; main()"
        command = [sys.executable, "-c", script, "synth", "bank", "make", root, "-o", other, "--workers", str(workers)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(making / 2)
        process.kill()
        process.wait()
        resumed = []
        timed("killed half-way, made again", lambda: resumed.append(make_bank(root, other, workers=workers).heard))
        print(f"{'':46} {resumed[0]:,} of {files:,} left to do")
        again = timed("make again, nothing changed", lambda: f"{make_bank(root, bank, workers=workers).heard} heard")
        for i in range(100):
            path = file_of(root, i, classes)
            path.write_bytes(path.read_bytes()[:-200] + os.urandom(200))
        timed("make again, 100 files changed", lambda: f"{make_bank(root, bank, workers=workers).heard} heard")
        stores: list[SourceStore] = []
        opening = timed("open", lambda: stores.append(SourceStore.open(bank)))
        store = stores[0]
        keys: list[str] = []
        timed("read every line of it", lambda: keys.extend(i.key for i in store))
        chosen = np.random.default_rng(1).choice(keys, 2000, replace=False)
        looking = timed("2,000 infos in random order", lambda: [store.info(k) for k in chosen] and None)
        hearing = timed("2,000 recordings in random order", lambda: [store.pcm(k) for k in chosen] and None)
        once = timed("2,000 times one recording", lambda: [store.pcm(chosen[-1]) for _ in range(2000)] and None)
        print(
            f"bank_scale files={files} workers={workers} make_s={making:.1f} worker_cpu_s={worked:.1f} "
            f"files_per_s={files / making:.0f} "
            f"again_s={again:.2f} open_ms={1000 * opening:.1f} info_us={500 * looking:.0f} pcm_ms={hearing / 2:.2f} "
            f"cached_us={500 * once:.1f} maker_mb={own:.0f} worker_mb={child:.0f} "
            f"bank_mb={bank.stat().st_size / 1e6:.0f}"
        )


if __name__ == "__main__":
    main()
