"""Log-mels of clips: transformers' WhisperFeatureExtractor against ours. Are they equal, and what does each cost?

    python benchmarks/mel_speed.py [--seconds 3 10 30] [--clips 8] [--rounds 5] [--threads 1]

The extractor is called as `Qwen2AudioProcessor` calls it (`padding="max_length"`: 30 seconds for every clip), once per
clip and once for all clips together; ours per clip. All run in this process, alternating; the best round counts, in
milliseconds of processor time a clip, wall time beside it. Compared are the frames that the encoder can feel, on noise,
a tone that begins and ends within the clip, near-silence and digital silence; the last frames lie beyond the clip,
where the padded reference holds silence.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import WhisperFeatureExtractor

from audio_reasoner.models import features

RATE = 16_000


def clips_of(seconds: float, number: int) -> list[np.ndarray]:
    """Clips of four kinds; no two are equally long unless they last 30 s."""
    rng = np.random.default_rng(3)
    out = []
    for i in range(number):
        n = int(seconds * RATE) - (0 if seconds >= 30 else 123 * i)
        t = np.arange(n) / RATE
        kinds = (
            lambda n=n: rng.standard_normal(n) * 0.1,
            lambda t=t, s=seconds: 0.5 * np.sin(2 * np.pi * 440 * t) * ((t > 0.2 * s) & (t < 0.8 * s)),
            lambda n=n: rng.standard_normal(n) * 1e-6,
            lambda n=n: np.zeros(n),
        )
        out.append(kinds[i % 4]().astype(np.float32))
    return out


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[3.0, 10.0, 30.0])
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    extractor = WhisperFeatureExtractor(feature_size=128)

    def padded(part: list[np.ndarray]) -> Any:
        return extractor(part, sampling_rate=RATE, padding="max_length", return_tensors="pt")["input_features"]

    ways: dict[str, Callable[[list[np.ndarray]], Any]] = {
        "extractor, one by one": lambda clips: [padded([c])[0] for c in clips],
        "extractor, together": padded,
        "ours": lambda clips: [features.log_mel(c) for c in clips],
    }
    print(f"{'clip':>6} {'way':24}{'ms cpu/clip':>13}{'ms wall/clip':>14}{'ratio':>8}{'largest difference':>20}")
    told, worst = [], 0.0
    for seconds in args.seconds:
        clips = clips_of(seconds, args.clips)
        best = {way: (float("inf"), float("inf")) for way in ways}
        made: dict[str, Any] = {}
        for _ in range(args.rounds):
            for way, compute in ways.items():
                then = time.process_time(), time.perf_counter()
                made[way] = compute(clips)
                took = time.process_time() - then[0], time.perf_counter() - then[1]
                best[way] = (min(best[way][0], took[0]), min(best[way][1], took[1]))
        apart = max(
            float((mine - reference[:, : mine.shape[1]]).abs().max())
            for mine, reference in zip(made["ours"], made["extractor, one by one"], strict=True)
        )
        worst = max(worst, apart)
        for way, (busy, wall) in best.items():
            ratio = busy / best["ours"][0]
            shown = f"{apart:20.1e}" if way == "ours" else ""
            spent = f"{1e3 * busy / len(clips):13.2f}{1e3 * wall / len(clips):14.2f}"
            print(f"{seconds:5g}s {way:24}{spent}{ratio:8.1f}{shown}")
        told.append(f"{seconds:g}s:x{best['extractor, one by one'][0] / best['ours'][0]:.1f}")
    print(f"mel_speed threads={args.threads} clips={args.clips} {' '.join(told)} max_diff={worst:.1e}")


if __name__ == "__main__":
    main()
