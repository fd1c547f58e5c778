"""Claim: every class of the procedural bank keeps its promises at every length, and costs what its length costs.

Renders each class with many seeds at lengths from 25 ms to 60 s and measures: error of the level against LEVEL_DBFS,
peak, longest pause, how late it begins and how early it dies, what is not finite; for tracks how far the quietest
second lies below the whole; and the processor time a render takes.

    python benchmarks/bank_promises.py [--seeds 100] [--long-seeds 5]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from audio_reasoner.synth.bank.render import (
    CLASSES,
    LEVEL_DBFS,
    MAX_SAMPLES,
    MIN_SAMPLES,
    TRACK_CLASSES,
    loudness_dbfs,
    render_event,
)
from audio_reasoner.synth.dsp import RATE

SHORT = (MIN_SAMPLES, 1600, 3200, 4801, 8000, 12345, 19200)
LONG = (3 * RATE, 10 * RATE, 30 * RATE, MAX_SAMPLES)


def longest_pause_s(x: np.ndarray) -> float:
    """Longest run of 10 ms frames 40 dB below the loudest one, seconds."""
    frames = x[: len(x) // 160 * 160].reshape(-1, 160).astype(np.float64)
    power = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (power < power.max() - 40).astype(np.int8), [0]])))
    return 0.01 * float(np.max(np.diff(edges)[::2], initial=0))


def quietest_second_db(x: np.ndarray) -> float:
    """Level of the quietest whole second below the level of all, in dB (0 or less)."""
    power = np.mean(x[: len(x) // RATE * RATE].reshape(-1, RATE).astype(np.float64) ** 2, axis=1)
    return float(10 * np.log10(power.min() / power.mean()))


def main() -> None:
    """Measure, print the worst of each promise with its class, seed and length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100, help="renders of each class at each short length")
    parser.add_argument("--long-seeds", type=int, default=5, help="renders of each class at each long length")
    args = parser.parse_args()
    worst: dict[str, tuple[float, str]] = {}
    renders = 0

    def note(what: str, value: float, where: str) -> None:
        if what not in worst or value > worst[what][0]:
            worst[what] = (value, where)

    for name in CLASSES:
        for n in (*SHORT, *LONG):
            for seed in range(args.seeds if n in SHORT else args.long_seeds):
                x = render_event(name, seed, n)
                renders += 1
                where = f"{name}, seed {seed}, {n} samples"
                heard = np.flatnonzero(np.abs(x) > 0.01 * np.max(np.abs(x)))
                note("not finite", float(not np.isfinite(x).all()), where)
                note("level error dB", abs(loudness_dbfs(x) - LEVEL_DBFS), where)
                note("peak", float(np.max(np.abs(x))), where)
                note("pause s", longest_pause_s(x), where)
                note("late s", float(heard[0]) / RATE, where)
                note("early s", float(n - 1 - heard[-1]) / RATE, where)
                if name in TRACK_CLASSES and n >= 10 * RATE:
                    note("quietest second, dB below", -quietest_second_db(x), where)
    for what, (value, where) in worst.items():
        print(f"worst {what}: {value:.3f} ({where})")
    costs: dict[int, list[float]] = {}
    for n, times in ((RATE // 2, 40), (3 * RATE, 10), (30 * RATE, 3)):
        for name in CLASSES:
            began = time.process_time()
            for seed in range(times):
                render_event(name, seed, n)
            costs.setdefault(n, []).append(1000 * (time.process_time() - began) / times)
        slow = int(np.argmax(costs[n]))
        print(f"{n / RATE:g} s: {np.mean(costs[n]):.2f} ms a render, slowest {CLASSES[slow]} {costs[n][slow]:.1f} ms")
    print(
        f"classes={len(CLASSES)} renders={renders}",
        *(f"{k.replace(' ', '_').replace(',', '')}={v:.3f}" for k, (v, _) in worst.items()),
        *(f"ms_{n / RATE:g}s={np.mean(v):.2f}" for n, v in costs.items()),
    )


if __name__ == "__main__":
    main()
