"""Claim: scenes render so fast that training can listen to fresh audio on the fly, without files.

Prints planned scenes per second, seconds of scenes rendered per second of one core, and the cost of an event by class,
all in processor time, so that a busy machine does not spoil the figures.
Beside it stands the alternative: reading the same scenes from FLAC files.

    OMP_NUM_THREADS=1 python benchmarks/render_speed.py [--scenes 400]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from audio_reasoner.core.audio import encode_flac, load_mono
from audio_reasoner.synth import CLASSES, RATE, clip_audio, plan_complex, render_event


def main() -> None:
    """Measure on one core, print a table and one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=400)
    args = parser.parse_args()
    for name in CLASSES:  # scipy is loaded at the first filter
        render_event(name, 0, 8000)

    costs = {}
    for name in CLASSES:
        begun = time.process_time()
        for seed in range(50):
            render_event(name, seed, 8000)
        costs[name] = (time.process_time() - begun) / 50 * 1e3
        print(f"{name:10s} {costs[name]:6.2f} ms per event of 0.5 s")

    begun = time.process_time()
    planned = sum(1 for _ in plan_complex(5 * args.scenes, 1))
    plans = planned / (time.process_time() - begun)

    clips = list(plan_complex(args.scenes, 7))
    seconds = sum(c.duration_s for c in clips)
    begun = time.process_time()
    waves = [clip_audio(c) for c in clips]
    rendered = seconds / (time.process_time() - begun)

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.flac" for i in range(len(waves))]
        for path, wave in zip(paths, waves, strict=True):
            path.write_bytes(encode_flac(wave, RATE))
        begun = time.process_time()
        for path in paths:
            load_mono(path, RATE)
        read = seconds / (time.process_time() - begun)
    mean = sum(costs.values()) / len(costs)
    print(
        f"plans/s={plans:.0f} render_x_realtime={rendered:.0f} read_flac_x_realtime={read:.0f} "
        f"ratio={rendered / read:.2f} event_ms={mean:.2f}"
    )


if __name__ == "__main__":
    main()
