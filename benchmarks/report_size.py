"""Claim: a report that shows 5,000 samples stays below its size limit; the times to draw and to open it are printed.

Rows are made up (chains of 60 to 450 words), sounds are rendered scenes. Opening is measured in Chromium, if there is
one: the time a fresh headless browser takes to unpack and list everything, show the first sample with its player and
prepare the search, less the same browser's time for an empty page; medians of three.

    python benchmarks/report_size.py [--rows 5000] [--samples 5000]
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from audio_reasoner import synth
from audio_reasoner.core import ids
from audio_reasoner.core.records import Clip, Verdict
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.pages import write_report
from audio_reasoner.dataset import Row, write_clips, write_dataset

FAMILIES = ("order", "count", "first", "last", "before", "after", "presence", "longest")
WORDS = ("first", "the", "dog", "then", "a", "bell", "rings", "at", "second", "three", "so", "option", "fits", "not")


def make_row(clip: Clip, k: int, rng: np.random.Generator) -> Row:
    """A made-up sample with a chain of realistic length."""

    def prose(low: int, high: int) -> str:
        return " ".join(rng.choice(WORDS, int(rng.integers(low, high)))) + "."

    options = tuple(f"{prose(3, 6)} {i}" for i in range(4))
    gold = int(rng.integers(4))
    question = f"What is heard, number {k}?"
    return Row(
        sample_id=ids.sample_id(clip.clip_id, question, options, "bench"), clip_id=clip.clip_id, group=clip.group,
        audio_path=f"recipe:{clip.clip_id}", content_key=clip.content_key, duration_s=clip.duration_s,
        domains=clip.domains, task="complex_audio", family=FAMILIES[k % len(FAMILIES)], source=clip.source,
        source_id=clip.source_id, licence=clip.licence, question=question,
        options=options, gold_text=options[gold], gold_index=gold,
        difficulty=1 + k % 3, planning=prose(10, 60), caption=prose(20, 120), reasoning=prose(20, 200),
        summary=prose(5, 50), response=prose(5, 20), teacher="grounded", model="grounded/1",
        verdicts=(Verdict(judge="checks", decision="accepted"),), checks_version="bench",
    )  # fmt: skip


def wall_s(chromium: str, page: Path) -> float:
    """Median seconds of a fresh headless browser that opens a page and lets its script finish."""
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as profile:
            began = time.monotonic()
            dom = subprocess.run(
                [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                 f"--user-data-dir={profile}", "--virtual-time-budget=3000", "--dump-dom", page.resolve().as_uri()],
                capture_output=True, text=True, timeout=180, check=True,
            ).stdout  # fmt: skip
            times.append(time.monotonic() - began)
        if "audio-reasoner" in dom[:2000]:
            assert re.search(r'data-ready="(\d+)"', dom[:2000]), "the page's script did not finish"
    return statistics.median(times)


def opening_ms(page: Path) -> float | None:
    """Milliseconds that opening the page takes longer than opening an empty one."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return None
    empty = page.with_name("empty.html")
    empty.write_text("<!doctype html><title>empty</title><p>nothing")
    return 1000 * (wall_s(chromium, page) - wall_s(chromium, empty))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--samples", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir.create(Path(folder) / "run", source={"name": "bench"})
        clips = list(synth.plan_complex(options.rows // 4, 0))
        write_clips(run.path, clips)
        rng = np.random.default_rng(0)
        write_dataset(run.dataset_dir, [make_row(c, k, rng) for c in clips for k in range(4)])
        print(f"{'page':<34}{'size':>10}{'drawn in':>10}{'opened in':>11}")
        figures = {}
        for name, samples in (("200 samples", 200), (f"{options.samples} samples", options.samples), ("no sample", 0)):
            began = time.monotonic()
            page = write_report(run.path, Path(folder) / "report.html", max_samples=samples)
            drawn = time.monotonic() - began
            opened = opening_ms(page)
            size = page.stat().st_size / 1e6
            shown = "no browser" if opened is None else f"{opened:.0f} ms"
            print(f"{options.rows:,} rows, {name:<22}{size:>7.2f} MB{drawn:>8.1f} s{shown:>11}")
            figures[name] = {"mb": round(size, 2), "drawn_s": round(drawn, 1), "opened_ms": opened and round(opened)}
        print(json.dumps({"rows": options.rows, **figures}))


if __name__ == "__main__":
    main()
