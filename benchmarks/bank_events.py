"""How often is the check for single events wrong, and how far off are the ends it finds?

    python benchmarks/bank_events.py [RECORDINGS=3000]

Makes recordings whose truth is known: one to three events of the procedural bank, pauses of 0.4 to 1.5 s between,
up to a second before and after, under pink or white noise 15 to 60 dB below the events, in a third of them none.
Prints, by the distance to the noise: how often one event is called several, how often several are called one, and how
far the trimmed start lies from the true one (median and the 95th percentile; 10 ms are kept on purpose).
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np

from audio_reasoner.synth.bank.render import EVENT_CLASSES, LEVEL_DBFS, render_event
from audio_reasoner.synth.dsp import RATE, coloured_noise
from audio_reasoner.synth.recordings.takes import FRAME, envelope_db, shape_of


def recording(rng: np.random.Generator) -> tuple[np.ndarray, int, int, float]:
    """(samples, number of events, first sample of the first, distance to the noise in dB)."""
    events = int(rng.integers(1, 4))
    name = str(rng.choice(sorted(EVENT_CLASSES)))
    first = int(rng.uniform(0.0, 1.0) * RATE)
    parts = [np.zeros(first, dtype=np.float32)]
    for i in range(events):
        parts.append(render_event(name, int(rng.integers(1 << 40)), int(rng.uniform(0.3, 1.2) * RATE)))
        pause = rng.uniform(0.4, 1.5) if i < events - 1 else rng.uniform(0.0, 1.0)
        parts.append(np.zeros(int(pause * RATE), dtype=np.float32))
    x = np.concatenate(parts)
    snr = float("inf") if rng.random() < 1 / 3 else float(rng.uniform(15.0, 60.0))
    if np.isfinite(snr):
        noise = coloured_noise(rng, x.shape[0], float(rng.choice([0.0, 1.0])))
        x = x + noise * np.float32(10.0 ** ((LEVEL_DBFS - snr) / 20.0))
    return x, events, first, snr


def main() -> None:
    """Measure and print a table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    rng = np.random.default_rng(0)
    of: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    for _ in range(n):
        x, events, first, snr = recording(rng)
        shape = shape_of(envelope_db(x))
        where = next((f"{low} to {low + 15} dB" for low in (15, 30, 45) if low <= snr < low + 15), "no noise")
        of[where].append((events, len(shape.bursts), (shape.bursts[0][0] * FRAME - first) / RATE))
    print(f"{'noise below':14}{'n':>6}{'one called several':>20}{'several called one':>20}{'start, ms':>18}")
    total = [0, 0, 0, 0]
    for where in sorted(of):
        one = [found > 1 for true, found, _ in of[where] if true == 1]
        more = [found == 1 for true, found, _ in of[where] if true > 1]
        off = np.abs([s for _, _, s in of[where]]) * 1000
        for i, v in enumerate((sum(one), len(one), sum(more), len(more))):
            total[i] += v
        errors = f"{100 * np.mean(one):19.1f} %{100 * np.mean(more):18.1f} %"
        print(f"{where:14}{len(of[where]):6}{errors}{np.median(off):9.0f}, {np.percentile(off, 95):.0f}")
    print(
        f"bank_events n={n} one_called_several={total[0] / total[1]:.4f} several_called_one={total[2] / total[3]:.4f}"
    )


if __name__ == "__main__":
    main()
