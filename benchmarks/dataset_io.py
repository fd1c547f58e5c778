"""How fast is the data set written and read, and how much memory does that take?

Claim under test: write_dataset and read_rows handle data sets larger than memory, at a rate that never holds up a build
(a build makes at most a few hundred samples a second).

Each case runs in a process of its own, so that the peak memory is its own. Texts are random words from a vocabulary of
2,000, some 350 words a row, so that zstd meets about as much entropy as in real chains.

    python benchmarks/dataset_io.py            # 200,000 rows
    python benchmarks/dataset_io.py --rows 20000
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.records import Verdict
from audio_reasoner.dataset import Row, find_row, read_rows, write_dataset

WORDS = {"planning": 60, "caption": 70, "reasoning": 150, "summary": 40, "response": 30}


def make_rows(n: int) -> Iterator[Row]:
    """Rows in the order of their making, that is, in no order of sample_id."""
    rng = np.random.default_rng(0)
    vocabulary = np.array(["".join(rng.choice(list("aeioudnrstlkm"), size=rng.integers(2, 10))) for _ in range(2000)])
    draws = rng.geometric(0.004, size=4_000_000) % 2000  # few words are frequent, as in text
    at = 0
    verdicts = (Verdict(judge="checks", decision="accepted"),)
    for i in range(n):
        texts = {}
        for section, count in WORDS.items():
            if at + count > len(draws):
                at = i % 97  # walk again with another offset
            texts[section] = " ".join(vocabulary[draws[at : at + count]])
            at += count
        options = tuple(f"{texts['caption'][k : k + 12]} {k}" for k in (0, 20, 40, 60))
        yield Row(
            sample_id=ids.sample_id(f"c{i // 3}", texts["planning"], options, "p"),
            clip_id=ids.clip_id("bench", str(i // 3), 0, None),
            group=f"g{i // 3}",
            audio_path=f"recipe:c{i // 3}",
            content_key=f"{i // 3:064x}",
            duration_s=10.0,
            domains=("sound",),
            task="complex_audio",
            family="order",
            source="bench",
            source_id=str(i // 3),
            licence="CC0-1.0",
            question="In which order do the sounds occur?",
            options=options,
            gold_text=options[0],
            gold_index=0,
            difficulty=2,
            teacher="grounded",
            model="grounded/1",
            checks_version="checks/1",
            verdicts=verdicts,
            **texts,
        )


def measure(case: str, folder: Path, n: int) -> dict[str, float]:
    """Seconds, rows and peak memory (MiB) of one case, in this process."""
    if case == "make":  # the cost of making rows, to be taken off the writes
        start = time.perf_counter()
        count = sum(1 for _ in make_rows(n))
    elif case == "write unsorted":
        start = time.perf_counter()
        count = write_dataset(folder / "data", make_rows(n))
    elif case == "write sorted":
        start = time.perf_counter()
        count = write_dataset(folder / "copy", read_rows(folder / "data"), is_sorted=True)
    elif case == "read":
        start = time.perf_counter()
        count = sum(1 for _ in read_rows(folder / "data"))
    else:
        row = next(read_rows(folder / "data"))
        start = time.perf_counter()
        find_row(folder / "data", row.sample_id[:12])
        count = 1
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "rows": count, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(json.dumps(measure(args.case, args.folder, args.rows)))
        return
    folder = Path(tempfile.mkdtemp(prefix="dataset-io-"))
    results: dict[str, dict[str, float]] = {}
    try:
        for case in ("make", "write unsorted", "write sorted", "read", "find"):
            command = [sys.executable, __file__, "--case", case, "--folder", str(folder), "--rows", str(args.rows)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results[case] = json.loads(done.stdout)
            r = results[case]
            print(
                f"{case:15} {r['seconds']:8.2f} s  {r['rows'] / r['seconds']:10,.0f} rows/s  peak {r['mib']:6.0f} MiB"
            )
        size = sum(p.stat().st_size for p in (folder / "data").iterdir())
        same = all((folder / "copy" / p.name).read_bytes() == p.read_bytes() for p in (folder / "data").iterdir())
    finally:
        shutil.rmtree(folder)
    own = results["write unsorted"]["seconds"] - results["make"]["seconds"]
    print(
        f"dataset_io: rows={args.rows} write={args.rows / own:.0f}/s (without making the rows) "
        f"read={args.rows / results['read']['seconds']:.0f}/s find={results['find']['seconds'] * 1000:.0f}ms "
        f"peak_write={results['write unsorted']['mib']:.0f}MiB peak_read={results['read']['mib']:.0f}MiB "
        f"bytes_per_row={size / args.rows:.0f} sorted_equals_unsorted={same}"
    )


if __name__ == "__main__":
    main()
